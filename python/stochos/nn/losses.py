"""Losses: functions of a prediction and a target, in that order, as differentiable tensors.

Every loss takes ``reduction``: ``"mean"`` (the default), ``"sum"``, or ``"none"`` for one number per element (of
`cross_entropy` and `kl`: per row). ``weights`` of shape (B,) or more leading axes weigh the examples; the mean is then
the weighted mean, sum(w l) / sum(w). Prediction and target must have the same shape: a (B, 1) prediction never meets
a (B,) target to make a (B, B) table without a word.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from stochos import _checks, _core
from stochos._core import ops
from stochos.errors import InputError, UnknownNameError

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "get",
    "hinge",
    "huber",
    "kl",
    "log_cosh",
    "mae",
    "mse",
    "poisson",
]

_REDUCTIONS = ("mean", "sum", "none")
_FLOATS = ("float32", "float64")


def _tensor(where: str, value: Any) -> Any:
    if getattr(value, "__stochos_symbol__", False):
        msg = f"[{where}] takes tensors, not {value!r}; use it on the result of a model, or inside nn.Lambda"
        raise InputError(msg)
    if isinstance(value, _core.Variable):
        return value.value
    return value if isinstance(value, _core.Tensor) else _core.tensor(value)


def _pair(where: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Return both as tensors of the prediction's dtype and of one shape."""
    x, y = _tensor(where, prediction), _tensor(where, target)
    if x.dtype not in _FLOATS:
        msg = f"[{where}] the prediction is {x.dtype}; give float32 or float64"
        raise InputError(msg)
    if x.shape != y.shape:
        msg = f"[{where}] the prediction has shape {x.shape} and the target {y.shape}; reshape one, they must be equal"
        raise InputError(msg)
    return x, (y if y.dtype == x.dtype else ops.cast(y, x.dtype))


def _spread(where: str, weights: Any, values: Any) -> Any:
    """Return weights of the leading axes of `values`, with as many axes."""
    w = _tensor(where, weights)
    if w.shape != values.shape[: len(w.shape)]:
        msg = f"[{where}] weights have shape {w.shape}; give the leading axes of {values.shape}"
        raise InputError(msg)
    return ops.reshape(ops.cast(w, values.dtype), (*w.shape, *(1,) * (len(values.shape) - len(w.shape))))


def _reduced(where: str, values: Any, reduction: str, weights: Any) -> Any:
    _checks.choice(where, "reduction", reduction, _REDUCTIONS)
    if weights is None:
        return values if reduction == "none" else ops.sum(values) if reduction == "sum" else ops.mean(values)
    spread = _spread(where, weights, values)
    weighted = values * spread
    if reduction != "mean":
        return weighted if reduction == "none" else ops.sum(weighted)
    return _quotient(ops.sum(weighted), ops.sum(ops.broadcast_to(spread, values.shape)))


def _quotient(total: Any, count: Any) -> Any:
    """Return ``total / count``, and 0 where nothing counts."""
    nothing = count == 0.0
    return ops.where(nothing, 0.0, total / ops.where(nothing, 1.0, count))


def mse(prediction: Any, target: Any, *, reduction: str = "mean", weights: Any = None) -> Any:
    """Squared error, (x - y)².

    Parameters
    ----------
    prediction, target : Tensor or array, the same shape
    reduction : {"mean", "sum", "none"}
    weights : Tensor or array, optional

    Returns
    -------
    Tensor

    Raises
    ------
    InputError
        The shapes differ, or the prediction holds no floating-point numbers.
    """
    x, y = _pair("nn.losses.mse", prediction, target)
    return _reduced("nn.losses.mse", ops.square(x - y), reduction, weights)


def mae(prediction: Any, target: Any, *, reduction: str = "mean", weights: Any = None) -> Any:
    """Absolute error, |x - y|, whose derivative is 0 at 0.

    Parameters
    ----------
    prediction, target, reduction, weights
        See `mse`.
    """
    x, y = _pair("nn.losses.mae", prediction, target)
    return _reduced("nn.losses.mae", ops.abs(x - y), reduction, weights)


