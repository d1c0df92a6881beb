"""Every exact method draws from the law of the master equation: whole distributions, means and variances.

Right values: the matrix exponential over all states, and closed forms. All seeds are fixed. A correct method fails one
chi-square test with chance 1e-6, and one test of a mean or variance with less than 1e-6 (5 standard errors).
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

_SPEC = importlib.util.spec_from_file_location("core_networks", Path(__file__).with_name("core_networks.py"))
core = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(core)
METHODS = core.METHODS
RARE = 1e-6

MODELS = {
    "dimerisation": (
        {"A": 21, "B": 0},
        [({"A": 2}, {"B": 1}, 0.02), ({"B": 1}, {"A": 2}, 0.3)],
        "B",
        1.5,
    ),
    "telegraph": (
        {"off": 1, "on": 0, "M": 0},
        [
            ({"off": 1}, {"on": 1}, 0.7),
            ({"on": 1}, {"off": 1}, 0.5),
            ({"on": 1}, {"on": 1, "M": 1}, 12.0),
            ({"M": 1}, {}, 1.0),
        ],
        "M",
        2.0,
    ),
    "michaelis_menten": (
        {"S": 12, "E": 4, "C": 0, "P": 0},
        [
            ({"S": 1, "E": 1}, {"C": 1}, 0.4),
            ({"C": 1}, {"S": 1, "E": 1}, 0.6),
            ({"C": 1}, {"E": 1, "P": 1}, 1.1),
        ],
        "P",
        1.7,
    ),
    # Two stable states, near 1 and near 13.
    "schloegl": (
        {"X": 5},
        [({"X": 2}, {"X": 3}, 0.9), ({"X": 3}, {"X": 2}, 0.18), ({}, {"X": 1}, 1.2), ({"X": 1}, {}, 2.1)],
        "X",
        3.0,
    ),
    "sir": (
        {"S": 25, "I": 3, "R": 0},
        [({"S": 1, "I": 1}, {"I": 2}, 0.06), ({"I": 1}, {"R": 1}, 0.6)],
        "R",
        2.5,
    ),
    "third_order": (
        {"A": 16, "B": 5, "C": 0},
        [({"A": 3}, {"C": 1}, 0.004), ({"A": 2, "B": 1}, {"C": 1}, 0.01), ({"C": 1}, {"A": 3}, 0.3)],
        "C",
        2.0,
    ),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model", MODELS)
def test_whole_distribution_is_that_of_the_master_equation(model: str, method: str):
    amounts, reactions, of, time = MODELS[model]
    chances = core.distribution(amounts, reactions, of, time)
    assert abs(chances.sum() - 1) < 1e-9
    answer = core.run(core.build(amounts, reactions), [time], 8000, method=method, keep="final", seed=11)
    samples = answer["final"][:, list(amounts).index(of)]
    assert core.chance_of(samples, chances) > RARE


@pytest.mark.parametrize("method", METHODS)
def test_immigration_and_death_is_poisson_at_every_time(method: str):
    network = core.build({"X": 0}, [({}, {"X": 1}, 10.0), ({"X": 1}, {}, 1.0)])
    times = [0.0, 0.5, 1.0, 3.0]
    answer = core.run(network, times, 8000, method=method, seed=3)
    assert (answer["values"][:, 0, 0] == 0).all()
    for point, time in enumerate(times[1:], 1):
        mean = 10 * (1 - math.exp(-time))
        chances = np.array([math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(80)])
        samples = answer["values"][:, point, 0]
        assert core.chance_of(samples, chances) > RARE
        assert abs(samples.mean() - mean) < 5 * math.sqrt(mean / 8000)
        # Fourth central moment of a Poisson law: mean + 3 mean^2.
        assert abs(samples.var() - mean) < 5 * math.sqrt((mean + 2 * mean**2) / 8000)


@pytest.mark.parametrize("method", METHODS)
def test_a_law_that_is_an_expression(method: str):
    reactions = [({}, {"X": 1}, "k*hill(5 + X, 8, 2)"), ({"X": 1}, {}, "2*X/(1 + X/m)")]
    m = 6.0
    laws = {
        0: lambda s: 6 * (5 + s["X"]) ** 2 / (64 + (5 + s["X"]) ** 2),
        1: lambda s: 2 * s["X"] / (1 + s["X"] / m),
    }
    chances = core.distribution({"X": 3}, reactions, "X", 2.0, 60, laws)
    assert abs(chances.sum() - 1) < 1e-9
    network = core.build({"X": 3}, reactions, {"k": 6.0}, assignments=[("m", "12/2")])
    samples = core.run(network, [2.0], 8000, method=method, keep="final", seed=5)["final"][:, 0]
    assert core.chance_of(samples, chances) > RARE


@pytest.mark.parametrize("law", ["k*P*(P-1)/2", "0.5*k*P*(P - 1)", "k*(P*P - P)/2", "k*P/2*(P-1)"])
def test_mass_action_written_out_is_recognised_and_gives_the_same_bits(law: str):
    plain = core.build({"P": 100, "D": 0}, [({"P": 2}, {"D": 1}, 0.01), ({"D": 1}, {"P": 2}, 0.5)])
    written = core.build(
        {"P": 100, "D": 0}, [({"P": 2}, {"D": 1}, law), ({"D": 1}, {"P": 2}, "D*h")], {"k": 0.01, "h": 0.5}
    )
    assert written.is_mass_action().tolist() == [1, 1]
    times = np.linspace(0, 5, 6)
    np.testing.assert_array_equal(core.run(plain, times, 4)["values"], core.run(written, times, 4)["values"])


def test_a_law_that_only_looks_like_mass_action_stays_an_expression():
    # k*X*X is not zero at X = 1, and a parameter that an event sets is no constant.
    network = core.build({"X": 9, "Y": 0}, [({"X": 2}, {"Y": 1}, "k*X*X")], {"k": 1.0})
    assert network.is_mass_action().tolist() == [0]
    event = [("time >= 1", "", "", True, True, True, [("k", "0")])]
    network = core.build({"X": 9}, [({"X": 1}, {}, "k*X")], {"k": 1.0}, events=event)
    assert network.is_mass_action().tolist() == [0]


@pytest.mark.parametrize("method", METHODS)
def test_a_reaction_without_enough_reactants_never_fires(method: str):
    square = core.build({"X": 9, "Y": 0}, [({"X": 2}, {"Y": 1}, "k*X*X")], {"k": 1.0})
    answer = core.run(square, [1e6], 50, method=method, keep="final")
    assert (answer["final"] == [1, 4]).all()
    assert (answer["status"] == 1).all()
    constant = core.build({"X": 5}, [({"X": 1}, {}, "k")], {"k": 3.0})
    assert (core.run(constant, [1e6], 50, method=method, keep="final")["final"] == 0).all()


def test_a_plus_b_to_2a_with_one_convention():
    # c A (A-1)/2 back and c A B forth: in balance B = (A-1)/2, so mean A is 666.667 of 1000 for large numbers.
    network = core.build({"A": 500, "B": 500}, [({"A": 1, "B": 1}, {"A": 2}, 0.01), ({"A": 2}, {"A": 1, "B": 1}, 0.01)])
    answer = core.run(network, [5.0], 400, keep="final", seed=1)
    # Variance about 222 in balance (linear noise); 5 standard errors.
    assert abs(answer["final"][:, 0].mean() - 666.9) < 5 * math.sqrt(230 / 400)
