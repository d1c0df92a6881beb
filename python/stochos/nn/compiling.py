"""Trace a function once, replay it after: no Python and no graph between the operations."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from stochos import _core
from stochos._core import Tensor, Variable
from stochos.errors import InputTypeError

__all__ = ["compile"]


class _Leaf(NamedTuple):
    """The place of a tensor in a tree, by its number among the tensors."""

    number: int


def _flatten(tree: Any, leaves: list[Any]) -> Any:
    """Take tensors and arrays out of a tree; what is left says its form and can be compared."""
    if isinstance(tree, (Tensor, np.ndarray)):
        leaves.append(tree)
        return _Leaf(len(leaves) - 1)
    if isinstance(tree, list):
        return ("list", *(_flatten(item, leaves) for item in tree))
    if isinstance(tree, tuple):
        return ("tuple", *(_flatten(item, leaves) for item in tree))
    if isinstance(tree, dict):
        return ("dict", *((key, _flatten(item, leaves)) for key, item in tree.items()))
    return ("value", type(tree), tree)


def _unflatten(form: Any, leaves: list[Any]) -> Any:
    if isinstance(form, _Leaf):
        return leaves[form.number]
    kind, *items = form
    if kind == "list":
        return [_unflatten(item, leaves) for item in items]
    if kind == "tuple":
        return tuple(_unflatten(item, leaves) for item in items)
    if kind == "dict":
        return {key: _unflatten(item, leaves) for key, item in items}
    return items[1]


class _Traced(NamedTuple):
    program: _core.Program
    form: Any


def compile(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that is traced at its first call and replayed at the next ones.

    Parameters
    ----------
    function : callable
        Takes and gives tensors and arrays, alone or in nested lists, tuples and dicts. It may read and assign
        variables. Everything else it takes (numbers, strings, flags) is part of the trace: another value, another
        shape or another dtype makes another trace. Python in it runs once a trace only.

    Returns
    -------
    callable
        Gives what `function` gives; variables are assigned at the end, or not at all when an error came up.

    Raises
    ------
    InputTypeError
        When the function asks a tensor for its numbers (``float(x)``, ``if x > 0``), or an argument that is no
        tensor cannot be hashed.
    """
    traces: dict[Any, _Traced] = {}

    def trace(form: Any, leaves: list[Any]) -> _Traced:
        with _core.Trace() as under_way:
            inside = [under_way.argument(leaf.shape, leaf.dtype) for leaf in leaves]
            args, kwargs = _unflatten(form, inside)
            outputs: list[Any] = []
            answer = _flatten(_values(function(*args, **kwargs)), outputs)
            given = [_core.ops.stop_gradient(output) for output in outputs]
        return _Traced(under_way.finish(given), answer)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if _core.tracing():
            return function(*args, **kwargs)
        leaves: list[Any] = []
        form = _flatten((args, kwargs), leaves)
        leaves = [_core.tensor(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
        key = (form, tuple((leaf.shape, leaf.dtype) for leaf in leaves))
        try:
            traced = traces.get(key)
        except TypeError as error:
            msg = f"[nn.compile] an argument that is no tensor must be hashable: {error}"
            raise InputTypeError(msg) from error
        if traced is None:
            traced = traces[key] = trace(form, leaves)
        return _unflatten(traced.form, traced.program.run(leaves))

    return wrapped


def _values(tree: Any) -> Any:
    """Variables in an answer stand for their value at the end of the function."""
    if isinstance(tree, Variable):
        return tree.value
    if isinstance(tree, (list, tuple)):
        items = [_values(item) for item in tree]
        return items if isinstance(tree, list) else tuple(items)
    if isinstance(tree, dict):
        return {key: _values(item) for key, item in tree.items()}
    return tree
