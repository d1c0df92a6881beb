"""Mixtures with a known law, and what measures samples against them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stochos import gan
from stochos.errors import InputError


@pytest.mark.parametrize("mixture", [gan.ring(8), gan.lattice(25), gan.Mixture([[0.0], [1.0]], 0.1, [0.2, 0.8])])
def test_samples_of_a_mixture_have_its_moments(mixture: gan.Mixture):
    n = 40_000
    x = mixture.sample(n, 3).astype(np.float64)
    mean = mixture.weights @ mixture.centers
    spread = mixture.centers - mean
    covariance = (spread * mixture.weights[:, None]).T @ spread + np.eye(len(mean)) * mixture.deviation**2
    # Four standard errors: a false alarm in 16,000 for each number.
    assert (np.abs(x.mean(axis=0) - mean) < 4 * np.sqrt(np.diag(covariance) / n)).all()
    np.testing.assert_allclose(np.cov(x.T), covariance.squeeze(), atol=4 * np.diag(covariance).max() * math.sqrt(2 / n))


def test_log_density_integrates_to_one_and_is_a_gaussian_alone():
    mixture = gan.ring(3, radius=1.0, deviation=0.2)
    line = np.linspace(-3, 3, 301)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    assert np.exp(mixture.log_density(points)).sum() * (line[1] - line[0]) ** 2 == pytest.approx(1.0, rel=1e-9)
    one = gan.Mixture([[1.0]], 0.5)
    assert one.log_density([[2.0]])[0] == pytest.approx(-2.0 - math.log(0.5 * math.sqrt(2 * math.pi)))


def test_coverage_counts_modes_and_quality():
    mixture = gan.ring(8)
    perfect = gan.metrics.coverage(mixture.sample(20_000, 1), mixture)
    # Within three deviations in the plane: 1 - exp(-9/2); four standard errors.
    assert perfect.quality == pytest.approx(1 - math.exp(-4.5), abs=4 * math.sqrt(0.011 * 0.989 / 20_000))
    assert perfect.modes == 8
    assert perfect.counts.sum() == round(perfect.quality * 20_000)
    # Two modes, and as many points again nowhere.
    x = np.concatenate([np.repeat(mixture.centers[:2], 50, axis=0), np.zeros((100, 2))])
    half = gan.metrics.coverage(x, mixture)
    assert (half.modes, half.quality) == (2, 0.5)
    assert half.counts.tolist() == [50, 50, 0, 0, 0, 0, 0, 0]


def test_divergence_from_the_law_in_cells():
    mixture = gan.ring(4)
    # A quarter of the law, from a mode alone: total variation 3/4, KL log 4 up to the noise of the cells.
    one = gan.Mixture(mixture.centers[:1], mixture.deviation).sample(20_000, 2)
    assert gan.metrics.divergence_from(one, mixture, "tv") == pytest.approx(0.75, abs=0.01)
    assert gan.metrics.divergence_from(one, mixture, "kl") == pytest.approx(math.log(4), abs=0.02)
    assert gan.metrics.divergence_from(one, mixture, "reverse_kl") == math.inf
    # Its own samples: about (cells - 1) f''(1) / (2 N).
    own = gan.metrics.divergence_from(mixture.sample(20_000, 5), mixture, "kl")
    assert own == pytest.approx(31 / 40_000, rel=0.8)


def test_mmd_is_the_sum_over_pairs_and_tells_laws_apart():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(30, 2)), random.normal(0.3, 1.0, (40, 2))
    kernel = lambda a, b: np.mean([math.exp(-((a - b) ** 2).sum() / (2 * h * h)) for h in (0.5, 2.0)])  # noqa: E731
    own_x = np.mean([kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j])
    own_y = np.mean([kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j])
    cross = np.mean([kernel(a, b) for a in x for b in y])
    assert gan.metrics.mmd(x, y, bandwidths=[0.5, 2.0]) == pytest.approx(own_x + own_y - 2 * cross, rel=1e-10)
    law = gan.ring(8)
    same = gan.metrics.mmd(law.sample(1000, 1), law.sample(1000, 2))
    other = gan.metrics.mmd(law.sample(1000, 1), law.sample(1000, 2) + 0.5)
    assert abs(same) < 0.005 < other


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gan.metrics.coverage(np.zeros((3, 3)), gan.ring(8)), r"shape \(3, 3\)"),
        (lambda: gan.metrics.mmd(np.zeros((1, 2)), np.zeros((3, 2))), "1 and 3 points"),
        (lambda: gan.metrics.mmd(np.zeros((3, 2)), np.zeros((3, 2)), bandwidths=[0.0]), "above 0"),
        (lambda: gan.lattice(24), "square number"),
        (lambda: gan.Mixture([[0.0, 1.0]], 0.0), "deviation is 0"),
        (lambda: gan.Mixture([[0.0], [1.0]], 1.0, [0.5, 0.6]), "sum to 1"),
        (lambda: gan.ring(8).log_density([[1.0]]), r"shape \(1, 1\)"),
    ],
)
def test_bad_input_is_named(call, message: str):
    with pytest.raises(InputError, match=message):
        call()
