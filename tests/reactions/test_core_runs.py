"""What a run promises: bits that do not depend on threads or batches, exact times, ends, refusals, and a quick stop."""

from __future__ import annotations

import importlib.util
import math
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stochos.errors import InputError, UnknownNameError

_SPEC = importlib.util.spec_from_file_location("core_networks", Path(__file__).with_name("core_networks.py"))
core = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(core)
METHODS = core.METHODS

GENE = (
    {"off": 1, "on": 0, "M": 0, "P": 0},
    [
        ({"off": 1}, {"on": 1}, 0.7),
        ({"on": 1}, {"off": 1}, 0.5),
        ({"on": 1}, {"on": 1, "M": 1}, 12.0),
        ({"M": 1}, {}, 1.0),
        ({"M": 1}, {"M": 1, "P": 1}, 2.0),
        ({"P": 2}, {}, 0.01),
    ],
)
TIMES = np.linspace(0, 8, 9)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_bits_depend_on_seed_and_number_alone(method: str):
    network = core.build(*GENE)
    batch = core.run(network, TIMES, 150, method=method, threads=1, seed=9)
    for threads in (2, 8):
        again = core.run(network, TIMES, 150, method=method, threads=threads, seed=9)
        np.testing.assert_array_equal(again["values"], batch["values"])
    for first in (0, 1, 77, 149):
        alone = core.run(network, TIMES, 1, first=first, method=method, seed=9)
        np.testing.assert_array_equal(alone["values"][0], batch["values"][first])
        assert alone["events_per_trajectory"][0] == batch["events_per_trajectory"][first]
    other = core.run(network, TIMES, 150, method=method, seed=10)
    assert (other["values"][:, -1] != batch["values"][:, -1]).any(axis=1).mean() > 0.9
    assert len(np.unique(batch["values"][:, :, 3], axis=0)) > 140


@pytest.mark.parametrize("keep", ["moments", "histogram"])
def test_gathered_bits_do_not_depend_on_threads(keep: str):
    network = core.build(*GENE)
    options = {"covariance": True} if keep == "moments" else {"bounds": np.array([[0, 1], [0, 1], [0, 30], [0, 50]])}
    one, *others = (core.run(network, TIMES, 1000, keep=keep, threads=t, seed=2, **options) for t in (1, 2, 8))
    for other in others:
        for name in ("mean", "variance", "covariance", "reached") if keep == "moments" else ():
            np.testing.assert_array_equal(other[name], one[name])
        for a, b in zip(other.get("histogram", []), one.get("histogram", []), strict=True):
            np.testing.assert_array_equal(a, b)
        assert other["events"] == one["events"]


