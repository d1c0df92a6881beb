"""What recurrent layers and their cells share: settings, weights, masks, and one call of the core."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, _core
from stochos.errors import InputError
from stochos.nn import _context, regularizers
from stochos.nn._recurrent_initializers import Chrono, GateBias, GateByGate
from stochos.nn.initializers import Initializer
from stochos.nn.layer import Layer

__all__ = ["Recurrent", "RecurrentCell", "RecurrentLayer", "step_mask"]

ops = _core.ops


def step_mask(layer: Layer, x: Any, lengths: Any, mask: Any) -> Any:
    """Return the bool mask (B, T) of the steps that are real; None when all are."""
    batch, time = x.shape[0], x.shape[1]
    found: Any = None
    if lengths is not None:
        given = lengths if isinstance(lengths, (_core.Tensor, _core.Variable)) else _core.tensor(np.asarray(lengths))
        if tuple(given.shape) != (batch,) or given.dtype not in ("int32", "int64"):
            layer.refuse(f"lengths of shape ({batch},) and of whole numbers", f"{given.dtype} {tuple(given.shape)}")
        if not (_context.current.inferring or _core.tracing()):
            values = given.numpy()
            if values.size and (values.min() < 0 or values.max() > time):
                layer.refuse(f"lengths from 0 to {time}, the number of steps", f"{values.min()} to {values.max()}")
        found = ops.less(_core.tensor(np.arange(time))[None], given[:, None])
    if mask is not None:
        given = mask if isinstance(mask, (_core.Tensor, _core.Variable)) else _core.tensor(np.asarray(mask))
        if tuple(given.shape) != (batch, time):
            layer.refuse(f"a mask of shape ({batch}, {time})", f"shape {tuple(given.shape)}")
        given = given if given.dtype == "bool" else ops.not_equal(given, 0)
        found = given if found is None else ops.logical_and(found, given)
    return found


class Recurrent(Layer):
    """Weights of a recurrent cell; the base of layers over sequences and of single cells."""

    main_weight = "kernel"
    #: Names of the gates, in the order of the blocks of columns of the weights.
    gates: ClassVar[tuple[str, ...]] = ()

    def _settle(
        self,
        units: int,
        use_bias: bool,
        initializers: tuple[Any, Any, Any],
        penalties: tuple[Any, Any, Any],
        implementation: str,
    ) -> None:
        where = f"nn.{type(self).__name__}"
        self.units = _checks.whole(where, "units", units, 1)
        self.use_bias = bool(use_bias)
        self.implementation = _checks.choice(where, "implementation", implementation, ("fused", "composed"))
        self._initializers = initializers
        self._penalties = tuple(regularizers.get(penalty) for penalty in penalties)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states that go from step to step."""
        return ("h",)

    @property
    def _cell(self) -> str:
        """The core's name of the cell."""
        return ""

    def _gate_biases(self) -> dict[int, tuple[Any, float]]:
        """Return {gate: (start, sign)} of gates whose bias starts elsewhere."""
        return {}

    def _start(self, name: str, value: Any) -> Any:
        """Check a bias to start with."""
        if isinstance(value, Initializer):
            return value
        return _checks.real(f"nn.{type(self).__name__}", name, value)

    def _make_weights(self, channels: int | None) -> None:
        count, width = len(self.gates), len(self.gates) * self.units
        kernel, recurrent, bias = self._initializers
        self.add_weight("kernel", (channels, width), GateByGate(kernel, count), regularizer=self._penalties[0])
        self.add_weight(
            "recurrent_kernel", (self.units, width), GateByGate(recurrent, count), regularizer=self._penalties[1]
        )
        if self.use_bias:
            start = GateBias(bias, count, self._gate_biases())
            self.add_weight("bias", (width,), start, regularizer=self._penalties[2])
        self._make_own_weights()

    def _make_own_weights(self) -> None:
        """Make what only this kind has."""

    def _own_arguments(self) -> dict[str, Any]:
        """Return the core's arguments that only this kind has."""
        return {}

    def gate(self, name: str, weight: str = "recurrent_kernel") -> NDArray[Any]:
        """Return a copy of one gate's columns of a weight.

        Parameters
        ----------
        name : str
            One of ``gates``.
        weight : {"recurrent_kernel", "kernel", "bias"}

        Returns
        -------
        ndarray
            (H, H), (C, H) or (H,).

        Raises
        ------
        InputError
            There is no such gate.
        """
        _checks.choice(f"nn.{type(self).__name__}.gate", "name", name, self.gates)
        _checks.choice(f"nn.{type(self).__name__}.gate", "weight", weight, ("recurrent_kernel", "kernel", "bias"))
        at = self.gates.index(name) * self.units
        return np.array(getattr(self, weight).numpy()[..., at : at + self.units])

    def _advance(self, x: Any, states: tuple[Any, ...], mask: Any, reverse: bool) -> tuple[Any, ...]:
        """Call the core: h, c and gates of all steps, and the last h and c."""
        h = states[0] if states else None
        c = states[1] if len(states) > 1 else None
        return ops.recurrent(
            self._cell,
            x,
            self.kernel,
            self.recurrent_kernel,
            bias=self.bias if self.use_bias else None,
            h=h,
            c=c,
            mask=mask,
            reverse=reverse,
            fused=self.implementation == "fused",
            **self._own_arguments(),
        )

    def _given_states(self, given: Any, batch: int) -> tuple[Any, ...]:
        """Return the states to start with as a tuple; empty for zeros."""
        if given is None:
            return ()
        states = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        names = self.state_names
        if len(states) != len(names):
            self.refuse(f"an initial state of {len(names)} ({', '.join(names)})", f"{len(states)}")
        for name, state in zip(names, states, strict=True):
            if tuple(getattr(state, "shape", ())) != (batch, self.units):
                self.refuse(f"a state {name} of shape ({batch}, {self.units})", f"{getattr(state, 'shape', state)}")
        return states


