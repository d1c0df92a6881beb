"""Approximate methods against exact answers: the bias has a bound that falls with epsilon, no amount is negative."""

from __future__ import annotations

import time

import numpy as np
import pytest

from stochos import _core, reactions
from stochos.errors import InputError
from stochos.reactions.simulation import APPROXIMATE

DIMER = reactions.Network({"P": 2000, "D": 0}, ["2 P <-> D @ 0.0005, 0.1"], {})
CATALYST = reactions.Network(
    {"off": 1, "on": 0, "M": 300}, ["off <-> on @ 0.3, 0.2", "on -> on + M @ 2000", "M -> @ 1"], {}
)


def leap(net: reactions.Network, times: list[float], n: int, method: str, **options: object) -> dict[str, object]:
    """Simulate by leaps even where they do not pay."""
    keep = options.pop("keep", "final")
    given = {"always_leap": True, **options}
    return _core.simulate(net._core(), np.array(times), n, 0, method, 1, 1, keep, given, None)


@pytest.mark.parametrize("method", APPROXIMATE)
@pytest.mark.parametrize("epsilon", [0.1, 0.02])
def test_dimers_against_the_master_equation(method: str, epsilon: float):
    exact = reactions.master_equation(DIMER, times=[2.0])
    mean, std = exact.mean[-1], exact.std[-1]
    found = leap(DIMER, [2.0], 1500, method, epsilon=epsilon)
    amounts = found["final"]
    noise = std / np.sqrt(amounts.shape[0])
    # The bias of the mean of what is changed is at most epsilon/2 of the change.
    changed = np.abs(mean - np.array([2000.0, 0.0]))
    assert (np.abs(amounts.mean(axis=0) - mean) <= epsilon / 2 * changed + 4.5 * noise).all()
    assert np.abs(amounts.std(axis=0) / std - 1).max() <= 2 * epsilon + 4.5 / np.sqrt(2 * 1500)
    assert found["method"] == method
    # What is conserved stays.
    assert (amounts @ [1, 2] == 2000).all()


@pytest.mark.parametrize("method", APPROXIMATE)
def test_slow_reactions_beside_fast_ones(method: str):
    """A gene that switches: at most one molecule of it, so that its reactions fire one by one."""
    amounts = leap(CATALYST, [3.0], 2000, method)["final"]
    # M is linear in the gene: the means solve p' = 0.3 (1 - p) - 0.2 p and m' = 2000 p - m.
    t, p0, rate = 3.0, 0.6, 0.5
    on = p0 * (1 - np.exp(-rate * t))
    m = 300 * np.exp(-t) + 2000 * p0 * ((1 - np.exp(-t)) - (np.exp(-rate * t) - np.exp(-t)) / (1 - rate))
    assert set(np.unique(amounts[:, :2])) == {0.0, 1.0}
    assert (amounts[:, :2].sum(axis=1) == 1).all()
    errors = amounts.std(axis=0) / np.sqrt(len(amounts))
    assert abs(amounts[:, 1].mean() - on) < 4.5 * errors[1]
    assert abs(amounts[:, 2].mean() - m) < 4.5 * errors[2] + 0.03 * m


@pytest.mark.parametrize("method", APPROXIMATE)
def test_five_molecules_never_go_below_zero(method: str):
    net = reactions.Network({"A": 5}, ["A -> @ 10"], {})
    n = 1_000_000
    found = leap(net, [0.1, 100.0], n, method, keep="histogram", bounds=np.array([[0, 5]]))
    counts = found["histogram"][0]
    assert counts[:, 0].sum() == 0  # below zero
    assert counts[1, 1] == n
    # At 0.1 the law is binomial.
    expected = (
        np.array([1, 5, 10, 10, 5, 1]) * np.exp(-1.0) ** np.arange(6) * (1 - np.exp(-1.0)) ** np.arange(5, -1, -1)
    )
    assert np.abs(counts[0, 1:-1] / n - expected).max() < 5 * np.sqrt(0.25 / n)


@pytest.mark.parametrize("method", APPROXIMATE)
def test_nothing_goes_below_zero_while_leaps_are_large(method: str):
    net = reactions.Network({"A": 400, "B": 300, "C": 0}, ["A + B -> C @ 1", "C -> A @ 20", "2 A -> @ 0.5"], {})
    values = leap(net, [0.001, 0.01, 0.1, 1.0], 300, method, keep="trajectories", epsilon=0.5)["values"]
    assert values.min() >= 0
    assert (values == np.floor(values)).all()


def test_a_stiff_pair_lets_the_implicit_leap_be_long():
    net = reactions.Network({"A": 10000, "B": 10000, "C": 0}, ["A <-> B @ 1000, 1000", "B -> C @ 0.01"], {})
    amounts = leap(net, [2.0], 60, "implicit")["final"]
    c = 20000 * (1 - np.exp(-0.005 * 2.0))
    assert abs(amounts[:, 2].mean() - c) < 4.5 * np.sqrt(c / 60) + 0.03 * c
    assert (amounts.sum(axis=1) == 20000).all()


