"""Architectures as JSON values: which layers with which settings, how they are connected, what is shared and tied.

The description holds names and numbers, never code, and no values of weights. Each layer stands in it once, however
often and wherever it is used, so sharing survives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stochos.errors import Error, FileFormatError, InputError
from stochos.nn import _context, _names, _trees, registry
from stochos.nn._encoding import Decoder, Encoder
from stochos.nn._weights import Tie
from stochos.nn.copying import build_all
from stochos.nn.functions._dispatch import Function
from stochos.nn.layer import Layer
from stochos.nn.model import Model
from stochos.nn.symbols import Symbol, record

__all__ = ["FORMAT", "describe", "from_config", "restore"]

#: Version of the description.
FORMAT = 1


def describe(layer: Layer) -> dict[str, Any]:
    """Do the work of `Layer.get_config`."""
    writer = _Writer()
    writer.note_inner(layer)
    root, ties = writer.layer(layer), writer.ties()
    # Which was made before which, and no more: equal models have equal descriptions, whatever was made before them.
    for place, entry in enumerate(sorted(writer.entries, key=lambda entry: entry["made"])):
        entry["made"] = place
    return {"format": FORMAT, "root": root, "layers": writer.entries, "ties": ties}


def from_config(config: Any) -> Any:
    """Make the layer or model that a description tells of, with its initial weights: the seeds are in it.

    Parameters
    ----------
    config : mapping
        From ``layer.get_config()``, possibly by way of JSON.

    Returns
    -------
    Layer

    Raises
    ------
    FileFormatError
        The description is of a later version or damaged.
    UnknownNameError
        It names a class or function that is not registered.
    """
    where = "nn.from_config"
    if not isinstance(config, Mapping) or config.get("format") != FORMAT:
        msg = f"[{where}] this is no description of format {FORMAT} (get_config() makes them)"
        raise FileFormatError(msg)
    before = _context.current.seeds_taken
    try:
        return _Reader(config).root()
    except Error:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        msg = f"[{where}] the description is damaged: {type(error).__name__} {error}"
        raise FileFormatError(msg) from error
    finally:
        _context.current.seeds_taken = before


def restore(config: Mapping[str, Any], state: dict[str, Any]) -> Any:
    """Make a layer from a description and take the values; what unpickling calls."""
    layer = from_config(config)
    layer.set_state(state)
    return layer


class _Writer(Encoder):
    """Writes layers into a table, each once."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.numbers: dict[int, int] = {}
        self.held: list[Layer] = []
        self.made_by: dict[int, tuple[Layer, str]] = {}

    def note_inner(self, layer: Layer) -> None:
        """Find the layers that other layers make themselves: they are written as places, not as settings."""
        outer: Any
        for _, outer in _names.walk(layer):
            if not isinstance(outer, Model):
                given = {id(x) for x in _trees.leaves(outer._settings())}
                for path, leaf in outer._attributes():
                    if isinstance(leaf, Layer) and id(leaf) not in given:
                        self.made_by.setdefault(id(leaf), (outer, path))

    def layer(self, layer: Any) -> int:
        """Return the number of a layer in the table."""
        if id(layer) in self.numbers:
            return self.numbers[id(layer)]
        if id(layer) in self.made_by:
            outer, path = self.made_by[id(layer)]
            entry: dict[str, Any] = {"inside": self.layer(outer), "place": path}
        else:
            entry = {"class": registry.name_of(type(layer), f"nn.{type(layer).__name__}.get_config")}
            if type(layer) is Model:
                entry["graph"] = self.graph(layer)
            else:
                args, kwargs = layer._settings()
                kwargs = {key: value for key, value in kwargs.items() if key not in ("seed", "name", "trainable")}
                entry["args"] = [self.value(x) for x in args]
                entry["settings"] = self._named(kwargs)
        if id(layer) in self.numbers:  # met again inside of itself
            return self.numbers[id(layer)]
        entry |= {"name": layer.name, "named": layer._named, "made": layer._uid, "seed": layer._seed}
        entry |= {"trainable": layer._trainable}
        frozen = [name for name, v in layer.own_weights() if v.trainable is not layer._trainable]
        if frozen:
            entry["against"] = frozen  # weights that train although the layer does not, or the other way round
        if layer.built and not isinstance(layer, Model):
            entry["shapes"] = self.value(layer._built_shapes)
        self.numbers[id(layer)] = len(self.entries)
        self.entries.append(entry)
        self.held.append(layer)
        for child in layer.layers_inside():
            if id(child) in self.made_by:
                self.layer(child)
        return self.numbers[id(layer)]

    def graph(self, model: Model) -> dict[str, Any]:
        """Describe the calls of a model."""
        places = {x: [-1, n] for n, x in enumerate(model.inputs)}
        calls = []
        for number, call in enumerate(model.calls):
            layer = isinstance(call.target, Layer)
            called = {"layer": self.layer(call.target)} if layer else {"function": call.target.name}
            with self.inside(places):
                called |= {"args": self.value(list(call.arguments)), "settings": self._named(call.keywords)}
            calls.append(called)
            places |= {x: [number, n] for n, x in enumerate(call.outputs)}
        inputs = [{"name": x.name, "shape": list(x.shape), "dtype": x.dtype} for x in model.inputs]
        with self.inside(places):
            ends = {"input": self.value(model.input), "output": self.value(model.output)}
        return {"inputs": inputs, "calls": calls} | ends

    def _named(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self.value(x) for key, x in settings.items()}

    def ties(self) -> list[dict[str, Any]]:
        """Describe the ties of all layers in the table."""
        found = []
        for layer in self.held:  # grows while it is walked: a source may stand outside the model
            for name, held in layer._weights.items():
                if isinstance(held, Tie):
                    self.note_inner(held.layer)
                    entry: dict[str, Any] = {"layer": self.numbers[id(layer)], "weight": name}
                    entry |= {"to": self.layer(held.layer), "of": held.name}
                    if held.transform is not None:
                        entry["transform"] = registry.name_of(held.transform, "nn.Model.get_config")
                    found.append(entry)
        return found


