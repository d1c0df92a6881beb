"""A compiled step does what the step itself does: same bits, same Variables, new traces where they are due."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from stochos import _core, nn
from stochos._core import ops


def regression(compiled: bool):
    """A network of two layers with momentum; returns its step and its Variables."""
    rng = np.random.default_rng(5)
    weights = [nn.Variable(rng.normal(size=s).astype(np.float32), f"w{i}") for i, s in enumerate([(3, 8), (8, 1)])]
    speeds = [nn.Variable(np.zeros(w.shape, np.float32)) for w in weights]

    def step(x, y):
        def loss():
            return ops.mean(ops.square(ops.tanh(x @ weights[0]) @ weights[1] - y))

        value, slopes = nn.value_and_grad(loss, wrt=weights)()
        for w, v, g in zip(weights, speeds, slopes, strict=True):
            v.assign(v * 0.9 + g)
            w.assign(w - v * 0.05)
        return {"loss": value, "norm": [ops.sum(ops.square(g)) for g in slopes]}

    return (nn.compile(step) if compiled else step), [*weights, *speeds]


def test_training_step_has_the_bits_of_the_plain_one():
    x = np.random.default_rng(1).normal(size=(16, 3)).astype(np.float32)
    y = np.sum(x, axis=1, keepdims=True)
    (plain, want), (fast, got) = regression(False), regression(True)
    losses = []
    for _ in range(20):
        a, b = plain(x, y), fast(x, y)
        assert float(a["loss"]) == float(b["loss"])
        assert [float(n) for n in a["norm"]] == [float(n) for n in b["norm"]]
        losses.append(float(b["loss"]))
    for v, w in zip(want, got, strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy())
        assert w.version == 20
    assert losses[-1] < losses[0] / 4


def counted(function):
    """`function` compiled, and a list that grows with each trace."""
    traces = []

    def step(*args, **kwargs):
        traces.append(1)
        return function(*args, **kwargs)

    return nn.compile(step), traces


def test_other_shapes_dtypes_numbers_and_nesting_are_traced_anew():
    f, traces = counted(lambda x, scale=1, more=(): ops.sum(x) * scale + sum(more))
    calls = [
        ((np.ones(3),), {}, 3),
        ((np.full(3, 2.0),), {}, 6),
        ((np.ones(4),), {}, 4),
        ((np.ones(4, np.float32),), {}, 4),
        ((np.ones(3),), {"scale": 2}, 6),
        ((np.ones(3),), {"scale": 2.0}, 6),
        ((np.ones(3),), {"more": [np.array(1.0)]}, 4),
        ((np.ones(3),), {"more": [np.array(5.0)]}, 8),
        ((nn.tensor(np.ones(3)),), {}, 3),
    ]
    for args, kwargs, want in calls:
        assert float(f(*args, **kwargs)) == want
    assert len(traces) == 6
    assert f(np.ones(3, np.float32)).dtype == "float32"


def test_the_sign_of_zero_is_another_constant():
    f, _ = counted(lambda x, c: x * c)
    assert not np.signbit(f(np.array(1.0), 0.0).numpy())
    assert np.signbit(f(np.array(1.0), -0.0).numpy())


def test_variables_are_read_at_each_call_and_all_before_one_is_assigned():
    a, b = nn.Variable(1.0), nn.Variable(2.0)

    @nn.compile
    def swap():
        old = a.value
        a.assign(b)
        b.assign(old)
        return a + 10 * b

    assert float(swap()) == 12
    assert (float(a), float(b)) == (2, 1)
    a.assign(7.0)
    assert float(swap()) == 71
    assert (float(a), float(b)) == (1, 7)


def test_results_of_earlier_calls_keep_their_numbers():
    w = nn.Variable(np.arange(3.0))

    @nn.compile
    def step(x):
        w.assign(w + x)
        return w.value, x, w.value[::-1]

    first = step(np.ones(3))
    step(np.ones(3))
    assert [r.numpy().tolist() for r in first] == [[1, 2, 3], [1, 1, 1], [3, 2, 1]]


def test_tensors_from_outside_are_constants_and_other_things_come_back_as_they_are():
    factor = nn.tensor(3.0) * 2
    f, traces = counted(lambda x, mode: {"y": x * factor, "mode": mode, "constant": factor, "none": None})
    for x in (1.0, 2.0):
        got = f(np.array(x), "train")
        assert (float(got["y"]), got["mode"], float(got["constant"]), got["none"]) == (6 * x, "train", 6, None)
    assert len(traces) == 1


def test_variables_made_during_the_trace_are_made_once():
    made = []

    @nn.compile
    def step(x):
        if not made:
            made.append(nn.Variable(np.zeros(x.shape)))
        made[0].assign(made[0] + x)
        return made[0].value

    assert [step(np.ones(2)).numpy().tolist() for _ in range(3)] == [[1, 1], [2, 2], [3, 3]]


def test_asking_a_traced_tensor_for_its_number_is_an_error_that_changes_nothing():
    w = nn.Variable(1.0)

    @nn.compile
    def step(x):
        w.assign(w + 1)
        return x if float(x) > 0 else -x

    with pytest.raises(TypeError, match=r"nn\.compile"):
        step(np.array(1.0))
    assert float(w) == 1
    assert not _core.tracing()
    assert float(nn.compile(lambda x: x + w)(np.array(1.0))) == 2


def test_an_error_in_a_later_call_assigns_nothing():
    w = nn.Variable(1.0)

    @nn.compile
    def step(x, i):
        w.assign(w + 1)
        with _core.label("net"):
            return ops.take(x, i)

    assert float(step(np.arange(3.0), np.array(2))) == 2
    with pytest.raises(ValueError, match=r"\[nn.take\] in layer 'net': index 5"):
        step(np.arange(3.0), np.array(5))
    assert float(w) == 2


def test_a_tensor_kept_from_another_trace_is_an_error():
    kept = []
    nn.compile(lambda x: kept.append(x + 1))(np.array(1.0))
    with pytest.raises(ValueError, match="another trace"):
        nn.compile(lambda x: x + kept[0])(np.array(1.0))
    with pytest.raises(TypeError, match="no numbers"):
        float(kept[0])


def test_compiled_functions_have_derivatives_and_call_each_other():
    square = nn.compile(lambda x: x * x)
    assert float(nn.grad(square)(3.0)) == 6
    assert float(nn.compile(lambda x: square(x) + 1)(np.array(3.0))) == 10
    assert float(nn.compile(nn.grad(nn.grad(lambda x: square(x) * x)))(np.array(2.0))) == 12


def test_check_numerics_sees_compiled_steps():
    f = nn.compile(ops.log)
    assert float(f(np.array(1.0))) == 0
    before = _core.check_numerics(True)
    try:
        with pytest.raises(ValueError, match=r"\[nn.log\]"):
            f(np.array(-1.0))
    finally:
        _core.check_numerics(before)


def test_eight_threads_run_one_program():
    f, traces = counted(lambda x: ops.sum(ops.exp(x) @ ops.exp(x)))
    x = [np.random.default_rng(i).normal(size=(40, 40)) for i in range(8)]
    f(x[0])
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda a: float(f(a)), x * 10))
    want = [float(ops.sum(ops.exp(a) @ ops.exp(a))) for a in x]
    assert got == want * 10
    assert len(traces) == 1


def test_what_no_result_needs_is_not_computed():
    trace = _core.Trace()
    with trace:
        x = trace.argument((3,), "float64")
        ops.exp(x)
        y = x + 1
    program = trace.finish([y])
    assert program.instruction_count() == 1
    with pytest.raises(ValueError, match=r"shape \(4,\).*\(3,\)"):
        program.run([np.ones(4)])
    with pytest.raises(ValueError, match="0 tensors were given to a program of 1"):
        program.run([])


def test_variables_assigned_twice_and_equal_operations_are_right():
    # d(a b)/db is a after its first update; the update itself is a constant: 2 - 0.1 * 2 a b = 0.8.
    a, b = nn.Variable(2.0), nn.Variable(3.0)

    def step():
        a.assign(a - 0.1 * nn.grad(lambda: a * a * b, wrt=a)())
        slope = nn.grad(lambda: a * b, wrt=b)()
        a.assign(a + 1)
        return slope

    assert float(nn.compile(step)()) == pytest.approx(0.8)
    assert float(a) == pytest.approx(1.8)
    a.assign(2.0)
    assert float(step()) == pytest.approx(0.8)


def test_an_argument_written_to_afterwards_changes_no_result():
    x = np.ones(4)
    same = nn.compile(lambda x: x)(x)
    x[:] = 7
    assert same.numpy().tolist() == [1, 1, 1, 1]


def test_fused_updates_have_the_bits_of_the_plain_step():
    def make():
        w = nn.Variable(np.linspace(-1, 1, 12).reshape(4, 3))
        state = [nn.Variable(np.zeros((4, 3))), nn.Variable(np.zeros((4, 3)))]
        count = nn.Variable(np.int64(0), trainable=False)

        def step(x, y):
            loss, slope = nn.value_and_grad(lambda: ops.square(ops.tanh(x @ w) - y).mean(), wrt=w)()
            count.assign(count + 1)
            new = ops.update("adam", w, slope, state, 0.05, count, beta1=0.9, beta2=0.999, epsilon=1e-8)
            for variable, value in zip([w, *state], new, strict=True):
                variable.assign(value)
            return loss

        return step, w

    (plain, want), (step, got) = make(), make()
    fast = nn.compile(step)
    rng = np.random.default_rng(0)
    for size in (5, 5, 7, 5):
        x, y = rng.normal(size=(size, 4)), rng.normal(size=(size, 3))
        assert float(plain(nn.tensor(x), nn.tensor(y))) == float(fast(x, y))
    np.testing.assert_array_equal(want.numpy(), got.numpy())
