"""Mixtures of Gaussians whose law is known: what a GAN can be measured with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks
from stochos.errors import InputError
from stochos.gan._arrays import Floats
from stochos.nn import _philox
from stochos.random import seed_of

__all__ = ["Mixture", "lattice", "ring"]


class Mixture:
    """Gaussians of equal standard deviation in every direction.

    Parameters
    ----------
    centers
        (K, d).
    deviation
        Standard deviation of each coordinate.
    weights
        (K,), summing to 1; default: equal.

    Raises
    ------
    InputError
        Shapes that do not fit, or numbers out of range.
    """

    def __init__(self, centers: ArrayLike, deviation: float, weights: ArrayLike | None = None) -> None:
        where = "gan.Mixture"
        self.centers: Floats = np.array(centers, dtype=np.float64)
        if self.centers.ndim != 2 or self.centers.size == 0 or not np.isfinite(self.centers).all():
            msg = f"[{where}] centers have shape {self.centers.shape}; give finite points (K, d)"
            raise InputError(msg)
        self.deviation = _checks.real(where, "deviation", deviation, 1e-300)
        count = len(self.centers)
        self.weights: Floats = np.full(count, 1 / count) if weights is None else np.array(weights, dtype=np.float64)
        if self.weights.shape != (count,) or not (self.weights >= 0).all() or abs(self.weights.sum() - 1) > 1e-6:
            msg = f"[{where}] weights are {self.weights!r}; give {count} numbers of 0 or more that sum to 1"
            raise InputError(msg)

    def sample(self, n: int, seed: int | np.random.Generator | np.random.SeedSequence = 0) -> NDArray[np.float32]:
        """Return n points (n, d), float32, a function of the seed."""
        count = _checks.whole("gan.Mixture.sample", "n", n, 0)
        number, d = seed_of(seed, "gan.Mixture.sample"), self.centers.shape[1]
        which = np.searchsorted(np.cumsum(self.weights)[:-1], _philox.uniform(number, count, 0), side="right")
        noise = _philox.normal(number, count * d, 1).reshape(count, d)
        return np.asarray(self.centers[which] + self.deviation * noise, dtype=np.float32)

    def log_density(self, points: ArrayLike) -> Floats:
        """Return the logarithm of the density at points (N, d), shape (N,)."""
        x = np.asarray(points, dtype=np.float64)
        d = self.centers.shape[1]
        if x.ndim != 2 or x.shape[1] != d:
            msg = f"[gan.Mixture.log_density] points have shape {x.shape}; give (N, {d})"
            raise InputError(msg)
        squares = ((x[:, None, :] - self.centers) ** 2).sum(axis=2) / (2 * self.deviation**2)
        with np.errstate(divide="ignore"):
            parts = np.log(self.weights) - squares
        top = parts.max(axis=1)
        scale = d * (0.5 * np.log(2 * np.pi) + np.log(self.deviation))
        return np.asarray(top + np.log(np.exp(parts - top[:, None]).sum(axis=1)) - scale, dtype=np.float64)

    def __repr__(self) -> str:
        count, d = self.centers.shape
        return f"<Mixture of {count} Gaussians in {d} dimensions, deviation {self.deviation:g}>"


def ring(modes: int = 8, *, radius: float = 2.0, deviation: float = 0.05) -> Mixture:
    """Return Gaussians evenly on a circle in the plane."""
    count = _checks.whole("gan.ring", "modes", modes, 1)
    angles = 2 * np.pi * np.arange(count) / count
    size = _checks.real("gan.ring", "radius", radius, 0.0)
    return Mixture(size * np.stack([np.cos(angles), np.sin(angles)], axis=1), deviation)


def lattice(modes: int = 25, *, spacing: float = 1.0, deviation: float = 0.05) -> Mixture:
    """Return Gaussians on a square grid in the plane around 0; `modes` is a square number."""
    count = _checks.whole("gan.lattice", "modes", modes, 1)
    side = round(count**0.5)
    if side * side != count:
        msg = f"[gan.lattice] modes is {count}; give a square number such as 25"
        raise InputError(msg)
    line = _checks.real("gan.lattice", "spacing", spacing, 0.0) * (np.arange(side) - (side - 1) / 2)
    return Mixture(np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2), deviation)
