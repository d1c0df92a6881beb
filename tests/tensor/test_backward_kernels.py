"""Softmax, log-softmax and layer norm have derivatives in one pass; those derivatives have derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import nn
from stochos._core import ops

RANDOM = np.random.default_rng(31)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def slope_by_differences(f, x, step=1e-6):
    """Return the derivative of a number by central differences."""
    slope = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        slope[place] = (f(up) - f(down)) / (2 * step)
    return slope


@pytest.mark.parametrize("rows", [1, 3, 64, 65, 300])
@pytest.mark.parametrize("width", [1, 7, 33])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_and_log_softmax_by_their_formulas(rows, width, dtype):
    x, g = RANDOM.normal(size=(2, rows, width)).astype(dtype)
    p, near = softmax(x.astype(float)), 1e-12 if dtype == "float64" else 2e-6
    ours = nn.grad(lambda x: (ops.softmax(x) * g).sum())(x)
    np.testing.assert_allclose(ours.numpy(), p * (g - (g * p).sum(-1, keepdims=True)), rtol=near, atol=near)
    ours = nn.grad(lambda x: (ops.log_softmax(x) * g).sum())(x)
    right = g - p * g.astype(float).sum(-1, keepdims=True)
    np.testing.assert_allclose(ours.numpy(), right, rtol=4 * near, atol=8 * near)


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layer_norm_by_its_formula(rows, dtype):
    n, epsilon = 19, 1e-5
    x, g = RANDOM.normal(size=(2, rows, n)).astype(dtype)
    gain, bias = RANDOM.normal(size=(2, n)).astype(dtype)
    dx, d_gain, d_bias = nn.grad(
        lambda x, gain, bias: (ops.layer_norm(x, gain, bias, epsilon) * g).sum(), argnums=(0, 1, 2)
    )(x, gain, bias)
    wide = x.astype(float)
    rstd = 1 / np.sqrt(wide.var(-1, keepdims=True) + epsilon)
    unit, h = (wide - wide.mean(-1, keepdims=True)) * rstd, g * gain.astype(float)
    right = rstd * (h - h.mean(-1, keepdims=True) - unit * (h * unit).mean(-1, keepdims=True))
    near = 1e-11 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(dx.numpy(), right, rtol=near, atol=near)
    np.testing.assert_allclose(d_gain.numpy(), (g * unit).sum(0), rtol=near, atol=3 * near)
    np.testing.assert_allclose(d_bias.numpy(), g.astype(float).sum(0), rtol=near, atol=3 * near)


FUNCTIONS = {
    "softmax": lambda x, gain, bias: ops.softmax(x * gain + bias),
    "log_softmax": lambda x, gain, bias: ops.log_softmax(x * gain + bias),
    "layer_norm": lambda x, gain, bias: ops.layer_norm(x, gain, bias, 1e-3),
    "layer_norm without gain": lambda x, gain, bias: ops.layer_norm(x * gain, None, bias, 1e-3),
    "layer_norm without bias": lambda x, gain, bias: ops.layer_norm(x + bias, gain, None, 1e-3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("argument", [0, 1, 2])
def test_second_derivatives_by_differences_of_the_first(name, argument):
    x, gain, bias = RANDOM.normal(size=(2, 5)), RANDOM.normal(size=5), RANDOM.normal(size=5)
    weights, ways = RANDOM.normal(size=(2, 5)), (RANDOM.normal(size=(2, 5)), *RANDOM.normal(size=(2, 5)))

    def along(*point):
        """Give the derivative of a weighed sum of squares along fixed ways in all three arguments."""
        slopes = nn.grad(lambda *p: (FUNCTIONS[name](*p) ** 2 * weights).sum(), argnums=(0, 1, 2))(*point)
        return sum((slope * way).sum() for slope, way in zip(slopes, ways, strict=True))

    point = [x, gain, bias]
    ours = nn.grad(along, argnums=argument)(*point)

    def number(value):
        return float(along(*point[:argument], value, *point[argument + 1 :]))

    np.testing.assert_allclose(ours.numpy(), slope_by_differences(number, point[argument]), rtol=2e-6, atol=2e-7)


def test_masked_rows_have_no_slope():
    x, mask = RANDOM.normal(size=(2, 4)), np.array([[True, False, True, True], [False] * 4])
    ours = nn.grad(lambda x: (ops.softmax(x, mask=mask) * np.arange(4.0)).sum())(x).numpy()
    assert (ours[~mask] == 0).all()
    assert np.isfinite(ours).all()
    assert (ours[0][mask[0]] != 0).all()


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_numbers_divide_as_in_numpy(dtype):
    a = np.array([7, -7, 7, -7, 0, 6, np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)
    b = np.array([2, 2, -2, -2, 5, 3, 3, -7], dtype)
    np.testing.assert_array_equal((nn.tensor(a) // nn.tensor(b)).numpy(), a // b)
    assert (nn.tensor(a) // 3).numpy().tolist() == (a // 3).tolist()
    assert (nn.tensor(a) // 3).dtype == dtype
    assert (nn.tensor(a) // 0).numpy().tolist() == [0] * 8
    assert (100 // nn.tensor(b)).numpy().tolist() == (100 // b).tolist()
