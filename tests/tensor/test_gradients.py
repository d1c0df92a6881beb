"""Gradients as functions of functions: what they are taken by, versions of variables, long graphs, bad input."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

from stochos import _core, nn
from stochos._core import ops


def test_gradients_of_any_order_of_a_power_are_its_derivatives():
    f = lambda x: x**5  # noqa: E731
    for want in (5 * 2.0**4, 20 * 2.0**3, 60 * 2.0**2, 120 * 2.0, 120.0, 0.0):
        f = nn.grad(f)
        assert float(f(2.0)) == want


def test_gradient_has_the_form_of_the_argument():
    Pair = namedtuple("Pair", ["a", "b"])  # noqa: PYI024
    tree = {"w": [np.array([1.0, 2.0]), np.array(3.0)], "p": Pair(np.array(4.0), np.array(5.0))}

    def f(scale, t):
        return scale * (ops.sum(t["w"][0] * t["w"][1]) + t["p"].a * t["p"].b)

    value, found = nn.value_and_grad(f, argnums=1)(2.0, tree)
    assert float(value) == 2 * (3 + 6 + 20)
    assert [g.numpy().tolist() for g in found["w"]] == [[6, 6], 6]
    assert type(found["p"]) is Pair
    assert (float(found["p"].a), float(found["p"].b)) == (10, 8)
    both = nn.grad(f, argnums=(-1, 0))(2.0, tree)
    assert isinstance(both, tuple)
    assert float(both[1]) == 29


def test_arguments_that_are_one_tensor_have_gradients_of_their_own():
    x = nn.tensor(3.0)
    a, b = nn.grad(lambda p, q: p * p * q, argnums=(0, 1))(x, x)
    assert (float(a), float(b)) == (18, 9)
    # What the function takes from outside is no argument either.
    assert float(nn.grad(lambda p: p * x)(x)) == 3


def test_gradients_by_variables_follow_the_form_of_wrt():
    w, b = nn.Variable([1.0, 2.0], "w"), nn.Variable(0.5, "b")
    loss = lambda: ops.sum(w * w) * b  # noqa: E731

    class Holder:
        parameters = (b, w)

    assert nn.grad(loss, wrt=w)().numpy().tolist() == [1, 2]
    named = nn.grad(loss, wrt={"b": b, "w": [w]})()
    assert float(named["b"]) == 5
    assert named["w"][0].numpy().tolist() == [1, 2]
    listed = nn.grad(loss, wrt=Holder())()
    assert isinstance(listed, list)
    assert [g.numpy().tolist() for g in listed] == [5, [1, 2]]


def test_aux_is_handed_through():
    (value, aux), slope = nn.value_and_grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(3.0)
    assert (float(value), float(aux["twice"]), float(slope)) == (9, 6, 6)
    assert nn.grad(lambda x: (x * x, "kept"), has_aux=True)(3.0)[1] == "kept"
    with pytest.raises(TypeError, match="has_aux"):
        nn.grad(lambda x: x * x, has_aux=True)(3.0)


def test_jacobian_and_hessian_of_a_quadratic_form():
    rng = np.random.default_rng(3)
    a, x = rng.normal(size=(3, 3)), rng.normal(size=3)
    np.testing.assert_allclose(nn.jacobian(lambda v: ops.matmul(a, v))(x).numpy(), a)
    np.testing.assert_allclose(nn.hessian(lambda v: v @ ops.matmul(a, v))(x).numpy(), a + a.T, rtol=1e-14)
    outer = nn.jacobian(lambda v: ops.reshape(v, (3, 1)) * v)(x).numpy()
    want = np.einsum("ik,j->ijk", np.eye(3), x) + np.einsum("jk,i->ijk", np.eye(3), x)
    np.testing.assert_allclose(outer, want)
    twice = nn.jacobian(nn.jacobian(lambda v: v**3))(x).numpy()
    np.testing.assert_allclose(twice, np.einsum("ij,ik->ijk", np.eye(3), np.diag(6 * x)), atol=1e-15)
    assert nn.jacobian(lambda v: v[:0])(x).shape == (0, 3)


def test_gradient_penalty_agrees_with_the_formula():
    # d/dw of (|d/dx sum(tanh(x w))| - 1)^2 with one input: the slope is w (1 - tanh^2), by hand below.
    x, w = 0.7, nn.Variable(np.array(1.3), "w")

    def penalty():
        slope = nn.grad(lambda z: ops.tanh(z * w))(np.array(x))
        return (ops.abs(slope) - 1.0) ** 2

    t = np.tanh(x * 1.3)
    slope = 1.3 * (1 - t**2)
    want = 2 * (slope - 1) * ((1 - t**2) - 2 * 1.3 * t * (1 - t**2) * x)
    np.testing.assert_allclose(float(nn.grad(penalty, wrt=w)()), want, rtol=1e-13)


def test_gradient_of_an_unconnected_argument_is_zero():
    a, b = nn.grad(lambda x, y: ops.sum(x * 2), argnums=(0, 1))(nn.tensor([1.0, 2.0]), nn.tensor([3.0]))
    assert a.numpy().tolist() == [2, 2]
    assert b.numpy().tolist() == [0]


def test_stop_gradient_takes_what_hangs_on_lists_and_dicts():
    def f(x):
        stopped = nn.stop_gradient({"x": [x]})
        return x * stopped["x"][0]

    assert float(nn.grad(f)(3.0)) == 3


def test_variable_assigned_after_it_was_read_is_an_error():
    w = nn.Variable(np.ones(3), name="dense/kernel")

    def loss():
        total = (w * w).sum()
        w.assign(w + 1)
        return total

    with pytest.raises(ValueError, match=r"\[nn.gradients\] variable 'dense/kernel' was assigned"):
        nn.grad(loss, wrt=w)()


def test_an_old_graph_keeps_its_old_numbers():
    w = nn.Variable([1.0, 2.0])
    before = w * 10
    w.assign([5.0, 6.0])
    assert before.numpy().tolist() == [10, 20]
    assert w.numpy().tolist() == [5, 6]
    assert w.version == 1


def test_long_chains_are_no_deep_recursion():
    def f(x):
        y = x
        for _ in range(20_000):
            y = y + x
        return y

    assert float(nn.grad(f)(nn.tensor(0.5))) == 20_001


def test_results_hold_no_graph_after_the_outermost_gradient():
    value, slope = nn.value_and_grad(lambda x: x * x)(nn.tensor(3.0))
    nn.evaluate(value, [slope])
    with _core.Recording(), pytest.raises(ValueError, match="outside of a Recording"):
        _core.gradients([value], None, [nn.tensor(3.0)])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.grad(lambda x: x)(np.ones(3)), ValueError, r"shape \(3,\).*jacobian"),
        (lambda: nn.grad(lambda x: x, argnums=2)(1.0), ValueError, "no argument 2"),
        (lambda: nn.grad(lambda x: [x])(1.0), TypeError, "returned list"),
        (lambda: nn.grad(lambda x: x)(np.array(1)), TypeError, "int64"),
        (lambda: float(_core.placeholder((), "float32") + 1), TypeError, "placeholder"),
        (lambda: _core.gradients([np.ones(2)], [np.ones(3)], []), ValueError, r"\(3,\).*\(2,\)"),
    ],
)
def test_wrong_calls_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_errors_name_operation_shapes_and_layer():
    message = r"\[nn.matmul\] in layer 'net/dense_2': shapes \(2, 3\) and \(4, 5\)"
    with pytest.raises(ValueError, match=message), _core.label("net"), _core.label("dense_2"):
        ops.matmul(np.zeros((2, 3)), np.zeros((4, 5)))
    assert _core.recording_depth() == 0
