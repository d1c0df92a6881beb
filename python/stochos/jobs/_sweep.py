"""The points of a sweep joined into one file, with an axis for each parameter."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks
from stochos._progress import Callback, report
from stochos.errors import InputError

if TYPE_CHECKING:
    from stochos.reactions import Run

__all__ = ["ENDINGS", "gather"]

#: The endings of a file of a sweep.
ENDINGS = (".npz", ".nc", ".parquet")
_WHERE = "jobs.run"


def gather(
    parts: Sequence[Path], axes: Mapping[str, Sequence[float]], output: Path, progress: Callback | bool | None
) -> None:
    """Join runs, the last axis of the sweep moving fastest, into `output`.

    Parameters
    ----------
    parts : sequence of path
        Files of `Run.save`.
    axes : mapping of str to sequence of float
        The sweep; its lengths multiply to the number of parts.
    output : path
        ``.npz``: arrays of shape (sweep..., shape of one run), and ``sweep/NAME``. ``.nc``: the same with names.
        ``.parquet``: one table with a column for each parameter.
    progress : callable, bool or None
        A callable is told (parts read, parts).

    Raises
    ------
    InputError
        The runs do not have the same shape.
    """
    from stochos.reactions import _files

    callback = progress if callable(progress) else None
    if output.suffix.lower() == ".parquet":
        _files.parquet(_table(parts, axes, callback), output, _WHERE)
        return
    sizes = tuple(len(values) for values in axes.values())
    stacked: dict[str, Any] = {}
    first: Run | None = None
    for k, run in enumerate(_runs(parts, callback)):
        first = first or run
        for name, array in run._arrays.items():
            if k == 0:
                stacked[name] = np.zeros((len(parts), *array.shape), array.dtype)
            if name not in stacked or stacked[name].shape[1:] != array.shape:
                msg = (
                    f"[{_WHERE}] point {k} of the sweep has {name} of shape {array.shape}, unlike point 0; "
                    "with keep='histogram' give bounds"
                )
                raise InputError(msg)
            stacked[name][k] = array
    if first is None:
        msg = f"[{_WHERE}] a sweep without points has no result"
        raise InputError(msg)
    named = {name: array.reshape(*sizes, *array.shape[1:]) for name, array in stacked.items()}
    if output.suffix.lower() == ".nc":
        _files.netcdf(_dataset(first, named, axes), output, _WHERE)
        return
    lists = {f"sweep/{axis}": np.array(values, dtype=np.float64) for axis, values in axes.items()}
    _files.npz({"times": first.times, "species": np.array(first.species), **lists, **named}, output, _WHERE)


def _runs(parts: Sequence[Path], callback: Callback | None) -> Iterator[Run]:
    from stochos import reactions

    for done, part in enumerate(parts, start=1):
        yield reactions.load_run(part)
        report(callback, done, len(parts))


def _dataset(first: Run, named: dict[str, Any], axes: Mapping[str, Sequence[float]]) -> Any:
    """Give the arrays the dimensions that a single run's Dataset has, behind those of the sweep."""
    xr: Any = _checks.optional(_WHERE, "xarray", "data")
    one = first.to_xarray()
    other = {"events": "events_per_trajectory", "event_time": "event_time", "event_reaction": "event_reaction"}
    histograms = {f"histogram_{name}": f"histogram/{i}" for i, name in enumerate(first.species)}
    found: dict[str, Any] = {}
    for key, variable in one.data_vars.items():
        name = str(key)
        array = named[histograms.get(name, other.get(name, name))]
        if name in histograms:
            array = array[..., 1:-1]  # without what is below and above the bounds
        found[name] = ((*axes, *variable.dims), array, variable.attrs)
    # The points have trajectories of their own numbers, so that no list of numbers holds for all.
    coordinates: dict[Any, Any] = {name: one.coords[name] for name in one.coords if name != "trajectory"}
    attributes = {name: value for name, value in one.attrs.items() if name not in {"first", "events"}}
    return xr.Dataset(found, coords=coordinates | {axis: list(v) for axis, v in axes.items()}, attrs=attributes)


def _table(parts: Sequence[Path], axes: Mapping[str, Sequence[float]], callback: Callback | None) -> Any:
    pandas: Any = _checks.optional(_WHERE, "pandas", "data")
    frames = []
    points = itertools.product(*axes.values())
    for point, run in zip(points, _runs(parts, callback), strict=True):
        frame = run.to_pandas()
        for place, (axis, value) in enumerate(zip(axes, point, strict=True)):
            frame.insert(place, axis, value)
        frames.append(frame)
    return pandas.concat(frames, ignore_index=True)
