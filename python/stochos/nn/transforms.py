"""Functions of functions: gradients of any order, Jacobians, Hessians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stochos import _core
from stochos._core import Tensor, Variable
from stochos.errors import InputError, InputTypeError

__all__ = ["evaluate", "grad", "hessian", "jacobian", "stop_gradient", "value_and_grad"]


def _leaves(tree: Any, where: str) -> list[Any]:
    """Tensors, variables and arrays of nested lists, tuples and dicts, in a fixed order."""
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in _leaves(item, where)]
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in _leaves(item, where)]
    if tree is None:
        msg = f"[{where}] None is no tensor and has no derivative"
        raise InputTypeError(msg)
    return [tree]


def _rebuild(tree: Any, leaves: list[Any]) -> Any:
    """Build a tree of the same form, taking its leaves from the front of the list."""
    if isinstance(tree, (list, tuple)):
        items = [_rebuild(item, leaves) for item in tree]
        return items if isinstance(tree, list) else tuple(items)
    if isinstance(tree, dict):
        return {key: _rebuild(item, leaves) for key, item in tree.items()}
    return leaves.pop(0)


def _tensors(tree: Any) -> list[Any]:
    """Tensors and variables in an answer; everything else is left out."""
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in _tensors(item)]
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in _tensors(item)]
    return [tree] if isinstance(tree, (Tensor, Variable)) else []


def _targets(wrt: Any) -> Any:
    """Variables, or lists and dicts of them; of a layer or model its parameters."""
    parameters = getattr(wrt, "parameters", None)
    if parameters is not None:
        return list(parameters() if callable(parameters) else parameters)
    return wrt


def value_and_grad(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    wrt: Any = None,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """Make a function that gives the value of `f` and its gradient.

    Parameters
    ----------
    f : callable
        Gives a tensor of one element (or, with `has_aux`, a pair of it and anything).
    argnums : int or sequence of int
        Which positional arguments to differentiate by, when `wrt` is None; each a tensor, an array, or nested
        lists, tuples and dicts of them.
    wrt : Variable, list, dict, layer or model, optional
        Variables to differentiate by instead; of a layer or model, its parameters in order.
    has_aux : bool
        Whether `f` gives a second thing, which is passed on.

    Returns
    -------
    callable
        Gives (value, gradient), the gradient in the form of what it was taken by: zeros where nothing connects.

    Raises
    ------
    InputError
        When the value has more than one element, or a variable was assigned after it had been read.
    """
    where = "nn.value_and_grad"

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        arguments = list(args)
        form: Any = None
        with _core.Recording():
            if wrt is None:
                numbers = [argnums] if isinstance(argnums, int) else list(argnums)
                trees = []
                for number in numbers:
                    if not -len(arguments) <= number < len(arguments):
                        msg = f"[{where}] argnums={number}, but the function was called with {len(arguments)} arguments"
                        raise InputError(msg)
                    leaves = [_core.fresh(leaf) for leaf in _leaves(arguments[number], where)]
                    arguments[number] = _rebuild(arguments[number], leaves.copy())
                    trees.append(arguments[number])
                form = trees[0] if isinstance(argnums, int) else tuple(trees)
            answer = f(*arguments, **kwargs)
            if wrt is not None:
                form = _targets(wrt)  # only now: a model makes its weights on its first call
            value = answer[0] if has_aux else answer
            if not isinstance(value, (Tensor, Variable)):
                msg = f"[{where}] the function gave {type(value).__name__}; it must give a tensor of one element"
                raise InputTypeError(msg)
            if value.size != 1:
                msg = f"[{where}] the function gave a tensor of shape {value.shape}; sum it, or use nn.jacobian"
                raise InputError(msg)
            found = _core.gradients([value], None, _leaves(form, where))
        if _core.recording_depth() == 0:
            _core.settle([*_tensors(answer), *found])
        return answer, _rebuild(form, found)

    return wrapped


def grad(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    wrt: Any = None,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """Make a function that gives the gradient of `f`; arguments as for `value_and_grad`.

    Returns
    -------
    callable
        Gives the gradient, or (gradient, aux) with `has_aux`.
    """
    both = value_and_grad(f, argnums, wrt, has_aux)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        answer, found = both(*args, **kwargs)
        return (found, answer[1]) if has_aux else found

    return wrapped


def jacobian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Make a function that gives all derivatives of the elements of `f` by those of one argument.

    Parameters
    ----------
    f : callable
        Gives a tensor, of shape S.
    argnum : int
        Which positional argument to differentiate by, a tensor or array of shape X.

    Returns
    -------
    callable
        Gives a tensor of shape S + X. One backward pass for each element of the value.
    """

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        arguments = list(args)
        with _core.Recording():
            x = arguments[argnum] = _core.fresh(arguments[argnum])
            value = f(*arguments, **kwargs)
            flat = value.reshape(-1)
            rows = [_core.gradients([flat[i]], None, [x])[0] for i in range(flat.size)]
            full = (*value.shape, *x.shape)
            out = _core.ops.stack(rows).reshape(full) if rows else _core.ops.broadcast_to(x.sum() * 0, full)
        if _core.recording_depth() == 0:
            _core.settle([out])
        return out

    return wrapped


def hessian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Make a function that gives the second derivatives of a scalar `f` by one argument, of shape X + X."""
    return jacobian(grad(f, argnum), argnum)


def stop_gradient(x: Any) -> Tensor:
    """Give the same numbers as a constant: no derivative passes."""
    return _core.ops.stop_gradient(x)


def evaluate(*values: Any) -> None:
    """Compute tensors now, all in one go; nested lists, tuples and dicts are walked."""
    _core.evaluate(_tensors(list(values)))
