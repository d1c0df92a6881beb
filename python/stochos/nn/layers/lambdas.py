"""Any function of tensors as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from stochos.errors import InputTypeError
from stochos.nn.layer import Layer

__all__ = ["Lambda"]


class Lambda(Layer):
    """A function of tensors as a layer.

    Parameters
    ----------
    function : callable
        Takes tensors and returns tensors. It may take ``training``. To save a model that holds it, register the
        function with `nn.register`: names are saved, never code.
    layers : sequence of Layer
        Layers that the function calls, in the order in which it takes them in front of the tensors. Layers that it
        reaches otherwise are found when they are called, but then the layer cannot be copied.
    **settings
        Those of `Layer`.

    Examples
    --------
    >>> double = nn.Lambda(lambda x: 2 * x)
    >>> residual = nn.Lambda(lambda inner, x: x + inner(x), layers=[nn.Dense(8)])
    """

    def __init__(self, function: Callable[..., Any], *, layers: Sequence[Layer] = (), **settings: Any) -> None:
        super().__init__(**settings)
        given: object = function
        if not callable(given):
            msg = f"[nn.Lambda] function is {given!r} of type {type(given).__name__}; give a function of tensors"
            raise InputTypeError(msg)
        self.layers = list(layers)
        self._function = function
        try:
            self._takes_training = "training" in inspect.signature(function).parameters
        except (TypeError, ValueError):  # some built-in functions tell nothing
            self._takes_training = False

    def call(self, *inputs: Any, training: bool = False, **options: Any) -> Any:
        """Compute."""
        if self._takes_training:
            options["training"] = training
        return self._function(*self.layers, *inputs, **options)
