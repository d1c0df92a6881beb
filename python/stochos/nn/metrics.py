"""Figures that tell how good predictions are, gathered over batches in float64.

A metric is used as ``metric.reset(); metric.update(prediction, target, weights); metric.result()``. `fit` and
`evaluate` take metrics, their names (``"accuracy"``), or functions of (prediction, target) that return one number a
batch, which are averaged over the examples.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import InputError, InputTypeError, UnknownNameError

__all__ = [
    "F1",
    "Accuracy",
    "AreaUnderCurve",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "RSquared",
    "Recall",
    "TopK",
    "get",
]

Floats = NDArray[np.float64]


class Metric:
    """Base of all metrics: a subclass adds to ``self.sums`` in ``gather`` and reads them in ``result``.

    Attributes
    ----------
    name : str
        Key in the history.
    """

    name = "metric"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything gathered."""
        self.sums: Floats = np.zeros(4)

    def update(self, prediction: Any, target: Any, weights: Any = None) -> None:
        """Add a batch.

        Parameters
        ----------
        prediction, target : array
        weights : array of shape (B,), optional
        """
        x, y = np.asarray(prediction), np.asarray(target)
        w = np.ones(x.shape[0] if x.ndim else 1) if weights is None else np.asarray(weights, dtype=np.float64)
        self.gather(x, y, w)

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:  # noqa: ARG002
        """Add predictions, targets and weights; override it."""
        msg = f"[nn.metrics.{type(self).__name__}] the class defines no gather(x, y, w); use one that does"
        raise InputTypeError(msg)

    def result(self) -> float:
        """Return the figure of all batches so far; NaN before the first."""
        return float(self.sums[0] / self.sums[1]) if self.sums[1] else float("nan")

    def _same(self, x: NDArray[Any], y: NDArray[Any]) -> None:
        if x.shape != y.shape:
            msg = f"[nn.metrics.{type(self).__name__}] the prediction has shape {x.shape} and the target {y.shape}"
            raise InputError(msg)

    def _mean(self, values: NDArray[Any], w: Floats) -> None:
        """Add a mean over all axes, weighted along the first."""
        rows = values.reshape(len(w), -1).astype(np.float64)
        self.sums[0] += (rows.sum(axis=1) * w).sum()
        self.sums[1] += w.sum() * rows.shape[1]


class Accuracy(Metric):
    """Share of right classes.

    The prediction holds scores along the last axis, and the target class numbers or distributions; or, where both have
    the same shape and no classes (the last axis is 1, or the target is not a distribution over it), yes-or-no answers.

    Parameters
    ----------
    threshold : float
        Of yes-or-no answers: 0 for logits, 0.5 for probabilities.
    ignore_index : int or None
        A class number that does not count.
    """

    name = "accuracy"

    def __init__(self, threshold: float = 0.0, ignore_index: int | None = -100) -> None:
        super().__init__()
        self._threshold = _checks.real("nn.metrics.Accuracy", "threshold", threshold)
        self._ignore = ignore_index

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:
        """Compare the classes."""
        if y.dtype.kind in "iu" and y.shape == x.shape[:-1] and x.ndim > 1:
            counts = np.ones(y.shape) if self._ignore is None else (y != self._ignore).astype(np.float64)
            right = (x.argmax(axis=-1) == y) * counts
            self.sums[0] += (right.reshape(len(w), -1).sum(axis=1) * w).sum()
            self.sums[1] += (counts.reshape(len(w), -1).sum(axis=1) * w).sum()
            return
        self._same(x, y)
        one_hot = y.ndim > 1 and y.shape[-1] > 1 and np.allclose(y.sum(axis=-1), 1.0, atol=1e-3)
        if one_hot:
            self._mean(x.argmax(axis=-1) == y.argmax(axis=-1), w)
        else:
            self._mean((x > self._threshold) == (y > 0.5), w)


class TopK(Metric):
    """Share of targets among the k best classes.

    Parameters
    ----------
    k : int
    """

    def __init__(self, k: int = 5) -> None:
        super().__init__()
        self._k = _checks.whole("nn.metrics.TopK", "k", k, 1)
        self.name = f"top_{k}"

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:
        """Count the classes with a better score than the target's."""
        if y.shape != x.shape[:-1] or y.dtype.kind not in "iu":
            msg = f"[nn.metrics.TopK] the scores have shape {x.shape}; give class numbers of shape {x.shape[:-1]}"
            raise InputError(msg)
        own = np.take_along_axis(x, y[..., None].astype(np.int64), axis=-1)
        self._mean((x > own).sum(axis=-1) < self._k, w)


class MeanSquaredError(Metric):
    """Mean of (x - y)²."""

    name = "mse"

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:
        """Add the squares."""
        self._same(x, y)
        self._mean((x.astype(np.float64) - y) ** 2, w)


class MeanAbsoluteError(Metric):
    """Mean of |x - y|."""

    name = "mae"

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:
        """Add the distances."""
        self._same(x, y)
        self._mean(np.abs(x.astype(np.float64) - y), w)


