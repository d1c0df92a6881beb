"""What a simulation gives back: states on the grid of times, their moments, and how each trajectory ended."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import FileFormatError, InputError, UnknownNameError

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas
    import xarray

__all__ = ["STATUS", "Run", "load_run"]

#: What the numbers in `Run.status` mean.
STATUS = ("done", "absorbed", "max_events", "timeout")

_KIND = "reaction run"  # of the file
_ARRAYS = ("values", "mean", "std", "covariance", "events_per_trajectory", "status", "final", "histogram")


class Run:
    """The result of `reactions.simulate`, over N trajectories, T times and S species.

    A run is made by `reactions.simulate` or `load_run`. What `keep` left out is None.

    Parameters
    ----------
    times : ndarray of float64, shape (T,)
    species : sequence of str, length S
    arrays : mapping of str to ndarray
        Any of values, mean, std, covariance, events_per_trajectory, status, final and histogram.
    settings : mapping
        How the run was made; JSON values. ``n``, ``first``, ``keep``, ``method``, ``seed`` and ``events`` are there.
    """

    def __init__(
        self,
        times: NDArray[np.float64],
        species: Sequence[str],
        arrays: Mapping[str, NDArray[Any]],
        settings: Mapping[str, Any],
    ) -> None:
        self._times = times
        self._species = list(species)
        self._arrays = {name: arrays[name] for name in _ARRAYS if arrays.get(name) is not None}
        self._settings = copy.deepcopy(dict(settings))
        for array in (self._times, *self._arrays.values()):
            if array.flags.owndata or array.base is not None:
                array.flags.writeable = False

    @property
    def times(self) -> NDArray[np.float64]:
        """The times of the grid: ndarray of float64, shape (T,), in the units of the model, read-only."""
        return self._times

    @property
    def species(self) -> list[str]:
        """Names of the recorded species: list of str, length S."""
        return list(self._species)

    @property
    def settings(self) -> dict[str, Any]:
        """How the run was made: dict, a copy."""
        return copy.deepcopy(self._settings)

    @property
    def values(self) -> NDArray[np.float64] | None:
        """Amounts after all events up to and at each time: ndarray of float64, shape (N, T, S), or None."""
        return self._arrays.get("values")

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean over the trajectories: ndarray of float64, shape (T, S).

        Raises
        ------
        InputError
            The run kept nothing that has a mean on the grid.
        """
        if "mean" not in self._arrays:
            self._arrays["mean"] = self._kept("mean").mean(axis=0)
        return self._arrays["mean"]

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation over the trajectories, with N - 1 below the sum: float64, shape (T, S); NaN for N = 1.

        Raises
        ------
        InputError
            The run kept nothing that has one.
        """
        if "std" not in self._arrays:
            values = self._kept("std")
            one = len(values) == 1
            self._arrays["std"] = np.full(values.shape[1:], np.nan) if one else values.std(axis=0, ddof=1)
        return self._arrays["std"]

    @property
    def covariance(self) -> NDArray[np.float64] | None:
        """Covariance of the species at each time: ndarray of float64, shape (T, S, S), or None."""
        values = self.values
        if "covariance" not in self._arrays and values is not None and len(values) > 1:
            centred = values - values.mean(axis=0)
            self._arrays["covariance"] = np.einsum("nts,ntu->tsu", centred, centred) / (len(values) - 1)
        return self._arrays.get("covariance")

    @property
    def histogram(self) -> NDArray[np.int64] | None:
        """How many trajectories have each amount: ndarray of int64, shape (T, S, K), entry k for amount k, or None."""
        values = self.values
        if "histogram" not in self._arrays and values is not None and values.size:
            self._arrays["histogram"] = _histogram(values)
        return self._arrays.get("histogram")

    @property
    def final(self) -> NDArray[np.float64] | None:
        """Amounts at the end of each trajectory: ndarray of float64, shape (N, S), or None."""
        values = self.values
        if "final" not in self._arrays and values is not None:
            return values[:, -1]
        return self._arrays.get("final")

    @property
    def events(self) -> int:
        """Reactions that fired, in all trajectories together."""
        return int(self._settings["events"])

    @property
    def events_per_trajectory(self) -> NDArray[np.int64] | None:
        """Reactions that fired in each trajectory: ndarray of int64, shape (N,), or None."""
        return self._arrays.get("events_per_trajectory")

    @property
    def status(self) -> NDArray[np.uint8] | None:
        """How each trajectory ended: ndarray of uint8, shape (N,), indices into `STATUS`, or None."""
        return self._arrays.get("status")

    def _kept(self, what: str) -> NDArray[np.float64]:
        if self.values is None:
            kept = self._settings.get("keep")
            msg = f"[reactions.Run.{what}] the run has keep={kept!r}; simulate with keep='moments' or 'trajectories'"
            raise InputError(msg)
        return self.values

    def index(self, species: str) -> int:
        """Return the place of a species in the last axis.

        Raises
        ------
        UnknownNameError
            The species was not recorded.
        """
        if species not in self._species:
            msg = f"[reactions.Run] the species {species!r} is not in the run; it has {', '.join(self._species[:20])}"
            raise UnknownNameError(msg)
        return self._species.index(species)

    def __len__(self) -> int:
        """Return the number of trajectories."""
        return int(self._settings["n"])

    def __getitem__(self, species: str) -> NDArray[np.float64]:
        """Amounts of a species: shape (N, T), of a run that kept trajectories."""
        return self._kept("values")[:, :, self.index(species)]

    def to_xarray(self) -> xarray.Dataset:
        """Return everything as an xarray Dataset with dimensions trajectory, time and species.

        Raises
        ------
        MissingPartError
            xarray is not installed.
        """
        xr: Any = _checks.optional("reactions.Run.to_xarray", "xarray", "data")
        moments = self.values is not None or "mean" in self._arrays
        named: dict[str, Any] = {
            "values": (("trajectory", "time", "species"), self.values),
            "mean": (("time", "species"), self.mean if moments else None),
            "std": (("time", "species"), self.std if moments else None),
            "covariance": (("time", "species", "other_species"), self.covariance),
            "final": (("trajectory", "species"), self.final),
            "events": ("trajectory", self.events_per_trajectory),
            "status": ("trajectory", self.status, {"meaning": ", ".join(STATUS)}),
            "histogram": (("time", "species", "amount"), self._arrays.get("histogram")),
        }
        named = {name: entry for name, entry in named.items() if entry[1] is not None}
        used = {dim for dims, *_ in named.values() for dim in ([dims] if isinstance(dims, str) else dims)}
        first = int(self._settings["first"])
        coordinates = {
            "trajectory": np.arange(first, first + len(self)),
            "time": self._times,
            "species": self._species,
            "other_species": self._species,
        }
        attributes = {
            name: value for name, value in self._settings.items() if isinstance(value, (str, int, float, list))
        }
        kept = {name: value for name, value in coordinates.items() if name in used}
        made: xarray.Dataset = xr.Dataset(named, coords=kept, attrs=attributes)
        return made

    def to_pandas(self) -> pandas.DataFrame:
        """Return one tidy table: a row for each trajectory, time and species.

        Columns are trajectory, time, species, amount for a run of trajectories; time, species, mean, std for one of
        moments; time, species, amount, trajectories (how many) for one of histograms; trajectory, species, amount for
        one of final states.

        Raises
        ------
        MissingPartError
            pandas is not installed.
        """
        pd: Any = _checks.optional("reactions.Run.to_pandas", "pandas", "data")
        made: pandas.DataFrame = pd.DataFrame(self._columns())
        return made

    def _columns(self) -> dict[str, NDArray[Any]]:
        first, names = int(self._settings["first"]), np.array(self._species, dtype=object)
        axes: dict[str, NDArray[Any]] = {}
        if self.values is not None:
            axes = {"trajectory": np.arange(first, first + len(self)), "time": self._times, "species": names}
            table = {"amount": self.values}
        elif "mean" in self._arrays:
            axes, table = {"time": self._times, "species": names}, {"mean": self.mean, "std": self.std}
        elif self.histogram is not None:
            axes = {"time": self._times, "species": names, "amount": np.arange(self.histogram.shape[2])}
            table = {"trajectories": self.histogram}
        elif self.final is not None:
            axes = {"trajectory": np.arange(first, first + len(self)), "species": names}
            table = {"amount": self.final}
        else:
            return {}
        grid = np.meshgrid(*(np.arange(len(a)) for a in axes.values()), indexing="ij")
        columns = {name: axis[places.ravel()] for (name, axis), places in zip(axes.items(), grid, strict=True)}
        return {**columns, **{name: np.ravel(array) for name, array in table.items()}}

    def plot(
        self,
        kind: Literal["trajectories", "band", "histogram"] | None = None,
        *,
        species: Sequence[str] | None = None,
        ax: matplotlib.axes.Axes | None = None,
        limit: int = 20,
        time: float | None = None,
    ) -> matplotlib.axes.Axes:
        """Draw the run with matplotlib.

        Parameters
        ----------
        kind : {"trajectories", "band", "histogram"}, optional
            Single trajectories as steps; the mean with a band of one standard deviation; or the distribution of the
            amounts at one time. By default trajectories, if at most `limit` were kept, else the band, else the
            histogram.
        species : sequence of str, optional
            Which to draw; by default all, at most ten.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        limit : int
            The most trajectories to draw of each species, the first ones.
        time : float, optional
            Time of the histogram; the nearest one of the grid is taken. By default the last.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        MissingPartError
            matplotlib is not installed.
        InputError
            The run did not keep what `kind` shows.
        """
        from stochos.reactions import _plots

        return _plots.draw(self, kind, species, ax, limit, time)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the run to one checksummed file, whole or not at all; `load_run` reads it.

        Raises
        ------
        FileError
            The file cannot be written.
        """
        from stochos import _storage

        blob, offsets = _storage.pack_words(self._species)
        arrays: dict[str, NDArray[Any]] = {"times": self._times, "species": blob, "species_offsets": offsets}
        _storage.write(path, _KIND, {"settings": self._settings}, {**arrays, **self._arrays}, "reactions.Run.save")

    def __repr__(self) -> str:
        size = f"{len(self):,} trajector{'y' if len(self) == 1 else 'ies'}"
        grid = f"{self._times.size} times, {len(self._species)} species"
        return f"<Run: {size}, {grid}, {self.events:,} events, keep={self._settings['keep']!r}{self._cut()}>"

    def _cut(self) -> str:
        if self.status is None:
            return ""
        counts = np.bincount(self.status, minlength=len(STATUS))
        told = [f"{counts[i]:,} ended by {STATUS[i]}" for i in (2, 3) if counts[i]]
        return ", " + ", ".join(told) if told else ""

    def _repr_html_(self) -> str:
        rows = ""
        if "mean" in self._arrays or self.values is not None:
            rows = "".join(
                f"<tr><td>{escape(name)}</td><td>{mean:.6g}</td><td>{std:.4g}</td></tr>"
                for name, mean, std in list(zip(self._species, self.mean[-1], self.std[-1], strict=True))[:30]
            )
            head = f"<tr><th>species</th><th>mean at {self._times[-1]:g}</th><th>sd</th></tr>"
            rows = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
        return f"<p>{escape(repr(self))}</p>{rows}"


