"""gradient_flow of layers, cells and models: the same numbers as nn's own derivatives through them."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import nn
from stochos.errors import InputError, InputTypeError, UnknownNameError

B, T, C, H = 3, 6, 4, 5
X = np.random.default_rng(5).normal(size=(B, T, C))
LAYERS = {
    "SimpleRNN": lambda **k: nn.SimpleRNN(H, dtype="float64", seed=1, **k),
    "relu": lambda **k: nn.SimpleRNN(H, activation="relu", dtype="float64", seed=1, **k),
    "LSTM": lambda **k: nn.LSTM(H, dtype="float64", seed=1, **k),
    "peephole": lambda **k: nn.LSTM(H, peephole=True, dtype="float64", seed=1, **k),
    "layer_norm": lambda **k: nn.LSTM(H, layer_norm=True, dtype="float64", seed=1, **k),
    "after": lambda **k: nn.GRU(H, dtype="float64", seed=1, **k),
    "before": lambda **k: nn.GRU(H, reset="before", dtype="float64", seed=1, **k),
    "output": lambda **k: nn.GRU(H, reset="output", dtype="float64", seed=1, **k),
    "chrono": lambda **k: nn.LSTM(H, forget_bias=nn.initializers.Chrono(50), dtype="float64", seed=1, **k),
}


@pytest.fixture(params=LAYERS)
def make(request):
    return LAYERS[request.param]


def same_gradients(flow, layer, value):
    """Compare with reverse mode through the layer itself."""
    right = nn.grad(value, wrt=layer)()
    names = [variable.name.rpartition("/")[2] for variable in layer.parameters]
    assert set(names) <= set(flow.weight_gradients)
    for name, gradient in zip(names, right, strict=True):
        np.testing.assert_allclose(flow.weight_gradients[name], gradient.numpy(), rtol=0, atol=1e-10, err_msg=name)


def test_states_and_gates_are_those_of_the_layer(make):
    layer = make()
    flow = nn.gradient_flow(layer, X, lengths=[6, 2, 4])
    states = layer.states(X, lengths=np.array([6, 2, 4]))
    np.testing.assert_allclose(flow.cell.h[:, 1:], states["h"].numpy(), rtol=0, atol=1e-13)
    if flow.cell.c is not None:
        np.testing.assert_allclose(flow.cell.c[:, 1:], states["c"].numpy(), rtol=0, atol=1e-13)
    for name, gate in flow.gates.items():
        np.testing.assert_allclose(gate, states[name].numpy(), rtol=0, atol=1e-13, err_msg=name)


def test_default_loss_is_the_sum_of_the_last_outputs(make):
    layer = make()
    same_gradients(nn.gradient_flow(layer, X), layer, lambda: nn.sum(layer(X)))


@pytest.mark.parametrize("reverse", [False, True])
def test_loss_over_the_whole_sequence(make, reverse: bool):
    layer = make(return_sequences=True, reverse=reverse)
    lengths = np.array([6, 3, 5])
    shape = np.random.default_rng(1).normal(size=(B, T, H))
    loss = lambda y: nn.sum(nn.square(y) * shape)  # noqa: E731
    flow = nn.gradient_flow(layer, X, loss=loss, lengths=lengths)
    assert flow.loss == pytest.approx(float(loss(layer(X, lengths=lengths))), rel=1e-12)
    same_gradients(flow, layer, lambda: loss(layer(X, lengths=lengths)))


def test_loss_on_the_returned_states(make):
    layer = make(return_state=True)
    loss = lambda out: sum(nn.sum(nn.square(part)) * (k + 1.0) for k, part in enumerate(out))  # noqa: E731
    same_gradients(nn.gradient_flow(layer, X, loss=loss), layer, lambda: loss(layer(X)))


def test_jacobians_of_a_step_are_those_of_the_cell():
    cell = nn.LSTMCell(H, dtype="float64", seed=3)
    flow = nn.gradient_flow(cell, X)
    for t in (0, T - 1):
        for b in range(B):
            h, c = nn.tensor(flow.cell.h[b : b + 1, t]), nn.tensor(flow.cell.c[b : b + 1, t])
            by_c, by_h = nn.jacobian(lambda c, h, b=b, t=t: cell(X[b : b + 1, t], (h, c))[1], argnums=(0, 1))(c, h)
            whole = flow.whole.at(t)[b]
            np.testing.assert_allclose(whole[:H, :H], by_c.numpy()[0, :, 0], rtol=0, atol=1e-13)
            np.testing.assert_allclose(whole[:H, H:], by_h.numpy()[0, :, 0], rtol=0, atol=1e-13)


def test_product_of_whole_jacobians_is_the_jacobian_through_the_layer(make):
    layer = make(return_state=True)
    flow = nn.gradient_flow(layer, X[:1])
    names = 2 if flow.cell.c is not None else 1

    def run(*states):
        _, *last = layer(X[:1], initial_state=states if names == 2 else states[0])
        return nn.concatenate([last[1], last[0]] if names == 2 else [last[0]], axis=1)

    zeros = [nn.tensor(np.zeros((1, H)))] * names
    parts = nn.jacobian(run, argnums=tuple(range(names)))(*zeros)
    right = np.concatenate([part.numpy()[0, :, 0] for part in reversed(parts)], axis=1)
    product = np.linalg.multi_dot(list(flow.whole.jacobians[0][::-1]))
    np.testing.assert_allclose(product, right, rtol=0, atol=1e-12)


def test_model_with_layers_before_and_behind():
    x = nn.Input((T, C), dtype="float64")
    recurrent = nn.LSTM(H, return_sequences=True, dtype="float64", seed=0, name="memory")
    behind = nn.Dense(2, dtype="float64", seed=2)(recurrent(nn.Dense(7, dtype="float64", seed=1)(x)))
    model = nn.Model(x, behind)
    target = np.random.default_rng(0).normal(size=(B, T, 2))
    loss = lambda y: nn.losses.mse(y, target)  # noqa: E731
    flow = nn.gradient_flow(model, X, loss=loss)
    assert flow.name == "memory"
    assert flow.loss == pytest.approx(float(loss(model(X))), rel=1e-12)
    names = [variable.name.rpartition("/")[2] for variable in recurrent.parameters]
    right = nn.grad(lambda: loss(model(X)), wrt=recurrent.parameters)()
    for name, gradient in zip(names, right, strict=True):
        np.testing.assert_allclose(flow.weight_gradients[name], gradient.numpy(), rtol=0, atol=1e-12)
    assert "call" not in recurrent.__dict__  # the layer is as it was


def test_which_layer_of_several():
    stack = nn.StackedRNN(
        [nn.GRU(H, return_sequences=True, name="low", dtype="float64"), nn.LSTM(H, name="high", dtype="float64")]
    )
    both = nn.Bidirectional(nn.GRU(H, name="one", dtype="float64"))
    with pytest.raises(InputError, match="2 recurrent layers: 'low', 'high'; choose one with layer="):
        nn.gradient_flow(stack, X)
    with pytest.raises(UnknownNameError, match="no recurrent layer 'middle'"):
        nn.gradient_flow(stack, X, layer="middle")
    assert nn.gradient_flow(stack, X, layer="high").kind == "LSTM"
    low = nn.gradient_flow(stack, X, layer="low", loss=nn.sum)
    right = nn.grad(lambda: nn.sum(stack(X)), wrt=stack.layers[0].parameters)()
    for variable, gradient in zip(stack.layers[0].parameters, right, strict=True):
        name = variable.name.rpartition("/")[2]
        np.testing.assert_allclose(low.weight_gradients[name], gradient.numpy(), rtol=0, atol=1e-12)
    back = nn.gradient_flow(both, X, layer=both.backward, loss=nn.sum)
    right = nn.grad(lambda: nn.sum(both(X)), wrt=both.backward.parameters)()
    for variable, gradient in zip(both.backward.parameters, right, strict=True):
        name = variable.name.rpartition("/")[2]
        np.testing.assert_allclose(back.weight_gradients[name], gradient.numpy(), rtol=0, atol=1e-12)


def test_layer_that_runs_twice_is_refused():
    layer = nn.GRU(C, return_sequences=True)
    x = nn.Input((T, C))
    model = nn.Model(x, layer(layer(x)))
    with pytest.raises(InputError, match="ran 2 times"):
        nn.gradient_flow(model, X)
    with pytest.raises(InputTypeError, match="no recurrent layer"):
        nn.gradient_flow(nn.Sequential([nn.Dense(2)]), X[:, 0])


def test_loss_must_be_one_number():
    with pytest.raises(InputError, match="must be one number"):
        nn.gradient_flow(nn.GRU(H), X, loss=lambda y: y)


def test_flow_after_training_shows_what_training_did():
    # A task whose answer is the first input: training opens the memory, and the past's share grows.
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 12, 1)).astype(np.float32)
    y = x[:, 0]
    model = nn.Sequential([nn.GRU(12, seed=0), nn.Dense(1, seed=1)])
    loss = lambda out: nn.losses.mse(out, y[:32])  # noqa: E731
    before = nn.gradient_flow(model, x[:32], loss=loss)
    model.fit(x, y, loss="mse", optimizer=nn.Adam(2e-2), epochs=30, batch_size=64, seed=0, progress=False)
    after = nn.gradient_flow(model, x[:32], loss=loss)
    assert after.loss < 0.2 * before.loss
    assert after.shares[:, 0].mean() > 3 * before.shares[:, 0].mean()
    assert after.log_norms[:, -1].mean() > before.log_norms[:, -1].mean() + np.log(10)
