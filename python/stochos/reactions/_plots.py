"""Plots of a run with matplotlib: trajectories, mean and standard deviation, distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks, _figures
from stochos.errors import InputError
from stochos.reactions._tables import Histogram, histogram_of

if TYPE_CHECKING:
    from stochos.reactions.run import Run

WHERE = "reactions.Run.plot"
_KINDS = ("trajectories", "band", "histogram")
_SPECIES = 10  # drawn by default; more cannot be told apart


def draw(
    run: Run,
    kind: str | None,
    species: Sequence[str] | None,
    path: _figures.Path,
    ax: Any,
    limit: int,
    time: float | None,
) -> Any:
    """Do the work of `Run.plot`, which says what the arguments are."""
    if kind is None:
        kind = _default(run, limit)
    _checks.choice(WHERE, "kind", kind, _KINDS)
    limit = _checks.whole(WHERE, "limit", limit, 1)
    names = run.species[:_SPECIES] if species is None else [species] if isinstance(species, str) else list(species)
    places = [run.index(name) for name in names]
    ax = _figures.axes(WHERE, path, ax, (7, 4.3))
    if kind == "trajectories":
        _trajectories(run, names, places, ax, limit)
    elif kind == "band":
        _band(run, names, places, ax)
    else:
        _histogram(run, names, places, ax, time)
    if len(names) > 1:
        ax.legend(frameon=False)
    _figures.keep(ax.figure, path, WHERE)
    return ax


def _default(run: Run, limit: int) -> str:
    if run.values is not None and len(run) <= limit:
        return "trajectories"
    if run.values is not None or run.settings["keep"] == "moments":
        return "band"
    return "histogram"


def _axes_names(ax: Any, run: Run, names: Sequence[str]) -> None:
    ax.set_xlabel("time")
    ax.set_ylabel(names[0] if len(names) == 1 else "amount")
    if run.times.size > 1:
        ax.set_xlim(run.times[0], run.times[-1])


def _trajectories(run: Run, names: Sequence[str], places: Sequence[int], ax: Any, limit: int) -> None:
    if run.values is None:
        msg = f"[{WHERE}] the run has keep={run.settings['keep']!r}; simulate with keep='trajectories' to draw them"
        raise InputError(msg)
    shown = run.values[:limit]
    for number, (name, place) in enumerate(zip(names, places, strict=True)):
        for k, path in enumerate(shown[:, :, place]):
            ax.step(
                run.times, path, where="post", color=f"C{number}", linewidth=1.0,
                alpha=1.0 if len(shown) == 1 else 0.55, label=name if k == 0 else None,
            )  # fmt: skip
    _axes_names(ax, run, names)


def _band(run: Run, names: Sequence[str], places: Sequence[int], ax: Any) -> None:
    for number, (name, place) in enumerate(zip(names, places, strict=True)):
        mean, std = run.mean[:, place], np.nan_to_num(run.std[:, place])
        ax.plot(run.times, mean, color=f"C{number}", label=name)
        ax.fill_between(run.times, mean - std, mean + std, color=f"C{number}", alpha=0.2, linewidth=0)
    _axes_names(ax, run, names)


def _histogram(run: Run, names: Sequence[str], places: Sequence[int], ax: Any, time: float | None) -> None:
    at = run.times.size - 1 if time is None else int(np.abs(run.times - _checks.real(WHERE, "time", time)).argmin())
    for number, (name, place) in enumerate(zip(names, places, strict=True)):
        held = _held(run, name, place, at)
        counts = held.counts[0 if held.counts.shape[0] == 1 else at]
        used = np.flatnonzero(counts)
        if not used.size:
            continue  # all are outside the bounds, or none came so far
        low, high = int(used[0]), int(used[-1]) + 1
        # At most 100 bars, each as many whole amounts wide as the others.
        width = max(1, -(-(high - low) // 100))
        starts = np.arange(low, high, width)
        heights = np.add.reduceat(counts[low:high], starts - low) / (counts.sum() * width)
        edges = held.amounts[0] + np.append(starts, starts[-1] + width) - 0.5
        ax.stairs(heights, edges, fill=True, color=f"C{number}", alpha=0.5, label=name)
    ax.set_xlabel(f"{names[0] if len(names) == 1 else 'amount'} at time {run.times[at]:g}")
    ax.set_ylabel("probability")


def _held(run: Run, name: str, place: int, at: int) -> Histogram:
    if run.values is not None:
        return histogram_of(run.values[:, at : at + 1, place], name)
    if run.settings["keep"] == "histogram":
        return run.histogram[name]
    if run.final is not None and at == run.times.size - 1:
        return histogram_of(run.final[:, place : place + 1], name)
    msg = f"[{WHERE}] the run has keep={run.settings['keep']!r}, which holds no distribution at time {run.times[at]:g}"
    raise InputError(msg)
