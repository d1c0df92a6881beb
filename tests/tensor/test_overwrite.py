"""Compiled optimiser steps write over the old numbers where nobody else holds them, and never where somebody does."""

import threading

import numpy as np
import pytest

from stochos import nn
from stochos.errors import Error


def address(variable):
    return variable.numpy().__array_interface__["data"][0]


def training(optimizer, dtype="float32"):
    stream = np.random.default_rng(2)
    x, y = (nn.tensor(stream.normal(size=(16, n)).astype(dtype)) for n in (5, 3))
    weight = nn.Variable(stream.normal(size=(5, 3)).astype(dtype), "weight")
    bias = nn.Variable(np.zeros(3, dtype), "bias")

    def step():
        loss, grads = nn.value_and_grad(lambda: nn.mean((x @ weight + bias - y) ** 2), wrt=[weight, bias])()
        optimizer.update([weight, bias], grads)
        return loss

    return weight, bias, step


KINDS = [
    lambda: nn.SGD(0.1),
    lambda: nn.SGD(0.1, momentum=0.9),
    lambda: nn.SGD(0.1, momentum=0.9, nesterov=True),
    lambda: nn.RMSprop(0.1),
    lambda: nn.Adagrad(0.1),
    lambda: nn.Adam(0.1),
    lambda: nn.AdamW(0.1),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", KINDS)
def test_steps_in_place_have_the_bits_of_plain_steps(make, dtype):
    weight, bias, step = training(make(), dtype)
    plain_weight, plain_bias, plain = training(make(), dtype)
    compiled = nn.compile(step)
    for _ in range(4):
        assert float(compiled()) == float(plain())
        np.testing.assert_array_equal(weight.numpy(), plain_weight.numpy())
        np.testing.assert_array_equal(bias.numpy(), plain_bias.numpy())
        assert weight.version == plain_weight.version


@pytest.mark.parametrize("make", KINDS)
def test_a_parameter_stays_where_it_is(make):
    weight, _, step = training(make())
    step = nn.compile(step)
    step()
    step()
    before = address(weight)
    for _ in range(3):
        step()
    assert address(weight) == before


@pytest.mark.parametrize("hold", [lambda w: w.numpy(), lambda w: w.value, lambda w: w.value * 1.0, np.asarray])
def test_old_numbers_that_somebody_holds_stay(hold):
    weight, _, step = training(nn.Adam(0.1))
    step = nn.compile(step)
    step()
    copy = weight.numpy().copy()
    held = hold(weight)
    step()
    step()
    np.testing.assert_array_equal(np.asarray(held), copy)
    assert (weight.numpy() != copy).any()


def test_a_step_that_returns_the_old_numbers_returns_them():
    weight, _, step = training(nn.SGD(0.1))

    @nn.compile
    def both():
        old = weight.value + 0.0
        return weight.value, old, step()

    for _ in range(3):
        copy = weight.numpy().copy()
        old, same, _ = both()
        np.testing.assert_array_equal(old.numpy(), copy)
        np.testing.assert_array_equal(same.numpy(), copy)


def test_the_mean_of_past_weights_follows_the_new_ones():
    weight, bias, step = training(nn.SGD(0.1))
    mean = nn.Variable(weight.numpy().copy(), "mean", trainable=False)

    @nn.compile
    def both():
        loss = step()
        mean.assign(0.9 * mean.value + 0.1 * weight.value)
        return loss

    expected = mean.numpy().copy()
    for _ in range(4):
        both()
        expected = np.float32(0.9) * expected + np.float32(0.1) * weight.numpy()
        np.testing.assert_array_equal(mean.numpy(), expected)
    assert bias.version == 4


def test_the_guard_against_nan_leaves_parameters_as_they_were():
    weight, _, step = training(nn.SGD(1e38))
    step = nn.compile(step)
    found = ""
    nn.check_numerics(True)
    try:
        for _ in range(5):
            before = weight.numpy().copy()
            try:
                step()
            except Error as error:
                found = str(error)
                break
    finally:
        nn.check_numerics(False)
    assert "NaN or an infinity" in found
    np.testing.assert_array_equal(weight.numpy(), before)


def test_readers_in_other_threads_see_whole_versions():
    # All weights are equal at each version; a reader that saw half of a step would see two different ones.
    weight = nn.Variable(np.zeros(200_000, np.float32), "weight")
    optimizer, gradient = nn.SGD(1.0), nn.tensor(np.ones(200_000, np.float32))

    @nn.compile
    def step():
        optimizer.update([weight], [gradient])

    torn, ready = [], threading.Event()

    def read():
        while not ready.is_set():
            seen = weight.numpy()
            torn.append(seen.min() != seen.max())

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(60):
            step()
    finally:
        ready.set()
        for reader in readers:
            reader.join()
    assert torn
    assert not any(torn)
