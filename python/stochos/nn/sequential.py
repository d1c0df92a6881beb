"""A chain of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

from stochos.errors import InputError, InputTypeError
from stochos.nn import _names, _trees
from stochos.nn.layer import Layer
from stochos.nn.model import Model
from stochos.nn.symbols import Input, Symbol

__all__ = ["Sequential"]


class Sequential(Model):
    """A model that is a chain of layers and functions of tensors.

    Parameters
    ----------
    layers : iterable of Layer or function
        An `Input` may stand first; without it the weights are made on the first call.
    name : str, optional

    Examples
    --------
    >>> model = nn.Sequential([nn.Input((784,)), nn.Dense(128, activation="relu"), nn.Dense(10)])
    >>> last = model.layers[-1]  # the layers may be used elsewhere too
    """

    def __init__(self, layers: Iterable[Layer | Callable[..., Any] | Symbol] = (), *, name: str | None = None) -> None:
        Layer.__init__(self, name=name)
        self._chain: list[Any] = []
        self._clear()
        for layer in layers:
            self._append(layer)
        self._connect()

    def _clear(self) -> None:
        self._input = self._output = None
        self._inputs, self._outputs, self._calls, self._layers = [], [], [], []
        self._built_shapes = None

    def _append(self, layer: Any) -> None:
        if isinstance(layer, Symbol):
            if layer.call is not None or self._chain:
                msg = f"[{self.title}] only an nn.Input, and only at place 0, not {layer!r} at {len(self._chain)}"
                raise InputError(msg)
        elif not callable(layer):
            msg = f"[{self.title}] place {len(self._chain)} holds {layer!r}; give layers or functions of tensors"
            raise InputTypeError(msg)
        self._chain.append(layer)

    def add(self, layer: Layer | Callable[..., Any]) -> Self:
        """Add a layer at the end. Returns the model."""
        self._append(layer)
        known = self._input
        self._clear()
        self._connect(known)
        return self

    def _connect(self, start: Any = None) -> None:
        """Build the graph, once the input's shape is known."""
        first = self._chain[0] if self._chain else None
        if isinstance(first, Symbol):
            start = first
        if start is None:
            return
        value = start
        for step in self._steps():
            value = step(value)
        self._set_graph(start, value)

    def _steps(self) -> list[Any]:
        return [step for step in self._chain if not isinstance(step, Symbol)]

    def build(self, *shapes: Any) -> None:
        """Build the graph from the shape of the first input; the batch stays open."""
        found = list(_trees.leaves([_Leaf(s) for s in shapes]))
        if len(found) != 1 or found[0].shape is None:
            self.refuse("one input", f"{len(found)}")
        self._connect(Input(found[0].shape[1:]))

    def _ensure_built(self, inputs: tuple[Any, ...]) -> None:
        if self._built_shapes is None and len(inputs) == 1 and hasattr(inputs[0], "shape"):
            with self._lock:
                if self._built_shapes is None:
                    self._connect(Input(tuple(inputs[0].shape)[1:], inputs[0].dtype))
        super()._ensure_built(inputs)

    def children(self) -> list[tuple[str, Layer]]:
        """Return the layers as (name, layer), whether built or not."""
        layers = {id(step): step for step in self._chain if isinstance(step, Layer)}
        return _names.in_model(layers.values())

    @property
    def layers(self) -> list[Layer]:
        """The layers of the chain, each once."""
        return [layer for _, layer in self.children()]

    def _settings(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        chain = self._chain
        if self._input is not None and not isinstance(chain[0], Symbol):
            chain = [self._input, *chain]  # so that it is built at once
        return (list(chain),), {}

    def __len__(self) -> int:
        return len(self._steps())


class _Leaf:
    """Keeps a shape, itself a tuple, in one piece."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape
