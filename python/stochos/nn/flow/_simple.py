"""The SimpleRNN: h = act(x W + h' U + b), whose Jacobian is diag(act') U."""

from __future__ import annotations

import numpy as np

from stochos.nn.flow._cell import Cell, Piece, Places
from stochos.nn.flow._weights import Array

__all__ = ["SimpleCell"]


class SimpleCell(Cell):
    """dh_t/dh_{t-1} = diag(1 - h_t^2) U; with ReLU, U's rows of the units that are on."""

    terms: tuple[str, ...] = ("through h",)

    def run(self) -> None:
        """Fill the states and the slopes."""
        weights = self.weights
        given = self.x @ weights.kernel + weights.given_bias
        slope = np.empty_like(given)
        relu = weights.activation == "relu"
        for t in range(self.length):
            before = given[:, t] + self.h[:, t] @ weights.recurrent
            new = np.maximum(before, 0.0) if relu else np.tanh(before)
            slope[:, t] = before > 0 if relu else 1.0 - new * new
            self.h[:, t + 1] = self.keep(t, new, self.h[:, t])
        self.slope = slope
        self._turned = weights.turned("h")

    def term(self, name: str, b: Places, t: Places) -> Array:  # noqa: ARG002 - there is one
        """Return diag(slope) U^T."""
        made = self.slope[b, t][:, :, None] * self._turned
        skipped = ~self.real[b, t]
        if skipped.any():
            made[skipped] = np.eye(self.units)
        return np.asarray(made)

    def back(self, t: int, to_h: Array, to_c: Array) -> tuple[Array, Array, Array, list[Piece]]:
        """Take a gradient one step back."""
        real = self.real[:, t, None]
        delta = np.where(real, to_h * self.slope[:, t], 0.0)
        whole = slice(None)
        pieces: list[Piece] = [
            ("kernel", whole, self.x[:, t], delta),
            ("recurrent_kernel", whole, self.h[:, t], delta),
            ("bias", whole, None, delta),
        ]
        return np.where(real, delta @ self.weights.recurrent.T, to_h), to_c, to_h, pieces
