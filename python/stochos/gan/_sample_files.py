"""Samples from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stochos.errors import FileError, FileFormatError

__all__ = ["read_samples"]


def read_samples(path: Path, where: str) -> NDArray[np.float64]:
    """Read samples from a .npy file, or from text with one point a line, numbers with commas or blanks between."""
    try:
        if path.suffix.lower() == ".npy":
            found = np.load(path, allow_pickle=False)
        else:
            lines = [line.replace(",", " ").split() for line in path.read_text("utf-8-sig").splitlines()]
            found = np.array([[float(cell) for cell in line] for line in lines if line])
    except OSError as error:
        msg = f"[{where}] cannot read {path}: {error.strerror or error}"
        raise FileError(error.errno or 2, msg) from error
    except (ValueError, EOFError) as error:
        msg = f"[{where}] {path} holds no samples: {error}; give a .npy array (N, ...) or a line of numbers a point"
        raise FileFormatError(msg) from None
    if found.dtype.kind not in "fiub":
        msg = f"[{where}] {path} holds {found.dtype}; give numbers"
        raise FileFormatError(msg)
    return np.asarray(found, dtype=np.float64)
