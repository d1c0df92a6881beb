"""Divergences and mutual information from samples, beside closed forms, quadrature and counts."""

from __future__ import annotations

import math
import pickle
import time
from concurrent.futures import Executor
from typing import Any

import numpy as np
import pytest

from stochos import gan, nn, words
from stochos.errors import InputError, InputTypeError

N = 20_000


def draw(law: tuple[float, float], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(*law, N)


# Laws whose samples alone move the estimate by about 1 % (standard error of the best witness, by hand), so that 3 % are
# met by the seeds below and would be by nearly all.
LINE = [
    ("kl", (0.0, 1.0), (0.0, 10.0)),
    ("total_variation", (2.0, 1.0), (0.0, 1.0)),
    pytest.param("reverse_kl", (0.0, 10.0), (0.0, 1.0), marks=pytest.mark.slow),
    pytest.param("jensen_shannon", (2.0, 1.0), (0.0, 1.0), marks=pytest.mark.slow),
    pytest.param("squared_hellinger", (2.0, 1.0), (0.0, 1.0), marks=pytest.mark.slow),
    pytest.param("triangular", (2.0, 1.0), (0.0, 1.0), marks=pytest.mark.slow),
    pytest.param("pearson", (0.0, 1.0), (0.0, 2.0), marks=pytest.mark.slow),
    pytest.param("neyman", (0.0, 2.0), (0.0, 1.0), marks=pytest.mark.slow),
    pytest.param("jeffreys", (0.0, 1.0), (0.0, 1.6), marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "p", "q"), LINE)
def test_estimates_of_gaussians_reach_the_closed_form_and_do_not_pass_it(name: str, p, q):
    d = gan.divergence(name)
    start = time.process_time()
    found = d.estimate(draw(p, 1), draw(q, 2), seed=3)
    assert time.process_time() - start < 10
    truth = d.gaussian(*p, *q)
    assert found.value == pytest.approx(truth, rel=0.03)
    assert found.value <= truth + (found.high - found.value)
    assert found.low < found.value < found.high
    # The log-ratio where both laws live.
    x = np.linspace(-2, 2, 9) * min(p[1], q[1])
    exact = math.log(q[1] / p[1]) - 0.5 * ((x - p[0]) / p[1]) ** 2 + 0.5 * ((x - q[0]) / q[1]) ** 2
    if name == "total_variation":
        np.testing.assert_array_equal(
            np.sign(found.log_ratio(x[np.abs(exact) > 0.1])), np.sign(exact[abs(exact) > 0.1])
        )
    else:
        np.testing.assert_allclose(found.log_ratio(x), exact, atol=0.35)
        np.testing.assert_allclose(found.witness(x), d.activation(found.log_ratio(x)))
    steps, bounds = found.curve
    assert len(steps) == len(bounds) > 10
    assert bounds[-1] == pytest.approx(found.value, rel=0.05)


@pytest.mark.parametrize("name", ["js", pytest.param("kl", marks=pytest.mark.slow)])
def test_estimates_in_the_plane(name: str):
    laws = ([0.3, -0.2], [[1.0, 0.4], [0.4, 0.8]], [0.0, 0.0], [[6.0, 0.0], [0.0, 5.0]])
    random = np.random.default_rng(5)
    x, y = random.multivariate_normal(*laws[:2], N), random.multivariate_normal(*laws[2:], N)
    d = gan.divergence(name)
    truth = d.gaussian(*laws)
    found = d.estimate(x, y)
    assert found.value == pytest.approx(truth, rel=0.03)
    assert found.value <= truth + (found.high - found.value)


def grid(mean: float, deviation: float, n: int = 4000) -> np.ndarray:
    """Return points of equal weight under a Gaussian: sums over them are integrals to about 1e-3."""
    from scipy import special

    return mean + deviation * special.ndtri((np.arange(n) + 0.5) / n)


@pytest.mark.parametrize("name", ["kl", "js", "squared_hellinger"])
def test_the_best_linear_witness_reaches_what_quadrature_gives(name: str):
    from scipy import optimize

    d = gan.divergence(name)
    p, q = (1.0, 1.0), (0.0, 1.5)
    x = np.linspace(-12, 12, 4001)
    weight = [np.exp(-0.5 * ((x - m) / s) ** 2) / (s * math.sqrt(2 * math.pi)) * (x[1] - x[0]) for m, s in (p, q)]
    best = -optimize.minimize(
        lambda c: weight[1] @ d.fused(c[0] * x + c[1]) - weight[0] @ d.activation(c[0] * x + c[1]), [0.0, 0.0]
    ).fun
    if name == "kl":  # by hand: m^2 / (2 s^2)
        assert best == pytest.approx(1 / (2 * 1.5**2), rel=1e-6)
    found = d.estimate(grid(*p), grid(*q), witness="linear", steps=1200, learning_rate=2e-2)
    # The grid ends where quadrature goes on.
    assert found.value == pytest.approx(best, rel=4e-3)
    assert found.value < d.gaussian(*p, *q) - 0.02


def test_an_f_of_ones_own_trains_like_a_built_in_one():
    x, y = draw((2.0, 1.0), 1)[:4000], draw((0.0, 1.0), 2)[:4000]
    known = gan.divergence("squared_hellinger").estimate(x, y, steps=400)
    for mine in (
        gan.Divergence.from_expression("(sqrt(u) - 1)^2"),
        gan.Divergence.from_callable(lambda u: (nn.sqrt(u) - 1) ** 2),
    ):
        assert mine.estimate(x, y, steps=400).value == pytest.approx(known.value, rel=0.01)


@pytest.mark.parametrize("rho", [0.9, pytest.param(0.7, marks=pytest.mark.slow)])
def test_mutual_information_of_correlated_gaussians(rho: float):
    random = np.random.default_rng(11)
    a = random.normal(size=N)
    b = rho * a + math.sqrt(1 - rho**2) * random.normal(size=N)
    truth = -0.5 * math.log(1 - rho**2)
    found = gan.mutual_information(a, b)
    assert found.value == pytest.approx(truth, rel=0.05)
    assert found.value <= truth + (found.high - found.value)


def test_mutual_information_of_words_is_what_the_counts_say(tmp_path):
    random = np.random.default_rng(4)
    topics = [["sun", "moon", "star"], ["fish", "boat", "sea"]]
    lines = []
    for _ in range(3000):
        here = topics[random.integers(2)] * 3 + [w for t in topics for w in t]
        lines.append(" ".join(random.choice(here, 2)))
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    counts = words.count(path, window=1, min_count=1, progress=False)
    table = counts.to_scipy().toarray().astype(float)
    joint = table / table.sum()
    pmi = counts.pmi_matrix(positive=False, normalization="pairs").toarray()
    truth = float((joint * pmi).sum())
    pairs = random.choice(joint.size, size=N, p=joint.ravel())
    eye = np.eye(len(counts.vocabulary))
    found = gan.mutual_information(eye[pairs // len(eye)], eye[pairs % len(eye)], steps=600)
    assert found.value == pytest.approx(truth, abs=4 * found.standard_error)
    rows = np.repeat(eye, len(eye), axis=0), np.tile(eye, (len(eye), 1))
    np.testing.assert_allclose(found.log_ratio(np.concatenate(rows, axis=1)).reshape(pmi.shape), pmi, atol=0.2)


def test_the_same_seed_gives_the_same_bits():
    x, y = draw((1.0, 1.0), 1)[:500], draw((0.0, 1.0), 2)[:500]
    d = gan.divergence("js")
    one, two, other = (d.estimate(x, y, steps=40, seed=seed) for seed in (1, 1, 2))
    assert one.value == two.value
    assert one.value != other.value


@pytest.mark.parametrize(
    "d",
    [
        gan.divergence("js"),
        gan.divergence("renyi", alpha=2.0),
        gan.divergence("alpha", alpha=-1.5),
        gan.Divergence.from_expression("u*log(u)", name="mine"),
    ],
    ids=lambda d: d.name,
)
def test_a_divergence_travels_to_other_processes(d: gan.Divergence):
    again = pickle.loads(pickle.dumps(d))
    assert (again.name, again.expression, again.bounds) == (d.name, d.expression, d.bounds)
    u = np.array([0.0, 0.3, 1.0, 7.0])
    assert again.f(u).tobytes() == d.f(u).tobytes()
    assert again.between([0.2, 0.8], [0.5, 0.5]) == d.between([0.2, 0.8], [0.5, 0.5])


def test_folds_over_processes_have_the_same_bits(processes: Executor):
    random = np.random.default_rng(1)
    x, y = random.normal(1, 1, 600), random.normal(0, 1, 500)
    pairs = np.stack([x[:500], x[:500] + y], axis=1)
    calls: list[tuple[int, int]] = []
    options: dict[str, Any] = {"steps": 80, "folds": 3, "seed": 4}
    for run in (
        lambda **more: gan.divergence("kl").estimate(x, y, **options, **more),
        lambda **more: gan.mutual_information(pairs[:, 0], pairs[:, 1], **options, **more),
        lambda **more: gan.divergence("js").estimate(x, y, witness=nn.Dense(1, seed=3), **options, **more),
    ):
        here, there = run(), run(executor=processes, progress=lambda done, total: calls.append((done, total)))
        assert (here.value, here.low, here.high) == (there.value, there.low, there.high)
        assert here.curve[1].tobytes() == there.curve[1].tobytes()
        points = np.linspace(-2, 2, 14).reshape(7, -1) if here._shape == (2,) else np.linspace(-2, 2, 14)
        assert here.log_ratio(points).tobytes() == there.log_ratio(points).tobytes()
    assert calls[-1] == (240, 240)


def test_a_witness_that_cannot_travel_is_told(processes: Executor):
    x = np.linspace(0, 1, 100)
    with pytest.raises(InputTypeError, match=r"\[gan.Divergence.estimate\] part of the work cannot be sent"):
        gan.divergence("kl").estimate(x, x, witness=lambda: nn.Dense(1), executor=processes)
    with pytest.raises(InputTypeError, match="executor is 3"):
        gan.divergence("kl").estimate(x, x, executor=3)


def test_renyi_is_its_map_of_the_power_bound():
    x, y = draw((0.5, 1.0), 1)[:4000], draw((0.0, 1.0), 2)[:4000]
    power = gan.divergence("alpha", alpha=0.5).estimate(x, y, steps=200)
    renyi = gan.divergence("renyi", alpha=0.5).estimate(x, y, steps=200)
    assert renyi.value == pytest.approx(-2 * math.log(1 - power.value / 4))
    assert renyi.low < renyi.value < renyi.high


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (np.zeros(100), np.zeros((100, 2)), {}, r"shape \(1,\) and one of y \(2,\)"),
        (np.zeros(3), np.zeros(100), {}, "at least 20"),
        (np.array([0.0] * 50 + [np.nan]), np.zeros(100), {}, r"x\[50\] is not finite"),
        (np.zeros(100), np.zeros(100), {"witness": "tree"}, "no witness 'tree'"),
        (np.zeros(100), np.zeros(100), {"steps": 1}, "steps is 1"),
        (np.zeros(100), np.zeros(100), {"witness": nn.Dense(3)}, r"gives shape \(1, 3\)"),
    ],
)
def test_bad_samples_and_options_are_named(x, y, options, message: str):
    with pytest.raises(InputError, match=message):
        gan.divergence("kl").estimate(x, y, **options)


def test_bad_pairs_are_named():
    with pytest.raises(InputError, match="100 x and 99 y"):
        gan.mutual_information(np.zeros(100), np.zeros(99))
    with pytest.raises(InputTypeError, match="no option 'stepz'"):
        gan.mutual_information(np.zeros(100), np.zeros(100), stepz=3)
