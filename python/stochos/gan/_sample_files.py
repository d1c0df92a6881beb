"""Samples from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stochos import _reading
from stochos.errors import FileFormatError

__all__ = ["read_samples"]

_LARGEST = 4 << 30  # bytes of text


def read_samples(path: Path, where: str) -> NDArray[np.float64]:
    """Read samples from a .npy file, or from text with one point a line, numbers with commas or blanks between."""
    if path.suffix.lower() == ".npy":
        return np.asarray(_reading.array(path, where), dtype=np.float64)
    text = _reading.content(path, where, _LARGEST)
    try:
        lines = [line.replace(",", " ").split() for line in text.decode("utf-8-sig").splitlines()]
        return np.array([[float(cell) for cell in line] for line in lines if line], dtype=np.float64)
    except ValueError as error:
        msg = f"[{where}] {path} holds no samples: {error}; give a .npy array (N, ...) or a line of numbers a point"
        raise FileFormatError(msg) from None