class _Reader(Decoder):
    """Makes the layers of a table."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.entries = config["layers"]
        self.made: dict[int, Layer] = {}
        self.begun: set[int] = set()

    def root(self) -> Any:
        """Make everything and return the layer that was described."""
        # Inner models are made when they are called; ties must be there before anything is built.
        plain = [n for n, entry in enumerate(self.entries) if "graph" not in entry]
        for number in plain:
            self.layer(number)
        for one in self.config["ties"]:
            transform = None if "transform" not in one else registry.find(one["transform"], "nn.from_config")
            layer = self.layer(one["layer"])
            layer._weights[one["weight"]] = Tie(self.layer(one["to"]), one["of"], transform)
        build_all([(self.made[n], self.value(self.entries[n]["shapes"])) for n in plain if "shapes" in self.entries[n]])
        for number in range(len(self.entries)):
            self.layer(number)
        for number, entry in sorted(enumerate(self.entries), key=lambda pair: pair[1]["made"]):
            layer = self.made[number]
            layer._uid = _names.new_uid()
            against = entry.get("against", ())
            for name, variable in layer.own_weights():
                if name not in layer.borrowed():
                    variable.trainable = layer._trainable != (name in against)
        return self.made[self.config["root"]]

    def layer(self, number: int) -> Layer:
        """Return the layer of a number, made when it is first asked for."""
        if number in self.made:
            return self.made[number]
        if number in self.begun:
            msg = f"[nn.from_config] the description is damaged: layer {number} stands inside of itself"
            raise FileFormatError(msg)
        self.begun.add(number)
        entry = self.entries[number]
        if "inside" in entry:
            layer = self._inner(self.layer(entry["inside"]), entry["place"])
        elif "graph" in entry:
            layer = self._model(entry["graph"])
        else:
            kind = registry.find(entry["class"], "nn.from_config")
            settings = {key: self.value(x) for key, x in entry["settings"].items()}
            layer = kind(*(self.value(x) for x in entry["args"]), **settings)
        layer._named, layer._trainable = entry["named"], entry["trainable"]
        layer._reseed(entry["seed"])
        if layer._named:
            layer.name = entry["name"]
        self.made[number] = layer
        return layer

    def _inner(self, outer: Layer, place: str) -> Layer:
        found = dict(outer._attributes()).get(place)
        if isinstance(found, Layer):
            return found
        msg = f"[nn.from_config] {outer.title} does not make a layer at {place!r}; it must do so in __init__"
        raise InputError(msg)

    def _model(self, graph: Mapping[str, Any]) -> Model:
        inputs = [Symbol(tuple(x["shape"]), x["dtype"], x["name"], None, 0) for x in graph["inputs"]]
        symbols = {(-1, n): x for n, x in enumerate(inputs)}
        for number, call in enumerate(graph["calls"]):
            args = self.within(symbols, call["args"])
            kwargs = {key: self.within(symbols, x) for key, x in call["settings"].items()}
            if "layer" in call:
                result = self.layer(call["layer"])(*args, **kwargs)
            else:
                target = getattr(registry.find(call["function"], "nn.from_config"), "target", None)
                if not isinstance(target, Function):
                    msg = f"[nn.from_config] {call['function']!r} is no function that stands in graphs"
                    raise FileFormatError(msg)
                result = record(target, tuple(args), kwargs)
            symbols |= {(number, n): x for n, x in enumerate(_trees.leaves(result))}
        return Model(self.within(symbols, graph["input"]), self.within(symbols, graph["output"]))