def _histogram(values: NDArray[np.float64]) -> NDArray[np.int64]:
    _, times, species = values.shape
    width = int(values.max()) + 1
    if times * species * width > 2**27:
        msg = (
            f"[reactions.Run.histogram] {times} times, {species} species and amounts up to {width - 1} take "
            f"{times * species * width * 8 / 2**30:.1f} GiB; simulate fewer times or species"
        )
        raise InputError(msg)
    cells = np.arange(times * species).reshape(times, species) * width
    flat = (values.astype(np.int64) + cells).ravel()
    return np.bincount(flat, minlength=times * species * width).reshape(times, species, width).astype(np.int64)


def load_run(path: str | os.PathLike[str], verify: bool = True) -> Run:
    """Read what `Run.save` wrote; the arrays stay in the file, which is mapped.

    Parameters
    ----------
    path : str or path-like
        The file.
    verify : bool
        Compare the checksums, which reads the file once.

    Returns
    -------
    Run

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        The file is damaged or holds something else.
    """
    from stochos import _storage

    where = "reactions.load_run"
    meta, arrays = _storage.read(path, _KIND, where, verify=verify)
    try:
        species = _storage.unpack_words(arrays["species"], arrays["species_offsets"], where)
        settings = dict(meta["settings"])
        shapes_fit = all(array.shape[: len(_shape(name, arrays))] == _shape(name, arrays) for name, array in arrays.items())
        complete = {"n", "first", "keep", "events"} <= settings.keys()
        if not shapes_fit or not complete or arrays["times"].size == 0:
            raise KeyError("shape" if complete else "settings")
        return Run(arrays["times"], species, arrays, settings)
    except FileFormatError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        msg = f"[{where}] {os.fspath(path)} does not hold a run as this version writes it ({error})"
        raise FileFormatError(msg) from error


def _shape(name: str, arrays: Mapping[str, NDArray[Any]]) -> tuple[int, ...]:
    times, species = arrays["times"].size, arrays["species_offsets"].size - 1
    if name == "values":
        return (arrays[name].shape[0], times, species)
    return (times, species) if name in {"mean", "std", "covariance", "histogram"} else ()
