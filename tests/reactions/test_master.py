"""The master equation against distributions in closed form, against dense matrix exponentials, and its own promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import linalg, stats

from stochos import reactions
from stochos.errors import InputError, InputTypeError, StoppedError, UnknownNameError
from stochos.reactions import master_equation

BIRTH_DEATH = reactions.Network({"X": 0}, ["-> X @ birth", "X -> @ death"], {"birth": 20.0, "death": 0.5})


def test_birth_and_death_is_poisson():
    # From 0 the count is Poisson with mean birth/death (1 - exp(-death t)); W. Feller, vol. 1, XVII.7.
    times = np.array([0.0, 0.1, 1.0, 10.0, 1000.0])
    exact = master_equation(BIRTH_DEATH, {"X": 150}, times)
    mean = 40 * (1 - np.exp(-0.5 * times))
    assert exact.states.ravel().tolist() == list(range(151))
    assert np.abs(exact.probabilities - stats.poisson.pmf(np.arange(151), mean[:, None])).sum(axis=1).max() < 2e-11
    assert exact.mean[:, 0] == pytest.approx(mean, abs=1e-9)
    assert exact.std[:, 0] == pytest.approx(np.sqrt(mean), abs=1e-9)
    # The chain of small times never came near the bound.
    assert exact.truncation_error[1] < 1e-60
    assert exact.truncation_error[-1] < 1e-12


def test_pure_decay_is_binomial():
    times = np.array([0.3, 2.0, 50.0])
    net = reactions.Network({"A": 30}, ["A -> @ 0.7"])
    exact = master_equation(net, times=times)  # no bound is needed
    expected = stats.binom.pmf(np.arange(31), 30, np.exp(-0.7 * times)[:, None])
    assert np.abs(exact.probabilities - expected).sum(axis=1).max() < 1e-11
    assert exact.truncation_error.tolist() == [0, 0, 0]


def test_dimerisation_is_the_matrix_exponential():
    # 2 A <-> D with c = 0.01 per pair: a tridiagonal generator over the number of dimers.
    pairs, c, back, times = 25, 0.01, 0.3, np.array([0.5, 3.0, 40.0])
    exact = master_equation(reactions.Network({"A": 50, "D": 0}, ["2 A <-> D @ c, b"], {"c": c, "b": back}), {}, times)
    generator = np.zeros((pairs + 1, pairs + 1))
    for d in range(pairs + 1):
        a = 50 - 2 * d
        if d < pairs:
            generator[d + 1, d] = c * a * (a - 1) / 2
        if d > 0:
            generator[d - 1, d] = back * d
        generator[d, d] = -generator[:, d].sum()
    for t, marginal in zip(times, exact.marginal("D"), strict=True):
        assert np.abs(marginal - linalg.expm(generator * t)[:, 0]).max() < 1e-12
    assert exact.mean @ [1, 2] == pytest.approx([50, 50, 50])


def test_laws_that_are_expressions_and_rules_are_used():
    # Birth at 10/(1 + X), with the half as a rule; dense generator beside it.
    net = reactions.Network({"X": 3}, ["-> X @ top/total", "X -> @ 0.4*X^2"], {"top": 10.0}, rules={"total": "1 + X"})
    exact = master_equation(net, {"X": 30}, [1.5])
    x = np.arange(31.0)
    generator = np.diag(0.4 * x[1:] ** 2, 1) + np.diag(10 / (1 + x[:-1]), -1)
    generator -= np.diag(0.4 * x**2 + 10 / (1 + x))
    assert np.abs(exact.probabilities[0] - linalg.expm(1.5 * generator)[:, 3]).max() < 1e-12


@pytest.mark.parametrize("bound", [20, 40, 60, 80])
def test_truncation_error_bounds_the_error(bound: int):
    exact = master_equation(BIRTH_DEATH, {"X": bound}, [1.0, 4.0, 20.0])
    truth = stats.poisson.pmf(np.arange(bound + 1), 40 * (1 - np.exp(-0.5 * exact.times))[:, None])
    # Munsky and Khammash's theorem: below the truth everywhere, and short of it by what has left, in all.
    assert (exact.probabilities <= truth + 1e-12).all()
    assert exact.probabilities.sum(axis=1) + exact.truncation_error == pytest.approx(1.0, abs=1e-12)
    missing = (truth - exact.probabilities).sum(axis=1)
    assert (missing <= exact.truncation_error + 1e-12).all()
    assert (np.diff(exact.truncation_error) >= 0).all()
    # A known first passage: the box was left by t, so X > bound at t is less likely than that.
    assert (stats.poisson.sf(bound, 40 * (1 - np.exp(-0.5 * exact.times))) <= exact.truncation_error + 1e-12).all()


def test_simulation_and_master_equation_agree():
    # Chi-squared of 20,000 trajectories; seed fixed, false alarm 1e-4.
    net = reactions.Network({"A": 10, "B": 5, "C": 0}, ["A + B <-> C @ 0.05, 0.2", "-> B @ 0.5"])
    exact = master_equation(net, {"B": 60}, [4.0])
    run = reactions.simulate(net, [4.0], 20_000, keep="final", seed=3)
    assert run.final is not None
    for i, name in enumerate(net.species):
        p = exact.marginal(name)[0]
        counts = np.bincount(run.final[:, i].astype(int), minlength=p.size)
        large = p * 20_000 >= 5
        seen = np.append(counts[large], counts[~large].sum())
        expected = np.append(p[large], 1 - p[large].sum()) * 20_000
        keep = expected > 1
        statistic = ((seen - expected)[keep] ** 2 / expected[keep]).sum()
        assert stats.chi2.sf(statistic, keep.sum() - 1) > 1e-4, name


def test_bits_do_not_depend_on_threads_and_not_on_other_times():
    # 3 species, 60k states: above the size from which several threads share a product.
    net = reactions.Network(
        {"A": 0, "B": 0, "C": 0},
        ["-> A @ 30", "A -> B @ 1", "B -> C @ 1", "C -> @ 1", "B -> A @ 0.3", "C -> B @ 0.2", "A -> @ 0.1"],
    )
    bounds = {"A": 62, "B": 62, "C": 62}
    one = master_equation(net, bounds, [0.4], threads=1)
    two = master_equation(net, bounds, [0.4], threads=2)
    assert one.settings["rates"] > 1_000_000
    assert one.probabilities.tobytes() == two.probabilities.tobytes()
    # A network of first-order reactions from nothing: independent Poisson counts.
    many = master_equation(BIRTH_DEATH, {"X": 150}, np.linspace(0.1, 7, 50))
    few = master_equation(BIRTH_DEATH, {"X": 150}, [7.0])
    assert np.abs(many.probabilities[-1] - few.probabilities[-1]).sum() < 1e-11


def test_nothing_happens_where_nothing_can():
    exact = master_equation(reactions.Network({"A": 0}, ["A -> @ 1"]), {}, [0.0, 1e9])
    assert exact.probabilities.tolist() == [[1.0], [1.0]]


def test_long_times_end_soon_at_the_steady_state():
    exact = master_equation(BIRTH_DEATH, {"X": 200}, [1e6])
    assert exact.settings["products"] < 300_000  # without the look at the change there would be 1e8
    assert exact.mean[0, 0] == pytest.approx(40, abs=1e-8)


def test_result_answers_questions():
    net = reactions.Network({"off": 1, "on": 0, "M": 0}, ["off <-> on @ 1, 1", "on -> on + M @ 5", "M -> @ 1"])
    exact = master_equation(net, {"M": 40}, [0.0, 3.0])
    assert exact.probability({"off": 1}) + exact.probability({"on": 1}) == pytest.approx([1, 1])
    assert exact.marginal("M")[1].sum() == pytest.approx(1.0)
    assert exact.probability({"on": 1, "M": 2})[0] == 0
    assert "82 states of 3 species" in repr(exact)
    assert "<td>M</td>" in exact._repr_html_()
    with pytest.raises(UnknownNameError, match="'Z'"):
        exact.marginal("Z")
    with pytest.raises(UnknownNameError, match="'Z'"):
        exact.probability({"Z": 1})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"bounds": {"Y": 3}}, "'Y'"),
        ({"bounds": {"X": -1}}, "-1"),
        ({"times": [2.0, 1.0]}, r"times\[1\]"),
        ({"times": []}, "one or more"),
        ({"times": [np.nan]}, "nan"),
        ({"times": [-1.0]}, r"times\[0\] is -1"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"bounds": {}, "max_states": 50}, "max_states = 50"),
        ({"net": reactions.Network({"X": 5}, ["X -> @ 1"]), "bounds": {"X": 4}}, "above its bound"),
        ({"net": reactions.Network({"X": 0}, ["-> X @ 2.5 - X"]), "bounds": {"X": 9}}, "R1.*-0.5"),
        ({"net": reactions.Network({"X": 1}, ["X -> @ 1"], events=["time >= 2: X = 5"])}, "events"),
    ],
)
def test_bad_input_is_refused_by_name(change: dict[str, Any], told: str):
    given: dict[str, Any] = {"net": BIRTH_DEATH, "bounds": {"X": 10}, "times": [1.0], **change}
    with pytest.raises((InputError, UnknownNameError), match=told):
        master_equation(**given)


def test_wrong_kinds_are_refused():
    with pytest.raises(InputTypeError, match="Network"):
        master_equation("A -> B", {}, [1.0])  # type: ignore[arg-type]
    with pytest.raises(InputTypeError, match="times"):
        master_equation(BIRTH_DEATH, {"X": 3}, ["a"])


def test_progress_can_stop_it():
    calls = []

    def stop(done: int, total: int) -> bool:
        calls.append((done, total))
        return len(calls) < 3

    with pytest.raises(StoppedError):
        master_equation(
            reactions.Network({"X": 0}, ["-> X @ 1000", "X -> @ 0.001"]), {"X": 100_000}, [50.0], progress=stop
        )
    assert calls[-1][1] > 0


def test_ctrl_c_ends_it_within_a_fifth_of_a_second(interrupt_delay: Callable[..., float]):
    script = (
        "import time\nfrom stochos import reactions\n"
        "net = reactions.Network({'X': 0}, ['-> X @ 1000', 'X -> @ 0.001'])\n"
        "print('ready', flush=True)\n"
        "try:\n    reactions.master_equation(net, {'X': 200000}, [500.0])\n"
        "except KeyboardInterrupt:\n    print(time.monotonic())\n"
    )
    assert interrupt_delay(script) < 0.2
