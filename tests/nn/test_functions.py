"""The public functions: the same numbers as NumPy, on arrays, tensors, variables and symbols alike."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from stochos import nn
from stochos.errors import Error, InputError
from stochos.nn import functions

X = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
Y = np.array([[1.5, 0.5, -2.0], [0.75, 1.0, 0.25]])
ERF = np.vectorize(math.erf)

ONE = {
    "negative": np.negative, "abs": np.abs, "sign": np.sign, "exp": np.exp, "expm1": np.expm1, "square": np.square,
    "reciprocal": np.reciprocal, "erf": ERF, "sin": np.sin, "cos": np.cos, "floor": np.floor, "ceil": np.ceil,
    "round": np.round, "logical_not": np.logical_not, "isfinite": np.isfinite, "stop_gradient": np.array,
    "tanh": np.tanh, "relu": lambda x: np.maximum(x, 0), "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)), "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * (1 + ERF(x / np.sqrt(2))) / 2, "linear": np.array, "softsign": lambda x: x / (1 + abs(x)),
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "relu6": lambda x: np.clip(x, 0, 6), "log_sigmoid": lambda x: -np.log1p(np.exp(-x)),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x), "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
    "logsumexp": lambda x: np.log(np.exp(x).sum(-1)), "cumsum": lambda x: np.cumsum(x, -1),
    "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod, "any": np.any, "all": np.all,
    "argmax": np.argmax, "argmin": np.argmin, "var": np.var, "std": np.std, "norm": np.linalg.norm,
    "transpose": np.transpose, "squeeze": np.squeeze,
}  # fmt: skip
POSITIVE = {"log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x)}
TWO = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "maximum": np.maximum,
    "minimum": np.minimum, "mod": np.mod, "equal": np.equal, "not_equal": np.not_equal, "less": np.less,
    "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor,
}  # fmt: skip
WITH = {
    "power": ((abs(X), Y), np.power),
    "matmul": ((X, Y.T), np.matmul),
    "where": ((X > Y, X, Y), np.where),
    "clip": ((X, -1.0, 1.0), np.clip),
    "cast": ((X, "int32"), lambda x, _: x.astype(np.int32)),
    "reshape": ((X, (3, -1)), np.reshape),
    "swapaxes": ((X, 0, -1), np.swapaxes),
    "expand_dims": ((X, -1), np.expand_dims),
    "broadcast_to": ((X, (4, 2, 3)), np.broadcast_to),
    "concatenate": (([X, Y], 1), np.concatenate),
    "stack": (([X, Y], -1), np.stack),
    "pad": ((X, [(1, 0), (0, 2)]), np.pad),
    "getitem": ((X, (slice(None, None, -1), [2, 0])), lambda x, key: x[key]),
    "take": ((X, np.array([2, 0]), 1), np.take),
    "take_along_axis": ((X, np.array([[2], [0]]), 1), np.take_along_axis),
    "one_hot": ((np.array([1, 0, 5]), 3), lambda n, k: (n[:, None] == np.arange(k)).astype(np.float32)),
}
CASES = (
    [(name, (X,), f) for name, f in ONE.items()]
    + [(name, (abs(X) + 0.1,), f) for name, f in POSITIVE.items()]
    + [(name, (X, Y), f) for name, f in TWO.items()]
    + [(name, given, f) for name, (given, f) in WITH.items()]
)


def test_every_function_has_a_case():
    faces = {n for n in functions.__all__ if hasattr(getattr(functions, n), "target")}
    assert faces - {name for name, _, _ in CASES} == {"attention", "split"}
    assert faces <= set(nn.__all__)


@pytest.mark.parametrize(("name", "given", "expected"), CASES, ids=[name for name, _, _ in CASES])
def test_numbers_of_numpy_on_arrays_and_on_symbols(name, given, expected):
    wanted = np.asarray(expected(*given))
    found = getattr(nn, name)(*given)
    assert found.shape == wanted.shape
    assert np.allclose(found.numpy(), wanted, rtol=1e-12, atol=1e-12)
    # The first array becomes an input of a model; the batch is open unless the function mixes it.
    first = given[0][0] if isinstance(given[0], list) else given[0]
    symbol = nn.Input(first.shape[1:], dtype=str(first.dtype), batch=len(first))
    arguments = [[symbol, *given[0][1:]] if isinstance(given[0], list) else symbol, *given[1:]]
    model = nn.Model(symbol, getattr(nn, name)(*arguments))
    assert model.output.shape == wanted.shape
    assert model.output.dtype == found.dtype
    assert np.array_equal(model(first).numpy(), found.numpy())


def test_split_and_attention():
    parts = nn.split(X, 3, axis=1)
    assert [p.numpy().tolist() for p in parts] == [X[:, n : n + 1].tolist() for n in range(3)]
    with pytest.raises(InputError, match=r"axis 1 of shape \(2, 3\) does not divide into 2 parts"):
        nn.split(X, 2, axis=1)
    with pytest.raises(InputError, match=r"axis 0 of shape \(2, 3\) is not of length 1"):
        nn.squeeze(X, 0)
    scores = np.exp(X @ Y.T / np.sqrt(3))
    expected = scores / scores.sum(-1, keepdims=True) @ Y
    assert np.allclose(nn.attention(X, Y, Y).numpy(), expected)
    first = nn.attention(X, Y, Y, causal=True).numpy()[0]
    assert np.allclose(first, Y[0])
    assert nn.attention(X, Y, Y, mask=np.zeros((2, 2), bool)).numpy().tolist() == [[0.0] * 3] * 2
    with pytest.raises(InputError, match=r"expects a query \(\.\.\., T, D\)"):
        nn.attention(X, Y[:, :2], Y)


def test_which_lengths_are_open():
    x = nn.Input((None, 4))
    assert nn.sum(x, axis=0).shape == (None, 4)
    assert nn.sum(x, axis=1).shape == (None, 4)
    assert nn.mean(x).shape == ()
    assert x.reshape(-1, 2).shape == (None, 2)
    assert x.transpose(1, 0, 2).shape == (None, None, 4)
    assert x[:, 0].shape == (None, 4)
    assert x[:, :3].shape == (None, 3, 4)
    assert nn.concatenate([x, x], axis=1).shape == (None, None, 4)
    assert (x.T.shape, x.ndim) == ((4, None, None), 3)
    assert nn.argmax(x, axis=-1).dtype == "int64"


def test_operators_of_symbols_from_both_sides():
    x = nn.Input((3,), dtype="float64")
    array, tensor, variable = Y[0], nn.tensor(Y[0]), nn.Variable(Y[0])
    cases = [
        (lambda t: -t + 1 - abs(t) * 2, -X + 1 - abs(X) * 2),
        (lambda t: 1 - t / 2 + 3 / t, 1 - X / 2 + 3 / X),
        (lambda t: 2**t + t**2 - t % 2, 2**X + X**2 - X % 2),
        (lambda t: array + t - array * t, Y[0] + X - Y[0] * X),
        (lambda t: tensor + t - tensor * t, Y[0] + X - Y[0] * X),
        (lambda t: variable + t - variable * t, Y[0] + X - Y[0] * X),
        (lambda t: nn.cast(array > t, "float64") + nn.cast(t >= 0.5, "float64"), (Y[0] > X) * 1.0 + (X >= 0.5)),
        (lambda t: t @ Y.T, X @ Y.T),
        (lambda t: t.sum(-1, keepdims=True) + t.mean() + t.max(axis=1, keepdims=True) - t.min(), _mixed()),
        (lambda t: (~(t > 0)).astype("float64"), (X <= 0) * 1.0),
    ]
    for build, expected in cases:
        assert np.allclose(nn.Model(x, build(x))(X).numpy(), expected)


def _mixed():
    return X.sum(-1, keepdims=True) + X.mean() + X.max(1, keepdims=True) - X.min()


def test_what_does_not_fit_is_said_when_the_symbol_is_made():
    x = nn.Input((3,), name="x")
    with pytest.raises(Error) as caught:
        x + np.ones(4)
    assert any("x (None, 3) float32; numbers such as 2520 stand for None" in n for n in caught.value.__notes__)


def test_random_streams():
    stream, again = nn.RandomStream(7), nn.RandomStream(7)
    draws = stream.uniform((1000,), -1.0, 1.0).numpy()
    assert np.array_equal(again.uniform((1000,), -1.0, 1.0).numpy(), draws)
    # mean 0 and variance 1/3; five deviations of the mean and of the mean square
    assert abs(draws.mean()) < 5 * np.sqrt(1 / 3 / 1000)
    assert abs((draws**2).mean() - 1 / 3) < 5 * np.sqrt(4 / 45 / 1000)
    normals = stream.normal((4000,), 3.0, 2.0, "float64").numpy()
    assert abs(normals.mean() - 3) < 5 * 2 / np.sqrt(4000)
    assert abs(normals.std() - 2) < 5 * 2 / np.sqrt(8000)
    assert stream.counter.item() == 2
    other = stream.copy()
    assert np.array_equal(other.bernoulli((50,), 0.3).numpy(), stream.bernoulli((50,), 0.3).numpy())
    assert not np.array_equal(stream.uniform((50,)).numpy(), stream.uniform((50,)).numpy())


def test_every_function_explains_its_arguments():
    for name in functions.__all__:
        face = getattr(functions, name)
        if hasattr(face, "target"):
            for argument in inspect.signature(face).parameters:
                assert argument in face.__doc__, (name, argument)
