"""Scores of word vectors on files of human similarity judgements and of analogies."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks, _core
from stochos._progress import Callback, Progress, progress_callback
from stochos.words import _evaluation_files, _queries

if TYPE_CHECKING:
    from stochos.words._vector_data import VectorData

__all__ = ["Evaluation", "evaluate", "spearman"]

_SAMPLE = 20  # skipped words that are named


@dataclass(frozen=True)
class Evaluation:
    """How well vectors do on one file.

    Attributes
    ----------
    kind : str
        ``"similarity"`` or ``"analogy"``.
    score : float
        Spearman's rank correlation with the human scores, or the share of right answers among the used questions.
        NaN when nothing could be used or a correlation is undefined.
    used, total : int
        Pairs or questions whose words are all in the vocabulary, and all that the file holds. Scores of different
        vectors compare only when `used` agrees.
    metric : str
        ``"cosine"`` or ``"dot"`` for similarity, ``"add"`` or ``"multiply"`` for analogies.
    pearson : float or None
        Pearson's correlation; similarity only.
    sections : dict of str to (int, int, int)
        Right answers, used and all questions of each section; analogies only.
    skipped : tuple of str
        The first 20 distinct words that are not in the vocabulary.
    """

    kind: str
    score: float
    used: int
    total: int
    metric: str
    pearson: float | None = None
    sections: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line: score, metric, used of total."""
        return f"{self.kind} {self.score:.4f} ({self.metric}; {self.used:,} of {self.total:,} used)"


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts).astype(np.float64)
    mean: NDArray[np.float64] = last - (counts - 1) / 2.0
    return mean[inverse]


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    if x.size < 2:
        return float("nan")
    # Scaled first: squares of very small or large values would leave the range of double.
    spread = [np.abs(v - v.mean()).max() for v in (x, y)]
    if min(spread) == 0:
        return float("nan")
    a, b = (x - x.mean()) / spread[0], (y - y.mean()) / spread[1]
    return float(np.clip((a @ b) / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's rank correlation, equal values sharing the mean of their ranks.

    Parameters
    ----------
    x, y : array of float, shape (N,)
        Finite.

    Returns
    -------
    float
        In [-1, 1]; NaN for fewer than two values or when all of `x` or of `y` are equal.
    """
    return _pearson(_ranks(np.asarray(x, np.float64)), _ranks(np.asarray(y, np.float64)))


class _Lookup:
    """Rows of the words of a file; a word that is not there is tried in lower case."""

    def __init__(self, vectors: VectorData, where: str, top: int | None, lowercase: bool) -> None:
        self.vectors, self.lowercase = vectors, lowercase
        self.rows, self.mask = _queries.candidates(where, vectors, top)
        self.missing: dict[str, None] = {}

    def __call__(self, words: tuple[str, ...]) -> list[int] | None:
        found = [self._row(word) for word in words]
        for word, row in zip(words, found, strict=True):
            if row is None and len(self.missing) < _SAMPLE:
                self.missing[word] = None
        known = [row for row in found if row is not None]
        return known if len(known) == len(found) else None

    def _row(self, word: str) -> int | None:
        for form in (word, word.lower()) if self.lowercase else (word,):
            row = self.vectors._rows.get(form)
            if row is not None and row < self.rows and (self.mask.size == 0 or self.mask[row]):
                return row
        return None


def evaluate(
    vectors: VectorData,
    path: str | os.PathLike[str],
    *,
    kind: Literal["similarity", "analogy"] | None = None,
    top: int | None = None,
    lowercase: bool = True,
    metric: Literal["cosine", "dot"] = "cosine",
    method: Literal["add", "multiply"] = "add",
    threads: int | None = None,
    progress: Progress = None,
) -> Evaluation:
    """Score vectors on a file.

    Parameters
    ----------
    vectors : Vectors
        What to score.
    path : str or path-like
        UTF-8. Similarities: ``word1 word2 score`` on each line, by tabs, commas or blanks; a first line that names the
        columns is skipped. Analogies: four words on each line, lines ``: name`` begin a section (the form of Google's
        questions-words.txt). Lines that begin with ``#`` are comments.
    kind : {"similarity", "analogy"}, optional
        By default the first line tells.
    top : int, optional
        Use only the `top` most frequent words, as questions and as answers.
    lowercase : bool
        Look a word up in lower case when it is not there as it stands.
    metric : {"cosine", "dot"}
        Of similarities.
    method : {"add", "multiply"}
        Of analogies, see `Vectors.analogy`; the three given words are no answers.
    threads : int, optional
        The score does not depend on it.
    progress : None, bool or callable
        Of analogies. None: a bar on a terminal. A callable gets ``(done, total)``; False stops the call.

    Returns
    -------
    Evaluation

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        A line is malformed (named by its number), or there is no content.
    InputError, InputTypeError
        An argument is out of range or of the wrong kind.

    Notes
    -----
    Analogies take one matrix product of the distinct words with the vocabulary, O(U V d), and O(Q V) to combine it for
    Q questions.
    """
    where = "words.evaluate"
    if kind is not None:
        _checks.choice(where, "kind", kind, ("similarity", "analogy"))
    _checks.choice(where, "metric", metric, ("cosine", "dot"))
    _checks.choice(where, "method", method, ("add", "multiply"))
    lanes = _checks.threads(where, threads)
    lookup = _Lookup(vectors, where, top, lowercase)
    task = _evaluation_files.read(where, path, kind)
    if task.kind == "similarity":
        return _similarity(vectors, task, lookup, metric)
    with progress_callback(progress, "analogies", "rows", where) as callback:
        return _analogy(vectors, task, lookup, method, lanes, callback)


def _similarity(vectors: VectorData, task: _evaluation_files.Task, lookup: _Lookup, metric: str) -> Evaluation:
    rows: list[list[int]] = []
    human: list[float] = []
    for first, second, score in task.pairs:
        pair = lookup((first, second))
        if pair is not None:
            rows.append(pair)
            human.append(score)
    left, right = (vectors.matrix[[pair[side] for pair in rows]].astype(np.float64) for side in (0, 1))
    model: NDArray[np.float64] = (left * right).sum(axis=1)
    if metric == "cosine":
        lengths = np.sqrt((left * left).sum(axis=1)) * np.sqrt((right * right).sum(axis=1))
        model = np.divide(model, lengths, out=np.zeros_like(model), where=lengths > 0)
    truth = np.array(human)
    return Evaluation(
        kind="similarity",
        score=spearman(model, truth),
        used=len(rows),
        total=len(task.pairs),
        metric=metric,
        pearson=_pearson(model, truth),
        skipped=tuple(lookup.missing),
    )


def _analogy(
    vectors: VectorData,
    task: _evaluation_files.Task,
    lookup: _Lookup,
    method: str,
    threads: int,
    progress: Callback | None,
) -> Evaluation:
    asked: list[list[int]] = []
    section_of: list[int] = []
    for number, questions in enumerate(task.sections.values()):
        for question in questions:
            rows = lookup(question)
            if rows is not None:
                asked.append(rows)
                section_of.append(number)
    right = np.zeros(len(asked), dtype=bool)
    if asked:
        table = np.array(asked, dtype=np.uint32)
        words, places = np.unique(table[:, :3], return_inverse=True)
        answers = _core.words_analogies(
            vectors.matrix[: lookup.rows],
            vectors._inverse_norms()[: lookup.rows],
            words,
            places.reshape(-1).astype(np.uint32),
            lookup.mask,
            method == "multiply",
            _queries.EPSILON,
            threads,
            progress,
        )
        right = answers == table[:, 3]
    sections = np.array(section_of, dtype=np.int64)
    used = np.bincount(sections, minlength=len(task.sections))
    correct = np.bincount(sections, weights=right, minlength=len(task.sections)).astype(int)
    return Evaluation(
        kind="analogy",
        score=float(right.mean()) if asked else float("nan"),
        used=len(asked),
        total=sum(map(len, task.sections.values())),
        metric=method,
        sections={
            name: (int(correct[i]), int(used[i]), len(questions))
            for i, (name, questions) in enumerate(task.sections.items())
        },
        skipped=tuple(lookup.missing),
    )
