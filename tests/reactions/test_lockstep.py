"""Trajectories side by side: lane for lane the bits of the scalar path."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import _core
from stochos.errors import InputError

_SPEC = importlib.util.spec_from_file_location("core_networks", Path(__file__).with_name("core_networks.py"))
core = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(core)

TIMES = [0.0, 0.3, 1.0, 2.5, 2.6]
KEEPS = ("moments", "final", "trajectories", "histogram")
NAMES = "ABC"


def answer(network: _core.ReactionNetwork, lanes: int, keep: str, n: int = 83, **more: object) -> dict[str, object]:
    """Simulate with so many lanes; of a histogram the core's list becomes arrays."""
    options = {"seed": 5, "keep": keep, "lanes": lanes, "max_events": 400} | more
    if keep == "histogram":
        options["bounds"] = np.array([[0, 20]] * network.species, np.int64)
    found = core.run(network, options.pop("times", TIMES), n, **options)
    for i, counts in enumerate(found.pop("histogram", [])):
        found[f"histogram/{i}"] = counts
    return found


def assert_same(one: dict[str, object], other: dict[str, object]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


sides = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3), max_size=3)
numbers = st.floats(0.001, 3.0)
programs = st.sampled_from(
    ["0.3*A/(1+B)", "hill(A, 3, 2)", "exp(-0.1*B)+0.2*C", "min(A, B)*0.5", "0.1*sqrt(A*C)", "piecewise(2, A > 4, 0.5)"]
)
reaction = st.tuples(sides, sides, st.one_of(numbers, numbers, programs))


@given(
    reactions=st.lists(reaction, min_size=1, max_size=9),
    amounts=st.tuples(*[st.integers(0, 12)] * 3),
    lanes=st.sampled_from([8, 16, 32]),
    keep=st.sampled_from(KEEPS),
    n=st.integers(1, 90),
    seed=st.integers(0, 2**64 - 1),
)
def test_lanes_give_the_bits_of_the_scalar_path(reactions, amounts, lanes, keep, n, seed):
    network = core.build(dict(zip(NAMES, map(float, amounts), strict=True)), reactions)
    scalar = answer(network, 0, keep, n, seed=seed, first=17)
    assert_same(scalar, answer(network, lanes, keep, n, seed=seed, first=17))


conditions = st.sampled_from(
    ["A >= 9", "A + B == 3 or C > 7", "B < 2", "sqrt(A*B) > 4 and C != 1", "A > 1e9", "0", "1"]
)


@given(
    reactions=st.lists(reaction, min_size=1, max_size=9),
    amounts=st.tuples(*[st.integers(0, 12)] * 3),
    condition=conditions,
    lanes=st.sampled_from([8, 16, 32]),
    n=st.integers(1, 90),
    seed=st.integers(0, 2**64 - 1),
)
def test_first_passages_in_lanes_have_the_bits_of_the_scalar_path(reactions, amounts, condition, lanes, n, seed):
    network = core.build(dict(zip(NAMES, map(float, amounts), strict=True)), reactions)
    scalar = answer(network, 0, "first_passage", n, seed=seed, first=17, condition=condition)
    assert_same(scalar, answer(network, lanes, "first_passage", n, seed=seed, first=17, condition=condition))


def test_conditions_on_rules():
    network = core.build(
        {"A": 10.0, "B": 1.0},
        [({}, {"A": 1}, 3.0), ({"A": 1}, {"B": 1}, 0.2), ({"B": 1}, {}, 0.3)],
        assignments=[("double", "2*A")],
    )
    scalar = answer(network, 0, "first_passage", condition="double >= 25")
    assert np.isfinite(scalar["passage"]).sum() > 0
    for lanes in (8, 16, 32):
        assert_same(scalar, answer(network, lanes, "first_passage", condition="double >= 25"))


