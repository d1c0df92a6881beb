"""Exact, symmetric, sparse co-occurrence counts, and PMI from them."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, _core, _storage
from stochos._html import described
from stochos.errors import FileFormatError, InputTypeError, UnknownNameError
from stochos.words import _merge
from stochos.words._parts import CountSettings, Parts, checked, settings_from
from stochos.words._pmi import NORMALIZATIONS, PmiOptions, log_probabilities, log_probability_of, pmi_of_pair

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["CountSettings", "Counts", "load_counts"]

_KIND = "counts"


class Counts:
    """Co-occurrence counts of a text.

    X is the full symmetric matrix: X[a, b] counts each unordered pair of positions within the window once in each
    order, so that a pair of equal words adds 2 to X[a, a]. Only its upper triangle is stored, in integers of 1/unit.

    Parameters
    ----------
    vocabulary : sequence of str, length V
        Distinct words.
    frequencies : ndarray of int64, shape (V,)
        How often each occurs.
    row_start : ndarray of int64, shape (V + 1,)
    column : ndarray of uint32, shape (n,)
        Ascending in each row and never below it.
    value : ndarray of uint64, shape (n,)
        Unordered pairs of positions, weighted, in units of 1/unit; positive.
    unit : int
        1 for flat weights, the window for linear ones, lcm(1..window) for harmonic ones.
    settings : CountSettings
    tokens_read : int
        Tokens of the text before any was left out.

    Raises
    ------
    InputError, InputTypeError
        The parts do not fit each other.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        frequencies: NDArray[np.int64],
        row_start: NDArray[np.int64],
        column: NDArray[np.uint32],
        value: NDArray[np.uint64],
        *,
        unit: int,
        settings: CountSettings,
        tokens_read: int,
    ) -> None:
        where = "words.Counts"
        parts = checked(where, Parts(list(vocabulary), frequencies, row_start, column, value))
        self.vocabulary: list[str] = parts.vocabulary
        self.frequencies: NDArray[np.int64] = parts.frequencies
        self._index = {word: i for i, word in enumerate(self.vocabulary)}
        self._row_start = parts.row_start
        self._column = parts.column
        self._value = parts.value
        self.unit: int = _checks.whole(where, "unit", unit, 1, 2**64 - 1)
        self.settings: CountSettings = settings
        self.tokens_read: int = _checks.whole(where, "tokens_read", tokens_read, 0)
        self.total_tokens: int = int(self.frequencies.sum())
        self._sums: tuple[NDArray[np.float64], int] | None = None

    # --- looking up -----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self.vocabulary)

    def __repr__(self) -> str:
        return (
            f"<Counts of {len(self):,} words, {self._column.size:,} pairs of words, {self.total_tokens:,} tokens; "
            f"window {self.settings.window}, {self.settings.weighting}>"
        )

    def _repr_html_(self) -> str:
        return described(self, ("word", "frequency"), zip(self.vocabulary, self.frequencies, strict=True), len(self))

    def _id(self, word: object, where: str) -> int:
        try:
            return self._index[word]  # type: ignore[index]
        except (KeyError, TypeError):
            msg = f"[{where}] the word {word!r} is not among the {len(self):,} words of these counts"
            raise UnknownNameError(msg) from None

    def _units(self, a: int, b: int) -> int:
        """X[a, b] in units of 1/unit."""
        low, high = min(a, b), max(a, b)
        begin, end = int(self._row_start[low]), int(self._row_start[low + 1])
        at = begin + int(np.searchsorted(self._column[begin:end], np.uint32(high)))
        if at == end or self._column[at] != high:
            return 0
        return int(self._value[at]) * (2 if a == b else 1)

    def __getitem__(self, pair: tuple[str, str]) -> float:
        """X of two words, ``counts["king", "queen"]``; 0.0 for a pair never seen."""
        where = "words.Counts"
        if not _checks.is_pair(pair):
            msg = (
                f'[{where}] {pair!r} is no pair of words; write counts["king", "queen"], or counts.row("king") for all'
            )
            raise InputTypeError(msg)
        return self._units(self._id(pair[0], where), self._id(pair[1], where)) / self.unit

    def row(self, word: str) -> list[tuple[str, float]]:
        """All words seen near `word` with their counts, the greatest first, equal ones in the vocabulary's order.

        Raises
        ------
        UnknownNameError
            The word is not in the vocabulary.
        """
        a = self._id(word, "words.Counts.row")
        begin, end = int(self._row_start[a]), int(self._row_start[a + 1])
        above = np.flatnonzero(self._column[:begin] == a)  # the entries (b, a) with b < a
        ids = np.concatenate([np.searchsorted(self._row_start, above, side="right") - 1, self._column[begin:end]])
        units = np.concatenate([self._value[above], self._value[begin:end]])
        found = [
            (self.vocabulary[b], v * (2 if b == a else 1) / self.unit)
            for b, v in zip(ids.tolist(), units.tolist(), strict=True)
        ]
        return sorted(found, key=lambda item: -item[1])

    # --- sums and probabilities -----------------------------------------------------------------------------------

    def _marginal_units(self) -> tuple[NDArray[np.float64], int]:
        if self._sums is None:
            self._sums = _core.words_marginals(self._row_start, self._column, self._value)
        return self._sums

    def marginals(self) -> NDArray[np.float64]:
        """Row sums of X, float64 of shape (V,); summed in integers, exact below 2**53 units."""
        return self._marginal_units()[0] / self.unit

    @property
    def total(self) -> float:
        """Sum of all of X; summed in integers and rounded once."""
        return self._marginal_units()[1] / self.unit

    def log_probabilities(self, normalization: str = "tokens", *, smoothing: float = 1.0) -> NDArray[np.float64]:
        """Log of P(word), float64 of shape (V,); -inf for a word of probability 0.

        Parameters
        ----------
        normalization : {"tokens", "pairs"}
            P is frequency / total_tokens, or the row sum of X / the sum of X.
        smoothing : float in [0, 1]
            With s below 1, P^s / sum(P^s).
        """
        where = "words.Counts.log_probabilities"
        _checks.choice(where, "normalization", normalization, NORMALIZATIONS)
        return log_probabilities(self, normalization, _checks.real(where, "smoothing", smoothing, 0.0, 1.0))

    def pmi(
        self,
        first: str,
        second: str,
        normalization: str = "tokens",
        *,
        smoothing: float = 1.0,
        shift: float = 0.0,
        positive: bool = False,
        npmi: bool = False,
    ) -> float:
        """Pointwise mutual information, log P(a, b) / (P(a) P(b)), in nats; P(a, b) = X[a, b] / sum(X).

        Parameters
        ----------
        first, second : str
            Words of the vocabulary.
        normalization : {"tokens", "pairs"}
            P(a) is frequency / total_tokens, or the row sum of X / the sum of X. Under "pairs" the marginals are those
            of P(a, b); under "tokens" they are not quite, as words near the ends of lines have fewer neighbours.
        smoothing : float in [0, 1]
            s below 1 takes P(b)^s / sum(P^s) for the second word, the context, which lowers the PMI of rare contexts;
            the result is then not symmetric. Levy, Goldberg and Dagan 2015, doi:10.1162/tacl_a_00134, use 0.75.
        shift : float
            Subtracted; for k negative samples give log(k).
        positive : bool
            max(PMI, 0).
        npmi : bool
            PMI / -log P(a, b), in [-1, 1] under "pairs" (Bouma 2009). Without smoothing and shift.

        Returns
        -------
        float
            For a pair never seen -inf, with `npmi` -1, with `positive` 0.

        Raises
        ------
        UnknownNameError
            A word is not in the vocabulary.
        InputError, InputTypeError
            An option is out of range.
        """
        where = "words.Counts.pmi"
        options = PmiOptions.checked(where, normalization, smoothing, shift, positive, npmi)
        a, b = self._id(first, where), self._id(second, where)
        x = self._units(a, b) / self.unit
        if x == 0:
            return pmi_of_pair(0.0, 0.0, 0.0, 0.0, options)
        row = log_probability_of(self, a, options.normalization, 1.0)
        column = log_probability_of(self, b, options.normalization, options.smoothing)
        return pmi_of_pair(x, self.total, row, column, options)

    # --- matrices -------------------------------------------------------------------------------------------------

    def to_scipy(self, *, threads: int | None = None) -> csr_array:
        """X as a full symmetric ``scipy.sparse.csr_array`` of shape (V, V): int64 when unit is 1, else float64.

        Raises
        ------
        MissingPartError
            SciPy is not installed.
        """
        where = "words.Counts.to_scipy"
        sparse = _checks.optional(where, "scipy.sparse", "sparse")
        workers = _checks.threads(where, threads)
        parts = (self._row_start, self._column, self._value)
        if self.unit == 1 and (self._value.size == 0 or int(self._value.max()) < 2**62):
            return self._csr(sparse, *_core.words_full_integers(*parts, workers))
        return self._csr(sparse, *_core.words_full_counts(*parts, float(self.unit), workers))

    def pmi_matrix(
        self,
        normalization: str = "tokens",
        *,
        positive: bool = True,
        shift: float = 0.0,
        smoothing: float = 1.0,
        npmi: bool = False,
        threads: int | None = None,
    ) -> csr_array:
        """PMI of all pairs as a ``scipy.sparse.csr_array`` of float64, shape (V, V); options as for `pmi`.

        With ``positive=True`` only the entries above 0 are stored, and an absent one is 0 (PPMI). With
        ``positive=False`` every pair ever seen is stored, and an absent entry means -inf (with `npmi` -1), not 0.
        With `smoothing` the columns are the contexts, and the matrix is not symmetric.

        Raises
        ------
        MissingPartError
            SciPy is not installed.
        InputError, InputTypeError
            An option is out of range.
        """
        where = "words.Counts.pmi_matrix"
        options = PmiOptions.checked(where, normalization, smoothing, shift, positive, npmi)
        sparse = _checks.optional(where, "scipy.sparse", "sparse")
        workers = _checks.threads(where, threads)
        row = log_probabilities(self, options.normalization, 1.0)
        column = row if options.smoothing == 1.0 else log_probabilities(self, options.normalization, options.smoothing)
        log_total = math.log(self.total) if self._value.size else 0.0
        return self._csr(
            sparse,
            *_core.words_pmi_matrix(
                self._row_start, self._column, self._value, row, column, float(self.unit), log_total, options.shift,
                options.npmi, options.positive, workers,
            ),
        )  # fmt: skip

    def _csr(
        self, sparse: Any, row_start: NDArray[np.int64], column: NDArray[np.uint32], data: NDArray[Any]
    ) -> csr_array:
        # SciPy keeps one index type for both arrays, 4 bytes where the number of entries allows it.
        dtype = np.int32 if column.size < 2**31 else np.int64
        columns = column.view(np.int32) if dtype is np.int32 else column.astype(np.int64)
        matrix: csr_array = sparse.csr_array(
            (data, columns, row_start.astype(dtype)), shape=(len(self), len(self)), copy=False
        )
        matrix.has_canonical_format = True
        return matrix

    def __add__(self, other: object) -> Counts:
        """Add up to the counts of both texts at once, exactly.

        Raises
        ------
        InputError
            The settings differ, or words were left out of each text by its own frequencies, so that the sum would not
            be exact: count the parts with ``min_count=1`` or with the same fixed vocabulary.
        """
        if not isinstance(other, Counts):
            return NotImplemented
        parts = _merge.merged(self, other, "words.Counts.__add__")
        read = self.tokens_read + other.tokens_read
        return Counts(*parts, unit=self.unit, settings=self.settings, tokens_read=read)

    def __radd__(self, other: object) -> Counts:
        """``sum([a, b])`` begins with 0."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def prune(self, *, min_count: int = 1, max_vocabulary: int | None = None) -> Counts:
        """Leave out rare words; the result is what counting again with these settings gives.

        Only for counts made with ``keep_positions=True``, where a word that is left out keeps its place in the text.

        Parameters
        ----------
        min_count : int
            Words of at least this frequency stay.
        max_vocabulary : int, optional
            Of these, only so many of the most frequent.

        Raises
        ------
        InputError
            The counts do not allow it, or no word would stay.
        """
        where = "words.Counts.prune"
        least = _checks.whole(where, "min_count", min_count, 1)
        most = None if max_vocabulary is None else _checks.whole(where, "max_vocabulary", max_vocabulary, 1)
        parts = _merge.pruned(self, least, most, where)
        limits = [n for n in (most, self.settings.max_vocabulary) if n is not None]
        settings = dataclasses.replace(
            self.settings,
            min_count=max(least, self.settings.min_count),
            max_vocabulary=min(limits) if limits else None,
        )
        return Counts(*parts, unit=self.unit, settings=settings, tokens_read=self.tokens_read)

    # --- files ----------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to one file, whole or not at all; `load_counts` reads it.

        Raises
        ------
        FileError
            The file cannot be written; an older one is intact.
        """
        blob, offsets = _storage.pack_words(self.vocabulary)
        meta = {"unit": self.unit, "tokens_read": self.tokens_read, "settings": dataclasses.asdict(self.settings)}
        arrays: dict[str, NDArray[Any]] = {
            "words": blob, "word_offsets": offsets, "frequencies": self.frequencies,
            "row_start": self._row_start, "column": self._column, "value": self._value,
        }  # fmt: skip
        _storage.write(path, _KIND, meta, arrays, "words.Counts.save")


def load_counts(path: str | os.PathLike[str], verify: bool = True) -> Counts:
    """Read counts that `Counts.save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file. Its arrays are mapped, not copied.
    verify : bool
        Compare the checksums of the arrays; the structure is checked always.

    Returns
    -------
    Counts

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        The file is damaged, of another kind, or written by a newer version.
    """
    where = "words.load_counts"
    meta, arrays = _storage.read(path, _KIND, where, verify)
    try:
        words = _storage.unpack_words(arrays["words"], arrays["word_offsets"], where)
        return Counts(
            words, arrays["frequencies"], arrays["row_start"], arrays["column"], arrays["value"],
            unit=meta["unit"], settings=settings_from(meta["settings"]), tokens_read=meta["tokens_read"],
        )  # fmt: skip
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, FileFormatError):
            raise
        msg = f"[{where}] {os.fsdecode(path)!r} is damaged: its content makes no sense ({error})"
        raise FileFormatError(msg) from error
