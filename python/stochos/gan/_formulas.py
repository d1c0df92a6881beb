"""The known divergences: each is one f, and everything about it that has a closed form.

D(P || Q) = integral of q f(p/q) with f convex and f(1) = 0 (but for the GAN divergence); u = p/q is the ratio of
the densities, T a witness with values in f'((0, inf)), and v a real number that an activation maps to T. The
activation is f'(e^v) wherever f' is continuous: it increases, v is the logarithm of the ratio at the optimum for every
f, v = 0 is the border between P and Q, and the conjugate becomes e^v f'(e^v) - f(e^v), which needs no closed form.
The functions take the namespace of their arithmetic first, :mod:`stochos.gan._arrays`.

Sources: S. Nowozin, B. Cseke, R. Tomioka, "f-GAN", NeurIPS 2016, tables 1, 2 and 6; F. Liese, I. Vajda, "On
divergences and informations in statistics and information theory", IEEE Trans. Inf. Theory 52 (2006); N. Cressie,
T. Read, "Multinomial goodness-of-fit tests", JRSS B 46 (1984), for the power family.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Function = Callable[[Any, Any], Any]  # (namespace, argument) -> value
INFINITY = math.inf
LOG2 = math.log(2.0)


@dataclass(frozen=True)
class Formula:
    """One f with its derivatives, conjugate and activation.

    ``fused`` is f*(activation(v)) in a form that neither overflows early nor cancels. ``at_zero`` is f(0) and
    ``slope`` the limit of f(u)/u: a point of Q where P is nothing costs q f(0), a point of P where Q is nothing
    p times the slope. ``low`` and ``high`` bound f'((0, inf)). ``limit`` is where networks' log-ratios are bent, so
    that float32 has room for losses, gradients and their squares; infinity where nothing grows exponentially.
    """

    name: str
    aliases: tuple[str, ...]
    text: str
    f: Function
    f1: Function
    f2: Function
    conjugate: Function
    low: float
    high: float
    activation: Function
    fused: Function
    threshold: float
    at_zero: float
    slope: float
    symmetric: bool
    at_one: float = 0.0
    limit: float = INFINITY
    parameters: dict[str, float] = field(default_factory=dict)


def _total_variation() -> Formula:
    return Formula(
        name="total_variation",
        aliases=("tv", "total variation"),
        text="abs(u - 1)/2",
        f=lambda xp, u: 0.5 * xp.abs(u - 1.0),
        f1=lambda xp, u: 0.5 * xp.sign(u - 1.0),
        f2=lambda _, u: 0.0 * u,
        # Below -1/2 the best u is 0 and the conjugate stays at -f(0).
        conjugate=lambda xp, t: xp.where(t < -0.5, -0.5 + 0.0 * t, t),
        low=-0.5,
        high=0.5,
        # f' jumps from -1/2 to 1/2: any increasing map onto between will do.
        activation=lambda xp, v: 0.5 * xp.tanh(v),
        fused=lambda xp, v: 0.5 * xp.tanh(v),
        threshold=0.0,
        at_zero=0.5,
        slope=0.5,
        symmetric=True,
    )


def _kl() -> Formula:
    return Formula(
        name="kl",
        aliases=("kullback_leibler", "kullback-leibler", "forward_kl"),
        text="u*log(u)",
        f=lambda xp, u: u * xp.log(u),
        f1=lambda xp, u: 1.0 + xp.log(u),
        f2=lambda _, u: 1.0 / u,
        conjugate=lambda xp, t: xp.exp(t - 1.0),
        low=-INFINITY,
        high=INFINITY,
        activation=lambda _, v: 1.0 + v,
        fused=lambda xp, v: xp.exp(v),
        threshold=1.0,
        at_zero=0.0,
        slope=INFINITY,
        symmetric=False,
        limit=20.0,
    )


def _reverse_kl() -> Formula:
    return Formula(
        name="reverse_kl",
        aliases=("rkl", "reverse-kl", "reverse kl"),
        text="-log(u)",
        f=lambda xp, u: -xp.log(u),
        f1=lambda _, u: -1.0 / u,
        f2=lambda _, u: 1.0 / (u * u),
        conjugate=lambda xp, t: -1.0 - xp.log(-t),
        low=-INFINITY,
        high=0.0,
        activation=lambda xp, v: -xp.exp(-v),
        fused=lambda _, v: v - 1.0,
        threshold=-1.0,
        at_zero=INFINITY,
        slope=0.0,
        symmetric=False,
        limit=20.0,
    )


def _pearson() -> Formula:
    return Formula(
        name="pearson",
        aliases=("pearson_chi2", "chi2", "chi_square", "post_neyman"),
        text="(u - 1)^2",
        f=lambda _, u: (u - 1.0) * (u - 1.0),
        f1=lambda _, u: 2.0 * (u - 1.0),
        f2=lambda _, u: 2.0 + 0.0 * u,
        # Below -2 the best u is 0.
        conjugate=lambda xp, t: xp.where(t < -2.0, -1.0 + 0.0 * t, 0.25 * t * t + t),
        low=-2.0,
        high=INFINITY,
        activation=lambda xp, v: 2.0 * xp.expm1(v),
        fused=lambda xp, v: xp.expm1(2.0 * v),
        threshold=0.0,
        at_zero=1.0,
        slope=INFINITY,
        symmetric=False,
        limit=10.0,
    )


def _neyman() -> Formula:
    return Formula(
        name="neyman",
        aliases=("neyman_chi2", "reverse_pearson", "post_pearson"),
        text="(1 - u)^2/u",
        f=lambda _, u: (1.0 - u) * (1.0 - u) / u,
        f1=lambda _, u: 1.0 - 1.0 / (u * u),
        f2=lambda _, u: 2.0 / (u * u * u),
        conjugate=lambda xp, t: 2.0 - 2.0 * xp.sqrt(1.0 - t),
        low=-INFINITY,
        high=1.0,
        activation=lambda xp, v: -xp.expm1(-2.0 * v),
        fused=lambda xp, v: -2.0 * xp.expm1(-v),
        threshold=0.0,
        at_zero=INFINITY,
        slope=1.0,
        symmetric=False,
        limit=10.0,
    )


def _hellinger() -> Formula:
    return Formula(
        name="squared_hellinger",
        aliases=("hellinger", "hellinger2", "squared hellinger"),
        text="(sqrt(u) - 1)^2",
        f=lambda xp, u: (xp.sqrt(u) - 1.0) * (xp.sqrt(u) - 1.0),
        f1=lambda xp, u: 1.0 - 1.0 / xp.sqrt(u),
        f2=lambda xp, u: 0.5 / (u * xp.sqrt(u)),
        conjugate=lambda _, t: t / (1.0 - t),
        low=-INFINITY,
        high=1.0,
        activation=lambda xp, v: -xp.expm1(-0.5 * v),
        fused=lambda xp, v: xp.expm1(0.5 * v),
        threshold=0.0,
        at_zero=1.0,
        slope=1.0,
        symmetric=True,
        limit=40.0,
    )


def _jeffreys() -> Formula:
    return Formula(
        name="jeffreys",
        aliases=("jeffrey", "symmetric_kl", "j"),
        text="(u - 1)*log(u)",
        f=lambda xp, u: (u - 1.0) * xp.log(u),
        f1=lambda xp, u: xp.log(u) + 1.0 - 1.0 / u,
        f2=lambda _, u: 1.0 / u + 1.0 / (u * u),
        conjugate=_jeffreys_conjugate,
        low=-INFINITY,
        high=INFINITY,
        activation=lambda xp, v: v - xp.expm1(-v),
        fused=lambda xp, v: xp.expm1(v) + v,
        threshold=0.0,
        at_zero=INFINITY,
        slope=INFINITY,
        symmetric=True,
        limit=20.0,
    )


def _jeffreys_conjugate(xp: Any, t: Any) -> Any:
    """Return w + 1/w + t - 2 where w = 1/u solves w + log w = 1 - t: Newton's method in log w from both ends."""
    y = 1.0 - t
    # log w is near y for y << 0 and near log y for y >> 0.
    s = xp.where(y > 1.0, xp.log(xp.where(y > 1.0, y, 1.0 + 0.0 * y)), y - xp.exp(xp.where(y > 1.0, 0.0 * y, y)))
    for _ in range(60):
        w = xp.exp(s)
        s = s - (w + s - y) / (w + 1.0)
    return xp.exp(s) + xp.exp(-s) + t - 2.0


