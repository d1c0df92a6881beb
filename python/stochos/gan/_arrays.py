"""The functions that formulas are written in, for NumPy arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

exp, expm1, log, log1p, sqrt = np.exp, np.expm1, np.log, np.log1p, np.sqrt
abs, sign, tanh, where = np.abs, np.sign, np.tanh, np.where


def softplus(v: Floats) -> Floats:
    """Return log(1 + e^v) without overflow."""
    return np.logaddexp(0.0, v)


def sigmoid(v: Floats) -> Floats:
    """Return 1 / (1 + e^-v) without overflow."""
    return np.exp(-np.logaddexp(0.0, -v))
