"""What nn.compile makes of a traced function: chains after products, joined rows, one piece of memory; same numbers.

The right values are those of the function itself, operation by operation. Where a pass promises the same bits the
comparison is exact; joined products may go another way through the kernels, so theirs is to rounding.
"""

from __future__ import annotations

import numpy as np
import pytest

from stochos import _core, nn
from stochos._core import ops


def traced(function, *arrays):
    """The program of a function, and its results and the function's own."""
    tensors = [_core.tensor(a) for a in arrays]
    trace = _core.Trace()
    with trace:
        given = [trace.argument(t.shape, t.dtype) for t in tensors]
        made = function(*given)
    program = trace.finish(list(made))
    return program, program.run(tensors), function(*tensors)


def normal(*shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


ACTIVATIONS = {
    "relu": ops.relu,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "gelu": ops.gelu,
    "gelu_tanh": ops.gelu_tanh,
    "silu": ops.silu,
    "softplus": ops.softplus,
    "leaky": lambda x: ops.where(x > 0, x, 0.01 * x),
}
# Rows, inner, columns: one block; tiles across rows; rows longer than a tile; cut by rows; by columns; by the panels.
SIZES = [(1, 3, 5), (7, 3, 100), (64, 784, 128), (3, 4, 2500), (600, 40, 700), (130, 9, 1500), (40, 700, 1300)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_bias_and_activation_are_done_to_the_blocks_of_the_product(size, dtype):
    m, k, n = size
    x, w, b = normal(m, k, dtype=dtype), normal(k, n, dtype=dtype, seed=1), normal(n, dtype=dtype, seed=2)
    for name, activation in ACTIVATIONS.items():
        program, ours, right = traced(lambda x, w, b, f=activation: [f(x @ w + b)], x, w, b)
        counts = program.statistics()
        assert (counts["epilogues"], counts["instructions"]) == (1, 1), name
        np.testing.assert_array_equal(ours[0].numpy(), right[0].numpy())


def test_what_is_read_besides_the_chain_is_kept():
    x, w, b, g = normal(20, 30), normal(30, 40, seed=1), normal(1, 40, seed=2), normal(20, 40, seed=3)

    def function(x, w, b, g):
        product = x @ w
        before = product + b
        after = ops.tanh(before)
        return [product, before, after, after * g, ops.sum(product * after)]

    program, ours, right = traced(function, x, w, b, g)
    assert program.statistics()["epilogues"] == 1
    for one, other in zip(ours, right, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_product_read_after_the_first_output_is_not_written_over():
    # The chain's first output is done before the product is read for the last time: it cannot lend its memory.
    x, w = normal(50, 60), normal(60, 70, seed=1)
    program, ours, right = traced(lambda x, w: [ops.exp(x @ w), ops.exp(x @ w) * ops.tanh(x @ w)], x, w)
    assert program.statistics()["epilogues"] == 1
    assert program.statistics()["merged"] > 0
    for one, other in zip(ours, right, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("shape", [(2, 3, 17, 5), (40, 1, 9, 8), (3, 200, 64, 32), (0, 2, 3, 4), (2, 3, 4, 0)])
def test_stacks_of_matrices_have_epilogues_too(shape):
    *batch, m, k = shape
    a, b, bias = normal(*batch, m, k), normal(*batch, k, 33, seed=1), normal(33, seed=2)
    for right_matrix in (b, normal(k, 33, seed=3)):
        program, ours, right = traced(lambda a, b, c: [ops.relu(a @ b + c)], a, right_matrix, bias)
        assert program.statistics()["epilogues"] == 1
        np.testing.assert_array_equal(ours[0].numpy(), right[0].numpy())


def test_sums_of_gradients_of_a_shared_weight_follow_their_product():
    w = nn.Variable(normal(50, 60), "w")
    x, y = normal(30, 50, seed=1), normal(20, 50, seed=2)

    def slopes(x, y):
        loss = lambda: ops.sum(ops.square(x @ w)) + ops.sum(ops.tanh(y @ w))  # noqa: E731
        return [nn.grad(loss, wrt=w)()]

    program, ours, right = traced(slopes, x, y)
    # tanh follows y w, and the sum of both slopes the second product of the chain rule.
    assert program.statistics()["epilogues"] >= 2
    np.testing.assert_array_equal(ours[0].numpy(), right[0].numpy())


def test_a_fused_instruction_is_named_by_its_operations():
    before = _core.check_numerics(True)
    try:
        with pytest.raises(ValueError, match=r"\[nn\.matmul\+add\+log\]"):
            nn.compile(lambda x, w: ops.log(x @ w + 1.0))(-np.ones((2, 3)), np.ones((3, 2)))
    finally:
        _core.check_numerics(before)


# --- products with one matrix


def test_products_with_one_matrix_become_rows_of_one_product():
    w = normal(512, 600, dtype="float64")
    x, y, z = (normal(rows, 512, dtype="float64", seed=rows) for rows in (20, 30, 7))

    def function(w, x, y, z):
        a = ops.tanh(x @ w)
        return [a, y @ w, (z @ w) * 2.0, (a @ w.T) @ w]

    program, ours, right = traced(function, w, x, y, z)
    assert program.statistics()["joined"] == 3  # the last product follows from the first
    for one, other in zip(ours, right, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize(("rows", "inner", "columns"), [(200, 512, 600), (8, 64, 64), (20, 5000, 30)])
def test_products_that_would_gain_nothing_are_left_alone(rows, inner, columns):
    w, x, y = normal(inner, columns), normal(rows, inner, seed=1), normal(rows, inner, seed=2)
    program, ours, right = traced(lambda w, x, y: [x @ w, y @ w], w, x, y)
    assert program.statistics()["joined"] == 0
    for one, other in zip(ours, right, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_discriminator_of_real_and_false_examples_is_one_pass_through_its_layers():
    first, second = (nn.Dense(512, activation="tanh", seed=n) for n in (1, 2))
    x = nn.Input((400,))
    judge = nn.Model(x, nn.Dense(1, seed=3)(second(first(x))))
    real, false = normal(16, 400), normal(24, 400, seed=1)

    def loss(real, false):
        value, slopes = nn.value_and_grad(
            lambda: ops.mean(ops.softplus(-judge(real))) + ops.mean(ops.softplus(judge(false))), wrt=judge
        )()
        return [value, *slopes]

    program, ours, right = traced(loss, real, false)
    assert program.statistics()["joined"] >= 4  # two layers, two products each
    for one, other in zip(ours, right, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=2e-4, atol=2e-6)


# --- one piece of memory


def training(depth=6, width=64):
    model = nn.Sequential([nn.Input((width,)), *(nn.Dense(width, activation="tanh", seed=n) for n in range(depth))])
    optimizer = nn.Adam(1e-3)

    def step(x, y):
        value, slopes = nn.value_and_grad(lambda: nn.losses.mse(model(x, training=True), y), wrt=model)()
        optimizer.update(model, slopes)
        return value

    return model, step


def test_intermediate_numbers_lie_in_one_piece_of_memory_that_is_used_again():
    _, step = training()
    compiled = nn.compile(step)
    x, y = normal(128, 64), normal(128, 64, seed=1)
    compiled(x, y)
    (counts,) = compiled.statistics()
    # Forward keeps one array a layer for the way back, which frees them one after another: half is used twice.
    assert 0 < counts["arena_bytes"] < 0.8 * counts["apart_bytes"]
    assert counts["arena_bytes"] >= 6 * 128 * 64 * 4
    assert counts["updates"] == 12


def test_a_chain_of_steps_takes_the_memory_of_two():
    def steps(x):
        for _ in range(50):
            x = ops.cumsum(x, 0)
        return [x]

    program, ours, right = traced(steps, np.ones((100, 32), np.float32) * 1e-30)
    counts = program.statistics()
    assert counts["arena_bytes"] == 2 * 100 * 32 * 4
    assert counts["apart_bytes"] == 49 * 100 * 32 * 4  # the last one leaves
    np.testing.assert_array_equal(ours[0].numpy(), right[0].numpy())


def test_views_keep_the_memory_that_they_look_at():
    def function(x):
        a = ops.cumsum(x, 0)
        seen = a[1:, ::2].T
        for _ in range(5):
            a = ops.cumsum(a * 0.5, 0)
        return [ops.sum(seen * 2.0), a[0], ops.cumsum(a, 1)[:, -1]]

    for _ in range(2):
        _, ours, right = traced(function, normal(9, 8))
        for one, other in zip(ours, right, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_results_and_variables_outlive_the_next_replay():
    kept = nn.Variable(np.zeros((4, 4), np.float32), "kept")

    @nn.compile
    def step(x):
        y = ops.cumsum(ops.cumsum(x, 0), 1)
        kept.assign(y.T)
        return y, y[1], ops.cumsum(y, 0)

    x = normal(4, 4)
    first = step(x)
    copies, state = [np.array(t.numpy()) for t in first], kept.numpy().copy()
    held = kept.value
    step(x * 3)
    for tensor, copy in zip(first, copies, strict=True):
        np.testing.assert_array_equal(tensor.numpy(), copy)
    np.testing.assert_array_equal(held.numpy(), state)
    np.testing.assert_allclose(kept.numpy(), 3 * state, rtol=1e-6)
