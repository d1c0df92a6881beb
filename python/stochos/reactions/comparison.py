"""Are two ensembles of one law? Kolmogorov-Smirnov and f-divergence of the amounts, with permutation p-values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import InputError
from stochos.reactions.run import Run

__all__ = ["Comparison", "SpeciesComparison", "compare"]

_WHERE = "reactions.compare"


@dataclasses.dataclass(frozen=True)
class SpeciesComparison:
    """How far the amounts of one species are apart in two ensembles, at one time.

    Attributes
    ----------
    species : str
    ks : float
        Largest distance of the two cumulative distributions, 0 to 1.
    ks_p : float
        Permutation p-value of it: small values speak against one law.
    divergence : float
        The f-divergence of the two histograms.
    divergence_p : float
        Permutation p-value of it.
    means, stds : tuple of float, length 2
    """

    species: str
    ks: float
    ks_p: float
    divergence: float
    divergence_p: float
    means: tuple[float, float]
    stds: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `reactions.compare` finds.

    Attributes
    ----------
    time : float
        The time of the grid at which the amounts were compared.
    sizes : tuple of int, length 2
        Trajectories in each run that reached it.
    divergence : str
        Name of the f-divergence.
    permutations : int
    species : tuple of SpeciesComparison
    """

    time: float
    sizes: tuple[int, int]
    divergence: str
    permutations: int
    species: tuple[SpeciesComparison, ...]

    @property
    def p_value(self) -> float:
        """The least p-value of all species and both statistics times their number (Bonferroni), at most 1."""
        found = [p for one in self.species for p in (one.ks_p, one.divergence_p)]
        return min(1.0, min(found) * len(found))

    def __getitem__(self, species: str) -> SpeciesComparison:
        """Return what was found for one species."""
        for one in self.species:
            if one.species == species:
                return one
        raise KeyError(species)

    def __iter__(self) -> Iterator[SpeciesComparison]:
        return iter(self.species)

    def __str__(self) -> str:
        lines = [
            f"at time {self.time:g}, {self.sizes[0]:,} and {self.sizes[1]:,} trajectories, "
            f"{self.permutations:,} permutations: p = {self.p_value:.3g}",
            f"{'species':<16} {'KS':>8} {'p':>7} {self.divergence[:14]:>14} {'p':>7} {'means':>22}",
        ]
        lines += [
            f"{one.species:<16} {one.ks:8.4f} {one.ks_p:7.3f} {one.divergence:14.5g} {one.divergence_p:7.3f} "
            f"{one.means[0]:10.4g} {one.means[1]:10.4g}"
            for one in self.species
        ]
        return "\n".join(lines)


def compare(
    run_a: Run,
    run_b: Run,
    *,
    time: float | None = None,
    species: Sequence[str] | None = None,
    divergence: str = "jensen_shannon",
    permutations: int = 999,
    seed: int = 0,
) -> Comparison:
    """Compare the amounts of two ensembles, such as of an exact and of an approximate method.

    Both statistics are functions of the two histograms. Under one law all ways to deal the pooled trajectories out to
    the two runs are equally likely, so that the p-value is (1 + number of permutations that give as much or more) /
    (1 + permutations), and holds at any sample size (B. Phipson, G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010).

    Parameters
    ----------
    run_a, run_b : Run
        With trajectories, final states or histograms kept. Their seeds must differ, or `first` must: the same
        random numbers make two samples depend on each other.
    time : float, optional
        The nearest time of the grid is taken; by default the last.
    species : sequence of str, optional
        By default those in both runs.
    divergence : str
        A name of `stochos.gan.divergence_names`. Those that are infinite where one histogram is empty say little here.
    permutations : int
        1 or more.
    seed : int
        Of the permutations.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        A run kept no distribution, or the grids have no such time in common.
    InputTypeError
        An argument is of the wrong kind.
    UnknownNameError
        A species is not in both runs, or there is no such divergence.

    Examples
    --------
    >>> from stochos import reactions
    >>> net = reactions.Network({"X": 50}, ["X -> @ 1"], {})
    >>> a, b = (reactions.simulate(net, [1.0], 500, seed=s, keep="final") for s in (1, 2))
    >>> reactions.compare(a, b).p_value > 0.01
    True
    """
    from stochos.gan import divergence as divergence_named

    for name, run in (("run_a", run_a), ("run_b", run_b)):
        _checks.instance(_WHERE, name, run, Run, "give what reactions.simulate returns")
    permutations = _checks.whole(_WHERE, "permutations", permutations, 1, 10**7)
    measure = divergence_named(divergence)
    names = list(species) if species is not None else [name for name in run_a.species if name in run_b.species]
    if not names:
        msg = f"[{_WHERE}] the runs have no species in common; give runs of one network"
        raise InputError(msg)
    for name in names:
        run_a.index(name)
        run_b.index(name)
    at = [_nearest(run, time) for run in (run_a, run_b)]
    when = [float(run.times[i]) for run, i in zip((run_a, run_b), at, strict=True)]
    if when[0] != when[1]:
        msg = f"[{_WHERE}] the nearest times of the runs are {when[0]:g} and {when[1]:g}; give one that both have"
        raise InputError(msg)
    draws = np.random.default_rng(np.random.SeedSequence(_checks.whole(_WHERE, "seed", seed, 0)))
    made, sizes = [], (0, 0)
    for name in names:
        counts = _counts((run_a, at[0]), (run_b, at[1]), name)
        totals = counts[1].sum(axis=1)
        sizes = int(totals[0]), int(totals[1])
        if min(sizes) < 2:
            msg = f"[{_WHERE}] {sizes[0]} and {sizes[1]} trajectories reached the time {when[0]:g}; 2 each are needed"
            raise InputError(msg)
        made.append(_one(name, *counts, measure, permutations, draws))
    return Comparison(when[0], sizes, measure.name, permutations, tuple(made))


