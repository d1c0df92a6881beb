"""Functions made from functions: gradients, Jacobians, Hessians; and what goes with them."""

from __future__ import annotations

import functools
import reprlib
from collections.abc import Callable
from typing import Any

import numpy as np

from stochos import _core
from stochos.errors import InputError, InputTypeError
from stochos.nn import _trees
from stochos.nn.compiling import compile

__all__ = ["compile", "evaluate", "grad", "hessian", "jacobian", "value_and_grad"]


def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, wrt: Any = None, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives the value of `f` and its gradient.

    Parameters
    ----------
    f
        A function of tensors, arrays, numbers, and lists, tuples and dicts of them, that returns one floating-point
        number: a tensor of shape ().
    argnums
        Position of the argument to differentiate by, or a tuple of positions; negative ones count from the end.
    wrt
        A Variable, a list, tuple or dict of them, or an object with ``parameters``, such as a layer or a model:
        differentiate by these instead of by arguments. It is looked at after `f` has run.
    has_aux
        Whether `f` returns (value, anything); the second is handed through.

    Returns
    -------
    callable
        Takes the arguments of `f` and returns ``(value, gradient)``, or ``((value, aux), gradient)``. The gradient is
        nested as the argument or `wrt`; a tuple when `argnums` is one; a list in the order of ``parameters``. Where
        `f` does not depend on something, its gradient is zero.

    Raises
    ------
    InputError
        When the value is not of shape (), when there is no argument at a position, or when `f` assigned a Variable
        after it had read it.
    InputTypeError
        When the value, an argument or a Variable is not float32 or float64.

    Examples
    --------
    >>> value, slope = value_and_grad(lambda x: x**3)(2.0)
    >>> float(value), float(slope)
    (8.0, 12.0)
    """

    @functools.wraps(f)
    def with_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with _core.Recording():
            targets, call = _prepared(args, argnums, wrt, "value_and_grad")
            result = f(*call, **kwargs)
            value, aux = _value(result, has_aux)
            targets = _variables(wrt) if wrt is not None else targets
            gradient = _gradients(value, None, targets)
        _settle((value, aux, gradient))
        return ((value, aux) if has_aux else value), gradient

    return with_gradient


def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, wrt: Any = None, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that gives the gradient of `f`, or (gradient, aux).

    Parameters
    ----------
    f, argnums, wrt, has_aux
        As in :func:`value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`. It can be differentiated again.

    Raises
    ------
    InputError, InputTypeError
        As :func:`value_and_grad`.

    Examples
    --------
    >>> float(grad(grad(lambda x: x**3))(2.0))
    12.0
    """
    both = value_and_grad(f, argnums, wrt, has_aux)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, slopes = both(*args, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    return gradient


def jacobian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """Return a function that gives the Jacobian of `f`: one gradient for each element of its value.

    Parameters
    ----------
    f
        A function that returns one floating-point tensor of any shape.
    argnums
        As in :func:`value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f` and returns, nested as the argument, tensors of the shape of the value followed by
        the shape of what is differentiated by. It can be differentiated again.

    Raises
    ------
    InputError, InputTypeError
        As :func:`value_and_grad`.
    """

    @functools.wraps(f)
    def rows(*args: Any, **kwargs: Any) -> Any:
        with _core.Recording():
            targets, call = _prepared(args, argnums, None, "jacobian")
            value = _as_tensor(f(*call, **kwargs), "jacobian")
            unit = np.zeros(value.size, value.dtype)
            found = []
            for i in range(value.size):
                unit[i] = 1
                found.append(list(_trees.leaves(_gradients(value, unit.reshape(value.shape), targets))))
                unit[i] = 0
            columns = iter(zip(*found, strict=True)) if found else None

            def joined(leaf: _core.Tensor) -> _core.Tensor:
                shape = (*value.shape, *leaf.shape)
                if columns is None:
                    return _core.tensor(np.zeros(shape, leaf.dtype))
                return _core.ops.reshape(_core.ops.stack(list(next(columns))), shape)

            answer = _trees.mapped(joined, targets)
        _settle(answer)
        return answer

    return rows


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """Return a function that gives the second derivatives of `f`.

    Parameters
    ----------
    f
        A function that returns one floating-point number.
    argnums
        Position of the argument, which is one tensor, array or number.

    Returns
    -------
    callable
        Takes the arguments of `f` and returns a tensor of the argument's shape twice over.

    Raises
    ------
    InputError, InputTypeError
        As :func:`value_and_grad`.
    """
    return jacobian(grad(f, argnums), argnums)


def evaluate(*values: Any) -> None:
    """Compute tensors now, together; without it they are computed when somebody looks at their numbers.

    Parameters
    ----------
    *values
        Tensors and lists, tuples and dicts of them; other things are passed over.

    Raises
    ------
    InputTypeError
        When a tensor stands on a placeholder and has no numbers.
    """
    _core.evaluate([leaf for leaf in _trees.leaves(values) if isinstance(leaf, _core.Tensor)])


def _fresh(leaf: Any) -> _core.Tensor:
    """Return the leaf as a node of its own: what else uses the same tensor is not the argument."""
    return _core.fresh(leaf)


def _prepared(args: tuple[Any, ...], argnums: Any, wrt: Any, where: str) -> tuple[Any, list[Any]]:
    """Return what to differentiate by and the arguments for the call."""
    call = list(args)
    if wrt is not None:
        return None, call
    for position in argnums if isinstance(argnums, tuple) else (argnums,):
        if not isinstance(position, int) or isinstance(position, bool):
            msg = (
                f"[nn.{where}] argnums is {reprlib.repr(argnums)} of type {type(argnums).__name__}; "
                "give a whole number or a tuple of them; variables go into wrt="
            )
            raise InputTypeError(msg)
        if not -len(args) <= position < len(args):
            msg = f"[nn.{where}] there is no argument {position}: the function was called with {len(args)}"
            raise InputError(msg)
        call[position] = _trees.mapped(_fresh, args[position])
    return (tuple(call[i] for i in argnums) if isinstance(argnums, tuple) else call[argnums]), call


def _variables(wrt: Any) -> Any:
    return list(wrt.parameters) if hasattr(wrt, "parameters") else wrt


def _value(result: Any, has_aux: bool) -> tuple[_core.Tensor, Any]:
    if has_aux and not (isinstance(result, tuple) and len(result) == 2):
        msg = (
            f"[nn.value_and_grad] has_aux=True needs a function that returns (value, aux), not {type(result).__name__}"
        )
        raise InputTypeError(msg)
    given, aux = result if has_aux else (result, None)
    value = _as_tensor(given, "value_and_grad")
    if value.shape != ():
        msg = (
            f"[nn.value_and_grad] the function returned shape {value.shape}; a gradient needs one number: "
            "take the sum or mean, or use nn.jacobian"
        )
        raise InputError(msg)
    return value, aux


def _as_tensor(value: Any, where: str) -> _core.Tensor:
    if isinstance(value, (list, tuple, dict)) or value is None:
        msg = f"[nn.{where}] the function returned {type(value).__name__}; it must return one tensor"
        raise InputTypeError(msg)
    return value if isinstance(value, _core.Tensor) else _core.tensor(value)


def _gradients(value: _core.Tensor, cotangent: Any, targets: Any) -> Any:
    found = iter(_core.gradients([value], [cotangent], list(_trees.leaves(targets))))
    return _trees.mapped(lambda _: next(found), targets)


def _settle(results: Any) -> None:
    """Let go of the graph below the results unless an outer differentiation still needs it."""
    if _core.recording_depth() == 0:
        _core.settle([leaf for leaf in _trees.leaves(results) if isinstance(leaf, _core.Tensor)])
