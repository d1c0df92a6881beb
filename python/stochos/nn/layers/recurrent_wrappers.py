"""Recurrent layers made of recurrent layers: both directions, and one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stochos import _checks, _core
from stochos.errors import InputError
from stochos.nn import _context
from stochos.nn.layer import Layer
from stochos.nn.layers.recurrent_base import RecurrentLayer

__all__ = ["Bidirectional", "StackedRNN"]

ops = _core.ops
_MERGES = ("concat", "sum", "mul", "average")


class Bidirectional(Layer):
    """A recurrent layer in both directions over the same input (Schuster & Paliwal 1997).

    Parameters
    ----------
    layer : SimpleRNN, LSTM or GRU
        Its ``return_sequences`` and ``return_state`` hold for both.
    merge : {"concat", "sum", "mul", "average"} or None
        How the two results become one; None leaves them a pair.
    backward : SimpleRNN, LSTM or GRU, optional
        With ``reverse=True``; default: one with the settings of `layer`, and weights of its own.
    **settings
        Those of `Layer`.

    Attributes
    ----------
    forward, backward : SimpleRNN, LSTM or GRU

    Notes
    -----
    Called as the layer itself is. With lengths the way back begins at the last real step. The states are those of the
    forward layer, then those of the backward one: ``(y, h, c, h, c)``, and so is ``initial_state``.
    """

    def __init__(self, layer: Any, merge: str | None = "concat", *, backward: Any = None, **settings: Any) -> None:
        super().__init__(**settings)
        where = "nn.Bidirectional"
        _checks.instance(where, "layer", layer, RecurrentLayer, "give an nn.SimpleRNN, nn.LSTM or nn.GRU")
        if layer.reverse or layer.stateful:
            self.refuse("a layer that is neither reverse nor stateful", repr(layer))
        if backward is None:
            args, keywords = layer._settings()
            changed: dict[str, Any] = {"reverse": True, "seed": _context.sub_seed(layer._seed, "backward")}
            if layer._named:
                changed["name"] = f"{layer.name}_backward"
            backward = type(layer)(*args, **{**keywords, **changed})
        _checks.instance(where, "backward", backward, RecurrentLayer, "give an nn.SimpleRNN, nn.LSTM or nn.GRU")
        if not backward.reverse or backward.stateful or backward is layer:
            self.refuse("a backward layer made with reverse=True and not stateful", repr(backward))
        self.merge = None if merge is None else _checks.choice(where, "merge", merge, _MERGES)
        self.forward, self.backward = layer, backward

    def _settings(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        keywords = {key: value for key, value in self._arguments[1].items() if key not in ("layer", "merge")}
        return (self.forward, self.merge), {**keywords, "backward": self.backward}

    @property
    def units(self) -> int:
        """Length of the result's last axis; of one direction's when ``merge`` is None."""
        wide = self.merge == "concat"
        return int(self.forward.units) + (int(self.backward.units) if wide else 0)

    def call(
        self,
        x: Any,
        lengths: Any = None,
        mask: Any = None,
        initial_state: Any = None,
        return_sequences: bool | None = None,
        return_state: bool | None = None,
    ) -> Any:
        """Compute."""
        sequences = self.forward.return_sequences if return_sequences is None else return_sequences
        wanted = self.forward.return_state if return_state is None else return_state
        count = len(self.forward.state_names)
        first: list[Any] = [None, None]
        if initial_state is not None:
            given = list(initial_state)
            if len(given) != count + len(self.backward.state_names):
                self.refuse(f"{count + len(self.backward.state_names)} initial states", f"{len(given)}")
            first = [tuple(given[:count]), tuple(given[count:])]
        results = [
            layer(x, lengths=lengths, mask=mask, initial_state=start, return_sequences=sequences, return_state=True)
            for layer, start in zip((self.forward, self.backward), first, strict=True)
        ]
        y = self._merged(results[0][0], results[1][0])
        return (y, *results[0][1:], *results[1][1:]) if wanted else y

    def _merged(self, a: Any, b: Any) -> Any:
        if self.merge is None:
            return a, b
        if self.merge == "concat":
            return ops.concat([a, b], -1)
        if self.merge == "mul":
            return ops.mul(a, b)
        y = ops.add(a, b)
        return ops.mul(y, 0.5) if self.merge == "average" else y


class StackedRNN(Layer):
    """Recurrent layers one above the other; each sees every step of the one below.

    Parameters
    ----------
    layers : sequence of SimpleRNN, LSTM, GRU or Bidirectional
    dropout : float in [0, 1)
        In training, between the layers, numbers become 0 with this probability and the others grow accordingly.
    return_sequences : bool
        Whether the last layer's result has every step.
    return_state : bool
        Whether the last states of all layers come too, from the lowest up: ``(y, *states)``.
    **settings
        Those of `Layer`.

    Attributes
    ----------
    layers : list

    Notes
    -----
    Called as its layers are; ``initial_state`` is a list with one entry (or None) for each layer.

    Examples
    --------
    >>> net = nn.StackedRNN([nn.LSTM(64), nn.LSTM(64)], dropout=0.2)
    """

    def __init__(
        self,
        layers: Sequence[Any],
        dropout: float = 0.0,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.layers = list(layers)
        if not self.layers:
            msg = "[nn.StackedRNN] layers is empty; give at least one"
            raise InputError(msg)
        for layer in self.layers:
            if not isinstance(layer, (RecurrentLayer, Bidirectional)):
                self.refuse_kind("recurrent layers", repr(layer))
        for layer in self.layers[:-1]:
            if isinstance(layer, Bidirectional) and layer.merge is None:
                self.refuse("layers with one result below the last", f"{layer!r} with merge=None")
        self.dropout = _checks.real("nn.StackedRNN", "dropout", dropout, 0.0, 1.0)
        if self.dropout == 1.0:
            self.refuse("a dropout below 1", "1.0")
        self.return_sequences, self.return_state = bool(return_sequences), bool(return_state)
        self.stream = self.random_stream() if self.dropout else None

    def call(
        self,
        x: Any,
        lengths: Any = None,
        mask: Any = None,
        initial_state: Any = None,
        return_sequences: bool | None = None,
        return_state: bool | None = None,
        training: bool = False,
    ) -> Any:
        """Compute."""
        first = [None] * len(self.layers) if initial_state is None else list(initial_state)
        if len(first) != len(self.layers):
            self.refuse(f"an initial state (or None) for each of {len(self.layers)} layers", f"{len(first)}")
        sequences = self.return_sequences if return_sequences is None else return_sequences
        states: list[Any] = []
        for place, (layer, start) in enumerate(zip(self.layers, first, strict=True)):
            last = place == len(self.layers) - 1
            x, *found = layer(
                x,
                lengths=lengths,
                mask=mask,
                initial_state=start,
                return_sequences=sequences if last else True,
                return_state=True,
            )
            states += found
            if training and self.stream is not None and not last:
                kept = self.stream.bernoulli(tuple(x.shape), 1.0 - self.dropout)
                x = ops.where(kept, ops.mul(x, 1.0 / (1.0 - self.dropout)), 0.0)
        wanted = self.return_state if return_state is None else return_state
        return (x, *states) if wanted else x
