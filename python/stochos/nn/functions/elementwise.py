"""Functions of one tensor, number by number."""

from __future__ import annotations

from typing import Any

from stochos import _core
from stochos.nn import _trees
from stochos.nn.functions._dispatch import Tensor, TensorLike, function

__all__ = [
    "abs",
    "ceil",
    "cos",
    "erf",
    "exp",
    "expm1",
    "floor",
    "isfinite",
    "log",
    "log1p",
    "logical_not",
    "negative",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sin",
    "sqrt",
    "square",
    "stop_gradient",
]

ops = _core.ops


@function
def negative(x: TensorLike) -> Tensor:
    """Return -x.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.neg(x)


@function
def abs(x: TensorLike) -> Tensor:
    """Return ``|x|``.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.abs(x)


@function
def sign(x: TensorLike) -> Tensor:
    """Return -1, 0 or 1 by the sign of each number.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.sign(x)


@function
def exp(x: TensorLike) -> Tensor:
    """Return e to the power of each number.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.exp(x)


@function
def expm1(x: TensorLike) -> Tensor:
    """Return exp(x) - 1, exact for small x.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.expm1(x)


@function
def log(x: TensorLike) -> Tensor:
    """Return the natural logarithm.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.log(x)


@function
def log1p(x: TensorLike) -> Tensor:
    """Return log(1 + x), exact for small x.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.log1p(x)


@function
def sqrt(x: TensorLike) -> Tensor:
    """Return the square root.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.sqrt(x)


@function
def rsqrt(x: TensorLike) -> Tensor:
    """Return 1 / sqrt(x).

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.rsqrt(x)


@function
def square(x: TensorLike) -> Tensor:
    """Return x times x.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.square(x)


@function
def reciprocal(x: TensorLike) -> Tensor:
    """Return 1 / x.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.reciprocal(x)


@function
def erf(x: TensorLike) -> Tensor:
    """Return the error function.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.erf(x)


@function
def sin(x: TensorLike) -> Tensor:
    """Return the sine.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.sin(x)


@function
def cos(x: TensorLike) -> Tensor:
    """Return the cosine.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.cos(x)


@function
def floor(x: TensorLike) -> Tensor:
    """Return the largest whole number not above.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.floor(x)


@function
def ceil(x: TensorLike) -> Tensor:
    """Return the smallest whole number not below.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.ceil(x)


@function
def round(x: TensorLike) -> Tensor:
    """Return the nearest whole number, halves to even.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.round(x)


@function
def logical_not(x: TensorLike) -> Tensor:
    """Return True where a number is zero or False.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.logical_not(x)


@function
def isfinite(x: TensorLike) -> Tensor:
    """Return True where a number is finite.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.isfinite(x)


@function
def stop_gradient(x: Any) -> Any:
    """Return the same values, through which no derivative goes.

    Parameters
    ----------
    x : tensor of any shape, or a list, tuple or dict of them

    Returns
    -------
    Tensor, the same shape; nested as `x`
    """
    return _trees.mapped(ops.stop_gradient, x)
