"""Draws for starting values over the core's Philox4x32-10, bit-identical on every machine.

Purpose 7 of stream version 1. Element i of a draw takes word ``i % 4`` of the block with counter (record, i // 4). Only
additions, products, quotients and square roots are used, which IEEE 754 fixes to the last bit.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from stochos import _core

__all__ = ["TENSOR_SHUFFLE", "TENSOR_START", "child_seed", "normal", "permutation", "uniform", "words"]

#: What a stream is for; see cpp/random/stream.hpp.
TENSOR_START = 7
TENSOR_SHUFFLE = 8


def child_seed(seed: int, *labels: str | int) -> int:
    """Return the seed that belongs to a named part of something with a seed.

    Parameters
    ----------
    seed : int
        In [0, 2**64).
    *labels : str or int
        The part's name or its path; other labels give an independent seed.

    Returns
    -------
    int
        In [0, 2**64), a function of the arguments alone.
    """
    text = "\x1f".join([str(seed), *(f"{type(label).__name__}:{label}" for label in labels)])
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")


def words(seed: int, count: int, record: int = 0, purpose: int = TENSOR_START) -> NDArray[np.uint32]:
    """Return `count` random 32-bit words.

    Parameters
    ----------
    seed : int
        In [0, 2**64).
    count : int
        Number of words, 0 or more.
    record : int
        Which of the 2**64 sequences of this seed.
    purpose : int
        What the draw is for.

    Returns
    -------
    ndarray of uint32, shape (count,)
    """
    return _core.random_words(seed, purpose, record, count)


def uniform(seed: int, count: int, record: int = 0) -> NDArray[np.float64]:
    """Return `count` numbers in (0, 1), the middles of 2**32 equal cells.

    Parameters
    ----------
    seed, count, record : int
        See `words`.

    Returns
    -------
    ndarray of float64, shape (count,)
    """
    return np.asarray((words(seed, count, record) + 0.5) * 2.0**-32, dtype=np.float64)


def _log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of positive numbers from basic operations alone, to a few ulp."""
    fraction, exponent = np.frexp(x)
    low = fraction < 0.7071067811865476
    fraction, exponent = np.where(low, fraction * 2.0, fraction), exponent - low
    s = (fraction - 1.0) / (fraction + 1.0)
    square, total = s * s, np.zeros_like(s)
    for odd in range(21, 0, -2):  # the series of atanh; |s| < 0.172, so the next term is below 1e-18
        total = total * square + 1.0 / odd
    return np.asarray(2.0 * s * total + exponent * 0.6931471805599453, dtype=np.float64)


# M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Appl. Statist. 37 (1988): PPND16.
_A = (3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
      45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727)  # fmt: skip
_B = (1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
      39307.895800092710610, 28729.085735721942674, 5226.4952788528545610)  # fmt: skip
_C = (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
      1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4)  # fmt: skip
_D = (1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
      0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9)  # fmt: skip
_E = (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
      0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
      2.01033439929228813265e-7)  # fmt: skip
_F = (1.0, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525, 7.86869131145613259100e-4,
      1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15)  # fmt: skip


def _ratio(top: tuple[float, ...], bottom: tuple[float, ...], x: NDArray[np.float64]) -> NDArray[np.float64]:
    above, below = np.full_like(x, top[-1]), np.full_like(x, bottom[-1])
    for a, b in zip(top[-2::-1], bottom[-2::-1], strict=True):
        above, below = above * x + a, below * x + b
    return above / below


def quantile(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard normal quantile of probabilities in (0, 1), to a relative 1e-15.

    Parameters
    ----------
    p : ndarray of float64

    Returns
    -------
    ndarray of float64
    """
    q = p - 0.5
    out = np.empty_like(q)
    middle = np.abs(q) <= 0.425
    part = q[middle]
    out[middle] = part * _ratio(_A, _B, 0.180625 - part * part)
    tail = ~middle
    if tail.any():
        low = q[tail] < 0
        probability = p[tail]
        r = np.sqrt(-_log(np.where(low, probability, 1.0 - probability)))
        found = np.where(r <= 5.0, _ratio(_C, _D, r - 1.6), _ratio(_E, _F, r - 5.0))
        out[tail] = np.where(low, -found, found)
    return out


def normal(seed: int, count: int, record: int = 0) -> NDArray[np.float64]:
    """Return `count` standard normal numbers, by inversion.

    Parameters
    ----------
    seed, count, record : int
        See `words`.

    Returns
    -------
    ndarray of float64, shape (count,)
    """
    return quantile(uniform(seed, count, record))


def permutation(seed: int, count: int, record: int = 0) -> NDArray[np.int64]:
    """Return a random order of 0..count-1: the places sorted by 64 random bits each.

    Parameters
    ----------
    seed, count, record : int
        See `words`; for training, `record` is the epoch.

    Returns
    -------
    ndarray of int64, shape (count,)
    """
    bits = words(seed, 2 * count, record, TENSOR_SHUFFLE).view(np.uint64)
    return np.argsort(bits, kind="stable")
