"""Events and assigned variables: at their exact time, with delay, priority, persistence and initial value.

Right values: closed forms of death and immigration between events, and the SBML Level 3 specification, section 4.11.
Statistical checks allow 5 standard errors (chance below 1e-6 each), seeds fixed.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from stochos.errors import InputError, UnknownNameError

_SPEC = importlib.util.spec_from_file_location("core_networks", Path(__file__).with_name("core_networks.py"))
core = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(core)
METHODS = core.METHODS

DEATH = [({"X": 1}, {}, 0.5)]
IMMIGRATION = [({}, {"X": 1}, 5.0)]


def event(trigger: str, *targets: tuple[str, str], delay: str = "", priority: str = "", **flags: bool) -> tuple:
    return (
        trigger,
        delay,
        priority,
        flags.get("initial_value", True),
        flags.get("persistent", True),
        flags.get("at_trigger", True),
        list(targets),
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("at", ["1", "2.25"])
def test_a_time_is_met_exactly_on_the_grid_and_between(method: str, at: str):
    network = core.build({"X": 100}, DEATH, events=[event(f"time >= {at}", ("X", "50"))])
    times = [0.5, float(at), 3.0]
    x = core.run(network, times, 3000, method=method, seed=2)["values"][:, :, 0]
    assert (x[:, 1] == 50).all()
    for point, (start, since) in ((0, (100, 0.5)), (2, (50, 3 - float(at)))):
        p = math.exp(-0.5 * since)
        assert abs(x[:, point].mean() - start * p) < 5 * math.sqrt(start * p * (1 - p) / 3000)


def test_strict_and_reversed_and_scaled_comparisons_find_the_same_time():
    for trigger in ("time > 2.25", "2.25 < time", "4*time - 9 >= 0", "not (time < 2.25)", "clock >= 2.25 && time < 9"):
        network = core.build({"X": 100}, DEATH, assignments=[("clock", "time")], events=[event(trigger, ("X", "7"))])
        log = core.run(network, [3.0], 1, keep="events")
        moments = log["event_time"][log["event_reaction"] == 0xFFFFFFFF]
        assert len(moments) == 1
        assert abs(moments[0] - 2.25) < 1e-14


@pytest.mark.parametrize("method", METHODS)
def test_a_state_trigger_is_seen_after_each_reaction_and_fires_again(method: str):
    network = core.build({"X": 0}, IMMIGRATION, events=[event("X >= 10", ("X", "X - 10"))])
    x = core.run(network, np.linspace(0, 50, 501), 20, method=method)["values"]
    assert x.max() == 9
    # X is the number of arrivals modulo 10: uniform after a long time.
    counts = np.bincount(x[:, 100::20].astype(int).ravel(), minlength=10)
    assert (counts > 0).all()


def test_a_parameter_set_by_an_event_changes_the_rate():
    network = core.build({"X": 0}, [({}, {"X": 1}, "k")], {"k": 5.0}, events=[event("time >= 1", ("k", "2*k"))])
    x = core.run(network, [1.0, 2.0], 4000, seed=3)["values"][:, :, 0]
    assert abs(x[:, 0].mean() - 5) < 5 * math.sqrt(5 / 4000)
    assert abs((x[:, 1] - x[:, 0]).mean() - 10) < 5 * math.sqrt(10 / 4000)


def test_initial_value_says_whether_the_start_counts():
    for initial_value, expected in ((True, 100), (False, 3)):
        given = event("time >= 0", ("X", "3"), initial_value=initial_value)
        network = core.build({"X": 100}, [({"X": 1}, {}, 0.0)], events=[given])
        assert core.run(network, [0.0, 1.0])["values"][0, :, 0].tolist() == [expected, expected]


def test_delay_takes_values_at_the_trigger_or_at_the_end():
    for at_trigger, expected in ((True, 100), (False, 8)):
        events = [
            event("time >= 1", ("Y", "X"), delay="0.5 + 0*X", at_trigger=at_trigger),
            event("time >= 1.25", ("X", "8")),
        ]
        network = core.build({"X": 100, "Y": 0}, [({"X": 1}, {}, 0.0)], events=events)
        values = core.run(network, [1.0, 1.4999, 1.5])["values"][0]
        assert values[:, 1].tolist() == [0, 0, expected]


def test_without_persistence_a_trigger_that_goes_false_calls_it_off():
    for persistent, expected in ((True, 1), (False, 0)):
        given = event("time >= 1 && time < 2", ("Y", "1"), delay="3", persistent=persistent)
        network = core.build({"X": 1, "Y": 0}, [({"X": 1}, {}, 0.0)], events=[given])
        assert core.run(network, [3.9, 4.0, 5.0])["values"][0, :, 1].tolist() == [0, expected, expected]


def test_priority_orders_what_falls_due_together():
    for first, second, expected in (("1", "2", 10), ("2", "1", 20)):
        events = [
            event("time >= 1", ("X", "10"), priority=first),
            event("time >= 1", ("X", "20"), priority=second),
        ]
        network = core.build({"X": 0}, [({"X": 1}, {}, 0.0)], events=events)
        assert core.run(network, [2.0])["values"][0, 0, 0] == expected


def test_one_event_sets_off_another_at_the_same_time():
    events = [event("time >= 1", ("X", "5")), event("X > 4", ("Y", "X + 1"))]
    network = core.build({"X": 0, "Y": 0}, [({"X": 1}, {}, 0.0)], events=events)
    assert core.run(network, [1.0])["values"][0, 0].tolist() == [5, 6]


def test_an_assigned_variable_is_recorded_and_follows_state_and_time():
    rules = [("twice", "2*X"), ("plus", "twice + time")]
    network = core.build({"X": 20}, DEATH, assignments=rules)
    times = [0.0, 0.7, 1.9]
    values = core.run(network, times, 5, record=np.array([0, 1, 2], np.uint32))["values"]
    np.testing.assert_array_equal(values[:, :, 1], 2 * values[:, :, 0])
    np.testing.assert_array_equal(values[:, :, 2], 2 * values[:, :, 0] + np.array(times))


def test_a_trigger_of_state_and_of_a_rule_over_the_time_is_seen_at_the_present_time():
    # X comes at about 1000, when the clock stands far above 0.03; a clock left at the start would fire.
    network = core.build(
        {"A": 1, "X": 0, "Y": 0},
        [({"A": 1}, {"X": 1}, 1e-3)],
        assignments=[("clock", "3*time")],
        events=[event("X >= 1 && clock < 0.03", ("Y", "1")), event("X >= 1 && clock > 0.03", ("Y", "2"))],
    )
    final = core.run(network, [1e5], 100, keep="final")["final"]
    assert (final == [0, 1, 2]).all()


def test_what_cannot_be_done_is_refused_by_name():
    with pytest.raises(UnknownNameError, match="'Q'"):
        core.build({"X": 1}, DEATH, events=[event("time > 1", ("Q", "1"))])
    half = core.build({"X": 1}, DEATH, events=[event("time > 1", ("X", "2.5"))])
    with pytest.raises(InputError, match=r"'X' to 2\.5"):
        core.run(half, [3.0])
    endless = [event("X < 1", ("X", "1")), event("X > 0", ("X", "0"), initial_value=False)]
    with pytest.raises(InputError, match="without end"):
        core.run(core.build({"X": 1}, DEATH, events=endless), [3.0])
