"""Products of matrices whose size may leave the range of float64: kept as a matrix near 1 and a logarithm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stochos.nn.flow._weights import Array

__all__ = ["backwards", "backwards_at", "blocks", "exponents", "grid", "log_norms", "named"]

Steps = NDArray[np.int64]
Make = Callable[[Steps], Array]
_AHEAD = 2**22  # bytes of Jacobians made at a time
_SPREAD = 1e3  # growth between the directions of a frame that is let pass before it is made orthogonal again


def scaled(matrices: Array) -> Array:
    """Divide each matrix by its largest entry, in place; return the logarithms of what was taken out."""
    largest = np.abs(matrices).max(axis=(-2, -1), initial=0.0)
    safe = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    matrices /= safe[..., None, None]
    with np.errstate(divide="ignore"):
        return np.where(largest > 0, np.log(safe), -np.inf)


def log_norms(matrices: Array) -> Array:
    """Return the logarithm of the spectral norm of each matrix (..., S, S).

    The largest eigenvalue of M^T M is accurate to the last bits, being the largest; the small ones are not asked for.
    """
    matrices = matrices.astype(np.float64)
    taken = scaled(matrices)
    values = np.linalg.eigvalsh(np.swapaxes(matrices, -1, -2) @ matrices)[..., -1]
    with np.errstate(divide="ignore"):
        return np.asarray(0.5 * np.log(np.maximum(values, 0.0)) + taken)


def _batches(steps: Steps, size: int) -> list[Steps]:
    count = max(1, _AHEAD // (size * size * 8))
    return [steps[k : k + count] for k in range(0, len(steps), count)]


def backwards(make: Make, steps: Steps, size: int) -> Array:
    """Return the logarithm of the norm of J[steps[0]], J[steps[0]] J[steps[1]], and so on."""
    product, log = np.eye(size), 0.0
    found = []
    for some in _batches(steps, size):
        held = np.empty((len(some), size, size))
        taken = np.empty(len(some))
        for k, jacobian in enumerate(make(some)):
            product = product @ jacobian
            log += float(scaled(product[None])[0])
            held[k], taken[k] = product, log
        found.append(log_norms(held) + taken)
    return np.concatenate(found) if found else np.empty(0)


def exponents(make: Make, steps: Steps, size: int) -> Array:
    """Return the Lyapunov exponents, descending (Benettin et al. 1980, by QR).

    A frame is made orthogonal again before its directions have grown apart by more than a thousandfold, so that no
    more than three digits of sixteen are lost.
    """
    frame, sums = np.eye(size), np.zeros(size)
    waited, wait = 0, 1
    for some in _batches(steps, size):
        for jacobian in make(some):
            frame = jacobian @ frame
            waited += 1
            if waited >= wait:
                frame, grown = _orthogonal(frame)
                sums += grown
                apart = float(np.ptp(grown)) / waited
                wait = max(1, min(16, int(np.log(_SPREAD) / apart))) if 0 < apart < np.inf else 1
                waited = 0
    if waited:
        sums += _orthogonal(frame)[1]
    return np.sort(sums / len(steps))[::-1]


def _orthogonal(frame: Array) -> tuple[Array, Array]:
    made, triangle = np.linalg.qr(frame)
    with np.errstate(divide="ignore"):
        return made, np.log(np.abs(np.diagonal(triangle)))


def grid(length: int, stride: int) -> tuple[Steps, Steps]:
    """Return ends and lags for a stride."""
    ends = np.arange(length - 1, -1, -stride)[::-1]
    first = np.arange(1, stride + 1) if stride <= 8 else np.append(2 ** np.arange(int(np.log2(stride - 1)) + 1), stride)
    return ends, np.unique(np.concatenate([first, np.arange(stride, length + 1, stride)]))


def blocks(make: Make, ends: Steps, lags: Steps, stride: int, size: int) -> Array:
    """Return the logarithms of the norms over the grid of `grid`: (E, L)."""
    found = np.full((len(ends), len(lags)), np.nan)
    place = {int(lag): k for k, lag in enumerate(lags)}
    whole = np.empty((len(ends), size, size))
    logs = np.zeros(len(ends))
    for e, end in enumerate(ends):
        # The strides themselves, from their ends backwards; the first one may be shorter and is then no whole stride.
        product, log = np.eye(size), 0.0
        steps = np.arange(end, max(-1, end - stride), -1)
        for lag, jacobian in enumerate(make(steps), start=1):
            product = product @ jacobian
            log += float(scaled(product[None])[0])
            if lag in place:
                found[e, place[lag]] = log_norms(product[None])[0] + log
        whole[e], logs[e] = product, log
    products, sums = whole.copy(), logs.copy()
    for count in range(2, len(ends) + 1):
        # Products that end at e and hold `count` whole strides; e = count - 1 is the first that may have so many.
        lag = count * stride
        products = products[1:] @ whole[: len(ends) - count + 1]
        sums = sums[1:] + logs[: len(ends) - count + 1] + scaled(products)
        there = ends[count - 1 :] + 1 >= lag
        if lag in place and there.any():
            at = np.flatnonzero(there)
            found[count - 1 + at, place[lag]] = log_norms(products[at]) + sums[at]
    return found


def backwards_at(make: Make, steps: Steps, lags: Steps, size: int) -> Array:
    """Return the logarithms of the norms of `backwards` after some numbers of factors alone, ascending."""
    found = np.empty(len(lags))
    product, log, place, lag = np.eye(size), 0.0, 0, 0
    for some in _batches(steps[: lags[-1] if len(lags) else 0], size):
        for jacobian in make(some):
            product = product @ jacobian
            log += float(scaled(product[None])[0])
            lag += 1
            if lag == lags[place]:
                found[place] = log_norms(product[None])[0] + log
                place += 1
    return found


def named(make: Make, ends: Steps, lags: Steps, size: int) -> Array:
    """Return the logarithms of the norms over the ends and lags that the caller names: (E, L)."""
    found = np.full((len(ends), len(lags)), np.nan)
    for e, end in enumerate(ends):
        reach = lags[lags <= end + 1]
        found[e, : len(reach)] = backwards_at(make, np.arange(end, -1, -1), reach, size)
    return found