def test_every_way_to_keep_sees_the_same_trajectories():
    network = core.build(*GENE)
    whole = core.run(network, TIMES, 500, seed=4)
    values = whole["values"]
    np.testing.assert_array_equal(core.run(network, TIMES, 500, seed=4, keep="final")["final"], values[:, -1])
    for covariance in (False, True):
        moments = core.run(network, TIMES, 500, seed=4, keep="moments", covariance=covariance)
        np.testing.assert_allclose(moments["mean"], values.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(moments["variance"], values.var(axis=0, ddof=1), rtol=1e-10, atol=1e-13)
    for point in range(len(TIMES)):
        expected = np.cov(values[:, point], rowvar=False)
        np.testing.assert_allclose(moments["covariance"][point], expected, rtol=1e-10, atol=1e-12)
    bounds = np.array([[0, 1], [0, 1], [2, 12], [0, 20]])
    counts = core.run(network, TIMES, 500, seed=4, keep="histogram", bounds=bounds)["histogram"]
    for species, (low, high) in enumerate(bounds):
        for point in range(len(TIMES)):
            x = values[:, point, species]
            expected = [(x < low).sum(), *[(x == v).sum() for v in range(low, high + 1)], (x > high).sum()]
            assert counts[species][point].tolist() == expected
    picked = core.run(network, TIMES, 500, seed=4, record=np.array([3, 1], np.uint32))["values"]
    np.testing.assert_array_equal(picked, values[:, :, [3, 1]])


def test_every_event_of_one_run_rebuilds_it():
    network = core.build(*GENE)
    answer = core.run(network, TIMES, 1, keep="events", seed=6)
    moments, fired = answer["event_time"], answer["event_reaction"]
    assert len(moments) == answer["events"] > 20
    assert (np.diff(moments) > 0).all()
    names = list(GENE[0])
    change = np.array([[right.get(s, 0) - left.get(s, 0) for s in names] for left, right, _ in GENE[1]])
    for point, at in enumerate(TIMES):
        state = np.array(list(GENE[0].values())) + change[fired[moments <= at]].sum(axis=0)
        np.testing.assert_array_equal(answer["values"][0, point], state)


@pytest.mark.parametrize("method", METHODS)
def test_the_end_does_not_depend_on_the_output_times(method: str):
    network = core.build(*GENE)
    ends = [
        core.run(network, np.linspace(0, 8, points), 40, method=method, seed=1)["values"][:, -1]
        for points in (2, 9, 4001)
    ]
    np.testing.assert_array_equal(ends[1], ends[0])
    np.testing.assert_array_equal(ends[2], ends[0])


@pytest.mark.parametrize("method", METHODS)
def test_absorbed_states_fill_the_grid_at_once(method: str):
    network = core.build({"A": 3}, [({"A": 1}, {}, 1.0)])
    answer = core.run(network, np.linspace(0, 1e6, 11), 20, method=method)
    assert (answer["values"][:, 0, 0] == 3).all()
    assert (answer["values"][:, 1:, 0] == 0).all()
    assert (answer["status"] == 1).all()
    assert (answer["events_per_trajectory"] == 3).all()


@pytest.mark.parametrize("method", METHODS)
def test_an_exploding_network_ends_at_max_events_or_timeout(method: str):
    network = core.build({"X": 1}, [({"X": 1}, {"X": 2}, 1.0)])
    answer = core.run(network, [0.0, 1.0, 100.0], 3, method=method, max_events=2000)
    assert (answer["status"] == 2).all()
    assert (answer["final"] == 2001).all()
    assert np.isfinite(answer["values"][:, :2]).all()
    assert np.isnan(answer["values"][:, 2]).all()
    began = time.monotonic()
    answer = core.run(network, [100.0], 1, method=method, keep="final", timeout=0.1)
    assert answer["status"].tolist() == [3]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("method", ["direct", "sorting", "next", "cr", "rssa", "rssacr"])
def test_ten_million_events_with_rates_far_apart_pick_nothing_impossible(method: str):
    # Fast exchange at 1e9, a slow way out at 1e-6, and reactions whose reactant is never there.
    network = core.build(
        {"A": 1, "B": 0, "Z": 0, "W": 0},
        [
            ({"A": 1}, {"B": 1}, 1e9),
            ({"Z": 1}, {"W": 1}, 1e9),
            ({"B": 1}, {"A": 1}, 1e9),
            ({"Z": 2}, {"W": 1}, 1e9),
            ({"A": 1}, {"A": 1, "W": 1}, 1e-6),
        ],
    )
    answer = core.run(network, [0.001, 0.002, 0.01], 1, method=method, max_events=10_000_000)
    # Mean 1e7 events over 0.01; here the first million are enough to see time move on as it must.
    assert answer["values"][0, :2, 2].tolist() == [0, 0]
    assert (answer["values"][0, :2, 0] + answer["values"][0, :2, 1]).tolist() == [1, 1]
    assert answer["final"][0, 2] == 0
    assert abs(answer["events"] - 1e7) < 5 * math.sqrt(1e7)
    log = core.run(network, [0.001], 1, method=method, keep="events")
    assert (np.diff(log["event_time"]) > 0).mean() > 0.999
    assert (np.diff(log["event_time"]) >= 0).all()
    assert not np.isin(log["event_reaction"], [1, 3]).any()


def test_first_passage_is_the_time_of_the_event_that_reaches_it():
    network = core.build({"X": 0}, [({}, {"X": 1}, 2.0)])
    answer = core.run(network, [100.0], 4000, keep="first_passage", condition="X >= 3", seed=8)
    # Sum of three exponentials of rate 2: mean 1.5, variance 0.75; 5 standard errors.
    assert abs(answer["passage"].mean() - 1.5) < 5 * math.sqrt(0.75 / 4000)
    assert (answer["final"][:, 0] == 3).all()
    never = core.run(network, [0.5], 200, keep="first_passage", condition="X >= 1000")
    assert np.isnan(never["passage"]).all()
    assert (core.run(network, [0.5], 5, keep="first_passage", condition="X == 0")["passage"] == 0).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("law", "value"), [("3 - X", "-1"), ("1/(4 - X)", "inf"), ("sqrt(2.5 - X)", "nan")])
def test_a_bad_propensity_is_refused_by_name(method: str, law: str, value: str):
    network = core.build({"X": 0}, [({}, {"X": 1}, law)])
    if law == "3 - X":
        network = core.build({"X": 0}, [({}, {"X": 1}, 1.0), ({}, {"X": 2}, law)])
    with pytest.raises(InputError, match=rf"reaction 'r\d' has the propensity -?{value}.* at time \d"):
        core.run(network, [100.0], 5, method=method)


