"""PMI: hand-made fractions, NumPy formulas and a SciPy oracle."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from stochos import _core
from stochos.errors import InputError, InputTypeError, UnknownNameError

sys.path.insert(0, str(Path(__file__).parent))
from reference import count_lines, toy


def log(fraction):
    return math.log(fraction.numerator / fraction.denominator)


def test_pmi_by_hand():
    """Of "a b a c / b c d / d a", window 2: X[a,b] = 2, sum 18; 9 tokens, 3 of a, 2 of b; row sums 6 and 5.

    tokens: (2/18) / (3/9 * 2/9) = 3/2.  pairs: (2/18) / (6/18 * 5/18) = 6/5.
    Without the diagonal the sum is 16: (2/16) / (6/81) = 27/16, which simpler_glove misses by 17/16, for its total
    counts the last record twice.
    """
    counts = toy()
    assert counts.pmi("a", "b") == pytest.approx(log(Fraction(3, 2)), abs=1e-15)
    assert counts.pmi("b", "a") == counts.pmi("a", "b")
    assert counts.pmi("a", "b", "pairs") == pytest.approx(log(Fraction(6, 5)), abs=1e-15)
    assert toy(diagonal=False).pmi("a", "b") == pytest.approx(log(Fraction(27, 16)), abs=1e-15)
    # X[a,a] = 2: (2/18) / (1/3)^2 = 1.
    assert counts.pmi("a", "a") == pytest.approx(0.0, abs=1e-15)
    # Shift by log 3 takes 3/2 to 1/2, below 0.
    assert counts.pmi("a", "b", shift=math.log(3)) == pytest.approx(log(Fraction(1, 2)), abs=1e-15)
    assert counts.pmi("a", "b", shift=math.log(3), positive=True) == 0.0
    # NPMI of (a, b): ln(6/5) / ln(9).
    assert counts.pmi("a", "b", "pairs", npmi=True) == pytest.approx(math.log(1.2) / math.log(9), abs=1e-15)


def test_pair_never_seen():
    counts = toy()
    assert counts["d", "d"] == 0.0
    assert counts.pmi("d", "d") == -math.inf
    assert counts.pmi("d", "d", "pairs", shift=1.0) == -math.inf
    assert counts.pmi("d", "d", positive=True) == 0.0
    assert counts.pmi("d", "d", npmi=True) == -1.0
    assert counts.pmi("d", "d", npmi=True, positive=True) == 0.0


def test_no_pairs_at_all():
    counts = count_lines([["a"], ["b"]], 3)
    assert counts.total == 0.0
    assert counts.pmi("a", "b", "pairs") == -math.inf
    assert counts.pmi_matrix("pairs").nnz == 0
    assert counts.log_probabilities("pairs").tolist() == [-math.inf, -math.inf]


def test_only_pair_has_npmi_one():
    """ "a a": P(a,a) = 1, where PMI / -log P is 0/0; always together is 1."""
    counts = count_lines([["a", "a"]], 1)
    assert counts.pmi("a", "a", "pairs", npmi=True) == 1.0
    assert counts.pmi_matrix("pairs", npmi=True).toarray().tolist() == [[1.0]]


def test_wrong_options():
    counts = toy()
    for error, options in (
        (InputError, {"normalization": "words"}), (InputError, {"smoothing": 1.5}), (InputError, {"smoothing": -0.1}),
        (InputTypeError, {"shift": "1"}), (InputError, {"shift": math.nan}), (InputTypeError, {"positive": 1}),
        (InputError, {"npmi": True, "shift": 1.0}), (InputError, {"npmi": True, "smoothing": 0.5}),
    ):  # fmt: skip
        with pytest.raises(error, match=r"\[words.Counts.pmi\]"):
            counts.pmi("a", "b", **options)
        with pytest.raises(error, match=r"\[words.Counts.pmi_matrix\]"):
            counts.pmi_matrix(**options)
    with pytest.raises(UnknownNameError, match="'zebra'"):
        counts.pmi("a", "zebra")


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(2)
    lines = [[f"w{int(200 ** rng.random())}" for _ in range(rng.integers(1, 25))] for _ in range(600)]
    return count_lines(lines, 5, "harmonic")


def numpy_pmi(counts, normalization, smoothing=1.0, shift=0.0, npmi=False):
    """The formulas, on a dense matrix."""
    x = np.array([[counts[a, b] for b in counts.vocabulary] for a in counts.vocabulary])
    p = x / x.sum()
    word = counts.frequencies / counts.frequencies.sum() if normalization == "tokens" else p.sum(axis=1)
    context = word**smoothing / (word**smoothing).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        pmi = np.log(p / np.outer(word, context)) - shift
        return np.where(p > 0, pmi / -np.log(p), -1.0) if npmi else pmi


@pytest.mark.parametrize("normalization", ["tokens", "pairs"])
@pytest.mark.parametrize(
    "options", [{}, {"shift": math.log(5)}, {"smoothing": 0.75}, {"smoothing": 0.0, "shift": -0.5}, {"npmi": True}]
)
def test_matrix_and_values_equal_the_formulas(counts, normalization, options):
    pytest.importorskip("scipy.sparse")
    right = numpy_pmi(counts, normalization, **options)
    positive = counts.pmi_matrix(normalization, **options)
    assert positive.dtype == np.float64
    assert (positive.data > 0).all()
    np.testing.assert_allclose(positive.toarray(), np.maximum(right, 0.0), atol=1e-12)
    every = counts.pmi_matrix(normalization, positive=False, threads=3, **options)
    seen = np.array(counts.to_scipy().toarray() > 0)
    assert every.nnz == seen.sum()
    np.testing.assert_allclose(every.toarray()[seen], right[seen], atol=1e-12)
    # Two entries by hand of the same, one in each half: smoothing makes them differ.
    for a, b in ((0, 3), (3, 0), (7, 7), (150, 2)):
        one = counts.pmi(counts.vocabulary[a], counts.vocabulary[b], normalization, **options)
        assert one == pytest.approx(right[a, b], abs=1e-12)


def test_ppmi_equals_scipy(counts):
    sparse = pytest.importorskip("scipy.sparse")
    x = counts.to_scipy().astype(np.float64)
    marginal = np.asarray(x.sum(axis=1)).ravel()
    ppmi = sparse.coo_array(x)
    data = np.log(ppmi.data * marginal.sum() / (marginal[ppmi.coords[0]] * marginal[ppmi.coords[1]]))
    ppmi = sparse.csr_array((np.maximum(data, 0.0), ppmi.coords), shape=x.shape)
    assert abs(ppmi - counts.pmi_matrix("pairs")).max() < 1e-12


def test_symmetry_and_threads(counts):
    pytest.importorskip("scipy.sparse")
    one = counts.pmi_matrix("pairs", threads=1)
    assert (one != one.T).nnz == 0  # bit for bit
    for threads in (2, 3, 8):
        other = counts.pmi_matrix("pairs", threads=threads)
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


def test_core_values_are_those_of_the_upper_triangle(counts):
    logs = counts.log_probabilities("pairs")
    values = _core.words_pmi_values(
        counts._row_start, counts._column, counts._value, logs, logs, float(counts.unit), math.log(counts.total)
    )
    rows = np.repeat(np.arange(len(counts)), np.diff(counts._row_start))
    np.testing.assert_allclose(values, numpy_pmi(counts, "pairs")[rows, counts._column], atol=1e-12)


def test_expand_names_the_source_of_each_entry(counts):
    row_start, column, source = _core.words_expand(counts._row_start, counts._column)
    rows = np.repeat(np.arange(len(counts)), np.diff(row_start))
    upper_rows = np.repeat(np.arange(len(counts)), np.diff(counts._row_start))
    np.testing.assert_array_equal(np.minimum(rows, column), upper_rows[source])
    np.testing.assert_array_equal(np.maximum(rows, column), counts._column[source])


def test_log_probabilities(counts):
    frequency = counts.frequencies / counts.frequencies.sum()
    np.testing.assert_allclose(np.exp(counts.log_probabilities()), frequency, rtol=1e-12)
    smooth = np.exp(counts.log_probabilities("pairs", smoothing=0.75))
    marginal = counts.marginals() ** 0.75
    np.testing.assert_allclose(smooth, marginal / marginal.sum(), rtol=1e-12)
