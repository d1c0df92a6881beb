"""NumPy's functions given tensors, and tensors in pickles and copies."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from stochos import _core, nn
from stochos.errors import InputTypeError

X = np.array([0.3, -1.2, 2.0])


@pytest.mark.parametrize("name", ["exp", "negative", "absolute", "tanh", "square", "sin", "rint", "isfinite"])
def test_numpys_functions_are_operations(name):
    got = getattr(np, name)(nn.tensor(X))
    assert isinstance(got, nn.Tensor)
    np.testing.assert_allclose(got.numpy(), getattr(np, name)(X), rtol=1e-14)


@pytest.mark.parametrize(
    "name", ["add", "subtract", "multiply", "divide", "power", "remainder", "maximum", "less", "floor_divide", "matmul"]
)
def test_so_are_operators_with_arrays_on_either_side(name):
    function, other = getattr(np, name), np.abs(X) + 0.5
    for given in ((other, nn.tensor(other)), (nn.tensor(other), other), (other, nn.Variable(other))):
        got = function(*given)
        assert isinstance(got, nn.Tensor)
        np.testing.assert_allclose(got.numpy(), function(other, other), rtol=1e-14)


def test_they_keep_their_derivatives():
    slope = nn.grad(lambda x: np.sum(np.exp(x) * X + np.mean(np.maximum(x, 0.0))))(X)
    np.testing.assert_allclose(slope.numpy(), np.exp(X) * X + (X > 0), rtol=1e-14)


def test_what_has_no_operation_works_on_the_numbers_but_never_cuts_a_derivative():
    t = nn.tensor(X)
    assert np.isnan(t).tolist() == [False, False, False]
    np.testing.assert_array_equal(np.add.reduce(t), X.sum())
    for function in (np.arctan, np.isnan, np.add.reduce, lambda x: np.exp(x, where=x > 0)):
        with pytest.raises(InputTypeError, match="its derivative would be lost; use"):
            nn.grad(lambda x, f=function: nn.sum(f(x)))(X)
    with pytest.raises(InputTypeError, match="a tensor never changes"):
        np.exp(X, out=t)
    with pytest.raises(InputTypeError, match="use astype on the result"):
        np.sum(t, dtype="float32")


def test_an_array_takes_no_tensor_in_place():
    array = X.copy()
    array += nn.tensor(X)
    assert isinstance(array, np.ndarray)
    np.testing.assert_array_equal(array, 2 * X)
    assert np.max(nn.tensor(X)).item() == 2.0


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_tensors_and_variables_are_copied_and_pickled_by_their_numbers(way):
    for dtype in ("float32", "float64", "int32", "int64", "bool"):
        t = nn.tensor(np.arange(6).reshape(2, 3)[:, ::-1], dtype)
        again = way(t)
        assert (again.dtype, again.numpy().tolist()) == (dtype, t.numpy().tolist())
    w = nn.Variable(X, name="w", trainable=False)
    again = way(w)
    assert isinstance(again, nn.Variable)
    assert (again.name, again.trainable, again.numpy().tolist()) == ("w", False, X.tolist())
    again.assign(X + 1)
    assert w.numpy().tolist() == X.tolist()


def test_a_variable_held_twice_stays_one():
    w = nn.Variable(X)
    for a, b in (copy.deepcopy([w, w]), pickle.loads(pickle.dumps([w, w]))):
        assert a is b
    with _core.Trace() as trace:
        x = trace.argument((2,), "float32")
        with pytest.raises(InputTypeError):
            pickle.dumps(x)


@pytest.mark.parametrize("function", [np.bitwise_and, np.bitwise_or, np.bitwise_xor])
def test_masks_meet_numpys_masks_on_either_side(function):
    mask, other = np.array([True, True, False, False]), np.array([True, False, True, False])
    for left, right in ((mask, nn.tensor(other)), (nn.tensor(mask), other), (np.bool_(True), nn.tensor(other))):
        made = function(left, right)
        assert isinstance(made, nn.Tensor)
        assert made.dtype == "bool"
        plain = [x.numpy() if isinstance(x, nn.Tensor) else x for x in (left, right)]
        np.testing.assert_array_equal(made.numpy(), function(*plain))
    assert isinstance(mask & nn.tensor(other), nn.Tensor)
    np.testing.assert_array_equal(np.invert(nn.tensor(mask)).numpy(), ~mask)
