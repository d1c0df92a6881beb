"""A run as xarray Dataset and as tidy table, and its histograms."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import InputError

if TYPE_CHECKING:
    from stochos.reactions.run import Run


@dataclasses.dataclass(frozen=True)
class Histogram:
    """How many trajectories have each amount of one species.

    Attributes
    ----------
    amounts : ndarray of int64, shape (K,)
        Consecutive whole numbers.
    counts : ndarray of int64, shape (T, K)
        Trajectories with each amount at each time.
    below, above : ndarray of int64, shape (T,)
        Trajectories with amounts below the first and above the last.
    """

    amounts: NDArray[np.int64]
    counts: NDArray[np.int64]
    below: NDArray[np.int64]
    above: NDArray[np.int64]


def histogram_of(values: NDArray[np.float64], species: str) -> Histogram:
    """Count the amounts (N, T) of one species; trajectories that ended early are left out behind their end."""
    times = values.shape[1]
    known = ~np.isnan(values)
    zero = np.zeros(times, dtype=np.int64)
    if not known.any():
        return Histogram(np.zeros(0, dtype=np.int64), np.zeros((times, 0), dtype=np.int64), zero, zero)
    low, high = int(np.floor(values[known].min())), int(np.floor(values[known].max()))
    width = high - low + 1
    if times * width > 2**27:
        msg = (
            f"[reactions.Run.histogram] {times} times and amounts of {species} from {low} to {high} take "
            f"{times * width * 8 / 2**30:.1f} GiB; simulate with keep='histogram' and bounds"
        )
        raise InputError(msg)
    places = np.floor(np.where(known, values, low)).astype(np.int64) - low + np.arange(times) * width
    counts = np.bincount(places[known], minlength=times * width).reshape(times, width).astype(np.int64)
    return Histogram(np.arange(low, high + 1), counts, zero, zero)


def dataset(run: Run) -> Any:
    """Do the work of `Run.to_xarray`."""
    from stochos.reactions.run import STATUS

    xr: Any = _checks.optional("reactions.Run.to_xarray", "xarray", "data")
    moments = run.values is not None or "mean" in run._arrays
    named: dict[str, Any] = {
        "values": (("trajectory", "time", "species"), run.values),
        "mean": (("time", "species"), run.mean if moments else None),
        "std": (("time", "species"), run.std if moments else None),
        "covariance": (("time", "species", "other_species"), run.covariance),
        "final": (("trajectory", "species"), run.final),
        "passage": ("trajectory", run.passage),
        "events": ("trajectory", run.events_per_trajectory),
        "status": ("trajectory", run.status, {"meaning": ", ".join(STATUS)}),
        "event_time": ("event", run.event_times),
        "event_reaction": ("event", run.event_reactions),
    }
    first = int(run.settings["first"])
    axes: dict[str, Any] = {
        "trajectory": np.arange(first, first + len(run)),
        "time": run.times,
        "species": run.species,
        "other_species": run.species,
    }
    if run.settings["keep"] == "histogram":
        for name, held in run.histogram.items():
            named[f"histogram_{name}"] = (("time", f"amount_{name}"), held.counts)
            axes[f"amount_{name}"] = held.amounts
    named = {name: entry for name, entry in named.items() if entry[1] is not None}
    used = {dim for dims, *_ in named.values() for dim in ([dims] if isinstance(dims, str) else dims)}
    attributes = {name: value for name, value in run.settings.items() if isinstance(value, (str, int, float))}
    attributes["seed"] = str(run.settings["seed"])  # above 2**63 no file format of xarray would take it as a number
    return xr.Dataset(named, coords={name: axis for name, axis in axes.items() if name in used}, attrs=attributes)


def columns(run: Run) -> dict[str, NDArray[Any]]:
    """Return the columns of the tidy table of `Run.to_pandas`."""
    first, names = int(run.settings["first"]), np.array(run.species, dtype=object)
    trajectories = np.arange(first, first + len(run))
    if run.values is not None:
        return _long({"trajectory": trajectories, "time": run.times, "species": names}, {"amount": run.values})
    if "mean" in run._arrays:
        return _long({"time": run.times, "species": names}, {"mean": run.mean, "std": run.std})
    if run.settings["keep"] == "histogram":
        parts = [
            _long(
                {"time": run.times, "species": np.array([name], dtype=object), "amount": held.amounts},
                {"trajectories": held.counts},
            )
            for name, held in run.histogram.items()
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if run.passage is not None:
        return {"trajectory": trajectories, "passage": run.passage}
    return _long({"trajectory": trajectories, "species": names}, {"amount": run._kept("final", run.final)})


def arrow(run: Run) -> Any:
    """Return the tidy table as a pyarrow Table; names of species are a dictionary."""
    pa: Any = _checks.optional("reactions.Run", "pyarrow", "arrow")
    made = {name: pa.array(column) for name, column in columns(run).items()}
    return pa.table({name: each.dictionary_encode() if name == "species" else each for name, each in made.items()})


def _long(axes: dict[str, NDArray[Any]], table: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    grid = np.meshgrid(*(np.arange(len(axis)) for axis in axes.values()), indexing="ij")
    made = {name: axis[places.ravel()] for (name, axis), places in zip(axes.items(), grid, strict=True)}
    return {**made, **{name: np.ravel(array) for name, array in table.items()}}
