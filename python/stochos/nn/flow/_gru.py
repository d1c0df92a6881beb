"""The GRU in its three forms: reset after or before the product, or at the output.

h = (1 - z) h' + z n, with z the share of the new (kexue.fm/archives/7888; PyTorch and Keras name 1 - z so). Then

    dh/dh' = diag(1-z) + diag((n - h') z (1-z)) U_z + diag(z (1-n^2)) dn/dh',

where the last factor is U_n diag(r) + U_n diag(h' r (1-r)) U_r for reset "before", and diag(r) U_n + diag(q r (1-r))
U_r with q = h' U_n + its bias for "after". With reset "output" the state c = (1 - z) c' + z n is read as h = r c, and
the chain is that of c, with r' held as the output gate of an LSTM is.
"""

from __future__ import annotations

import numpy as np

from stochos.nn.flow._cell import Cell, Piece, Places, add_diagonal, add_diagonal_block, sigmoid
from stochos.nn.flow._weights import Array

__all__ = ["GRUCell"]


class GRUCell(Cell):
    """The chain is that of h; with reset "output" that of c, and the whole state is (c, h)."""

    terms: tuple[str, ...] = ("1 - z", "through z", "through candidate", "through r")

    def run(self) -> None:
        """Fill the states, the gates and the factors of the terms."""
        weights, size = self.weights, self.units
        self._reset = weights.reset
        if self._reset == "output":
            self.terms = self.terms[:3]
        given = self.x @ weights.kernel + weights.given_bias
        recurrent = weights.recurrent
        bias = weights.extras.get("recurrent_bias", np.zeros(size))
        candidate = recurrent[:, 2 * size :]
        q = np.zeros((self.batch, self.length, size))
        for t in range(self.length):
            h = self.h[:, t]
            state = h if self.c is None else self.c[:, t]
            own = h @ recurrent[:, : 2 * size]
            z = sigmoid(given[:, t, :size] + own[:, :size])
            r = sigmoid(given[:, t, size : 2 * size] + own[:, size:])
            if self._reset == "before":
                inner = (r * h) @ candidate
            else:
                q[:, t] = h @ candidate + bias
                inner = r * q[:, t] if self._reset == "after" else q[:, t]
            n = np.tanh(given[:, t, 2 * size :] + inner)
            new = state + z * (n - state)
            for name, value in zip("zrn", (z, r, n), strict=True):
                self.gates[name][:, t] = value
            if self.c is not None:
                self.c[:, t + 1] = self.keep(t, new, state)
                new = r * new
            self.h[:, t + 1] = self.keep(t, new, h)
        z, r, n = (self.gates[name] for name in "zrn")
        state = (self.h if self.c is None else self.c)[:, :-1]
        zero = self.zero_skipped
        self._keep = zero(1.0 - z, 1.0)
        self._z = zero((n - state) * z * (1.0 - z))
        self._n = zero(z * (1.0 - n * n))
        seen = {"before": self.h[:, :-1], "after": q}.get(self._reset)
        if seen is None:
            assert self.c is not None
            seen = self.c[:, 1:]
            shown = np.zeros_like(self.h)
            for t in range(self.length):
                shown[:, t + 1] = self.keep(t, r[:, t], shown[:, t])
            self._shown = shown  # dh/dc; zero before the first step, where h and c are given apart
        self._r = zero(seen * r * (1.0 - r))
        self._turned = {name: weights.turned(name) for name in "zrn"}
        for name in self.gates:
            self.gates[name] = zero(self.gates[name])

    def _to_c(self, matrices: Array, b: Places, t: Places) -> Array:
        if self._reset == "output":
            matrices *= self._shown[b, t][:, None, :]
        return matrices

    def term(self, name: str, b: Places, t: Places) -> Array:
        """Return one of the terms."""
        if name == "1 - z":
            return self.diagonal(self._keep[b, t])
        if name == "through z":
            return self._to_c(self._z[b, t][:, :, None] * self._turned["z"], b, t)
        outer = self._n[b, t][:, :, None]
        if name == "through candidate":
            if self._reset == "output":
                return self._to_c(outer * self._turned["n"], b, t)
            reset = self.gates["r"][b, t]
            if self._reset == "before":
                return np.asarray(outer * (self._turned["n"] * reset[:, None, :]))
            return np.asarray(outer * reset[:, :, None] * self._turned["n"])
        inner = self._r[b, t][:, :, None] * self._turned["r"]
        return np.asarray(outer * (self._turned["n"] @ inner if self._reset == "before" else inner))

    def jacobian(self, b: Places, t: Places) -> Array:
        """Return the sum of the terms."""
        made = self._small(b, t)
        return add_diagonal(self._to_c(made, b, t), self._keep[b, t])

    def _small(self, b: Places, t: Places) -> Array:
        """Return what passes through gates and candidate."""
        outer, turned = self._n[b, t], self._turned
        if self._reset == "output":
            made = outer[:, :, None] * turned["n"]
        elif self._reset == "after":
            made = (outer * self.gates["r"][b, t])[:, :, None] * turned["n"]
            made += (outer * self._r[b, t])[:, :, None] * turned["r"]
        else:
            inner = add_diagonal(self._r[b, t][:, :, None] * turned["r"], self.gates["r"][b, t])
            made = turned["n"] @ inner
            made *= outer[:, :, None]
        made += self._z[b, t][:, :, None] * turned["z"]
        return np.asarray(made)

    def _whole(self, b: Places, t: Places, made: Array) -> None:
        size = self.units
        reset, kept = self.gates["r"][b, t], self._keep[b, t]
        made[:, :, :size] = 0
        add_diagonal_block(made, 0, kept)
        add_diagonal_block(made, size, kept * reset)
        small = self._small(b, t)
        made[:, :size, size:] = small
        made[:, size:, size:] = reset[:, :, None] * small + self._r[b, t][:, :, None] * self._turned["r"]

    def back(self, t: int, to_h: Array, to_c: Array) -> tuple[Array, Array, Array, list[Piece]]:
        """Take a gradient one step back."""
        recurrent, real = self.weights.recurrent, self.real[:, t, None]
        at = {name: self.columns(name) for name in "zrn"}
        reset, h = self.gates["r"][:, t], self.h[:, t]
        by_state = to_h if self.c is None else to_c + to_h * self._shown[:, t + 1]
        to_z, to_n = by_state * self._z[:, t], by_state * self._n[:, t]
        pieces: list[Piece] = []
        if self._reset == "before":
            inside = to_n @ recurrent[:, at["n"]].T
            to_r, back = inside * self._r[:, t], inside * reset
            pieces.append(("recurrent_kernel", at["n"], reset * h, to_n))
        else:
            own = to_n * reset if self._reset == "after" else to_n
            to_r = (to_n if self._reset == "after" else to_h) * self._r[:, t]
            back = own @ recurrent[:, at["n"]].T
            pieces.append(("recurrent_kernel", at["n"], h, own))
            if self._reset == "after":
                pieces.append(("recurrent_bias", slice(None), None, own))
        both = np.concatenate([to_z, to_r], axis=1)
        back = back + both @ recurrent[:, : 2 * self.units].T
        delta = np.concatenate([both, to_n], axis=1)
        pieces += [
            ("recurrent_kernel", slice(0, 2 * self.units), h, both),
            ("kernel", slice(None), self.x[:, t], delta),
            ("bias", slice(None), None, delta),
        ]
        kept = by_state * self._keep[:, t]
        if self.c is None:
            return np.where(real, back + kept, to_h), to_c, by_state, pieces
        return np.where(real, back, to_h), np.where(real, kept, to_c), by_state, pieces
