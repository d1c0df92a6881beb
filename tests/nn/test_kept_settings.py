"""Every kind of setting that a model can hold comes back from its description, and the others are refused by name."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stochos import nn
from stochos.errors import Error, InputError, InputTypeError

X = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)


def again(model):
    """Through JSON, as a file would have it."""
    return nn.from_config(json.loads(json.dumps(model.get_config(), allow_nan=False)))


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x[..., 1:4],
        lambda x: x[:, ::2] * np.arange(3, dtype=np.float32),
        lambda x: nn.clip(x, -np.inf, 0.5) + nn.tensor(np.float32(2)),
        lambda x: nn.reshape(x, (-1, 3, 2)),
        lambda x: nn.concatenate([x, nn.square(x)], axis=-1),
        lambda x: nn.pad(x, [(0, 0), (1, 2)]),
        lambda x: nn.Dense(2, kernel_regularizer=nn.L1L2(0.1, 0.2), seed=1)(x),
        lambda x: nn.Dense(2, kernel_initializer=nn.initializers.Constant(0.25), activation="relu")(x),
        lambda x: nn.Dropout(0.5)(nn.LayerNorm()(x)),
    ],
)
def test_a_setting_comes_back(make):
    x = nn.Input((6,), name="x")
    model = nn.Model(x, make(x))
    other = again(model)
    other.set_state(model.state())
    np.testing.assert_array_equal(np.asarray(other(X)), np.asarray(model(X)))
    penalty = nn.regularization_loss(model)
    np.testing.assert_array_equal(np.asarray(nn.regularization_loss(other)), np.asarray(penalty))


def test_what_has_no_name_is_refused():
    x = nn.Input((6,))
    with pytest.raises(InputError, match=r"is not registered, and code is never saved"):
        nn.Model(x, nn.Dense(2, activation=lambda z: z * 2.0)(x)).get_config()
    with pytest.raises(InputError, match="a lambda has no name of its own"):
        nn.register(lambda z: z)
    with pytest.raises(InputTypeError, match="register a class or a function"):
        nn.register("a number")(3)
    with pytest.raises(InputError, match=r"the name 'Dense' belongs to stochos.nn.layers"):
        nn.register("Dense")(test_what_has_no_name_is_refused)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"args": [2]', '"args": []'),
        lambda text: text.replace('"args": [2]', '"args": [{"$tuple": 3}]'),
        lambda text: text.replace('"class": "Dense"', '"class": "Dnese"'),
        lambda text: text.replace('{"$symbol": [0, 0]}', '{"$symbol": [7, 0]}'),
        lambda text: text.replace('{"$symbol": [0, 0]}', '{"$layer": 99}'),
        lambda text: text.replace('{"$symbol": [0, 0]}', '{"$code": "import os"}'),
        lambda text: text.replace('{"$symbol": [0, 0]}', '{"$function": "os.system"}'),
        lambda text: text.replace('{"$symbol": [0, 0]}', '{"$array": [1, 2, 3], "shape": [2, 2], "dtype": "<f4"}'),
        lambda text: text.replace('{"$symbol": [0, 0]}', '{"$array": [1], "shape": [1], "dtype": "object"}'),
        lambda text: text.replace('{"$symbol": [0, 0]}', '{"$float": "nine"}'),
    ],
)
def test_a_damaged_description_is_refused(change):
    x = nn.Input((6,), name="x")
    text = json.dumps(nn.Model(x, nn.Dense(2, name="d")(x), name="m").get_config())
    damaged = change(text)
    assert damaged != text
    with pytest.raises(Error):
        nn.from_config(json.loads(damaged))


def test_a_function_with_layers_of_its_own():
    inner = nn.Dense(6, seed=1)
    layer = nn.Lambda(lambda dense, x, training=False: x + dense(x) * (0.0 if training else 1.0), layers=[inner])
    np.testing.assert_array_equal(np.asarray(layer(X, training=True)), X)
    np.testing.assert_array_equal(np.asarray(layer(X)), X + np.asarray(inner(X)))
    assert nn.Lambda(np.negative)(X) is not None  # a function of NumPy tells nothing of its arguments
    with pytest.raises(InputTypeError, match="give a function of tensors"):
        nn.Lambda(3)


def test_losses_and_outputs_must_fit():
    x = nn.Input((6,))
    model = nn.Model(x, [nn.Dense(1, seed=1)(x), nn.Dense(2, seed=2)(x)])
    targets = [X[:, :1], X[:, :2]]

    def fit(loss, y=targets, **options):
        model.fit(X, y, loss=loss, optimizer=nn.SGD(0.1), progress=False, **options)

    fit(["mse", "mse"], loss_weights=[1.0, 0.5], accumulate=3)
    with pytest.raises(InputError, match="2 losses and 1 loss_weights"):
        fit(["mse", "mse"], loss_weights=[1.0])
    with pytest.raises(InputError, match="give one loss and one target for each output"):
        fit(["mse", "mse", "mse"])
    with pytest.raises(InputError, match="loss_weights need a list or dict"):
        fit("mse", loss_weights=[1.0])


def test_parts_of_a_batch_add_up_to_the_whole():
    """Also with weights, of which a part has its share."""
    rng = np.random.default_rng(1)
    y, weights = rng.integers(0, 2, 12), rng.uniform(0.5, 2, 12).astype(np.float32)
    x = rng.normal(size=(12, 6)).astype(np.float32)
    states = []
    for parts in (1, 4):
        model = nn.Sequential([nn.Input((6,)), nn.Dense(2, seed=1)])
        model.fit(
            x, y, loss="cross_entropy", optimizer=nn.SGD(0.1), batch_size=12, weights=weights, accumulate=parts,
            epochs=2, metrics=["accuracy"], progress=False,
        )  # fmt: skip
        states.append(model.state())
    for name, value in states[0].items():
        np.testing.assert_allclose(states[1][name], value, rtol=1e-5, atol=1e-6)
