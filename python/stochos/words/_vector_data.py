"""What word vectors are made of: matrix, words, frequencies, norms; questions are in `stochos.words.vectors`."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks, _core
from stochos._html import described
from stochos.errors import InputError, InputTypeError
from stochos.words import _queries

KIND = "word vectors"  # of the file
STATE = "state/"  # begins the names of the optimiser's arrays in the file


class VectorData:
    """Matrix, vocabulary and what goes with them; the base of `Vectors`, which documents the arguments."""

    def __init__(
        self,
        matrix: ArrayLike,
        vocabulary: Sequence[str],
        *,
        frequencies: ArrayLike | None = None,
        total_tokens: int | None = None,
        settings: Mapping[str, Any] | None = None,
        state: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self._set(matrix, vocabulary, frequencies, total_tokens, settings, state, check_numbers=True)

    def _set(
        self,
        matrix: ArrayLike,
        vocabulary: Sequence[str],
        frequencies: ArrayLike | None,
        total_tokens: int | None,
        settings: Mapping[str, Any] | None,
        state: Mapping[str, NDArray[Any]] | None,
        check_numbers: bool,
    ) -> None:
        where = "words.Vectors"
        self._matrix = _matrix(where, matrix, check_numbers)
        self._vocabulary = _queries.word_list(where, "vocabulary", vocabulary)
        self._rows = {word: row for row, word in enumerate(self._vocabulary)}
        rows = self._matrix.shape[0]
        if isinstance(vocabulary, str) or len(self._vocabulary) != rows:
            msg = f"[{where}] there are {rows} rows and {len(self._vocabulary)} words; give a word for each row"
            raise InputError(msg)
        if len(self._rows) != rows:
            twice = next(word for row, word in enumerate(self._vocabulary) if self._rows[word] != row)
            msg = f"[{where}] the word {twice!r} stands twice in the vocabulary; give each word once"
            raise InputError(msg)
        self._frequencies = None if frequencies is None else _frequencies(where, frequencies, rows)
        self._total_tokens = None if total_tokens is None else _checks.whole(where, "total_tokens", total_tokens, 0)
        self._settings = copy.deepcopy(dict(settings or {}))
        self._state = dict(state or {})
        # Rows by falling frequency, where the rows are not in that order already.
        self._frequency_order: NDArray[np.int64] | None = None
        if self._frequencies is not None and (np.diff(self._frequencies) > 0).any():
            self._frequency_order = np.argsort(-self._frequencies, kind="stable")
        self._norms: NDArray[np.float32] | None = None
        self._inverse: NDArray[np.float32] | None = None
        self._correlations: dict[int, tuple[NDArray[np.float64], NDArray[np.float32]]] = {}

    @property
    def matrix(self) -> NDArray[np.float32]:
        """Vectors, one row per word: ndarray of float32, shape (V, d), read-only."""
        return self._matrix

    @property
    def vocabulary(self) -> list[str]:
        """Words of the rows: list of str, length V; not to be changed."""
        return self._vocabulary

    @property
    def dim(self) -> int:
        """Numbers per vector: int."""
        return int(self._matrix.shape[1])

    @property
    def frequencies(self) -> NDArray[np.int64] | None:
        """How often each word occurred: ndarray of int64, shape (V,), read-only, or None."""
        return self._frequencies

    @property
    def total_tokens(self) -> int | None:
        """Tokens of the corpus that are in the vocabulary: int or None."""
        return self._total_tokens

    @property
    def settings(self) -> dict[str, Any]:
        """How the vectors were made: dict, a copy."""
        return copy.deepcopy(self._settings)

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """What the optimiser needs to go on: dict of name to array; empty for vectors that were not fitted here."""
        return dict(self._state)

    @property
    def norms(self) -> NDArray[np.float32]:
        """Length of each vector: ndarray of float32, shape (V,), read-only, computed once.

        In the model of the article norm² ≈ -log P(word) + const: a word's norm is its weight of meaning, and function
        words are short.
        """
        if self._norms is None:
            norms = _core.words_norms(self._matrix, _core.default_threads())
            if not np.isfinite(norms).all():
                word = self._vocabulary[int(np.flatnonzero(~np.isfinite(norms))[0])]
                msg = f"[words.norms] the norm of {word!r} does not fit float32; scale the matrix down"
                raise InputError(msg)
            norms.flags.writeable = False
            self._norms = norms
        return self._norms

    def _inverse_norms(self) -> NDArray[np.float32]:
        if self._inverse is None:
            norms = self.norms.astype(np.float64)
            inverse = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms >= _queries._TINY)
            self._inverse = inverse.astype(np.float32)
        return self._inverse

    def _correlation(self, context: int, threads: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        if context not in self._correlations:
            order = np.arange(len(self)) if self._frequency_order is None else self._frequency_order
            made = _core.words_correlation(self._matrix, order[:context].astype(np.uint32), threads)
            self._correlations = {context: made}  # the last one only: another N is rare
        return self._correlations[context]

    def __len__(self) -> int:
        return len(self._vocabulary)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and word in self._rows

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        """Vector of a word, shape (d,), read-only."""
        vector: NDArray[np.float32] = self._matrix[self.index(word)]
        return vector

    def __repr__(self) -> str:
        solver = self._settings.get("solver")
        return f"<Vectors: {len(self):,} words, {self.dim} dimensions{f', {solver}' if solver else ''}>"

    def _repr_html_(self) -> str:
        rows = ((word, f"{np.linalg.norm(self[word]):.4g}") for word in self._vocabulary)
        return described(self, ("word", "length of its vector"), rows, len(self))

    def index(self, word: str) -> int:
        """Return the row of a word.

        Raises
        ------
        UnknownNameError
            The word is not in the vocabulary.
        """
        given: object = word
        if not isinstance(given, str):
            msg = f"[words.index] the word is {word!r} of type {type(word).__name__}; give a str"
            raise InputTypeError(msg)
        return _queries.rows_of("words.index", self, [word])[0]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything, the optimiser's state too, to one checksummed file; whole or not at all.

        Raises
        ------
        FileError
            The file cannot be written.
        """
        from stochos import _storage

        blob, offsets = _storage.pack_words(self._vocabulary)
        arrays: dict[str, NDArray[Any]] = {"matrix": self._matrix, "words": blob, "word_offsets": offsets}
        if self._frequencies is not None:
            arrays["frequencies"] = self._frequencies
        arrays |= {STATE + name: np.asarray(array) for name, array in self._state.items()}
        meta = {"settings": self._settings, "total_tokens": self._total_tokens}
        _storage.write(path, KIND, meta, arrays, "words.Vectors.save")


