"""NumPy's functions of arrays, given tensors: an operation of the core where there is one, so that derivatives hold."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np

from stochos import _core
from stochos.errors import InputTypeError

__all__ = ["apply"]

#: Names of NumPy's that the core spells otherwise; all others are its own.
_OTHERS = {
    "negative": "neg",
    "absolute": "abs",
    "fabs": "abs",
    "rint": "round",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "power": "pow",
    "float_power": "pow",
    "remainder": "mod",
}
#: What the operators of masks are; there is none for integers.
_MASKS = {
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "invert": "logical_not",
}
# fmt: off
_SAME = frozenset({
    "add", "matmul", "maximum", "minimum", "exp", "expm1", "log", "log1p", "sqrt", "square", "reciprocal", "tanh",
    "sin", "cos", "floor", "ceil", "sign", "isfinite", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "logical_and", "logical_or", "logical_xor", "logical_not",
})
# fmt: on
_KNOWN = (_core.Tensor, _core.Variable, np.ndarray, np.generic, Number, list, tuple)


def apply(ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """Do the work of ``Tensor.__array_ufunc__``.

    A function that the core lacks works on the numbers and gives arrays, but not while derivatives are recorded.

    Raises
    ------
    InputTypeError
        It would cut the graph without a word.
    """
    if not all(isinstance(x, _KNOWN) for x in inputs):
        return NotImplemented
    name = _OTHERS.get(ufunc.__name__, ufunc.__name__ if ufunc.__name__ in _SAME else "")
    if ufunc.__name__ in _MASKS and all(isinstance(x, bool) or getattr(x, "dtype", None) == "bool" for x in inputs):
        name = _MASKS[ufunc.__name__]
    plain = method == "__call__" and all(value is None for value in options.values())
    if name and plain:
        return getattr(_core.ops, name)(*inputs)
    if plain and ufunc.__name__ == "floor_divide":
        return _core.ops.floor(_core.ops.div(*inputs))
    if _core.recording_depth() or _core.tracing():
        shown = ufunc.__name__ if plain else f"{ufunc.__name__} with {', '.join(options) or method}"
        msg = (
            f"[numpy.{ufunc.__name__}] {shown} has no operation on tensors, so that its derivative would be lost; use "
            "the functions of stochos.nn, or x.numpy() where none is wanted"
        )
        raise InputTypeError(msg)
    if "out" in options and any(isinstance(x, (_core.Tensor, _core.Variable)) for x in options["out"]):
        msg = f"[numpy.{ufunc.__name__}] a tensor never changes, so it cannot be out; take the result"
        raise InputTypeError(msg)
    arrays = [x.numpy() if isinstance(x, (_core.Tensor, _core.Variable)) else x for x in inputs]
    return getattr(ufunc, method)(*arrays, **options)
