"""Ties, copies, clones, descriptions and pickled state: what is shared stays shared, and nothing else is."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

from stochos import nn
from stochos.errors import FileFormatError, InputError, InputTypeError, UnknownNameError

WORDS = np.array([[0, 3, 3, 6]])


def shared() -> nn.Model:
    """keras#10898: a layer used inside a sub-model and outside of it; 110 parameters."""
    x = nn.Input((10,))
    d = nn.Dense(10, name="d")
    sub = nn.Model(x, d(x), name="sub")
    outer = nn.Input((10,))
    return nn.Model(outer, d(sub(outer)), name="whole")


def tied() -> nn.Model:
    """The embedding as output layer: one table of 7 x 5, and the biases of 7 words."""
    words = nn.Input((4,), dtype="int64")
    embedding, scores = nn.Embedding(7, 5, name="table"), nn.Dense(7, name="scores")
    nn.tie(scores, embedding, transform="transpose")
    return nn.Model(words, scores(embedding(words)))


def by_json(layer):
    return nn.from_config(json.loads(json.dumps(layer.get_config(), allow_nan=False)))


WAYS = {
    "copy": lambda m: m.copy(),
    "clone": lambda m: m.clone(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "config": by_json,
    "pickle": lambda m: pickle.loads(pickle.dumps(m)),
}
# A description has no values but keeps the seeds, so a model that has not been trained comes back as it was.
SAME_VALUES = ("copy", "copy.copy", "copy.deepcopy", "config", "pickle")


@pytest.mark.parametrize("way", WAYS)
def test_sharing_survives(way: str):
    model = shared()
    new = WAYS[way](model)
    assert new.parameter_count == 110
    sub, d = new.layers
    assert sub.layers == [d]
    assert not {p.id for p in new.parameters} & {p.id for p in model.parameters}
    assert list(new.named_variables()) == list(model.named_variables())
    assert new.aliases() == model.aliases()
    x = np.ones((2, 10), np.float32)
    assert np.array_equal(new(x).numpy(), model(x).numpy()) is (way in SAME_VALUES)


@pytest.mark.parametrize("way", WAYS)
def test_a_tie_survives_and_one_step_moves_one_table(way: str):
    model = WAYS[way](tied())
    table, scores = model.layers
    assert model.parameter_count == 7 * 5 + 7
    assert np.array_equal(scores.kernel.numpy(), table.table.numpy().T)
    _, gradients = nn.value_and_grad(lambda: nn.sum(model(WORDS)), wrt=model)()
    # The gradient is the sum over both places: of the lookup (counts of the words times the sum of all rows), and of
    # the output (each row gets the sum of the hidden vectors).
    rows = table.table.numpy()
    counts = np.array([1, 0, 0, 2, 0, 0, 1], np.float32)
    assert np.allclose(gradients[0].numpy(), counts[:, None] * rows.sum(0) + (counts @ rows)[None, :], atol=1e-5)
    nn.SGD(0.1).update(model, gradients)
    assert np.allclose(table.table.numpy(), rows - 0.1 * gradients[0].numpy(), atol=1e-6)
    assert np.array_equal(scores.kernel.numpy(), table.table.numpy().T)


def test_copies_are_independent():
    model = shared()
    new = model.copy()
    before = model.state()
    new.parameters[0].assign(np.zeros((10, 10), np.float32))
    assert all(np.array_equal(a, b) for a, b in zip(model.state().values(), before.values(), strict=True))


def test_equal_values_are_no_tie_but_a_tie_is():
    # equinox#469, #790; flax#1263.
    a, b = (nn.Dense(1, use_bias=False, kernel_initializer=2.0) for _ in range(2))
    x = nn.Input((1,))
    model = nn.Model(x, a(x) + 3 * b(x))
    one = np.ones((1, 1), np.float32)
    gradients = nn.grad(lambda: nn.sum(model(one)), wrt=model)()
    assert [g.item() for g in gradients] == [1.0, 3.0]
    nn.tie(b, a)
    assert b.kernel is a.kernel
    assert model.parameter_count == 1
    gradients = nn.grad(lambda: nn.sum(model(one)), wrt=model)()
    assert [g.item() for g in gradients] == [4.0]
    nn.SGD(0.1).update(model, gradients)
    assert a.kernel.item() == b.kernel.item() == pytest.approx(1.6)
    nn.untie(b)
    assert model.parameter_count == 2
    assert b.kernel.item() == pytest.approx(1.6)
    a.kernel.assign(np.zeros((1, 1), np.float32))
    assert b.kernel.item() == pytest.approx(1.6)


def test_a_tied_weight_is_penalised_once():
    a, b = (nn.Dense(1, kernel_initializer=2.0, kernel_regularizer=nn.L2(1.0)) for _ in range(2))
    x = nn.Input((1,))
    model = nn.Model(x, b(a(x)))
    nn.tie(b, a)
    assert nn.regularization_loss(model).item() == 4.0


def test_chains_of_ties_and_ties_by_name_and_by_variable():
    a, b, c = (nn.Dense(3, seed=n) for n in range(3))
    x = nn.Input((3,))
    model = nn.Model(x, a(b(c(x))))
    nn.tie((a, "bias"), b.bias)
    nn.tie(a, b)
    nn.tie(b, c, "transpose")
    assert model.parameter_count == 9 + 3 + 3
    assert np.array_equal(a.kernel.numpy(), c.kernel.numpy().T)
    new = model.copy()
    assert new.parameter_count == 15
    assert np.allclose(new(np.eye(3)).numpy(), model(np.eye(3)).numpy())


def test_a_cut_with_the_tied_layer_alone_keeps_the_table():
    model = tied()
    head = model.between("scores", "scores")
    assert head.parameter_count == 42
    assert set(head.named_variables()) == {"scores/kernel:source", "scores/bias"}
    new = head.copy()
    assert new.parameter_count == 42
    assert new.parameters[0].id != model.parameters[0].id
    again = by_json(head)
    again.set_state(head.state())
    h = np.ones((1, 4, 5), np.float32)
    assert np.array_equal(again(h).numpy(), head(h).numpy())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a, b: nn.tie(a, a), InputError, "are one weight already"),
        (lambda a, b: nn.tie(a, b), InputError, r"expects 'kernel' of shape \(2, 3\), .* has shape \(3, 4\)"),
        (lambda a, b: nn.tie((a, "bais"), b), InputError, "has no weight 'bais'; it has kernel, bias"),
        (lambda a, b: nn.tie(a, 3), InputTypeError, "3 is of type int"),
        (lambda a, b: nn.tie(a, b, "transpos"), UnknownNameError, "nothing is registered under 'transpos'"),
        (lambda a, b: nn.tie(a, nn.Variable(np.ones(3))), InputError, "no weight of a living layer"),
        (lambda a, b: nn.untie(a), InputError, "'kernel' of nn.Dense 'a' is not tied"),
        (lambda a, b: nn.tie(nn.Flatten(), a), InputError, "has no main weight"),
    ],
)
def test_wrong_ties_are_named_and_change_nothing(call, error, message):
    a, b = nn.Dense(3, name="a"), nn.Dense(4, name="b")
    b(a(np.ones((1, 2), np.float32)))
    kernel = a.kernel
    with pytest.raises(error, match=message):
        call(a, b)
    assert a.kernel is kernel


