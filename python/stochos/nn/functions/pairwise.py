"""Functions of two tensors and more, with broadcasting; products; choices."""

from __future__ import annotations

from stochos import _core
from stochos.nn.functions._dispatch import Tensor, TensorLike, function

__all__ = [
    "add",
    "cast",
    "clip",
    "divide",
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "matmul",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "not_equal",
    "power",
    "subtract",
    "where",
]

ops = _core.ops


@function
def add(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a + b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.add(a, b)


@function
def subtract(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a - b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.sub(a, b)


@function
def multiply(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a * b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.mul(a, b)


@function
def divide(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a / b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.div(a, b)


@function
def power(a: TensorLike, b: TensorLike) -> Tensor:
    """Return a to the power b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.pow(a, b)


@function
def maximum(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the larger of each pair.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.maximum(a, b)


@function
def minimum(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the smaller of each pair.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.minimum(a, b)


@function
def mod(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the remainder of a / b, with the sign of b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.mod(a, b)


@function
def equal(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where a equals b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.equal(a, b)


@function
def not_equal(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where a differs from b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.not_equal(a, b)


@function
def less(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where a < b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.less(a, b)


@function
def less_equal(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where a <= b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.less_equal(a, b)


@function
def greater(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where a > b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.greater(a, b)


@function
def greater_equal(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where a >= b.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.greater_equal(a, b)


@function
def logical_and(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where both are true.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.logical_and(a, b)


@function
def logical_or(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where one is true.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.logical_or(a, b)


@function
def logical_xor(a: TensorLike, b: TensorLike) -> Tensor:
    """Return where exactly one is true.

    Parameters
    ----------
    a, b : tensor
        Of shapes that broadcast, as in NumPy.

    Returns
    -------
    Tensor
    """
    return ops.logical_xor(a, b)


@function
def where(condition: TensorLike, a: TensorLike, b: TensorLike) -> Tensor:
    """Return `a` where the condition holds, else `b`.

    Parameters
    ----------
    condition : tensor of bool
    a, b : tensor
        All three of shapes that broadcast.

    Returns
    -------
    Tensor
    """
    return ops.where(condition, a, b)


@function
def clip(x: TensorLike, low: float | None = None, high: float | None = None) -> Tensor:
    """Return `x` kept within [low, high]; a bound that is None does not bind.

    Parameters
    ----------
    x : tensor of any shape
    low, high : float, optional

    Returns
    -------
    Tensor, the same shape
    """
    kept: TensorLike = x if low is None else ops.maximum(x, low)
    return ops.mul(kept, 1) if high is None else ops.minimum(kept, high)


@function
def matmul(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the matrix product, as ``a @ b``.

    Parameters
    ----------
    a : tensor of shape (..., n, k), or (k,)
    b : tensor of shape (..., k, m), or (k,)

    Returns
    -------
    Tensor of shape (..., n, m)
    """
    return ops.matmul(a, b)


@function
def cast(x: TensorLike, dtype: str) -> Tensor:
    """Return `x` in another dtype.

    Parameters
    ----------
    x : tensor of any shape
    dtype : {"float32", "float64", "int32", "int64", "bool"}

    Returns
    -------
    Tensor, the same shape
    """
    return ops.cast(x, dtype)
