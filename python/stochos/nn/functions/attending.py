"""Attention as a function."""

from __future__ import annotations

import math
from typing import Any

from stochos import _core
from stochos.errors import InputError, InputTypeError
from stochos.nn.functions._dispatch import Tensor, TensorLike, function

__all__ = ["attention"]

ops = _core.ops


@function
def attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    mask: TensorLike | None = None,
    causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Return softmax(scale * query @ key.T) @ value (Vaswani et al. 2017).

    Parameters
    ----------
    query : tensor of shape (..., T, D)
    key : tensor of shape (..., S, D)
    value : tensor of shape (..., S, E)
    mask : tensor of bool, optional
        Broadcasts to (..., T, S); True where a query may look. A query that may look nowhere gets 0.
    causal : bool
        A query looks at no place later than its own.
    scale : float, optional
        Default: 1 / sqrt(D).

    Returns
    -------
    Tensor of shape (..., T, E)
    """
    weights = attention_weights(query, key, mask, causal, scale)
    return ops.matmul(weights, value)


def attention_weights(query: Any, key: Any, mask: Any, causal: bool, scale: float | None) -> Tensor:
    """Return the weights with which each query looks at each place."""
    if len(query.shape) < 2 or len(key.shape) < 2 or query.shape[-1] != key.shape[-1]:
        msg = f"[nn.attention] expects a query (..., T, D) and a key (..., S, D), got {query.shape} and {key.shape}"
        raise InputError(msg)
    axes = (*range(len(key.shape) - 2), len(key.shape) - 1, len(key.shape) - 2)
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = ops.matmul(ops.mul(query, factor), ops.transpose(key, axes))
    if mask is not None and "float" in _core.ops.stop_gradient(mask).dtype:
        msg = "[nn.attention] the mask is floating; give bool, True where a query may look, such as mask > -1.0"
        raise InputTypeError(msg)
    if causal:
        ahead = causal_mask(query.shape[-2], key.shape[-2])
        mask = ahead if mask is None else ops.logical_and(mask, ahead)
    return ops.softmax(scores, -1, mask)


def causal_mask(queries: int, places: int) -> Tensor:
    """Return a tensor of bool, shape (queries, places): True up to each query's own place."""
    one = _core.tensor(1, "int32")
    rows = ops.cumsum(ops.broadcast_to(one, (queries, 1)), 0)
    columns = ops.cumsum(ops.broadcast_to(one, (1, places)), 1)
    return ops.less_equal(columns, rows)
