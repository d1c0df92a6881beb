"""Word vectors from PMI: exact co-occurrence counts, vectors whose inner product is PMI, and queries."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.words.counting import count
    from stochos.words.counts import Counts, load_counts
    from stochos.words.evaluation import Evaluation
    from stochos.words.fitting import fit, resume
    from stochos.words.keyed import KeyedVectors
    from stochos.words.vectorizer import PMIVectorizer
    from stochos.words.vectors import Vectors, load_vectors
    from stochos.words.word2vec import from_word2vec

_HOMES = {
    "count": "counting",
    "Counts": "counts",
    "load_counts": "counts",
    "Evaluation": "evaluation",
    "fit": "fitting",
    "resume": "fitting",
    "KeyedVectors": "keyed",
    "PMIVectorizer": "vectorizer",
    "Vectors": "vectors",
    "load_vectors": "vectors",
    "from_word2vec": "word2vec",
}

__all__ = [
    "Counts",
    "Evaluation",
    "KeyedVectors",
    "PMIVectorizer",
    "Vectors",
    "count",
    "fit",
    "from_word2vec",
    "load_counts",
    "load_vectors",
    "resume",
]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOMES:
        return getattr(importlib.import_module(f"stochos.words.{_HOMES[name]}"), name)
    msg = f"module 'stochos.words' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
