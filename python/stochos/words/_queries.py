"""How the questions to word vectors are answered; `stochos.words.vectors` is the public face."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, _core
from stochos.errors import InputError, InputTypeError, UnknownNameError

if TYPE_CHECKING:
    from stochos.words._vector_data import VectorData

#: Keeps the quotient of 3CosMul finite; the value of Levy & Goldberg (2014), section 6.
EPSILON = 0.001
_NO_MASK: NDArray[np.uint8] = np.empty(0, np.uint8)
_NO_SCALE: NDArray[np.float32] = np.empty(0, np.float32)
_TINY = 1e-37  # norms below it count as zero, as in the core
_HUGE = 1e38  # inner products stay below the largest float32


class Keywords(list[tuple[str, float]]):
    """Keywords, best first, as ``(word, score)``.

    Attributes
    ----------
    skipped : list of str
        The distinct given words that are not in the vocabulary, in the order of their first appearance.
    """

    def __init__(self, pairs: Iterable[tuple[str, float]] = (), skipped: Iterable[str] = ()) -> None:
        super().__init__(pairs)
        self.skipped = list(skipped)


def unknown(where: str, word: str, vectors: VectorData) -> UnknownNameError:
    """Make the error for a word that is not there, with up to three close spellings (bounded work)."""
    known = [w for w in (word.lower(), word.capitalize(), word.upper()) if w != word and w in vectors]
    if not known:
        # Comparing with all words of a large vocabulary would take seconds: the frequent ones of about that length do.
        near = (
            w
            for w in itertools.islice(vectors.vocabulary, 100_000)
            if abs(len(w) - len(word)) <= 2 and (w[:1] == word[:1] or w[-1:] == word[-1:])
        )
        if len(word) <= 60:
            known = difflib.get_close_matches(word, itertools.islice(near, 3000), n=3, cutoff=0.7)
    hint = f"; did you mean {' or '.join(map(repr, known))}?" if known else "; ask with `in` first"
    shown = word if len(word) <= 60 else word[:57] + "..."
    return UnknownNameError(f"[{where}] the word {shown!r} is not among the {len(vectors):,} of the vocabulary{hint}")


def word_list(where: str, name: str, given: object, split: bool = False) -> list[str]:
    """Return `given` as a list of words; a str is one word, or is split at white space when `split`."""
    if isinstance(given, str):
        return given.split() if split else [given]
    alone = isinstance(given, np.ndarray) and given.ndim == 0
    if isinstance(given, (bytes, bytearray)) or not isinstance(given, Iterable) or alone:
        msg = f"[{where}] {name} is of type {type(given).__name__}; give a word or a list of words"
        raise InputTypeError(msg)
    words = list(given)
    for word in words:
        if not isinstance(word, str):
            msg = f"[{where}] {name} holds {word!r} of type {type(word).__name__}; give words as str"
            raise InputTypeError(msg)
    return words


def rows_of(where: str, vectors: VectorData, words: Iterable[str]) -> list[int]:
    """Row of each word; the first unknown one is the error."""
    rows = []
    for word in words:
        row = vectors._rows.get(word)
        if row is None:
            raise unknown(where, word, vectors)
        rows.append(row)
    return rows


def sum_of(vectors: VectorData, rows: list[int]) -> NDArray[np.float64]:
    """Sum of rows in double, (d,)."""
    total: NDArray[np.float64] = vectors.matrix[rows].sum(axis=0, dtype=np.float64)
    return total


def single(where: str, vector: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round to float32; what does not fit is an error and not infinity."""
    if np.abs(vector).max(initial=0.0) > np.finfo(np.float32).max:
        msg = f"[{where}] the sum of the vectors does not fit float32; scale the matrix down"
        raise InputError(msg)
    return vector.astype(np.float32)


def unit_sum(vectors: VectorData, rows: list[int]) -> NDArray[np.float64]:
    """Sum of rows scaled to length 1, in double, (d,); zero vectors stay zero."""
    scale = vectors._inverse_norms()[rows].astype(np.float64)
    total: NDArray[np.float64] = (vectors.matrix[rows] * scale[:, None]).sum(axis=0)
    return total


def unit(vector: NDArray[np.float64]) -> NDArray[np.float32]:
    """Scale to length 1; a zero vector stays zero."""
    norm = float(np.linalg.norm(vector))
    return (vector / norm if norm >= _TINY else np.zeros_like(vector)).astype(np.float32)


