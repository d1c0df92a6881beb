"""Sums, means, extremes and the like along axes."""

from __future__ import annotations

from stochos import _core
from stochos.nn.functions._dispatch import Axis, Tensor, TensorLike, function

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "min",
    "norm",
    "prod",
    "std",
    "sum",
    "var",
]

ops = _core.ops


@function
def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the sum over one axis, several or all.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the axes with length 1.

    Returns
    -------
    Tensor
    """
    return ops.sum(x, axis=axis, keepdims=keepdims)


@function
def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the mean over one axis, several or all.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the axes with length 1.

    Returns
    -------
    Tensor
    """
    return ops.mean(x, axis=axis, keepdims=keepdims)


@function
def max(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the largest over one axis, several or all.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the axes with length 1.

    Returns
    -------
    Tensor
    """
    return ops.max(x, axis=axis, keepdims=keepdims)


@function
def min(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the smallest over one axis, several or all.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the axes with length 1.

    Returns
    -------
    Tensor
    """
    return ops.min(x, axis=axis, keepdims=keepdims)


@function
def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the product over one axis, several or all.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the axes with length 1.

    Returns
    -------
    Tensor
    """
    return ops.prod(x, axis=axis, keepdims=keepdims)


@function
def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return whether one is true over one axis, several or all.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the axes with length 1.

    Returns
    -------
    Tensor
    """
    return ops.any(x, axis=axis, keepdims=keepdims)


@function
def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return whether all are true over one axis, several or all.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the axes with length 1.

    Returns
    -------
    Tensor
    """
    return ops.all(x, axis=axis, keepdims=keepdims)


@function
def argmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the place of the largest, the first of equal ones.

    Parameters
    ----------
    x : tensor
    axis : int, optional
        Default: the place in the flattened tensor.
    keepdims : bool

    Returns
    -------
    Tensor of int64
    """
    return ops.argmax(x, axis=axis, keepdims=keepdims)


@function
def argmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the place of the smallest, the first of equal ones.

    Parameters
    ----------
    x : tensor
    axis : int, optional
        Default: the place in the flattened tensor.
    keepdims : bool

    Returns
    -------
    Tensor of int64
    """
    return ops.argmin(x, axis=axis, keepdims=keepdims)


@function
def cumsum(x: TensorLike, axis: int = -1) -> Tensor:
    """Return the running sum along an axis.

    Parameters
    ----------
    x : tensor
    axis : int

    Returns
    -------
    Tensor, the same shape
    """
    return ops.cumsum(x, axis)


@function
def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the mean squared distance from the mean.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool

    Returns
    -------
    Tensor
    """
    return ops.mean(ops.square(ops.sub(x, ops.mean(x, axis=axis, keepdims=True))), axis=axis, keepdims=keepdims)


@function
def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the square root of `var`; its derivative is 0 where that is 0.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
    keepdims : bool

    Returns
    -------
    Tensor
    """
    spread = ops.square(ops.sub(x, ops.mean(x, axis=axis, keepdims=True)))
    return _root(ops.mean(spread, axis=axis, keepdims=keepdims))


@function
def norm(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the Euclidean length over one axis, several or all; its derivative is 0 where that is 0.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
    keepdims : bool

    Returns
    -------
    Tensor
    """
    return _root(ops.sum(ops.square(x), axis=axis, keepdims=keepdims))


def _root(x: Tensor) -> Tensor:
    """Return the square root, with the slope 0 at 0: that of a length there, among those it may have."""
    some = ops.not_equal(x, 0.0)
    return ops.where(some, ops.sqrt(ops.where(some, x, 1.0)), x)


@function
def logsumexp(x: TensorLike, axis: int = -1, keepdims: bool = False) -> Tensor:
    """Return log(sum(exp(x))) along an axis, without overflow.

    Parameters
    ----------
    x : tensor
    axis : int
    keepdims : bool

    Returns
    -------
    Tensor
    """
    return ops.logsumexp(x, axis, keepdims)