@pytest.mark.parametrize("covariance", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_moments_do_not_depend_on_lanes_or_threads(covariance, threads):
    network = core.build({"A": 30.0, "B": 0.0}, [({"A": 1}, {"B": 1}, 0.7), ({"B": 2}, {"A": 1}, 0.02)])
    more = {"n": 1000, "covariance": covariance, "max_events": None}
    one = answer(network, 0, "moments", threads=1, **more)
    for lanes in (8, 16, 32):
        assert_same(one, answer(network, lanes, "moments", threads=threads, **more))


def test_rules_are_computed_in_the_lanes():
    network = core.build(
        {"A": 20.0, "B": 1.0},
        [({}, {"A": 1}, "half*2"), ({"A": 1}, {"B": 1}, "0.02*A*half"), ({"B": 1}, {}, 0.3)],
        {"k": 1.5},
        assignments=[("half", "(k+B)/2")],
    )
    # Species, the parameter, the rule.
    record = np.array([0, 1, 3], np.uint32)
    scalar = answer(network, 0, "trajectories", record=record)
    assert_same(scalar, answer(network, 16, "trajectories", record=record))


def test_a_law_that_goes_below_zero_is_told_as_by_the_scalar_path():
    network = core.build({"A": 3.0}, [({"A": 1}, {}, 1.0), ({}, {"A": 1}, "A-1")])
    told = []
    for lanes in (0, 16):
        with pytest.raises(InputError, match=r"reaction 'r1' has the propensity -1") as caught:
            answer(network, lanes, "final", 40, threads=1)
        told.append(str(caught.value)[:60])
    assert told[0] == told[1]


def test_explosions_end_as_in_the_scalar_path():
    network = core.build({"A": 1.0}, [({"A": 1}, {"A": 2}, 1.0)])
    for lanes in (8, 32):
        scalar = answer(network, 0, "trajectories", 50, max_events=1000, times=[1.0, 100.0])
        assert set(scalar["status"].tolist()) == {2}
        assert_same(scalar, answer(network, lanes, "trajectories", 50, max_events=1000, times=[1.0, 100.0]))


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import core_networks as core
import hashlib
import numpy as np

def drawn(number):
    draws = np.random.default_rng(number)
    side = lambda most: {str(s): int(draws.integers(1, 3)) for s in draws.choice(list("ABC"), draws.integers(0, most))}
    laws = ["0.3*A/(1+B)", "hill(A, 3, 2)", "exp(-0.1*B)+0.2*C", "min(A, B)*0.5", "piecewise(2, A > 4, 0.5)"]
    law = lambda: float(draws.uniform(0.001, 2)) if draws.uniform() < 0.8 else laws[draws.integers(len(laws))]
    return [(side(3), side(3), law()) for _ in range(draws.integers(1, 48))]

networks = [
    [({"A": 1, "B": 1}, {"C": 1}, 0.2), ({"C": 1}, {"A": 1, "B": 1}, 0.9), ({"A": 2}, {"B": 1}, 0.1),
     ({}, {"A": 2}, 3.0), ({"B": 3}, {}, 0.05), ({"C": 1}, {}, "0.1*C*exp(-0.01*A)")],
    *map(drawn, range(12)),
]
for number, reactions in enumerate(networks):
    network = core.build({"A": 9.0, "B": 4.0, "C": 0.0}, reactions)
    for lanes in (0, 8, 16, 32):
        found = core.run(network, [0.5, 4.0, 9.0], 150, keep="moments", lanes=lanes, covariance=True, max_events=300)
        digest = hashlib.sha256(found["mean"].tobytes() + found["covariance"].tobytes()).hexdigest()
        print(number, digest, found["events"])
"""


def test_the_bits_are_the_same_at_every_level():
    lines = set()
    for level in ("baseline", "avx2", "avx512"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, os.path.dirname(__file__)],
            env={**os.environ, "STOCHOS_CPU": level},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and "STOCHOS_CPU" in done.stderr and level != "baseline":
            continue  # this machine lacks it
        assert done.returncode == 0, done.stderr
        lines |= set(done.stdout.splitlines())
    # One line for each network, whatever the level and the lanes.
    assert len(lines) == 13, sorted(lines)


def test_a_number_of_lanes_that_there_is_not():
    network = core.build({"A": 3.0}, [({"A": 1}, {}, 1.0)])
    with pytest.raises(InputError, match="lanes is 7"):
        answer(network, 7, "final")
