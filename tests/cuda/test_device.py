"""On a graphics card, against the processor: equal streams and trajectories, equal laws, fits of equal quality.

Or on the card that is emulated on the processor (cmake --preset emulated), with fewer numbers: it is not quick.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stochos import _core, cuda, datasets, reactions, words
from stochos.errors import StoppedError

pytestmark = pytest.mark.skipif(
    not cuda.is_available(), reason="no graphics card, or a build without CUDA: stochos.cuda.is_available() is False"
)

EMULATED = any(device.name.startswith("emulated card") for device in cuda.devices())
#: Numbers of which a card has 1,000.
SHARE = 20 if EMULATED else 1000

NETWORKS = {
    "birth and death": reactions.Network({"X": 0}, ["-> X @ 10", "X -> @ 0.1"], {}),
    "dimerisation": reactions.Network({"P": 300, "D": 0}, ["2 P -> D @ 0.002", "D -> 2 P @ 0.05"], {}),
    "third order": reactions.Network({"A": 30, "B": 10}, ["3 A -> B @ 0.001", "B -> 3 A @ 0.2"], {}),
    "arithmetic law": reactions.Network({"A": 40, "B": 0}, ["A -> B @ k*A/(1+B)", "B -> A @ 0.1*B"], {"k": 2.0}),
}
TIMES = np.linspace(0.0, 20.0, 21)


@pytest.mark.parametrize("name", NETWORKS)
def test_trajectories_have_the_bits_of_the_direct_method(name):
    net = NETWORKS[name]
    ours = reactions.simulate(net, TIMES, 3000, method="direct", seed=7)
    there = reactions.simulate(net, TIMES, 3000, seed=7, device="cuda")
    np.testing.assert_array_equal(there.values, ours.values)
    np.testing.assert_array_equal(there.events_per_trajectory, ours.events_per_trajectory)
    assert there.settings["events"] == ours.settings["events"]


@pytest.mark.parametrize("name", NETWORKS)
def test_moments_have_the_bits_of_the_processor(name):
    net = NETWORKS[name]
    ours = reactions.simulate(net, TIMES, 20_000, method="direct", seed=7, keep="moments")
    for _ in range(2):  # whatever is scheduled first
        there = reactions.simulate(net, TIMES, 20_000, seed=7, keep="moments", device="cuda")
        np.testing.assert_array_equal(there.mean, ours.mean)
        np.testing.assert_array_equal(there.std, ours.std)


def test_laws_with_functions_sample_the_same_law():
    """exp may differ in its last bits. The means of so many trajectories each: false alarm below 1e-6 a time."""
    n = 100 * SHARE
    net = reactions.Network({"A": 50, "B": 0}, ["A -> B @ exp(-0.02*B)*A", "B -> A @ 0.3*B"], {})
    one = reactions.simulate(net, TIMES, n, method="direct", seed=1, keep="moments")
    other = reactions.simulate(net, TIMES, n, seed=2, keep="moments", device="cuda")
    error = np.sqrt((one.std**2 + other.std**2) / n)
    assert (np.abs(one.mean - other.mean) <= 5.5 * error + 1e-12).all()


def test_a_network_whose_state_does_not_fit_into_shared_memory():
    names = [f"S{i}" for i in range(300)]
    net = reactions.Network(dict.fromkeys(names, 5), [f"{a} -> {b} @ 0.5" for a, b in itertools.pairwise(names)], {})
    ours = reactions.simulate(net, [1.0, 5.0], 300, method="direct", seed=3)
    np.testing.assert_array_equal(reactions.simulate(net, [1.0, 5.0], 300, seed=3, device="cuda").values, ours.values)


def test_a_long_ensemble_stops_when_told():
    net = reactions.Network({"X": 0}, ["-> X @ 1e6", "X -> @ 1"], {})
    with pytest.raises(StoppedError):
        reactions.simulate(net, [1e6], 1000, keep="final", device="cuda", progress=lambda _done, _total: False)


@pytest.fixture(scope="module")
def counts():
    return words.count(datasets.path("bible-asv"), window=2 if EMULATED else 5, min_count=500 if EMULATED else 5)


def losses(counts, device: str, seed: int) -> list[float]:
    told = []
    words.fit(counts, dim=8 if EMULATED else 50, epochs=3, seed=seed, device=device, callback=lambda r: told.append(r))
    return [r.observed_loss + r.zero_loss for r in told]


def test_fits_reach_the_loss_of_the_processor(counts):
    """Rows at once start from vectors that others are about to move: 2 % of the loss, as the tests in C++ foresee."""
    ours, there = losses(counts, "cpu", 1), losses(counts, "cuda", 1)
    assert there[-1] < there[0]
    np.testing.assert_allclose(there, ours, rtol=0.02)


def test_each_record_draws_the_zeros_of_the_processor(counts):
    pairs = _core.PairMatrix(counts._row_start, counts._column, counts._value, float(counts.unit), 2, None)
    lp = counts.log_probabilities("tokens").astype(np.float32)
    data = pairs, float(counts.total), lp, 16, (0.1, 0.25, 0.5, 3.0)
    start = _core.words_random_vectors(len(counts), 16, 3).reshape(-1, 16)
    handled = []
    for problem in (_core.SgdProblem(*data, 2, None), _core.SgdOnDevice(*data, 0, 2, None)):
        problem.set(start, np.ones(len(counts), np.float32))
        handled.append(problem.run_epoch(5, 0, 0.1, 1.0, 5, 2, None)[2])
    assert handled[0] == handled[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1), (17, 33, 16), (300, 1000, 257), (4, 0, 3)])
def test_products_are_those_of_the_processor(dtype, shape):
    m, k, n = shape
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    np.testing.assert_allclose(
        cuda.matmul(a, b), a.astype(float) @ b.astype(float), rtol=0, atol=1e-3 if dtype == np.float32 else 1e-11
    )


def test_expressions_have_the_bits_of_the_processor_where_they_are_arithmetic():
    x, y = np.random.default_rng(0).normal(size=(2, 5_000 * SHARE))
    np.testing.assert_array_equal(
        cuda.evaluate("a*x*x - y/(1+x*x)", a=2.0, x=x, y=y),
        _core.Expression("a*x*x - y/(1+x*x)", "test").evaluate({"a": 2.0, "x": x, "y": y}),
    )
    np.testing.assert_allclose(cuda.evaluate("exp(-x*x)", x=x), np.exp(-x * x), rtol=1e-14)
