"""Pictures of what stands behind the estimates."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochos import _checks
from stochos.errors import InputError
from stochos.gan._divergence import Divergence, divergence

__all__ = ["local_variational_plot"]


def local_variational_plot(
    f: Divergence | str,
    *,
    low: float = 0.05,
    high: float = 4.0,
    tangents: int = 12,
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
    if ax is None:
        pyplot = _checks.optional(where, "matplotlib.pyplot", "plot")
        _, ax = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
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
    return ax
