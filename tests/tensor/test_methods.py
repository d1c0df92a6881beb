"""The methods and operators of tensors and variables against NumPy's, and what they refuse."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from stochos import nn
from stochos.errors import Error

X = np.random.default_rng(0).normal(size=(2, 3, 4))
A, B = X > 0, X > 0.5


@pytest.mark.parametrize("make", [nn.tensor, nn.Variable])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.reshape(6, 4),
        lambda x: x.reshape((4, -1)),
        lambda x: x.reshape(-1),
        lambda x: x.transpose(),
        lambda x: x.transpose(1, 0, 2),
        lambda x: x.transpose((2, 0, 1)),
        lambda x: x.T,
        lambda x: x.sum(),
        lambda x: x.sum(1),
        lambda x: x.mean(axis=(0, -1), keepdims=True),
        lambda x: x.max(axis=2),
        lambda x: x.min(0, keepdims=True),
        lambda x: x.astype("float32"),
        lambda x: x.astype("int32"),
        lambda x: +x,
        lambda x: -x,
        lambda x: abs(x),
        lambda x: x[1][..., 2],
        lambda x: np.asarray(list(x)[1]),
        lambda x: x - 2,
        lambda x: 2 / (abs(x) + 1),
        lambda x: x // 0.5,
        lambda x: x**2,
        lambda x: (abs(x) + 1) ** x,
        lambda x: x % 0.3,
        lambda x: x >= 0,
        lambda x: x != x[0],
    ],
)
def test_a_method_is_numpys(make, call):
    wanted = call(X)
    np.testing.assert_allclose(np.asarray(call(make(X))), wanted, rtol=1e-14, atol=1e-15)
    assert np.shape(call(make(X))) == wanted.shape


@pytest.mark.parametrize("op", [operator.and_, operator.or_, operator.xor])
def test_logical_operators(op):
    np.testing.assert_array_equal(op(nn.tensor(A), nn.tensor(B)).numpy(), op(A, B))
    np.testing.assert_array_equal(np.asarray(op(A, nn.tensor(B))), op(A, B))
    np.testing.assert_array_equal((~nn.tensor(A)).numpy(), ~A)
    for wrong in (lambda: op(nn.tensor(X), nn.tensor(B)), lambda: ~nn.tensor(X)):
        with pytest.raises(TypeError, match="work on bool tensors only"):
            wrong()
    with pytest.raises(TypeError, match="unsupported operand"):
        op(nn.tensor(A), "text")
    with pytest.raises(TypeError, match="unsupported operand"):
        _ = nn.tensor(X) @ "text"


@pytest.mark.parametrize(("value", "kind"), [(2.5, float), (np.float32(1.5), float), (3, int), (np.int32(-4), int)])
def test_one_element_is_a_number(value, kind):
    one = nn.tensor(np.asarray(value))
    assert one.item() == value
    assert type(one.item()) is kind
    assert float(one) == float(value)
    assert int(one) == int(value)
    assert bool(one)
    if kind is int:
        assert list(range(9))[abs(one)] == abs(value)
    else:
        with pytest.raises(TypeError, match="used as an index"):
            operator.index(one)


def test_what_is_refused_says_so():
    x = nn.tensor(X)
    for call, error in (
        (lambda: x.reshape(5, 5), Error),
        (lambda: x.transpose(0, 0, 1), Error),
        (lambda: x.transpose(3), Error),
        (lambda: x.sum(axis=3), Error),
        (lambda: x.sum(0, True, 1), TypeError),
        (lambda: x.sum(way=1), TypeError),
        (lambda: x.sum(0, axis=0), TypeError),
        (lambda: x.astype("text"), Error),
        (lambda: x.item(), Error),
        (lambda: bool(x), Error),
        (lambda: len(nn.tensor(1.0)), TypeError),
        (lambda: type(x)(), TypeError),
        (lambda: x.__dlpack__(stream=1), Error),
        (lambda: x.__dlpack__(dl_device=(2, 0)), BufferError),
    ):
        with pytest.raises(error):
            call()


def test_arrays_of_a_tensor():
    x = nn.tensor(X)
    assert np.shares_memory(np.asarray(x), x.numpy())
    assert not np.shares_memory(np.array(x, copy=True), x.numpy())
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    assert x.__dlpack_device__() == (1, 0)
    np.testing.assert_array_equal(memoryview(x), X)


def test_a_variable_tells_and_takes_its_name_and_whether_it_trains():
    v = nn.Variable(X, name="weight")
    assert (v.shape, v.dtype, v.ndim, v.size) == ((2, 3, 4), "float64", 3, 24)
    assert "'weight'" in repr(v)
    assert "frozen" not in repr(v)
    v.trainable, v.name = False, "other"
    assert "'other'" in repr(v)
    assert repr(v).endswith("frozen>")
    np.testing.assert_array_equal(v.value.numpy(), X)
    with pytest.raises(TypeError):
        v.name = 3
    assert v.name == "other"
    assert hash(v) != hash(nn.Variable(X))
    assert "no numbers yet" in repr_in_a_trace()


def repr_in_a_trace() -> str:
    said: list[str] = []

    @nn.compile
    def f(x):
        said.append(repr(x))
        return x

    f(nn.tensor(X))
    return said[0]