def _js() -> Formula:
    return Formula(
        name="jensen_shannon",
        aliases=("js", "jensen-shannon", "jensen shannon"),
        text="(u*log(u) - (u + 1)*log((u + 1)/2))/2",
        f=lambda xp, u: 0.5 * (u * xp.log(u) - (u + 1.0) * xp.log(0.5 * (u + 1.0))),
        f1=lambda xp, u: 0.5 * xp.log(2.0 * u / (1.0 + u)),
        f2=lambda _, u: 0.5 / (u * (1.0 + u)),
        conjugate=lambda xp, t: -0.5 * xp.log(2.0 - xp.exp(2.0 * t)),
        low=-INFINITY,
        high=0.5 * LOG2,
        activation=lambda xp, v: 0.5 * (LOG2 - xp.softplus(-v)),
        fused=lambda xp, v: 0.5 * (xp.softplus(v) - LOG2),
        threshold=0.0,
        at_zero=0.5 * LOG2,
        slope=0.5 * LOG2,
        symmetric=True,
    )


def _gan() -> Formula:
    return Formula(
        name="gan",
        aliases=("vanilla", "minimax"),
        text="u*log(u) - (u + 1)*log(u + 1)",
        f=lambda xp, u: u * xp.log(u) - (u + 1.0) * xp.log(u + 1.0),
        f1=lambda xp, u: xp.log(u) - xp.log(u + 1.0),
        f2=lambda _, u: 1.0 / (u * (1.0 + u)),
        conjugate=lambda xp, t: -xp.log(-xp.expm1(t)),
        low=-INFINITY,
        high=0.0,
        activation=lambda xp, v: -xp.softplus(-v),
        fused=lambda xp, v: xp.softplus(v),
        threshold=-LOG2,
        at_zero=0.0,
        slope=0.0,
        symmetric=True,
        at_one=-2.0 * LOG2,
    )