def huber(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean", weights: Any = None) -> Any:
    """Half the square near 0, straight beyond: d² / 2 for |d| ≤ δ, else δ (|d| - δ / 2).

    Parameters
    ----------
    prediction, target, reduction, weights
        See `mse`.
    delta : float
        Positive.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35 (1964).
    """
    where = "nn.losses.huber"
    delta = _checks.real(where, "delta", delta, 1e-30)
    x, y = _pair(where, prediction, target)
    size = ops.abs(x - y)
    near = ops.minimum(size, delta)
    return _reduced(where, near * (size - 0.5 * near), reduction, weights)


def log_cosh(prediction: Any, target: Any, *, reduction: str = "mean", weights: Any = None) -> Any:
    """Return log cosh(x - y), a smooth absolute error.

    Parameters
    ----------
    prediction, target, reduction, weights
        See `mse`.
    """
    where = "nn.losses.log_cosh"
    x, y = _pair(where, prediction, target)
    d = x - y
    return _reduced(where, d + ops.softplus(-2.0 * d) - math.log(2.0), reduction, weights)


def binary_cross_entropy(
    logits: Any, target: Any, *, positive_weight: Any = None, reduction: str = "mean", weights: Any = None
) -> Any:
    """Cross entropy of independent yes-or-no answers, from logits: no sigmoid before it.

    -y log σ(x) - (1 - y) log(1 - σ(x)), computed as softplus(x) - x y, which neither overflows nor loses digits.

    Parameters
    ----------
    logits : Tensor or array
    target : Tensor or array, the same shape
        From 0 to 1.
    positive_weight : float or array, optional
        Weight of the yes part, broadcast against `logits`.
    reduction, weights
        See `mse`.
    """
    where = "nn.losses.binary_cross_entropy"
    x, y = _pair(where, logits, target)
    if positive_weight is None:
        values = ops.softplus(x) - x * y
    else:
        p = ops.cast(_tensor(where, positive_weight), x.dtype)
        values = (1.0 - y) * x + (1.0 + (p - 1.0) * y) * ops.softplus(-x)
    return _reduced(where, values, reduction, weights)


def cross_entropy(
    logits: Any,
    target: Any,
    *,
    axis: int = -1,
    smoothing: float = 0.0,
    ignore_index: int | None = -100,
    class_weights: Any = None,
    reduction: str = "mean",
    weights: Any = None,
) -> Any:
    """Cross entropy of one choice among K classes, from logits: no softmax before it.

    Parameters
    ----------
    logits : Tensor or array
        K scores along `axis`.
    target : Tensor or array
        Class numbers (integers, without `axis`), or one distribution for each (floating point, as `logits`).
    axis : int
        Where the classes lie.
    smoothing : float
        ε in [0, 1]: the target becomes (1 - ε) target + ε / K.
    ignore_index : int or None
        A class number that does not count, neither in the sum nor in the mean. If all are ignored the mean is 0.
    class_weights : array of shape (K,), optional
        Weight of each class; the mean over class numbers divides by the sum of the weights of the targets.
    reduction, weights
        See `mse`; "none" gives one number for each row.

    Returns
    -------
    Tensor

    Raises
    ------
    InputError
        The shapes do not fit.
    """
    where = "nn.losses.cross_entropy"
    smoothing = _checks.real(where, "smoothing", smoothing, 0.0, 1.0)
    x, y = _tensor(where, logits), _tensor(where, target)
    if x.dtype not in _FLOATS or not x.shape:
        msg = f"[{where}] the logits are {x.dtype} of shape {x.shape}; give floating-point scores of classes"
        raise InputError(msg)
    axis = _checks.whole(where, "axis", axis, -len(x.shape), len(x.shape) - 1) % len(x.shape)
    classes = x.shape[axis]
    rows = (*x.shape[:axis], *x.shape[axis + 1 :])
    if class_weights is not None:
        class_weights = ops.cast(_tensor(where, class_weights), x.dtype)
        if class_weights.shape != (classes,):
            msg = f"[{where}] class_weights have shape {class_weights.shape}; there are {classes} classes"
            raise InputError(msg)
        shape = tuple(classes if i == axis else 1 for i in range(len(x.shape)))
    logs = ops.log_softmax(x, axis=axis)
    if y.dtype in _FLOATS:
        x, y = _pair(where, x, y)
        if smoothing:
            y = y * (1.0 - smoothing) + smoothing / classes
        if class_weights is not None:
            y = y * ops.reshape(class_weights, shape)
        return _reduced(where, -ops.sum(y * logs, axis=axis), reduction, weights)
    if y.shape != rows:
        msg = f"[{where}] the class numbers have shape {y.shape} and the logits {x.shape}; give shape {rows}"
        raise InputError(msg)
    counts = None if ignore_index is None else y != ignore_index
    chosen = y if counts is None else ops.where(counts, y, 0)
    index = ops.reshape(ops.cast(chosen, "int64"), (*rows[:axis], 1, *rows[axis:]))
    with _core.label(f"cross_entropy: class numbers of the target against {classes} classes"):
        picked = ops.take_along_axis(logs, index, axis=axis)
    values = -ops.reshape(picked, rows)
    share = None if class_weights is None else ops.take(class_weights, ops.cast(chosen, "int64"), axis=0)
    if share is not None:
        values = values * share
    if smoothing:
        even = logs if class_weights is None else logs * ops.reshape(class_weights, shape)
        values = (1.0 - smoothing) * values - (smoothing / classes) * ops.sum(even, axis=axis)
    if counts is not None:
        # The weight of each row in the mean: its class's, or nothing.
        values = ops.where(counts, values, 0.0)
        share = ops.cast(counts, x.dtype) if share is None else ops.where(counts, share, 0.0)
    if reduction == "mean" and share is not None:
        if weights is not None:
            spread = _spread(where, weights, values)
            values, share = values * spread, share * spread
        return _quotient(ops.sum(values), ops.sum(share))
    return _reduced(where, values, reduction, weights)


def hinge(
    prediction: Any,
    target: Any,
    *,
    margin: float = 1.0,
    squared: bool = False,
    reduction: str = "mean",
    weights: Any = None,
) -> Any:
    """max(0, margin - x y), or its square.

    Parameters
    ----------
    prediction, target, reduction, weights
        See `mse`; the target is -1 or 1.
    margin : float
    squared : bool
    """
    where = "nn.losses.hinge"
    x, y = _pair(where, prediction, target)
    values = ops.maximum(_checks.real(where, "margin", margin) - x * y, 0.0)
    return _reduced(where, ops.square(values) if squared else values, reduction, weights)


def kl(logits: Any, target: Any, *, axis: int = -1, reduction: str = "mean", weights: Any = None) -> Any:
    """Kullback-Leibler divergence from the softmax of `logits` to a distribution: Σ y (log y - log softmax(x)).

    Parameters
    ----------
    logits : Tensor or array
    target : Tensor or array, the same shape
        Probabilities along `axis`; a 0 adds nothing.
    axis : int
    reduction, weights
        See `mse`; the mean is over rows (PyTorch calls it "batchmean").
    """
    where = "nn.losses.kl"
    x, y = _pair(where, logits, target)
    entropy = y * ops.log(ops.where(y > 0.0, y, 1.0))
    return _reduced(where, ops.sum(entropy - y * ops.log_softmax(x, axis=axis), axis=axis), reduction, weights)


def poisson(log_rate: Any, target: Any, *, reduction: str = "mean", weights: Any = None) -> Any:
    """Negative log likelihood of counts without its constant: exp(x) - x y.

    Parameters
    ----------
    log_rate : Tensor or array
        Logarithm of the expected count.
    target, reduction, weights
        See `mse`.
    """
    where = "nn.losses.poisson"
    x, y = _pair(where, log_rate, target)
    return _reduced(where, ops.exp(x) - x * y, reduction, weights)


_BY_NAME: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (mse, mae, huber, log_cosh, binary_cross_entropy, cross_entropy, hinge, kl, poisson)
}


def get(given: str | Callable[..., Any]) -> Callable[..., Any]:
    """Return the loss that an argument stands for.

    Parameters
    ----------
    given : str or callable
        A name of this module, or any function of (prediction, target).

    Raises
    ------
    UnknownNameError
        There is no loss of this name.
    """
    if callable(given):
        return given
    if given in _BY_NAME:
        return _BY_NAME[given]
    msg = f"[nn.losses.get] there is no loss {given!r}; there are {', '.join(_BY_NAME)}"
    raise UnknownNameError(msg)
