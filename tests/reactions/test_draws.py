"""Random numbers in expressions: their laws, where they may stand, and their place in the stream.

Right values: the laws of scipy.stats, conditioned on the bounds. Each test of a distribution has a false-alarm rate of
1e-6 and a fixed seed.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st

from stochos import _core, reactions
from stochos.errors import InputError
from stochos.reactions import Network

RUNS = 20_000
INF = np.inf


def drawn(expression: str, n: int = RUNS, seed: int = 3) -> np.ndarray:
    """Numbers that the trajectories draw at their start."""
    net = Network({"S": 0}, ["-> S @ 0"], {"x": expression})
    return reactions.simulate(net, [1.0], n, species=["x"], keep="final", seed=seed).final[:, 0]


CONTINUOUS = [
    ("uniform(-1, 3)", st.uniform(-1, 4), (-INF, INF)),
    ("normal(2, 0.5)", st.norm(2, 0.5), (-INF, INF)),
    ("normal(2, 0.5, 1.9, 2.05)", st.norm(2, 0.5), (1.9, 2.05)),
    ("normal(0, 1, -1, 4)", st.norm(0, 1), (-1, 4)),
    ("normal(0, 1, 0.3, 1/0)", st.norm(0, 1), (0.3, INF)),
    ("normal(0, 1, 0.3, 0.9)", st.norm(0, 1), (0.3, 0.9)),
    ("normal(0, 1, 2, 2.5)", st.norm(0, 1), (2, 2.5)),
    ("normal(0, 1, -1/0, -6)", st.norm(0, 1), (-INF, -6)),
    ("exponential(2)", st.expon(scale=0.5), (-INF, INF)),
    ("exponential(2, 1, 1.5)", st.expon(scale=0.5), (1, 1.5)),
    ("gamma(0.4, 3)", st.gamma(0.4, scale=3), (-INF, INF)),
    ("gamma(2.5, 2)", st.gamma(2.5, scale=2), (-INF, INF)),
    ("gamma(2.5, 2, 3, 8)", st.gamma(2.5, scale=2), (3, 8)),
    ("gamma(2.5, 2, 60, 1/0)", st.gamma(2.5, scale=2), (60, INF)),
    ("gamma(2.5, 2, 40, 41)", st.gamma(2.5, scale=2), (40, 41)),
    ("gamma(40, 1, 0, 10)", st.gamma(40), (0, 10)),
    ("gamma(0.4, 3, 1e-9, 1e-8)", st.gamma(0.4, scale=3), (1e-9, 1e-8)),
    ("chisquare(3)", st.chi2(3), (-INF, INF)),
    ("chisquare(3, 20, 22)", st.chi2(3), (20, 22)),
    ("cauchy(1, 2)", st.cauchy(1, 2), (-INF, INF)),
    ("cauchy(2)", st.cauchy(0, 2), (-INF, INF)),
    ("cauchy(1, 2, 0, 9)", st.cauchy(1, 2), (0, 9)),
    ("cauchy(0, 1, 1e9, 1/0)", st.cauchy(0, 1), (1e9, INF)),
    ("cauchy(0, 1, -7, -5)", st.cauchy(0, 1), (-7, -5)),
    ("laplace(1, 2)", st.laplace(1, 2), (-INF, INF)),
    ("laplace(2)", st.laplace(0, 2), (-INF, INF)),
    ("laplace(1, 2, -3, 2)", st.laplace(1, 2), (-3, 2)),
    ("laplace(1, 2, 30, 1/0)", st.laplace(1, 2), (30, INF)),
    ("laplace(1, 2, -9, -8)", st.laplace(1, 2), (-9, -8)),
    ("lognormal(1, 0.7)", st.lognorm(0.7, scale=np.e), (-INF, INF)),
    ("lognormal(1, 0.7, -1, 3)", st.lognorm(0.7, scale=np.e), (0, 3)),
    ("rayleigh(2)", st.rayleigh(scale=2), (-INF, INF)),
    ("rayleigh(2, 5, 6)", st.rayleigh(scale=2), (5, 6)),
    ("weibull(1.5, 2)", st.weibull_min(1.5, scale=2), (-INF, INF)),
    ("weibull(1.5, 2, 3, 1/0)", st.weibull_min(1.5, scale=2), (3, INF)),
    ("beta(2, 0.5)", st.beta(2, 0.5), (-INF, INF)),
]
DISCRETE = [
    ("poisson(4)", st.poisson(4), (0, 60)),
    ("poisson(1.5, 2, 18)", st.poisson(1.5), (2, 18)),
    ("poisson(3, 20.5, 1/0)", st.poisson(3), (21, 80)),
    ("poisson(300, 0, 200)", st.poisson(300), (0, 200)),
    ("binomial(100, 0.2)", st.binom(100, 0.2), (0, 100)),
    ("binomial(100, 0.2, 60, 70.9)", st.binom(100, 0.2), (60, 70)),
    ("binomial(100, 0.9, -5, 60)", st.binom(100, 0.9), (0, 60)),
    ("bernoulli(0.23)", st.bernoulli(0.23), (0, 1)),
]


@pytest.mark.parametrize(("expression", "law", "bounds"), CONTINUOUS, ids=[case[0] for case in CONTINUOUS])
def test_a_continuous_draw_has_its_law_between_its_bounds(expression: str, law: st.rv_continuous, bounds: tuple):
    low, high = bounds
    x = drawn(expression)
    assert x.min() >= low
    assert x.max() <= high
    if low > law.median():  # by the chances above, which are exact there
        chance = lambda v: (law.sf(low) - law.sf(v)) / (law.sf(low) - law.sf(high))  # noqa: E731
    else:
        chance = lambda v: (law.cdf(v) - law.cdf(low)) / (law.cdf(high) - law.cdf(low))  # noqa: E731
    assert st.kstest(chance(x), "uniform").pvalue > 1e-6


@pytest.mark.parametrize(("expression", "law", "bounds"), DISCRETE, ids=[case[0] for case in DISCRETE])
def test_a_discrete_draw_has_its_law_and_both_bounds_belong_to_it(expression: str, law: st.rv_discrete, bounds: tuple):
    low, high = bounds
    x = drawn(expression)
    whole = np.arange(low, high + 1)
    logs = law.logpmf(whole)
    chances = np.exp(logs - logs.max())
    expected = RUNS * chances / chances.sum()
    seen = np.bincount((x - low).astype(int), minlength=len(whole))
    assert seen.sum() == RUNS == seen[: len(whole)].sum()
    many = expected >= 8
    seen = np.append(seen[many], seen[~many].sum())
    expected = np.append(expected[many], expected[~many].sum())
    some = expected > 0.5
    statistic = ((seen - expected)[some] ** 2 / expected[some]).sum()
    assert st.chi2.sf(statistic, max(some.sum() - 1, 1)) > 1e-6


def test_each_place_and_each_trajectory_has_a_number_of_its_own():
    difference = drawn("normal(0, 1) - normal(0, 1)")
    assert abs(difference.std() - np.sqrt(2)) < 5 / np.sqrt(RUNS)
    assert len(set(difference)) == RUNS
    assert (drawn("2*uniform(0, 1) - 0*normal(0, 1)") == 2 * drawn("uniform(0, 1)")).all()


def test_a_trajectory_draws_the_same_alone_and_in_any_batch():
    net = Network(
        {"A": "poisson(10)", "B": "A + binomial(A, k/2)"},
        ["A -> @ k", "-> A @ 3; delay = uniform(0, 2)"],
        {"k": "beta(2, 2)", "twice": "2*k"},
        rules={"both": "A + B", "double": "twice"},
        events=[{"trigger": "A < 3", "assignments": "B = B + poisson(4)", "delay": "exponential(1)"}],
    )
    asked = {"times": [0.0, 3.0, 9.0], "species": ["A", "B", "k", "both", "double"], "seed": 5}
    for method in reactions.simulation.METHODS:
        run = reactions.simulate(net, n=40, threads=1, method=method, **asked)
        again = reactions.simulate(net, n=40, threads=3, method=method, **asked)
        alone = [reactions.simulate(net, n=1, first=k, method=method, **asked).values[0] for k in (0, 17, 39)]
        np.testing.assert_array_equal(run.values, again.values)
        np.testing.assert_array_equal(run.values[[0, 17, 39]], alone)
    start = run.values[:, 0]
    assert (start[:, 1] >= start[:, 0]).all()
    np.testing.assert_array_equal(start[:, 3], start[:, 0] + start[:, 1])
    np.testing.assert_array_equal(start[:, 4], 2 * start[:, 2])
    assert not np.isnan(run.values).any()


def test_draws_of_expressions_leave_the_draws_of_reactions_alone():
    def values(value: str) -> np.ndarray:
        net = Network({"X": 50}, ["X -> @ 1", "-> X @ 20"], {"p": 0}, events=[f"time >= 1: p = {value}"])
        return reactions.simulate(net, np.linspace(0, 3, 31), 20, method="direct").values

    np.testing.assert_array_equal(values("2"), values("normal(0, 1)"))


def test_a_drawn_parameter_is_the_constant_of_mass_action_and_a_drawn_amount_starts_it():
    # Immigration at k, k gamma: a negative binomial amount.
    net = Network({"X": 0}, ["-> X @ k"], {"k": "gamma(3, 2)"})
    x = reactions.simulate(net, [2.0], RUNS, keep="final", seed=1).final[:, 0].astype(int)
    law = st.nbinom(3, 1 / (1 + 2 * 2.0))
    expected = RUNS * law.pmf(np.arange(60))
    seen = np.bincount(x, minlength=60)[:60]
    many = expected > 8
    assert st.chi2.sf(((seen - expected)[many] ** 2 / expected[many]).sum(), many.sum()) > 1e-6
    # Each of poisson(30) molecules is there at time 1 with the chance exp(-0.5): a Poisson amount.
    x = reactions.simulate(Network({"X": "poisson(30)"}, ["X -> @ 0.5"]), [1.0], RUNS, seed=2).values[:, 0, 0]
    mean = 30 * np.exp(-0.5)
    assert abs(x.mean() - mean) < 5 * np.sqrt(mean / RUNS)
    assert abs(x.var() / mean - 1) < 5 * np.sqrt(2 / RUNS)


def test_events_draw_their_values_and_delays():
    net = Network(
        {"X": 0, "Y": 0},
        ["-> Y @ 0"],
        {"x": 0},
        events=[{"trigger": "time >= 1", "assignments": "X = normal(0, 2), x = 1", "delay": "exponential(0.5)"}],
    )
    run = reactions.simulate(net, [2.0, 200.0], RUNS, seed=6)
    done = 1 - np.exp(-0.5)
    assert abs((run.values[:, 0, 0] != 0).mean() - done) < 5 * np.sqrt(done * (1 - done) / RUNS)
    # No reaction has X: it is no count, and an event may give it any number.
    assert st.kstest(run.values[:, 1, 0], st.norm(0, 2).cdf).pvalue > 1e-6


def test_a_drawn_priority_puts_events_in_a_random_order():
    events = [
        {"trigger": "time >= 1", "assignments": "X = 1", "priority": "uniform(0, 1)"},
        {"trigger": "time >= 1", "assignments": "X = 2", "priority": "uniform(0, 1)"},
    ]
    last = reactions.simulate(Network({"X": 0}, ["-> X @ 0"], events=events), [1.0], 4000).values[:, 0, 0]
    assert abs((last == 1).mean() - 0.5) < 5 * 0.5 / np.sqrt(4000)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"reactions": ["X -> @ normal(1, 1)"]}, "law of reaction 'R1'"),
        ({"rules": {"r": "2*poisson(3)"}}, "rule for 'r'"),
        ({"events": ["uniform(0, 1) > X: X = 1"]}, "trigger of event"),
        ({"initial": {"X": "poisson(Q)"}}, "'Q'"),
        ({"initial": {"X": "poisson(2, 3)"}}, "does not take 2 arguments"),
        ({"initial": {"X": "normal(2)"}}, "normal takes 2 to 4 arguments"),
    ],
)
def test_a_draw_elsewhere_is_refused_by_name(changed: dict, message: str):
    given = {"initial": {"X": 3}, "reactions": ["X -> @ 1"], **changed}
    with pytest.raises(InputError, match=message):
        Network(given.pop("initial"), given.pop("reactions"), **given)


@pytest.mark.parametrize(
    "draw",
    [
        "exponential(-1)", "normal(0, -1)", "normal(0, 1, 2, 1)", "poisson(-1)", "binomial(2.5, 0.5)", "bernoulli(1.5)",
        "exponential(1, -3, -1)", "gamma(0, 1)", "uniform(2, 1)", "poisson(3, 1.2, 1.8)", "cauchy(0, 0)",
    ],
)  # fmt: skip
def test_a_law_that_does_not_exist_is_an_error_that_names_the_target(draw: str):
    with pytest.raises(InputError, match="sets 'x' to nan"):
        drawn(draw, 1)


def test_a_drawn_amount_that_is_no_count_is_an_error():
    net = Network({"X": "normal(0, 1)"}, ["X -> @ 1"])
    with pytest.raises(InputError, match="amount of 'X' to"):
        reactions.simulate(net, [1.0])


def test_a_draw_is_no_value_and_has_no_derivative():
    for use in (lambda e: e.evaluate({"x": 1.0}), lambda e: e.derivative("x")):
        with pytest.raises(InputError, match="random number"):
            use(_core.Expression("x*normal(0, 1)"))
    expression = _core.Expression("normal(0, 1) - normal(0, 1)")
    assert str(expression.simplified()) == "normal(0, 1) - normal(0, 1)"
    assert expression.operations() == 3
    assert expression.draws()
    # The names of the laws stay free for parameters.
    assert Network({"X": 0}, ["-> X @ gamma*beta"], {"gamma": 2, "beta": 3}).parameters == {"gamma": 2, "beta": 3}


def test_the_network_shows_what_is_drawn_and_with_replaces_it():
    net = Network({"X": "poisson(n)"}, ["X -> @ k"], {"n": 5, "k": "lognormal(0, 1)"})
    assert "X = poisson(n), anew in each trajectory" in str(net)
    assert np.isnan(net.initial["X"])
    fixed = net.with_(parameters={"k": 2.0}, initial={"X": 3})
    assert (fixed.initial, fixed.parameters) == ({"X": 3}, {"n": 5, "k": 2})
    assert net == net.with_(parameters={"n": 5}) != fixed
    with pytest.raises(InputError, match="drawn anew"):
        reactions.master_equation(net, times=[1.0])
