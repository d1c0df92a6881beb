"""The LSTM, with peepholes and layer normalisation where the layer has them.

With i, f, o = sigmoid(...), g = tanh(...), c = f c' + i g and h = o tanh(c), putting h' = o' tanh(c') into the gates
gives (kexue.fm/archives/7888)

    dc/dc' = diag(f) + diag(c' f (1-f)) U_f D' + diag(g i (1-i)) U_i D' + diag(i (1-g^2)) U_g D',

where D' = diag(o' (1 - tanh(c')^2)). The output gate o' stands for itself: it hangs on h'' and not on c'. Before the
first step there is no output gate, and the state's c and h are taken as given apart: D' is zero there.
"""

from __future__ import annotations

import numpy as np

from stochos import _core
from stochos.nn.flow._cell import EPSILON, Cell, Piece, Places, Scale, add_diagonal, add_diagonal_block, sigmoid
from stochos.nn.flow._weights import Array

__all__ = ["LSTMCell"]


def _normalised(values: Array) -> tuple[Array, Array]:
    """Return values less their mean over their standard deviation along the last axis, and that deviation."""
    middle = values - values.mean(axis=-1, keepdims=True)
    spread = np.sqrt((middle * middle).mean(axis=-1, keepdims=True) + EPSILON)
    return middle / spread, spread


