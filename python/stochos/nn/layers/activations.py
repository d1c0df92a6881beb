"""Activations as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stochos import _checks
from stochos.nn import functions
from stochos.nn.layer import Layer

__all__ = ["ELU", "GELU", "Activation", "LeakyReLU", "ReLU", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh"]


class Activation(Layer):
    """A function of tensors by name.

    Parameters
    ----------
    activation : str or function of tensors
        ``"relu"``, ``"tanh"``, ``"gelu"`` and the others of `nn.activation`.
    **settings
        Those of `Layer`.
    """

    def __init__(self, activation: str | Callable[..., Any], **settings: Any) -> None:
        super().__init__(**settings)
        self._activation = functions.activation(activation)

    def call(self, x: Any) -> Any:
        """Compute."""
        return x if self._activation is None else self._activation(x)


class ReLU(Layer):
    """max(x, 0)."""

    def call(self, x: Any) -> Any:
        """Compute."""
        return functions.relu(x)


class LeakyReLU(Layer):
    """x where it is positive, else slope * x.

    Parameters
    ----------
    slope : float
    **settings
        Those of `Layer`.
    """

    def __init__(self, slope: float = 0.01, **settings: Any) -> None:
        super().__init__(**settings)
        self.slope = _checks.real("nn.LeakyReLU", "slope", slope)

    def call(self, x: Any) -> Any:
        """Compute."""
        return functions.leaky_relu(x, self.slope)


class ELU(Layer):
    """x where it is positive, else alpha * (exp(x) - 1).

    Parameters
    ----------
    alpha : float
    **settings
        Those of `Layer`.
    """

    def __init__(self, alpha: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.alpha = _checks.real("nn.ELU", "alpha", alpha)

    def call(self, x: Any) -> Any:
        """Compute."""
        return functions.elu(x, self.alpha)


class GELU(Layer):
    """x times the normal distribution function of x.

    Parameters
    ----------
    approximate : bool
        By a hyperbolic tangent, as in BERT and GPT-2.
    **settings
        Those of `Layer`.
    """

    def __init__(self, approximate: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self.approximate = bool(approximate)

    def call(self, x: Any) -> Any:
        """Compute."""
        return functions.gelu_tanh(x) if self.approximate else functions.gelu(x)


class SiLU(Layer):
    """x * sigmoid(x)."""

    def call(self, x: Any) -> Any:
        """Compute."""
        return functions.silu(x)


class Sigmoid(Layer):
    """1 / (1 + exp(-x))."""

    def call(self, x: Any) -> Any:
        """Compute."""
        return functions.sigmoid(x)


class Tanh(Layer):
    """The hyperbolic tangent."""

    def call(self, x: Any) -> Any:
        """Compute."""
        return functions.tanh(x)


class Softplus(Layer):
    """log(1 + exp(x))."""

    def call(self, x: Any) -> Any:
        """Compute."""
        return functions.softplus(x)


class Softmax(Layer):
    """exp(x) divided by its sum along an axis; called with ``mask``, only what it marks counts.

    Parameters
    ----------
    axis : int
    **settings
        Those of `Layer`.
    """

    def __init__(self, axis: int = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = _checks.whole("nn.Softmax", "axis", axis, -8, 7)

    def call(self, x: Any, mask: Any = None) -> Any:
        """Compute."""
        return functions.softmax(x, self.axis, mask)
