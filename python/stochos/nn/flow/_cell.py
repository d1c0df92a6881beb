"""What the three kinds of cell have in common: a run over the sequence, and the Jacobians of its steps."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos.nn.flow._weights import Array, Weights

__all__ = ["Cell", "Piece", "Places", "Scale", "add_diagonal", "add_diagonal_block", "sigmoid"]

Places = NDArray[np.int64]
#: Part of one step's gradient of a weight: name, columns, left factor (None: no outer product), right factor.
Piece = tuple[str, slice, Array | None, Array]
EPSILON = 1e-5  # of layer normalisation


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e^-x) without overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def add_diagonal(matrices: Array, values: Array) -> Array:
    """Add (n, H) numbers to the diagonals of (n, H, H) matrices, in place."""
    n, size, _ = matrices.shape
    matrices.reshape(n, size * size)[:, :: size + 1] += values
    return matrices


def add_diagonal_block(matrices: Array, row: int, values: Array) -> None:
    """Set the diagonal of the block of (n, S, S) matrices that begins at `row`, column 0, to (n, H) numbers."""
    n, size, _ = matrices.shape
    start = row * size
    matrices.reshape(n, size * size)[:, start : start + values.shape[1] * (size + 1) : size + 1] = values


class Scale:
    """dh/dc of the states before the first step and after each: diagonals, and two columns more of a normalisation.

    Parameters
    ----------
    slope : array, shape (B, T + 1, H)
        The diagonal; with `unit` that before the normalisation, divided by the standard deviation.
    unit : array, shape (B, T + 1, H), optional
        The normalised c; None without normalisation.
    direct : array, shape (B, T + 1, H), optional
        A diagonal that the normalisation leaves alone.
    """

    def __init__(self, slope: Array, unit: Array | None = None, direct: Array | None = None) -> None:
        self.slope, self.unit, self.direct = slope, unit, direct

    def right(self, matrices: Array, b: Places, t: Places) -> Array:
        """Return ``matrices @ dh/dc`` at state t; without a normalisation the matrices are changed in place."""
        slope = self.slope[b, t]
        if self.unit is None:
            matrices *= slope[:, None, :]
            return matrices
        unit, size = self.unit[b, t], slope.shape[1]
        first = (matrices @ slope[:, :, None]) / size
        second = (matrices @ (slope * unit)[:, :, None]) / size
        through = slope if self.direct is None else slope + self.direct[b, t]
        return np.asarray(matrices * through[:, None, :] - first - second * unit[:, None, :])

    def left(self, matrices: Array, b: Places, t: Places) -> Array:
        """Return ``dh/dc @ matrices`` at state t."""
        slope = self.slope[b, t][:, :, None]
        if self.unit is None:
            return np.asarray(slope * matrices)
        unit = self.unit[b, t][:, :, None]
        along = (unit * matrices).mean(axis=1, keepdims=True)
        made = slope * (matrices - matrices.mean(axis=1, keepdims=True) - unit * along)
        return np.asarray(made if self.direct is None else made + self.direct[b, t][:, :, None] * matrices)

    def back(self, t: int, gradient: Array) -> Array:
        """Return ``gradient @ dh/dc`` of one state, (B, H)."""
        scaled: Array = gradient * self.slope[:, t]
        if self.unit is None:
            return scaled
        unit = self.unit[:, t]
        made = scaled - scaled.mean(axis=1, keepdims=True) - unit * (scaled * unit).mean(axis=1, keepdims=True)
        return np.asarray(made if self.direct is None else made + gradient * self.direct[:, t])


def _cast(value: Any, dtype: type[np.floating[Any]]) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(dtype)
    if isinstance(value, dict):
        return {name: _cast(entry, dtype) for name, entry in value.items()}
    if isinstance(value, Scale):
        return Scale(_cast(value.slope, dtype), _cast(value.unit, dtype), _cast(value.direct, dtype))
    return value


class Cell(ABC):
    """One layer run over one batch.

    Parameters
    ----------
    weights : Weights
    x : array, shape (B, T, C)
    real : bool array, shape (B, T)
        False where a step is skipped: the state stays as it is.
    initial : sequence of arrays, shape (B, H)
        h, and c where there is one.
    dtype : type
        Of states and gates; an LSTM without peepholes, normalisation and skipped steps also computes them in it.

    Attributes
    ----------
    h, c : arrays, shape (B, T + 1, H)
        The states before the first step and after each; c is None where h is the whole state.
    gates : dict of str to array, shape (B, T, H)
    terms : tuple of str
        Names of the parts whose sum is the Jacobian.
    """

    terms: tuple[str, ...] = ()
    c: Array | None = None
    dtype: type[np.floating[Any]] = np.float64  # of the matrices

    def __init__(
        self,
        weights: Weights,
        x: Array,
        real: NDArray[np.bool_],
        initial: Sequence[Array],
        dtype: type[np.floating[Any]] = np.float64,
    ) -> None:
        self.run_dtype = dtype
        self.weights, self.x, self.real = weights, x, real
        batch, self.length, _ = x.shape
        self.batch, self.units = batch, weights.units
        self.h: Array = np.empty((batch, self.length + 1, self.units), dtype)
        self.h[:, 0] = initial[0]
        if weights.two_states:
            self.c = np.empty_like(self.h)
            self.c[:, 0] = initial[1]
        self.gates = {name: np.zeros((batch, self.length, self.units), dtype) for name in weights.gates if name != "h"}
        self.run()

    @property
    def size(self) -> int:
        """Length of the whole state: H, or 2 H with c."""
        return self.units * (2 if self.c is not None else 1)

    def keep(self, t: int, new: Array, old: Array) -> Array:
        """Return `new` where step t is real, else `old`."""
        real = self.real[:, t]
        return new if real.all() else np.where(real[:, None], new, old)

    def zero_skipped(self, values: Array, by: float = 0.0) -> Array:
        """Return (B, T, H) with `by` in skipped steps."""
        return values if self.real.all() else np.where(self.real[:, :, None], values, by)

    @abstractmethod
    def run(self) -> None:
        """Fill the states and gates, and what the Jacobians are made of."""

    @abstractmethod
    def term(self, name: str, b: Places, t: Places) -> Array:
        """Return one part of the Jacobian at n pairs (sequence, step): (n, H, H)."""

    def jacobian(self, b: Places, t: Places) -> Array:
        """Return the Jacobian at n pairs (sequence, step): (n, H, H)."""
        return sum((self.term(name, b, t) for name in self.terms[1:]), start=self.term(self.terms[0], b, t))

    def whole(self, b: Places, t: Places, out: Array | None = None) -> Array:
        """Return the Jacobian of the whole state, c before h: (n, S, S).

        Parameters
        ----------
        b, t : arrays of int, shape (n,)
        out : array, shape (n, S, S), optional
            What to fill.
        """
        if self.c is None:
            made = self.jacobian(b, t)
            if out is None:
                return made
            out[...] = made
            return out
        made = np.empty((len(b), self.size, self.size), self.dtype) if out is None else out
        self._whole(b, t, made)
        skipped = ~self.real[b, t]
        if skipped.any():
            made[skipped] = np.eye(self.size)
        return made

    def _whole(self, b: Places, t: Places, made: Array) -> None:
        """Fill `made` with the Jacobian of (c, h) at real steps."""
        made[...] = self.jacobian(b, t)

    def diagonal(self, values: Array) -> Array:
        """Return diagonal matrices (n, H, H) of (n, H) numbers."""
        return add_diagonal(np.zeros((*values.shape, self.units), self.dtype), values)

    def cast(self, dtype: type[np.floating[Any]]) -> Cell:
        """Return a copy whose matrices are of another dtype."""
        if dtype is np.float64:
            return self
        made = copy.copy(self)
        made.dtype = dtype
        kept = {"h", "c", "x", "gates"}
        for name, value in self.__dict__.items():
            if name not in kept:
                setattr(made, name, _cast(value, dtype))
        made.gates = _cast(self.gates, dtype)
        return made

    @abstractmethod
    def back(self, t: int, to_h: Array, to_c: Array) -> tuple[Array, Array, Array, list[Piece]]:
        """Take the gradient of a loss one step back.

        Parameters
        ----------
        t : int
        to_h, to_c : arrays, shape (B, H)
            By the states after the step; `to_c` is what does not pass through h.

        Returns
        -------
        h, c : arrays, shape (B, H)
            By the states before the step.
        state : array, shape (B, H)
            By c after the step, or h where there is no c.
        pieces : list of Piece
            The step's part of the gradient of each weight.
        """

    def columns(self, gate: str) -> slice:
        """Return the columns of a gate."""
        return self.weights.columns(gate)
