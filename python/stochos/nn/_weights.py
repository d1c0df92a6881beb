"""How a weight is held: a variable of the layer's own, or a tie to the weight of another layer."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stochos import _core
from stochos.errors import InputError
from stochos.nn import _context

if TYPE_CHECKING:
    from stochos.nn.layer import Layer

__all__ = ["Tie", "make_variable", "own", "owner"]


class Tie:
    """A weight that is another layer's weight, as it is or transformed.

    Attributes
    ----------
    layer : Layer
        Whose weight it is.
    name : str
        Name of the weight there.
    transform : callable or None
        From the other's value to this one's.
    """

    __slots__ = ("layer", "name", "transform")

    def __init__(self, layer: Layer, name: str, transform: Callable[[Any], Any] | None) -> None:
        self.layer = layer
        self.name = name
        self.transform = transform

    @property
    def variable(self) -> _core.Variable:
        """The variable at the end of the chain of ties."""
        held = self._held()
        return held.variable if isinstance(held, Tie) else held

    @property
    def value(self) -> Any:
        """What the tied layer computes with: the variable itself, or the transformed tensor."""
        held = self._held()
        inner = held.value if isinstance(held, Tie) else held
        return inner if self.transform is None else self.transform(inner)

    @property
    def transformed(self) -> bool:
        """Whether a transform stands anywhere between the layer and the variable."""
        held = self.layer._weights.get(self.name)
        return self.transform is not None or (isinstance(held, Tie) and held.transformed)

    def _held(self) -> _core.Variable | Tie:
        held = self.layer._weights.get(self.name)
        if held is None:
            has = ", ".join(self.layer._weights) or "none yet; call the layer first"
            msg = f"[{self.layer.title}] has no weight {self.name!r} to share by a tie (weights: {has})"
            raise InputError(msg)
        return held

    def check(self, layer: Layer, name: str, shape: tuple[int, ...]) -> None:
        """Refuse a tie that gives `layer` another shape than its weight `name` needs."""
        given = tuple(self.value.shape)
        if given != shape:
            how = "" if self.transform is None else " after the transform"
            msg = (
                f"[{layer.title}] expects {name!r} of shape {shape}, but it is tied to {self.name!r} of "
                f"{self.layer.name!r}, which has shape {given}{how}"
            )
            raise InputError(msg)


def make_variable(layer: Layer, name: str, shape: tuple[int, ...], initializer: Any) -> _core.Variable:
    """Make a variable whose initial value is a function of the layer's seed and the weight's name."""
    from stochos.nn import initializers

    seed = _context.sub_seed(layer._seed, name)
    value = initializers.get(initializer)(shape, seed=seed, dtype=layer.dtype)
    return own(layer, _core.Variable(value, name=f"{layer.name}/{name}"))


_owners: weakref.WeakValueDictionary[int, Layer] = weakref.WeakValueDictionary()


def own(layer: Layer, variable: _core.Variable) -> _core.Variable:
    """Remember whose weight a variable is."""
    _owners[variable.id] = layer
    return variable


def owner(variable: _core.Variable) -> tuple[Layer, str] | None:
    """Return the layer and the name of the weight that a variable is, if it is one."""
    layer = _owners.get(variable.id)
    if layer is not None:
        for name, held in layer._weights.items():
            if held is variable or (isinstance(held, _core.Variable) and held.id == variable.id):
                return layer, name
    return None
