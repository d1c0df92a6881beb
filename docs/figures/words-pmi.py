"""Exact PMI and the inner product of the fitted vectors, for pairs that met at least ten times."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochos import datasets, words

SIZE = (4.8, 2.9)


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw 3,000 pairs, and the line where both are equal."""
    counts = words.count(datasets.path("bible-asv"), window=10, min_count=10, weighting="harmonic")
    vectors = words.fit(counts, dim=100, seed=0, flatten=0)
    seen = counts.to_scipy().tocoo()
    row, column = seen.coords
    pick = np.flatnonzero((seen.data >= 10) & (row < column))
    pick = pick[np.random.default_rng(0).permutation(pick.size)[:3000]]
    row, column = row[pick], column[pick]
    exact = counts.pmi_matrix(positive=False)[row, column]  # every pair was seen, so none is -inf
    product = np.einsum("ij,ij->i", vectors.matrix[row], vectors.matrix[column])
    axes = figure.subplots()
    axes.scatter(exact, product, s=5, alpha=0.5, color=colours["lines"][0], linewidths=0, rasterized=True)
    ends = [float(exact.min()), float(exact.max())]
    axes.plot(ends, ends, color=colours["lines"][1], linewidth=1.5)
    axes.set_xlabel("PMI")
    axes.set_ylabel(r"$\langle v_a, v_b \rangle$")
