"""Values of operations where a table of smooth cases does not reach: nothing, integers, NaN, large arrays, draws."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import _core, nn

ops = _core.ops


@pytest.mark.parametrize("shape", [(0,), (0, 4), (3, 0, 2)])
def test_operations_take_nothing_and_give_nothing(shape):
    names = [
        "neg",
        "exp",
        "log",
        "sqrt",
        "tanh",
        "sigmoid",
        "relu",
        "gelu",
        "erf",
        "floor",
        "logical_not",
        "isfinite",
        "stop_gradient",
        "square",
    ]
    for name in names:
        assert getattr(ops, name)(np.zeros(shape)).numpy().shape == shape
    for name in ("add", "mul", "div", "pow", "maximum", "mod", "equal", "less", "logical_and"):
        assert getattr(ops, name)(np.zeros(shape), np.ones(shape)).numpy().shape == shape
    with _core.Recording():
        x = _core.tensor(np.zeros(shape))
        total = ops.sum(ops.exp(x) * x)
        (slope,) = _core.gradients([total], None, [x])
    assert float(total) == 0
    assert slope.numpy().shape == shape


def test_reductions_and_products_over_nothing_agree_with_numpy():
    for name in ("sum", "prod", "any", "all"):
        for axis in (None, 0, 1):
            want = getattr(np, name)(np.zeros((0, 3)), axis=axis)
            np.testing.assert_array_equal(getattr(ops, name)(np.zeros((0, 3)), axis=axis).numpy(), want)
    np.testing.assert_array_equal(ops.matmul(np.zeros((2, 0)), np.zeros((0, 3))).numpy(), np.zeros((2, 3)))
    assert ops.matmul(np.zeros((0, 2)), np.zeros((2, 3))).numpy().shape == (0, 3)
    assert ops.concat([np.zeros((0, 3)), np.ones((2, 3))]).numpy().shape == (2, 3)
    assert ops.take(np.zeros((3, 2)), np.zeros(0, np.int64)).numpy().shape == (0, 2)
    with pytest.raises(ValueError, match=r"\[nn\.max\]"):
        ops.max(np.zeros((0, 3)), axis=0)


PAIRS = {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.bool_])
@pytest.mark.parametrize("name", PAIRS)
def test_comparisons_and_logic_agree_with_numpy(name, dtype):
    a = np.array([[0, 1, 2], [2, 1, 0]]).astype(dtype)
    b = np.array([1, 1, 0]).astype(dtype)
    got = getattr(ops, name)(a, b)
    assert got.dtype == "bool"
    np.testing.assert_array_equal(got.numpy(), PAIRS[name](a, b))
    np.testing.assert_array_equal(getattr(ops, name)(b, a).numpy(), PAIRS[name](b, a))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
def test_places_of_extremes_agree_with_numpy(dtype):
    x = np.array([[3, 1, 3], [0, 5, 5]], dtype)  # the first of equal ones
    for name in ("argmax", "argmin"):
        for axis in (None, 0, 1, -1):
            got = getattr(ops, name)(x, axis=axis)
            assert got.dtype == "int64"
            np.testing.assert_array_equal(got.numpy(), getattr(np, name)(x, axis=axis))


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_arithmetic_of_integers_agrees_with_numpy(dtype):
    a = np.array([[7, -7, 3], [0, 5, -1]], dtype)
    b = np.array([2, 3, -4], dtype)
    for name, reference in {"add": np.add, "sub": np.subtract, "mul": np.multiply, "mod": np.mod}.items():
        got = getattr(ops, name)(a, b)
        assert got.dtype == np.dtype(dtype).name
        np.testing.assert_array_equal(got.numpy(), reference(a, b))
    np.testing.assert_array_equal(ops.matmul(a, b).numpy(), a @ b)
    np.testing.assert_allclose(ops.div(a, b).numpy(), a / b, rtol=1e-6)
    for name in ("neg", "abs", "sign", "square"):
        reference = {"neg": np.negative}.get(name) or getattr(np, name)
        np.testing.assert_array_equal(getattr(ops, name)(a).numpy(), reference(a))
    for name in ("sum", "max", "min", "prod"):
        np.testing.assert_array_equal(getattr(ops, name)(a, axis=0).numpy(), getattr(np, name)(a, axis=0))


def test_special_values_follow_c():
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])
    with np.errstate(all="ignore"):
        for name in ("exp", "log", "sqrt", "tanh", "sin", "abs", "sign", "expm1", "log1p"):
            np.testing.assert_array_equal(getattr(ops, name)(x).numpy(), getattr(np, name)(x), err_msg=name)
    np.testing.assert_array_equal(ops.isfinite(x).numpy(), np.isfinite(x))
    np.testing.assert_array_equal(ops.maximum(x, 0.0).numpy(), np.maximum(x, 0.0))
    np.testing.assert_array_equal(ops.max(x).numpy(), np.nan)
    np.testing.assert_array_equal(ops.logical_not(x).numpy(), np.logical_not(x))


def test_stop_gradient_keeps_the_value_and_ends_the_derivative():
    with _core.Recording():
        x = _core.tensor(np.linspace(-2.0, 1.7, 12).reshape(3, 4))
        (slope,) = _core.gradients([ops.sum(x * ops.stop_gradient(x))], None, [x])
    np.testing.assert_array_equal(ops.stop_gradient(x).numpy(), x.numpy())
    np.testing.assert_array_equal(slope.numpy(), x.numpy())


@pytest.mark.parametrize("shape", [(70_000,), (3, 40_000), (40_000, 3), (2, 300, 200)])
def test_large_arrays_in_parts_have_the_values_of_numpy(shape):
    # Above 256 KB the work is cut into parts; rows may be longer than a part.
    x = np.random.default_rng(4).normal(size=shape)
    np.testing.assert_array_equal((_core.tensor(x) + x).numpy(), x + x)
    np.testing.assert_allclose(ops.exp(_core.tensor(x).T).numpy(), np.exp(x.T), rtol=1e-15)
    for axis in (None, 0, -1):
        np.testing.assert_allclose(ops.sum(x, axis=axis).numpy(), x.sum(axis), rtol=1e-12, atol=1e-11)
        np.testing.assert_array_equal(ops.max(x, axis=axis).numpy(), x.max(axis))
    np.testing.assert_allclose(ops.cumsum(x).numpy(), np.cumsum(x, -1), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(ops.argmax(x, axis=-1).numpy(), x.argmax(-1))
    if x.ndim == 2:
        np.testing.assert_allclose(ops.matmul(x, x.T[:, :50]).numpy(), x @ x.T[:, :50], rtol=1e-10, atol=1e-9)


def test_softmax_of_an_empty_set_is_zero_with_zero_gradient():
    x = nn.tensor(np.array([[1.0, 2.0], [3.0, 4.0]]))
    mask = np.array([[True, True], [False, False]])
    value, slope = nn.value_and_grad(lambda x: (ops.softmax(x, mask=mask) * np.array([1.0, 5.0])).sum())(x)
    assert np.isfinite(float(value))
    assert slope.numpy()[1].tolist() == [0, 0]
    assert ops.softmax(x, mask=mask).numpy()[1].tolist() == [0, 0]


def test_random_numbers_depend_on_seed_counter_and_place_alone():
    full = ops.random_normal((1000,), seed=3, counter=5).numpy()
    again = ops.random_normal((200, 5), seed=3, counter=5).numpy().ravel()
    np.testing.assert_array_equal(full, again)
    assert (full != ops.random_normal((1000,), seed=3, counter=6).numpy()).mean() > 0.99
    # 6 standard errors of 1000 draws: a false alarm once in 5e8 seeds, and the seed is fixed.
    assert abs(full.mean()) < 6 / np.sqrt(1000)
