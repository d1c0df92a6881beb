"""The face of the simulation: what it refuses before anything runs, and what it keeps, against laws in closed form."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from stochos import reactions
from stochos.errors import InputError, InputTypeError, StoppedError, UnknownNameError
from stochos.reactions import simulate

DECAY = reactions.Network({"A": 50, "B": 0}, ["A -> B @ k"], {"k": 0.5})
TIMES = np.array([0.0, 1.0, 4.0])


def test_kept_moments_histogram_and_final_are_those_of_the_trajectories():
    whole = simulate(DECAY, TIMES, 500, seed=7)
    assert whole.values is not None
    moments = simulate(DECAY, TIMES, 500, seed=7, keep="moments")
    assert moments.values is None
    assert moments.mean == pytest.approx(whole.mean, abs=1e-12)
    assert moments.std == pytest.approx(whole.std, abs=1e-12)
    assert moments.covariance == pytest.approx(whole.covariance, abs=1e-10)
    final = simulate(DECAY, TIMES, 500, seed=7, keep="final")
    assert np.array_equal(final.final, whole.values[:, -1])
    held = simulate(DECAY, TIMES, 500, seed=7, keep="histogram", bounds={"A": (0, 50), "B": (0, 30)})
    for i, name in enumerate("AB"):
        for t in range(3):
            counts = np.bincount(whole.values[:, t, i].astype(int), minlength=51)
            top = held.histogram[name].amounts[-1]
            assert held.histogram[name].counts[t].tolist() == counts[: top + 1].tolist()
            assert held.histogram[name].above[t] == counts[top + 1 :].sum()
    chosen = simulate(DECAY, TIMES, 500, seed=7, keep="histogram").histogram["A"]
    assert chosen.counts.sum() + chosen.above.sum() + chosen.below.sum() == 1500
    assert {r.events for r in (whole, moments, final, held)} == {whole.events}


def test_decay_is_binomial():
    # Each of 50 molecules lives to time t with probability exp(-k t). Seed fixed, false alarm 1e-4.
    run = simulate(DECAY, [2.0], 20_000, seed=11, keep="final", species=["A"])
    assert run.final is not None
    counts = np.bincount(run.final[:, 0].astype(int), minlength=51)
    expected = 20_000 * stats.binom.pmf(np.arange(51), 50, np.exp(-1.0))
    large = expected >= 5
    seen, wanted = np.append(counts[large], counts[~large].sum()), np.append(expected[large], expected[~large].sum())
    assert stats.chisquare(seen, wanted).pvalue > 1e-4


def test_trajectory_k_is_the_same_alone_and_in_any_batch():
    whole = simulate(DECAY, TIMES, 200, seed=5, threads=2)
    alone = simulate(DECAY, TIMES, 1, first=137, seed=5)
    assert whole.values is not None
    assert alone.values is not None
    assert np.array_equal(alone.values[0], whole.values[137])
    assert np.array_equal(simulate(DECAY, TIMES, 200, seed=5, threads=1).values, whole.values)
    assert np.array_equal(simulate(DECAY, [4.0], 200, seed=5).values[:, 0], whole.values[:, 2])
    assert alone.to_pandas()["trajectory"].unique().tolist() == [137]


def test_rules_are_recorded_like_species():
    # B = 9 - A, so that A + 3 B = 9 + 2 B.
    net = reactions.Network(
        {"A": 9, "B": 0}, ["A -> B @ k"], {"k": 1.0}, rules={"twice": "2*total", "total": "A + 3*B"}
    )
    run = simulate(net, TIMES, 20, species=["twice", "B", "total"], seed=4)
    assert run.species == ["twice", "B", "total"]
    assert np.array_equal(run["total"], 9 + 2 * run["B"])
    assert np.array_equal(run["twice"], 2 * run["total"])


def test_first_passage_of_the_last_molecule_is_the_largest_of_exponentials():
    # All of 50 molecules are gone at the maximum of 50 exponential times: P(T <= t) = (1 - exp(-k t))^50.
    run = simulate(DECAY, [200.0], 4000, seed=2, keep="first_passage", condition="A == 0")
    assert run.passage is not None
    assert stats.kstest(run.passage, lambda t: (1 - np.exp(-0.5 * t)) ** 50).pvalue > 1e-4
    never = simulate(DECAY, [1.0], 3, keep="first_passage", condition="B > 50")
    assert np.isnan(never.passage).all()
    assert list(never.to_pandas().columns) == ["trajectory", "passage"]


def test_every_event_of_one_trajectory():
    run = simulate(DECAY, [500.0], keep="events", seed=9)
    assert run.event_times is not None
    assert run.event_reactions is not None
    assert run.events == run.event_times.size == 50
    assert (np.diff(run.event_times) > 0).all()
    assert not run.event_reactions.any()
    assert run.final.tolist() == [[0, 50]]


def test_max_events_and_timeout_end_a_trajectory_and_say_so():
    grow = reactions.Network({"X": 1}, ["X -> 2 X @ 1"])
    run = simulate(grow, [0.0, 1e6], 4, max_events=1000)
    assert run.settings["ends"] == {"done": 0, "absorbed": 0, "max_events": 4, "timeout": 0}
    assert run.events == 4000
    assert run.reached.tolist() == [4, 0]
    assert "4 ended by max_events" in repr(run)
    start = time.perf_counter()
    assert simulate(grow, [100.0], timeout=0.1).settings["ends"]["timeout"] == 1
    assert time.perf_counter() - start < 5


def test_timeout_ends_what_goes_on_without_a_reaction():
    # Two events that set each other off, 10^15 times: no reaction ever comes between.
    events = [
        {"trigger": "A == 0", "assignments": {"A": "1"}, "delay": "1e-6", "initial_value": False},
        {"trigger": "A == 1", "assignments": {"A": "0"}, "delay": "1e-6", "initial_value": False},
    ]
    run = simulate(reactions.Network({"A": 0}, [], events=events), [1e9], 1, timeout=0.1)
    assert run.status[0] == 3


def test_an_absorbing_state_is_held_to_the_end_at_once():
    run = simulate(DECAY, [0.0, 1e3, 1e300], 3)
    assert run.values[:, 1:].tolist() == [[[0, 50], [0, 50]]] * 3
    assert run.status.tolist() == [1, 1, 1]


def test_settings_say_how_to_make_the_run_again():
    run = simulate(DECAY, TIMES, 2, seed=None)
    again = simulate(DECAY, TIMES, 2, seed=run.settings["seed"], method=run.settings["method"])
    assert np.array_equal(run.values, again.values)
    assert run.settings["seed"] != simulate(DECAY, TIMES, 2, seed=None).settings["seed"]
    generator = np.random.default_rng(3)
    assert (
        simulate(DECAY, TIMES, seed=generator).settings["seed"]
        != simulate(DECAY, TIMES, seed=generator).settings["seed"]
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"times": [1.0, 1.0]}, r"times\[1\] is 1.0, not above"),
        ({"times": [0.0, np.inf]}, r"times\[1\] is inf"),
        ({"times": [-1.0, 1.0]}, r"times\[0\]"),
        ({"times": []}, "one or more"),
        ({"times": [[1.0]]}, r"\(1, 1\)"),
        ({"times": ["soon"]}, "dtype"),
        ({"n": 0}, "n is 0"),
        ({"n": 2.5}, "2.5"),
        ({"first": -1}, "first"),
        ({"method": "magic"}, "'magic'"),
        ({"keep": "all"}, "'all'"),
        ({"species": "A"}, "list of names"),
        ({"species": ["Z"]}, "'Z'"),
        ({"species": ["A", "A"]}, "each once"),
        ({"species": []}, "at least one"),
        ({"seed": -1}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"threads": 0}, "threads"),
        ({"max_events": 0}, "max_events"),
        ({"timeout": 0.0}, "timeout"),
        ({"timeout": np.nan}, "timeout"),
        ({"condition": "A < 3"}, "keep='trajectories'"),
        ({"keep": "first_passage"}, "condition is None"),
        ({"keep": "first_passage", "condition": "A <"}, "A <"),
        ({"keep": "events", "n": 2}, "one trajectory"),
        ({"bounds": {"A": (0, 1)}}, "histogram"),
        ({"keep": "histogram", "bounds": {"A": (0, 1)}}, "nothing for 'B'"),
        ({"keep": "histogram", "bounds": {"A": (3, 1), "B": (0, 1)}}, "upper bound of 'A'"),
        ({"keep": "histogram", "bounds": {"A": 3, "B": (0, 1)}}, r"give \(low, high\)"),
        ({"keep": "histogram", "bounds": {"Z": (0, 1)}}, "'Z'"),
        ({"n": 2**40, "times": np.arange(1, 10_000)}, "TiB"),
        ({"progress": 3}, "progress"),
    ],
)
def test_bad_input_is_refused_by_name(change: dict[str, Any], told: str):
    with pytest.raises((InputError, InputTypeError, UnknownNameError), match=told):
        simulate(**{"net": DECAY, "times": TIMES, **change})


def test_a_network_is_wanted():
    with pytest.raises(InputTypeError, match="Network"):
        simulate({"A": 3}, [1.0])  # type: ignore[arg-type]


def test_progress_is_told_and_can_stop_it():
    calls: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> bool:
        calls.append((done, total))
        return done == 0

    with pytest.raises(StoppedError):
        simulate(DECAY, TIMES, 3_000_000, keep="moments", progress=stop)
    assert calls[-1][1] == 3_000_000


def test_ctrl_c_ends_it_within_a_fifth_of_a_second(interrupt_delay: Callable[..., float]):
    script = (
        "import time\nfrom stochos import reactions\n"
        "net = reactions.Network({'X': 0}, ['-> X @ 1e6', 'X -> @ 1'])\n"
        "print('ready', flush=True)\n"
        "try:\n    reactions.simulate(net, [1e6])\n"
        "except KeyboardInterrupt:\n    print(time.monotonic())\n"
    )
    assert interrupt_delay(script) < 0.2


def test_a_rule_can_be_the_condition_of_a_passage():
    net = reactions.Network({"A": 9, "B": 0}, ["A -> B @ k"], {"k": 1.0}, rules={"total": "A + 3*B"})
    run = simulate(net, [1e3], 50, keep="first_passage", condition="total >= 11", seed=4)
    events = [simulate(net, [1e3], keep="events", first=k, seed=4).event_times[0] for k in range(50)]
    assert run.passage.tolist() == events  # the first event makes it 11
