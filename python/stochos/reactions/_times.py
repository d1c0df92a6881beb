"""The check of a grid of times."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks
from stochos.errors import InputError, InputTypeError


def time_grid(where: str, times: ArrayLike) -> NDArray[np.float64]:
    """Return `times` as a new float64 array of its own: finite, 0 or more, strictly increasing, not empty.

    Raises
    ------
    InputTypeError
        They are no real numbers.
    InputError
        They are no such grid; the message names the place.
    """
    given = _checks.array(where, "times", times)
    if given.dtype.kind not in "fiu":
        msg = f"[{where}] times are of dtype {given.dtype}; give real numbers"
        raise InputTypeError(msg)
    if given.ndim != 1 or given.size == 0:
        msg = f"[{where}] times have shape {given.shape}; give one or more times in one dimension"
        raise InputError(msg)
    grid = np.array(given, dtype=np.float64)
    if not np.isfinite(grid).all() or grid[0] < 0:
        at = int(np.flatnonzero(~np.isfinite(grid) | (grid < 0))[0])
        msg = f"[{where}] times[{at}] is {grid[at]}; give finite times, 0 or more"
        raise InputError(msg)
    steps = np.diff(grid)
    if (steps <= 0).any():
        at = int(np.flatnonzero(steps <= 0)[0]) + 1
        msg = f"[{where}] times[{at}] is {grid[at]}, not above times[{at - 1}] = {grid[at - 1]}; give increasing times"
        raise InputError(msg)
    return grid
