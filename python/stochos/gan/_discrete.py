"""The value of a divergence between two laws on finitely many points."""

from __future__ import annotations

import math

import numpy as np

from stochos.errors import InputError
from stochos.gan import _arrays
from stochos.gan._arrays import Floats
from stochos.gan._formulas import Formula


def law(where: str, name: str, values: object) -> Floats:
    """Return `values` as probabilities (K,); they must be finite, not negative and sum to 1 within 1e-6."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        msg = f"[{where}] {name} is of type {type(values).__name__}; give probabilities as numbers ({error})"
        raise InputError(msg) from None
    if array.ndim != 1 or array.size == 0:
        msg = f"[{where}] {name} has the shape {array.shape}; give one probability for each point, shape (K,)"
        raise InputError(msg)
    bad = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if bad.size:
        msg = f"[{where}] {name}[{bad[0]}] is {array[bad[0]]!r}; a probability is a finite number from 0 on"
        raise InputError(msg)
    total = math.fsum(array)
    if abs(total - 1.0) > 1e-6:
        msg = f"[{where}] {name} sums to {total!r}; probabilities sum to 1 (divide by their sum)"
        raise InputError(msg)
    return array


def between(formula: Formula, p: Floats, q: Floats) -> float:
    """Return the sum of q f(p/q), with f(0) and the slope of f where one of the two is nothing."""
    both = (p > 0) & (q > 0)
    with np.errstate(over="ignore"):
        values = q[both] * formula.f(_arrays, p[both] / q[both])
    only_p, only_q = math.fsum(p[q == 0]), math.fsum(q[p == 0])
    # nothing times infinity is nothing here
    edge = (only_p * formula.slope if only_p > 0 else 0.0) + (only_q * formula.at_zero if only_q > 0 else 0.0)
    return math.fsum(values) + edge if np.isfinite(values).all() else math.inf
