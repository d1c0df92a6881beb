"""The value of a divergence between two Gaussians: closed forms for what powers of the ratio give, else quadrature."""

from __future__ import annotations

import math

import numpy as np

from stochos.errors import InputError
from stochos.gan import _arrays
from stochos.gan._arrays import Floats
from stochos.gan._formulas import Formula

MOST_DIMENSIONS = 2  # of the quadrature


def parameters(where: str, mean: object, deviation: object, names: tuple[str, str]) -> tuple[Floats, Floats]:
    """Return mean (d,) and covariance (d, d); in one dimension the deviation is a standard deviation."""
    try:
        m = np.atleast_1d(np.asarray(mean, dtype=np.float64))
        s = np.asarray(deviation, dtype=np.float64)
    except (TypeError, ValueError) as error:
        msg = f"[{where}] {names[0]} or {names[1]} is no array of numbers: {error}"
        raise InputError(msg) from None
    if m.ndim != 1 or m.size == 0 or not np.isfinite(m).all():
        msg = f"[{where}] {names[0]} is {mean!r}; give a finite number, or a vector (d,)"
        raise InputError(msg)
    if s.ndim == 0 or s.shape == (1,):
        if not (np.isfinite(s).all() and float(s.reshape(())) > 0):
            msg = f"[{where}] {names[1]} is {deviation!r}; a standard deviation is a number above 0"
            raise InputError(msg)
        return m, np.eye(m.size) * float(s.reshape(())) ** 2
    if s.ndim == 1 and s.shape == m.shape:
        if not (np.isfinite(s).all() and (s > 0).all()):
            msg = f"[{where}] {names[1]} is {deviation!r}; standard deviations are numbers above 0"
            raise InputError(msg)
        return m, np.diag(s**2)
    if s.shape != (m.size, m.size) or not np.allclose(s, s.T):
        msg = (
            f"[{where}] {names[1]} has the shape {s.shape} for a mean of shape {m.shape}; give a number (standard "
            f"deviation), a vector (d,) of them, or a symmetric covariance (d, d)"
        )
        raise InputError(msg)
    if not np.isfinite(s).all() or np.linalg.eigvalsh(s)[0] <= 0:
        msg = f"[{where}] the covariance {names[1]} is not positive definite"
        raise InputError(msg)
    return m, s


def value(formula: Formula, m1: Floats, s1: Floats, m2: Floats, s2: Floats, where: str) -> float:
    """Return D(N(m1, s1) || N(m2, s2)); infinity where the integral diverges."""
    closed = _closed(formula, m1, s1, m2, s2)
    if closed is not None:
        return closed
    # Whitened by the second law and turned to the first one's axes, both have diagonal covariances.
    root = np.linalg.cholesky(s2)
    half = np.linalg.solve(root, np.linalg.solve(root, s1).T)
    variances, axes = np.linalg.eigh(0.5 * (half + half.T))
    shift = axes.T @ np.linalg.solve(root, m1 - m2)
    # Axes along which the two agree integrate to one.
    kept = (np.abs(variances - 1.0) > 1e-14) | (np.abs(shift) > 1e-14)
    if kept.sum() > MOST_DIMENSIONS:
        msg = (
            f"[{where}] {formula.name} between Gaussians that differ along {int(kept.sum())} axes has no closed form, "
            f"and quadrature takes at most {MOST_DIMENSIONS}; use estimate() on samples"
        )
        raise InputError(msg)
    return _quadrature(formula, shift[kept], np.sqrt(variances[kept]))


