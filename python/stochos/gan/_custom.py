"""An f of the user's own: checked to be convex, and completed with what a built-in one has in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from stochos import _core
from stochos.errors import InputError, InputTypeError
from stochos.gan import _arrays, _expressions, _tensors
from stochos.gan._arrays import Floats
from stochos.gan._formulas import Formula

# Where f is looked at: log u, dense around 1 where the laws of practice live.
LOG_RATIOS = np.concatenate(
    [np.linspace(-300.0, -20.0, 281), np.linspace(-20.0, 20.0, 4001), np.linspace(20.0, 300.0, 281)]
)


def from_expression(text: object, name: str | None) -> Formula:
    """Return the formula of an expression in u; see :meth:`stochos.gan.Divergence.from_expression`."""
    where = "gan.Divergence.from_expression"
    if not isinstance(text, str):
        msg = f"[{where}] the expression is of type {type(text).__name__}; give text such as 'u*log(u)'"
        raise InputError(msg)
    f = _core.Expression(text, where)
    strangers = [symbol for symbol in f.names(constants=True) if symbol not in ("u", "pi")]
    if strangers:
        msg = f"[{where}] {text!r} has the variable {strangers[0]!r}; f is a function of u alone"
        raise InputError(msg)
    f1 = f.derivative("u")
    f2 = f1.derivative("u")
    return _complete(where, name or text, text, _evaluator(f), _evaluator(f1), _evaluator(f2))


def from_callable(function: Callable[[Any], Any], name: str | None) -> Formula:
    """Return the formula of a function of tensors; see :meth:`stochos.gan.Divergence.from_callable`."""
    from stochos.nn.transforms import grad

    where = "gan.Divergence.from_callable"
    given: object = function
    if not callable(given):
        msg = f"[{where}] f is of type {type(given).__name__}; give a function of a tensor u, made of nn's functions"
        raise InputTypeError(msg)

    def value(u: Any) -> Any:
        result: object = function(u)
        if not _tensors.is_tensor(result) or tuple(result.shape) != tuple(u.shape):  # type: ignore[attr-defined]
            shape = tuple(getattr(result, "shape", ()))
            msg = (
                f"[{where}] f returned {type(result).__name__} of shape {shape} for a tensor of shape "
                f"{tuple(u.shape)}; it must work element by element"
            )
            raise InputError(msg)
        return result

    def slope(u: Any) -> Any:
        return grad(lambda ratio: _core.ops.sum(value(ratio)))(u)

    def bend(u: Any) -> Any:
        return grad(lambda ratio: _core.ops.sum(slope(ratio)))(u)

    value(_core.tensor(np.array([0.5, 1.0, 2.0])))
    title = name or str(getattr(function, "__name__", "f"))
    return _complete(where, title, "", _on_both(value), _on_both(slope), _on_both(bend))


def _on_both(function: Callable[[Any], Any]) -> Any:
    """Let a function of tensors take float64 arrays too."""

    def evaluate(xp: Any, u: Any) -> Any:
        if xp is _tensors:
            return function(u)
        ratio = np.asarray(u, dtype=np.float64)
        return np.array(function(_core.tensor(ratio)).numpy()).reshape(ratio.shape)

    return evaluate


def _evaluator(expression: _core.Expression) -> Any:
    def evaluate(xp: Any, u: Any) -> Any:
        if xp is _tensors:
            return _expressions.on_tensor(expression, u, "gan.Divergence")
        ratio = np.asarray(u, dtype=np.float64)
        flat = np.ascontiguousarray(ratio).reshape(-1)
        value = expression.evaluate({"u": flat} if "u" in expression.names() else {})
        return np.broadcast_to(value, flat.shape).reshape(ratio.shape).copy()

    return evaluate


def _complete(where: str, name: str, text: str, f: Any, f1: Any, f2: Any) -> Formula:
    with np.errstate(all="ignore"):
        _check(where, name, f, f1)
        v = LOG_RATIOS
        slopes = f1(_arrays, np.exp(v))
        low, high = _limit(slopes[::-1], -math.inf), _limit(slopes, math.inf)
        at_zero = _limit(f(_arrays, np.exp(v))[::-1], math.inf)
        threshold = float(f1(_arrays, np.float64(1.0)))
    return Formula(
        name=name,
        aliases=(),
        text=text,
        f=f,
        f1=f1,
        f2=f2,
        conjugate=lambda _, t: _conjugate(f, f1, t),
        low=low,
        high=high,
        activation=lambda xp, v: f1(xp, xp.exp(v)),
        fused=lambda xp, v: xp.exp(v) * f1(xp, xp.exp(v)) - f(xp, xp.exp(v)),
        threshold=threshold,
        at_zero=at_zero,
        slope=high,
        symmetric=_is_symmetric(f, f1),
        limit=_limit_of(f, f1, f2),
    )


def _limit_of(f: Any, f1: Any, f2: Any) -> float:
    """Return the largest whole number up to 20 within whose reach nothing that training computes passes 1e10."""
    v = np.linspace(-21.0, 21.0, 421)
    u = np.exp(v)
    parts = (f(_arrays, u), f1(_arrays, u), u * f1(_arrays, u), u * f2(_arrays, u), u * u * f2(_arrays, u))
    good = np.all([np.abs(part) < 1e10 for part in parts], axis=0)
    return float(next((c for c in range(20, 1, -1) if good[np.abs(v) <= c + 1].all()), 1))


def _check(where: str, name: str, f: Any, f1: Any) -> None:
    """Refuse an f that is not 0 at 1, not a number somewhere, or not convex; the message names a point."""
    at_one = float(f(_arrays, np.float64(1.0)))
    if not abs(at_one) <= 1e-12:
        msg = f"[{where}] f(1) of {name!r} is {at_one:g}; a divergence needs f(1) = 0 (subtract the constant)"
        raise InputError(msg)
    v = LOG_RATIOS[np.abs(LOG_RATIOS) <= 20.0]
    u = np.exp(v)
    values = f(_arrays, u)
    # What grew beyond the doubles on its way out is no fault of f.
    grown = np.isposinf(values) & ((v > 0) if np.nanmax(values[(v > 0) & (values < math.inf)]) > 1e250 else False)
    v, u, values = v[~grown], u[~grown], values[~grown]
    slopes = f1(_arrays, u)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        msg = f"[{where}] f of {name!r} is {values[bad[0]]} at u = {u[bad[0]]:.6g}; f must be finite for all u > 0"
        raise InputError(msg)
    # Convex: no point above the chord of its neighbours, beyond what rounding can do.
    share = (u[1:-1] - u[:-2]) / (u[2:] - u[:-2])
    above = values[1:-1] - ((1.0 - share) * values[:-2] + share * values[2:])
    size = np.abs(values[:-2]) + np.abs(values[2:]) + np.abs(values[1:-1])
    worst = np.flatnonzero(above > 1e-13 * (size + 1e-3))
    if worst.size:
        i = int(worst[np.argmax(above[worst] / (size[worst] + 1e-3))]) + 1
        msg = (
            f"[{where}] {name!r} is not convex: at u = {u[i]:.6g} f is {values[i]:.6g}, above the chord from "
            f"({u[i - 1]:.6g}, {values[i - 1]:.6g}) to ({u[i + 1]:.6g}, {values[i + 1]:.6g})"
        )
        raise InputError(msg)
    if not np.isfinite(slopes).all():
        i = int(np.flatnonzero(~np.isfinite(slopes))[0])
        msg = f"[{where}] the derivative of {name!r} is {slopes[i]} at u = {u[i]:.6g}; it must be finite for all u > 0"
        raise InputError(msg)


def _limit(values: Floats, diverges: float) -> float:
    """Return the limit of `values` along LOG_RATIOS, or `diverges` where they have not settled at the end."""
    good = np.isfinite(values)
    if not good.any():
        return diverges
    last = int(np.flatnonzero(good)[-1])
    end, before = float(values[last]), float(values[max(0, last - 100)])
    # Logarithms still move by much more than rounding over a factor of e^100.
    return end if abs(end - before) <= 1e-9 * max(1.0, abs(end)) else diverges


def _conjugate(f: Any, f1: Any, t: Any) -> Floats:
    """Return sup over u of t u - f(u): the root of f'(e^v) = t by bisection over v, then the value there."""
    target = np.asarray(t, dtype=np.float64)
    low = np.full(target.shape, float(LOG_RATIOS[0]))
    high = np.full(target.shape, float(LOG_RATIOS[-1]))
    with np.errstate(all="ignore"):
        for _ in range(80):
            middle = 0.5 * (low + high)
            below = f1(_arrays, np.exp(middle)) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        u = np.exp(0.5 * (low + high))
        return np.asarray(target * u - f(_arrays, u), dtype=np.float64)


def _is_symmetric(f: Any, f1: Any) -> bool:
    """Whether f(u) = u f(1/u) + c (u - 1), the condition for D(P || Q) = D(Q || P)."""
    u = np.exp(np.linspace(-3.0, 3.0, 41))
    difference = f(_arrays, u) - u * f(_arrays, 1.0 / u)
    c = 2.0 * float(f1(_arrays, np.float64(1.0)))
    return bool(np.allclose(difference, c * (u - 1.0), rtol=1e-9, atol=1e-9))
