"""The figures that the default fit promises, on 10.8 million words of English (shared data, not shipped)."""

from __future__ import annotations

import lzma
import shutil

import numpy as np
import pytest

from stochos import words

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def counts(shared, tmp_path_factory):
    path = tmp_path_factory.mktemp("mix10") / "mix10.txt"
    with lzma.open(shared / "corpora" / "mix10.txt.xz") as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return words.count(path, window=20, weighting="harmonic", min_count=10)


def scores(vectors, shared):
    similarity = [vectors.evaluate(shared / "eval" / name).score for name in ("wordsim353.tsv", "simlex999.txt")]
    return [*similarity, vectors.evaluate(shared / "eval" / "questions-words.txt", top=30_000).score]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_default_fit_reaches_all_three(counts, shared, seed):
    """WordSim-353 >= .70, SimLex-999 >= .41 and Google >= .31 at d=100, in one setting."""
    wordsim, simlex, google = scores(words.fit(counts, seed=seed), shared)
    assert wordsim >= 0.70
    assert simlex >= 0.41
    assert google >= 0.31


def test_spectral_solver_reaches_wordsim(counts, shared):
    assert scores(words.fit(counts, solver="spectral"), shared)[0] >= 0.70


def test_inner_products_follow_pmi(counts):
    """Over observed pairs, weighted as in the fit, inner products correlate with PMI: .80 plain, .75 flattened."""
    rng = np.random.default_rng(0)
    row = np.repeat(np.arange(len(counts)), np.diff(counts._row_start))
    at = rng.choice(row.size, 300_000, replace=False)
    a, b = row[at], counts._column[at]
    at, a, b = at[a != b], a[a != b], b[a != b]
    x = counts._value[at] / counts.unit
    lp = counts.log_probabilities("tokens")
    pmi = np.log(x) - np.log(counts.total) - lp[a] - lp[b]
    weight = np.minimum(3.0, 0.1 + 0.25 * np.sqrt(x))
    for flatten, least in ((0.0, 0.80), (0.25, 0.75)):
        v = words.fit(counts, flatten=flatten).matrix
        covariance = np.cov((v[a] * v[b]).sum(1), pmi, aweights=weight)
        assert covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]) >= least