def _nearest(run: Run, time: float | None) -> int:
    if time is None:
        return int(run.times.size) - 1
    return int(np.abs(run.times - _checks.real(_WHERE, "time", time)).argmin())


def _table(run: Run, at: int, name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the amounts of a species at one time and how many trajectories have each."""
    place = run.index(name)
    if run.values is not None:
        amounts = run.values[:, at, place]
    elif run.settings["keep"] == "histogram":
        held = run.histogram[name]
        outside = int(held.below[at] + held.above[at])
        if outside:
            msg = f"[{_WHERE}] {outside} amounts of {name!r} lie outside the bounds of the histogram; give wider bounds"
            raise InputError(msg)
        return held.amounts.astype(np.float64), held.counts[at]
    elif run.final is not None and at == run.times.size - 1 and run.status is not None:
        amounts = run.final[run.status < 2, place]
    else:
        kept = run.settings["keep"]
        msg = f"[{_WHERE}] a run has keep={kept!r}; keep 'trajectories', 'histogram', or 'final' for the last time"
        raise InputError(msg)
    found, counts = np.unique(amounts[~np.isnan(amounts)], return_counts=True)
    return found, counts.astype(np.int64)


def _counts(a: tuple[Run, int], b: tuple[Run, int], name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the amounts that occur, shape (K,), and the counts of both runs, shape (2, K)."""
    tables = [_table(*a, name), _table(*b, name)]
    amounts = np.unique(np.concatenate([values[counts > 0] for values, counts in tables]))
    both = np.zeros((2, amounts.size), dtype=np.int64)
    for row, (values, counts) in zip(both, tables, strict=True):
        row[np.searchsorted(amounts, values[counts > 0])] = counts[counts > 0]
    return amounts, both


def _ks(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Largest distance of the cumulative distributions of counts, shape (..., K) to (...)."""
    a, b = (np.cumsum(c, axis=-1) / c.sum(axis=-1, keepdims=True) for c in (first, second))
    return np.asarray(np.abs(a - b).max(axis=-1))


def _one(
    name: str,
    amounts: NDArray[np.float64],
    counts: NDArray[np.int64],
    measure: Any,
    permutations: int,
    draws: np.random.Generator,
) -> SpeciesComparison:
    total, size = counts.sum(axis=0), int(counts[0].sum())

    def apart(first: NDArray[np.int64]) -> float:
        second = total - first
        return float(measure.between(first / first.sum(), second / second.sum()))

    ks, far = float(_ks(counts[0], counts[1])), apart(counts[0])
    # Rounding must not make a permutation that deals the same histograms look smaller.
    slack = 1 - 1e-9
    as_much = [0, 0]
    for begin in range(0, permutations, 256):
        dealt = draws.multivariate_hypergeometric(
            total, size, size=min(256, permutations - begin), method="marginals"
        ).astype(np.int64)
        as_much[0] += int((_ks(dealt, total - dealt) >= ks * slack).sum())
        as_much[1] += sum(apart(first) >= far * slack for first in dealt)
    means = (counts @ amounts) / counts.sum(axis=1)
    squares = (counts @ amounts**2) / counts.sum(axis=1) - means**2
    stds = np.sqrt(np.maximum(squares, 0) * counts.sum(axis=1) / (counts.sum(axis=1) - 1))
    p_values = [(1 + found) / (1 + permutations) for found in as_much]
    both = (float(means[0]), float(means[1])), (float(stds[0]), float(stds[1]))
    return SpeciesComparison(name, ks, p_values[0], far, p_values[1], *both)
