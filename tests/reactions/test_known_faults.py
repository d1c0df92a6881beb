"""Faults that other simulators had, each with its smallest input and the right behaviour.

The numbers are those of the issue threads where they were reported. Statistical checks have a false-alarm rate below
1e-6 and fixed seeds.
"""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from stochos.errors import InputError
from stochos.reactions import Network, simulate

METHODS = ("direct", "sorting", "first", "next", "cr", "rssa", "rssacr")


def test_an_initial_value_near_a_whole_number_is_rounded():
    # roadrunner#1317: 24.999999999999996 decays to -1e-15 and the run freezes.
    net = Network({"S": "0.1*250 - 1e-15*4"}, ["S -> @ 1"])
    assert net.initial == {"S": 25.0}
    assert "rounded to 25" in net.notices[0]
    assert simulate(net, [1e3], 3).final.tolist() == [[0.0]] * 3


def test_a_rule_of_time_is_never_stale():
    # roadrunner#1318: the value was one output step late. The mean must not depend on the grid.
    net = Network({"X": 0}, ["-> X @ rate"], rules={"rate": "10*(1 + sin(time))"})
    coarse = simulate(net, [0.0, 6.0], 500, seed=1)
    fine = simulate(net, np.linspace(0, 6, 601), 500, seed=1)
    np.testing.assert_array_equal(coarse.values[:, -1], fine.values[:, -1])
    mean = 10 * (7 - math.cos(6))
    assert abs(coarse.values[:, 1, 0].mean() - mean) < 5 * math.sqrt(mean / 500)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_law_stops_without_reactants(method: str):
    # roadrunner#1320: X -> at a constant rate went below zero.
    run = simulate(Network({"X": 5}, ["X -> @ k + 0*X"], {"k": 2.0}), [100.0], 20, method=method)
    assert (run.values == 0).all()
    assert (run.events_per_trajectory == 5).all()


@pytest.mark.parametrize("method", METHODS)
def test_two_of_one_do_not_react_alone(method: str):
    # roadrunner#342: 2 X -> Y with the law k*X*X took X from 9 to -1.
    run = simulate(Network({"X": 9, "Y": 0}, ["2 X -> Y @ k*X*X"], {"k": 1.0}), [1e6], 20, method=method)
    assert (run.values[:, 0] == [1, 4]).all()


@pytest.mark.parametrize(("convention", "mean"), [("combinations", 1000 * 2 / 3), ("powers", 500.0)])
def test_the_convention_of_mass_action_is_stated_and_kept(convention: str, mean: float):
    # GillesPy2#869: A + B <-> 2 A, both constants 0.01, N = 1000.
    net = Network({"A": 500, "B": 500}, ["A + B <-> 2 A @ 0.01, 0.01"], convention=convention)
    assert f"convention '{convention}'" in str(net)
    times = np.linspace(5, 105, 101)
    run = simulate(net, times, 16, seed=2)
    # The walk relaxes within 0.2, so the points are independent; its variance is below 250.
    assert abs(run.values[:, :, 0].mean() - mean) < 5 * math.sqrt(250 / run.values[:, :, 0].size) + 0.5


@pytest.mark.parametrize("text", ["3 A -> B @ 0.01", "A + C + D -> B @ 0.01"])
def test_any_order_is_taken(text: str):
    # GillesPy2#256: more than two reactants were refused.
    net = Network({"A": 9, "B": 0, "C": 9, "D": 9}, [text])
    assert simulate(net, [1e9], 5).values[0, 0, 1] == (3 if text.startswith("3") else 9)


def test_output_times_are_those_asked_for():
    # roadrunner#389, #684: events instead of a grid; the end was ignored.
    times = np.linspace(0, 50, 11)
    run = simulate(Network({"X": 100}, ["X -> @ 0.1"]), times)
    np.testing.assert_array_equal(run.times, times)
    assert run.values.shape == (1, 11, 1)


def test_seeds_matter_and_none_is_new_each_time():
    # roadrunner#318, #98: a seed without effect, and equal runs within one second.
    net = Network({"X": 1000}, ["X -> @ 0.1"])
    values = [simulate(net, [5.0], 5, seed=seed).values.tobytes() for seed in (1, 1, 2, None, None)]
    assert values[0] == values[1]
    assert len(set(values)) == 4


def test_trajectories_of_one_seed_from_other_states_do_not_merge():
    # bioscrape#117.
    one, other = (simulate(Network({"X": x}, ["-> X @ 50", "X -> @ 1"]), [20.0], 50, seed=3).values for x in (0, 100))
    assert (one != other).any()


