"""Copies of layers and models: the same values in weights of their own, or fresh weights; sharing stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochos import _core, random
from stochos.errors import InputError
from stochos.nn import _context, _names, _trees, graph
from stochos.nn._holder import INTERNAL
from stochos.nn._weights import Tie, own
from stochos.nn.layer import Layer
from stochos.nn.model import Model
from stochos.nn.random_stream import RandomStream
from stochos.nn.symbols import Symbol

__all__ = ["build_all", "clone", "copy"]

_GRAPH = ("_input", "_output", "_inputs", "_outputs", "_calls", "_layers")


def copy(layer: Layer, memo: dict[int, Any]) -> Any:
    """Do the work of `Layer.copy`; `memo` goes from the id of what is copied to its copy, as in `copy.deepcopy`."""
    return _Copier("copy", memo, fresh=False).finish(layer)


def clone(layer: Layer, seed: int | None) -> Any:
    """Do the work of `Layer.clone`."""
    if seed is None:
        return _Copier("clone", {}, fresh=True).finish(layer)
    with _context.seeded(random.seed_of(seed, "nn.clone")):
        return _Copier("clone", {}, fresh=True).finish(layer)


class _Copier:
    def __init__(self, verb: str, memo: dict[int, Any], *, fresh: bool) -> None:
        self.verb = verb
        self.memo = memo
        self.fresh = fresh
        self.variables: dict[int, _core.Variable] = {}
        self.made: list[tuple[Any, Any]] = []

    def finish(self, layer: Layer) -> Any:
        result = self.layer(layer)
        # The order in which layers were made numbers them in paths, so the copies keep it.
        for _, new in sorted(self.made, key=lambda pair: pair[0]._uid):
            new._uid = _names.new_uid()
            if self.fresh:
                new._reseed(_context.next_seed())
        if self.fresh:
            build_all([(new, old._built_shapes) for old, new in self.made if old._built_shapes is not None])
            for old, new in self.made:
                for name, held in new._weights.items():
                    if isinstance(held, _core.Variable):
                        held.trainable = old._weights[name].trainable
        for old, new in self.made:
            if isinstance(old, Model):
                self._graph(old, new)
        return result

    def layer(self, old: Any) -> Any:
        if id(old) in self.memo:
            return self.memo[id(old)]
        if old._reached:
            names = ", ".join(repr(inner.name) for inner in old._reached.values())
            msg = (
                f"[nn.{type(old).__name__}.{self.verb}] {old.title} calls {names}, which are no attributes of it, so "
                "the copy would call the originals; make them attributes, or pass them by nn.Lambda(f, layers=[...])"
            )
            raise InputError(msg)
        new = object.__new__(type(old))
        self.memo[id(old)] = new
        self.made.append((old, new))
        for name, value in vars(old).items():
            if name not in INTERNAL and name not in _GRAPH:
                new.__dict__[name] = _trees.mapped(self.leaf, value)
        if isinstance(old, Model):
            for _, child in old.children():
                self.layer(child)
        new.name, new._named, new._dtype, new._trainable = old.name, old._named, old._dtype, old._trainable
        new._uid, new._seed = old._uid, old._seed
        new._arguments = _trees.mapped(self.leaf, old._arguments)
        new._init_store()
        new._regularizers = dict(old._regularizers)
        for name, held in old._weights.items():
            if isinstance(held, Tie):
                new._weights[name] = Tie(self.layer(held.layer), held.name, held.transform)
            elif not self.fresh:
                new._weights[name] = own(new, self.variable(held))
        if not self.fresh:
            new._buffers = {name: self.variable(held) for name, held in old._buffers.items()}
            new._built_shapes = old._built_shapes
        return new

    def leaf(self, value: Any) -> Any:
        if isinstance(value, Layer):
            return self.layer(value)
        if isinstance(value, _core.Variable):
            return self.variable(value)
        if isinstance(value, RandomStream):
            if id(value) not in self.memo:
                self.memo[id(value)] = RandomStream(value.seed) if self.fresh else value.copy()
            return self.memo[id(value)]
        return value

    def variable(self, old: _core.Variable) -> _core.Variable:
        if old.id not in self.variables:
            new = _core.Variable(np.array(old.numpy()), name=old.name, trainable=old.trainable)
            self.variables[old.id] = new
        return self.variables[old.id]

    def _graph(self, old: Any, new: Any) -> None:
        if old._input is None:
            new._clear()
            return
        inputs = {x: Symbol(x.shape, x.dtype, x.name, None, 0, x) for x in old._inputs}
        # The weights of the old layers stand for those of the new ones where functions use them directly.
        for before, after in self.made:
            for name, held in before._weights.items():
                if isinstance(held, _core.Variable) and isinstance(after._weights.get(name), _core.Variable):
                    self.variables.setdefault(held.id, after._weights[name])
        outputs = graph.rebuild(
            old._output,
            inputs,
            lambda call: self.memo[id(call.target)] if isinstance(call.target, Layer) else call.target,
            same_shapes=True,
            constant=self.leaf,
        )
        new._set_graph(_trees.mapped(lambda x: inputs[x], old._input), outputs)


def build_all(pairs: list[tuple[Layer, Any]]) -> None:
    """Build layers from the shapes of their inputs, those that others are tied to first."""
    waiting = [(layer, shapes) for layer, shapes in pairs if not layer.built]
    while waiting:
        later = []
        for layer, shapes in waiting:
            ties = [held for held in layer._weights.values() if isinstance(held, Tie)]
            if any(not held.layer.built and any(held.layer is other for other, _ in waiting) for held in ties):
                later.append((layer, shapes))
                continue
            if not isinstance(layer, Model):
                layer.build(*shapes)
            layer._built_shapes = shapes
        if len(later) == len(waiting):
            msg = f"[nn.Model] the ties of {', '.join(repr(layer.name) for layer, _ in later)} wait for one another"
            raise InputError(msg)
        waiting = later
