"""SGD: against a plain re-implementation, against exact PMI, and the same bytes however it is run."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from stochos import _core, words
from stochos.errors import ConvergenceError, InputError, InputTypeError, StoppedError
from stochos.words.fitting import _WEIGHTINGS

from .sgd_reference import Reference


def corpus(lines: int, types: int, seed: int = 0) -> list[list[str]]:
    """Lines of words drawn from a Zipf-like law with topics, so that some pairs are never seen."""
    rng = np.random.default_rng(seed)
    p = 1.0 / np.arange(1, types + 1)
    out = []
    for _ in range(lines):
        topic = rng.integers(4)
        weight = p * np.where(np.arange(types) % 4 == topic, 8.0, 1.0)
        out.append([f"w{k}" for k in rng.choice(types, size=12, p=weight / weight.sum())])
    return out


@pytest.fixture(scope="module")
def counts():
    return words.count(corpus(300, 150), window=3, min_count=1, weighting="harmonic")


def dense(counts) -> np.ndarray:
    x = np.zeros((len(counts), len(counts)))
    for i in range(len(counts)):
        for k in range(counts._row_start[i], counts._row_start[i + 1]):
            j = counts._column[k]
            x[i, j] += counts._value[k] / counts.unit
            x[j, i] += counts._value[k] / counts.unit
    return x


@pytest.mark.parametrize("negatives", [0, 2, 5, 9])
def test_epochs_equal_the_plain_reference(counts, negatives):
    """Two epochs agree with float64 NumPy to float32 rounding: order, draws, slopes, Adagrad and losses."""
    dim, weighting = 20, _WEIGHTINGS["sqrt"]
    lp = counts.log_probabilities("tokens").astype(np.float32)
    pairs = _core.PairMatrix(counts._row_start, counts._column, counts._value, float(counts.unit), 2, None)
    problem = _core.SgdProblem(pairs, float(counts.total), lp, dim, weighting, 2, None)
    reference = Reference(dense(counts), lp, weighting, dim)
    assert problem.records == reference.records
    start = _core.words_random_vectors(len(counts), dim, 3).reshape(-1, dim) * np.float32(10)
    problem.set(start, np.ones(len(counts), np.float32))
    v, g = start.astype(float), np.ones(len(counts))
    for epoch in range(2):
        got = problem.run_epoch(11, epoch, 0.1, 1.5, negatives, 2, None)
        want = reference.epoch(v, g, seed=11, epoch=epoch, rate=0.1, zero_weight=1.5, negatives=negatives)
        assert got[0] == pytest.approx(want[0], rel=1e-4)
        assert got[1] == pytest.approx(want[1], rel=1e-4)
    matrix, squares = problem.get()
    np.testing.assert_allclose(matrix, v, atol=2e-4)
    np.testing.assert_allclose(squares, g, rtol=1e-3)


def test_inner_products_converge_to_exact_pmi():
    """With as many dimensions as words, and every pair seen, the off-diagonal PMI is reached to 1e-3.

    A symmetric matrix with a free diagonal is a Gram matrix once the diagonal is large enough, so the least squares
    problem has an exact solution.
    """
    text = ["a b a c", "b c d", "d a", "c a d b"] * 3
    counts = words.count(text, window=3, min_count=1)
    fit = words.fit(counts, dim=8, epochs=3000, flatten=0.0, rate=0.3, weighting="power", start="random", seed=1)
    for a in counts.vocabulary:
        for b in counts.vocabulary:
            if a != b:
                assert fit.pmi(a, b) == pytest.approx(counts.pmi(a, b), abs=1e-3)


def test_zeros_keep_unseen_pairs_low(counts):
    """Sampling zeros lowers the mean inner product of pairs never seen, below the PMI of one co-occurrence."""
    x = dense(counts)
    lp = counts.log_probabilities("tokens")
    unseen = np.argwhere(np.triu(x == 0, 1))
    assert len(unseen) > 100
    hinge = -np.log(counts.total) - lp[unseen[:, 0]] - lp[unseen[:, 1]]
    excess = {}
    for negatives in (0, 5):
        v = words.fit(counts, dim=30, epochs=30, negatives=negatives, flatten=0.0).matrix
        excess[negatives] = np.mean((v[unseen[:, 0]] * v[unseen[:, 1]]).sum(1) > hinge)
    assert excess[5] < 0.5 * excess[0]
    assert excess[5] < 0.1


@pytest.mark.parametrize("start", ["spectral", "random"])
def test_same_bytes_for_any_number_of_threads(start):
    counts = words.count(corpus(1500, 2000, seed=2), window=6, min_count=1)
    assert counts._column.size * 6 > 200_000  # large enough for the parallel path
    fits = [words.fit(counts, dim=24, epochs=2, start=start, seed=5, threads=t) for t in (1, 2, 3, 8)]
    for fit in fits[1:]:
        assert fit.matrix.tobytes() == fits[0].matrix.tobytes()
    other = words.fit(counts, dim=24, epochs=2, start=start, seed=6, threads=2)
    assert other.matrix.tobytes() != fits[0].matrix.tobytes()


def test_resume_equals_one_run(counts, tmp_path):
    """fit 3 + resume 2 = fit 5, bit for bit, also through a file."""
    whole = words.fit(counts, dim=16, epochs=5, seed=9)
    part = words.fit(counts, dim=16, epochs=3, seed=9)
    part.save(tmp_path / "part.stochos")
    for vectors in (part, words.load_vectors(tmp_path / "part.stochos")):
        resumed = words.resume(vectors, counts, epochs=2)
        assert resumed.matrix.tobytes() == whole.matrix.tobytes()
        assert resumed.settings["epochs_done"] == 5
    assert part.settings["epochs_done"] == 3


def test_resume_refuses_what_it_cannot_go_on_from(counts):
    with pytest.raises(InputError, match=r"\[words.resume\].*no optimiser state"):
        words.resume(words.fit(counts, dim=4, solver="spectral"), counts)
    part = words.fit(counts, dim=4, epochs=1)
    other = words.count(corpus(300, 150), window=2, min_count=1, weighting="harmonic")
    with pytest.raises(InputError, match="counts differ"):
        words.resume(part, other)
    with pytest.raises(InputError, match="vocabulary"):
        words.resume(part, words.count(["a b"], min_count=1))


def test_divergence_names_epoch_and_rate(counts):
    with pytest.raises(ConvergenceError, match=r"\[words.fit\] diverged in epoch \d+ at rate 100000"):
        words.fit(counts, dim=8, epochs=50, rate=1e5)


@pytest.mark.parametrize("rate", [0.05, 0.5, 1.0])
def test_more_dimensions_than_data_stay_finite(rate):
    """GloVe turns these three lines into NaN at d=500 within 100 epochs (its issues 14, 15, 85, 90, 183, 199)."""
    counts = words.count(["a b", "b a", "a a"], min_count=1, window=2)
    for start in ("spectral", "random"):
        assert np.isfinite(words.fit(counts, dim=500, epochs=100, rate=rate, start=start).matrix).all()


def test_singular_values_are_flattened(counts):
    """flatten=q turns singular values s into c s^(1-q), keeps the sum of squares and the singular vectors."""
    plain = words.fit(counts, dim=10, epochs=2, flatten=0.0)
    flat = words.fit(counts, dim=10, epochs=2, flatten=0.5)
    s, t = (np.linalg.svd(f.matrix.astype(float), compute_uv=False) for f in (plain, flat))
    want = s**0.5 * np.sqrt((s**2).sum() / s.sum())
    np.testing.assert_allclose(t, want, rtol=1e-4)
    # The same left singular space: projecting onto the plain columns loses nothing.
    q, _ = np.linalg.qr(plain.matrix.astype(float))
    np.testing.assert_allclose(q @ (q.T @ flat.matrix), flat.matrix, atol=1e-4)


def test_start_from_given_vectors(counts):
    first = words.fit(counts, dim=8, epochs=1, flatten=0.0)
    same = words.fit(counts, dim=8, epochs=0, start=first, flatten=0.0)
    assert same.matrix.tobytes() == first.matrix.tobytes()
    with pytest.raises(InputError, match="dimension 8"):
        words.fit(counts, dim=9, start=first)


def test_callback_and_progress(counts):
    reports, calls = [], []
    words.fit(
        counts, dim=8, epochs=3, callback=reports.append, progress=lambda done, total: calls.append((done, total))
    )
    assert [r.epoch for r in reports] == [1, 2, 3]
    assert reports[2].observed_loss < reports[0].observed_loss
    assert all(r.pairs_per_second > 0 for r in reports)
    assert any(done == total > 0 for done, total in calls)
    with pytest.raises(StoppedError):
        words.fit(counts, dim=8, epochs=3, progress=lambda done, total: False)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"dim": 0}, InputError, "dim is 0"),
        ({"dim": 1.5}, InputTypeError, "dim is 1.5"),
        ({"solver": "als"}, InputError, "solver is 'als'"),
        ({"epochs": -1}, InputError, "epochs is -1"),
        ({"negatives": 32}, InputError, "negatives is 32"),
        ({"rate": 0.0}, InputError, "rate is 0.0"),
        ({"rate": float("nan")}, InputError, "rate is nan"),
        ({"start": "warm"}, InputError, "start is 'warm'"),
        ({"flatten": 1.0}, InputError, "flatten is 1.0"),
        ({"seed": -1}, InputError, "seed is -1"),
        ({"threads": 0}, InputError, "threads is 0"),
        ({"solver": "spectral", "flatten": 0.1}, InputError, "flatten belongs to"),
        ({"solver": "spectral", "start": "random"}, InputError, "takes no other start"),
    ],
)
def test_bad_options_are_named(counts, options, error, text):
    with pytest.raises(error, match=text):
        words.fit(counts, **options)


def test_counts_without_pairs_are_refused():
    with pytest.raises(InputError, match="hold no pair"):
        words.fit(words.count(["a", "b", "a"], min_count=1))
    with pytest.raises(InputTypeError, match="counts is of type list"):
        words.fit(["a b"])


_LEVEL = """
import sys, numpy
from stochos import words, _core
rng = numpy.random.default_rng(1)
text = [[f"w{k}" for k in rng.zipf(1.3, 12) if k < 300] for _ in range(400)]
counts = words.count(text, window=4, min_count=2)
fit = words.fit(counts, dim=20, epochs=2, threads=2)
numpy.save(sys.argv[1], fit.matrix)
"""


def test_instruction_sets_agree_to_rounding(tmp_path):
    """Levels fuse and group sums differently: two epochs from one start agree to 1e-3 in each coordinate."""
    made = []
    for level in ("baseline", "avx2", "avx512"):
        file = tmp_path / f"{level}.npy"
        run = subprocess.run(
            [sys.executable, "-c", _LEVEL, str(file)],
            env={**os.environ, "STOCHOS_CPU": level},
            capture_output=True,
            text=True,
            check=False,
        )
        if "this machine only has" in run.stderr:
            continue
        assert run.returncode == 0, run.stderr
        made.append(np.load(file))
    assert made
    for matrix in made[1:]:
        # The spectral start may turn an eigenvector's sign: compare inner products.
        np.testing.assert_allclose(matrix @ matrix.T, made[0] @ made[0].T, atol=5e-3)


INTERRUPTED = """
import numpy, sys, time
from stochos import words
import stochos.words.fitting
rng = numpy.random.default_rng(1)
text = [[f"w{k}" for k in rng.zipf(1.2, 40) if k < 3000] for _ in range(4000)]
counts = words.count(text, window=8, min_count=1)
print("ready", flush=True)
try:
    words.fit(counts, threads=2, **eval(sys.argv[1]))
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
"""


@pytest.mark.parametrize("options", [{"epochs": 100_000}, {"solver": "spectral", "iterations": 1000}])
def test_ctrl_c_stops_a_fit_within_a_fifth_of_a_second(options, interrupt_delay):
    assert interrupt_delay(INTERRUPTED, repr(options)) < 0.2
