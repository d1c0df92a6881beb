"""Other simulators behind one call: `prepare(model)` gives a function of a seed and of n that runs n trajectories.

What a tool offers for many trajectories at once, or for less work around each, is used. What `prepare` takes is
reported apart: it imports, reads, builds and, where the tool does, compiles the model.
"""

from __future__ import annotations

import math
import os
import random
import tempfile
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from reactions_models import Model

GRID = 51  # output times, for the tools that want a grid
Simulate: TypeAlias = Callable[[int, int], object]


def each(run: Callable[[int], object]) -> Simulate:
    """Make of a call for one trajectory a loop over n."""

    def loop(seed: int, n: int) -> None:
        for k in range(n):
            run(seed + k)

    return loop


def plain(model: Model) -> Simulate:
    """Direct method with a dependency graph, in plain Python."""
    left, changes, dependents, constants = model.arrays()
    start = list(model.initial.values())

    def propensity(r: int, x: list[int]) -> float:
        a = constants[r]
        for s, n in left[r]:
            a *= math.comb(x[s], n)
        return a

    def run(seed: int) -> int:
        draw, x, t, events = random.Random(seed), start.copy(), 0.0, 0
        a = [propensity(r, x) for r in range(len(constants))]
        while True:
            total = sum(a)
            if total <= 0:
                return events
            t += draw.expovariate(total)
            if t > model.until:
                return events
            target, r = draw.random() * total, 0
            while target > a[r] and r < len(a) - 1:
                target -= a[r]
                r += 1
            for s, d in changes[r]:
                x[s] += d
            for j in dependents[r]:
                a[j] = propensity(j, x)
            events += 1

    return each(run)


def with_numba(model: Model) -> Simulate:
    """The same loop compiled by numba."""
    import numba

    left, changes, dependents, constants = model.arrays()

    def flat(lists, column):
        items = [entry if column is None else entry[column] for entries in lists for entry in entries]
        return np.array(items, dtype=np.int64)

    def starts(lists):
        return np.cumsum([0, *map(len, lists)])

    ls, lx, ln = starts(left), flat(left, 0), flat(left, 1)
    cs, cx, cd = starts(changes), flat(changes, 0), flat(changes, 1)
    ds, dj, c = starts(dependents), flat(dependents, None), np.array(constants)
    start, until = np.array(list(model.initial.values()), dtype=np.int64), model.until

    @numba.njit
    def propensity(r, x, ls, lx, ln, c):
        a = c[r]
        for k in range(ls[r], ls[r + 1]):
            for i in range(ln[k]):
                a *= (x[lx[k]] - i) / (i + 1)
        return a

    @numba.njit
    def run(seed, start, until, ls, lx, ln, cs, cx, cd, ds, dj, c):
        np.random.seed(seed)  # noqa: NPY002
        x, t, events = start.copy(), 0.0, 0
        a = np.empty(c.size)
        for r in range(c.size):
            a[r] = propensity(r, x, ls, lx, ln, c)
        while True:
            total = a.sum()
            if total <= 0:
                return events
            t -= np.log(1.0 - np.random.random()) / total  # noqa: NPY002
            if t > until:
                return events
            target, r = np.random.random() * total, 0  # noqa: NPY002
            while target > a[r] and r < a.size - 1:
                target -= a[r]
                r += 1
            for k in range(cs[r], cs[r + 1]):
                x[cx[k]] += cd[k]
            for k in range(ds[r], ds[r + 1]):
                a[dj[k]] = propensity(dj[k], x, ls, lx, ln, c)
            events += 1

    run(0, start, 0.0, ls, lx, ln, cs, cx, cd, ds, dj, c)  # compile
    return each(lambda seed: run(seed, start, until, ls, lx, ln, cs, cx, cd, ds, dj, c))


def with_rebop(model: Model) -> Simulate:
    """Use rebop; the factor of combinations goes into the constant."""
    import rebop

    made = rebop.Gillespie()
    for left, right, c in model.reactions:
        # rebop: the rate of 2 A is k x (x - 1), as its documentation says, so the half goes into k.
        rate = c / math.prod(math.factorial(n) for n in left.values())
        listed = [[s for s, n in side.items() for _ in range(n)] for side in (left, right)]
        made.add_reaction(rate, *listed)
    return each(lambda seed: made.run(dict(model.initial), tmax=model.until, nb_steps=GRID - 1, rng=seed))


