"""Normalisation: of each example by itself, or over the batch."""

from __future__ import annotations

from typing import Any

from stochos import _checks, _core
from stochos.nn.layer import Layer

__all__ = ["BatchNorm", "LayerNorm"]

ops = _core.ops


class LayerNorm(Layer):
    """Mean 0 and variance 1 over the last axis, then a gain and a bias (Ba, Kiros & Hinton 2016).

    Parameters
    ----------
    epsilon : float
        Added to the variance.
    use_gain, use_bias : bool
    **settings
        Those of `Layer`.

    Attributes
    ----------
    gain, bias : Variable, shape (C,)

    Notes
    -----
    Takes (..., C), returns the same shape.
    """

    def __init__(self, epsilon: float = 1e-5, *, use_gain: bool = True, use_bias: bool = True, **settings: Any) -> None:
        super().__init__(**settings)
        self.epsilon = _checks.real("nn.LayerNorm", "epsilon", epsilon, 0.0)
        self.use_gain, self.use_bias = bool(use_gain), bool(use_bias)

    def build(self, *shapes: Any) -> None:
        """Make gain and bias."""
        shape = shapes[0]
        if not shape:
            self.refuse("an input with at least one axis", f"shape {shape}")
        if self.use_gain:
            self.add_weight("gain", shape[-1:], "ones")
        if self.use_bias:
            self.add_weight("bias", shape[-1:], "zeros")

    def check(self, *inputs: Any) -> None:
        """Look at the last axis and the dtype."""
        x = self.single(inputs)
        self.expect_float(x)
        for weight in self._weights:
            width = getattr(self, weight).shape[0]
            if not x.shape or x.shape[-1] != width:
                self.refuse(f"last axis {width}", f"input of shape {tuple(x.shape)}")

    def call(self, x: Any) -> Any:
        """Compute."""
        gain, bias = (self.gain if self.use_gain else None), (self.bias if self.use_bias else None)
        return ops.layer_norm(x, gain, bias, self.epsilon)


class BatchNorm(Layer):
    """Mean 0 and variance 1 of each channel over the batch, then a gain and a bias (Ioffe & Szegedy 2015).

    In training the statistics are those of the batch given, and the moving ones go towards them; otherwise the moving
    ones are used. Each call in training normalises its own batch: two batches through a shared layer do not mix. Inside
    ``nn.no_updates()`` the moving statistics stay.

    Parameters
    ----------
    momentum : float in [0, 1]
        Share of the old moving statistics that stays at each step.
    epsilon : float
        Added to the variance.
    use_gain, use_bias : bool
    **settings
        Those of `Layer`.

    Attributes
    ----------
    gain, bias : Variable, shape (C,)
    moving_mean, moving_variance : Variable, shape (C,)
        Not trained. The variance is that of the batch divided by N - 1, as in PyTorch.

    Notes
    -----
    Takes (B, ..., C), returns the same shape.
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        *,
        use_gain: bool = True,
        use_bias: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.momentum = _checks.real("nn.BatchNorm", "momentum", momentum, 0.0, 1.0)
        self.epsilon = _checks.real("nn.BatchNorm", "epsilon", epsilon, 0.0)
        self.use_gain, self.use_bias = bool(use_gain), bool(use_bias)

    def build(self, *shapes: Any) -> None:
        """Make gain, bias and the moving statistics."""
        shape = shapes[0]
        if shape is None or len(shape) < 2:
            self.refuse("an input of shape (B, ..., C)", f"shape {shape}")
        if self.use_gain:
            self.add_weight("gain", shape[-1:], "ones")
        if self.use_bias:
            self.add_weight("bias", shape[-1:], "zeros")
        self.add_buffer("moving_mean", shape[-1:], "zeros")
        self.add_buffer("moving_variance", shape[-1:], "ones")

    def check(self, *inputs: Any) -> None:
        """Look at the last axis and the dtype."""
        x = self.single(inputs)
        self.expect_float(x)
        width = self.moving_mean.shape[0]
        if len(x.shape) < 2 or x.shape[-1] != width:
            self.refuse(f"an input of shape (B, ..., {width})", f"shape {tuple(x.shape)}")

    def call(self, x: Any, training: bool = False) -> Any:
        """Compute."""
        if training:
            axes = tuple(range(len(x.shape) - 1))
            mean = ops.mean(x, axis=axes)
            centred = ops.sub(x, mean)
            variance = ops.mean(ops.square(centred), axis=axes)
            count = x.size // x.shape[-1]
            unbiased = ops.mul(variance, count / max(count - 1, 1))
            self._follow("moving_mean", mean)
            self._follow("moving_variance", unbiased)
        else:
            centred, variance = ops.sub(x, self.moving_mean), self.moving_variance
        y = ops.mul(centred, ops.rsqrt(ops.add(variance, self.epsilon)))
        if self.use_gain:
            y = ops.mul(y, self.gain)
        return ops.add(y, self.bias) if self.use_bias else y

    def _follow(self, name: str, value: Any) -> None:
        old = self._buffers[name]
        new = ops.add(ops.mul(old, self.momentum), ops.mul(ops.stop_gradient(value), 1.0 - self.momentum))
        self.update(name, ops.cast(new, old.dtype))
