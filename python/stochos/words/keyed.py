"""Word vectors under the names of gensim's KeyedVectors, so that code written for it goes on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import InputError, InputTypeError
from stochos.words import _keys, _queries
from stochos.words._keys import Key

__all__ = ["KeyedVectors"]


class KeyedVectors(_keys.Keys):
    """`Vectors` with the names and the answers of ``gensim.models.KeyedVectors``.

    It reads the same memory and holds nothing of its own. Where gensim's answer rests on the order of the words,
    ``restrict_vocab``, it is the order of frequency. Unknown words raise `UnknownNameError`, which is a KeyError.

    Parameters
    ----------
    model : Vectors
        What is asked; it stays at hand as ``model``, with what gensim does not have.

    Raises
    ------
    InputTypeError
        It is something else.

    Notes
    -----
    Names and meanings: gensim 4, https://radimrehurek.com/gensim/models/keyedvectors.html. Left out: what changes
    vectors, distances of documents (``wmdistance``), and the evaluations, for which ``model.evaluate`` also tells how
    many questions it could ask.

    Examples
    --------
    >>> from stochos import words
    >>> wv = words.KeyedVectors(words.Vectors([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], ["a", "b", "c"]))
    >>> wv.most_similar("a", topn=1)[0][0]
    'b'
    >>> wv.key_to_index["c"]
    2
    """

    @classmethod
    def load_word2vec_format(
        cls,
        path: str | os.PathLike[str],
        *,
        binary: bool | None = None,
        limit: int | None = None,
        no_header: bool = False,
    ) -> KeyedVectors:
        """Read word2vec's text or binary format; `stochos.words.from_word2vec` says what is read and what is refused.

        Parameters
        ----------
        path : str or path-like
            The file, plain or compressed with gzip.
        binary : bool, optional
            By default the content tells.
        limit : int, optional
            Read only the first `limit` rows.
        no_header : bool
            The file has no line that says how many rows and columns there are, as those of GloVe.

        Returns
        -------
        KeyedVectors
        """
        from stochos.words.word2vec import from_word2vec

        return cls(from_word2vec(path, binary, False if no_header else None, limit=limit))

    def save_word2vec_format(
        self, path: str | os.PathLike[str], *, binary: bool = False, write_header: bool = True
    ) -> None:
        """Write word2vec's text or binary format, as `Vectors.to_word2vec` does."""
        self.model.to_word2vec(path, binary, write_header)

    # --- neighbours ------------------------------------------------------------------------------------------------

    def most_similar(
        self,
        positive: Key | Sequence[Key | tuple[Key, float]] | None = None,
        negative: Key | Sequence[Key | tuple[Key, float]] | None = None,
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]] | NDArray[np.float32]:
        """Return the words whose cosine with a mean of unit vectors is largest.

        Parameters
        ----------
        positive, negative : word, row, vector, or sequence of them or of (key, weight), optional
            Weights are 1 and -1 where none is given. The words themselves are no answer.
        topn : int or None
            How many; None: the cosine of every word, in the order of rows.
        restrict_vocab : int, optional
            Look only among so many most frequent words.

        Returns
        -------
        list of (str, float), or array of float32, shape (V,)
            Largest first, equal ones by row.

        Raises
        ------
        InputError, InputTypeError
            There is no key, or one is of the wrong kind.
        UnknownNameError
            A word is not there.
        """
        where = "words.KeyedVectors.most_similar"
        pairs = [*_weighted(where, positive, 1.0), *_weighted(where, negative, -1.0)]
        if not pairs:
            msg = f"[{where}] there is nothing to be similar to; give a word"
            raise InputError(msg)
        mean = self._mean(where, pairs, True)
        if topn is None:
            return _queries.cosines(self.model, mean, len(self), _checks.threads(where, None))
        rows = [self.get_index(key) for key, _ in pairs if not isinstance(key, np.ndarray)]
        number = min(_checks.whole(where, "topn", topn, 0), len(self))
        return _queries.nearest(where, self.model, mean, rows, number, restrict_vocab, _checks.threads(where, None))

    def most_similar_cosmul(
        self,
        positive: str | Iterable[str],
        negative: str | Iterable[str] = (),
        topn: int = 10,
        *,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]]:
        """Return what `Vectors.analogy` with ``method="multiply"`` returns.

        Its divisor holds 0.001 more than the product of Levy & Goldberg, as they have it; gensim's holds 0.000001.
        """
        return self.model.analogy(positive, negative, topn, "multiply", top=restrict_vocab)

    def similar_by_word(
        self, word: str | int, topn: int | None = 10, *, restrict_vocab: int | None = None
    ) -> list[tuple[str, float]] | NDArray[np.float32]:
        """Return what `most_similar` returns for one word."""
        return self.most_similar([word], topn=topn, restrict_vocab=restrict_vocab)

    similar_by_key = similar_by_word

    def similar_by_vector(
        self, vector: NDArray[Any], topn: int | None = 10, *, restrict_vocab: int | None = None
    ) -> list[tuple[str, float]] | NDArray[np.float32]:
        """Return what `most_similar` returns for one vector, shape (d,)."""
        return self.most_similar([np.asarray(vector)], topn=topn, restrict_vocab=restrict_vocab)

    def closer_than(self, key1: str | int, key2: str | int) -> list[str]:
        """Return the words that are nearer to `key1` than `key2` is, in the order of rows."""
        distances = self.distances(key1)
        own = self.get_index(key1)
        nearer = np.flatnonzero(distances < distances[self.get_index(key2)])
        return [self.index_to_key[row] for row in nearer.tolist() if row != own]

    def rank(self, key1: str | int, key2: str | int) -> int:
        """Return the place of `key2` among the neighbours of `key1`; 1 for the nearest."""
        return len(self.closer_than(key1, key2)) + 1

    # --- similarities ----------------------------------------------------------------------------------------------

    def similarity(self, w1: str | int, w2: str | int) -> float:
        """Return the cosine of two words' vectors; 0 with a zero vector."""
        return self._cosine(self.get_vector(w1), self.get_vector(w2))

    def distance(self, w1: str | int, w2: str | int) -> float:
        """Return 1 minus the cosine of two words' vectors."""
        return 1.0 - self.similarity(w1, w2)

    def distances(self, word_or_vector: Key, other_words: Sequence[str | int] = ()) -> NDArray[np.float32]:
        """Return 1 minus the cosine of a word, or a vector, with each of `other_words`; with all words without them."""
        where = "words.KeyedVectors.distances"
        vector = self._vector(where, word_or_vector)
        near = _queries.cosines(self.model, vector, len(self), _checks.threads(where, None))
        rows = [self.get_index(word) for word in other_words]
        away: NDArray[np.float32] = 1 - (near[rows] if rows else near)
        return away

    def n_similarity(self, ws1: Iterable[str], ws2: Iterable[str]) -> float:
        """Return the cosine of the sums of two sets of words; unknown words are skipped, 0 when none is known.

        Raises
        ------
        InputError
            A set is empty (gensim raises a ZeroDivisionError).
        """
        where = "words.KeyedVectors.n_similarity"
        sums = []
        for name, given in (("ws1", ws1), ("ws2", ws2)):
            words = _queries.word_list(where, name, given)
            if not words:
                msg = f"[{where}] {name} is empty; give at least one word"
                raise InputError(msg)
            sums.append(_queries.sentence(where, self.model, words, "sum"))
        return _queries.compare(where, sums[0], sums[1], "cosine")

    def rank_by_centrality(self, words: Iterable[str], use_norm: bool = True) -> list[tuple[float, str]]:
        """Return the known words with their inner products with the direction of their mean, largest first.

        Parameters
        ----------
        words : iterable of str
            Unknown ones are skipped.
        use_norm : bool
            Take unit vectors.

        Returns
        -------
        list of (float, str)

        Raises
        ------
        InputError
            No word is known.
        """
        where = "words.KeyedVectors.rank_by_centrality"
        known = [word for word in _queries.word_list(where, "words", words) if word in self]
        if not known:
            msg = f"[{where}] none of the words is known; give at least one that is"
            raise InputError(msg)
        own = np.stack([self.get_vector(word, norm=use_norm) for word in known]).astype(np.float64)
        center = own.sum(axis=0)
        length = float(np.linalg.norm(center))
        near = own @ (center / length if length > 0 else center)
        return sorted(zip(near.tolist(), known, strict=True), reverse=True)

    def doesnt_match(self, words: Iterable[str]) -> str:
        """Return the word that is furthest from the mean of all, by `rank_by_centrality`."""
        return self.rank_by_centrality(words)[-1][1]

    def _cosine(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
        return _queries.compare("words.KeyedVectors", a.astype(np.float64), b.astype(np.float64), "cosine")


def _weighted(where: str, given: object, weight: float) -> list[tuple[Key, float]]:
    """Return keys with their weights: of none, of one, of a sequence."""
    if given is None:
        return []
    if isinstance(given, (str, int, np.integer)) or (isinstance(given, np.ndarray) and given.ndim < 2):
        return [(given, weight)]  # type: ignore[list-item]
    if not isinstance(given, Iterable):
        msg = f"[{where}] {given!r} is of type {type(given).__name__}; give a word, a row, a vector, or a list of them"
        raise InputTypeError(msg)
    pairs: list[tuple[Key, float]] = []
    for item in given:
        key, share = item if isinstance(item, tuple) and len(item) == 2 else (item, weight)
        pairs.append((key, _checks.real(where, "a weight", share)))
    return pairs