class LSTMCell(Cell):
    """The chain is that of c; the whole state is (c, h)."""

    terms: tuple[str, ...] = ("forget gate", "through f", "through i", "through candidate")

    def run(self) -> None:
        """Fill the states, the gates and the factors of the terms."""
        weights, size = self.weights, self.units
        extras = weights.extras
        norm = weights.layer_norm
        peep = extras.get("peephole", np.zeros((3, size)))
        given = self.x @ weights.kernel
        if norm:
            self._kernel_unit, self._kernel_spread = _normalised(given)
            given = self._kernel_unit * extras["kernel_gain"]
            self._unit = np.empty_like(given)
            self._spread = np.empty((*given.shape[:2], 1))
        given = given + weights.given_bias
        assert self.c is not None
        slope = np.empty((self.batch, self.length + 1, size), self.run_dtype)
        slope[:, 0] = 0.0
        unit_c = np.zeros_like(slope) if norm else None
        # With normalisation and peepholes both, the output gate sees c past the normalisation.
        direct = np.zeros_like(slope) if norm and "peephole" in extras else None
        bent = np.empty((self.batch, self.length, size), self.run_dtype)
        if self.real.all() and not norm and "peephole" not in extras:
            self._plain(given, slope, bent)
        else:
            self._steps(given, peep, bent, Scale(slope, unit_c, direct))
        gates = self.gates
        i, f, g, o = (gates[name] for name in "ifgo")
        before_c = self.c[:, :-1]
        zero = self.zero_skipped
        self._factors = {
            "f": zero(before_c * f * (1.0 - f)),
            "i": zero(g * i * (1.0 - i)),
            "g": zero(i * (1.0 - g * g)),
            "o": zero(bent * o * (1.0 - o)),
        }
        self._forget = zero(f, 1.0)
        self._turned = {name: weights.turned(name) for name in "ifgo"}
        self._peep = dict(zip("ifo", peep, strict=True)) if "peephole" in extras else {}
        self._scale = Scale(slope, unit_c, direct)
        for name in gates:
            gates[name] = zero(gates[name])

    def _plain(self, given: Array, slope: Array, bent: Array) -> None:
        """Run an LSTM without peepholes, normalisation and skipped steps: one exponential a step for all gates."""
        size = self.units
        sign = np.repeat([-1.0, -1.0, 2.0, -1.0], size)  # sigmoid(x) = 1 / (1 + e^-x), tanh(x) = 1 - 2 / (1 + e^2x)
        dtype = self.run_dtype
        most = 700.0 if dtype is np.float64 else 80.0  # its exponential is finite
        recurrent = (self.weights.recurrent * sign).astype(dtype)
        every = np.ascontiguousarray((given * sign).transpose(1, 0, 2), dtype)
        assert self.c is not None
        h, c = self.h[:, 0].astype(dtype), self.c[:, 0].astype(dtype)
        for t in range(self.length):
            gate = every[t]
            gate += h @ recurrent
            np.minimum(gate, most, out=gate)
            np.exp(gate, out=gate)
            gate += 1.0
            np.reciprocal(gate, out=gate)
            g = gate[:, 2 * size : 3 * size]
            g *= -2.0
            g += 1.0
            c = gate[:, size : 2 * size] * c
            c += gate[:, :size] * g
            th = np.tanh(c)
            h = gate[:, 3 * size :] * th
            self.c[:, t + 1], self.h[:, t + 1], bent[:, t] = c, h, th
        for k, name in enumerate("ifgo"):
            self.gates[name][...] = every[:, :, k * size : (k + 1) * size].transpose(1, 0, 2)
        slope[:, 1:] = self.gates["o"] * (1.0 - bent * bent)

    def _steps(self, given: Array, peep: Array, bent: Array, scale: Scale) -> None:
        """Run an LSTM of any kind."""
        weights, size = self.weights, self.units
        extras, norm = weights.extras, weights.layer_norm
        slope, unit_c, direct = scale.slope, scale.unit, scale.direct
        assert self.c is not None
        gates = self.gates
        for t in range(self.length):
            h, c = self.h[:, t], self.c[:, t]
            own = h @ weights.recurrent
            if norm:
                self._unit[:, t], self._spread[:, t] = _normalised(own)
                own = self._unit[:, t] * extras["recurrent_gain"]
            before = given[:, t] + own
            i = sigmoid(before[:, :size] + peep[0] * c)
            f = sigmoid(before[:, size : 2 * size] + peep[1] * c)
            g = np.tanh(before[:, 2 * size : 3 * size])
            new = f * c + i * g
            o = sigmoid(before[:, 3 * size :] + peep[2] * new)
            inner, spread = new, np.ones(1)
            if unit_c is not None:
                unit, spread = _normalised(new)
                inner = unit * extras["state_gain"] + extras["state_bias"]
                unit_c[:, t + 1] = self.keep(t, unit, unit_c[:, t])
            th = np.tanh(inner)
            steep, seen = o * (1.0 - th * th), th * o * (1.0 - o) * peep[2]
            steep = steep * extras["state_gain"] / spread if norm else steep + seen
            slope[:, t + 1] = self.keep(t, steep, slope[:, t])
            if direct is not None:
                direct[:, t + 1] = self.keep(t, seen, direct[:, t])
            for name, value in zip("ifgo", (i, f, g, o), strict=True):
                gates[name][:, t] = value
            bent[:, t] = th
            self.c[:, t + 1] = self.keep(t, new, c)
            self.h[:, t + 1] = self.keep(t, o * th, h)

    def _by_h(self, gate: str, b: Places, t: Places) -> Array:
        """Return diag(factor) times the derivative of a gate's pre-activation by h': (n, H, H)."""
        factor = self._factors[gate][b, t]
        turned = self._turned[gate]
        if not self.weights.layer_norm:
            return np.asarray(factor[:, :, None] * turned)
        columns = self.columns(gate)
        unit = self._unit[b, t]
        recurrent = self.weights.recurrent
        along = unit @ recurrent.T / recurrent.shape[1]
        made = turned - recurrent.mean(axis=1) - unit[:, columns, None] * along[:, None, :]
        gain = self.weights.extras["recurrent_gain"][columns]
        return np.asarray((factor * gain / self._spread[b, t])[:, :, None] * made)

    def term(self, name: str, b: Places, t: Places) -> Array:
        """Return one of the four terms."""
        if name == "forget gate":
            return self.diagonal(self._forget[b, t])
        gate = {"through f": "f", "through i": "i", "through candidate": "g"}[name]
        made = self._scale.right(self._by_h(gate, b, t), b, t)
        if gate in self._peep:
            add_diagonal(made, self._factors[gate][b, t] * self._peep[gate])
        return made

    def jacobian(self, b: Places, t: Places) -> Array:
        """Return the sum of the terms."""
        made = self._scale.right(self._small(b, t), b, t)
        return add_diagonal(made, self._direct(b, t))

    def _direct(self, b: Places, t: Places) -> Array:
        """Return what c takes from c' without h': the forget gate and the peepholes."""
        held = self._forget[b, t]
        for gate in ("f", "i"):
            if gate in self._peep:
                held = held + self._factors[gate][b, t] * self._peep[gate]
        return held

    def _small(self, b: Places, t: Places) -> Array:
        """Return dc/dh'."""
        made = self._by_h("f", b, t)
        made += self._by_h("i", b, t)
        made += self._by_h("g", b, t)
        return made

    def _whole(self, b: Places, t: Places, made: Array) -> None:
        size = self.units
        direct = self._direct(b, t)
        if self.weights.layer_norm:
            made[:, :size, :size] = 0
            add_diagonal_block(made, 0, direct)
            small = self._small(b, t)
            made[:, :size, size:] = small
            made[:, size:, :size] = self._scale.left(self.diagonal(direct), b, t + 1)
            made[:, size:, size:] = self._scale.left(small, b, t + 1) + self._by_h("o", b, t)
            return
        factors = np.stack([self._factors[name][b, t] for name in "figo"])
        rows = np.stack([self._turned[name] for name in "figo"])
        _core.lstm_jacobians(factors, rows, direct, self._scale.slope[b, t + 1], made)

    def back(self, t: int, to_h: Array, to_c: Array) -> tuple[Array, Array, Array, list[Piece]]:
        """Take a gradient one step back."""
        weights, real = self.weights, self.real[:, t, None]
        assert self.c is not None
        by_c = to_c + self._scale.back(t + 1, to_h)
        delta = np.concatenate([(to_h if name == "o" else by_c) * self._factors[name][:, t] for name in "ifgo"], axis=1)
        whole = slice(None)
        pieces: list[Piece] = [("bias", whole, None, delta)]
        to_kernel = to_recurrent = delta
        if weights.layer_norm:
            to_kernel = delta * weights.extras["kernel_gain"]
            to_recurrent = delta * weights.extras["recurrent_gain"]
            pieces += [
                ("kernel_gain", whole, None, delta * self._kernel_unit[:, t]),
                ("recurrent_gain", whole, None, delta * self._unit[:, t]),
            ]
            to_kernel = Scale(1.0 / self._kernel_spread[:, t : t + 1], self._kernel_unit[:, t : t + 1]).back(
                0, to_kernel
            )
            to_recurrent = Scale(1.0 / self._spread[:, t : t + 1], self._unit[:, t : t + 1]).back(0, to_recurrent)
            o = self.gates["o"][:, t]
            th = self.h[:, t + 1] / np.where(o == 0, 1.0, o)
            steep = np.where(real, to_h * o * (1.0 - th * th), 0.0)
            unit_c = self._scale.unit
            assert unit_c is not None
            pieces += [("state_bias", whole, None, steep), ("state_gain", whole, None, steep * unit_c[:, t + 1])]
        pieces += [
            ("kernel", whole, self.x[:, t], to_kernel),
            ("recurrent_kernel", whole, self.h[:, t], to_recurrent),
        ]
        size = self.units
        back_c = by_c * self._forget[:, t]
        for row, (gate, place) in enumerate((("i", 0), ("f", 1), ("o", 3))):
            if gate in self._peep:
                own = delta[:, place * size : (place + 1) * size]
                seen = self.c[:, t + 1] if gate == "o" else self.c[:, t]
                pieces.append(("peephole", slice(row * size, (row + 1) * size), None, own * seen))
                back_c = back_c + (0.0 if gate == "o" else own * self._peep[gate])
        back_h = np.where(real, to_recurrent @ weights.recurrent.T, to_h)
        return back_h, np.where(real, back_c, to_c), by_c, pieces
