"""The spectral solver against SciPy's eigenvalues, and its promises."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import words

from .test_fit_sgd import corpus


@pytest.fixture(scope="module")
def counts():
    return words.count(corpus(400, 300), window=3, min_count=1)


@pytest.mark.parametrize("shift", [0.0, 0.7])
@pytest.mark.parametrize("normalization", ["tokens", "pairs"])
def test_eigenvalues_are_scipys(counts, shift, normalization):
    """Leading eigenvalues of the (shifted) positive PMI matrix to 1e-4, and V V^T the best approximation to 1e-3."""
    linalg = pytest.importorskip("scipy.sparse.linalg")
    fit = words.fit(counts, dim=12, solver="spectral", iterations=200, shift=shift, normalization=normalization, seed=3)
    matrix = counts.pmi_matrix(positive=True, shift=shift, normalization=normalization)
    values, vectors = linalg.eigsh(matrix, k=12, which="LA")
    order = np.argsort(-values)
    np.testing.assert_allclose(fit.state["eigenvalues"], values[order], rtol=1e-4)
    best = (vectors * values) @ vectors.T
    np.testing.assert_allclose(fit.matrix @ fit.matrix.T, best, atol=1e-3 * np.abs(best).max() + 1e-3)


def test_power_sets_the_spectrum(counts):
    """V = U Lambda^p: column norms are Lambda^p and columns orthogonal."""
    for power in (0.0, 0.25, 0.5, 1.0):
        fit = words.fit(counts, dim=6, solver="spectral", iterations=300, power=power)
        gram = fit.matrix.T.astype(float) @ fit.matrix
        want = fit.state["eigenvalues"] ** (2 * power)
        np.testing.assert_allclose(np.diag(gram), want, rtol=2e-3)
        np.testing.assert_allclose(gram - np.diag(np.diag(gram)), 0.0, atol=2e-3 * want.max())


def test_rank_below_dimension_gives_zero_columns():
    """Three words have at most three positive eigenvalues: the other columns are zero, and nothing is NaN."""
    fit = words.fit(words.count(["a b c", "a b"], min_count=1, window=2), dim=10, solver="spectral")
    assert np.isfinite(fit.matrix).all()
    positive = int((fit.state["eigenvalues"] > 0).sum())
    assert 1 <= positive <= 3
    assert (fit.matrix[:, positive:] == 0).all()


def test_same_bytes_for_any_number_of_threads():
    counts = words.count(corpus(1500, 3000, seed=4), window=4, min_count=1)
    fits = [words.fit(counts, dim=20, solver="spectral", threads=t, seed=1) for t in (1, 2, 3, 8)]
    assert len({f.matrix.tobytes() for f in fits}) == 1


def test_two_step_start_finds_the_same_eigenvalues():
    """Above 8,000 words the search starts on the first 4,000; the limit is the same as SciPy's."""
    linalg = pytest.importorskip("scipy.sparse.linalg")
    rng = np.random.default_rng(0)
    text = [[f"w{k}" for k in rng.zipf(1.15, 30) if k < 30_000] for _ in range(8000)]
    counts = words.count(text, window=2, min_count=1)
    assert len(counts) > 8000
    fit = words.fit(counts, dim=8, solver="spectral", iterations=60)
    values = linalg.eigsh(counts.pmi_matrix(positive=True), k=8, which="LA", return_eigenvectors=False)
    np.testing.assert_allclose(fit.state["eigenvalues"], np.sort(values)[::-1], rtol=1e-3)