@pytest.mark.parametrize("amount", [-3, 2.5])
def test_amounts_that_are_no_counts_are_refused(amount: float):
    # bioscrape#116, ananswam/bioscrape#12: an endless loop.
    with pytest.raises(InputError, match="'X'"):
        Network({"X": amount}, ["X -> @ 1"])


@pytest.mark.parametrize("method", METHODS)
def test_nothing_left_to_happen_returns_at_once(method: str):
    # biocircuits#2: all propensities zero.
    began = time.perf_counter()
    run = simulate(Network({"A": 3}, ["A -> @ 1"]), np.linspace(0, 1e6, 1001), method=method)
    assert time.perf_counter() - began < 1
    assert run.values[0, -1, 0] == 0
    assert run.status[0] == 1


def test_an_explosion_ends_by_max_events_with_what_there_is():
    # GillesPy2#24.
    run = simulate(Network({"X": 1}, ["X -> 2 X @ 1"]), [1.0, 100.0], 3, max_events=1000)
    assert (run.status == 2).all()
    assert np.isnan(run.values[:, 1]).all()
    assert (run.final[:, 0] == 1001).all()


def test_all_trajectories_are_simulated_and_differ():
    # GillesPy2#702.
    run = simulate(Network({"X": 1000}, ["X -> @ 0.1"]), [5.0], 64)
    assert len(set(run.values[:, 0, 0].tolist())) > 20


@pytest.mark.parametrize(("initial_value", "fired"), [(True, 0.0), (False, 7.0)])
def test_a_trigger_true_at_the_start_obeys_its_initial_value(initial_value: bool, fired: float):
    # tellurium#339.
    event = {"trigger": "time >= 0", "assignments": {"X": "7"}, "initial_value": initial_value}
    assert simulate(Network({"X": 0}, [], events=[event]), [0.0, 1.0]).values[0, :, 0].tolist() == [fired, fired]


@pytest.mark.parametrize("name", ["lambda", "in", "E", "pi", "e", "class", "None"])
def test_names_that_mean_something_elsewhere_are_names(name: str):
    # GillesPy2#940, #646: a parameter named lambda broke the model.
    net = Network({"X": 0}, [f"-> X @ 0*X + `{name}`"], {name: 3.0})
    assert simulate(net, [100.0], 200, seed=4).values.mean() == pytest.approx(300, abs=5 * math.sqrt(300 / 200))


def test_fifty_thousand_reactions_load_quickly_and_take_no_memory_for_events():
    # JumpProcesses#180, basico#15: stack overflow, or minutes for a large network.
    count = 20_000
    began = time.process_time()
    net = Network({f"S{i}": 1 for i in range(count)}, [f"S{i} -> S{(i + 1) % count} @ 1" for i in range(count)])
    run = simulate(net, [0.01], 2, method="cr", keep="final")
    assert time.process_time() - began < 5
    assert (run.final.sum(axis=1) == count).all()


@pytest.mark.parametrize("method", METHODS)
def test_results_do_not_depend_on_the_number_of_output_points(method: str):
    # PyBNF#391: the clock was left behind at each output, +10 % in the mean.
    net = Network({"X": 20}, ["-> X @ 10", "X -> @ 0.5"])
    few, many = (simulate(net, t, 30, method=method, seed=5) for t in ([10.0], np.linspace(0.01, 10, 1000)))
    np.testing.assert_array_equal(few.values[:, -1], many.values[:, -1])


def test_a_delay_does_not_depend_on_a_time_step():
    # ananswam/bioscrape#3.
    net = Network({"X": 0}, ["-> X @ 10; delay = 1.2345"])
    run = simulate(net, [1.2344, 2.2345], 2000, seed=6)
    assert (run.values[:, 0] == 0).all()
    assert abs(run.values[:, 1].mean() - 10) < 5 * math.sqrt(10 / 2000)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["direct", "sorting", "cr", "rssa", "rssacr"])
def test_a_hundred_million_events_with_rates_far_apart(method: str):
    # bionetgen#49: a total kept by differences drifts below zero, and time goes back.
    net = Network({"A": 1, "B": 0, "C": 0}, ["A -> B @ 1e9", "B -> A @ 1e9", "-> C @ 1e-6"])
    times = np.linspace(0, 0.1, 11)
    run = simulate(net, times, 1, method=method, seed=7)
    assert run.events > 9e7
    assert (run.values[0, :, 0] + run.values[0, :, 1] == 1).all()
    assert run.values[0, -1, 2] == 0