class RSquared(Metric):
    """Coefficient of determination: 1 - Σ (x - y)² / Σ (y - mean y)², over all numbers."""

    name = "r2"

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:
        """Add error, and mean and spread of the targets by the update of Chan, Golub and LeVeque (1983)."""
        self._same(x, y)
        rows = y.reshape(len(w), -1).astype(np.float64)
        spread = np.broadcast_to(w[:, None], rows.shape)
        errors = ((x.reshape(rows.shape) - rows) ** 2 * spread).sum()
        count = spread.sum()
        if count == 0:
            return
        mean = (rows * spread).sum() / count
        squares = ((rows - mean) ** 2 * spread).sum()
        total = self.sums[1] + count
        shift = mean - self.sums[2]
        self.sums += (errors, 0.0, 0.0, squares + shift**2 * self.sums[1] * count / total)
        self.sums[1:3] = total, self.sums[2] + shift * count / total

    def result(self) -> float:
        """Return R²; NaN where the targets do not vary."""
        return float(1.0 - self.sums[0] / self.sums[3]) if self.sums[3] > 0 else float("nan")


class _YesNo(Metric):
    def __init__(self, threshold: float = 0.0) -> None:
        super().__init__()
        self._threshold = _checks.real(f"nn.metrics.{type(self).__name__}", "threshold", threshold)

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:
        """Count hits, false alarms and misses."""
        self._same(x, y)
        said, true = (x > self._threshold).reshape(len(w), -1), (y > 0.5).reshape(len(w), -1)
        parts = (said & true, said & ~true, ~said & true)
        self.sums[:3] += [(part.sum(axis=1) * w).sum() for part in parts]

    def _quotient(self, top: float, bottom: float) -> float:
        return float(top / bottom) if bottom else 0.0


class Precision(_YesNo):
    """Of the answers "yes", the share that is right; 0 if there are none.

    Parameters
    ----------
    threshold : float
        0 for logits, 0.5 for probabilities.
    """

    name = "precision"

    def result(self) -> float:
        """Return hits / (hits + false alarms)."""
        return self._quotient(self.sums[0], self.sums[0] + self.sums[1])


class Recall(_YesNo):
    """Of the targets "yes", the share that is found; 0 if there are none.

    Parameters
    ----------
    threshold : float
        0 for logits, 0.5 for probabilities.
    """

    name = "recall"

    def result(self) -> float:
        """Return hits / (hits + misses)."""
        return self._quotient(self.sums[0], self.sums[0] + self.sums[2])


class F1(_YesNo):
    """Harmonic mean of precision and recall.

    Parameters
    ----------
    threshold : float
        0 for logits, 0.5 for probabilities.
    """

    name = "f1"

    def result(self) -> float:
        """Return 2 hits / (2 hits + false alarms + misses)."""
        return self._quotient(2 * self.sums[0], 2 * self.sums[0] + self.sums[1] + self.sums[2])


class AreaUnderCurve(Metric):
    """Area under the ROC curve: the chance that a "yes" scores above a "no", ties counted half. Keeps all scores."""

    name = "auc"

    def reset(self) -> None:
        """Forget everything gathered."""
        super().reset()
        self._parts: list[tuple[Floats, NDArray[np.bool_], Floats]] = []

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:
        """Keep the scores."""
        self._same(x, y)
        spread = np.repeat(w, x.size // max(len(w), 1))
        self._parts.append((x.reshape(-1).astype(np.float64), (y > 0.5).reshape(-1), spread))

    def result(self) -> float:
        """Return the area; NaN where one of the classes is absent."""
        if not self._parts:
            return float("nan")
        score, yes, w = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        _, place = np.unique(score, return_inverse=True)
        positive, negative = np.bincount(place, w * yes), np.bincount(place, w * ~yes)
        if positive.sum() == 0 or negative.sum() == 0:
            return float("nan")
        below = np.cumsum(negative) - negative / 2
        return float((positive * below).sum() / (positive.sum() * negative.sum()))


class _Function(Metric):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function
        self.name = str(getattr(function, "__name__", "metric"))

    def gather(self, x: NDArray[Any], y: NDArray[Any], w: Floats) -> None:
        self.sums[0] += float(self.function(x, y)) * w.sum()
        self.sums[1] += w.sum()


_BY_NAME: dict[str, type[Metric]] = {
    kind.name: kind
    for kind in (Accuracy, MeanSquaredError, MeanAbsoluteError, RSquared, Precision, Recall, F1, AreaUnderCurve)
}


def get(given: str | Metric | Callable[..., Any]) -> Metric:
    """Return the metric that an argument stands for, empty and independent of the one given.

    Parameters
    ----------
    given : str, Metric or callable

    Raises
    ------
    UnknownNameError
        There is no metric of this name.
    """
    where = "nn.metrics.get"
    shown: object = given  # a caller may give anything
    if isinstance(given, str):
        if given not in _BY_NAME:
            msg = f"[{where}] there is no metric {given!r}; there are {', '.join(_BY_NAME)}"
            raise UnknownNameError(msg)
        return _BY_NAME[given]()
    if isinstance(given, Metric):
        own = copy.copy(given)
        own.reset()
        return own
    if callable(shown):
        return _Function(shown)
    msg = f"[{where}] {shown!r} is of type {type(shown).__name__}; give a name, a metric or a function"
    raise InputTypeError(msg)