def _matrix(where: str, given: ArrayLike, check_numbers: bool) -> NDArray[np.float32]:
    array = _checks.array(where, "the matrix", given)
    if array.dtype.kind not in "fiu":
        msg = f"[{where}] the matrix is of dtype {array.dtype}; give real numbers"
        raise InputTypeError(msg)
    if array.ndim != 2 or 0 in array.shape:
        msg = f"[{where}] the matrix has shape {array.shape}; give (V, d) with one row per word, neither of them 0"
        raise InputError(msg)
    if array.shape[0] >= 2**32 - 1:
        msg = f"[{where}] the matrix has {array.shape[0]} rows; 2**32 - 2 is the most"
        raise InputError(msg)
    if check_numbers:
        largest = np.finfo(np.float32).max
        for start in range(0, array.shape[0], 4096):
            block = np.abs(array[start : start + 4096])
            if not (block <= largest).all():
                row = start + int(np.flatnonzero(~(block <= largest).all(axis=1))[0])
                msg = f"[{where}] row {row} of the matrix holds NaN, infinity or more than float32 holds"
                raise InputError(msg)
    matrix = np.ascontiguousarray(array, np.float32).view()
    matrix.flags.writeable = False
    return matrix


def _frequencies(where: str, given: ArrayLike, rows: int) -> NDArray[np.int64]:
    array = _checks.array(where, "frequencies", given)
    if array.dtype.kind not in "iu":
        msg = f"[{where}] frequencies are of dtype {array.dtype}; give whole numbers"
        raise InputTypeError(msg)
    if array.shape != (rows,) or (array < 0).any():
        msg = f"[{where}] frequencies have shape {array.shape}; give ({rows},), none negative"
        raise InputError(msg)
    frequencies = array.astype(np.int64).view()
    frequencies.flags.writeable = False
    return frequencies
