"""The largest eigenvalues of the matrix of positive PMI."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.linalg import eigsh

from stochos import datasets, words

SIZE = (4.8, 2.2)


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw 200 eigenvalues by rank, both axes logarithmic."""
    counts = words.count(datasets.path("bible-asv"), window=10, min_count=10, weighting="harmonic")
    matrix = counts.pmi_matrix(positive=True).astype(float)
    start = np.ones(matrix.shape[0])
    values = np.sort(eigsh(matrix, k=200, v0=start, which="LA", return_eigenvectors=False))[::-1]
    axes = figure.subplots()
    axes.loglog(np.arange(1, 201), values, ".", color=colours["lines"][0])
    axes.axvline(100, color=colours["faint"], linewidth=1, linestyle="--")
    axes.set_xlabel("$i$")
    axes.set_ylabel(r"$\lambda_i$")
