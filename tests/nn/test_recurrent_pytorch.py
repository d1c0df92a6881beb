"""Recurrent layers give PyTorch's values and gradients (fixtures), whose weights they take and give back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stochos import nn
from stochos.errors import InputError
from stochos.nn import recurrent_weights

FIXTURES = Path(__file__).parent / "fixtures"
H = 6


def fixture(case: str) -> dict[str, np.ndarray]:
    with np.load(FIXTURES / "recurrent.npz") as kept:
        return {key.partition("/")[2]: kept[key] for key in kept.files if key.partition("/")[0] == case}


def layer_of(case: str, dtype: str, implementation: str):
    options = {"return_sequences": True, "return_state": True, "dtype": dtype, "implementation": implementation}
    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "tanh": nn.SimpleRNN, "relu": nn.SimpleRNN}[case.partition("_")[0]]
    if case == "relu":
        options["activation"] = "relu"
    if case == "lstm_plain":
        options["use_bias"] = False
    both = case in ("lstm_both", "gru_both", "tanh_both", "gru_stack")
    make = (lambda: nn.Bidirectional(kind(H, **options))) if both else (lambda: kind(H, **options))
    if case.endswith("stack"):
        return nn.StackedRNN([make(), make()], return_sequences=True, return_state=True)
    return make()


CASES = ["tanh", "relu", "lstm", "gru", "lstm_plain", "lstm_both", "gru_both", "tanh_both", "lstm_stack", "gru_stack"]


@pytest.mark.parametrize("implementation", ["fused", "composed"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-5)])
@pytest.mark.parametrize("case", CASES)
def test_values_states_and_gradients_are_pytorchs(case: str, dtype: str, tolerance: float, implementation: str):
    kept = fixture(case)
    layer = layer_of(case, dtype, implementation)
    given = {name.partition("/")[2]: value for name, value in kept.items() if name.startswith("p/")}
    recurrent_weights.from_pytorch(layer, given)
    x = nn.Variable(kept["x"].astype(dtype))
    lengths = kept.get("lengths")
    y, *states = layer(x, lengths=lengths)
    close = {"rtol": tolerance, "atol": tolerance}
    np.testing.assert_allclose(y.numpy(), kept["y"], **close)
    # Ours: h (and c) of each layer and direction in turn.
    step = 2 if "s" in kept else 1
    np.testing.assert_allclose(np.stack([s.numpy() for s in states[::step]]), kept["h"], **close)
    if "s" in kept:
        np.testing.assert_allclose(np.stack([s.numpy() for s in states[1::2]]), kept["s"], **close)

    def loss():
        return nn.sum(layer(x, lengths=lengths)[0] * kept["c"].astype(dtype))

    gradients = nn.grad(loss, wrt=[x, *layer.parameters])()
    np.testing.assert_allclose(gradients[0].numpy(), kept["g/x"], **close)
    # A gradient has the layout of its weight, so that it travels as weights do. Of the two biases the first has the
    # gradient of the sum.
    for variable, gradient in zip(layer.parameters, gradients[1:], strict=True):
        variable.assign(gradient)
    found = recurrent_weights.to_pytorch(layer)
    assert set(found) == set(given)
    for name, value in found.items():
        if "bias_hh" in name and "gru" in case:
            np.testing.assert_allclose(value[2 * H :], kept[f"g/{name}"][2 * H :], **close, err_msg=name)
        elif "bias_hh" not in name:
            np.testing.assert_allclose(value, kept[f"g/{name}"], **close, err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_weights_go_to_pytorch_and_come_back(case: str):
    kept = fixture(case)
    layer = layer_of(case, "float64", "fused")
    given = {f"net.{name[2:]}": value for name, value in kept.items() if name.startswith("p/")}
    recurrent_weights.from_pytorch(layer, given, prefix="net.")
    found = recurrent_weights.to_pytorch(layer, prefix="net.")
    for name, value in found.items():
        assert value.shape == given[name].shape
        if "weight" in name:
            assert np.array_equal(value, given[name]), name
    again = layer_of(case, "float64", "fused")
    recurrent_weights.from_pytorch(again, found, prefix="net.")
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(layer.parameters, again.parameters, strict=True))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@pytest.mark.parametrize("after", [True, False])
def test_keras_gru_weights_mean_what_its_formula_says(after: bool):
    # keras.layers.GRUCell: blocks z, r, h; h = z h' + (1 - z) hh; with reset_after two biases, (2, 3 H).
    draw = np.random.default_rng(5)
    kernel, recurrent = draw.normal(size=(4, 3 * H)), draw.normal(size=(H, 3 * H)) * 0.4
    bias = draw.normal(size=(2, 3 * H) if after else 3 * H)
    x = draw.normal(size=(2, 3, 4))
    h = np.zeros((2, H))
    for t in range(3):
        a = x[:, t] @ kernel + (bias[0] if after else bias)
        u = h @ recurrent + (bias[1] if after else 0)
        z, r = sigmoid(a[:, :H] + u[:, :H]), sigmoid(a[:, H : 2 * H] + u[:, H : 2 * H])
        inner = r * u[:, 2 * H :] if after else (r * h) @ recurrent[:, 2 * H :]
        h = z * h + (1 - z) * np.tanh(a[:, 2 * H :] + inner)
    layer = nn.GRU(H, reset="after" if after else "before", dtype="float64")
    recurrent_weights.from_keras(layer, [kernel, recurrent, bias])
    np.testing.assert_allclose(layer(x).numpy(), h, atol=1e-12)
    found = recurrent_weights.to_keras(layer)
    assert np.array_equal(found[0], kernel)
    assert np.array_equal(found[1], recurrent)
    assert found[2].shape == bias.shape
    np.testing.assert_allclose(found[2].sum(0) if after else found[2], bias.sum(0) if after else bias, atol=1e-15)


def test_keras_lstm_and_both_directions():
    # keras.layers.LSTM keeps i, f, c, o in columns, and Bidirectional lists forward before backward.
    draw = np.random.default_rng(6)
    arrays = [draw.normal(size=s) for s in [(4, 4 * H), (H, 4 * H), (4 * H,)] * 2]
    layer = nn.Bidirectional(nn.LSTM(H, dtype="float64"))
    recurrent_weights.from_keras(layer, arrays)
    assert np.array_equal(layer.forward.kernel.numpy(), arrays[0])
    assert np.array_equal(layer.backward.recurrent_kernel.numpy(), arrays[4])
    assert all(np.array_equal(a, b) for a, b in zip(recurrent_weights.to_keras(layer), arrays, strict=True))


def test_weights_that_do_not_fit_are_refused_and_change_nothing():
    layer = nn.LSTM(H)
    layer(np.zeros((1, 2, 4), np.float32))
    before = layer.state()
    whole = recurrent_weights.to_pytorch(layer)
    for wrong, words in (
        ({k: v for k, v in whole.items() if k != "weight_hh_l0"}, "weight_hh_l0 missing"),
        ({**whole, "weight_ih_l1": np.zeros((4 * H, H))}, "weight_ih_l1 fit nothing"),
        ({**whole, "weight_ih_l0": np.zeros((4 * H, 5))}, "kernel given"),
        ({**whole, "weight_hh_l0": np.zeros((3 * H, H))}, "4 gates"),
    ):
        with pytest.raises(InputError, match=words):
            recurrent_weights.from_pytorch(layer, wrong)
    with pytest.raises(InputError, match="3"):
        recurrent_weights.from_keras(layer, [np.zeros((4, 4 * H))])
    assert all(np.array_equal(value, before[name]) for name, value in layer.state().items())
    with pytest.raises(InputError, match="peepholes"):
        recurrent_weights.to_pytorch(nn.LSTM(H, peephole=True))
    with pytest.raises(InputError, match="resets after"):
        recurrent_weights.to_pytorch(nn.GRU(H, reset="before"))
