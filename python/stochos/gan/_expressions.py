"""Expressions of the rate language on tensors, so that networks train through them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from stochos import _core
from stochos.errors import InputError

_ops = _core.ops


def _piecewise(*arguments: Any) -> Any:
    # value, condition, value, condition, ..., otherwise
    result: Any = arguments[-1] if len(arguments) % 2 else math.nan
    for i in range(len(arguments) - 2 - len(arguments) % 2, -1, -2):
        result = _ops.where(arguments[i + 1] != 0.0, arguments[i], result)
    return result


def _several(two: Callable[..., Any]) -> Callable[..., Any]:
    def fold(first: Any, *rest: Any) -> Any:
        for other in rest:
            first = two(first, other)
        return first

    return fold


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "neg": lambda a: -a,
    "not": _ops.logical_not,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "<": _ops.less,
    "<=": _ops.less_equal,
    ">": _ops.greater,
    ">=": _ops.greater_equal,
    "==": _ops.equal,
    "!=": _ops.not_equal,
    "and": _ops.logical_and,
    "or": _ops.logical_or,
    "piecewise": _piecewise,
    "min": _several(_ops.minimum),
    "max": _several(_ops.maximum),
    "abs": _ops.abs,
    "exp": _ops.exp,
    "log": _ops.log,
    "log10": lambda a: _ops.log(a) * (1.0 / math.log(10.0)),
    "log2": lambda a: _ops.log(a) * (1.0 / math.log(2.0)),
    "sqrt": _ops.sqrt,
    "sin": _ops.sin,
    "cos": _ops.cos,
    "tan": lambda a: _ops.sin(a) / _ops.cos(a),
    "sinh": lambda a: 0.5 * (_ops.exp(a) - _ops.exp(-a)),
    "cosh": lambda a: 0.5 * (_ops.exp(a) + _ops.exp(-a)),
    "tanh": _ops.tanh,
    "floor": _ops.floor,
    "ceil": _ops.ceil,
    "round": _ops.round,
    "sign": _ops.sign,
    "heaviside": lambda a: _ops.where(a >= 0.0, 1.0, 0.0),
}


def on_tensor(expression: _core.Expression, u: Any, where: str) -> Any:
    """Return the value of an expression in u on a tensor of ratios, with derivatives.

    Raises
    ------
    InputError
        It holds a function that tensors do not have.
    """
    values: list[Any] = []

    def number(value: object) -> _core.Tensor:
        return _core.tensor(np.asarray(value, dtype=u.dtype))

    for operation, places, leaf in expression.tree():
        if operation == "constant":
            values.append(number(leaf))
        elif operation == "name":
            values.append(number(math.pi) if leaf == "pi" else u)
        elif operation in _FUNCTIONS:
            values.append(_FUNCTIONS[operation](*(values[place] for place in places)))
        else:
            msg = f"[{where}] {operation}() has no form on tensors, so nothing can be trained with '{expression}'"
            raise InputError(msg)
    return values[-1] if tuple(values[-1].shape) == tuple(u.shape) else values[-1] + 0.0 * u
