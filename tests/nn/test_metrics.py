"""Metrics: the figures by their definitions, the same however the examples are cut into batches."""

from __future__ import annotations

import numpy as np
import pytest

from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.nn import metrics

GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.normal(size=(40, 3)), GENERATOR.normal(size=(40, 3))
SCORES, CLASSES = GENERATOR.normal(size=(40, 7)), GENERATOR.integers(0, 7, size=40)
LOGITS, YES = GENERATOR.normal(size=40), GENERATOR.integers(0, 2, size=40)
RIGHT = SCORES.argmax(1) == CLASSES
W = GENERATOR.uniform(0, 2, size=40)


def pairs_won(score, yes, w) -> float:
    """The chance that a yes scores above a no, pair by pair."""
    total = won = 0.0
    for i in np.flatnonzero(yes):
        for j in np.flatnonzero(yes == 0):
            total += w[i] * w[j]
            won += w[i] * w[j] * ((score[i] > score[j]) + 0.5 * (score[i] == score[j]))
    return won / total


def f1(said, yes, w) -> float:
    hits, alarms, misses = ((w * part).sum() for part in (said & yes, said & ~yes, ~said & yes))
    return 2 * hits / (2 * hits + alarms + misses)


CASES = {
    "accuracy": (metrics.Accuracy(), SCORES, CLASSES, lambda w: np.average(RIGHT, weights=w)),
    "one_hot": (metrics.Accuracy(), SCORES, np.eye(7)[CLASSES], lambda w: np.average(RIGHT, weights=w)),
    "yes_no": (metrics.Accuracy(), LOGITS, YES, lambda w: np.average((LOGITS > 0) == YES, weights=w)),
    "column": (
        metrics.Accuracy(0.5), LOGITS[:, None], YES[:, None], lambda w: np.average((LOGITS > 0.5) == YES, weights=w),
    ),
    "top": (
        metrics.TopK(3), SCORES, CLASSES,
        lambda w: np.average([c in np.argsort(-s)[:3] for s, c in zip(SCORES, CLASSES, strict=True)], weights=w),
    ),
    "mse": (metrics.MeanSquaredError(), X, Y, lambda w: np.average(((X - Y) ** 2).mean(1), weights=w)),
    "mae": (metrics.MeanAbsoluteError(), X, Y, lambda w: np.average(np.abs(X - Y).mean(1), weights=w)),
    "r2": (
        metrics.RSquared(), X, Y,
        lambda w: 1 - np.average((X - Y).ravel() ** 2, weights=np.repeat(w, 3))
        / np.average((Y.ravel() - np.average(Y.ravel(), weights=np.repeat(w, 3))) ** 2, weights=np.repeat(w, 3)),
    ),
    "precision": (metrics.Precision(), LOGITS, YES, lambda w: w[(LOGITS > 0) & (YES == 1)].sum() / w[LOGITS > 0].sum()),
    "recall": (metrics.Recall(), LOGITS, YES, lambda w: w[(LOGITS > 0) & (YES == 1)].sum() / w[YES == 1].sum()),
    "f1": (metrics.F1(), LOGITS, YES, lambda w: f1(LOGITS > 0, YES == 1, w)),
    "auc": (metrics.AreaUnderCurve(), np.round(LOGITS, 1), YES, lambda w: pairs_won(np.round(LOGITS, 1), YES, w)),
}  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("size", [40, 7, 1])
@pytest.mark.parametrize("case", list(CASES))
def test_figure_is_its_definition_in_any_batches(case: str, size: int, weighted: bool):
    metric, x, y, expected = CASES[case]
    metric.reset()
    for start in range(0, 40, size):
        part = slice(start, start + size)
        metric.update(x[part], y[part], W[part] if weighted else None)
    assert metric.result() == pytest.approx(expected(W if weighted else np.ones(40)), rel=1e-12)


def test_r_squared_of_targets_far_from_zero():
    # A sum of squares minus the square of the sum would lose everything here.
    y = 1e8 + np.arange(10.0)
    metric = metrics.RSquared()
    metric.update(y + 1.0, y)
    assert metric.result() == pytest.approx(1 - 10 / np.sum((y - y.mean()) ** 2), rel=1e-12)


def test_ignored_classes_do_not_count():
    metric = metrics.Accuracy()
    metric.update(np.eye(3), np.array([0, -100, 1]))
    assert metric.result() == 0.5


def test_absent_classes_and_nothing_give_no_wrong_number():
    assert np.isnan(metrics.Accuracy().result())
    area = metrics.AreaUnderCurve()
    assert np.isnan(area.result())
    area.update(np.ones(3), np.ones(3))
    assert np.isnan(area.result())
    precision = metrics.Precision()
    precision.update(np.full(2, -1.0), np.ones(2))
    assert precision.result() == 0.0


def test_get_makes_metrics_of_their_own():
    given = metrics.TopK(2)
    given.update(SCORES, CLASSES)
    own = metrics.get(given)
    assert own.name == "top_2"
    assert np.isnan(own.result())
    assert not np.isnan(given.result())
    mean = metrics.get(lambda x, y: np.mean(x - y))
    mean.update(np.ones(2), np.zeros(2))
    mean.update(np.zeros(6), np.zeros(6))
    assert mean.result() == 0.25
    with pytest.raises(UnknownNameError, match="'accurate'"):
        metrics.get("accurate")
    with pytest.raises(InputTypeError, match="int"):
        metrics.get(3)


def test_shapes_must_fit():
    with pytest.raises(InputError, match=r"\(4, 1\).*\(4,\)"):
        metrics.MeanSquaredError().update(np.zeros((4, 1)), np.zeros(4))
    with pytest.raises(InputError, match=r"\(4,\)"):
        metrics.TopK(1).update(np.zeros((4, 3)), np.zeros((4, 3), dtype=int))
