"""A chain of Jacobians, one a step: its products, norms, spectra and Lyapunov exponents."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, _core
from stochos.errors import InputError
from stochos.nn.flow import _products
from stochos.nn.flow._cell import Places
from stochos.nn.flow._weights import WHERE, Array

__all__ = ["Chain", "ProductNorms"]

#: Bytes of the matrices that are made at a time; they stay in the cache.
_CHUNK = 2**20
_WRITTEN = 2**23  # of those that are written where they stay
_RADII = 64  # steps whose eigenvalues are computed unless the caller names others


@dataclasses.dataclass(frozen=True)
class ProductNorms:
    """Natural logarithms of the spectral norms of products of Jacobians that end at some steps and go back some steps.

    Attributes
    ----------
    ends : ndarray of int64, shape (E,)
        The last step of each product, ascending.
    lags : ndarray of int64, shape (L,)
        How many steps are multiplied, ascending.
    sequences : ndarray of int64, shape (N,)
    log_norms : ndarray of float64, shape (N, E, L)
        NaN where the sequence has not so many steps.
    """

    ends: NDArray[np.int64]
    lags: NDArray[np.int64]
    sequences: NDArray[np.int64]
    log_norms: Array

    @property
    def norms(self) -> Array:
        """The norms themselves, (N, E, L); 0 or infinity beyond the range of float64."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.log_norms))