def test_a_tie_made_before_the_layers_are_built_is_checked_when_they_are():
    a, b = nn.Dense(3, name="a"), nn.Embedding(4, 5, name="b")
    nn.tie(a, b)
    with pytest.raises(InputError, match="has no weight 'table' to share"):
        a(np.ones((1, 4), np.float32))
    b(np.array([1]))
    with pytest.raises(InputError, match=r"expects 'kernel' of shape \(4, 3\), but it is tied .* has shape \(4, 5\)"):
        a(np.ones((1, 4), np.float32))


def test_clones_are_fresh_and_follow_their_seed():
    model = shared()
    model.layers[1].bias.assign(np.ones(10, np.float32))
    model.freeze()
    a, b, c = model.clone(seed=1), model.clone(seed=1), model.clone(seed=2)
    kernels = [m.parameters[0].numpy() for m in (model, a, b, c)]
    assert np.array_equal(kernels[1], kernels[2])
    assert not np.array_equal(kernels[1], kernels[3])
    assert not np.array_equal(kernels[1], kernels[0])
    assert a.parameters[1].numpy().tolist() == [0.0] * 10  # the initial value, not the learned one
    assert a.trainable_parameters == []


def test_copies_go_on_with_the_same_dropout_and_clones_do_not():
    x = nn.Input((100,))
    model = nn.Model(x, nn.Dropout(0.5)(x))
    ones = np.ones((1, 100), np.float32)
    model(ones, training=True).numpy()
    new, fresh = model.copy(), model.clone()
    again = pickle.loads(pickle.dumps(model))
    mask = model(ones, training=True).numpy()
    assert np.array_equal(new(ones, training=True).numpy(), mask)
    assert np.array_equal(again(ones, training=True).numpy(), mask)
    assert not np.array_equal(fresh(ones, training=True).numpy(), mask)


