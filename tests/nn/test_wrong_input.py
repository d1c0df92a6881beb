"""What layers say of wrong input: the layer, what it expects, and what it got."""

# ruff: noqa: E501 - the table of messages
from __future__ import annotations

import numpy as np
import pytest

from stochos import nn
from stochos.errors import Error, InputError, InputTypeError


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: nn.Conv2D(4, 3, groups=3),
            r"\[nn.Conv2D\] 4 filters cannot be shared out among groups=3",
        ),
        (
            lambda: nn.Conv1D(4, 1, groups=2, name="c")(nn.Input((5, 3))),
            r"\[nn.Conv1D 'c'\] expects channels that groups=2 divides, got shape \(None, 5, 3\)",
        ),
        (
            lambda: nn.MultiHeadAttention(1, name="m")(np.ones((1, 2, 4)), mask=np.zeros((1, 2))),
            r"\[nn.MultiHeadAttention 'm'\] expects a mask of bool or integers.*got float64",
        ),
        (
            lambda: nn.attention(np.ones((2, 4)), np.ones((2, 4)), np.ones((2, 4)), mask=np.zeros((2, 2))),
            r"\[nn.attention\] the mask is floating; give bool",
        ),
        (lambda: _twice(nn.Dense(3, name="dense_2"), (32, 128), (32, 64)), r"\[nn\.Dense 'dense_2'\] expects last axis 128, got input of shape \(32, 64\)"),
        (lambda: nn.Dense(3, name="d")(np.ones((2, 3), np.int64)), r"\[nn\.Dense 'd'\] expects a floating input, got int64 of shape \(2, 3\)"),
        (lambda: nn.Dense(3, name="d")(np.ones((), np.float32)), r"\[nn\.Dense 'd'\] expects an input with at least one axis, got shape \(\)"),
        (lambda: nn.Dense(3, name="d")(nn.Input((None,))), r"\[nn\.Dense 'd'\] the shape \(None, 3\) of 'kernel' has an open length"),
        (lambda: nn.Dense(0), r"\[nn\.Dense\] units is 0"),
        (lambda: nn.Dense(3, activation="rely"), "there is no activation 'rely'"),
        (lambda: nn.Dense(3, name="a/b"), "give a text without '/'"),
        (lambda: nn.Dense(3, dtype="int32"), "weights are 'float32' or 'float64'"),
        (lambda: nn.Dense(3, name="d")(np.ones((1, 1)), np.ones((1, 1))), r"\[nn\.Dense 'd'\] expects one tensor"),
        (lambda: nn.Embedding(3, 2, name="e")(np.ones(2, np.float32)), r"\[nn\.Embedding 'e'\] expects indices of dtype int32 or int64, got float32"),
        (lambda: nn.Embedding(3, 2)(np.array([7])).numpy(), "7"),
        (lambda: nn.Conv1D(3, 2, name="c")(np.ones((2, 3), np.float32)), r"\[nn\.Conv1D 'c'\] expects an input of shape \(B, T, C\), got shape \(2, 3\)"),
        (lambda: nn.Conv2D(3, 5, name="c")(nn.Input((4, 9, 1))), r"expects at least 5 places on axis 1, got input of shape \(None, 4, 9, 1\)"),
        (lambda: nn.Conv2D(3, (2, 2, 2)), r"kernel_size is \(2, 2, 2\)"),
        (lambda: nn.Reshape((5, 2), name="r")(np.ones((3, 4))), r"\[nn\.Reshape 'r'\] expects an input that reshapes to \(B, 5, 2\), got shape \(3, 4\)"),
        (lambda: nn.Permute(1, 3), "give each of 1 to 2 once"),
        (lambda: nn.Concatenate(name="c")(np.ones((2, 3)), np.ones((4, 3))), r"\[nn\.Concatenate 'c'\] expects inputs equal in all axes but -1, got \(2, 3\), \(4, 3\)"),
        (lambda: nn.Add(name="a")(nn.Input((3,)), nn.Input((4,))), r"\[nn\.Add 'a'\] expects inputs of one shape, got \(None, 3\), \(None, 4\)"),
        (lambda: nn.MultiHeadAttention(3, name="m")(np.ones((1, 2, 4))), r"\[nn\.MultiHeadAttention 'm'\] expects a query whose last axis 3 heads divide"),
        (lambda: nn.MultiHeadAttention(2, name="m")(np.ones((1, 2, 4)), mask=np.ones((2, 3), bool)), r"expects a mask of shape \(1, 2\), \(1, 2, 2\) or \(1, 2, 2, 2\), got shape \(2, 3\)"),
        (lambda: nn.Dropout(1.0), "expects a rate below 1"),
        (lambda: nn.BatchNorm(name="b")(np.ones(3, np.float32)), r"\[nn\.BatchNorm 'b'\] expects an input of shape \(B, \.\.\., C\), got shape \(3,\)"),
        (lambda: float(nn.Input((3,))), "has no values, so it cannot become a number; make a model"),
        (lambda: np.asarray(nn.Input((3,))), "cannot become an array"),
        (lambda: nn.Input((-1,)), "a length cannot be negative"),
        (lambda: nn.Input((3,), dtype="float16"), "dtype is 'float16'"),
        (lambda: nn.Lambda(lambda t: 3)(nn.Input((3,))), "returned 3; a layer or function returns tensors"),
    ],
)  # fmt: skip
def test_wrong_input_names_the_layer_what_it_expects_and_what_it_got(call, message):
    with pytest.raises(Error, match=message):
        call()


def _twice(layer, first, second):
    layer(np.ones(first, np.float32))
    return layer(np.ones(second, np.float32))


def test_errors_are_the_built_in_kinds_too():
    assert issubclass(InputError, ValueError)
    assert issubclass(InputTypeError, TypeError)


def test_a_wrong_shape_deep_in_a_model_names_the_layer():
    x = nn.Input((None, 4))
    model = nn.Model(x, nn.Conv1D(2, 3, name="deep")(nn.Sequential([nn.Dense(4), nn.relu])(x)))
    assert model.output.shape == (None, None, 2)
    with pytest.raises(
        InputError, match=r"\[nn\.Conv1D 'deep'\] expects at least 3 places on axis 1, got .*\(2, 2, 4\)"
    ):
        model(np.ones((2, 2, 4), np.float32))


@pytest.mark.parametrize("argnums", [[0], "x", 1.0, (0, None), True])
def test_argnums_of_another_kind_are_refused(argnums):
    with pytest.raises(InputTypeError, match=r"\[nn.value_and_grad\] argnums is .*variables go into wrt="):
        nn.grad(nn.sum, argnums)(np.ones(3))
