"""Dropout."""

from __future__ import annotations

from typing import Any

from stochos import _checks, _core
from stochos.nn.layer import Layer

__all__ = ["Dropout"]


class Dropout(Layer):
    """In training each number becomes 0 with probability `rate`, and the others are divided by 1 - rate.

    Outside of training the layer changes nothing. Each layer draws from a stream of its own, which goes on with every
    call, so that its mask is a function of the layer's seed and of the number of calls (Srivastava et al. 2014).

    Parameters
    ----------
    rate : float in [0, 1)
    **settings
        Those of `Layer`.
    """

    def __init__(self, rate: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.rate = _checks.real("nn.Dropout", "rate", rate, 0.0, 1.0)
        if self.rate == 1.0:
            self.refuse("a rate below 1", "1.0")
        self.stream = self.random_stream()

    def call(self, x: Any, training: bool = False) -> Any:
        """Compute."""
        if not training or self.rate == 0.0:
            return x
        kept = self.stream.bernoulli(tuple(x.shape), 1.0 - self.rate)
        return _core.ops.where(kept, _core.ops.mul(x, 1.0 / (1.0 - self.rate)), 0.0)