class RecurrentLayer(Recurrent):
    """A recurrent layer over sequences; use `SimpleRNN`, `LSTM` or `GRU`."""

    def _settle_sequences(self, return_sequences: bool, return_state: bool, reverse: bool, stateful: bool) -> None:
        self.return_sequences, self.return_state = bool(return_sequences), bool(return_state)
        self.reverse, self.stateful = bool(reverse), bool(stateful)
        if self.reverse and self.stateful:
            msg = f"[nn.{type(self).__name__}] reverse and stateful exclude each other: the next batch comes after"
            raise InputError(msg)

    def build(self, *shapes: Any) -> None:
        """Make the weights, and the states if they stay from call to call."""
        shape = shapes[0]
        if shape is None or len(shape) != 3:
            self.refuse("an input of shape (B, T, C)", f"shape {shape}")
        self._make_weights(shape[-1])
        if self.stateful:
            if shape[0] is None:
                self.refuse("a fixed batch, for it is stateful (nn.Input(..., batch=B))", f"shape {shape}")
            for name in self.state_names:
                self.add_buffer(f"state_{name}", (shape[0], self.units), "zeros")

    def check(self, *inputs: Any) -> None:
        """Look at the axes and the dtype."""
        x = inputs[0]
        self.expect_float(x)
        width = self.kernel.shape[0]
        if len(x.shape) != 3 or x.shape[-1] != width:
            self.refuse(f"an input of shape (B, T, {width})", f"shape {tuple(x.shape)}")

    def reset_states(self) -> None:
        """Let a stateful layer begin from zeros again."""
        for name in self.state_names if self.stateful and self.built else ():
            kept = self._buffers[f"state_{name}"]
            kept.assign(np.zeros(kept.shape, kept.dtype))

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
        real = step_mask(self, x, lengths, mask)
        h, _, _, last_h, last_c = self._advance(x, self._first_states(x, initial_state), real, self.reverse)
        last = (last_h,) if len(self.state_names) == 1 else (last_h, last_c)
        if self.stateful:
            for name, state in zip(self.state_names, last, strict=True):
                self.update(f"state_{name}", ops.stop_gradient(state))
        y = last_h
        if self.return_sequences if return_sequences is None else return_sequences:
            y = h if real is None else ops.where(real[:, :, None], h, 0.0)
        wanted = self.return_state if return_state is None else return_state
        return (y, *last) if wanted else y

    def _first_states(self, x: Any, given: Any) -> tuple[Any, ...]:
        if given is not None or not self.stateful:
            return self._given_states(given, x.shape[0])
        kept = tuple(self._buffers[f"state_{name}"] for name in self.state_names)
        if kept[0].shape[0] != x.shape[0]:
            self.refuse(f"batches of {kept[0].shape[0]}, for it is stateful", f"shape {tuple(x.shape)}")
        return kept

    def states(
        self, x: Any, lengths: Any = None, mask: Any = None, initial_state: Any = None
    ) -> dict[str, _core.Tensor]:
        """Return states and gates of every step; they have derivatives.

        Parameters
        ----------
        x : array_like or Tensor, shape (B, T, C)
        lengths : array_like of int, shape (B,), optional
        mask : array_like of bool, shape (B, T), optional
        initial_state : Tensor or tuple of Tensor, optional

        Returns
        -------
        dict of str to Tensor
            ``"h"``, for cells with two states ``"c"``, and each gate by its name, all of shape (B, T, H). In steps that
            are skipped the states stay and the gates are 0. `GRU` with ``reset="after"`` also has ``"q"``, what the
            reset gate multiplies.
        """
        x = x if isinstance(x, (_core.Tensor, _core.Variable)) else _core.tensor(np.asarray(x))
        self._ensure_built((x,))
        x = self._in_own_dtype(x)
        real = step_mask(self, x, lengths, mask)
        h, c, gates, _, _ = self._advance(x, self._first_states(x, initial_state), real, self.reverse)
        found = {"h": h} if c is None else {"h": h, "c": c}
        if len(self.gates) > 1:
            kept = gates if real is None else ops.where(real[:, :, None], gates, 0.0)
            for place, name in enumerate(self._kept_names()):
                found[name] = kept[:, :, place * self.units : (place + 1) * self.units]
        return found

    def _kept_names(self) -> tuple[str, ...]:
        return self.gates


class RecurrentCell(Recurrent):
    """One step of a recurrent layer; use `SimpleRNNCell`, `LSTMCell` or `GRUCell`."""

    def build(self, *shapes: Any) -> None:
        """Make the weights."""
        shape = shapes[0]
        if shape is None or len(shape) != 2:
            self.refuse("an input of shape (B, C)", f"shape {shape}")
        self._make_weights(shape[-1])

    def check(self, *inputs: Any) -> None:
        """Look at the axes and the dtype."""
        x = inputs[0]
        self.expect_float(x)
        width = self.kernel.shape[0]
        if len(x.shape) != 2 or x.shape[-1] != width:
            self.refuse(f"an input of shape (B, {width})", f"shape {tuple(x.shape)}")

    def call(self, x: Any, state: Any = None) -> Any:
        """Compute: the next state as a tuple."""
        found = self._advance(x[:, None, :], self._given_states(state, x.shape[0]), None, False)
        return (found[3],) if len(self.state_names) == 1 else (found[3], found[4])


def remembering(start: Any) -> bool:
    """Tell whether a bias is chosen by how long to remember."""
    return isinstance(start, Chrono)
