"""The words of `stochos.words.keyed.KeyedVectors` and their vectors, under gensim's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.words import _queries
from stochos.words.vectors import Vectors

#: A word, its row, or a vector.
Key: TypeAlias = "str | int | NDArray[Any]"


class Keys:
    """What is asked about single words."""

    def __init__(self, model: Vectors) -> None:
        _checks.instance("words.KeyedVectors", "model", model, Vectors, "give a stochos.words.Vectors")
        self.model = model

    @property
    def index_to_key(self) -> list[str]:
        """The words, row after row."""
        return self.model.vocabulary

    @property
    def key_to_index(self) -> Mapping[str, int]:
        """The row of each word; it cannot be changed."""
        return MappingProxyType(self.model._rows)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The vectors, shape (V, d), read-only."""
        return self.model.matrix

    @property
    def vector_size(self) -> int:
        """Number of columns, d."""
        return self.model.dim

    @property
    def norms(self) -> NDArray[np.float32]:
        """Lengths of the vectors, shape (V,), read-only."""
        return self.model.norms

    def __len__(self) -> int:
        return len(self.model)

    def __contains__(self, key: object) -> bool:
        return key in self.model

    def __getitem__(self, keys: Key | Sequence[str | int]) -> NDArray[np.float32]:
        """Vector of a word or row, shape (d,); of a list of n, shape (n, d)."""
        if not isinstance(keys, (list, tuple, np.ndarray)) or (isinstance(keys, np.ndarray) and keys.ndim == 0):
            return self.get_vector(keys)  # type: ignore[arg-type]
        return np.stack([self.get_vector(key) for key in keys])

    def __repr__(self) -> str:
        return f"<KeyedVectors: {len(self):,} words, {self.vector_size} dimensions>"

    def has_index_for(self, key: str | int) -> bool:
        """Tell whether there is such a word, or row."""
        return self._row(key) is not None

    def get_index(self, key: str | int, default: int | None = None) -> int:
        """Return the row of a word, or `default` where it is unknown and one is given."""
        row = self._row(key)
        if row is not None:
            return row
        if default is not None:
            return default
        where = "words.KeyedVectors.get_index"
        if isinstance(key, str):
            raise _queries.unknown(where, key, self.model)
        msg = f"[{where}] there is no row {key}; rows go from 0 to {len(self) - 1}"
        raise UnknownNameError(msg)

    def get_vector(self, key: str | int, norm: bool = False) -> NDArray[np.float32]:
        """Return the vector of a word, shape (d,); with `norm` scaled to length 1 (a zero vector stays zero)."""
        row = self.get_index(key)
        vector: NDArray[np.float32] = self.vectors[row]
        return vector * self.model._inverse_norms()[row] if norm else vector

    def get_normed_vectors(self) -> NDArray[np.float32]:
        """Return all vectors scaled to length 1, shape (V, d), a copy."""
        return self.vectors * self.model._inverse_norms()[:, None]

    def get_mean_vector(
        self,
        keys: Sequence[Key],
        weights: Sequence[float] | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> NDArray[np.float32]:
        """Return the weighted mean of vectors, shape (d,).

        Parameters
        ----------
        keys : sequence of str, int or array of shape (d,)
            At least one.
        weights : sequence of float, optional
            One for each; the sum is divided by the sum of their absolute values.
        pre_normalize, post_normalize : bool
            Scale the vectors of words, or the mean, to length 1.
        ignore_missing : bool
            Leave unknown words out; else they raise.

        Returns
        -------
        array of float32

        Raises
        ------
        InputError
            There are no keys, or not as many weights.
        UnknownNameError
            A word is unknown and `ignore_missing` is False.
        """
        where = "words.KeyedVectors.get_mean_vector"
        asked: object = keys
        alone = isinstance(asked, np.ndarray) and asked.ndim == 0
        if isinstance(asked, (str, bytes)) or not isinstance(asked, Iterable) or alone:
            msg = f"[{where}] the keys are of type {type(keys).__name__}; give a list of words, rows or vectors"
            raise InputTypeError(msg)
        given = list(keys)
        shares = [1.0] * len(given) if weights is None else [float(weight) for weight in weights]
        if not given or len(given) != len(shares):
            msg = f"[{where}] there are {len(given)} keys and {len(shares)} weights; give a key, and each its weight"
            raise InputError(msg)
        known = [pair for pair in zip(given, shares, strict=True) if not ignore_missing or self._is_known(pair[0])]
        mean = self._mean(where, known, pre_normalize)
        return _queries.unit(mean) if post_normalize else _queries.single(where, mean)

    def get_vecattr(self, key: str | int, attr: str) -> int:
        """Return how often a word occurred; ``"count"`` is the only `attr` that is kept.

        Raises
        ------
        UnknownNameError
            The word is unknown, `attr` is another one, or the vectors came without frequencies.
        """
        frequencies = self.model.frequencies
        if attr != "count" or frequencies is None:
            msg = f"[words.KeyedVectors.get_vecattr] no {attr!r} is kept; 'count' is, where frequencies are known"
            raise UnknownNameError(msg)
        return int(frequencies[self.get_index(key)])

    def _row(self, key: object) -> int | None:
        if isinstance(key, str):
            return self.model._rows.get(key)
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            return int(key) if 0 <= key < len(self) else None
        msg = f"[words.KeyedVectors] the key is {key!r} of type {type(key).__name__}; give a word or a row"
        raise InputTypeError(msg)

    def _is_known(self, key: Key) -> bool:
        return isinstance(key, np.ndarray) or self._row(key) is not None

    def _vector(self, where: str, key: Key) -> NDArray[np.float64]:
        if isinstance(key, np.ndarray):
            return _queries.query_vector(where, self.model, key)[0]
        return self.get_vector(key).astype(np.float64)

    def _mean(self, where: str, pairs: Sequence[tuple[Key, float]], unit: bool) -> NDArray[np.float64]:
        """Weighted mean, in double; words at length 1 where `unit` says so, vectors as they are."""
        total, size = np.zeros(self.vector_size), 0.0
        for key, weight in pairs:
            vector = self._vector(where, key)
            if unit and not isinstance(key, np.ndarray):
                vector = vector * float(self.model._inverse_norms()[self.get_index(key)])
            total += weight * vector
            size += abs(weight)
        return total / size if size > 0 else total
