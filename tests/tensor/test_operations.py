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
        x = _core.tensor(near(3, 4))
        (slope,) = _core.gradients([ops.sum(x * ops.stop_gradient(x))], None, [x])
    np.testing.assert_array_equal(ops.stop_gradient(x).numpy(), x.numpy())
    np.testing.assert_array_equal(slope.numpy(), x.numpy())


def test_product_with_zeros_has_the_derivative_of_the_others():
    x = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0], [1.0, 2.0, 4.0]])
    with _core.Recording():
        given = _core.tensor(x)
        (slope,) = _core.gradients([ops.sum(ops.prod(given, axis=1))], None, [given])
    np.testing.assert_array_equal(slope.numpy(), [[0, 6, 0], [0, 0, 0], [8, 4, 2]])


def test_every_operation_is_in_a_table():
    known = {case[0].split()[0] for case in SMOOTH} | set(PAIRS)
    known |= {"argmax", "argmin", "any", "all", "isfinite", "logical_not", "stop_gradient"}
    assert {name for name in vars(ops) if not name.startswith("_")} == known


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
