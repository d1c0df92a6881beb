"""Spectral normalisation: a layer whose kernel is divided by its largest singular value."""

from __future__ import annotations

from typing import Any

from stochos import _checks, _core, nn
from stochos.errors import InputError
from stochos.nn._weights import Tie

__all__ = ["SpectralNorm"]

_ops = _core.ops


class SpectralNorm(nn.Layer):
    """A layer with its kernel divided by an estimate of the kernel's largest singular value.

    Each call in training makes `iterations` steps of the power method and keeps the vector; inference uses what is
    kept. The kernel is looked at as a matrix (all axes but the last, last). Its gradient passes through the division.

    Parameters
    ----------
    layer
        A layer with a weight ``kernel``, such as `nn.Dense` or `nn.Conv2D`.
    iterations
        Steps of the power method in a call, from 1 on.
    **settings
        Those of `nn.Layer`.

    References
    ----------
    T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral normalization for generative adversarial networks", 2018.
    """

    def __init__(self, layer: nn.Layer, iterations: int = 1, **settings: Any) -> None:
        super().__init__(**settings)
        _checks.instance("gan.SpectralNorm", "layer", layer, nn.Layer, "give a layer such as nn.Dense(64)")
        self.layer = layer
        self.iterations = _checks.whole("gan.SpectralNorm", "iterations", iterations, 1)

    def build(self, *shapes: Any) -> None:
        """Make the weights of the layer, and the vector of the power method."""
        if not self.layer.built:
            self.layer.build(*shapes)
            self.layer._built_shapes = shapes
        if "kernel" not in self.layer._weights:
            has = ", ".join(self.layer._weights) or "none"
            msg = f"[{self.title}] {self.layer.title} has no weight 'kernel' (it has: {has})"
            raise InputError(msg)
        self.add_buffer("direction", (self.layer.kernel.shape[-1],), "normal")

    def call(self, *inputs: Any, training: bool = False) -> Any:
        """Compute with the divided kernel."""
        held = self.layer._weights["kernel"]
        kernel = held.value
        matrix = _ops.reshape(kernel, (-1, kernel.shape[-1]))
        still = nn.stop_gradient(matrix)
        u: Any = _unit(nn.stop_gradient(_ops.reshape(self.direction, (-1,))))
        v = _unit(still @ u)
        for _ in range(self.iterations if training else 0):
            u = _unit(v @ still)
            v = _unit(still @ u)
        if training:
            self.update("direction", u)
        sigma = _ops.sum(v * (matrix @ u))
        self.layer._weights["kernel"] = _Divided(held, kernel / sigma)
        try:
            return self.layer(*inputs, training=training)
        finally:
            self.layer._weights["kernel"] = held


def _unit(vector: Any) -> Any:
    return vector * _ops.rsqrt(_ops.sum(_ops.square(vector)) + 1e-24)


class _Divided(Tie):
    """The weight as the layer sees it during a call."""

    __slots__ = ("_given", "_source")

    def __init__(self, source: Any, given: Any) -> None:
        self._source, self._given = source, given

    @property
    def variable(self) -> _core.Variable:
        """The variable beneath."""
        return self._source.variable if isinstance(self._source, Tie) else self._source

    @property
    def value(self) -> Any:
        """The divided kernel."""
        return self._given
