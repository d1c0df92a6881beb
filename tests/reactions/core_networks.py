"""Small networks given to the core directly, a plain reader of `.net` files, and exact answers for them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import scipy.stats

from stochos import _core

METHODS = ("direct", "sorting", "first", "next", "cr", "rssa", "rssacr")
Side = dict[str, int]


def build(
    amounts: dict[str, float],
    reactions: list[tuple[Side, Side, float | str]],
    parameters: dict[str, float] | None = None,
    *,
    assignments: list[tuple[str, str]] | None = None,
    events: list[tuple[str, str, str, bool, bool, bool, list[tuple[str, str]]]] | None = None,
    gated: bool = True,
) -> _core.ReactionNetwork:
    """Make a core network from (reactants, products, law); a number is a mass-action constant."""
    species = list(amounts)
    parameters = parameters or {}
    reactant_start, change_start = [0], [0]
    reactant_species, reactant_count, change_species, change_delta = [], [], [], []
    for left, right, _ in reactions:
        for name, count in left.items():
            reactant_species.append(species.index(name))
            reactant_count.append(count)
        for name in dict.fromkeys([*left, *right]):
            change = right.get(name, 0) - left.get(name, 0)
            if change:
                change_species.append(species.index(name))
                change_delta.append(change)
        reactant_start.append(len(reactant_species))
        change_start.append(len(change_species))
    laws = [law for _, _, law in reactions]
    return _core.ReactionNetwork(
        species,
        np.array([amounts[name] for name in species], np.float64),
        list(parameters),
        np.array(list(parameters.values()), np.float64),
        np.array(reactant_start, np.int64),
        np.array(reactant_species, np.uint32),
        np.array(reactant_count, np.uint32),
        np.array(change_start, np.int64),
        np.array(change_species, np.uint32),
        np.array(change_delta, np.int64),
        np.array([np.nan if isinstance(law, str) else law for law in laws], np.float64),
        [law if isinstance(law, str) else "" for law in laws],
        np.full(len(laws), gated, np.uint8),
        assignments or [],
        events or [],
        [f"r{i}" for i in range(len(laws))],
    )


def run(network: _core.ReactionNetwork, times: object, n: int = 1, **options: object) -> dict[str, object]:
    """Call the core with defaults; what is no argument of it goes into its options."""
    given = {"first": 0, "method": "direct", "seed": 0, "threads": 2, "keep": "trajectories", "progress": None}
    given |= {name: options.pop(name) for name in list(options) if name in given}
    progress = given.pop("progress")
    return _core.simulate(network, np.array(times, np.float64), n, **given, options=options, progress=progress)


def from_net(path: Path) -> _core.ReactionNetwork:
    """Read a BioNetGen `.net` file with constant or parameter rates; enough for the networks that are timed."""
    text = path.read_text("utf-8")

    def block(name: str) -> list[list[str]]:
        found = re.search(rf"begin {name}\n(.*?)end {name}", text, re.DOTALL)
        lines = [line.split("#")[0].split() for line in found.group(1).splitlines()] if found else []
        return [line for line in lines if line]

    values: dict[str, float] = {}
    for _, name, *rest in block("parameters"):
        values[name] = _core.Expression("".join(rest)).evaluate(values)
    amounts = {
        f"s{number}": float(values.get(amount, 0) if amount in values else float(amount))
        for number, _, amount in block("species")
    }
    reactions: list[tuple[Side, Side, float | str]] = []
    for _, left, right, rate, *_ in block("reactions"):
        sides = []
        for side in (left, right):
            counts: Side = {}
            for number in side.split(","):
                if number != "0":
                    counts[f"s{number}"] = counts.get(f"s{number}", 0) + 1
            sides.append(counts)
        factor = _core.Expression(rate).evaluate(values)
        # `.net` rates of i,i mean k x (x - 1).
        factor *= 2 if 2 in sides[0].values() else 1
        reactions.append((sides[0], sides[1], float(factor)))
    return build({name: float(round(amount)) for name, amount in amounts.items()}, reactions)


def distribution(
    amounts: dict[str, int],
    reactions: list[tuple[Side, Side, float | str]],
    of: str,
    time: float,
    most: int = 80,
    laws: dict[int, Callable[[dict[str, int]], float]] | None = None,
) -> np.ndarray:
    """Probability of each amount of one species, by the matrix exponential over all states with amounts <= most.

    `laws` gives the rates that are not constants. What leaves the states is lost; the caller checks that the
    probabilities still sum to 1.
    """
    names = list(amounts)
    states = {tuple(amounts.values()): 0}
    todo = [tuple(amounts.values())]
    rows, columns, rates = [], [], []
    leaving: dict[int, float] = {}
    while todo:
        state = todo.pop()
        here = dict(zip(names, state, strict=True))
        for number, (left, right, law) in enumerate(reactions):
            rate = laws[number](here) if isinstance(law, str) else law
            if isinstance(law, str):
                rate *= all(here[name] >= count for name, count in left.items())
            else:
                rate *= math.prod(math.comb(here[name], count) for name, count in left.items())
            if rate == 0:
                continue
            after = tuple(here[name] - left.get(name, 0) + right.get(name, 0) for name in names)
            leaving[states[state]] = leaving.get(states[state], 0.0) + rate
            if max(after) > most:
                continue
            if after not in states:
                states[after] = len(states)
                todo.append(after)
            rows.append(states[after])
            columns.append(states[state])
            rates.append(rate)
    size = len(states)
    rows += list(leaving)
    columns += list(leaving)
    rates += [-rate for rate in leaving.values()]
    generator = scipy.sparse.csc_matrix((rates, (rows, columns)), shape=(size, size))
    first = np.zeros(size)
    first[0] = 1
    solved = scipy.sparse.linalg.expm_multiply(generator * time, first, traceA=time * sum(generator.diagonal()))
    chances = np.zeros(most + 1)
    for state, number in states.items():
        chances[state[names.index(of)]] += solved[number]
    return chances


def chance_of(samples: np.ndarray, chances: np.ndarray) -> float:
    """Return the p-value of Pearson's chi-square test of whole numbers, cells pooled to an expectation of 8 or more."""
    observed = np.bincount(samples.astype(np.int64), minlength=len(chances))
    if len(observed) > len(chances):
        return 0.0
    seen, expected, cells = 0.0, 0.0, []
    for count, chance in zip(observed, chances, strict=True):
        seen += count
        expected += chance * len(samples)
        if expected >= 8:
            cells.append((seen, expected))
            seen, expected = 0.0, 0.0
    last = cells.pop()
    cells.append((last[0] + seen, last[1] + expected))
    table = np.array(cells)
    statistic = float(((table[:, 0] - table[:, 1]) ** 2 / table[:, 1]).sum())
    return float(scipy.stats.chi2.sf(statistic, len(table) - 1))
