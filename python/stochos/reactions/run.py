"""What a simulation gives back: states on the grid of times, their moments, and how each trajectory ended."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos._html import described
from stochos.errors import FileFormatError, InputError, UnknownNameError
from stochos.reactions import _tables
from stochos.reactions._tables import Histogram, histogram_of

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas
    import xarray

__all__ = ["STATUS", "Histogram", "Run", "load_run"]

#: What the numbers in `Run.status` mean.
STATUS = ("done", "absorbed", "max_events", "timeout")

_KIND = "reaction run"  # of the file
_ARRAYS = (
    "values", "mean", "std", "covariance", "reached", "events_per_trajectory", "status", "final", "passage",
    "event_time", "event_reaction",
)  # fmt: skip
_HISTOGRAM = "histogram/"  # begins the names of the counts, one array for each species


class Run:
    """The result of `reactions.simulate`, over N trajectories, T times and S species.

    A run is made by `reactions.simulate` or `load_run`. What `keep` left out is None.

    Parameters
    ----------
    times : ndarray of float64, shape (T,)
    species : sequence of str, length S
    arrays : mapping of str to ndarray
        Any of values, mean, std, covariance, reached, events_per_trajectory, status, final, passage, event_time,
        event_reaction, and ``histogram/i`` for each species i.
    settings : mapping
        How the run was made; JSON values. ``n``, ``first``, ``keep``, ``method``, ``seed``, ``events`` and ``ends``
        (how many trajectories ended in which way) are there.
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
        self._arrays = {name: array for name, array in arrays.items() if name in _ARRAYS or name.startswith(_HISTOGRAM)}
        self._settings = copy.deepcopy(dict(settings))
        for array in (self._times, *self._arrays.values()):
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
        """Amounts after all events up to and at each time: ndarray of float64, shape (N, T, S), or None.

        NaN behind the end of a trajectory that `max_events` or `timeout` ended.
        """
        return self._arrays.get("values")

    @property
    def reached(self) -> NDArray[np.int64]:
        """How many trajectories came as far as each time: ndarray of int64, shape (T,)."""
        if "reached" not in self._arrays:
            values = self._kept("reached", self.values)
            self._arrays["reached"] = (~np.isnan(values[:, :, 0])).sum(axis=0)
        return self._arrays["reached"]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean over the trajectories that reached the time: ndarray of float64, shape (T, S).

        Raises
        ------
        InputError
            The run kept nothing that has a mean on the grid.
        """
        if "mean" not in self._arrays:
            total = np.nansum(self._kept("mean", self.values), axis=0)
            self._arrays["mean"] = _divided(total, self.reached[:, None])
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
            squares = (self._kept("std", self.values) - self.mean) ** 2
            self._arrays["std"] = np.sqrt(_divided(np.nansum(squares, axis=0), self.reached[:, None] - 1))
        return self._arrays["std"]

    @property
    def covariance(self) -> NDArray[np.float64] | None:
        """Covariance of the species at each time: ndarray of float64, shape (T, S, S), or None."""
        if "covariance" not in self._arrays and self.values is not None:
            centred = np.nan_to_num(self.values - self.mean)
            products = np.einsum("nts,ntu->tsu", centred, centred)
            self._arrays["covariance"] = _divided(products, self.reached[:, None, None] - 1)
        return self._arrays.get("covariance")

    @property
    def histogram(self) -> dict[str, Histogram]:
        """How many trajectories have each amount, for each species: dict of str to `Histogram`.

        Raises
        ------
        InputError
            The run kept neither histograms nor trajectories.
        """
        if _HISTOGRAM + "0" not in self._arrays:
            values = self._kept("histogram", self.values)
            return {name: histogram_of(values[:, :, i], name) for i, name in enumerate(self._species)}
        made = {}
        for i, name in enumerate(self._species):
            counts, (low, high) = self._arrays[f"{_HISTOGRAM}{i}"], self._settings["bounds"][i]
            made[name] = Histogram(np.arange(low, high + 1), counts[:, 1:-1], counts[:, 0], counts[:, -1])
        return made

    @property
    def final(self) -> NDArray[np.float64] | None:
        """Amounts at the end of each trajectory: ndarray of float64, shape (N, S), or None."""
        return self._arrays.get("final")

    @property
    def passage(self) -> NDArray[np.float64] | None:
        """Time at which the condition first held: ndarray of float64, shape (N,), NaN where it never did, or None."""
        return self._arrays.get("passage")

    @property
    def event_times(self) -> NDArray[np.float64] | None:
        """Times of all events of the one trajectory: ndarray of float64, shape (E,), or None."""
        return self._arrays.get("event_time")

    @property
    def event_reactions(self) -> NDArray[np.uint32] | None:
        """Number of the reaction of each event: uint32, shape (E,), or None.

        2**32 - 1 stands for an event of the model, and for the end of a reaction with a delay.
        """
        return self._arrays.get("event_reaction")

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

    def _kept(self, what: str, held: NDArray[np.float64] | None) -> NDArray[np.float64]:
        if held is None:
            kept = self._settings["keep"]
            msg = f"[reactions.Run.{what}] the run has keep={kept!r} and nothing to make {what} of; keep 'trajectories'"
            raise InputError(msg)
        return held

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
        return self._kept("values", self.values)[:, :, self.index(species)]

    def to_xarray(self) -> xarray.Dataset:
        """Return everything as an xarray Dataset with dimensions trajectory, time and species.

        Raises
        ------
        MissingPartError
            xarray is not installed.
        """
        made: xarray.Dataset = _tables.dataset(self)
        return made

    def to_pandas(self) -> pandas.DataFrame:
        """Return one tidy table: a row for each trajectory, time and species.

        Columns are trajectory, time, species, amount for a run of trajectories; time, species, mean, std for one of
        moments; time, species, amount, trajectories (how many) for one of histograms; trajectory, species, amount for
        one of final states; trajectory, passage for one of first passages.

        Raises
        ------
        MissingPartError
            pandas is not installed.
        """
        pd: Any = _checks.optional("reactions.Run.to_pandas", "pandas", "data")
        made: pandas.DataFrame = pd.DataFrame(_tables.columns(self))
        return made

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the table of `to_pandas` to whatever reads Arrow's stream of the PyCapsule interface (extra `arrow`)."""
        return _tables.arrow(self).__arrow_c_stream__(requested_schema)

    def plot(
        self,
        kind: Literal["trajectories", "band", "histogram"] | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
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
        path : str or path, optional
            Write the picture there (.png, .svg or .pdf).
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

        drawn: matplotlib.axes.Axes = _plots.draw(self, kind, species, path, ax, limit, time)
        return drawn

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
        ends = self._settings["ends"]
        return "".join(f", {ends[name]:,} ended by {name}" for name in STATUS[2:] if ends.get(name))

    def _repr_html_(self) -> str:
        if "mean" not in self._arrays and self.values is None:
            return described(self)
        rows = (
            (name, f"{mean:.6g}", f"{std:.4g}")
            for name, mean, std in zip(self._species, self.mean[-1], self.std[-1], strict=True)
        )
        return described(self, ("species", f"mean at {self._times[-1]:g}", "sd"), rows, len(self._species))


def _divided(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide; NaN where there is nothing to divide by."""
    made = np.full(sums.shape, np.nan)
    np.divide(sums, counts, out=made, where=counts > 0)
    return made


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
        complete = {"n", "first", "keep", "events", "ends", "seed", "method"} <= settings.keys()
        fits = all(array.shape[: len(_shape(name, arrays))] == _shape(name, arrays) for name, array in arrays.items())
        if not complete or not fits or arrays["times"].size == 0:
            raise KeyError("shapes" if complete else "settings")
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
    if name.startswith(_HISTOGRAM) or name == "reached":
        return (times,)
    return (times, species) if name in {"mean", "std", "covariance"} else ()
