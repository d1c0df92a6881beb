"""Tracing a step once and running what it did again, without Python in between."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from stochos import _core
from stochos.nn import _trees

__all__ = ["compile"]

_MOST_PROGRAMS = 32
_RESULT = object()  # stands where a result of the program goes


def compile(step: Callable[..., Any]) -> Callable[..., Any]:
    """Make a faster function from one that works on tensors and Variables.

    The function runs once with tensors that have shapes but no numbers; what it does to them, which Variables it reads
    and which it assigns is noted, and later calls repeat that alone. The next arguments with other shapes, dtypes or
    nesting are traced again.

    Parameters
    ----------
    step
        A function of tensors, NumPy arrays, and lists, tuples and dicts of them. Everything else among its arguments,
        Python's numbers too, is a constant: another value is traced anew, so that a number which changes from call to
        call is better a tensor, an array or a Variable. The 32 latest traces are kept.

    Returns
    -------
    callable
        Takes the arguments of `step` and returns what it returns. Variables are assigned after everything was
        computed: an error changes none of them. Called within another traced function, or while derivatives are
        recorded, it is `step` itself. ``compiled.statistics()`` is a list with a dict of counts for each trace that is
        kept, the latest last: what was merged, fused, joined, and the bytes of the memory that replays share.

    Raises
    ------
    InputTypeError
        When `step` asks a tensor for its numbers, as ``float(x)`` and ``if x > 0`` do.
    InputError
        When a tensor was kept from an earlier trace.

    Examples
    --------
    >>> w = _core.Variable(3.0)
    >>> @compile
    ... def step(x):
    ...     w.assign(w - 0.5 * x)
    ...     return w * 2
    >>> float(step(np.float32(2))), float(step(np.float32(2)))
    (4.0, 2.0)
    """
    programs: dict[Any, tuple[_core.Program, Any, list[Any]]] = {}
    lock = threading.Lock()  # of the dict alone: traces and programs run beside each other

    @functools.wraps(step)
    def compiled(*args: Any, **kwargs: Any) -> Any:
        if _core.tracing() or _core.recording_depth() > 0:
            return step(*args, **kwargs)
        tensors: list[_core.Tensor] = []
        kept: list[Any] = []
        key = _key((args, kwargs), tensors, kept)
        with lock:
            entry = programs.get(key)
        if entry is None:
            entry = (*_traced(step, args, kwargs, tensors), kept)
        with lock:
            programs.pop(key, None)
            programs[key] = entry  # the latest stands last
            while len(programs) > _MOST_PROGRAMS:
                del programs[next(iter(programs))]
        program, form, _ = entry
        numbers = iter(program.run(tensors))
        return _trees.mapped(lambda leaf: next(numbers) if leaf is _RESULT else leaf, form)

    def statistics() -> list[dict[str, int]]:
        with lock:
            kept = list(programs.values())
        return [program.statistics() for program, _, _ in kept]

    compiled.statistics = statistics  # type: ignore[attr-defined] # functions take attributes
    return compiled


def _is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, (_core.Tensor, np.ndarray, np.generic))


def _key(tree: Any, tensors: list[_core.Tensor], kept: list[Any]) -> Any:
    """Return what a trace depends on; tensors go to the first list, objects known by their id to the second."""
    if isinstance(tree, (list, tuple)):
        return type(tree), tuple(_key(branch, tensors, kept) for branch in tree)
    if isinstance(tree, dict):
        return dict, tuple((name, _key(branch, tensors, kept)) for name, branch in tree.items())
    if _is_tensor(tree):
        tensors.append(tree if isinstance(tree, _core.Tensor) else _core.tensor(tree))
        return _core.Tensor, tensors[-1].shape, tensors[-1].dtype
    if tree is None or isinstance(tree, (bool, int, float, str, bytes)):
        return type(tree), repr(tree)  # 1, 1.0 and True are equal, and so are 0.0 and -0.0
    kept.append(tree)
    return type(tree), id(tree)


def _traced(step: Callable[..., Any], args: Any, kwargs: Any, tensors: list[_core.Tensor]) -> tuple[_core.Program, Any]:
    trace = _core.Trace()
    with trace:
        stands = iter([trace.argument(tensor.shape, tensor.dtype) for tensor in tensors])
        args, kwargs = _trees.mapped(lambda leaf: next(stands) if _is_tensor(leaf) else leaf, (args, kwargs))
        answer = step(*args, **kwargs)
    results = [leaf for leaf in _trees.leaves(answer) if isinstance(leaf, _core.Tensor)]
    form = _trees.mapped(lambda leaf: _RESULT if isinstance(leaf, _core.Tensor) else leaf, answer)
    return trace.finish(results), form
