"""Recurrent layers: padding, directions, states, starting values, models, files."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import nn
from stochos.errors import InputError, InputTypeError

B, T, C, H = 4, 6, 3, 5
X = np.random.default_rng(0).normal(size=(B, T, C)).astype(np.float32)
LENGTHS = np.array([6, 1, 0, 4])
KINDS = {
    "simple": lambda **o: nn.SimpleRNN(H, seed=1, **o),
    "relu": lambda **o: nn.SimpleRNN(H, "relu", seed=1, **o),
    "lstm": lambda **o: nn.LSTM(H, seed=1, **o),
    "peephole": lambda **o: nn.LSTM(H, peephole=True, seed=1, **o),
    "norm": lambda **o: nn.LSTM(H, layer_norm=True, seed=1, **o),
    "after": lambda **o: nn.GRU(H, seed=1, **o),
    "before": lambda **o: nn.GRU(H, reset="before", seed=1, **o),
    "output": lambda **o: nn.GRU(H, reset="output", seed=1, **o),
}
every_kind = pytest.mark.parametrize("kind", list(KINDS))


@every_kind
@pytest.mark.parametrize("reverse", [False, True])
def test_a_padded_sequence_gives_what_it_gives_alone(kind: str, reverse: bool):
    layer = KINDS[kind](return_sequences=True, return_state=True, reverse=reverse)
    padded = X.copy()
    for row, length in enumerate(LENGTHS):
        padded[row, length:] = np.nan  # never read
    y, *last = layer(padded, lengths=LENGTHS)
    for row, length in enumerate(LENGTHS):
        assert not y.numpy()[row, length:].any()
        if length == 0:
            assert not any(state.numpy()[row].any() for state in last)
            continue
        alone, *states = layer(X[row : row + 1, :length])
        np.testing.assert_allclose(y.numpy()[row, :length], alone.numpy()[0], atol=1e-6)
        for state, wanted in zip(last, states, strict=True):
            np.testing.assert_allclose(state.numpy()[row], wanted.numpy()[0], atol=1e-6)


@every_kind
def test_padding_has_no_part_in_gradients(kind: str):
    layer = KINDS[kind](return_sequences=True)
    padded = nn.Variable(np.where(np.arange(T)[None, :, None] < LENGTHS[:, None, None], X, np.nan).astype(np.float32))

    def loss():
        return nn.sum(nn.square(layer(padded, lengths=LENGTHS)))

    layer(padded, lengths=LENGTHS)
    whole = nn.grad(loss, wrt=[padded, *layer.parameters])()
    assert not whole[0].numpy()[np.isnan(padded.numpy())].any()
    alone = [np.zeros(p.shape) for p in layer.parameters]
    for row, length in enumerate(LENGTHS):
        if length:
            part = nn.grad(lambda r=row, n=length: nn.sum(nn.square(layer(X[r : r + 1, :n]))), wrt=layer)()
            alone = [a + g.numpy() for a, g in zip(alone, part, strict=True)]
    for found, wanted in zip(whole[1:], alone, strict=True):
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-4, atol=2e-5)


def test_a_step_that_the_mask_skips_is_as_if_it_were_not_there():
    layer = nn.GRU(H, seed=2, return_sequences=True)
    mask = np.ones((B, T), bool)
    mask[:, 2] = False
    y = layer(X, mask=mask).numpy()
    shorter = layer(np.delete(X, 2, axis=1)).numpy()
    np.testing.assert_allclose(np.delete(y, 2, axis=1), shorter, atol=1e-6)
    both = layer(X, mask=mask, lengths=[6, 3, 0, 6]).numpy()
    assert not both[1, 3:].any()
    np.testing.assert_allclose(both[0], y[0], atol=1e-6)


def test_both_directions_of_a_palindrome_end_alike():
    # Input [2, 4, 2] padded to [2, 4, 2, 0, 0]: a way back that read the padding first would end elsewhere.
    net = nn.Bidirectional(nn.LSTM(H, seed=3), merge=None)
    x = np.array([2, 4, 2, 0, 0], np.float32).reshape(1, 5, 1)
    net(x)
    for name in ("kernel", "recurrent_kernel", "bias"):
        getattr(net.backward, name).assign(getattr(net.forward, name))
    there, back = net(x, lengths=[3])
    np.testing.assert_allclose(there.numpy(), back.numpy(), atol=1e-7)


@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "average", None])
def test_directions_are_the_layers_themselves(merge):
    net = nn.Bidirectional(nn.GRU(H, seed=3, return_sequences=True), merge=merge)
    y = net(X, lengths=LENGTHS)
    there, back = net.forward(X, lengths=LENGTHS).numpy(), net.backward(X, lengths=LENGTHS).numpy()
    flipped = nn.GRU(H, return_sequences=True)
    flipped(X)
    for ours, theirs in zip(flipped.parameters, net.backward.parameters, strict=True):
        ours.assign(theirs)
    np.testing.assert_allclose(flipped(X[:1, ::-1].copy()).numpy()[:, ::-1], back[:1], atol=1e-6)
    wanted = {
        "concat": np.concatenate([there, back], -1), "sum": there + back, "mul": there * back,
        "average": (there + back) / 2,
    }  # fmt: skip
    if merge is None:
        assert np.array_equal(y[0].numpy(), there)
        assert np.array_equal(y[1].numpy(), back)
    else:
        np.testing.assert_allclose(y.numpy(), wanted[merge], atol=1e-7)


@every_kind
def test_a_cell_step_by_step_is_the_layer(kind: str):
    layer = KINDS[kind](return_sequences=True, return_state=True)
    cells = {"simple": nn.SimpleRNNCell(H), "relu": nn.SimpleRNNCell(H, "relu"), "lstm": nn.LSTMCell(H)}
    cells |= {"peephole": nn.LSTMCell(H, peephole=True), "norm": nn.LSTMCell(H, layer_norm=True)}
    cells |= {name: nn.GRUCell(H, reset=name) for name in ("after", "before", "output")}
    cell = cells[kind]
    y, *last = layer(X)
    state = cell(X[:, 0])
    for ours, theirs in zip(cell.parameters, layer.parameters, strict=True):
        ours.assign(theirs)
    state = None
    for t in range(T):
        state = cell(X[:, t], state)
        np.testing.assert_allclose(state[0].numpy(), y.numpy()[:, t], atol=1e-6)
    assert all(np.allclose(a.numpy(), b.numpy(), atol=1e-6) for a, b in zip(state, last, strict=True))


@every_kind
def test_states_and_gates_obey_the_cell(kind: str):
    layer = KINDS[kind](return_sequences=True, dtype="float64")
    x = X.astype(np.float64)
    found = {name: value.numpy() for name, value in layer.states(x, lengths=LENGTHS).items()}
    real = np.arange(T) < LENGTHS[:, None]
    np.testing.assert_allclose(found["h"][real], layer(x, lengths=LENGTHS).numpy()[real], atol=1e-12)
    before = {k: np.concatenate([np.zeros((B, 1, H)), v[:, :-1]], 1) for k, v in found.items() if k in "hc"}
    if kind in ("lstm", "peephole"):
        c = found["f"] * before["c"] + found["i"] * found["g"]
        np.testing.assert_allclose(found["c"][real], c[real], atol=1e-12)
        np.testing.assert_allclose(found["h"][real], (found["o"] * np.tanh(c))[real], atol=1e-12)
    if kind in ("after", "before"):
        h = (1 - found["z"]) * before["h"] + found["z"] * found["n"]
        np.testing.assert_allclose(found["h"][real], h[real], atol=1e-12)
    if kind == "output":
        np.testing.assert_allclose(found["h"][real], (found["r"] * found["c"])[real], atol=1e-12)
    for gate in set(found) - {"h", "c"}:
        assert not found[gate][~real].any()


def test_a_stateful_layer_goes_on_where_it_ended():
    whole = nn.LSTM(H, seed=4, return_sequences=True)
    parts = nn.LSTM(H, seed=4, return_sequences=True, stateful=True)
    wanted = whole(X).numpy()
    found = [parts(X[:, :2]).numpy(), parts(X[:, 2:]).numpy()]
    np.testing.assert_allclose(np.concatenate(found, 1), wanted, atol=1e-6)
    with nn.no_updates():
        parts(X)
    assert not np.allclose(parts(X[:, :2]).numpy(), wanted[:, :2])
    parts.reset_states()
    np.testing.assert_allclose(parts(X[:, :2]).numpy(), wanted[:, :2], atol=1e-6)
    with pytest.raises(InputError, match="batches of 4"):
        parts(X[:2])


def test_initial_states_may_be_learned():
    layer = nn.LSTM(H, seed=1, return_state=True)
    h, c = nn.Variable(np.ones((B, H), np.float32)), nn.Variable(np.ones((B, H), np.float32))
    _, _, last = layer(X, initial_state=(h, c))
    assert not np.allclose(last.numpy(), layer(X)[2].numpy())
    gradients = nn.grad(lambda: nn.sum(layer(X, initial_state=(h, c))[0]), wrt=[h, c])()
    assert all(np.abs(g.numpy()).min() > 0 for g in gradients)


def test_starting_values():
    lstm = nn.LSTM(H, seed=1, forget_bias=1.0)
    lstm(X)
    assert (lstm.gate("f", "bias") == 1).all()
    assert not lstm.gate("i", "bias").any()
    for gate in lstm.gates:
        u = lstm.gate(gate)
        np.testing.assert_allclose(u @ u.T, np.eye(H), atol=1e-5)  # orthogonal gate by gate
    assert not np.allclose(lstm.gate("i"), lstm.gate("f"))
    chrono = nn.LSTM(2000, forget_bias=nn.initializers.Chrono(50), recurrent_initializer="identity", seed=1)
    chrono(X)
    steps = np.exp(chrono.gate("f", "bias"))
    # Uniform between 1 and 49: mean 25, and six standard errors of it, 48 / sqrt(12 * 2000) each.
    assert steps.min() >= 1
    assert steps.max() <= 49
    assert abs(steps.mean() - 25) < 6 * 48 / np.sqrt(12 * 2000)
    assert np.array_equal(chrono.gate("i", "bias"), -chrono.gate("f", "bias"))
    gru = nn.GRU(H, update_bias=nn.initializers.Chrono(50), recurrent_initializer="identity", seed=1)
    gru(X)
    assert (gru.gate("z", "bias") <= 0).all()
    assert np.array_equal(gru.gate("n"), np.eye(H, dtype=np.float32))
    assert nn.initializers.from_config(nn.initializers.Chrono(50).config()) == nn.initializers.Chrono(50)


def test_dropout_lies_between_the_layers_and_only_in_training():
    net = nn.StackedRNN([nn.LSTM(H, seed=1), nn.LSTM(H, seed=2)], dropout=0.5, seed=3)
    plain = net(X).numpy()
    by_hand = net.layers[1](net.layers[0](X, return_sequences=True)).numpy()
    np.testing.assert_allclose(plain, by_hand, atol=1e-7)
    assert np.array_equal(net(X).numpy(), plain)
    assert not np.allclose(net(X, training=True).numpy(), plain)


@every_kind
def test_models_are_saved_and_compiled(kind: str, tmp_path):
    model = nn.Sequential(
        [nn.Input((None, C)), nn.Bidirectional(KINDS[kind](return_sequences=True)), KINDS[kind](), nn.Dense(1)]
    )
    assert model.output.shape == (None, 1)
    y = model(X).numpy()
    assert y.shape == (B, 1)
    model.save(tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors")
    assert np.array_equal(again(X).numpy(), y)
    assert np.array_equal(model.copy()(X[:, :3]).numpy(), model(X[:, :3]).numpy())

    def step(x):
        loss, gradients = nn.value_and_grad(lambda: nn.mean(nn.square(model(x))), wrt=model)()
        return loss, gradients

    for a, b in zip(step(nn.tensor(X))[1], nn.compile(step)(nn.tensor(X))[1], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)


def test_lengths_are_an_input_of_a_model():
    x, lengths = nn.Input((None, C)), nn.Input((), dtype="int64")
    model = nn.Model(
        [x, lengths], nn.StackedRNN([nn.GRU(H, seed=1), nn.Bidirectional(nn.GRU(H, seed=2))])(x, lengths=lengths)
    )
    long = np.concatenate([X, np.full_like(X, np.nan)], 1)
    found = model([X, np.array([2, 3, 4, 5])]).numpy()
    np.testing.assert_allclose(model([long, np.array([2, 3, 4, 5])]).numpy(), found, atol=1e-6)
    assert found.shape == (B, 2 * H)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.LSTM(H)(X[0]), "B, T, C"),
        (lambda: nn.LSTM(H)(X, lengths=[7, 1, 1, 1]), "lengths from 0 to 6"),
        (lambda: nn.LSTM(H)(X, lengths=[1, 1]), "lengths of shape"),
        (lambda: nn.LSTM(H)(X, mask=np.ones((B, 2), bool)), "mask of shape"),
        (lambda: nn.LSTM(H)(X, initial_state=np.zeros((B, H), np.float32)), "initial state of 2"),
        (lambda: nn.GRU(H)(X, initial_state=np.zeros((B, 2), np.float32)), "a state h of shape"),
        (lambda: nn.GRU(H, reset="never"), "reset"),
        (lambda: nn.SimpleRNN(H, "sine"), "activation"),
        (lambda: nn.LSTM(0), "units"),
        (lambda: nn.LSTM(H, stateful=True, reverse=True), "exclude"),
        (lambda: nn.Sequential([nn.Input((T, C)), nn.LSTM(H, stateful=True)]), "fixed batch"),
        (lambda: nn.Bidirectional(nn.LSTM(H, reverse=True)), "neither reverse"),
        (lambda: nn.StackedRNN([]), "empty"),
        (lambda: nn.initializers.Chrono(1), "longest"),
    ],
)
def test_wrong_use_is_named(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_wrong_kinds_are_named():
    with pytest.raises(InputTypeError, match="layer is of type Dense"):
        nn.Bidirectional(nn.Dense(3))
    with pytest.raises(InputTypeError, match="recurrent layers"):
        nn.StackedRNN([nn.Dense(3)])
    with pytest.raises(InputTypeError, match="floating"):
        nn.LSTM(H)(np.zeros((B, T, C), np.int64))
