"""nn.compile gives what the function gives, step by step, and says what it cannot do."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import nn
from stochos._core import ops


def make_step(compiled: bool):
    w = nn.Variable(np.linspace(-1, 1, 12).reshape(4, 3), name="w")
    state = [nn.Variable(np.zeros((4, 3))), nn.Variable(np.zeros((4, 3)))]
    count = nn.Variable(np.int64(0), trainable=False)

    def step(x, y):
        loss, grad = nn.value_and_grad(lambda: ops.square(ops.tanh(x @ w) - y).mean(), wrt=w)()
        count.assign(count + 1)
        new = ops.update("adam", w, grad, state, 0.05, count, beta1=0.9, beta2=0.999, epsilon=1e-8)
        for variable, value in zip([w, *state], new, strict=True):
            variable.assign(value)
        return {"loss": loss, "norm": (w * w).sum()}

    return (nn.compile(step) if compiled else step), w


def test_replay_is_the_function_bit_for_bit():
    stream = np.random.default_rng(0)
    eager, ours = make_step(False), make_step(True)
    for size in (5, 5, 7, 5):
        x, y = stream.normal(size=(size, 4)), stream.normal(size=(size, 3))
        a, b = eager[0](nn.tensor(x), nn.tensor(y)), ours[0](x, y)
        assert float(a["loss"]) == float(b["loss"])
        assert float(a["norm"]) == float(b["norm"])
    np.testing.assert_array_equal(eager[1].numpy(), ours[1].numpy())
    assert ours[1].version == 4


def test_a_number_of_a_traced_tensor_is_an_error():
    @nn.compile
    def bad(x):
        return x * 2 if x.sum() > 0 else x

    with pytest.raises(TypeError, match=r"nn.compile"):
        bad(np.ones(3))
    # The failed trace has ended: the next one works.
    assert nn.compile(lambda x: x + 1)(np.ones(2)).numpy().tolist() == [2, 2]


def test_two_updates_in_one_step_do_not_differentiate_through_the_first():
    a, b = nn.Variable(2.0), nn.Variable(3.0)

    def step():
        slope = nn.grad(lambda: a * a * b, wrt=a)()
        a.assign(a - 0.1 * slope)
        return nn.grad(lambda: a * b, wrt=b)()

    # d(a b)/db = a after the first update: 2 - 0.1 * 2 a b = 0.8, the update itself taken as a constant.
    assert float(nn.compile(step)()) == pytest.approx(0.8)
    a.assign(2.0)
    assert float(step()) == pytest.approx(0.8)


def test_an_argument_written_to_afterwards_changes_nothing():
    x = np.ones(4)
    same = nn.compile(lambda x: x)(x)
    x[:] = 7
    assert same.numpy().tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [0, 1, 5, 2048, 2049, 100_003])
def test_fused_chains_have_the_bits_of_single_operations(dtype, size):
    stream = np.random.default_rng(4)
    a, b = (nn.tensor(stream.normal(size=size).astype(dtype)) for _ in range(2))
    scale = nn.Variable(np.ones(1, dtype) * 0.5)

    def chain(a, b):
        inner = ops.tanh(a * b + a)
        outer = ops.exp(inner * scale + 1)
        return inner, outer, outer / (1 + ops.square(inner)) - b, outer.sum()

    for ours, right in zip(nn.compile(chain)(a, b), chain(a, b), strict=True):
        np.testing.assert_array_equal(ours.numpy(), right.numpy())


def test_fused_chains_take_any_layout():
    x = np.random.default_rng(5).normal(size=(6, 8))
    chain = lambda a: ops.exp(a * 2 + a)  # noqa: E731
    compiled = nn.compile(chain)
    for view in (nn.tensor(x).T, nn.tensor(x)[::-1, ::2], nn.tensor(x.T.copy()).T):
        np.testing.assert_array_equal(compiled(view).numpy(), chain(view).numpy())
    assert nn.compile(lambda a: a + a.sum())(nn.tensor(np.ones((1, 3)))).numpy().tolist() == [[4, 4, 4]]
