"""``reactions.simulate``: exact trajectories of a reaction network, one or a million."""

from __future__ import annotations

import secrets
import time as clock
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks, _core, executors
from stochos._progress import Progress, progress_callback
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.random import seed_of, stream_version
from stochos.reactions import _build, _shards
from stochos.reactions._times import time_grid
from stochos.reactions.network import Network
from stochos.reactions.run import STATUS, Run

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["APPROXIMATE", "METHODS", "simulate"]

#: The exact methods. `reactions.simulate` says when each is best.
METHODS = ("auto", "direct", "sorting", "first", "next", "cr", "rssa", "rssacr")
#: The approximate ones, which leap over many reactions at once.
APPROXIMATE = ("tau", "midpoint", "implicit", "r_leap", "langevin", "hybrid")
_KEEPS = ("trajectories", "moments", "final", "histogram", "first_passage", "events")
_PILOT = 256  # trajectories that choose the bounds of histograms
_WHERE = "reactions.simulate"


def simulate(
    net: Network,
    times: ArrayLike,
    n: int = 1,
    *,
    first: int = 0,
    method: Literal[
        "auto",
        "direct",
        "sorting",
        "first",
        "next",
        "cr",
        "rssa",
        "rssacr",
        "tau",
        "midpoint",
        "implicit",
        "r_leap",
        "langevin",
        "hybrid",
    ] = "auto",
    seed: int | np.random.Generator | np.random.SeedSequence | None = 0,
    threads: int | None = None,
    keep: Literal["trajectories", "moments", "final", "histogram", "first_passage", "events"] = "trajectories",
    species: Sequence[str] | None = None,
    condition: str | None = None,
    bounds: Mapping[str, tuple[int, int]] | None = None,
    covariance: bool | None = None,
    max_events: int | None = None,
    timeout: float | None = None,
    epsilon: float | None = None,
    progress: Progress = None,
    executor: Executor | None = None,
    device: Literal["cpu", "cuda"] = "cpu",
) -> Run:
    """Simulate a reaction network, exactly (stochastic simulation algorithm of Gillespie) unless asked otherwise.

    Trajectory k is a function of the network, the seed and k alone: the same for every number of threads, in every
    batch, with every grid of times and whatever is kept. Every exact method samples the same law; two methods with the
    same seed give different trajectories of it. Small networks are simulated many trajectories at a time, which changes
    no bit of any of them.

    Parameters
    ----------
    net : Network
        The network; its initial state holds at time 0.
    times : array of float, shape (T,)
        Increasing, 0 or more, in the units of the model. Each is hit exactly: what is recorded is the state after all
        events at or before it. The last one ends the simulation.
    n : int, default 1
        Number N of trajectories.
    first : int, default 0
        Number of the first trajectory: ``simulate(net, times, 1, first=k)`` is trajectory k of every batch.
    method : str, default "auto"
        ``"auto"`` chooses by the size of the network. ``"direct"`` suits small networks (Gillespie 1977), ``"sorting"``
        large ones most of whose reactions wait for species that are not there (McCollum et al. 2006), ``"next"`` those
        with few dependencies (Gibson & Bruck 2000), ``"cr"``, composition and rejection, large ones (Slepoy et al.
        2008), ``"rssa"`` those with many dependencies or dear laws (Thanh et al. 2014), ``"rssacr"`` both, tens of
        thousands of reactions that move many others (Thanh et al. 2017); ``"first"`` is the plainest, for comparison
        (Gillespie 1976).
        Approximate, for large amounts: ``"tau"`` leaps with Poisson numbers of reactions (Cao, Gillespie &
        Petzold 2006), ``"midpoint"`` with the propensities at the leap's middle (Gillespie 2001), ``"implicit"`` for
        stiff networks (Rathinam et al. 2003), ``"r_leap"`` by numbers of reactions (Auger et al. 2006), ``"langevin"``
        with normal numbers, rounded (Gillespie 2000), ``"hybrid"`` leaps over the fast reactions and fires slow ones
        one by one (Salis & Kaznessis 2005). No amount becomes negative. Where leaping does not pay, an exact method
        runs, and ``run.settings["method"]`` names it. Leaps end at output times, so that their trajectories, unlike
        exact ones, depend on the grid.
    seed : int, numpy Generator, SeedSequence or None
        None draws a seed from the operating system; `Run.settings` tells which.
    threads : int, optional
        By default what the machine allows; with an executor, the threads of each shard, 1 by default. The result does
        not depend on it.
    keep : {"trajectories", "moments", "final", "histogram", "first_passage", "events"}
        All amounts on the grid; or, in memory that does not grow with N, mean, standard deviation and covariance, or
        how often each amount occurs at each time; or the amounts at the end alone; or the time at which `condition`
        first holds; or, of one trajectory, every event.
    species : sequence of str, optional
        Which to record, in this order; by default all. Names of rules, and of parameters that are drawn, have rates or
        are set by events, are taken too.
    condition : str, optional
        For first passages: an expression of species, parameters and rules, such as ``"X >= 10"``. A trajectory ends
        where it holds.
    bounds : mapping of str to (int, int), optional
        For histograms: smallest and largest amount of each species; what is outside is counted as below or above. By
        default the range that the first 256 trajectories show, with as much again on both sides.
    covariance : bool, optional
        For moments: keep the covariance; by default of up to 32 species.
    max_events : int, optional
        A trajectory ends after this many events; `Run.status` says so.
    timeout : float, optional
        A trajectory ends after this many seconds of work, and so does what depends on it alone: results then depend on
        the speed of the machine.
    epsilon : float, optional
        Of approximate methods: the part by which a propensity may change in one leap, above 0 and at most 0.5; 0.03 by
        default. The bias falls with it.
    progress : None, bool or callable
        As everywhere: a bar, none, or a function of (done, total).
    executor : concurrent.futures.Executor, optional
        Where to simulate: processes, threads, ``client.get_executor()`` of Dask, mpi4py.futures, loky. The ensemble is
        cut into shards, plain picklable values, and merged in their order: the result has the bits of a local run.
        When the call is stopped, shards that run in other processes go on to their end there.
    device : {"cpu", "cuda"}, default "cpu"
        ``"cuda"`` simulates on a graphics card of NVIDIA by the direct method, one trajectory a thread, with `keep`
        ``"trajectories"``, ``"moments"`` or ``"final"``; networks with events, delays, or laws that move with the time
        are refused. Mass action, and laws and rules of + - * /, comparisons and roots, give the bits of
        ``method="direct"`` on the processor; other functions may differ in their last bits. With an executor, each
        shard uses the card of the process that runs it. See `stochos.cuda`.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        An argument is out of range; a propensity is negative or not a number (the message names reaction and time).
    InputTypeError
        An argument is of the wrong kind.
    UnknownNameError
        `species` names one that is no species and no rule of the network.
    MissingPartError, DeviceError, OutOfMemoryError
        Of ``device="cuda"``: the build has no CUDA, there is no card, or its memory does not do.
    Error
        The executor lost a shard.

    References
    ----------
    D. T. Gillespie, J. Comput. Phys. 22 (1976) 403; J. Phys. Chem. 81 (1977) 2340, doi:10.1021/j100540a008.

    Examples
    --------
    >>> from stochos import reactions
    >>> net = reactions.Network({"X": 100}, ["X -> @ 0.1"], {})
    >>> run = reactions.simulate(net, times=[0.0, 10.0, 1000.0], n=4)
    >>> run.values.shape, int(run.final.sum())
    ((4, 3, 1), 0)
    """
    _checks.instance(_WHERE, "net", net, Network, "give a reactions.Network")
    grid = time_grid(_WHERE, times)
    n = _checks.whole(_WHERE, "n", n, 1, 2**40)
    first = _checks.whole(_WHERE, "first", first, 0, 2**62)
    _checks.choice(_WHERE, "method", method, METHODS + APPROXIMATE)
    _check_epsilon(method, epsilon)
    _checks.choice(_WHERE, "keep", keep, _KEEPS)
    also = _rules_asked_for(net, species, condition)
    places = _places(net, species, also)
    number = secrets.randbits(64) if seed is None else seed_of(seed, _WHERE)
    if executor is not None:
        executors.check_executor(_WHERE, executor)
    where_to = _checks.device(_WHERE, device, here=executor is None)
    workers = 1 if executor is not None and threads is None else _checks.threads(_WHERE, threads)
    options: dict[str, Any] = {"record": places}
    if where_to != "cpu":
        options["device"] = where_to
    if max_events is not None:
        options["max_events"] = _checks.whole(_WHERE, "max_events", max_events, 1, 2**62)
    if timeout is not None:
        options["timeout"] = _checks.real(_WHERE, "timeout", timeout, 1e-6)
    if epsilon is not None:
        options["epsilon"] = _checks.real(_WHERE, "epsilon", epsilon, 1e-9, 0.5)
    if keep == "moments":
        options["covariance"] = places.size <= 32 if covariance is None else bool(covariance)
    _check_condition(keep, condition)
    if condition is not None:
        options["condition"] = condition
    if keep == "events" and n != 1:
        msg = f"[{_WHERE}] keep='events' is for one trajectory and n is {n}; give n=1 and first=k for trajectory k"
        raise InputError(msg)
    network = net._core(also)
    _check_memory(keep, n, grid.size, places.size)
    names = list(net.species) if species is None else list(species)
    start = clock.perf_counter()
    found: dict[str, Any]
    if keep == "histogram":
        options["bounds"] = (
            _given_bounds(names, bounds)
            if bounds is not None
            else _seen_bounds(network, grid, (min(n, _PILOT), first, method, number, workers), options)
        )
    elif bounds is not None:
        msg = f"[{_WHERE}] bounds are for keep='histogram', and keep is {keep!r}; leave them out"
        raise InputError(msg)
    with progress_callback(progress, "simulating", "trajectories", _WHERE) as callback:
        if executor is None:
            found = dict(_core.simulate(network, grid, n, first, method, number, workers, keep, options, callback))
        else:
            call = executors.new_call()
            whole = _shards.Shard(call, net, also, grid, n, first, method, number, workers, keep, options)
            found = _shards.run(executor, whole, callback, _WHERE)
    seconds = clock.perf_counter() - start
    settings = {
        "network": net.name,
        "n": n,
        "first": first,
        "method": found["method"],
        "seed": number,
        "stream_version": stream_version,
        "keep": keep,
        "condition": condition,
        "max_events": max_events,
        "timeout": timeout,
        "epsilon": epsilon,
        "threads": workers,
        "device": where_to,
        "seconds": seconds,
        "events": int(found["events"]),
        "ends": {name: int(count) for name, count in zip(STATUS, found["status_counts"], strict=True)},
    }
    if keep == "histogram":
        settings["bounds"] = options["bounds"].tolist()
    return Run(grid, names, _arrays(found), settings)