@pytest.mark.parametrize(
    ("times", "text"),
    [([], "empty"), ([1.0, 1.0], r"times\[1\]"), ([-1.0], r"times\[0\]"), ([math.nan], "nan"), ([math.inf], "inf")],
)
def test_bad_times_are_refused(times: list[float], text: str):
    with pytest.raises(InputError, match=text):
        core.run(core.build(*GENE), times)


@pytest.mark.parametrize("amount", [-3, 2.5, math.nan, math.inf, 2.0**54])
def test_bad_amounts_are_refused(amount: float):
    with pytest.raises(InputError, match="initial amount of 'X'"):
        core.build({"X": amount}, [({"X": 1}, {}, 1.0)])


def test_bad_laws_are_refused_when_the_network_is_made():
    with pytest.raises(InputError, match="constant"):
        core.build({"X": 1}, [({"X": 1}, {}, -1.0)])
    with pytest.raises(UnknownNameError, match="nothing"):
        core.build({"X": 1}, [({"X": 1}, {}, "X*nothing")])
    with pytest.raises(InputError, match="computed after"):
        core.build({"X": 1}, [({"X": 1}, {}, "a")], assignments=[("a", "b"), ("b", "a")])


@pytest.mark.parametrize("method", METHODS)
def test_a_network_without_reactions_stays_as_it_is(method: str):
    answer = core.run(core.build({"X": 7}, []), [0.0, 5.0], 2, method=method)
    assert (answer["values"] == 7).all()
    assert (answer["status"] == 1).all()


def test_a_condition_of_the_time_is_refused():
    network = core.build({"X": 0}, [({}, {"X": 1}, 2.0)], assignments=[("clock", "time")])
    for condition in ("time > 1", "clock > 1 && X > 2"):
        with pytest.raises(InputError, match="reads the time"):
            core.run(network, [5.0], keep="first_passage", condition=condition)


def test_a_reaction_outside_the_gate_that_takes_too_much_is_refused():
    network = core.build({"X": 1}, [({"X": 2}, {}, "3")], gated=False)
    with pytest.raises(InputError, match="'X' below zero"):
        core.run(network, [100.0])


@pytest.mark.parametrize("method", ["direct", "sorting", "rssa", "rssacr", "cr", "next"])
def test_interrupt(interrupt_delay: Callable[..., float], method: str):
    script = f"""
import sys, time
import numpy as np
from stochos import _core
a = np.array
net = _core.ReactionNetwork(["X"], a([1e3]), [], a([]), a([0, 1, 1], np.int64), a([0], np.uint32), a([1], np.uint32),
    a([0, 1, 2], np.int64), a([0, 0], np.uint32), a([-1, 1], np.int64), a([1.0, 1e3]), ["", ""], a([1, 1], np.uint8),
    [], [], ["a", "b"])
print("ready", flush=True)
try:
    _core.simulate(net, a([1e12]), 1, 0, "{method}", 0, 1, "moments", {{}}, None)
except KeyboardInterrupt:
    print(time.monotonic())
"""
    assert interrupt_delay(script) < 0.2


def test_auto_chooses_by_size_and_work_and_never_by_the_batch(shared: Path):
    assert core.run(core.build(*GENE), TIMES, 3, method="auto")["method"] == "direct"
    large = core.from_net(shared / "networks" / "egfr_net.net")
    both = [core.run(large, [0.001], n, first=first, method="auto", keep="final") for n, first in ((3, 0), (1, 2))]
    # In so short a run most reactions sleep all along.
    assert [answer["method"] for answer in both] == ["sorting", "sorting"]
    np.testing.assert_array_equal(both[0]["final"][2], both[1]["final"][0])
    with pytest.raises(InputError, match="'leap' is not one of 'auto', 'direct'"):
        core.run(core.build(*GENE), TIMES, 3, method="leap")


def test_moments_of_many_take_no_more_memory_than_of_few():
    network = core.build({"X": 1}, [({"X": 1}, {}, 1.0)])
    core.run(network, [0.5, 1.0], 1000, keep="moments")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = core.run(network, [0.5, 1.0], 1_000_000, keep="moments")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096  # KiB
    assert "status" not in answer
    p = math.exp(-1)
    assert abs(answer["mean"][1, 0] - p) < 5 * math.sqrt(p * (1 - p) / 1e6)
    assert answer["reached"].tolist() == [1_000_000] * 2
