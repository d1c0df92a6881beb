"""Losses: PyTorch's values and gradients (fixtures), and what a loss must not do without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stochos import _core, nn
from stochos.errors import InputError, UnknownNameError
from stochos.nn import losses

FIXTURES = Path(__file__).parent / "fixtures"
WEIGHTS = np.array([0.5, 1.0, 2.0, 3.0])
CASES: dict[str, Callable] = {
    "mse": losses.mse,
    "mae": losses.mae,
    "huber": lambda x, y, **how: losses.huber(x, y, delta=0.7, **how),
    "bce": losses.binary_cross_entropy,
    "bce_weighted": lambda x, y, **how: losses.binary_cross_entropy(x, y, positive_weight=WEIGHTS, **how),
    "cross_entropy": losses.cross_entropy,
    "cross_entropy_soft": losses.cross_entropy,
    "cross_entropy_smooth": lambda x, y, **how: losses.cross_entropy(x, y, smoothing=0.1, **how),
    "cross_entropy_soft_smooth": lambda x, y, **how: losses.cross_entropy(x, y, smoothing=0.1, **how),
    "cross_entropy_ignore": losses.cross_entropy,
    "cross_entropy_weights": lambda x, y, **how: losses.cross_entropy(x, y, class_weights=WEIGHTS, **how),
    "kl": losses.kl,
    "poisson": lambda x, y, **how: losses.poisson(x, np.abs(y), **how),
}


def fixture(case: str) -> dict[str, np.ndarray]:
    with np.load(FIXTURES / "losses.npz") as kept:
        return {key.partition("/")[2]: kept[key] for key in kept.files if key.partition("/")[0] == case}


def gradient(loss: Callable, x: np.ndarray, *arguments, **options) -> np.ndarray:
    variable = _core.Variable(x)
    with _core.Recording():
        value = loss(variable, *arguments, **options)
        (found,) = _core.gradients([value], None, [variable])
    return found.numpy()


@pytest.mark.parametrize("case", list(CASES))
def test_values_and_gradients_are_those_of_pytorch(case: str):
    kept, loss = fixture(case), CASES[case]
    x, y = kept["x"], kept["target"]
    for reduction in ("mean", "sum"):
        assert float(loss(x, y, reduction=reduction)) == pytest.approx(float(kept[reduction]), rel=1e-12)
    none = loss(x, y, reduction="none").numpy()
    # PyTorch gives the elements of the divergence, ours its rows.
    np.testing.assert_allclose(none, kept["none"].sum(-1) if case == "kl" else kept["none"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradient(loss, x, y), kept["g/x"], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("case", list(CASES))
def test_float32_predictions_stay_float32(case: str):
    # A float64 target, as NumPy makes them, must not turn the whole step into float64.
    kept = fixture(case)
    found = CASES[case](kept["x"].astype(np.float32), kept["target"])
    assert found.dtype == "float32"
    assert float(found) == pytest.approx(float(kept["mean"]), rel=2e-6)


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "log_cosh", "binary_cross_entropy", "hinge", "poisson", "kl"])
def test_a_column_never_meets_a_row(name: str):
    # (4, 1) against (4,) would broadcast to (4, 4) and give a plausible number.
    with pytest.raises(InputError, match=r"\(4, 1\).*\(4,\)"):
        losses.get(name)(np.zeros((4, 1)), np.zeros(4))


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "log_cosh", "binary_cross_entropy", "hinge", "poisson"])
def test_weights_weigh_the_examples(name: str):
    # The weighted mean from the losses of the elements.
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(5, 3)), generator.integers(0, 2, size=(5, 3)).astype(float)
    w = np.array([0.0, 1.0, 2.0, 0.5, 3.0])
    each = losses.get(name)(x, y, reduction="none").numpy()
    assert float(losses.get(name)(x, y, weights=w)) == pytest.approx((each * w[:, None]).sum() / (3 * w.sum()))
    assert float(losses.get(name)(x, y, weights=w, reduction="sum")) == pytest.approx((each * w[:, None]).sum())
    assert float(losses.get(name)(x, y, weights=np.zeros(5))) == 0.0


def test_weights_of_cross_entropy_go_with_ignored_rows():
    x, y = np.random.default_rng(2).normal(size=(4, 3)), np.array([0, -100, 2, 1])
    w = np.array([1.0, 5.0, 2.0, 0.5])
    each = losses.cross_entropy(x, y, reduction="none").numpy()
    assert each[1] == 0
    assert float(losses.cross_entropy(x, y, weights=w)) == pytest.approx((each * w).sum() / 3.5)


def test_all_rows_ignored_give_zero_and_no_nan():
    x, y = np.random.default_rng(2).normal(size=(3, 4)), np.full(3, -100)
    assert float(losses.cross_entropy(x, y)) == 0.0
    assert np.array_equal(gradient(losses.cross_entropy, x, y), np.zeros((3, 4)))


def test_classes_on_another_axis():
    # The same numbers as with the classes last.
    x, y = np.random.default_rng(3).normal(size=(2, 5, 7)), np.random.default_rng(4).integers(0, 5, size=(2, 7))
    moved = losses.cross_entropy(np.moveaxis(x, 1, -1), y)
    assert float(losses.cross_entropy(x, y, axis=1)) == pytest.approx(float(moved), rel=1e-14)
    with pytest.raises(InputError, match="axis"):
        losses.cross_entropy(x, y, axis=3)


def test_log_cosh_and_hinge_by_their_formulas():
    x, y = np.array([-2.0, 0.1, 3.0]), np.array([1.0, -1.0, 1.0])
    np.testing.assert_allclose(losses.log_cosh(x, y, reduction="none").numpy(), np.log(np.cosh(x - y)), rtol=1e-13)
    np.testing.assert_allclose(losses.hinge(x, y, reduction="none").numpy(), [3.0, 1.1, 0.0], rtol=1e-14)
    np.testing.assert_allclose(losses.hinge(x, y, squared=True, reduction="none").numpy(), [9, 1.21, 0], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_scores_neither_overflow_nor_lose_the_gradient(dtype: type):
    x = np.array([[-1e4, 1e4]], dtype=dtype)
    assert float(losses.cross_entropy(x, np.array([0]))) == 2e4
    assert np.array_equal(gradient(losses.cross_entropy, x, np.array([0])), [[-1, 1]])
    assert float(losses.binary_cross_entropy(x, np.array([[1.0, 0.0]]))) == 1e4
    assert np.array_equal(gradient(losses.binary_cross_entropy, x, np.array([[1.0, 0.0]])), [[-0.5, 0.5]])
    assert float(losses.log_cosh(x, np.zeros((1, 2)))) == pytest.approx(1e4 - np.log(2), rel=1e-6)


def test_divergence_from_a_distribution_with_zeros():
    # 0 log 0 counts 0, in the value and in the gradient.
    x, y = np.zeros((1, 2)), np.array([[0.0, 1.0]])
    assert float(losses.kl(x, y)) == pytest.approx(np.log(2))
    np.testing.assert_allclose(gradient(losses.kl, x, y), [[0.5, -0.5]])


def test_wrong_input_is_named():
    with pytest.raises(InputError, match="int64"):
        losses.mse(np.array([1, 2]), np.array([1, 2]))
    with pytest.raises(InputError, match=r"shape \(3,\).*shape \(2,\)"):
        losses.cross_entropy(np.zeros((2, 4)), np.array([0, 1, 2]))
    with pytest.raises(InputError, match="reduction"):
        losses.mse(np.zeros(2), np.zeros(2), reduction="average")
    with pytest.raises(InputError, match="leading axes"):
        losses.mse(np.zeros((2, 3)), np.zeros((2, 3)), weights=np.ones(3))
    with pytest.raises(InputError, match="4 classes"):
        losses.cross_entropy(np.zeros((2, 4)), np.array([0, 1]), class_weights=np.ones(3))
    with pytest.raises(UnknownNameError, match="'mean_squared'"):
        losses.get("mean_squared")


@pytest.mark.parametrize("compiled", [False, True])
def test_a_class_that_is_not_there_is_named(compiled: bool):
    loss = nn.compile(losses.cross_entropy) if compiled else losses.cross_entropy
    with pytest.raises(InputError, match=r"cross_entropy: .*against 2 classes': index 2 is out of range"):
        float(loss(np.zeros((3, 2), np.float32), np.array([0, 1, 2])))


def test_get_returns_functions_as_they_are():
    function = lambda x, y: x  # noqa: E731
    assert losses.get(function) is function
    assert losses.get("huber") is losses.huber
