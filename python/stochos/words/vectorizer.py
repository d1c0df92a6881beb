"""`PMIVectorizer`: word vectors as a scikit-learn transformer of documents."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import InputTypeError
from stochos.words import _tokenizers
from stochos.words.counting import count
from stochos.words.fitting import fit

if TYPE_CHECKING:
    from stochos.words.counts import Counts
    from stochos.words.vectors import Vectors

__all__ = ["PMIVectorizer"]

_WHERE = "words.PMIVectorizer"
_checks.optional(_WHERE, "sklearn", "sklearn")

from scipy.sparse import csr_array  # noqa: E402 - they come with it
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin  # noqa: E402
from sklearn.utils import check_random_state  # noqa: E402
from sklearn.utils.validation import check_is_fitted  # noqa: E402


class PMIVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn documents into vectors: the sum or mean of the PMI vectors of their words.

    `fit` counts the documents and fits one vector a word (`words.count`, `words.fit`); `transform` adds up. It stands
    in a pipeline where `CountVectorizer` and `TruncatedSVD` would.

    Parameters
    ----------
    dim : int, default 100
        Dimension D of the vectors.
    window, min_count, weighting, tokenizer, stop_words, max_vocabulary, subsample
        As in `words.count`.
    solver, epochs, negatives
        As in `words.fit`.
    pooling : {"mean", "sum"}, default "mean"
        Of the vectors of a document's known words. A document without any is zero.
    random_state : int, numpy.random.RandomState or None, default 0
        None draws a seed from NumPy's global state.
    threads : int, optional
        As in `words.count`; the result does not depend on it.
    executor : concurrent.futures.Executor, optional
        As in `words.count`.

    Attributes
    ----------
    counts_ : Counts
    vectors_ : Vectors
        For similar words, analogies and keywords.
    vocabulary_ : dict of str to int
        Row of each word in ``vectors_.matrix``.

    Raises
    ------
    MissingPartError
        scikit-learn is not installed.

    Examples
    --------
    >>> from stochos import words
    >>> texts = ["the cat sat on the mat", "the dog sat on the rug", "a cat and a dog"]
    >>> words.PMIVectorizer(dim=2, min_count=1).fit_transform(texts).shape
    (3, 2)
    """

    def __init__(
        self,
        *,
        dim: int = 100,
        window: int = 5,
        min_count: int = 5,
        weighting: Literal["flat", "harmonic", "linear"] = "flat",
        tokenizer: str | Callable[[str], Sequence[str]] | None = None,
        stop_words: Iterable[str] = (),
        max_vocabulary: int | None = None,
        subsample: float | None = None,
        solver: Literal["sgd", "spectral"] = "sgd",
        epochs: int = 2,
        negatives: int = 5,
        pooling: Literal["mean", "sum"] = "mean",
        random_state: int | np.random.RandomState | None = 0,
        threads: int | None = None,
        executor: Any = None,
    ) -> None:
        self.dim = dim
        self.window = window
        self.min_count = min_count
        self.weighting = weighting
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.max_vocabulary = max_vocabulary
        self.subsample = subsample
        self.solver = solver
        self.epochs = epochs
        self.negatives = negatives
        self.pooling = pooling
        self.random_state = random_state
        self.threads = threads
        self.executor = executor

    def fit(self, X: Iterable[str], y: object = None) -> PMIVectorizer:  # noqa: ARG002 - scikit-learn's names
        """Count the documents and fit the vectors.

        Parameters
        ----------
        X : iterable of str, length N
            Documents; windows stop at their ends and at line ends.
        y : object
            Not looked at.

        Returns
        -------
        PMIVectorizer
            Itself.

        Raises
        ------
        InputError, InputTypeError
            A parameter is out of range, X holds no documents, or no word stays.
        """
        _checks.choice(_WHERE, "pooling", self.pooling, ("mean", "sum"))
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = int(check_random_state(seed).randint(2**31))
        self.counts_: Counts = count(
            _documents(X),
            window=self.window,
            min_count=self.min_count,
            weighting=self.weighting,
            tokenizer=self.tokenizer,
            stop_words=self.stop_words,
            max_vocabulary=self.max_vocabulary,
            subsample=self.subsample,
            threads=self.threads,
            seed=int(seed),
            progress=False,
            executor=self.executor,
        )
        self.vectors_: Vectors = fit(
            self.counts_,
            dim=self.dim,
            solver=self.solver,
            epochs=self.epochs,
            negatives=self.negatives,
            seed=int(seed),
            threads=self.threads,
            progress=False,
        )
        self.vocabulary_: dict[str, int] = {word: row for row, word in enumerate(self.counts_.vocabulary)}
        return self

    def transform(self, X: Iterable[str]) -> NDArray[np.float64]:
        """Return the vectors of documents.

        Parameters
        ----------
        X : iterable of str, length N

        Returns
        -------
        ndarray of float64, shape (N, D)

        Raises
        ------
        sklearn.exceptions.NotFittedError
            `fit` was not called.
        InputTypeError
            X is no iterable of str.
        """
        check_is_fitted(self, "vectors_")
        split = _tokenizers.splitter(_WHERE, self.tokenizer)
        rows: list[int] = []
        ends = [0]
        for document in _documents(X):
            rows.extend(row for word in split(document) if (row := self.vocabulary_.get(word)) is not None)
            ends.append(len(rows))
        ones = np.ones(len(rows))
        shape = (len(ends) - 1, len(self.vocabulary_))
        sums = csr_array((ones, np.array(rows, np.int64), np.array(ends)), shape) @ self.vectors_.matrix
        if self.pooling == "mean":
            sums /= np.maximum(np.diff(ends), 1)[:, None]
        return np.asarray(sums, np.float64)

    @property
    def _n_features_out(self) -> int:
        return int(self.vectors_.matrix.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags


def _documents(documents: object) -> Iterable[str]:
    """Refuse a single text and what is no iterable, and watch that each item is a text."""
    if isinstance(documents, (str, bytes)) or not isinstance(documents, Iterable):
        msg = f"[{_WHERE}] X is {documents!r:.80} of type {type(documents).__name__}; give a list of texts"
        raise InputTypeError(msg)

    def watched(index: int, item: object) -> str:
        if isinstance(item, str):
            return item
        msg = f"[{_WHERE}] item {index} of X is {item!r:.80} of type {type(item).__name__}; documents are str"
        raise InputTypeError(msg)

    return list(itertools.starmap(watched, enumerate(documents)))
