"""Settings of layers as JSON values and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from stochos import _core
from stochos.errors import FileFormatError, InputError
from stochos.nn import registry
from stochos.nn.regularizers import Regularizer
from stochos.nn.symbols import Input, Symbol

__all__ = ["Decoder", "Encoder"]

_WHERE = "nn.Layer.get_config"


class Encoder:
    """From settings to JSON values; a kind that JSON lacks becomes {"$kind": …}."""

    symbols: dict[Symbol, list[int]] | None = None

    @contextmanager
    def inside(self, symbols: dict[Symbol, list[int]]) -> Iterator[None]:
        """Let these symbols stand in values."""
        before = self.symbols
        self.symbols = symbols
        try:
            yield
        finally:
            self.symbols = before

    def layer(self, layer: Any) -> int:
        """Return the number of a layer."""
        msg = f"[{_WHERE}] {layer!r} cannot stand here"
        raise InputError(msg)

    def value(self, value: Any) -> Any:
        """Encode a setting."""
        from stochos.nn import initializers
        from stochos.nn.layer import Layer

        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, (int, np.integer)):
            return int(value)
        if isinstance(value, (float, np.floating)):
            return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
        if isinstance(value, list):
            return [self.value(x) for x in value]
        if isinstance(value, tuple):
            return {"$tuple": [self.value(x) for x in value]}
        if isinstance(value, dict):
            return {"$dict": [[self.value(key), self.value(x)] for key, x in value.items()]}
        if isinstance(value, slice):
            return {"$slice": [self.value(x) for x in (value.start, value.stop, value.step)]}
        if value is Ellipsis:
            return {"$ellipsis": True}
        if isinstance(value, Symbol):
            return self._symbol(value)
        if isinstance(value, Layer):
            return {"$layer": self.layer(value)}
        if isinstance(value, Regularizer):
            kind = registry.name_of(type(value), _WHERE)
            return {"$regularizer": kind, "settings": {k: self.value(x) for k, x in vars(value).items()}}
        if isinstance(value, initializers.Initializer):
            return {"$initializer": value.config()}
        if isinstance(value, _core.Variable):
            return self._weight(value)
        if isinstance(value, (np.ndarray, _core.Tensor)):
            array = np.asarray(value.numpy() if isinstance(value, _core.Tensor) else value)
            return {
                "$array": [self.value(x) for x in array.ravel().tolist()],
                "shape": list(array.shape),
                "dtype": str(array.dtype),
            }
        if callable(value):
            return {"$function": registry.name_of(value, _WHERE)}
        msg = f"[{_WHERE}] a setting is {value!r} of type {type(value).__name__}, which JSON cannot hold"
        raise InputError(msg)

    def _symbol(self, symbol: Symbol) -> Any:
        if self.symbols is not None and symbol in self.symbols:
            return {"$symbol": self.symbols[symbol]}
        if symbol.call is None:
            return {"$input": {"shape": list(symbol.shape), "dtype": symbol.dtype, "name": symbol.name}}
        msg = f"[{_WHERE}] {symbol!r} belongs to another graph"
        raise InputError(msg)

    def _weight(self, variable: _core.Variable) -> Any:
        from stochos.nn._weights import owner

        found = owner(variable)
        if found is None:
            msg = (
                f"[{_WHERE}] a function in the model uses the variable {variable.name!r}, which is the weight "
                "of no layer; make it a weight of a layer to save the model"
            )
            raise InputError(msg)
        return {"$weight": [self.layer(found[0]), found[1]]}


class Decoder:
    """From JSON values to settings."""

    symbols: dict[tuple[int, int], Symbol] | None = None

    def layer(self, number: int) -> Any:
        """Return the layer of a number."""
        msg = f"[nn.from_config] layer {number} cannot stand here"
        raise FileFormatError(msg)

    def within(self, symbols: dict[tuple[int, int], Symbol], value: Any) -> Any:
        """Decode a value in which symbols of this graph may stand."""
        before = self.symbols
        self.symbols = symbols
        try:
            return self.value(value)
        finally:
            self.symbols = before

    def value(self, value: Any) -> Any:
        """Decode a setting."""
        if isinstance(value, list):
            return [self.value(x) for x in value]
        if not isinstance(value, dict):
            return value
        kind = next((key for key in value if key.startswith("$")), None)
        if kind is None or kind[1:] not in _DECODE:
            msg = f"[nn.from_config] the description holds {value!r}, which this version does not know"
            raise FileFormatError(msg)
        return _DECODE[kind[1:]](self, value[kind], value)

    def _symbol(self, place: list[int], _: Any) -> Symbol:
        return (self.symbols or {})[place[0], place[1]]

    def _regularizer(self, name: str, whole: dict[str, Any]) -> Any:
        return registry.find(name, "nn.from_config")(**{k: self.value(x) for k, x in whole["settings"].items()})

    def _array(self, values: list[Any], whole: dict[str, Any]) -> Any:
        return np.array([self.value(x) for x in values], whole["dtype"]).reshape(whole["shape"])

    def _initializer(self, config: dict[str, Any], _: Any) -> Any:
        from stochos.nn import initializers

        return initializers.from_config(config)

    def _weight(self, place: list[Any], _: Any) -> Any:
        layer = self.layer(place[0])
        return getattr(layer, place[1])


_DECODE: dict[str, Callable[[Decoder, Any, dict[str, Any]], Any]] = {
    "tuple": lambda d, x, _: tuple(d.value(one) for one in x),
    "dict": lambda d, x, _: {d.value(key): d.value(one) for key, one in x},
    "slice": lambda d, x, _: slice(*(d.value(one) for one in x)),
    "ellipsis": lambda _, x, __: Ellipsis if x else None,
    "float": lambda _, x, __: float(x),
    "layer": lambda d, x, _: d.layer(x),
    "input": lambda _, x, __: Input(x["shape"][1:], x["dtype"], x["name"], x["shape"][0]),
    "function": lambda _, x, __: registry.find(x, "nn.from_config"),
    "symbol": Decoder._symbol,
    "regularizer": Decoder._regularizer,
    "array": Decoder._array,
    "initializer": Decoder._initializer,
    "weight": Decoder._weight,
}