class Chain:
    """Jacobians J_1 ... J_T of a state of S numbers, in B sequences; nothing is computed before it is asked for.

    Parameters
    ----------
    size : int
        S.
    make : callable
        From n sequences and n steps to the n Jacobians, (n, S, S).
    real : bool array, shape (B, T)
        False where a step is skipped; its Jacobian is the identity.
    memory : int
        Bytes that one array of results may take.
    dtype : type
        Of the Jacobians.
    in_place : bool
        Whether `make` takes an array to fill as its third argument.
    """

    def __init__(
        self,
        size: int,
        make: Callable[..., Array],
        real: NDArray[np.bool_],
        memory: int,
        *,
        dtype: type[np.floating[Any]] = np.float64,
        in_place: bool = False,
    ) -> None:
        self.size = size
        self._make, self._real, self._memory = make, real, memory
        self._batch, self._length = real.shape
        self._dtype, self._in_place = dtype, in_place

    def at(self, step: int) -> Array:
        """Return the Jacobians of one step.

        Parameters
        ----------
        step : int
            From 0; -1 is the last.

        Returns
        -------
        ndarray of float64, shape (B, S, S)
        """
        step = _checks.whole(f"{WHERE}.at", "step", step, -self._length, self._length - 1) % self._length
        every = np.arange(self._batch)
        return self._make(every, np.full(self._batch, step))

    def collected(self, make: Callable[..., Array], what: str, *, in_place: bool = False) -> Array:
        """Return the matrices of all steps, (B, T, S, S), or say that they take too much memory.

        Parameters
        ----------
        make : callable
        what : str
            For the error.
        in_place : bool
            Whether `make` takes an array to fill as its third argument.

        Raises
        ------
        InputError
        """
        total = self._batch * self._length
        bytes_ = total * self.size**2 * np.dtype(self._dtype).itemsize
        if bytes_ > self._memory:
            msg = (
                f"[{WHERE}] {what} of {self._batch} sequences, {self._length} steps and {self.size} units take "
                f"{bytes_ / 2**30:.1f} GiB, more than memory={self._memory}; ask step by step with .at(step), or give "
                "fewer sequences or more memory="
            )
            raise InputError(msg)
        made: NDArray[Any] = _core.empty((total, self.size, self.size), np.dtype(self._dtype) == np.float32)
        for start, b, t in self._chunks(*np.divmod(np.arange(total), self._length), _WRITTEN if in_place else _CHUNK):
            if in_place:
                make(b, t, made[start : start + len(b)])
            else:
                made[start : start + len(b)] = make(b, t)
        return made.reshape(self._batch, self._length, self.size, self.size)

    def _chunks(self, b: Places, t: Places, size: int = _CHUNK) -> list[tuple[int, Places, Places]]:
        count = max(1, size // (self.size**2 * 8))
        return [(k, b[k : k + count], t[k : k + count]) for k in range(0, len(b), count)]

    @property
    def jacobians(self) -> Array:
        """The Jacobians of all steps, (B, T, S, S), made anew each time.

        Raises
        ------
        InputError
            They take more than ``memory`` bytes.
        """
        return self.collected(self._make, "the Jacobians", in_place=self._in_place)

    @cached_property
    def log_norms(self) -> Array:
        """Natural logarithm of the norm of the product of a sequence's last 1 ... T real steps, (B, T); else NaN."""
        made = np.full((self._batch, self._length), np.nan)
        for sequence in range(self._batch):
            steps = np.flatnonzero(self._real[sequence])[::-1]
            made[sequence, : len(steps)] = _products.backwards(self._of(sequence), steps, self.size)
        return made

    @property
    def norms(self) -> Array:
        """Spectral norm of the product of a sequence's last 1 ... T real steps, (B, T); NaN beyond its length."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.log_norms))

    @cached_property
    def spectral_norms(self) -> Array:
        """Largest singular value of each step's Jacobian, (B, T); NaN in skipped steps."""
        made = np.full((self._batch, self._length), np.nan)
        for _, b, t in self._chunks(*_real_places(self._real)):
            made[b, t] = np.exp(_products.log_norms(self._make(b, t)))
        return made

    def spectral_radii(self, steps: Sequence[int] | None = None) -> tuple[NDArray[np.int64], Array]:
        """Return the largest modulus of an eigenvalue at some steps.

        Eigenvalues take ten times as long as norms; by default at most 64 steps are chosen, evenly spaced.

        Parameters
        ----------
        steps : sequence of int, optional

        Returns
        -------
        steps : ndarray of int64, shape (N,)
        radii : ndarray of float64, shape (B, N)
            NaN in skipped steps.
        """
        if steps is None:
            chosen = np.unique(np.linspace(0, self._length - 1, min(self._length, _RADII)).round().astype(np.int64))
        else:
            chosen = self._steps("steps", steps)
        made = np.full((self._batch, len(chosen)), np.nan)
        places = np.nonzero(self._real[:, chosen])
        for start, b, t in self._chunks(places[0], chosen[places[1]]):
            values = np.abs(np.linalg.eigvals(self._make(b, t))).max(axis=1)
            made[b, places[1][start : start + len(b)]] = values
        return chosen, made

    @cached_property
    def lyapunov(self) -> Array:
        """Lyapunov exponents per step, descending, (B, S): growth rates of volumes over the real steps, by QR.

        -infinity where a direction dies entirely.
        """
        made = np.full((self._batch, self.size), np.nan)
        for sequence in range(self._batch):
            steps = np.flatnonzero(self._real[sequence])
            if steps.size:
                made[sequence] = _products.exponents(self._of(sequence), steps, self.size)
        return made

    def product_norms(
        self,
        *,
        stride: int | None = None,
        ends: Sequence[int] | None = None,
        lags: Sequence[int] | None = None,
        sequences: Sequence[int] | None = None,
    ) -> ProductNorms:
        """Return the norms of products over (end, lag).

        With `stride` s the ends are T-1, T-1-s, ... and the lags 1 ... s (for s > 8: 1, 2, 4 ... s) and the multiples
        of s; the products of whole strides are multiplied, so that the work is T + (T/s)^2/2 products of matrices.
        ``stride=1`` gives all steps and all lags. With `ends` or `lags`, exactly those.

        Parameters
        ----------
        stride : int, optional
            Default: the least for which there are at most 64 ends, 32 for more than 128 units.
        ends, lags : sequence of int, optional
            Default of one when the other is given: all.
        sequences : sequence of int, optional
            Default: the first ones, fewer the more units there are.

        Returns
        -------
        ProductNorms

        Raises
        ------
        InputError
            A number is out of range.
        """
        if sequences is None:
            count = max(1, 16 // max(1, self.size // 32))
            chosen = np.arange(min(self._batch, count))
        else:
            chosen = self._numbers("sequences", sequences, 0, self._batch - 1)
        if ends is not None or lags is not None:
            if stride is not None:
                msg = f"[{WHERE}.product_norms] give stride, or ends and lags, not both"
                raise InputError(msg)
            some = np.arange(self._length) if ends is None else self._steps("ends", ends)
            back = np.arange(1, self._length + 1) if lags is None else self._numbers("lags", lags, 1, self._length)
            made = [_products.named(self._of(s), some, back, self.size) for s in chosen]
        else:
            most = 64 if self.size <= 128 else 32
            step = math.ceil(self._length / most) if stride is None else stride
            step = _checks.whole(f"{WHERE}.product_norms", "stride", step, 1, self._length)
            some, back = _products.grid(self._length, step)
            made = [_products.blocks(self._of(s), some, back, step, self.size) for s in chosen]
        found = np.stack(made) if made else np.empty((0, len(some), len(back)))
        found[~self._real[chosen][:, some]] = np.nan
        return ProductNorms(some, back, chosen, found)

    def _of(self, sequence: int) -> Callable[[Places], Array]:
        return lambda steps: self._make(np.full(len(steps), sequence), steps)

    def _steps(self, name: str, values: Sequence[int]) -> NDArray[np.int64]:
        return self._numbers(name, values, 0, self._length - 1)

    def _numbers(self, name: str, values: Sequence[int], low: int, high: int) -> NDArray[np.int64]:
        where = f"{WHERE}.product_norms" if name != "steps" else f"{WHERE}.spectral_radii"
        return np.unique(np.array([_checks.whole(where, name, value, low, high) for value in values], dtype=np.int64))


def _real_places(real: NDArray[np.bool_]) -> tuple[Places, Places]:
    b, t = np.nonzero(real)
    return b.astype(np.int64), t.astype(np.int64)
