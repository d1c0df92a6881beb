"""The weights and settings of one recurrent layer, taken out of it as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos.errors import InputError, InputTypeError

__all__ = ["KINDS", "Weights"]

WHERE = "nn.gradient_flow"
Array = NDArray[np.float64]

#: What the columns of the kernels are, in blocks of H.
KINDS = {("h",): "SimpleRNN", ("i", "f", "g", "o"): "LSTM", ("z", "r", "n"): "GRU"}
_GATES = {kind: gates for gates, kind in KINDS.items()}
_EXTRAS = ("recurrent_bias", "peephole", "kernel_gain", "recurrent_gain", "state_gain", "state_bias")


@dataclasses.dataclass(frozen=True)
class Weights:
    """Weights of a SimpleRNN, LSTM or GRU as float64 arrays; G is the number of its gates.

    Parameters
    ----------
    kind : {"SimpleRNN", "LSTM", "GRU"}
    kernel : array, shape (C, G H)
        Columns in blocks of H: h; or i, f, g, o; or z, r, n.
    recurrent : array, shape (H, G H)
    bias : array, shape (G H,), optional
    extras : mapping of str to array
        ``recurrent_bias`` (H,) of a GRU with ``reset="after"``; ``peephole`` (3, H) for i, f, o; ``kernel_gain`` and
        ``recurrent_gain`` (4 H,), ``state_gain`` and ``state_bias`` (H,) of a layer-normalised LSTM.
    activation : {"tanh", "relu"}
        Of a SimpleRNN.
    reset : {"after", "before", "output"}
        Where the reset gate of a GRU acts.
    name : str
    reverse : bool
        The layer runs from the last step to the first.

    Raises
    ------
    InputError
        A shape or a setting does not fit.
    """

    kind: str
    kernel: Array
    recurrent: Array
    bias: Array | None = None
    extras: Mapping[str, Array] = dataclasses.field(default_factory=dict)
    activation: str = "tanh"
    reset: str = "after"
    name: str = ""
    reverse: bool = False

    def __post_init__(self) -> None:
        if self.kind not in _GATES:
            self._refuse(f"kind is {self.kind!r}; give one of {', '.join(_GATES)}")
        for name, allowed in (("activation", ("tanh", "relu")), ("reset", ("after", "before", "output"))):
            if getattr(self, name) not in allowed:
                self._refuse(f"{name} is {getattr(self, name)!r}; give one of {', '.join(map(repr, allowed))}")
        for name in ("kernel", "recurrent", "bias"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.ascontiguousarray(value, np.float64))
        held = {name: np.ascontiguousarray(value, np.float64) for name, value in self.extras.items()}
        object.__setattr__(self, "extras", held)
        if self.bias is None:
            object.__setattr__(self, "bias", np.zeros(self.kernel.shape[-1]))  # so that it is never None
        self._check()

    def _check(self) -> None:
        wide = len(self.gates) * self.units
        shapes = {
            "recurrent_bias": (self.units,), "peephole": (3, self.units), "kernel_gain": (wide,),
            "recurrent_gain": (wide,), "state_gain": (self.units,), "state_bias": (self.units,),
        }  # fmt: skip
        if self.kernel.ndim != 2 or self.recurrent.ndim != 2:
            self._refuse(
                f"kernel and recurrent are of shapes {self.kernel.shape} and {self.recurrent.shape}; give matrices"
            )
        told = {
            "kernel": (self.kernel, (self.kernel.shape[0], wide)), "recurrent": (self.recurrent, (self.units, wide)),
            "bias": (self.given_bias, (wide,)),
        }  # fmt: skip
        for name, value in self.extras.items():
            if name not in shapes:
                self._refuse(f"there is no weight {name!r}; the extras are {', '.join(shapes)}")
            told[name] = (value, shapes[name])
        for name, (value, shape) in told.items():
            if value.shape != shape:
                self._refuse(f"{name} is of shape {value.shape}; a {self.kind} of {self.units} units has {shape}")
            if not np.isfinite(value).all():
                self._refuse(f"{name} holds {np.count_nonzero(~np.isfinite(value))} numbers that are not finite")
        norm = [name for name in _EXTRAS[2:] if name in self.extras]
        if norm and len(norm) < 4:
            self._refuse(f"of the layer normalisation there is {', '.join(norm)} alone; give {', '.join(_EXTRAS[2:])}")

    def _refuse(self, text: str) -> None:
        msg = f"[{WHERE}] {text}"
        raise InputError(msg)

    @property
    def units(self) -> int:
        """H."""
        return int(self.recurrent.shape[0])

    @property
    def gates(self) -> tuple[str, ...]:
        """Names of the blocks of columns."""
        return _GATES[self.kind]

    @property
    def two_states(self) -> bool:
        """Whether there is a cell state c beside h."""
        return self.kind == "LSTM" or (self.kind == "GRU" and self.reset == "output")

    @property
    def layer_norm(self) -> bool:
        """Whether the layer is normalised."""
        return "state_gain" in self.extras

    @property
    def orthogonal(self) -> bool:
        """Whether each gate's recurrent kernel is an orthogonal matrix."""
        every = (self.turned(gate) for gate in self.gates)
        return all(np.allclose(u @ u.T, np.eye(self.units), atol=1e-4) for u in every)

    @property
    def given_bias(self) -> Array:
        """The bias, zeros where none was given."""
        assert self.bias is not None
        return self.bias

    @property
    def parameter_count(self) -> int:
        """How many numbers the weights are."""
        return int(
            self.kernel.size + self.recurrent.size + self.given_bias.size + sum(v.size for v in self.extras.values())
        )

    def columns(self, gate: str) -> slice:
        """Return which columns belong to a gate."""
        place = self.gates.index(gate)
        return slice(place * self.units, (place + 1) * self.units)

    def turned(self, gate: str) -> Array:
        """Return the transpose of a gate's recurrent kernel: what its pre-activation takes from each unit of h."""
        return np.ascontiguousarray(self.recurrent[:, self.columns(gate)].T)

    def with_(self, **changes: Any) -> Weights:
        """Return a copy with other values."""
        return dataclasses.replace(self, **changes)

    @classmethod
    def of(cls, layer: Any) -> Weights:
        """Take the weights out of a built layer or cell.

        Raises
        ------
        InputTypeError
            It is no SimpleRNN, LSTM or GRU.
        """
        kind = KINDS.get(tuple(getattr(layer, "gates", ())))
        if kind is None:
            msg = (
                f"[{WHERE}] {type(layer).__name__} is no recurrent layer; give nn.SimpleRNN, nn.LSTM, nn.GRU, one of "
                "their cells, or a model that holds one"
            )
            raise InputTypeError(msg)

        def read(name: str) -> Array:
            return np.asarray(getattr(layer, name).numpy(), np.float64)

        own = dict(layer.own_weights())
        held = {name: read(name) for name in _EXTRAS if name in own}
        return cls(
            kind, read("kernel"), read("recurrent_kernel"), read("bias") if "bias" in own else None, held,
            activation=getattr(layer, "activation", "tanh"), reset=getattr(layer, "reset", "after"), name=layer.name,
            reverse=bool(getattr(layer, "reverse", False)),
        )  # fmt: skip
