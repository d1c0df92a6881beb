"""Pictures of what stands behind the estimates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks, _figures
from stochos.errors import InputError
from stochos.gan._divergence import Divergence, divergence

__all__ = ["local_variational_plot", "samples_plot"]


def local_variational_plot(
    f: Divergence | str,
    *,
    low: float = 0.05,
    high: float = 4.0,
    tangents: int = 12,
    path: _figures.Path = None,
    ax: Any = None,
) -> Any:
    """Draw f as the envelope of its tangents; needs matplotlib (``pip install 'stochos[plot]'``).

    The tangent with the slope t is u -> t u - f*(t). A convex f is the highest of them at every u, so that a maximum
    over t stands for f: this is what turns a divergence into a maximum over witnesses.

    Parameters
    ----------
    f
        A divergence, or its name.
    low, high
        Range of the ratio u = p/q, 0 < low < high.
    tangents
        How many, from 1 to 200; their points of contact are spaced evenly in log u.
    path
        Write the picture there (.png, .svg or .pdf).
    ax
        Axes to draw on; new ones when None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        A number is out of range.
    UnknownNameError
        There is no divergence of this name.
    MissingPartError
        matplotlib is not installed.
    """
    where = "gan.local_variational_plot"
    d = divergence(f) if isinstance(f, str) else f
    _checks.instance(where, "f", d, Divergence, "give a divergence or its name")
    first, last = _checks.real(where, "low", low, 1e-6), _checks.real(where, "high", high, 1e-6)
    if not first < last:
        msg = f"[{where}] low is {first:g} and high {last:g}; give 0 < low < high"
        raise InputError(msg)
    count = _checks.whole(where, "tangents", tangents, 1, 200)
    ax = _figures.axes(where, path, ax, (7, 4.5))
    u = np.linspace(first, last, 400)
    touch = np.exp(np.linspace(np.log(first), np.log(last), count + 2)[1:-1])
    slopes = d.witness(touch)
    for i, (slope, intercept) in enumerate(zip(slopes, d.conjugate(slopes), strict=True)):
        ax.plot(u, slope * u - intercept, color="tab:orange", lw=0.8, alpha=0.7, label="tangents" if i == 0 else None)
    values = d.f(u)
    ax.plot(u, values, color="tab:blue", lw=2, label=f"f of {d.name}")
    ax.plot(touch, d.f(touch), "o", color="tab:blue", ms=3)
    span = float(np.ptp(values)) or 1.0
    ax.set(xlabel="u = p/q", ylabel="f(u)", xlim=(0, last), ylim=(values.min() - 0.4 * span, values.max() + 0.1 * span))
    ax.legend(frameon=False)
    _figures.keep(ax.figure, path, where)
    return ax


def samples_plot(made: ArrayLike, real: ArrayLike | None = None, *, path: _figures.Path = None, ax: Any = None) -> Any:
    """Draw samples: points in the plane over the real ones, or square images side by side; needs matplotlib.

    Parameters
    ----------
    made
        (N, 2) points, (N, H, W) images, or (N, H·H) flat square images.
    real
        Real examples of the same shape, drawn beneath the points; images are drawn without them.
    path
        Write the picture there (.png, .svg or .pdf).
    ax
        Axes to draw on; new ones when None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        The samples have another shape.
    MissingPartError
        matplotlib is not installed.
    """
    where = "gan.samples_plot"
    samples = np.asarray(made, dtype=np.float64)
    check_shape(where, samples)
    if samples.ndim == 2 and samples.shape[1] == 2:
        ax = _figures.axes(where, path, ax, (5, 5))
        if real is not None:
            ax.scatter(*np.asarray(real, dtype=np.float64).T, s=4, color="0.75", linewidths=0, label="real")
        ax.scatter(*samples.T, s=4, color="tab:blue", alpha=0.6, linewidths=0, label="made")
        ax.set_aspect("equal")
        ax.legend(frameon=False, loc="upper right", markerscale=3)
        _figures.keep(ax.figure, path, where)
        return ax
    images = _images(samples)
    across = math.ceil(math.sqrt(len(images)))
    down = math.ceil(len(images) / across)
    height, width = images.shape[1:]
    grid = np.full((down * (height + 1) - 1, across * (width + 1) - 1), np.nan)
    for i, image in enumerate(images):
        row, column = divmod(i, across)
        grid[row * (height + 1) :, column * (width + 1) :][:height, :width] = image
    ax = _figures.axes(where, path, ax, (5, 5 * down / across))
    ax.imshow(grid, cmap="gray_r", interpolation="nearest")
    ax.set_axis_off()
    _figures.keep(ax.figure, path, where)
    return ax


def check_shape(where: str, samples: NDArray[Any]) -> None:
    """Refuse samples that no picture can be made of.

    Raises
    ------
    InputError
    """
    square = samples.ndim == 2 and (samples.shape[1] == 2 or math.isqrt(samples.shape[1]) ** 2 == samples.shape[1] > 1)
    if len(samples) == 0 or not (square or samples.ndim == 3 or (samples.ndim == 4 and samples.shape[3] == 1)):
        msg = f"[{where}] samples have shape {samples.shape}; a picture needs points (N, 2) or images (N, H, W)"
        raise InputError(msg)


def _images(samples: NDArray[Any]) -> NDArray[Any]:
    if samples.ndim == 2:
        side = math.isqrt(samples.shape[1])
        return samples.reshape(-1, side, side)
    return samples.reshape(samples.shape[:3])