def _triangular() -> Formula:
    return Formula(
        name="triangular",
        aliases=("le_cam", "vincze_le_cam", "triangular_discrimination"),
        text="(u - 1)^2/(u + 1)",
        f=lambda _, u: (u - 1.0) * (u - 1.0) / (u + 1.0),
        f1=lambda _, u: 1.0 - 4.0 / ((u + 1.0) * (u + 1.0)),
        f2=lambda _, u: 8.0 / ((u + 1.0) * (u + 1.0) * (u + 1.0)),
        # Below -3 the best u is 0.
        conjugate=lambda xp, t: xp.where(t < -3.0, -1.0 + 0.0 * t, 4.0 - t - 4.0 * xp.sqrt(1.0 - t)),
        low=-3.0,
        high=1.0,
        activation=lambda xp, v: 1.0 - 4.0 * xp.sigmoid(-v) * xp.sigmoid(-v),
        fused=lambda xp, v: 3.0 + 4.0 * xp.sigmoid(-v) * (xp.sigmoid(-v) - 2.0),
        threshold=0.0,
        at_zero=1.0,
        slope=1.0,
        symmetric=True,
    )


def alpha_family(alpha: float, name: str = "alpha") -> Formula:
    """Return the power family (u^a - 1 - a (u - 1)) / (a (a - 1)) for a that is neither 0 nor 1.

    a = 2 is half of Pearson's, a = -1 half of Neyman's, a = 1/2 twice the squared Hellinger; the limits at 1 and 0
    are KL and reverse KL.
    """
    a, b = float(alpha), float(alpha) - 1.0
    return Formula(
        name=name,
        aliases=(),
        text=f"(u^{a!r} - 1 - {a!r}*(u - 1))/({a!r}*({a!r} - 1))",
        f=lambda _, u: (u**a - 1.0 - a * (u - 1.0)) / (a * b),
        f1=lambda _, u: (u**b - 1.0) / b,
        f2=lambda _, u: u ** (a - 2.0),
        conjugate=lambda xp, t: _alpha_conjugate(xp, t, a, b),
        low=-INFINITY if b < 0 else -1.0 / b,
        high=-1.0 / b if b < 0 else INFINITY,
        activation=lambda xp, v: xp.expm1(b * v) / b,
        fused=lambda xp, v: xp.expm1(a * v) / a,
        threshold=0.0,
        at_zero=1.0 / a if a > 0 else INFINITY,
        slope=INFINITY if a > 1 else -1.0 / b,
        symmetric=a == 0.5,
        limit=20.0 / max(abs(a), abs(b)),
        parameters={"alpha": a},
    )


def _alpha_conjugate(xp: Any, t: Any, a: float, b: float) -> Any:
    s = 1.0 + b * t  # = u^(a - 1)
    if b < 0:
        return (s ** (a / b) - 1.0) / a
    # Below the range of f' the best u is 0.
    inside = xp.where(s > 0.0, s, 0.0 * s)
    return (inside ** (a / b) - 1.0) / a


BUILT_IN = {
    formula.name: formula
    for formula in (
        _total_variation(),
        _kl(),
        _reverse_kl(),
        _pearson(),
        _neyman(),
        _hellinger(),
        _jeffreys(),
        _js(),
        _gan(),
        _triangular(),
    )
}