def query_vector(where: str, vectors: VectorData, target: object) -> tuple[NDArray[np.float64], list[int]]:
    """Return the vector asked about, and the rows of the words that it is made of."""
    if isinstance(target, np.ndarray) and target.dtype.kind in "fiu":
        if target.shape != (vectors.dim,):
            msg = f"[{where}] the vector has shape {target.shape}; give ({vectors.dim},)"
            raise InputError(msg)
        vector = target.astype(np.float64)
        if not np.isfinite(vector).all() or np.abs(vector).max() > np.finfo(np.float32).max:
            msg = f"[{where}] the vector holds NaN, infinity or more than float32 holds; give finite numbers"
            raise InputError(msg)
        return vector, []
    words = word_list(where, "the target", target)
    if not words:
        msg = f"[{where}] the list of words is empty; give at least one"
        raise InputError(msg)
    rows = rows_of(where, vectors, words)
    return sum_of(vectors, rows), rows


def candidates(
    where: str, vectors: VectorData, top: object, excluded: Iterable[int] = ()
) -> tuple[int, NDArray[np.uint8]]:
    """Rows to look at, as (number of first rows, mask over them or empty)."""
    size = len(vectors)
    limit = size if top is None else min(size, _checks.whole(where, "top", top, 1))
    order = vectors._frequency_order
    rows = limit if order is None else size
    inside = [row for row in excluded if row < rows]
    if rows == limit and not inside:
        return rows, _NO_MASK
    mask = np.ones(rows, np.uint8)
    if order is not None and limit < size:
        mask[order[limit:]] = 0
    mask[inside] = 0
    return rows, mask


def named(
    vectors: VectorData, index: NDArray[np.uint32], score: NDArray[np.float32], bounded: bool
) -> list[tuple[str, float]]:
    """Words with their scores; bounded ones are kept within [-1, 1] against rounding."""
    scores = (np.clip(score, -1.0, 1.0) if bounded else score).tolist()
    vocabulary = vectors.vocabulary
    return [(vocabulary[i], s) for i, s in zip(index.tolist(), scores, strict=True)]


def similar(
    vectors: VectorData,
    target: object,
    k: object,
    metric: str,
    top: object,
    exclude: bool,
    context_words: object,
    threads: object,
) -> list[tuple[str, float]]:
    """Answer `Vectors.similar`."""
    where = "words.similar"
    number = min(_checks.whole(where, "k", k, 0), len(vectors))
    _checks.choice(where, "metric", metric, ("cosine", "dot", "correlation"))
    lanes = _checks.threads(where, threads)
    vector, rows = query_vector(where, vectors, target)
    if metric == "cosine":
        return nearest(where, vectors, vector, rows if exclude else (), number, top, lanes)
    count, mask = candidates(where, vectors, top, rows if exclude else ())
    scale = _NO_SCALE
    if metric == "dot":
        query = single(where, vector)
        check_range(where, vectors, vector)
    else:
        limit = _checks.whole(where, "context_words", context_words, 2)
        covariance, inverse = vectors._correlation(min(limit, len(vectors)), lanes)
        image = covariance @ vector
        norm = float(np.sqrt(max(0.0, float(vector @ image))))
        query = (image / norm if norm >= _TINY else np.zeros_like(image)).astype(np.float32)
        scale = inverse[:count]
    index, score = _core.words_best_rows(vectors.matrix[:count], query, scale, mask, number, lanes)
    return named(vectors, index, score, metric != "dot")


def nearest(
    where: str,
    vectors: VectorData,
    vector: NDArray[np.float64],
    excluded: Iterable[int],
    k: int,
    top: object,
    threads: int,
) -> list[tuple[str, float]]:
    """Words with the largest cosine with a vector."""
    count, mask = candidates(where, vectors, top, excluded)
    scale = vectors._inverse_norms()[:count]
    index, score = _core.words_best_rows(vectors.matrix[:count], unit(vector), scale, mask, k, threads)
    return named(vectors, index, score, True)


def cosines(vectors: VectorData, vector: NDArray[np.float64], count: int, threads: int) -> NDArray[np.float32]:
    """Cosine of a vector with each of the first `count` words."""
    near = _core.words_scores(vectors.matrix[:count], unit(vector), threads) * vectors._inverse_norms()[:count]
    made: NDArray[np.float32] = np.clip(near, -1.0, 1.0)
    return made