def test_layers_of_your_own_with_shared_insides_are_copied():
    @nn.register("test_copies.Block")
    class Block(nn.Layer):
        def __init__(self, inner, **settings):
            super().__init__(**settings)
            self.inner = inner
            self.second = nn.Dense(3)

        def build(self, shape):
            self.add_weight("scale", shape[-1:], "ones")

        def call(self, x):
            return self.second(self.inner(x)) * self.scale

    x = nn.Input((3,))
    inner = nn.Dense(3)
    block = Block(inner)
    model = nn.Model(x, block.second(inner(block(x))))
    assert model.parameter_count == 12 + 12 + 3
    values = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    for way, change in WAYS.items():
        new = change(model)
        assert new.parameter_count == 27, way
        if way in SAME_VALUES:
            assert np.array_equal(new(values).numpy(), model(values).numpy()), way
    alone = pickle.loads(pickle.dumps(block))
    assert np.array_equal(alone(values).numpy(), block(values).numpy())


def test_code_is_never_described():
    x = nn.Input((2,))
    model = nn.Model(x, nn.Lambda(lambda t: t * 2)(x))
    with pytest.raises(InputError, match="is not registered, and code is never saved"):
        model.get_config()
    with pytest.raises(InputError, match="is not registered"):
        pickle.dumps(model)
    nn.register("test_copies.double")(model.layers[0]._function)
    assert by_json(model)(np.ones((1, 2))).numpy().tolist() == [[2.0, 2.0]]
    assert model.copy()(np.ones((1, 2))).numpy().tolist() == [[2.0, 2.0]]


def test_a_layer_hidden_in_a_function_cannot_be_copied_but_a_given_one_can():
    x = nn.Input((2,))
    inner = nn.Dense(2, name="inner")
    hidden = nn.Model(x, nn.Lambda(lambda t: inner(t), name="hide")(x))
    hidden(np.ones((1, 2)))
    with pytest.raises(InputError, match="'hide' calls 'inner', which are no attributes of it"):
        hidden.copy()
    given = nn.Model(x, nn.Lambda(lambda layer, t: layer(t), layers=[inner])(x))
    new = given.copy()
    assert new.parameter_count == 6
    assert new.parameters[0].id != inner.kernel.id


