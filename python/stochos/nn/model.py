"""Models: graphs of layers from inputs to outputs. A model is a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np

from stochos import _core
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.nn import _names, _trees, graph
from stochos.nn._pictures_face import Pictured
from stochos.nn._training_face import Trained
from stochos.nn.layer import Layer
from stochos.nn.symbols import Call, Shape, Symbol

__all__ = ["Model"]


class Model(Trained, Pictured, Layer):
    """A graph of layers and functions, from inputs to outputs.

    A model is a layer: call it on arrays or tensors to compute, on symbols to use it inside another model (with the
    same weights). Nothing is copied when models are made of one another's tensors, so they share what they have in
    common. The verbs of surgery (`between`, `replace` and the others) leave the model as it is and return a new one.

    Parameters
    ----------
    inputs : Symbol, or list, tuple or dict of them
        An inner tensor may stand here too: the model then begins there.
    outputs : Symbol, or list, tuple or dict of them
    name : str, optional

    Attributes
    ----------
    input, output : Symbol, or list, tuple or dict of them
        As given.
    inputs, outputs : list of Symbol

    Raises
    ------
    InputError
        An output needs an input that is not given, or an input stands twice.
    InputTypeError
        Something is no symbol.

    Examples
    --------
    >>> x = nn.Input((784,))
    >>> layer = nn.Dense(784, activation="relu")
    >>> y = layer(layer(layer(x)))
    >>> model = nn.Model(x, y)
    >>> model.parameter_count  # 784 * 784 + 784: the layer has one set of weights
    615440
    """

    def __init__(self, inputs: Any, outputs: Any, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self._arguments = ((), {})  # the graph says it all
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        for what, tree in (("inputs", inputs), ("outputs", outputs)):
            for leaf in _trees.leaves(tree):
                if not isinstance(leaf, Symbol):
                    msg = f"[{self.title}] {what} hold {leaf!r}; give symbols: nn.Input(...) and what layers made of it"
                    raise InputTypeError(msg)
        begins = list(_trees.leaves(inputs))
        if len(set(begins)) < len(begins):
            msg = f"[{self.title}] one symbol stands twice among the inputs: {', '.join(x.name for x in begins)}"
            raise InputError(msg)
        fresh = {
            x: Symbol(x.shape, x.dtype, x.name.replace(":", "_"), None, 0, x) for x in begins if x.call is not None
        }
        missing = [x for x in graph.sources(_trees.leaves(outputs), begins) if x not in begins]
        if missing:
            msg = (
                f"[{self.title}] the outputs need {', '.join(repr(x.name) for x in missing)}, not among the inputs "
                f"{', '.join(repr(x.name) for x in begins)}; add them, or cut with model.between"
            )
            raise InputError(msg)
        if fresh:
            outputs = graph.rebuild(outputs, fresh, same_shapes=True)
            inputs = _trees.mapped(lambda x: fresh.get(x, x), inputs)
        self._input, self._output = inputs, outputs
        self._inputs: list[Symbol] = list(_trees.leaves(inputs))
        self._outputs: list[Symbol] = list(_trees.leaves(outputs))
        self._calls = graph.order(self._outputs, self._inputs)[0]
        layers = {id(c.target): c.target for c in self._calls if isinstance(c.target, Layer)}
        self._layers: list[tuple[str, Layer]] = _names.in_model(layers.values())
        self._built_shapes = ()

    # --- what it is ---------------------------------------------------------------------------------------------

    @property
    def input(self) -> Any:
        """The input symbol, or the list, tuple or dict of them that the model was made with."""
        return self._input

    @property
    def output(self) -> Any:
        """The output symbol, or the list, tuple or dict of them that the model was made with."""
        return self._output

    @property
    def inputs(self) -> list[Symbol]:
        """The input symbols."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[Symbol]:
        """The output symbols."""
        return list(self._outputs)

    @property
    def layers(self) -> list[Layer]:
        """The layers of the graph, each once, in the order of their first call."""
        return [layer for _, layer in self._layers]

    @property
    def calls(self) -> list[Call]:
        """The calls of the graph, each after those that it needs."""
        return list(self._calls)

    def children(self) -> list[tuple[str, Layer]]:
        """Return the layers of the graph as (name, layer); the names are those in paths of files."""
        return list(self._layers)

    def own_weights(self) -> Iterator[tuple[str, _core.Variable]]:
        """Yield the variables that functions in the graph use directly, with no layer between."""
        found: dict[int, _core.Variable] = {}
        for call in self._calls:
            for leaf in _trees.leaves((call.arguments, call.keywords)):
                if isinstance(leaf, _core.Variable):
                    found.setdefault(leaf.id, leaf)
        for number, variable in enumerate(found.values()):
            yield f"variable_{number}", variable

    def borrowed(self) -> dict[str, bool]:
        """Return the names of `own_weights`, which may belong to a layer."""
        return {name: False for name, _ in self.own_weights()}

    def layer(self, name: str) -> Layer:
        """Return the layer of a name.

        Parameters
        ----------
        name : str
            As `summary` shows it; "block/dense" is the layer "dense" inside "block".

        Raises
        ------
        UnknownNameError
            There is none.
        """
        for path, inner in _names.walk(self):
            if path == name and isinstance(inner, Layer) and inner is not self:
                return inner
        for inner in self.layers:
            if inner.name == name:
                return inner
        msg = f"[nn.Model.layer] {self.name!r} has no layer {name!r}; it has {', '.join(n for n, _ in self._layers)}"
        raise UnknownNameError(msg)

    def tensor(self, layer: str | Layer, call: int | None = None) -> Any:
        """Return what a layer returned in this model.

        Parameters
        ----------
        layer : str or Layer
        call : int, optional
            Which of its calls, from 0; needed when there are several.

        Returns
        -------
        Symbol, or list, tuple or dict of them

        Raises
        ------
        InputError
            The layer is called more often, or not that often.
        UnknownNameError
            The model has no such layer.
        """
        from stochos.nn import surgery

        return surgery.tensor(self, layer, call)

    def __repr__(self) -> str:
        if not self.built:
            return f"<{self.title}, not built>"
        ends = " → ".join(", ".join(f"{x.name} {_told(x.shape)}" for x in xs) for xs in (self._inputs, self._outputs))
        layers = f"{len(self._layers)} layer{'s' if len(self._layers) != 1 else ''}"
        return f"<{self.title}: {ends}; {layers}, {self.parameter_count:,} parameters>"

    def _repr_html_(self) -> str:
        from stochos.nn import summary

        return summary.html(self)

    # --- computing ----------------------------------------------------------------------------------------------

    def call(self, *inputs: Any) -> Any:
        """Compute the outputs."""
        values = self._bind(inputs)
        known = {symbol: self._accepted(symbol, value) for symbol, value in zip(self._inputs, values, strict=True)}
        return graph.run(self._calls, known, self._output)

    def check(self, *inputs: Any) -> None:
        """Look whether the inputs fit the model's."""
        for symbol, value in zip(self._inputs, self._bind(inputs), strict=True):
            shape = getattr(value, "shape", ())
            if not _fits(symbol.shape, tuple(shape)):
                self.refuse(f"input {symbol.name!r} of shape {symbol.shape}", f"shape {tuple(shape)}")

    def _reach(self, layer: Layer) -> None:
        """Do nothing: the layers of the graph are known."""

    def _bind(self, given: tuple[Any, ...]) -> list[Any]:
        """Return the inputs in order, from separate arguments or from one list, tuple or dict."""
        if len(given) == 1 and isinstance(given[0], dict):
            tree = given[0]
            keys = self._input if isinstance(self._input, dict) else {x.name: x for x in self._inputs}
            if set(tree) != set(keys):
                self.refuse(f"inputs named {', '.join(map(repr, keys))}", f"{', '.join(map(repr, tree))}")
            found = [tree[key] for key in keys]
        else:
            found = list(_trees.leaves(given))
        if len(found) != len(self._inputs):
            names = ", ".join(repr(x.name) for x in self._inputs)
            self.refuse(f"{len(self._inputs)} inputs ({names})", f"{len(found)}")
        return found

    def _accepted(self, symbol: Symbol, value: Any) -> Any:
        if not isinstance(value, (_core.Tensor, _core.Variable)):
            value = _core.tensor(np.asarray(value))
        if value.dtype == symbol.dtype:
            return value
        floating = "float" in symbol.dtype
        if ("float" in value.dtype and not floating) or (symbol.dtype == "bool"):
            self.refuse_kind(f"input {symbol.name!r} of dtype {symbol.dtype}", value.dtype)
        return _core.ops.cast(value, symbol.dtype)

    # --- surgery; see stochos.nn.surgery ------------------------------------------------------------------------

    def between(self, start: Any, end: Any, *, name: str | None = None) -> Model:
        """Cut out the model from one inner place to another, with the same layers.

        Parameters
        ----------
        start : Symbol, Layer, str or list of them
            A tensor: the new model's input stands in its place. A layer or its name: the cut begins before the
            layer, which is the first of the new model.
        end : Symbol, Layer, str or list of them
            A tensor, or a layer, which is the last of the new model.
        name : str, optional

        Returns
        -------
        Model
            Its inputs are `start` and then those inputs of this model that `end` also needs by other ways. It holds
            only the layers on the way.

        Raises
        ------
        InputError
            `start` does not lead to `end`, or a layer is called several times: then give one of its tensors.
        UnknownNameError
            The model has no such layer or tensor.

        Notes
        -----
        Tensors and layers inside a model that is a layer of this one can be given too.

        Examples
        --------
        >>> x = nn.Input((8,))
        >>> h1 = nn.Dense(6, name="first")(x)
        >>> h2 = nn.Dense(4, name="second")(h1)
        >>> model = nn.Model(x, nn.Dense(2, name="third")(h2))
        >>> tail = model.between(h2, model.output)
        >>> middle = model.between("first", "third")
        """
        from stochos.nn import surgery

        return surgery.between(self, start, end, name)

    def outputs_of(self, what: Sequence[Any], *, name: str | None = None) -> Model:
        """Return the model with the same inputs whose outputs are these inner tensors.

        Parameters
        ----------
        what : list of Symbol, Layer or str
            A layer stands for what it returns.
        name : str, optional

        Raises
        ------
        InputError, UnknownNameError
            As in `between`.
        """
        from stochos.nn import surgery

        return surgery.outputs_of(self, what, name)

    def replace(self, layer: str | Layer, new: Layer | Callable[..., Any]) -> Model:
        """Return the model with another layer, or function of tensors, wherever `layer` is called.

        The other layers are the same objects, so this model and the new one share them. Layers inside models that
        are layers of this one are found as well.

        Raises
        ------
        InputError
            The new layer's result does not fit where the old one's went.
        UnknownNameError
            The model has no such layer.
        """
        from stochos.nn import surgery

        return surgery.replace(self, layer, new)

    def insert_after(self, where: Symbol | str | Layer, new: Layer | Callable[..., Any]) -> Model:
        """Return the model with `new` called on what `where` returns, for all who use that.

        Parameters
        ----------
        where : Symbol, Layer or str
            A tensor, or a layer: then after each of its calls.
        new : Layer or function of tensors

        Raises
        ------
        InputError, UnknownNameError
            As in `replace`.
        """
        from stochos.nn import surgery

        return surgery.insert_after(self, where, new)

    def remove(self, layer: str | Layer) -> Model:
        """Return the model without a layer; who used its result gets its input.

        Raises
        ------
        InputError
            The layer does not have one input and one output, or what follows does not fit.
        UnknownNameError
            The model has no such layer.
        """
        from stochos.nn import surgery

        return surgery.remove(self, layer)

    def expand(self) -> Model:
        """Return the same function with the layers of inner models in place of the models."""
        from stochos.nn import surgery

        return surgery.expand(self)

    def freeze(self, *layers: str | Layer) -> Self:
        """Take layers, or without an argument all of them, out of training. Returns the model."""
        return self._freeze(layers, False)

    def unfreeze(self, *layers: str | Layer) -> Self:
        """Let layers, or without an argument all of them, train. Returns the model."""
        return self._freeze(layers, True)

    def _freeze(self, layers: tuple[str | Layer, ...], trainable: bool) -> Self:
        chosen = [self.layer(x) if isinstance(x, str) else x for x in layers]
        for layer in chosen:
            layer._set_trainable(trainable)
        return self if layers else self._set_trainable(trainable)


def _told(shape: Shape) -> str:
    return f"({', '.join('?' if n is None else str(n) for n in shape)})"


def _fits(expected: Shape, given: Shape) -> bool:
    return len(expected) == len(given) and all(
        a is None or b is None or a == b for a, b in zip(expected, given, strict=True)
    )
