"""Laws, triggers and variables that move with the time, against closed forms.

Counts are compared with their exact law by a chi-square statistic, and means by z scores; the thresholds are passed by
a right simulator with a chance of at most 1e-6 in each comparison. Seeds are fixed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest

from stochos.errors import InputError
from stochos.reactions import Network, simulate

METHODS = ("direct", "sorting", "first", "next", "cr", "rssa", "rssacr")
N = 20_000


def poisson(mean: float, most: int) -> np.ndarray:
    k = np.arange(most + 1)
    return np.exp(k * math.log(mean) - mean - np.array([math.lgamma(i + 1) for i in k]))


def assert_law(values: np.ndarray, chances: np.ndarray) -> None:
    """Chi-square of counts against chances; cells of less than 10 expected go together."""
    n = values.size
    seen = np.bincount(values.astype(np.int64), minlength=chances.size).astype(float)
    expected = np.append(chances, max(0.0, 1 - chances.sum())) * n
    seen = np.append(seen[: chances.size], seen[chances.size :].sum())
    big = expected >= 10
    statistic = float((((seen - expected) ** 2)[big] / expected[big]).sum())
    rest = expected[~big].sum()
    cells = int(big.sum())
    if rest > 1:
        statistic += (seen[~big].sum() - rest) ** 2 / rest
        cells += 1
    # Wilson-Hilferty: chi-square beyond 4.76 standard deviations has a chance below 1e-6.
    freedom = cells - 1
    cube = 1 - 2 / (9 * freedom) + 4.76 * math.sqrt(2 / (9 * freedom))
    assert statistic < freedom * cube**3


def assert_mean(values: np.ndarray, mean: float) -> None:
    assert abs(values.mean() - mean) < 4.9 * values.std() / math.sqrt(values.size)


@pytest.mark.parametrize("method", METHODS)
def test_births_at_a_rate_that_moves_are_poisson(method: str):
    # The number of births by t is Poisson with the mean of the integral, at any output time.
    net = Network({"X": 0}, ["-> X @ 10*(1 + sin(time))"])
    run = simulate(net, [0.5, 3.0, 7.0], N, method=method, seed=1)
    for i, t in enumerate((0.5, 3.0, 7.0)):
        mean = 10 * (t + 1 - math.cos(t))
        assert_law(run.values[:, i, 0], poisson(mean, int(mean + 12 * math.sqrt(mean))))


@pytest.mark.parametrize("method", METHODS)
def test_decay_at_a_growing_rate(method: str):
    # Each molecule lives on with the chance exp(-k t^2 / 2), the number left is binomial.
    net = Network({"A": 30, "B": 0}, ["A -> B @ k*time*A", "B -> @ 0.3"], {"k": 0.4})
    run = simulate(net, [1.5], N, method=method, seed=2)
    p = math.exp(-0.4 * 1.5**2 / 2)
    chances = np.array([math.comb(30, i) * p**i * (1 - p) ** (30 - i) for i in range(31)])
    assert_law(run.values[:, 0, 0], chances)


@pytest.mark.parametrize("method", METHODS)
def test_a_law_through_a_rule_and_a_step(method: str):
    # -> X at 20 for one unit of time in three, at 2 else.
    net = Network({"X": 0}, ["-> X @ strength"], rules={"strength": "if(time - 3*floor(time/3) < 1, 20, 2)"})
    run = simulate(net, [0.7, 2.0, 6.5], N, method=method, seed=3)
    for i, mean in enumerate((14.0, 22.0, 58.0)):
        assert_law(run.values[:, i, 0], poisson(mean, int(mean + 12 * math.sqrt(mean))))


def telegraph_mean(times: np.ndarray) -> np.ndarray:
    """P(on) and E[M] by small Runge-Kutta steps of the linear equations."""

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        on, m = y
        return np.array([(1 + math.cos(t)) * (1 - on) - 0.8 * on, 12 * on - 0.5 * m])

    out, y, t, h = [], np.zeros(2), 0.0, 1e-3
    for end in times:
        while t < end - 1e-12:
            a = slope(t, y)
            b = slope(t + h / 2, y + h / 2 * a)
            c = slope(t + h / 2, y + h / 2 * b)
            d = slope(t + h, y + h * c)
            y, t = y + h / 6 * (a + 2 * b + 2 * c + d), t + h
        out.append(y)
    return np.array(out)


@pytest.mark.parametrize("method", METHODS)
def test_telegraph_gene_under_a_rhythm(method: str):
    net = Network(
        {"off": 1, "on": 0, "M": 0},
        ["off -> on @ (1 + cos(time))*off", "on -> off @ 0.8", "on -> on + M @ 12", "M -> @ 0.5"],
    )
    times = np.array([1.0, 3.0, 8.0])
    run = simulate(net, times, N, method=method, seed=4)
    for i, (on, m) in enumerate(telegraph_mean(times)):
        assert_mean(run.values[:, i, 1], on)
        assert_mean(run.values[:, i, 2], m)


def test_trajectories_do_not_depend_on_output_times_threads_or_batch():
    net = Network({"X": 5, "V": 1}, ["-> X @ 4*V*(1 + sin(3*time))", "X -> @ 0.7"], rates={"V": "0.1*V*(3 - V)"})
    long = simulate(net, np.linspace(0, 9, 91), 40, seed=5)
    short = simulate(net, [9.0], 40, seed=5, threads=2)
    np.testing.assert_array_equal(long.values[:, -1, 0], short.values[:, 0, 0])
    # The variable with a rate is the same polynomial, whoever asks for it.
    np.testing.assert_array_equal(long.values[:, -1, 1], short.values[:, 0, 1])
    alone = simulate(net, np.linspace(0, 9, 91), 1, first=17, seed=5)
    np.testing.assert_array_equal(alone.values[0], long.values[17])
    half = simulate(net, np.linspace(0, 4.5, 46), 40, seed=5)
    np.testing.assert_array_equal(half.values[:, :, 0], long.values[:, :46, 0])


def test_rates_follow_their_closed_forms():
    # Logistic growth, a rotation, and time itself; one species, the others parameters.
    net = Network(
        {"V": 0.5},
        [],
        {"x": 1.0, "y": 0.0, "s": 0.0},
        rates={"V": "V*(1 - V/10)", "x": "-2*y", "y": "2*x", "s": "time"},
        rules={"energy": "x^2 + y^2"},
    )
    t = np.linspace(0, 20, 41)
    run = simulate(net, t, 1, species=["V", "x", "y", "s", "energy"])
    v = 10 / (1 + 19 * np.exp(-t))
    expected = np.stack([v, np.cos(2 * t), np.sin(2 * t), t**2 / 2, np.ones_like(t)], axis=1)
    np.testing.assert_allclose(run.values[0], expected, atol=2e-8, rtol=2e-8)


@pytest.mark.parametrize("method", METHODS)
def test_a_growing_volume_dilutes_a_bimolecular_law(method: str):
    # A + B -> C at c/V with V = e^(g t), one of each: lives on with exp(-c (1 - e^(-g t))/g).
    net = Network(
        {"A": 1, "B": 1, "C": 0}, ["A + B -> C @ c*A*B/V"], {"c": 1.2, "V": 1.0, "g": 0.8}, rates={"V": "g*V"}
    )
    run = simulate(net, [0.5, 2.0], N, method=method, seed=6)
    for i, t in enumerate((0.5, 2.0)):
        left = math.exp(-1.2 * (1 - math.exp(-0.8 * t)) / 0.8)
        assert_law(run.values[:, i, 0], np.array([1 - left, left]))


def test_a_rate_that_counts_molecules_moves_with_them():
    # I integrates X: E[I] = x0 (1 - e^-t) for the pure death of X, and the reaction that I drives has that mean rate.
    net = Network({"X": 50, "Y": 0}, ["X -> @ 1", "-> Y @ 0.2*I"], {"I": 0.0}, rates={"I": "X"})
    run = simulate(net, [2.0], N, species=["X", "Y", "I"], seed=7)
    assert_mean(run.values[:, 0, 2], 50 * (1 - math.exp(-2)))
    assert_mean(run.values[:, 0, 1], 0.2 * 50 * (2 - (1 - math.exp(-2))))


@pytest.mark.parametrize(
    ("trigger", "at"),
    [
        ("sin(time) > 0.5", math.pi / 6),
        ("time^2 >= 7", math.sqrt(7)),
        ("exp(time) > 20 && time > 1", math.log(20)),
        ("wave > 0.5", math.pi / 6),
        ("V > 8", math.log(8 / 2 * (10 - 2) / (10 - 8))),
        ("V*time >= 20", None),
    ],
)
def test_triggers_that_are_not_linear_in_time(trigger: str, at: float | None):
    net = Network(
        {"X": 0},
        [],
        {"hit": -1.0, "V": 2.0},
        rules={"wave": "sin(time)"},
        rates={"V": "V*(1 - V/10)"},
        events=[f"{trigger}: hit = time"],
    )
    run = simulate(net, [6.0], 1, species=["hit"])
    if at is None:  # V(t) t = 20 by bisection on the logistic curve
        low, high = 0.0, 6.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if 10 / (1 + 4 * math.exp(-middle)) * middle < 20 else (low, middle)
        at = low
    assert run.values[0, 0, 0] == pytest.approx(at, abs=1e-7)


def test_a_trigger_that_oscillates_fires_each_time():
    net = Network({"X": 0}, [], events=["sin(5*time) > 0.99: X = X + 1"])
    run = simulate(net, [20.0], 1)
    # Rises above 0.99 once in each period of 2 pi/5.
    assert run.values[0, 0, 0] == math.floor((20 * 5 - math.asin(0.99)) / (2 * math.pi)) + 1


def test_a_trigger_on_a_moving_variable_and_the_state():
    # V grows until it reaches 10 molecules' worth; then cell division halves it and adds a molecule.
    net = Network({"X": 1}, [], {"V": 1.0}, rates={"V": "X"}, events=["V >= 10: V = V/2, X = X + 1"])
    run = simulate(net, [9.25, 14.0, 15.7], 1, species=["X", "V"])
    # 9 time units to 10, then always from 5 to 10: 2.5 units of time at the rate 2, 5/3 at 3, 1.25 at 4, 1 at 5.
    third, fifth = 9 + 2.5 + 5 / 3, 9 + 2.5 + 5 / 3 + 1.25 + 1
    np.testing.assert_allclose(run.values[0, :, 0], [2, 4, 6])
    expected = [5 + 2 * 0.25, 5 + 4 * (14 - third), 5 + 6 * (15.7 - fifth)]
    np.testing.assert_allclose(run.values[0, :, 1], expected, rtol=1e-7)


def test_events_of_equal_priority_run_in_random_order():
    net = Network(
        {"A": 0},
        [],
        events=[
            {"trigger": "time >= 1", "assignments": {"A": "1"}, "priority": "5"},
            {"trigger": "time >= 1", "assignments": {"A": "2"}, "priority": "5"},
        ],
    )
    last = simulate(net, [2.0], 4000, seed=8).values[:, 0, 0]
    ones = int((last == 1).sum())
    assert set(last) == {1.0, 2.0}
    assert abs(ones - 2000) < 4.9 * math.sqrt(1000)
    np.testing.assert_array_equal(last[7:9], simulate(net, [2.0], 2, first=7, seed=8).values[:, 0, 0])


def test_a_pole_is_named_and_a_law_next_to_it_works():
    net = Network({"X": 0}, ["-> X @ 1/(10 - time)"])
    # The number by t is Poisson with mean log(10/(10 - t)).
    run = simulate(net, [9.999], N, seed=9)
    mean = math.log(10 / 0.001)
    assert_law(run.values[:, 0, 0], poisson(mean, 60))
    with pytest.raises(InputError, match=r"at time 10 by its law .1/\(10 - time\). and no finite bound"):
        simulate(net, [11.0], 1, seed=9)


@pytest.mark.parametrize("method", METHODS)
def test_a_negative_law_is_named_with_its_value_and_time(method: str):
    net = Network({"X": 0}, ["grow: -> X @ cos(time)"])
    with pytest.raises(InputError, match="'grow'"):
        simulate(net, [3.0], 50, method=method, seed=10)


def test_a_rate_without_end_is_named():
    net = Network({"X": 0}, [], {"V": 1.0}, rates={"V": "V^2"})
    with pytest.raises(InputError, match=r"'V' cannot be followed beyond time 0\.99999"):
        simulate(net, [2.0], 1)


def test_what_cannot_have_a_rate():
    with pytest.raises(InputError, match="changes 'A', which has a rate"):
        simulate(Network({"A": 3}, ["A -> @ 1"], rates={"A": "1"}), [1.0], 1)
    with pytest.raises(InputError, match="is computed by a rule"):
        Network({"A": 3}, [], rules={"y": "A"}, rates={"y": "1"})
    with pytest.raises(InputError, match="no species or parameter"):
        Network({"A": 3}, [], rates={"Q": "1"})
    with pytest.raises(InputError, match="reads 'q'"):
        Network({"A": 3}, [], {"p": 1.0}, rates={"p": "q"})
    with pytest.raises(InputError, match="draws random numbers"):
        Network({"A": 3}, [], {"p": 1.0}, rates={"p": "normal(0, 1)"})


def test_a_species_with_a_rate_drives_mass_action():
    # S is no count: the propensity is k*S with S = 3 e^-t.
    net = Network({"S": 3.0, "P": 0}, ["S -> S + P @ k"], {"k": 2.0}, rates={"S": "-S"})
    run = simulate(net, [1.0], N, seed=11)
    mean = 6 * (1 - math.exp(-1))
    assert_law(run.values[:, 0, 1], poisson(mean, 40))
    assert "d S/d time = -S" in str(net)
    assert net.rates == {"S": "-S"}
    assert net.with_(parameters={"k": 1.0}) != net


def test_moments_and_first_passage_of_a_moving_network():
    net = Network({"X": 0}, ["-> X @ 10*(1 + sin(time))"])
    run = simulate(net, [2.0], 5000, keep="moments", seed=12)
    mean = 10 * (3 - math.cos(2.0))
    assert abs(run.mean[0, 0] - mean) < 4.9 * math.sqrt(mean / 5000)
    assert run.std[0, 0] == pytest.approx(math.sqrt(mean), rel=0.06)


def test_master_equation_refuses_what_moves():
    from stochos.reactions import master_equation

    with pytest.raises(InputError, match="time"):
        master_equation(Network({"X": 0}, ["-> X @ 1 + sin(time)"]), bounds={"X": 20}, times=[1.0])


@pytest.mark.parametrize(
    "network",
    [
        "Network({'X': 0}, ['-> X @ 1e5*(1 + sin(time))'])",
        "Network({'X': 0}, [], {'a': 1.0, 'b': 0.0}, rates={'a': '-1e5*b', 'b': '1e5*a'})",
        "Network({'X': 0}, [], events=['sin(1e5*time) > 0.5: X = 1'])",
    ],
)
def test_an_interrupt_ends_what_moves_soon(network: str, interrupt_delay: Callable[[str], float]):
    script = (
        "import time\nfrom stochos.reactions import Network, simulate\n"
        f"net = {network}\n"
        "print('ready', flush=True)\n"
        "try:\n    simulate(net, [1e9])\n"
        "except KeyboardInterrupt:\n    print(time.monotonic())\n"
    )
    assert interrupt_delay(script) < 0.2


def test_timeout_ends_a_hard_moving_network():
    net = Network({"X": 0}, ["-> X @ 1e9*(1 + sin(1e6*time))"])
    began = time.perf_counter()
    run = simulate(net, [1e6], 1, timeout=0.3)
    assert time.perf_counter() - began < 3
    assert run.status[0] == 3