def test_functions_constants_and_slices_are_described():
    x = nn.Input((4,), name="x")
    y = nn.where(x > 0, nn.leaky_relu(x, slope=0.2), np.array([1.0, 2.0, 3.0, 4.0], np.float32))[:, ::2]
    parts = nn.split(y * float("inf") - 1, 2, axis=1)
    model = nn.Model({"x": x}, {"a": parts[0], "b": (nn.clip(parts[1], 0.0, 5.0), nn.sum(x, axis=(0, 1)))})
    new = by_json(model)
    values = np.array([[1.0, -1.0, -2.0, 0.5]], np.float32)
    a, b = model({"x": values}), new({"x": values})
    assert a["a"].numpy().tolist() == b["a"].numpy().tolist() == [[float("inf")]]
    assert [t.numpy().tolist() for t in a["b"]] == [t.numpy().tolist() for t in b["b"]]


def test_weights_that_functions_use_directly():
    # A tie by hand: the output is a product with the transposed table.
    words = nn.Input((4,), dtype="int64")
    table = nn.Embedding(7, 5)
    model = nn.Model(words, table(words) @ nn.transpose(table.table) if table.built else _built(table, words))
    assert model.parameter_count == 35
    for way in ("copy", "clone", "config", "pickle"):
        new = WAYS[way](model)
        assert new.parameter_count == 35, way
        kernel = new.parameters[0].numpy()
        assert np.allclose(new(WORDS).numpy(), kernel[WORDS] @ kernel.T, atol=1e-5), way


def _built(table, words):
    hidden = table(words)
    return nn.Lambda(nn.matmul)(hidden, nn.Lambda(_turned, layers=[table])(words))


@nn.register("test_copies.turned")
def _turned(table, words):
    return nn.transpose(table.table)


def test_damaged_descriptions_are_refused():
    config = shared().get_config()
    with pytest.raises(FileFormatError, match="no description of format 1"):
        nn.from_config({"format": 2})
    with pytest.raises(FileFormatError, match="damaged"):
        nn.from_config(config | {"layers": config["layers"][:1]})
    unknown = json.loads(json.dumps(config).replace('"Dense"', '"Dens"'))
    with pytest.raises(UnknownNameError, match="nothing is registered under 'Dens'"):
        nn.from_config(unknown)


def test_a_description_without_end_is_refused():
    inner = nn.Sequential([nn.Input((2,)), nn.Dense(2)])
    x = nn.Input((2,))
    config = json.loads(json.dumps(nn.Model(x, inner(x)).get_config()))
    number = config["root"]
    for call in config["layers"][number]["graph"]["calls"]:
        call["layer"] = number
    with pytest.raises(FileFormatError, match=f"layer {number} stands inside of itself"):
        nn.from_config(config)
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    config = shared().get_config()
    config["layers"][0] |= {"shapes": deep}
    with pytest.raises(FileFormatError, match="damaged: RecursionError"):
        nn.from_config(config)


def test_state_is_checked_before_anything_changes():
    model = shared()
    state = model.state()
    kernel = next(iter(state))
    with pytest.raises(InputError, match="missing nothing; unexpected 'x'; nothing was changed"):
        model.set_state(state | {"x": np.ones(1)})
    with pytest.raises(InputError, match=r"has shape \(10, 10\), the state brings \(2,\)"):
        model.set_state(state | {kernel: np.ones(2)})
    with pytest.raises(InputError, match="are one variable, but bring different values"):
        model.set_state(state | {"d/kernel": state[kernel] + 1})
    assert all(np.array_equal(a, b) for a, b in zip(model.state().values(), state.values(), strict=True))
    model.set_state(state | {"d/kernel": state[kernel]})


def test_paths_do_not_depend_on_what_was_made_before():
    first, second = shared(), shared()
    assert list(first.named_variables()) == list(second.named_variables())
    made = [nn.Sequential([nn.Input((2,)), nn.Dense(2), nn.Dense(2, name="dense"), nn.Dense(2)]) for _ in range(2)]
    assert [list(m.named_variables()) for m in made] == [
        [f"{n}/{w}" for n in ("dense_1", "dense", "dense_2") for w in ("kernel", "bias")]
    ] * 2
