"""The functions that formulas are written in, for tensors; see :mod:`stochos.gan._arrays`."""

from __future__ import annotations

import math
from typing import Any

from stochos import _core

_ops = _core.ops

exp, expm1, log, log1p, sqrt = _ops.exp, _ops.expm1, _ops.log, _ops.log1p, _ops.sqrt
abs, sign, tanh, where = _ops.abs, _ops.sign, _ops.tanh, _ops.where
softplus, sigmoid = _ops.softplus, _ops.sigmoid


def is_tensor(value: object) -> bool:
    """Whether `value` is a tensor or a variable."""
    return isinstance(value, (_core.Tensor, _core.Variable))


def bent(v: Any, limit: float) -> Any:
    """Return v where |v| <= limit, and beyond it a curve that rises on for ever and never passes limit + 1.

    It is increasing and has a continuous derivative that is nowhere 0, so that a witness made of it is a witness (the
    bound holds) and a network that went too far comes back.
    """
    if not math.isfinite(limit):
        return v
    inside = _ops.minimum(_ops.maximum(v, -limit), limit)
    beyond = v - inside
    return inside + beyond / (1.0 + _ops.abs(beyond))
