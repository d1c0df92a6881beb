"""Ensembles of ensembles: sweeps over parameters, sensitivities, and the law of first passages."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks
from stochos.errors import InputError, UnknownNameError
from stochos.random import seed_of
from stochos.reactions._times import time_grid
from stochos.reactions.network import Network
from stochos.reactions.run import Run
from stochos.reactions.simulation import simulate

if TYPE_CHECKING:
    import xarray

__all__ = ["PassageLaw", "passage_law", "sensitivities", "sweep"]


def _axes(where: str, net: Network, given: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    """Return the values of each parameter or species of a sweep."""
    if not hasattr(given, "items") or not given:
        msg = f"[{where}] over is {given!r}; give a mapping of parameters or species to their values"
        raise InputError(msg)
    axes = {}
    for name, values in given.items():
        if name not in net.parameters and name not in net.initial:
            known = ", ".join([*net.parameters, *net.initial][:20])
            msg = f"[{where}] {name!r} is no parameter and no species of the network; it has {known}"
            raise UnknownNameError(msg)
        array = _checks.array(where, f"the values of {name!r}", values, np.float64)
        if array.ndim > 1 or array.size == 0 or not np.isfinite(array).all():
            msg = f"[{where}] the values of {name!r} have shape {array.shape}; give finite numbers in one dimension"
            raise InputError(msg)
        axes[name] = np.atleast_1d(array)
    return axes


def _with(net: Network, values: Mapping[str, float]) -> Network:
    parameters = {name: value for name, value in values.items() if name in net.parameters}
    return net.with_(
        parameters=parameters, initial={name: value for name, value in values.items() if name not in parameters}
    )


def sweep(
    net: Network,
    times: ArrayLike,
    over: Mapping[str, ArrayLike],
    n: int = 1000,
    *,
    paired: bool = False,
    common: bool = False,
    seed: int | np.random.Generator | np.random.SeedSequence | None = 0,
    keep: Literal["moments", "trajectories", "final", "first_passage"] = "moments",
    **options: Any,
) -> xarray.Dataset:
    """Simulate an ensemble at each of many values of parameters and first amounts.

    Parameters
    ----------
    net : Network
    times : array of float, shape (T,)
    over : mapping of str to array
        Values of parameters, and first amounts of species. Every combination is simulated: a grid with one axis for
        each name.
    n : int
        Trajectories at each point.
    paired : bool
        The arrays are broadcast against each other instead, and there is one axis, ``point``.
    common : bool
        Every point has the same random numbers, which makes differences between points less noisy; by default
        each has its own: point i has trajectories i*n to i*n + n - 1.
    seed : int, numpy Generator, SeedSequence or None
    keep : {"moments", "trajectories", "final", "first_passage"}
    **options
        What `reactions.simulate` takes: ``method``, ``species``, ``threads``, ``condition``, ``executor`` and so on.

    Returns
    -------
    xarray.Dataset
        As `Run.to_xarray` with the axes of the sweep before its own.

    Raises
    ------
    MissingPartError
        xarray is not installed.
    UnknownNameError
        A name is no parameter and no species.
    InputError
        Values do not fit together or are out of range.
    """
    where = "reactions.sweep"
    xr: Any = _checks.optional(where, "xarray", "data")
    _checks.instance(where, "net", net, Network, "give a reactions.Network")
    n = _checks.whole(where, "n", n, 1, 2**40)
    _checks.choice(where, "keep", keep, ("moments", "trajectories", "final", "first_passage"))
    axes = _axes(where, net, over)
    first = _checks.whole(where, "first", options.pop("first", 0), 0, 2**62)
    number = secrets.randbits(64) if seed is None else seed_of(seed, where)
    if paired:
        try:
            columns = np.broadcast_arrays(*axes.values())
        except ValueError:
            sizes = ", ".join(f"{name}: {values.size}" for name, values in axes.items())
            msg = f"[{where}] the values are to be paired and are {sizes} many; give as many of each, or one"
            raise InputError(msg) from None
        points = [dict(zip(axes, map(float, row), strict=True)) for row in zip(*columns, strict=True)]
    else:
        meshes = np.meshgrid(*axes.values(), indexing="ij")
        points = [
            dict(zip(axes, map(float, row), strict=True)) for row in zip(*(m.ravel() for m in meshes), strict=True)
        ]
    parts = []
    for i, point in enumerate(points):
        start = first if common else first + i * n
        run = simulate(_with(net, point), times, n, first=start, seed=number, keep=keep, **options)
        made = run.to_xarray()
        if "trajectory" in made.coords:
            made = made.assign_coords(trajectory=np.arange(n))
        parts.append(made)
    whole = xr.concat(parts, dim="point", combine_attrs="drop", join="exact")
    if paired:
        whole = whole.assign_coords({f"{name}": ("point", [p[name] for p in points]) for name in axes})
    else:
        index = xr.Coordinates.from_pandas_multiindex(_product_index(axes), "point")
        whole = whole.drop_vars("point", errors="ignore").assign_coords(index).unstack("point")
        names = list(axes)
        whole = whole.transpose(*names, ...)
    whole.attrs = {"network": net.name or "", "n": n, "keep": keep, "seed": str(number), "common": int(common)}
    return whole  # type: ignore[no-any-return]


def _product_index(axes: Mapping[str, NDArray[np.float64]]) -> Any:
    import pandas as pd

    return pd.MultiIndex.from_product(list(axes.values()), names=list(axes))


def _chunks(n: int, size: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, n, size):
        yield begin, min(size, n - begin)


def sensitivities(
    net: Network,
    times: ArrayLike,
    parameters: Sequence[str] | None = None,
    n: int = 1000,
    *,
    step: float = 0.05,
    seed: int | np.random.Generator | np.random.SeedSequence | None = 0,
    **options: Any,
) -> xarray.Dataset:
    """Return the derivatives of the means by the parameters, by central differences with common random numbers.

    The trajectories k at both ends of a difference have the same random numbers, so that much of the noise falls out
    (M. Rathinam, P. W. Sheppard, M. Khammash, J. Chem. Phys. 132, 2010, 034103). The bias of a central difference falls
    with the square of the step.

    Parameters
    ----------
    net : Network
    times : array of float, shape (T,)
    parameters : sequence of str, optional
        By default all whose value is not 0.
    n : int
        Trajectories at each end of each difference, 2 or more.
    step : float
        Half the width of the difference, as a part of the parameter's value; 0 < step < 1.
    seed : int, numpy Generator, SeedSequence or None
    **options
        What `reactions.simulate` takes, but for ``keep``.

    Returns
    -------
    xarray.Dataset
        ``derivative``, ``standard_error`` (of the noise, not of the step) and ``elasticity``, the derivative of the
        logarithm of the mean by the logarithm of the parameter, each over (parameter, time, species).

    Raises
    ------
    MissingPartError
        xarray is not installed.
    UnknownNameError
        A name is no parameter.
    InputError
        A parameter is 0 or drawn, or an argument is out of range.
    """
    where = "reactions.sensitivities"
    xr: Any = _checks.optional(where, "xarray", "data")
    _checks.instance(where, "net", net, Network, "give a reactions.Network")
    n = _checks.whole(where, "n", n, 2, 2**40)
    step = _checks.real(where, "step", step)
    if not 0 < step < 1:
        msg = f"[{where}] step is {step}; give a part of the parameter's value, between 0 and 1"
        raise InputError(msg)
    if "keep" in options:
        msg = f"[{where}] keep is {options['keep']!r}; a difference needs trajectories, leave it out"
        raise InputError(msg)
    grid = time_grid(where, times)
    values = net.parameters
    names = [name for name, value in values.items() if value] if parameters is None else list(parameters)
    for name in names:
        if name not in values:
            msg = f"[{where}] {name!r} is no parameter of the network; it has {', '.join(list(values)[:20])}"
            raise UnknownNameError(msg)
        if values[name] == 0 or np.isnan(values[name]):
            msg = f"[{where}] the parameter {name!r} is {values[name]}; a relative step needs a number that is not 0"
            raise InputError(msg)
    number = secrets.randbits(64) if seed is None else seed_of(seed, where)
    first = _checks.whole(where, "first", options.pop("first", 0), 0, 2**62)
    columns = list(options.get("species") or net.species)
    size = max(1, min(n, 2**22 // max(1, grid.size * len(columns))))
    found = np.zeros((3, len(names), grid.size, len(columns)))
    for i, name in enumerate(names):
        half = abs(values[name]) * step
        ends = [net.with_(parameters={name: values[name] + sign * half}) for sign in (1, -1)]
        total, squares, level = (np.zeros(found.shape[2:]) for _ in range(3))
        for begin, count in _chunks(n, size):
            runs = [
                simulate(end, grid, count, first=first + begin, seed=number, keep="trajectories", **options)
                for end in ends
            ]
            high, low = (_values(run) for run in runs)
            difference = (high - low) / (2 * half)
            total += difference.sum(axis=0)
            squares += (difference**2).sum(axis=0)
            level += ((high + low) / 2).sum(axis=0)
        mean = total / n
        found[0, i] = mean
        found[1, i] = np.sqrt(np.maximum(squares / n - mean**2, 0) / (n - 1))
        centre = level / n
        found[2, i] = np.divide(mean * values[name], centre, out=np.full_like(mean, np.nan), where=centre != 0)
    dims = ("parameter", "time", "species")
    kinds = ("derivative", "standard_error", "elasticity")
    made: xarray.Dataset = xr.Dataset(
        {kind: (dims, array) for kind, array in zip(kinds, found, strict=True)},
        coords={
            "parameter": names,
            "time": grid,
            "species": columns,
            "value": ("parameter", [values[p] for p in names]),
        },
        attrs={"network": net.name or "", "n": n, "step": step, "seed": str(number)},
    )
    return made


def _values(run: Run) -> NDArray[np.float64]:
    values = run.values
    assert values is not None
    return values


@dataclasses.dataclass(frozen=True)
class PassageLaw:
    """The distribution of a first passage, as far as the simulation went.

    Attributes
    ----------
    times : ndarray of float64, shape (K,)
    probability : ndarray of float64, shape (K,)
        Part of the trajectories whose passage came at or before each time.
    low, high : ndarray of float64, shape (K,)
        A band that holds the true probabilities at all times at once with the wanted confidence.
    passed, never : int
        Trajectories with and without a passage until the end.
    mean, std : float
        Of the passages that came; NaN for none.
    """

    times: NDArray[np.float64]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    passed: int
    never: int
    mean: float
    std: float

    def __repr__(self) -> str:
        part = f"{self.passed:,} of {self.passed + self.never:,} passed"
        return f"<PassageLaw: {part}, at {self.mean:.6g} ± {self.std:.3g}>" if self.passed else f"<PassageLaw: {part}>"


def passage_law(run: Run, times: ArrayLike | None = None, *, confidence: float = 0.95) -> PassageLaw:
    """Return the distribution of the first passages of a run made with ``keep="first_passage"``.

    The band is that of A. Dvoretzky, J. Kiefer and J. Wolfowitz with the constant of P. Massart (Ann. Probab. 18,
    1990): the empirical distribution is nowhere further off than sqrt(log(2/(1 - confidence))/(2 N)).

    Parameters
    ----------
    run : Run
    times : array of float, shape (K,), optional
        Where to give it; by default at every passage.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    PassageLaw

    Raises
    ------
    InputError
        The run has no passages, trajectories ended early by `max_events` or `timeout`, or an argument is out of range.
    """
    where = "reactions.passage_law"
    _checks.instance(where, "run", run, Run, "give what reactions.simulate returns")
    passage, status = run.passage, run.status
    if passage is None or status is None:
        msg = f"[{where}] the run has keep={run.settings['keep']!r}; simulate with keep='first_passage'"
        raise InputError(msg)
    confidence = _checks.real(where, "confidence", confidence)
    if not 0 < confidence < 1:
        msg = f"[{where}] confidence is {confidence}; give a number between 0 and 1"
        raise InputError(msg)
    cut = int(((status >= 2) & np.isnan(passage)).sum())
    if cut:
        msg = f"[{where}] {cut} trajectories were ended early, so that when they would have passed is unknown"
        raise InputError(msg)
    came = np.sort(passage[~np.isnan(passage)])
    grid = np.unique(came) if times is None else time_grid(where, times)
    probability = np.searchsorted(came, grid, side="right") / passage.size
    reach = np.sqrt(np.log(2 / (1 - confidence)) / (2 * passage.size))
    return PassageLaw(
        grid,
        probability,
        np.maximum(probability - reach, 0),
        np.minimum(probability + reach, 1),
        int(came.size),
        int(passage.size - came.size),
        float(came.mean()) if came.size else float("nan"),
        float(came.std(ddof=1)) if came.size > 1 else float("nan"),
    )
