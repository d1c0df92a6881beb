"""What a layer holds: weights, buffers, layers inside; how they are counted, named, saved and frozen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.nn import _names, _trees
from stochos.nn._weights import Tie
from stochos.nn.random_stream import RandomStream

if TYPE_CHECKING:
    from stochos.nn.layer import Layer
    from stochos.nn.regularizers import Regularizer

__all__ = ["INTERNAL", "Holder"]

#: Attributes of every layer in which there is nothing to look for.
INTERNAL = frozenset(
    {
        "name",
        "_arguments",
        "_weights",
        "_buffers",
        "_regularizers",
        "_reached",
        "_met",
        "_built_shapes",
        "_lock",
        "_named",
    }
    | {"_uid", "_dtype", "_seed", "_trainable"}
)


class Holder:
    """The part of `Layer` that looks after what it holds."""

    name: str
    _uid: int
    _named: bool
    _dtype: str
    _seed: int
    _trainable: bool
    _arguments: tuple[tuple[Any, ...], dict[str, Any]]
    _weights: dict[str, _core.Variable | Tie]
    _buffers: dict[str, _core.Variable]
    _regularizers: dict[str, Regularizer]
    _reached: dict[int, Layer]
    _built_shapes: tuple[Any, ...] | None

    @property
    def built(self) -> bool:
        """Whether the weights have been made."""
        return self._built_shapes is not None

    @property
    def dtype(self) -> str:
        """Dtype of the weights."""
        return self._dtype

    @property
    def title(self) -> str:
        """Class and name, as errors show them."""
        return f"nn.{type(self).__name__} {self.name!r}"

    @property
    def trainable(self) -> bool:
        """Whether the layer has not been frozen."""
        return self._trainable

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        """Yield (path, value) of what hangs on the attributes that the class itself made."""
        for attribute, value in vars(self).items():
            if attribute not in INTERNAL:
                yield from _trees.paths(value, attribute)

    def children(self) -> list[tuple[str, Layer]]:
        """Return the layers right inside this one as (name, layer), in the order of the attributes."""
        found: dict[int, tuple[str, Any]] = {}
        for path, leaf in self._attributes():
            if isinstance(leaf, Holder) and leaf is not self:
                found.setdefault(id(leaf), (path, leaf))
        for number, layer in enumerate(self._reached.values()):
            found.setdefault(id(layer), (f"reached_{number}", layer))
        return list(found.values())

    def layers_inside(self) -> list[Layer]:
        """Return all layers inside this one, at every depth, each once."""
        return [layer for _, layer in _names.walk(self) if layer is not self]  # type: ignore[misc] # all are layers

    def own_weights(self) -> Iterator[tuple[str, _core.Variable]]:
        """Yield (name, variable) of the weights of this layer alone; a tied one gives the variable it is tied to."""
        for name, held in self._weights.items():
            yield name, held.variable if isinstance(held, Tie) else held
        for path, leaf in self._attributes():
            if isinstance(leaf, _core.Variable):
                yield path, leaf

    def own_buffers(self) -> Iterator[tuple[str, _core.Variable]]:
        """Yield (name, variable) of what this layer alone keeps but does not train."""
        yield from self._buffers.items()
        for path, leaf in self._attributes():
            if isinstance(leaf, RandomStream):
                yield f"{path}/counter", leaf.counter

    def borrowed(self) -> dict[str, bool]:
        """Return the weights that belong to another layer: {name: whether a transform stands between}."""
        return {name: held.transformed for name, held in self._weights.items() if isinstance(held, Tie)}

    @property
    def parameters(self) -> list[_core.Variable]:
        """Weights of the layer and of all inside it, frozen ones too, each once, in a fixed order."""
        return [variable for _, variable in _names.unique(_names.weights(self))]

    @property
    def trainable_parameters(self) -> list[_core.Variable]:
        """Those of `parameters` that train."""
        return [variable for variable in self.parameters if variable.trainable]

    @property
    def buffers(self) -> list[_core.Variable]:
        """What is kept but not trained (moving statistics, counters of random streams), each once."""
        return [variable for _, variable in _names.unique(_names.buffers(self))]

    @property
    def parameter_count(self) -> int:
        """How many numbers `parameters` have; a shared weight counts once."""
        return sum(math.prod(variable.shape) for variable in self.parameters)

    def named_variables(self) -> dict[str, _core.Variable]:
        """Return parameters and buffers by their path, each once, as they stand in a file.

        A path names layers and weight: "block/dense/kernel". It is a function of the architecture: layers without a
        name of your own are numbered within the model.
        """
        return _names.named(self)

    def aliases(self) -> dict[str, str]:
        """Return the other paths of shared variables: {other path: path in `named_variables`}."""
        return _names.aliases(self)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return copies of the values of `named_variables`; `set_state` takes them back."""
        return {path: np.array(variable.numpy()) for path, variable in self.named_variables().items()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take values for every variable; nothing changes when one does not fit.

        Parameters
        ----------
        state : dict of str to array
            As `state` returns it. The other paths of shared variables are taken too, if they bring equal values.

        Raises
        ------
        InputError
            Paths are missing or unexpected, a shape or dtype differs, or the paths of one variable bring different
            values.
        """
        _names.set_state(self, state)

    def freeze(self) -> Self:
        """Take the weights of the layer, and of all inside it, out of training. Returns the layer.

        A weight that others share is frozen for them too: it is one weight.
        """
        return self._set_trainable(False)

    def unfreeze(self) -> Self:
        """Let the weights of the layer, and of all inside it, train. Returns the layer."""
        return self._set_trainable(True)

    def _set_trainable(self, value: bool) -> Self:
        for _, layer in _names.walk(self):
            layer._trainable = value
        for variable in self.parameters:
            variable.trainable = value
        return self
