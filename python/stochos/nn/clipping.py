"""Gradients kept within bounds: by the norm of all of them together, or number by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stochos import _checks
from stochos._core import ops

__all__ = ["clip_by_norm", "clip_by_value", "global_norm"]


def global_norm(gradients: Sequence[Any]) -> Any:
    """Return the Euclidean norm of all gradients taken as one vector.

    Parameters
    ----------
    gradients : sequence of Tensor

    Returns
    -------
    Tensor, shape ()
        float64, in which the squares are also summed.
    """
    total: Any = 0.0
    for gradient in gradients:
        total = total + ops.sum(ops.square(ops.cast(gradient, "float64")))
    return ops.sqrt(total) if gradients else 0.0


def clip_by_norm(gradients: Sequence[Any], limit: float) -> list[Any]:
    """Scale all gradients by one factor, so that their common norm is at most `limit`.

    Parameters
    ----------
    gradients : sequence of Tensor
    limit : float
        Positive.

    Returns
    -------
    list of Tensor
        Unchanged where the norm is small enough. A norm that is not finite makes all of them so: nothing hides it.

    References
    ----------
    R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
    arXiv:1211.5063, algorithm 1. PyTorch divides by norm + 1e-6 instead.
    """
    limit = _checks.real("nn.clip_by_norm", "limit", limit, 1e-300)
    if not gradients:
        return []
    norm = global_norm(gradients)
    factor = ops.where(norm <= limit, 1.0, limit / norm)
    return [gradient * ops.cast(factor, gradient.dtype) for gradient in gradients]


def clip_by_value(gradients: Sequence[Any], limit: float) -> list[Any]:
    """Cut every number of every gradient off at ±`limit`.

    Parameters
    ----------
    gradients : sequence of Tensor
    limit : float
        Positive.

    Returns
    -------
    list of Tensor
    """
    limit = _checks.real("nn.clip_by_value", "limit", limit, 1e-300)
    return [ops.minimum(ops.maximum(gradient, -limit), limit) for gradient in gradients]
