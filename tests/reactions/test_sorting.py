"""The sorting direct method where reactions sleep until their reactants have been there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from . import core_networks as core

Side = dict[str, int]
SPECIES = 60
LAWS = {
    "0.3*S8*S9/(1 + S10)": lambda x: 0.3 * x["S8"] * x["S9"] / (1 + x["S10"]),
    "2*S11/(3 + S11)": lambda x: 2 * x["S11"] / (3 + x["S11"]),
}


def staircase(seed: int) -> tuple[dict[str, float], list[tuple[Side, Side, float | str]]]:
    """Draw a network of 300 reactions among 60 species.

    Four are there, each of the next comes from two of those before it, and the last five never come.
    """
    rng = np.random.default_rng(seed)
    amounts = {f"S{i}": 40.0 if i < 4 else 0.0 for i in range(SPECIES)}
    reactions: list[tuple[Side, Side, float | str]] = [({}, {"S0": 1}, 3.0), ({"S0": 2}, {"S1": 2}, 0.01)]
    for i in range(4, SPECIES - 5):
        a, b = (f"S{j}" for j in rng.choice(i, 2, replace=False))
        reactions += [({a: 1, b: 1}, {a: 1, f"S{i}": 1}, 0.05), ({f"S{i}": 1}, {a: 1, b: 1}, 1.0)]
    reactions += [
        ({"S5": 2, "S6": 1}, {"S7": 1}, 0.1),  # of third order
        ({"S8": 1}, {"S9": 1}, next(iter(LAWS))),
        ({"S11": 1}, {}, "2*S11/(3 + S11)"),
    ]
    while len(reactions) < 300:
        names = [f"S{j}" for j in rng.integers(0, SPECIES, 3)]
        reactions.append(({names[0]: 1, names[1]: 1} if names[0] != names[1] else {names[0]: 2}, {names[2]: 1}, 0.001))
    return amounts, reactions


def exponentials(method: str, seed: int, *, event: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give waiting time times total propensity of each event, whether it is a reaction, and the rounding to allow.

    The total is computed here, from the state to which the events before lead.
    """
    amounts, reactions = staircase(seed)
    happens = [("time >= 0.5", "", "", True, True, True, [("S57", "30")])] if event else None
    network = core.build(amounts, reactions, events=happens)
    log = core.run(network, [1e3], method=method, seed=seed, keep="events", max_events=1500)
    state = dict(amounts)
    now, found, is_reaction, rounding = 0.0, [], [], []
    for time, fired in zip(log["event_time"], log["event_reaction"], strict=True):
        total = 0.0
        for left, _, law in reactions:
            if all(state[s] >= count for s, count in left.items()):
                if isinstance(law, float):
                    total += law * math.prod(math.comb(int(state[s]), count) for s, count in left.items())
                else:
                    total += LAWS[law](state)
        found.append((time - now) * total)
        rounding.append(4 * np.spacing(time) * total)
        is_reaction.append(0 <= fired < len(reactions))
        now = time
        if is_reaction[-1]:
            left, right, _ = reactions[fired]
            for s, count in left.items():
                assert state[s] >= count, (fired, state)
                state[s] -= count
            for s, count in right.items():
                state[s] += count
        else:
            state["S57"] = 30.0
    return np.array(found), np.array(is_reaction), np.array(rounding)


@pytest.mark.parametrize("event", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_total_counts_every_reaction_that_can_fire(seed: int, event: bool):
    """Waiting time times total is the exponential number of that draw, the same for sorting and for direct."""
    sorted_, is_one, rounding = exponentials("sorting", seed, event=event)
    plain, is_other, more = exponentials("direct", seed, event=event)
    assert is_one.sum() >= 1490
    assert (~is_one).sum() == (1 if event else 0)
    both = is_one & is_other
    np.testing.assert_array_less(np.abs(sorted_ - plain)[both], (rounding + more + 1e-12 * plain)[both])
    # That they are exponential at all: mean and variance 1, five standard errors.
    assert abs(plain[both].mean() - 1) < 5 / math.sqrt(both.sum())


def test_no_trajectory_depends_on_what_those_before_it_woke():
    network = core.build(*staircase(3))
    whole = core.run(network, [0.5, 2.0], 6, method="sorting", threads=1)
    for k in range(6):
        alone = core.run(network, [0.5, 2.0], 1, first=k, method="sorting")
        np.testing.assert_array_equal(alone["values"][0], whole["values"][k])
    assert (whole["values"][:, 0] != whole["values"][:1, 0]).any()


def test_the_state_at_the_end_has_the_law_of_the_direct_method():
    """Means of 60 species, 1,000 trajectories each: |z| < 5 in all, a false alarm in 1 of 30,000 runs."""
    network = core.build(*staircase(4))
    a, b = (
        core.run(network, [2.0], 1000, method=m, seed=s)["values"][:, 0] for m, s in (("sorting", 1), ("direct", 2))
    )
    spread = np.sqrt((a.var(0) + b.var(0)) / 1000)
    moved = spread > 0
    assert moved.sum() > 40
    assert np.abs((a.mean(0) - b.mean(0))[moved] / spread[moved]).max() < 5
    np.testing.assert_array_equal(a[:, ~moved], b[:, ~moved])