def _arrays(found: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Turn what the core gives into the arrays of a run."""
    arrays = {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
    if "variance" in arrays:
        arrays["std"] = np.sqrt(arrays.pop("variance"))
    if "events_per_trajectory" in arrays:
        arrays["events_per_trajectory"] = arrays["events_per_trajectory"].astype(np.int64)
    if "reached" in arrays:
        arrays["reached"] = arrays["reached"].astype(np.int64)
    return arrays | {f"histogram/{i}": counts for i, counts in enumerate(found.get("histogram", []))}


def _check_epsilon(method: str, epsilon: object) -> None:
    if epsilon is not None and method not in APPROXIMATE:
        msg = f"[{_WHERE}] epsilon is for approximate methods, and method is {method!r}; leave it out"
        raise InputError(msg)


def _check_condition(keep: str, condition: object) -> None:
    if (keep == "first_passage") != (condition is not None):
        msg = f"[{_WHERE}] condition is {condition!r} with keep={keep!r}; first passages need one, the others take none"
        raise InputError(msg)
    if condition is not None:
        _checks.instance(_WHERE, "condition", condition, str, "give an expression such as 'X >= 10'")


def _seen_bounds(
    network: _core.ReactionNetwork,
    grid: NDArray[np.float64],
    which: tuple[int, int, str, int, int],
    options: dict[str, Any],
) -> NDArray[np.int64]:
    """Return the range of the first trajectories' amounts with as much again on both sides, shape (S, 2)."""
    found: dict[str, Any] = _core.simulate(network, grid, *which, "trajectories", options, None)
    values = found["values"]
    low, high = np.floor(np.nanmin(values, axis=(0, 1))), np.floor(np.nanmax(values, axis=(0, 1)))
    reach = high - low + 4
    low = np.where(low >= 0, np.maximum(low - reach, 0), low - reach)
    return np.ascontiguousarray(np.stack([low, high + reach], axis=1).clip(-1e8, 1e8).astype(np.int64))


def _given_bounds(names: list[str], bounds: Mapping[str, tuple[int, int]] | None) -> NDArray[np.int64]:
    made = np.zeros((len(names), 2), dtype=np.int64)
    given = dict(bounds or {})
    for name in given:
        if name not in names:
            msg = f"[{_WHERE}] bounds names {name!r}, which is not recorded; recorded are {', '.join(names[:20])}"
            raise UnknownNameError(msg)
    for i, name in enumerate(names):
        try:
            low, high = given[name]
        except KeyError:
            msg = f"[{_WHERE}] bounds has nothing for {name!r}; give (low, high) for each recorded species"
            raise InputError(msg) from None
        except (TypeError, ValueError):
            msg = f"[{_WHERE}] the bounds of {name!r} are {given[name]!r}; give (low, high)"
            raise InputTypeError(msg) from None
        made[i, 0] = _checks.whole(_WHERE, f"the lower bound of {name!r}", low, -(10**8), 10**8)
        made[i, 1] = _checks.whole(_WHERE, f"the upper bound of {name!r}", high, int(made[i, 0]), 10**8)
    return made


def _rules_asked_for(net: Network, species: object, condition: object) -> frozenset[str]:
    """Return the rules that are recorded or stand in the condition; the core computes no others that no law needs."""
    names = [name for name in species if isinstance(name, str)] if isinstance(species, (list, tuple)) else []
    if isinstance(condition, str):
        names += _core.Expression(condition, _WHERE).names()
    return frozenset(name for name in names if name in net.rules)


def _places(net: Network, species: Sequence[str] | None, also: frozenset[str]) -> NDArray[np.uint32]:
    """Return the places of what to record in the core's list of species, parameters and rules."""
    if species is None:
        return np.arange(len(net.species), dtype=np.uint32)
    slots = net._slots(also)
    known = {name: slots[name] for name in (*net.species, *_build.changing(net._parts), *sorted(also)) if name in slots}
    given: object = species
    names = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
    if not names or not all(isinstance(name, str) for name in species):
        msg = f"[{_WHERE}] species is {species!r}; give a list of names"
        raise InputTypeError(msg)
    for name in species:
        if name not in known:
            msg = f"[{_WHERE}] species names {name!r}; the network has {', '.join(list(known)[:20])}"
            raise UnknownNameError(msg)
    if len(set(species)) != len(species) or not species:
        msg = f"[{_WHERE}] species is {list(species)!r}; name at least one, and each once"
        raise InputError(msg)
    return np.array([known[name] for name in species], dtype=np.uint32)


def _check_memory(keep: str, n: int, times: int, species: int) -> None:
    """Refuse what could not be held, before hours are spent on it."""
    amounts = {"trajectories": n * times * species, "events": 0, "final": n * species, "first_passage": n}.get(
        keep, times * species * species
    )
    if amounts * 8 > 2**46:
        msg = (
            f"[{_WHERE}] keep={keep!r} of {n} trajectories, {times} times and {species} species takes "
            f"{amounts * 8 / 2**40:.0f} TiB; keep='moments', or name fewer species"
        )
        raise InputError(msg)
