"""Jacobians of recurrent cells against autodiff and differences, and their products against plain multiplication.

The right values come from `nn.jacobian` over one step written in nn's own operations (flow_cases.py), from central
differences of fourth order in float64, and from NumPy's products and singular values.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from stochos import nn
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.nn.flow import GradientFlow, Weights

_spec = importlib.util.spec_from_file_location("flow_cases", Path(__file__).with_name("flow_cases.py"))
cases = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)

B, T, C, H = 2, 5, 3, 5
X = np.random.default_rng(1).normal(size=(B, T, C))


@pytest.fixture(params=cases.CASES)
def weights(request) -> Weights:
    kind, settings = cases.CASES[request.param]
    return cases.weights(kind, **settings)


@pytest.fixture
def flow(weights) -> GradientFlow:
    start = [0.3 * np.random.default_rng(k).normal(size=(B, H)) for k in range(2 if weights.two_states else 1)]
    return nn.gradient_flow(weights, X, initial_state=start)


def whole_state(flow, b, t):
    parts = [flow.cell.h[b, t]] if flow.cell.c is None else [flow.cell.c[b, t], flow.cell.h[b, t]]
    return np.concatenate(parts)


def whole_step(weights, x):
    def run(v):
        state = {"h": v} if not weights.two_states else {"c": v[:H], "h": v[H:]}
        new = cases.step(weights, x, state)
        return new["h"] if not weights.two_states else nn.concatenate([new["c"], new["h"]], axis=0)

    return run


def test_states_are_those_of_the_step_by_step_computation(flow, weights):
    for b in range(B):
        for t in range(T):
            found = whole_step(weights, X[b, t])(nn.tensor(whole_state(flow, b, t)))
            np.testing.assert_allclose(whole_state(flow, b, t + 1), found.numpy(), rtol=0, atol=1e-14)


def test_terms_sum_to_the_jacobian(flow):
    total = sum(flow.terms[name] for name in flow.term_names)
    np.testing.assert_allclose(total, flow.jacobians, rtol=0, atol=1e-14)
    assert flow.jacobians.shape == (B, T, H, H)


def test_whole_jacobian_is_that_of_autodiff_and_of_differences(flow, weights):
    found = flow.whole.jacobians
    for b in range(B):
        for t in range(T):
            run, state = whole_step(weights, X[b, t]), whole_state(flow, b, t)
            right = nn.jacobian(run)(nn.tensor(state)).numpy()
            np.testing.assert_allclose(found[b, t], right, rtol=0, atol=1e-12)
            apart = cases.differences(lambda v, run=run: run(nn.tensor(v)).numpy(), state, 1e-4)
            np.testing.assert_allclose(found[b, t], apart, rtol=0, atol=1e-8)


def test_chain_jacobian_holds_the_earlier_output_gate(flow, weights):
    # dc_t/dc_{t-1} as the article has it: h_{t-1} = o_{t-1} tanh(c_{t-1}), where o_{t-1} is no function of c_{t-1}.
    found = flow.jacobians
    for b in range(B):
        for t in range(1, T):
            earlier = {name: gate[b, t - 1] for name, gate in flow.gates.items()}
            if "peephole" in weights.extras:
                o, c = earlier["o"], flow.cell.c[b, t]
                earlier["before_o"] = np.log(o / (1 - o)) - weights.extras["peephole"][2] * c
            state = (flow.cell.h if flow.cell.c is None else flow.cell.c)[b, t]
            right = cases.chained(weights, X[b, t], earlier, state).numpy()
            np.testing.assert_allclose(found[b, t], right, rtol=0, atol=1e-12)


def test_terms_of_the_lstm_are_those_of_the_article():
    weights = cases.weights("LSTM")
    flow = nn.gradient_flow(weights, X)
    i, f, g = (flow.gates[name] for name in "ifg")
    c, turned = flow.cell.c, {name: weights.turned(name) for name in "ifg"}
    factor = {"f": c[:, :-1] * f * (1 - f), "i": g * i * (1 - i), "g": i * (1 - g**2)}
    slope = flow.gates["o"][:, :-1] * (1 - np.tanh(c[:, 1:-1]) ** 2)
    for gate, name in (("f", "through f"), ("i", "through i"), ("g", "through candidate")):
        right = factor[gate][:, 1:, :, None] * turned[gate] * slope[:, :, None, :]
        np.testing.assert_allclose(flow.terms[name][:, 1:], right, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(flow.terms["forget gate"], f[..., None] * np.eye(H))


def test_weight_gradients_are_those_of_autodiff(flow, weights):
    # The loss is the sum of the last h; its gradient by each weight is known to reverse mode through all steps.
    names = {"kernel": "kernel", "recurrent_kernel": "recurrent", "bias": "bias"}
    start = {name: getattr(weights, field) for name, field in names.items()} | dict(weights.extras)

    def loss(values):
        held = object.__new__(Weights)
        held.__dict__.update(weights.__dict__)
        held.__dict__.update({names[name]: values[name] for name in names})
        held.__dict__["extras"] = {name: values[name] for name in weights.extras}
        total = 0.0
        for b in range(B):
            state = {"h": nn.tensor(flow.cell.h[b, 0])}
            if weights.two_states:
                state["c"] = nn.tensor(flow.cell.c[b, 0])
            for t in range(T):
                state = cases.step(held, nn.tensor(X[b, t]), state)
            total = total + nn.sum(state["h"])
        return total

    right = nn.grad(loss)({name: nn.tensor(np.array(value)) for name, value in start.items()})
    assert set(flow.weight_gradients) == set(right)
    for name, value in right.items():
        np.testing.assert_allclose(flow.weight_gradients[name], value.numpy(), rtol=0, atol=1e-11, err_msg=name)


def test_norms_are_those_of_plain_products(flow):
    jacobians, spectral = flow.jacobians, flow.spectral_norms
    for b in range(B):
        product = np.eye(H)
        for lag in range(1, T + 1):
            product = product @ jacobians[b, T - lag]
            assert flow.norms[b, lag - 1] == pytest.approx(np.linalg.norm(product, 2), rel=1e-12)
        for t in range(T):
            assert spectral[b, t] == pytest.approx(np.linalg.norm(jacobians[b, t], 2), rel=1e-12)
    steps, radii = flow.spectral_radii()
    np.testing.assert_allclose(radii, np.abs(np.linalg.eigvals(jacobians)).max(axis=-1)[:, steps], rtol=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 3, 10, 37])
def test_product_norms_over_ends_and_lags(stride: int):
    flow = nn.gradient_flow(
        cases.weights("LSTM", units=4, channels=3), np.random.default_rng(2).normal(size=(2, 37, 3))
    )
    jacobians = flow.jacobians
    grid = flow.product_norms(stride=stride)
    some = flow.product_norms(ends=grid.ends, lags=grid.lags, sequences=[1])
    assert grid.ends[-1] == 36
    assert grid.lags[0] == 1
    assert set(np.arange(stride, 38, stride)) <= set(grid.lags)
    seen = 0
    for e, end in enumerate(grid.ends):
        for k, lag in enumerate(grid.lags):
            if lag > end + 1:
                assert np.isnan(grid.log_norms[:, e, k]).all()
                continue
            product = np.linalg.multi_dot([np.eye(4), *jacobians[1, end - lag + 1 : end + 1][::-1]])
            assert grid.log_norms[1, e, k] == pytest.approx(np.log(np.linalg.norm(product, 2)), rel=1e-9, abs=1e-11)
            assert some.log_norms[0, e, k] == pytest.approx(grid.log_norms[1, e, k], rel=1e-9, abs=1e-11)
            seen += 1
    assert seen > 20 or stride > 3


def test_products_leave_the_range_of_float64_without_harm():
    # J = U in a linear region: U = a I gives a^k exactly, whose logarithm is k log a.
    for factor in (1e-3, 1e3):
        flat = Weights("SimpleRNN", np.zeros((1, 3)), factor * np.eye(3), np.full(3, 1.0), activation="relu")
        start = np.full((1, 3), 1e-200 if factor > 1 else 1.0)
        flow = nn.gradient_flow(flat.with_(kernel=np.zeros((1, 3))), np.zeros((1, 90, 1)), initial_state=start)
        np.testing.assert_allclose(flow.log_norms[0], np.arange(1, 91) * np.log(factor), rtol=1e-12)
        np.testing.assert_allclose(flow.lyapunov, np.log(factor), rtol=1e-12)
        longer = nn.gradient_flow(flat.with_(bias=np.zeros(3)), np.zeros((1, 90, 1)), initial_state=start * 1e-9)
        assert longer.verdict.state == ("exploding" if factor > 1 else "vanishing")


def test_lyapunov_exponents_sum_to_the_mean_log_volume(flow):
    # |det| of a product is the product of the |det|: the sum of all exponents is the mean of log |det J|.
    jacobians = flow.whole.jacobians
    signs, logs = np.linalg.slogdet(jacobians)
    if (signs == 0).any():
        assert np.isneginf(flow.lyapunov[:, -1]).all()
        return
    np.testing.assert_allclose(flow.lyapunov.sum(axis=1), logs.mean(axis=1), rtol=1e-9)
    assert (np.diff(flow.lyapunov, axis=1) <= 0).all()


def test_lyapunov_exponents_of_a_constant_map_are_its_eigenvalues():
    # A linear map with eigenvalues 0.9, 0.5, 0.1 has their logarithms as exponents.
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    u = q @ np.diag([0.9, 0.5, 0.1]) @ q.T
    flat = Weights("SimpleRNN", np.zeros((1, 3)), u, np.full(3, 50.0), activation="relu")
    flow = nn.gradient_flow(flat, np.zeros((1, 400, 1)), initial_state=np.full((1, 3), 100.0))
    np.testing.assert_allclose(flow.lyapunov[0], np.log([0.9, 0.5, 0.1]), atol=1e-2)


def test_gradient_norms_and_shares(flow, weights):
    # d loss / d state_t is the last step's cotangent through the product of whole Jacobians.
    jacobians = flow.whole.jacobians
    size = flow.whole.size
    for b in range(B):
        row = np.concatenate([np.zeros(size - H), np.ones(H)])
        for t in range(T - 1, -1, -1):
            if not weights.two_states:
                assert flow.gradient_norms[b, t] == pytest.approx(np.linalg.norm(row), rel=1e-10)
            row = row @ jacobians[b, t]
    np.testing.assert_allclose(flow.shares.sum(axis=1), 1.0, rtol=1e-12)
    assert (flow.contributions >= 0).all()


def test_contributions_are_the_norms_of_each_steps_gradient():
    # One sequence of one step has the whole gradient in that step.
    flow = nn.gradient_flow(cases.weights("LSTM"), X[:1, :1])
    whole = np.sqrt(sum((g**2).sum() for g in flow.weight_gradients.values()))
    assert flow.contributions[0, 0] == pytest.approx(whole, rel=1e-12)
    assert flow.gradient_norm == pytest.approx(whole, rel=1e-12)


def test_padding_changes_nothing(weights):
    lengths = np.array([3, 5])
    padded = X.copy()
    padded[0, 3:] = np.nan  # it is never read
    flow = nn.gradient_flow(weights, padded, lengths=lengths)
    alone = nn.gradient_flow(weights, X[:1, :3])
    np.testing.assert_allclose(flow.norms[0, :3], alone.norms[0], rtol=1e-12)
    assert np.isnan(flow.norms[0, 3:]).all()
    np.testing.assert_array_equal(
        flow.whole.jacobians[0, 3:], np.broadcast_to(np.eye(flow.whole.size), (2, *[flow.whole.size] * 2))
    )
    np.testing.assert_array_equal(flow.jacobians[0, 3:], np.broadcast_to(np.eye(H), (2, H, H)))
    np.testing.assert_allclose(flow.lyapunov[0], alone.lyapunov[0], rtol=1e-9)
    np.testing.assert_allclose(flow.shares[0, :3], alone.shares[0], rtol=1e-12)
    assert (flow.shares[0, 3:] == 0).all()
    masked = nn.gradient_flow(weights, padded, mask=np.arange(T) < lengths[:, None])
    np.testing.assert_array_equal(masked.norms, flow.norms)


def test_mask_in_the_middle_is_as_if_the_step_were_not_there(weights):
    mask = np.array([[True, False, True, True, False]] * B)
    flow = nn.gradient_flow(weights, X, mask=mask)
    alone = nn.gradient_flow(weights, X[:, mask[0]])
    np.testing.assert_allclose(flow.jacobians[:, mask[0]], alone.jacobians, rtol=0, atol=1e-14)
    np.testing.assert_allclose(flow.norms[:, :3], alone.norms, rtol=1e-12)
    for name, value in alone.weight_gradients.items():
        np.testing.assert_allclose(flow.weight_gradients[name], value, rtol=0, atol=1e-12)


def test_reverse_runs_from_the_end():
    w = cases.weights("GRU")
    flow = nn.gradient_flow(w.with_(reverse=True), X)
    np.testing.assert_array_equal(flow.jacobians, nn.gradient_flow(w, X[:, ::-1]).jacobians)


def test_big_results_are_refused_with_the_way_out():
    w = cases.weights("LSTM", units=32, channels=3)
    flow = nn.gradient_flow(w, np.zeros((2, 80, 3)), memory=2**20)
    with pytest.raises(InputError, match=r"memory=1048576.*\.at\(step\)"):
        _ = flow.jacobians
    with pytest.raises(InputError, match="through f"):
        _ = flow.terms["through f"]
    whole = nn.gradient_flow(w, np.zeros((2, 80, 3)))
    np.testing.assert_array_equal(flow.chain.at(-1), whole.jacobians[:, -1])
    np.testing.assert_allclose(flow.norms, whole.norms)


@pytest.mark.parametrize(
    ("change", "options", "kind", "text"),
    [
        ({}, {"x": np.zeros((2, 3))}, InputError, r"shape \(2, 3\); give \(B, T, C\)"),
        ({}, {"x": np.zeros((2, 0, 3))}, InputError, "none of them 0"),
        ({}, {"x": np.zeros((2, 4, 7))}, InputError, "7 channels, the layer takes 3"),
        ({}, {"x": np.where(X > 1, np.nan, X)}, InputError, "holds nan in sequence"),
        ({}, {"x": np.array([["a"]])}, InputTypeError, "give numbers"),
        ({}, {"lengths": [9, 1]}, InputError, "from 0 to 5"),
        ({}, {"mask": np.ones((2, 5))}, InputError, "give bool"),
        ({}, {"lengths": [1, 1], "mask": np.ones((2, 5), dtype=bool)}, InputError, "not both"),
        ({}, {"initial_state": np.zeros((2, 5))}, InputError, "give 2 of shape"),
        ({}, {"loss": len}, InputError, "not bare Weights"),
        ({}, {"loss": "mse"}, InputError, "give a function"),
        ({"kernel": np.zeros((3, 7))}, {}, InputError, r"kernel is of shape \(3, 7\)"),
        ({"recurrent": np.full((5, 20), np.inf)}, {}, InputError, "recurrent holds 100 numbers that are not finite"),
        ({"kind": "Elman"}, {}, InputError, "kind is 'Elman'"),
        ({"extras": {"gain": np.zeros(5)}}, {}, InputError, "no weight 'gain'"),
    ],
)
def test_wrong_input_is_named(change, options, kind, text):
    held = {"x": X} | options
    with pytest.raises(kind, match=text):
        nn.gradient_flow(cases.weights("LSTM").with_(**change), held.pop("x"), **held)


def test_wrong_choices_are_named():
    flow = nn.gradient_flow(cases.weights("SimpleRNN"), X)
    with pytest.raises(InputTypeError, match="holds no recurrent layer"):
        nn.gradient_flow(nn.Dense(3), X)
    with pytest.raises(InputError, match="stride, or ends and lags"):
        flow.product_norms(stride=2, lags=[1])
    with pytest.raises(InputError, match="lags is 9"):
        flow.product_norms(lags=[9])
    with pytest.raises(InputError, match="SimpleRNN has no gates"):
        flow.plot(kind="gates")
    with pytest.raises(KeyError, match="forget"):
        _ = flow.terms["forget gate"]
    assert UnknownNameError is not None
