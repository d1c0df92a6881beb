"""Every operation in one table: value against NumPy, two derivatives against central differences in float64.

A case is an operation on arrays, the same in NumPy, and arrays at which it is smooth. The reference of a derivative is
(f(x + h) - f(x - h)) / 2h along random directions; of the second, the same of the first derivative.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest

from stochos import _core

ops = _core.ops
erf = np.vectorize(math.erf, otypes=[float])
TAKEN = np.array([[0, 2], [2, -1]])
ALONG = np.array([[0, 2, 1, 1], [2, 0, -1, 1]])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    return x / 2 * (1 + erf(x / np.sqrt(2)))


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def scattered(x):
    out = np.zeros((3, 4))
    np.add.at(out, TAKEN.reshape(-1), x.reshape(4, 4))
    return out


def near(*shape: int):
    """Numbers in -2..2 and not close to 0 or to one another, so that kinks are far away."""
    n = math.prod(shape)
    grid = np.linspace(-2.03, 1.97, n + 2)[1:-1]
    return np.random.default_rng(n).permutation(grid).reshape(shape)


def positive(*shape: int):
    return np.abs(near(*shape)) + 0.5


KEPT = np.array([True, False, True, True])


def softmax(x, axis=-1, mask=True):
    e = np.exp(x - x.max(axis, keepdims=True)) * mask
    return e / e.sum(axis, keepdims=True)


def normed(x, gain, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * gain + bias


def convolved(x, kernel):
    """Convolution by its definition, stride 2, 'same' padding."""
    n, height, width, _ = x.shape
    out = np.zeros((n, -(-height // 2), -(-width // 2), kernel.shape[3]))
    top = max(0, (out.shape[1] - 1) * 2 + kernel.shape[0] - height) // 2
    left = max(0, (out.shape[2] - 1) * 2 + kernel.shape[1] - width) // 2
    for i, j, a, b in np.ndindex(*out.shape[1:3], *kernel.shape[:2]):
        row, column = 2 * i + a - top, 2 * j + b - left
        if 0 <= row < height and 0 <= column < width:
            out[:, i, j] += x[:, row, column] @ kernel[a, b]
    return out


def convolved_line(x, kernel):
    """Convolution along one axis, "valid" padding."""
    rows = range(x.shape[1] - kernel.shape[0] + 1)
    return np.stack([np.einsum("nkc,kcf->nf", x[:, i : i + kernel.shape[0]], kernel) for i in rows], 1)


def unary(name, reference, make=near):
    return (name, getattr(ops, name), reference, (make(3, 4),))


def binary(name, reference, make=near):
    return (name, getattr(ops, name), reference, (make(3, 4), make(4) + 0.013))


SMOOTH = [
    unary("neg", np.negative),
    unary("abs", np.abs),
    unary("sign", np.sign),
    unary("exp", np.exp),
    unary("expm1", np.expm1),
    unary("log", np.log, positive),
    unary("log1p", np.log1p, positive),
    unary("sqrt", np.sqrt, positive),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), positive),
    unary("square", np.square),
    unary("reciprocal", lambda x: 1 / x, positive),
    unary("tanh", np.tanh),
    unary("sigmoid", sigmoid),
    unary("softplus", lambda x: np.logaddexp(0, x)),
    unary("erf", erf),
    unary("sin", np.sin),
    unary("cos", np.cos),
    unary("floor", np.floor),
    unary("ceil", np.ceil),
    unary("round", np.round),
    unary("relu", lambda x: np.maximum(x, 0)),
    unary("silu", lambda x: x * sigmoid(x)),
    unary("gelu", gelu),
    unary("gelu_tanh", gelu_tanh),
    binary("add", np.add),
    binary("sub", np.subtract),
    binary("mul", np.multiply),
    binary("div", np.divide, positive),
    binary("pow", np.power, positive),
    binary("maximum", np.maximum),
    binary("minimum", np.minimum),
    ("mod", ops.mod, np.mod, (near(3, 4) * 3, np.array([1.37, -1.71, 2.3, 0.9]))),
    (
        "where",
        lambda a, b: ops.where(ops.greater(a, 0.0), a, b),
        lambda a, b: np.where(a > 0, a, b),
        (near(3, 4), near(4)),
    ),
    ("sum", ops.sum, np.sum, (near(3, 4),)),
    ("sum columns", lambda x: ops.sum(x, axis=0), lambda x: np.sum(x, axis=0), (near(3, 4),)),
    (
        "sum rows",
        lambda x: ops.sum(x, axis=-1, keepdims=True),
        lambda x: np.sum(x, axis=-1, keepdims=True),
        (near(3, 4),),
    ),
    ("sum outer", lambda x: ops.sum(x, axis=(0, 2)), lambda x: np.sum(x, axis=(0, 2)), (near(2, 3, 4),)),
    ("mean", lambda x: ops.mean(x, axis=1), lambda x: np.mean(x, axis=1), (near(2, 3, 4),)),
    ("max", lambda x: ops.max(x, axis=1), lambda x: np.max(x, axis=1), (near(3, 4),)),
    ("min", ops.min, np.min, (near(3, 4),)),
    ("prod", lambda x: ops.prod(x, axis=0), lambda x: np.prod(x, axis=0), (near(3, 4),)),
    ("cumsum", ops.cumsum, lambda x: np.cumsum(x, -1), (near(3, 4),)),
    ("cumsum first", lambda x: ops.cumsum(x, axis=0), lambda x: np.cumsum(x, 0), (near(3, 4),)),
    ("matmul", ops.matmul, np.matmul, (near(3, 4), near(4, 2))),
    ("matmul vectors", ops.matmul, np.matmul, (near(4), near(4) + 0.1)),
    ("matmul row", ops.matmul, np.matmul, (near(4), near(2, 4, 3))),
    ("matmul column", ops.matmul, np.matmul, (near(2, 3, 4), near(4))),
    ("matmul batch", ops.matmul, np.matmul, (near(2, 1, 3, 4), near(3, 4, 2))),
    ("matmul one for all", ops.matmul, np.matmul, (near(2, 3, 4), near(4, 2))),
    ("matmul transposed", lambda a, b: ops.matmul(a.T, b.T), lambda a, b: a.T @ b.T, (near(4, 3), near(2, 4))),
    ("reshape", lambda x: ops.reshape(x, (2, -1)), lambda x: x.reshape(2, -1), (near(3, 4),)),
    ("transpose", lambda x: ops.transpose(x, (1, 2, 0)), lambda x: x.transpose(1, 2, 0), (near(2, 3, 4),)),
    ("broadcast_to", lambda x: ops.broadcast_to(x, (2, 3, 4)), lambda x: np.broadcast_to(x, (2, 3, 4)), (near(3, 1),)),
    ("getitem", lambda x: x[1:, ::-2], lambda x: x[1:, ::-2], (near(3, 4),)),
    ("getitem number", lambda x: x[-1, None, ..., 1:3], lambda x: x[-1, None, ..., 1:3], (near(3, 4),)),
    ("getitem indices", lambda x: x[TAKEN], lambda x: x[TAKEN], (near(3, 4),)),
    (
        "pad",
        lambda x: ops.pad(x, [(1, 0), (0, 2)], 0.5),
        lambda x: np.pad(x, [(1, 0), (0, 2)], constant_values=0.5),
        (near(3, 4),),
    ),
    ("concat", lambda a, b: ops.concat([a, b], 1), lambda a, b: np.concatenate([a, b], 1), (near(3, 4), near(3, 1))),
    ("stack", lambda a, b: ops.stack([a, b], 1), lambda a, b: np.stack([a, b], 1), (near(3, 4), near(3, 4) + 1)),
    ("take", lambda x: ops.take(x, TAKEN, 0), lambda x: np.take(x, TAKEN, 0), (near(3, 4),)),
    ("take last", lambda x: ops.take(x, TAKEN, -1), lambda x: np.take(x, TAKEN, -1), (near(2, 3),)),
    ("scatter_add", lambda x: ops.scatter_add(x, TAKEN, 0, 3), scattered, (near(2, 2, 4),)),
    (
        "take_along_axis",
        lambda x: ops.take_along_axis(x, ALONG, 0),
        lambda x: np.take_along_axis(x, ALONG, 0),
        (near(3, 4),),
    ),
    ("cast", lambda x: ops.cast(ops.cast(x, "float64"), "float64"), np.array, (near(3, 4),)),
    ("softmax", ops.softmax, softmax, (near(3, 4),)),
    ("softmax first", lambda x: ops.softmax(x, axis=0), lambda x: softmax(x, 0), (near(3, 4),)),
    ("softmax mask", lambda x: ops.softmax(x, mask=KEPT), lambda x: softmax(x, -1, KEPT), (near(3, 4),)),
    ("log_softmax", ops.log_softmax, lambda x: np.log(softmax(x)), (near(3, 4),)),
    ("logsumexp", lambda x: ops.logsumexp(x, 0), lambda x: np.log(np.exp(x).sum(0)), (near(3, 4),)),
    ("layer_norm", ops.layer_norm, normed, (near(3, 4), near(4), near(4) + 0.1)),
    ("conv2d", lambda x, k: ops.conv2d(x, k, 2, "same"), convolved, (near(2, 5, 4, 2), near(3, 2, 2, 3))),
    ("conv1d", ops.conv1d, convolved_line, (near(2, 6, 2), near(3, 2, 3))),
]
by_name = pytest.mark.parametrize(("name", "function", "reference", "arrays"), SMOOTH, ids=[case[0] for case in SMOOTH])


def spread(array):
    """The same numbers with gaps and a negative stride in memory."""
    room = np.full((*(2 * n for n in array.shape[:-1]), 3 * array.shape[-1]), np.nan)
    view = room[tuple(slice(None, None, 2) for _ in array.shape[:-1])][..., ::-3]
    view[...] = array
    return view


@by_name
def test_value_agrees_with_numpy(name, function, reference, arrays):
    want = reference(*arrays)
    for given in (arrays, [spread(a) for a in arrays], [np.asfortranarray(a) for a in arrays]):
        got = function(*[_core.tensor(a) for a in given])
        assert got.shape == want.shape
        assert got.dtype == "float64"
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-14, atol=1e-15)


@by_name
def test_value_of_strided_tensors_agrees_with_numpy(name, function, reference, arrays):
    # Views made by the tensor room itself: transposed twice, and reversed twice.
    want = reference(*arrays)
    turned = [_core.tensor(np.ascontiguousarray(a.T)).T for a in arrays]
    back = [_core.tensor(np.ascontiguousarray(a[::-1]))[::-1] for a in arrays]
    for given in (turned, back):
        np.testing.assert_allclose(function(*given).numpy(), want, rtol=1e-14, atol=1e-15)


@by_name
def test_value_in_float32_agrees_with_float64(name, function, reference, arrays):
    want = reference(*[a.astype(np.float32).astype(np.float64) for a in arrays])
    if name == "cast":
        return
    got = function(*[_core.tensor(a.astype(np.float32)) for a in arrays])
    assert got.dtype == "float32"
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-5, atol=2e-6)


def slopes(function, weights, arrays):
    """The gradients of sum(weights * function(arrays)), as graph and as it stands."""
    tensors = [_core.tensor(a) for a in arrays]
    value = ops.sum(function(*tensors) * weights)
    return tensors, _core.gradients([value], None, tensors)


def directions(name, arrays):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return [rng.normal(size=a.shape) for a in arrays]


def moved(arrays, along, step):
    return [a + step * d for a, d in zip(arrays, along, strict=True)]


@by_name
def test_first_derivative_agrees_with_central_differences(name, function, reference, arrays):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=reference(*arrays).shape)
    with _core.Recording():
        _, gradients = slopes(function, weights, arrays)
    for g, a in zip(gradients, arrays, strict=True):
        assert g.shape == a.shape
    along, h = directions(name, arrays), 1e-6
    ahead, behind = (np.sum(weights * reference(*moved(arrays, along, s))) for s in (h, -h))
    got = sum(np.sum(g.numpy() * d) for g, d in zip(gradients, along, strict=True))
    np.testing.assert_allclose(got, (ahead - behind) / (2 * h), rtol=2e-8, atol=2e-8)


@by_name
def test_second_derivative_agrees_with_central_differences(name, function, reference, arrays):
    weights = np.random.default_rng(2).normal(size=reference(*arrays).shape)
    first, second = directions(name, arrays), directions(name + "'", arrays)

    def directional(given):
        tensors, gradients = slopes(function, weights, given)
        return tensors, sum(
            (ops.sum(g * d) for g, d in zip(gradients, first, strict=True)), _core.tensor(0.0, "float64")
        )

    with _core.Recording():
        tensors, value = directional(arrays)
        curved = _core.gradients([value], None, tensors)
    h = 1e-6
    with _core.Recording():
        ahead, behind = (float(directional(moved(arrays, second, s))[1]) for s in (h, -h))
    got = sum(np.sum(g.numpy() * d) for g, d in zip(curved, second, strict=True))
    np.testing.assert_allclose(got, (ahead - behind) / (2 * h), rtol=5e-8, atol=5e-8)


def test_every_operation_is_in_a_table():
    # The others stand in test_values.py.
    known = {case[0].split()[0] for case in SMOOTH}
    known |= {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
    known |= {"logical_and", "logical_or", "logical_xor"}
    known |= {"random_bits", "random_uniform", "random_normal", "update"}
    known |= {"argmax", "argmin", "any", "all", "isfinite", "logical_not", "stop_gradient"}
    assert {name for name in vars(ops) if not name.startswith("_")} == known
