"""What the solvers of ``words.fit`` read, and the spectral solution, where SGD starts too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.words.counts import Counts

OVERSAMPLING = 12


def pairs(counts: Counts, threads: int, report: Callable[[int, int], object] | None) -> _core.PairMatrix:
    """Return both halves of the counts, as the solvers read them."""
    return _core.PairMatrix(counts._row_start, counts._column, counts._value, float(counts.unit), threads, report)


def log_probability(counts: Counts, options: dict[str, Any]) -> NDArray[np.float32]:
    """Return log P of each word, by the normalisation of the fit."""
    return counts.log_probabilities(options["normalization"]).astype(np.float32)


def spectral(
    pairs: _core.PairMatrix,
    counts: Counts,
    options: dict[str, Any],
    power: float,
    threads: int,
    report: Callable[[int, int], object] | None,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the vectors of the spectral solver, (V, D), and its eigenvalues, (D,)."""
    flat, eigenvalues = _core.words_spectral(
        pairs,
        float(counts.total),
        log_probability(counts, options),
        options["dim"],
        OVERSAMPLING,
        options["iterations"],
        options["shift"],
        power,
        options["seed"],
        threads,
        report,
    )
    return flat.reshape(len(counts), options["dim"]), eigenvalues


def spectral_start(
    pairs: _core.PairMatrix,
    counts: Counts,
    options: dict[str, Any],
    threads: int,
    report: Callable[[int, int], object] | None,
) -> NDArray[np.float32]:
    """Return the vectors from which SGD starts by default, (V, D)."""
    matrix, eigenvalues = spectral(pairs, counts, options, 0.5, threads, report)
    empty = eigenvalues <= 0.0
    if empty.any():
        # A coordinate that is zero for every word has a zero gradient and would stay so: give it a random start.
        noise = _core.words_random_vectors(len(counts), options["dim"], options["seed"])
        matrix[:, empty] = noise.reshape(matrix.shape)[:, empty]
    return matrix
