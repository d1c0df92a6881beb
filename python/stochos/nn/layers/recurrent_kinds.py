"""What is particular to each kind of recurrent cell."""

from __future__ import annotations

from typing import Any, ClassVar

from stochos import _checks
from stochos.nn.layers.recurrent_base import Recurrent, remembering

__all__ = ["GRUKind", "LSTMKind", "SimpleKind"]


class SimpleKind(Recurrent):
    """The plain cell."""

    gates: ClassVar[tuple[str, ...]] = ("h",)
    activation: str

    @property
    def _cell(self) -> str:
        return f"simple_{self.activation}"


class LSTMKind(Recurrent):
    """The long short-term memory."""

    gates: ClassVar[tuple[str, ...]] = ("i", "f", "g", "o")

    def _settle_lstm(self, peephole: bool, layer_norm: bool, forget_bias: Any) -> None:
        self.peephole_on, self.layer_norm = bool(peephole), bool(layer_norm)
        self.forget_bias = self._start("forget_bias", forget_bias)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states that go from step to step."""
        return ("h", "c")

    @property
    def _cell(self) -> str:
        return "lstm"

    def _gate_biases(self) -> dict[int, tuple[Any, float]]:
        special = {1: (self.forget_bias, 1.0)}
        if remembering(self.forget_bias):
            special[0] = (self.forget_bias, -1.0)
        return special

    def _make_own_weights(self) -> None:
        if self.peephole_on:
            self.add_weight("peephole", (3, self.units), "zeros")
        if self.layer_norm:
            width = len(self.gates) * self.units
            self.add_weight("kernel_gain", (width,), "ones")
            self.add_weight("recurrent_gain", (width,), "ones")
            self.add_weight("state_gain", (self.units,), "ones")
            self.add_weight("state_bias", (self.units,), "zeros")

    def _own_arguments(self) -> dict[str, Any]:
        gains = (self.kernel_gain, self.recurrent_gain, self.state_gain, self.state_bias) if self.layer_norm else None
        return {"peephole": self.peephole if self.peephole_on else None, "gains": gains}


class GRUKind(Recurrent):
    """The gated recurrent unit."""

    gates: ClassVar[tuple[str, ...]] = ("z", "r", "n")

    def _settle_gru(self, reset: str, update_bias: Any) -> None:
        where = f"nn.{type(self).__name__}"
        self.reset = _checks.choice(where, "reset", reset, ("after", "before", "output"))
        self.update_bias = self._start("update_bias", update_bias)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the states that go from step to step."""
        return ("h", "c") if self.reset == "output" else ("h",)

    @property
    def _cell(self) -> str:
        return f"gru_{self.reset}"

    def _gate_biases(self) -> dict[int, tuple[Any, float]]:
        return {0: (self.update_bias, -1.0 if remembering(self.update_bias) else 1.0)}

    def _make_own_weights(self) -> None:
        if self.reset == "after" and self.use_bias:
            self.add_weight("recurrent_bias", (self.units,), "zeros")

    def _own_arguments(self) -> dict[str, Any]:
        return {"recurrent_bias": self.recurrent_bias if self.reset == "after" and self.use_bias else None}
