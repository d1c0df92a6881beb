"""How good samples are, where the law is known or another sample stands for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks
from stochos.errors import InputError
from stochos.gan._arrays import Floats
from stochos.gan._divergence import Divergence, divergence
from stochos.gan._mixtures import Mixture

__all__ = ["Coverage", "coverage", "divergence_from", "mmd"]


@dataclass(frozen=True)
class Coverage:
    """How samples lie on the modes of a mixture.

    Attributes
    ----------
    modes
        Modes with at least a tenth of their share of samples within the reach.
    quality
        Share of the samples within the reach of a mode.
    counts
        Samples within the reach of each mode, int64 (K,).
    """

    modes: int
    quality: float
    counts: NDArray[np.int64]


def coverage(samples: ArrayLike, mixture: Mixture, *, reach: float = 3.0) -> Coverage:
    """Count the modes that samples cover, and the samples that lie on one.

    Parameters
    ----------
    samples
        (N, d).
    mixture
        The true law.
    reach
        Standard deviations around a center that count as on it.

    Raises
    ------
    InputError
        The samples do not fit the mixture.

    Notes
    -----
    The mixture's own samples in the plane are within 3 deviations with probability 1 - exp(-4.5) = 0.9889.
    """
    where = "gan.metrics.coverage"
    x = _samples(where, "samples", samples, mixture.centers.shape[1])
    within = _checks.real(where, "reach", reach, 0.0) * mixture.deviation
    nearest, distance = _nearest(x, mixture)
    counts = np.bincount(nearest[distance <= within], minlength=len(mixture.centers)).astype(np.int64)
    covered = int((counts >= np.maximum(1.0, 0.1 * mixture.weights * len(x))).sum())
    return Coverage(covered, float((distance <= within).mean()), counts)


def divergence_from(samples: ArrayLike, mixture: Mixture, d: Divergence | str = "js", *, rings: int = 8) -> float:
    """Return D(law of the samples || mixture), both looked at in cells.

    A cell is a mode and one of the rings around it that a Gaussian fills equally; the last has no end.
    Looking in cells makes a divergence smaller, a finite sample makes it larger, by about (cells - 1) f''(1) / (2 N).

    Parameters
    ----------
    samples
        (N, d).
    mixture
        The true law.
    d
        A divergence or its name.
    rings
        Around each mode.

    Raises
    ------
    InputError
        The samples do not fit the mixture.
    """
    where = "gan.metrics.divergence_from"
    chosen = divergence(d) if isinstance(d, str) else d
    _checks.instance(where, "d", chosen, Divergence, "give a divergence or its name")
    x = _samples(where, "samples", samples, mixture.centers.shape[1])
    count = _checks.whole(where, "rings", rings, 1, 1000)
    # The true law of the cells from a large sample: right where modes overlap, too.
    true = mixture.sample(200_000, 0).astype(np.float64)
    distance = _nearest(true, mixture)[1]
    edges = np.quantile(distance, np.arange(1, count) / count)

    def law(points: Floats) -> Floats:
        nearest, away = _nearest(points, mixture)
        cells = nearest * count + np.searchsorted(edges, away)
        return np.bincount(cells, minlength=count * len(mixture.centers)) / len(points)

    return chosen.between(law(x), law(true))


def mmd(x: ArrayLike, y: ArrayLike, *, bandwidths: ArrayLike | None = None) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy of two samples; it may be below 0.

    Parameters
    ----------
    x, y
        (N, d) and (M, d), at least two points each.
    bandwidths
        Standard deviations of the Gaussian kernels, whose mean is the kernel; default: 1/4, 1/2, 1, 2 and 4 times the
        median distance between points of both samples (at most 1000 of each are looked at for it).

    Raises
    ------
    InputError
        The samples do not fit each other, or a bandwidth is not above 0.

    References
    ----------
    A. Gretton et al., "A kernel two-sample test", JMLR 13 (2012), lemma 6.
    """
    where = "gan.metrics.mmd"
    a = _samples(where, "x", x, None)
    b = _samples(where, "y", y, a.shape[1])
    if min(len(a), len(b)) < 2:
        msg = f"[{where}] there are {len(a)} and {len(b)} points; give at least two of each"
        raise InputError(msg)
    if bandwidths is None:
        both = np.concatenate([a[:1000], b[:1000]])
        middle = float(np.sqrt(np.median(_squares(both, both)[np.triu_indices(len(both), 1)])))
        widths = (middle if middle > 0 else 1.0) * np.array([0.25, 0.5, 1.0, 2.0, 4.0])
    else:
        widths = np.atleast_1d(np.asarray(bandwidths, dtype=np.float64))
        if widths.ndim != 1 or widths.size == 0 or not (np.isfinite(widths).all() and (widths > 0).all()):
            msg = f"[{where}] bandwidths are {bandwidths!r}; give numbers above 0"
            raise InputError(msg)
    n, m = len(a), len(b)
    own = (_kernel_sum(a, a, widths) - n) / (n * (n - 1)) + (_kernel_sum(b, b, widths) - m) / (m * (m - 1))
    return own - 2.0 * _kernel_sum(a, b, widths) / (n * m)


def _kernel_sum(a: Floats, b: Floats, widths: Floats, block: int = 512) -> float:
    total = 0.0
    for start in range(0, len(a), block):
        squares = _squares(a[start : start + block], b)
        total += sum(float(np.exp(squares / (-2.0 * width * width)).sum()) for width in widths) / len(widths)
    return total


def _squares(a: Floats, b: Floats) -> Floats:
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2.0 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0), dtype=np.float64)


def _nearest(x: Floats, mixture: Mixture) -> tuple[NDArray[np.int64], Floats]:
    squares = ((x[:, None, :] - mixture.centers) ** 2).sum(axis=2)
    nearest = squares.argmin(axis=1)
    return nearest, np.sqrt(squares[np.arange(len(x)), nearest])


def _samples(where: str, name: str, values: ArrayLike, width: int | None) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or len(array) == 0 or (width is not None and array.shape[1] != width):
        msg = f"[{where}] {name} has shape {array.shape}; give points (N, {'d' if width is None else width})"
        raise InputError(msg)
    if not np.isfinite(array).all():
        msg = f"[{where}] {name} holds numbers that are not finite"
        raise InputError(msg)
    return array