@pytest.mark.parametrize("method", APPROXIMATE)
def test_where_leaps_do_not_pay_an_exact_method_runs(method: str):
    net = reactions.Network({"A": 0}, ["-> A @ 10", "A -> @ 0.1"], {})
    run = reactions.simulate(net, [5.0, 50.0], 100, method=method, keep="final")
    assert run.settings["method"] == "direct"
    assert run.final.tolist() == reactions.simulate(net, [5.0, 50.0], 100, method="direct", keep="final").final.tolist()


@pytest.mark.parametrize("method", APPROXIMATE)
def test_leaps_that_pay_only_after_a_while(method: str):
    # B and C begin with none, so that the first thousand steps are single reactions.
    net = reactions.Network(
        {"A": 100_000, "B": 0, "C": 0}, ["A <-> B @ 1, 1", "A + B <-> C @ 1e-5, 2", "C -> @ 0.1", "-> A @ 3"], {}
    )
    run = reactions.simulate(net, [1.0, 3.0], 3, method=method, keep="final")
    assert run.settings["method"] == method


#: Few molecules; many; and numbers between, where the choice is close.
SIZES = [{"X": 100, "Y": 0}, {"X": 3000, "Y": 500}, {"X": 20_000, "Y": 0}]


@pytest.mark.parametrize("method", APPROXIMATE)
@pytest.mark.parametrize("initial", SIZES)
def test_never_slower_than_one_and_a_half_times_exact(method: str, initial: dict[str, int]):
    net = reactions.Network(initial, ["X <-> Y @ 1, 0.5", "2 X -> X @ 0.0001", "-> X @ 20"], {})
    n = 600_000 // initial["X"]
    spent: dict[str, list[float]] = {"direct": [], method: []}
    for _ in range(5):  # in turn: what else the machine does hits both
        for name, seen in spent.items():
            begin = time.process_time()
            reactions.simulate(net, [1.0, 3.0], n, method=name, keep="moments", threads=1)
            seen.append(time.process_time() - begin)
    assert min(spent[method]) < 1.5 * min(spent["direct"]), spent


@pytest.mark.parametrize("method", ["tau", "midpoint", "r_leap", "langevin", "hybrid"])
@pytest.mark.parametrize("epsilon", [0.03, 0.006])
def test_where_they_pay_they_run(method: str, epsilon: float):
    net = reactions.Network({"A": 10**7}, ["A -> @ 1", "-> A @ 1e6"], {})
    run = reactions.simulate(net, [3.0], 40, method=method, keep="final", epsilon=epsilon)
    assert run.settings["method"] == method
    mean = 1e7 * np.exp(-3.0) + 1e6 * (1 - np.exp(-3.0))
    # Leaps over decay are Euler's method of step epsilon: off by the part epsilon t/2, the midpoint by its square.
    bound = 3 * epsilon / 2 if method != "midpoint" else (3 * epsilon) ** 2 / 2
    assert abs(run.final.mean() / mean - 1) < bound + 0.001


@pytest.mark.parametrize("method", APPROXIMATE)
def test_a_trajectory_is_that_of_every_batch(method: str):
    options = {"method": method, "epsilon": 0.05, "keep": "trajectories", "threads": 2}
    net = reactions.Network({"A": 10**6, "B": 0}, ["A <-> B @ 1, 0.5"], {})
    batch = reactions.simulate(net, [0.5, 1.0], 6, **options)
    alone = reactions.simulate(net, [0.5, 1.0], 1, first=4, **options)
    assert batch.values[4].tolist() == alone.values[0].tolist()
    assert len(np.unique(batch.values[:, 1, 0])) > 3


def test_max_events_holds_for_leaps():
    net = reactions.Network({"A": 10**6}, ["A -> @ 1"], {})
    run = reactions.simulate(net, [10.0], 5, method="tau", max_events=300_000, keep="final")
    assert run.events_per_trajectory.tolist() == [300_000] * 5
    assert run.status.tolist() == [2] * 5


def test_what_leaps_cannot_do_is_told():
    timed = reactions.Network({"A": 1000}, ["A -> @ 1"], {}, events=["time >= 1: A = 5"])
    with pytest.raises(InputError, match="approximate methods take no events"):
        reactions.simulate(timed, [2.0], method="tau")
    net = reactions.Network({"A": 10**7}, ["A -> @ 1"], {})
    with pytest.raises(InputError, match="know no single events"):
        reactions.simulate(net, [2.0], method="tau", keep="events")
    with pytest.raises(InputError, match="epsilon is for approximate methods"):
        reactions.simulate(net, [2.0], epsilon=0.1)
    with pytest.raises(InputError, match="epsilon"):
        reactions.simulate(net, [2.0], method="tau", epsilon=0.9)
