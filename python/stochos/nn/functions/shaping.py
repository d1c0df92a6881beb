"""Shapes, pieces and places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stochos import _core
from stochos.errors import InputError
from stochos.nn.functions._dispatch import Axis, Tensor, TensorLike, function

__all__ = [
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "getitem",
    "one_hot",
    "pad",
    "reshape",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "take",
    "take_along_axis",
    "transpose",
]

ops = _core.ops


@function
def reshape(x: TensorLike, shape: int | Sequence[int]) -> Tensor:
    """Return the same numbers in another shape.

    Parameters
    ----------
    x : tensor
    shape : sequence of int
        One length may be -1: what is left.

    Returns
    -------
    Tensor
    """
    return ops.reshape(x, shape)


@function
def transpose(x: TensorLike, axes: Sequence[int] | None = None) -> Tensor:
    """Return the tensor with its axes in another order.

    Parameters
    ----------
    x : tensor
    axes : sequence of int, optional
        Default: the reverse order.

    Returns
    -------
    Tensor
    """
    return ops.transpose(x) if axes is None else ops.transpose(x, tuple(axes))


@function
def swapaxes(x: TensorLike, a: int, b: int) -> Tensor:
    """Return the tensor with two axes exchanged.

    Parameters
    ----------
    x : tensor
    a, b : int

    Returns
    -------
    Tensor
    """
    order = list(range(_rank(x)))
    order[a], order[b] = order[b], order[a]
    return ops.transpose(x, tuple(order))


@function
def expand_dims(x: TensorLike, axis: int) -> Tensor:
    """Return the tensor with a new axis of length 1.

    Parameters
    ----------
    x : tensor
    axis : int
        Its place in the result.

    Returns
    -------
    Tensor
    """
    shape = list(_shape(x))
    shape.insert(axis if axis >= 0 else axis + len(shape) + 1, 1)
    return ops.reshape(x, tuple(shape))


@function
def squeeze(x: TensorLike, axis: Axis = None) -> Tensor:
    """Return the tensor without axes of length 1.

    Parameters
    ----------
    x : tensor
    axis : int or tuple of int, optional
        Which; default all of that length.

    Returns
    -------
    Tensor

    Raises
    ------
    InputError
        An axis to drop is longer.
    """
    shape = _shape(x)
    if axis is None:
        return ops.reshape(x, tuple(n for n in shape if n != 1))
    chosen = {one % max(len(shape), 1) for one in ((axis,) if isinstance(axis, int) else axis)}
    if any(shape[one] != 1 for one in chosen):
        msg = f"[nn.squeeze] axis {axis} of shape {shape} is not of length 1"
        raise InputError(msg)
    return ops.reshape(x, tuple(n for place, n in enumerate(shape) if place not in chosen))


@function
def broadcast_to(x: TensorLike, shape: Sequence[int]) -> Tensor:
    """Return the tensor repeated to a shape, as in NumPy.

    Parameters
    ----------
    x : tensor
    shape : sequence of int

    Returns
    -------
    Tensor
    """
    return ops.broadcast_to(x, tuple(shape))


@function
def concatenate(xs: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Return tensors joined along an axis.

    Parameters
    ----------
    xs : sequence of tensor
        Equal in all other axes.
    axis : int

    Returns
    -------
    Tensor
    """
    return ops.concat(list(xs), axis)


@function
def stack(xs: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Return tensors of one shape joined along a new axis.

    Parameters
    ----------
    xs : sequence of tensor
    axis : int

    Returns
    -------
    Tensor
    """
    return ops.stack(list(xs), axis)


@function
def split(x: TensorLike, parts: int, axis: int = -1) -> list[Tensor]:
    """Return the tensor cut into equal parts along an axis.

    Parameters
    ----------
    x : tensor
    parts : int
        Divides the length of the axis.
    axis : int

    Returns
    -------
    list of Tensor

    Raises
    ------
    InputError
        The axis does not divide.
    """
    shape = _shape(x)
    place = axis % len(shape)
    if parts < 1 or shape[place] % parts:
        msg = f"[nn.split] axis {axis} of shape {shape} does not divide into {parts} parts"
        raise InputError(msg)
    length = shape[place] // parts
    whole = (slice(None),) * place
    return [ops.getitem(x, (*whole, slice(n * length, (n + 1) * length))) for n in range(parts)]


@function
def pad(x: TensorLike, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """Return the tensor with a margin.

    Parameters
    ----------
    x : tensor
    widths : sequence of (before, after), one for each axis
    value : float

    Returns
    -------
    Tensor
    """
    return ops.pad(x, widths, value)


@function
def getitem(x: TensorLike, key: Any) -> Tensor:
    """Return ``x[key]``, with the rules of NumPy.

    Parameters
    ----------
    x : tensor
    key : int, slice, None, Ellipsis, tensor of int, or tuple of them

    Returns
    -------
    Tensor
    """
    return ops.getitem(x, key)


@function
def take(x: TensorLike, indices: TensorLike, axis: int = 0) -> Tensor:
    """Return the slices of `x` at `indices` along an axis.

    Parameters
    ----------
    x : tensor
    indices : tensor of int
    axis : int

    Returns
    -------
    Tensor
        The axis is replaced by the shape of `indices`.
    """
    return ops.take(x, indices, axis)


@function
def take_along_axis(x: TensorLike, indices: TensorLike, axis: int) -> Tensor:
    """Return, for each place, the number of `x` that `indices` names along an axis.

    Parameters
    ----------
    x : tensor
    indices : tensor of int
        As many axes as `x`.
    axis : int

    Returns
    -------
    Tensor, the shape of `indices`
    """
    return ops.take_along_axis(x, indices, axis)


@function
def one_hot(indices: TensorLike, size: int, dtype: str = "float32") -> Tensor:
    """Return rows of zeros with a one at each index.

    Parameters
    ----------
    indices : tensor of int, shape S
        An index outside of 0 … size - 1 gives a row of zeros.
    size : int
    dtype : str

    Returns
    -------
    Tensor of shape ``(*S, size)``
    """
    places = ops.reshape(indices, (*_shape(indices), 1))
    return ops.cast(ops.equal(places, np.arange(size)), dtype)


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(x.shape) if hasattr(x, "shape") else tuple(np.shape(x))


def _rank(x: Any) -> int:
    return len(_shape(x))