def check_range(where: str, vectors: VectorData, vector: NDArray[np.float64]) -> None:
    """Refuse a query whose inner products could leave float32."""
    if float(np.linalg.norm(vector)) * float(vectors.norms.max()) > _HUGE:
        msg = f"[{where}] inner products with this vector can exceed float32; scale the matrix down"
        raise InputError(msg)


def analogy(
    vectors: VectorData,
    positive: object,
    negative: object,
    k: object,
    method: str,
    top: object,
    exclude: bool,
    threads: object,
) -> list[tuple[str, float]]:
    """Answer `Vectors.analogy`."""
    where = "words.analogy"
    number = min(_checks.whole(where, "k", k, 0), len(vectors))
    _checks.choice(where, "method", method, ("add", "multiply"))
    lanes = _checks.threads(where, threads)
    plus = rows_of(where, vectors, word_list(where, "positive", positive))
    minus = rows_of(where, vectors, word_list(where, "negative", negative))
    if not plus:
        msg = f"[{where}] positive is empty; give at least one word"
        raise InputError(msg)
    given = [*plus, *minus] if exclude else ()
    if method == "add":
        return nearest(where, vectors, unit_sum(vectors, plus) - unit_sum(vectors, minus), given, number, top, lanes)
    count, mask = candidates(where, vectors, top, given)
    product = np.ones(count)
    for row in plus:
        product *= _nearness(vectors, row, count, lanes)
    for row in minus:
        product /= _nearness(vectors, row, count, lanes) + EPSILON
    largest = float(np.finfo(np.float32).max)
    index, score = _core.words_best(np.minimum(product, largest).astype(np.float32), mask, number)
    return named(vectors, index, score, False)


def _nearness(vectors: VectorData, row: int, count: int, threads: int) -> NDArray[np.float64]:
    """(1 + cosine) / 2 of one word with the first `count`, in [0, 1]."""
    near: NDArray[np.float64] = (
        1.0 + cosines(vectors, unit_sum(vectors, [row]), count, threads).astype(np.float64)
    ) / 2
    return near


def keywords(vectors: VectorData, tokens: object, k: object, among: str, threads: object) -> Keywords:
    """Answer `Vectors.keywords`."""
    where = "words.keywords"
    number = min(_checks.whole(where, "k", k, 0), len(vectors))
    _checks.choice(where, "candidates", among, ("given", "vocabulary"))
    lanes = _checks.threads(where, threads)
    times = Counter(word_list(where, "tokens", tokens, split=True))
    skipped = [word for word in times if word not in vectors]
    rows = [vectors._rows[word] for word in times if word in vectors]
    if not rows or number == 0:
        return Keywords([], skipped)
    count = np.array([n for word, n in times.items() if word in vectors], dtype=np.float64)
    own = vectors.matrix[rows].astype(np.float64)
    total = count @ own
    # The word's own n occurrences leave the sum: <sum - n v, v>.
    scores = (own @ total) - count * (own * own).sum(axis=1)
    found = list(zip(rows, scores.tolist(), strict=True))
    if among == "vocabulary":
        query = single(where, total)
        check_range(where, vectors, total)
        size, mask = candidates(where, vectors, None, rows)
        index, score = _core.words_best_rows(vectors.matrix[:size], query, _NO_SCALE, mask, number, lanes)
        found += zip(index.tolist(), score.tolist(), strict=True)
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return Keywords([(vectors.vocabulary[row], score) for row, score in found[:number]], skipped)


def sentence(where: str, vectors: VectorData, tokens: object, kind: str) -> NDArray[np.float64]:
    """Sum or mean of the known words' vectors, in double, (d,)."""
    _checks.choice(where, "kind", kind, ("sum", "mean"))
    words = word_list(where, "tokens", tokens, split=True)
    rows = [vectors._rows[word] for word in words if word in vectors]
    total = sum_of(vectors, rows)
    return total / len(rows) if kind == "mean" and rows else total


def compare(where: str, a: NDArray[np.float64], b: NDArray[np.float64], metric: str) -> float:
    """Cosine (0 with a zero vector) or inner product of two vectors."""
    _checks.choice(where, "metric", metric, ("cosine", "dot"))
    if metric == "dot":
        return float(a @ b)
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(lengths) < _TINY:
        return 0.0
    return float(np.clip((a / lengths[0]) @ (b / lengths[1]), -1.0, 1.0))