def _power(a: float, m1: Floats, s1: Floats, m2: Floats, s2: Floats) -> float:
    """Return log of the integral of p^a q^(1 - a); infinity where it diverges."""
    inverse = a * np.linalg.inv(s1) + (1.0 - a) * np.linalg.inv(s2)
    inverse = 0.5 * (inverse + inverse.T)
    if np.linalg.eigvalsh(inverse)[0] <= 0:
        return math.inf
    log_det = [float(np.linalg.slogdet(matrix)[1]) for matrix in (s1, s2, inverse)]
    d1, d2 = m1 - m1, m2 - m1  # the origin at m1
    linear = a * np.linalg.solve(s1, d1) + (1.0 - a) * np.linalg.solve(s2, d2)
    constant = a * d1 @ np.linalg.solve(s1, d1) + (1.0 - a) * d2 @ np.linalg.solve(s2, d2)
    exponent = 0.5 * (linear @ np.linalg.solve(inverse, linear) - constant)
    return float(exponent - 0.5 * (a * log_det[0] + (1.0 - a) * log_det[1] + log_det[2]))


def _kl(m1: Floats, s1: Floats, m2: Floats, s2: Floats) -> float:
    shift = m2 - m1
    ratio = np.linalg.solve(s2, s1)
    return 0.5 * float(
        np.trace(ratio) - m1.size + shift @ np.linalg.solve(s2, shift) - float(np.linalg.slogdet(ratio)[1])
    )


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.0 else math.inf


def _closed(formula: Formula, m1: Floats, s1: Floats, m2: Floats, s2: Floats) -> float | None:
    laws = (m1, s1, m2, s2)
    name = formula.name
    if name == "kl":
        return _kl(*laws)
    if name == "reverse_kl":
        return _kl(m2, s2, m1, s1)
    if name == "jeffreys":
        return _kl(*laws) + _kl(m2, s2, m1, s1)
    if name == "pearson":
        return _exp(_power(2.0, *laws)) - 1.0
    if name == "neyman":
        return _exp(_power(-1.0, *laws)) - 1.0
    if name == "squared_hellinger":
        return -2.0 * math.expm1(_power(0.5, *laws))
    if "alpha" in formula.parameters:
        a = formula.parameters["alpha"]
        power = _power(a, *laws)
        return math.inf if power > 709.0 else math.expm1(power) / (a * (a - 1.0))
    return None


def _quadrature(formula: Formula, shift: Floats, deviation: Floats) -> float:
    """Integrate q f(p/q) for p = N(shift, deviation^2) and q = N(0, 1) by the trapezoidal rule.

    For analytic integrands that die out at both ends the rule converges faster than any power of the step; where f
    has a kink (total variation) its error is of the order of the square of the step.
    """
    if shift.size == 0:
        return formula.at_one
    points = 400_001 if shift.size == 1 else 4001
    grids, log_p, log_q = [], [], []
    for m, s in zip(shift, deviation, strict=True):
        reach = 14.0 * max(1.0, s)
        x = np.linspace(min(0.0, m) - reach, max(0.0, m) + reach, points)
        grids.append(x[1] - x[0])
        log_q.append(-0.5 * x * x - 0.5 * math.log(2 * math.pi))
        log_p.append(-0.5 * ((x - m) / s) ** 2 - math.log(s) - 0.5 * math.log(2 * math.pi))
    if shift.size == 1:
        return float(_weighted(formula, log_p[0], log_q[0]).sum() * grids[0])
    total = math.fsum(
        float(_weighted(formula, lp + log_p[1], lq + log_q[1]).sum()) for lp, lq in zip(log_p[0], log_q[0], strict=True)
    )
    return float(total * grids[0] * grids[1])


def _weighted(formula: Formula, log_p: Floats, log_q: Floats) -> Floats:
    """Return q f(p/q) from the logarithms; far ratios go by the limits of f."""
    v = log_p - log_q
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        middle = np.exp(log_q) * formula.f(_arrays, np.exp(np.clip(v, -600.0, 600.0)))
        high = np.exp(log_p) * (formula.slope if math.isfinite(formula.slope) else 0.0)
        low = np.exp(log_q) * (formula.at_zero if math.isfinite(formula.at_zero) else 0.0)
    return np.where(v > 600.0, high, np.where(v < -600.0, low, middle))
