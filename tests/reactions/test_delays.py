"""Reactions with delays, by every method, against closed forms.

`-> X @ k` with a delay D is the queue M/G/infinity without departures: X(t) is Poisson with the mean k times the
integral of P(D <= s) over s in [0, t]. Each test of a distribution has a false-alarm rate of 1e-6 and a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st

from stochos import reactions
from stochos.errors import InputError
from stochos.reactions import Network

METHODS = ["direct", "sorting", "first", "next", "cr", "rssa", "rssacr"]


def fits(x: np.ndarray, law: st.rv_discrete, most: int = 400) -> bool:
    """Pearson's test of whole numbers against a law."""
    expected = len(x) * law.pmf(np.arange(most))
    seen = np.bincount(x.astype(int), minlength=most)
    many = expected >= 8
    table = [(seen[many], expected[many]), (seen.sum() - seen[many].sum(), len(x) - expected[many].sum())]
    statistic = sum(float(((a - b) ** 2 / np.maximum(b, 1e-300)).sum()) for a, b in table if np.all(b > 0.5))
    return bool(st.chi2.sf(statistic, many.sum()) > 1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_fixed_delay_shifts_the_products(method: str):
    net = Network({"X": 0}, ["-> X @ 5; delay = 2"])
    x = reactions.simulate(net, [1.9, 2.0, 3.0, 6.0], 4000, method=method, seed=1).values[:, :, 0]
    assert (x[:, 0] == 0).all()
    for point, time in ((2, 1.0), (3, 4.0)):
        assert fits(x[:, point], st.poisson(5 * time))


@pytest.mark.parametrize("method", METHODS)
def test_random_delays_give_the_queue_with_infinitely_many_servers(method: str):
    net = Network({"X": 0, "A": 40}, ["-> X @ k; delay = gamma(3, 0.5)", "A -> A @ 0.1*A"], {"k": 4.0})
    times = [1.0, 2.5, 6.0]
    x = reactions.simulate(net, times, 4000, method=method, seed=2).values[:, :, 0]
    for point, time in enumerate(times):
        mean = 4 * scipy.integrate.quad(st.gamma(3, scale=0.5).cdf, 0, time)[0]
        assert fits(x[:, point], st.poisson(mean))


@pytest.mark.parametrize("method", METHODS)
def test_reactants_go_at_the_start_and_products_come_at_the_end(method: str):
    net = Network({"A": 60, "B": 0}, ["A -> B @ 1; delay = 0.7"])
    values = reactions.simulate(net, [0.5, 1.2, 2.0], 4000, method=method, seed=3).values
    for point, time in enumerate((0.5, 1.2, 2.0)):
        assert fits(values[:, point, 0], st.binom(60, np.exp(-time)))
        assert fits(values[:, point, 1], st.binom(60, 1 - np.exp(-max(time - 0.7, 0))))


@pytest.mark.parametrize("method", METHODS)
def test_what_a_reaction_holds_is_busy_until_its_end(method: str):
    # One template, held for 0.5 by each transcription: the n-th ends at a sum of n exponentials and n delays.
    net = Network({"DNA": 1, "mRNA": 0}, ["DNA -> DNA + mRNA @ 3; delay = 0.5"])
    values = reactions.simulate(net, [4.0], 4000, method=method, seed=4).values[:, 0]
    assert set(values[:, 0]) == {0, 1}
    done = np.array([1.0, *(st.gamma(n, scale=1 / 3).cdf(4.0 - 0.5 * n) for n in range(1, 9)), 0.0])
    chances = done[:-1] - done[1:]
    seen = np.bincount(values[:, 1].astype(int), minlength=9)
    some = 4000 * chances > 5
    seen, expected = seen[some], 4000 * chances[some]
    assert st.chi2.sf(((seen - expected) ** 2 / expected).sum(), some.sum()) > 1e-6


def test_without_consumption_at_the_start_reactants_stay():
    # Linear: the mean of P is a times the integral of the mean of M up to t - d.
    net = Network({"M": 50, "P": 0}, ["M -> M + P @ 2; delay = 1.5; consumes = end", "M -> @ 0.4"])
    run = reactions.simulate(net, [1.0, 4.0], 4000, seed=5)
    assert (run.values[:, 0, 1] == 0).all()
    for point, time in enumerate((1.0, 4.0)):
        mean = 50 * np.exp(-0.4 * time)
        assert abs(run.mean[point, 0] - mean) < 5 * run.std[point, 0] / np.sqrt(4000)
    mean = 2 * 50 / 0.4 * (1 - np.exp(-0.4 * 2.5))
    assert abs(run.mean[1, 1] - mean) < 5 * run.std[1, 1] / np.sqrt(4000)


def test_a_completion_that_finds_its_reactants_gone_changes_nothing():
    # 5 molecules; many reactions begin on each, and only the first to end takes it.
    net = Network({"A": 5, "B": 0}, ["A -> B @ 10; delay = 1; consumes = end"])
    run = reactions.simulate(net, [0.9, 5.0], 200, seed=6)
    assert (run.values[:, 0] == [5, 0]).all()
    assert (run.values[:, 1] == [0, 5]).all()


def test_delayed_feedback_follows_its_mean():
    # Linear with memory, dX/dt = k - g X(t) and Y gets what X lost a delay ago: solved as a delay equation.
    net = Network({"X": 20, "Y": 0}, ["-> X @ 30", "X -> Y @ 0.5; delay = 2", "Y -> X @ 0.3; delay = 1"])
    run = reactions.simulate(net, [3.0, 8.0], 3000, seed=7)
    step = 1e-3
    x, y = [20.0], [0.0]
    for i in range(8000):
        gone = 0.5 * x[i - 2000] if i >= 2000 else 0.0
        back = 0.3 * y[i - 1000] if i >= 1000 else 0.0
        x.append(x[i] + step * (30 - 0.5 * x[i] + back))
        y.append(y[i] + step * (gone - 0.3 * y[i]))
    for point, time in enumerate((3000, 8000)):
        for place, mean in enumerate((x[time], y[time])):
            assert abs(run.mean[point, place] - mean) < 5 * run.std[point, place] / np.sqrt(3000) + 0.02


@pytest.mark.parametrize("method", METHODS)
def test_the_grid_the_batch_and_the_threads_change_nothing(method: str):
    net = Network(
        {"A": 30, "B": 0},
        ["A -> B @ 1; delay = uniform(0, 1)", "B -> A @ B; delay = 0.25"],
        events=["B >= 20: A = A + 1"],
    )
    fine = reactions.simulate(net, np.linspace(0, 4, 41), 12, method=method, seed=8, threads=1)
    coarse = reactions.simulate(net, [2.0, 4.0], 12, method=method, seed=8, threads=3)
    alone = reactions.simulate(net, [2.0, 4.0], 1, first=7, method=method, seed=8)
    np.testing.assert_array_equal(fine.values[:, [20, 40]], coarse.values)
    np.testing.assert_array_equal(coarse.values[7], alone.values[0])
    np.testing.assert_array_equal(fine.events_per_trajectory, coarse.events_per_trajectory)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_awaited_comes_though_no_reaction_can_fire(method: str):
    net = Network({"A": 7, "B": 0}, ["A -> B @ 1; delay = 100"])
    run = reactions.simulate(net, [50.0, 99.0], 20, method=method)
    assert (run.values == [0, 0]).all()
    assert set(run.status) == {0}  # not absorbed: seven completions are awaited
    run = reactions.simulate(net, [50.0, 1000.0], 20, method=method)
    assert (run.values[:, 1] == [0, 7]).all()
    assert set(run.status) == {1}


def test_a_product_that_comes_sets_reactions_events_and_conditions_going():
    net = Network(
        {"A": 1, "B": 0, "C": 0, "E": 0},
        ["A -> B @ 1e9; delay = 3", "B -> C @ 1e9; delay = 0"],
        events=["C > 0: E = 5"],
    )
    run = reactions.simulate(net, [2.9, 3.1], 5)
    assert (run.values[:, 0] == 0).all()
    assert (run.values[:, 1] == [0, 0, 1, 5]).all()
    passage = reactions.simulate(net, [10.0], 5, keep="first_passage", condition="C > 0").passage
    assert np.abs(passage - 3).max() < 1e-7
    log = reactions.simulate(net, [10.0], keep="events")
    steps = log.event_times
    assert np.all(np.diff(steps) >= 0)
    assert (np.abs(steps - 3) < 1e-7).sum() >= 3  # A's end, B's start and end


def test_the_delay_is_that_of_the_state_at_the_start():
    net = Network({"A": 2, "B": 0}, ["A -> B @ 1e9; delay = 1 + 2*A + time"])
    run = reactions.simulate(net, [0.9, 1.1, 2.9, 3.1])
    assert run.values[0, :, 1].tolist() == [0, 1, 1, 2]  # A is 1, then 0, behind the two starts


@pytest.mark.parametrize(("delay", "shown"), [("X - 5", "-2"), ("1/0", "inf"), ("normal(-9, 0)", "-9")])
def test_a_delay_out_of_range_names_reaction_and_value(delay: str, shown: str):
    net = Network(
        {"X": 3}, [f"slow: X -> X @ 1; delay = {delay}"] if "X" not in delay else ["slow: -> @ 1; delay = X - 5"]
    )
    with pytest.raises(InputError, match=f"the delay of reaction 'slow' is {shown}"):
        reactions.simulate(net, [100.0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A -> B @ 1; delay", "no setting"),
        ("A -> B @ 1; delay = 1; delay = 2", "no setting"),
        ("A -> B @ 1; wait = 2", "no setting"),
        ("A -> B @ 1; delay = 1; consumes = never", "no setting"),
        ("A -> B @ 1; consumes = end", "without a delay"),
        ("A <-> B @ 1, 2; delay = 1", "two reactions"),
        ("A -> B @ 1; delay = Q", "'Q'"),
        ("A -> B @ 1; delay = (1", "delay of reaction 'R1'"),
    ],
)
def test_a_text_that_does_not_follow_the_form_is_refused(text: str, message: str):
    with pytest.raises(InputError, match=message):
        Network({"A": 1, "B": 0}, [text])


def test_a_delay_is_shown_kept_and_compared():
    texts = ["A -> B @ k; delay = gamma(3, s)", "B -> A @ 2; delay = 1; consumes = end"]
    net = Network({"A": 1, "B": 0}, texts, {"k": 1.0, "s": 2.0})
    assert [(r.delay, r.consumes) for r in net.reactions] == [("gamma(3, s)", "start"), ("1", "end")]
    assert "A -> B @ k; delay = gamma(3, s) " in str(net)
    assert "B -> A @ 2; delay = 1; consumes = end " in str(net)
    other = net.with_(parameters={"s": 3.0})
    assert other.reactions == net.reactions
    assert net != Network({"A": 1, "B": 0}, ["A -> B @ k; delay = 1", texts[1]], {"k": 1.0, "s": 2.0})
    with pytest.raises(InputError, match="delay"):
        reactions.master_equation(net, times=[1.0])


def test_fixed_species_and_rules_keep_their_meaning():
    net = Network({"G": 1, "X": 0}, ["G -> G + X @ 4; delay = lag", "X -> @ X"], rules={"lag": "1 + 0*X"}, fixed=["G"])
    run = reactions.simulate(net, [6.0], 3000, seed=9)
    assert (run.values[:, 0, 0] == 1).all()
    assert fits(run.values[:, 0, 1], st.poisson(4 * (1 - np.exp(-5.0))))


def test_an_interrupt_ends_a_run_with_delays_soon(interrupt_delay: Callable[[str], float]):
    script = (
        "import time\nfrom stochos import reactions\n"
        "net = reactions.Network({'X': 0}, ['-> X @ 1e6; delay = exponential(1e4)', 'X -> @ 1'])\n"
        "print('ready', flush=True)\n"
        "try:\n    reactions.simulate(net, [1e6])\n"
        "except KeyboardInterrupt:\n    print(time.monotonic())\n"
    )
    assert interrupt_delay(script) < 0.2


@pytest.mark.parametrize("method", METHODS)
def test_laws_of_every_kind_follow_what_comes_late(method: str):
    # X(t) has the mean 6 (t - 1); what it makes at 2X, 0.5X(X - 1) and X by a rule has the integrals of the moments.
    net = Network(
        {"X": 0, "Y": 0, "Z": 0, "W": 0},
        ["-> X @ 6; delay = 1", "X -> X + Y @ 2", "2 X -> 2 X + Z @ 1", "-> W @ sqrt(total^2)"],
        rules={"total": "X"},
    )
    run = reactions.simulate(net, [1.0, 2.0], 4000, method=method, seed=10)
    assert (run.values[:, 0] == 0).all()
    # E[X(X - 1)] of a Poisson amount is the square of its mean.
    for place, mean in enumerate((6.0, 2 * 6 / 2, 0.5 * 36 / 3, 6 / 2)):
        assert abs(run.mean[1, place] - mean) < 5 * run.std[1, place] / np.sqrt(4000)