def with_bioscrape(model: Model) -> Simulate:
    """Use bioscrape's stochastic simulator, by the interface and without the table, as its documentation advises."""
    from bioscrape.simulator import ModelCSimInterface, py_simulate_model
    from bioscrape.types import Model as BioscrapeModel

    entries = []
    for left, right, c in model.reactions:
        k = c / math.prod(math.factorial(n) for n in left.values())  # its mass action is k x (x - 1)
        listed = [[s for s, n in side.items() for _ in range(n)] for side in (left, right)]
        entries.append((*listed, "massaction", {"k": k}))
    made = BioscrapeModel(species=list(model.initial), reactions=entries, initial_condition_dict=dict(model.initial))
    times, interface = np.linspace(0, model.until, GRID), ModelCSimInterface(made)
    return each(lambda _seed: py_simulate_model(times, Interface=interface, stochastic=True, return_dataframe=False))


def with_roadrunner(model: Model) -> Simulate:
    """Use libRoadRunner's Gillespie integrator."""
    import roadrunner

    made = roadrunner.RoadRunner(model.sbml())
    made.setIntegrator("gillespie")

    def run(seed: int) -> object:
        made.resetToOrigin()
        made.integrator.seed = seed + 1
        return made.simulate(0, model.until, GRID)

    return each(run)


def with_copasi(model: Model) -> Simulate:
    """Use COPASI's direct method through basico."""
    import basico

    made = basico.load_model_from_string(model.sbml())
    return each(
        lambda seed: basico.run_time_course(
            duration=model.until, intervals=GRID - 1, method="directMethod", use_seed=True, seed=seed + 1, model=made,
            update_model=False,
        )
    )  # fmt: skip


def with_bngsim(model: Model, sbml: bool = False) -> Simulate:
    """Use bngsim's exact method on replicates, from a `.net` file or from SBML."""
    import bngsim

    handle, name = tempfile.mkstemp(suffix=".xml" if sbml else ".net")
    with os.fdopen(handle, "w") as file:
        file.write(model.sbml() if sbml else model.bngl_net())
    try:
        made = bngsim.Model.from_sbml(name) if sbml else bngsim.Model.from_net(name)
    finally:
        os.unlink(name)
    simulator = bngsim.Simulator(made, method="ssa")

    def run(seed: int, n: int) -> object:
        made.reset()
        return simulator.run_replicates(n, t_span=(0.0, model.until), n_points=GRID, seed=seed + 1, squeeze=True)

    return run


def with_bngsim_sbml(model: Model) -> Simulate:
    """Use bngsim on SBML."""
    return with_bngsim(model, sbml=True)


def with_gillespy2(model: Model) -> Simulate:
    """Use GillesPy2's compiled solver, which needs g++ and SCons; all n in one call."""
    import gillespy2

    made = gillespy2.Model(name="bench")
    made.add_species([gillespy2.Species(name=s, initial_value=n) for s, n in model.initial.items()])
    for r, (left, right, _) in enumerate(model.reactions):
        law = model.law(r)
        made.add_reaction(gillespy2.Reaction(name=f"r{r}", reactants=left, products=right, propensity_function=law))
    made.timespan(np.linspace(0, model.until, GRID))
    solver = gillespy2.SSACSolver(model=made)
    solver.run(seed=1)  # compiles
    return lambda seed, n: solver.run(seed=seed + 1, number_of_trajectories=n)


PEERS = {
    "plain Python": plain,
    "numba": with_numba,
    "bioscrape": with_bioscrape,
    "bngsim (.net)": with_bngsim,
    "bngsim (SBML)": with_bngsim_sbml,
    "rebop": with_rebop,
    "COPASI": with_copasi,
    "libRoadRunner": with_roadrunner,
    "GillesPy2 C": with_gillespy2,
}
