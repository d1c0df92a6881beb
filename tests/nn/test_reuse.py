"""Sharing: a layer that is called again is one layer, counted, regularised and updated once.

The patterns are those of the article on reuse of layers and models (J. Su 2019); the numbers are worked out by hand.
"""

from __future__ import annotations

import numpy as np
import pytest

from stochos import nn

ONE = np.ones((1, 1), np.float32)


def scalar(weight: float, **settings) -> nn.Dense:
    return nn.Dense(1, use_bias=False, kernel_initializer=weight, **settings)


def step(model: nn.Model, x: np.ndarray, rate: float = 0.1) -> list[float]:
    """One step of gradient descent on the sum of the outputs and the penalties; returns the gradients."""
    loss = lambda: nn.sum(model(x, training=True)) + nn.regularization_loss(model)  # noqa: E731
    _, gradients = nn.value_and_grad(loss, wrt=model)()
    nn.SGD(rate).update(model, gradients)
    return [g.numpy().ravel().tolist() for g in gradients]


def test_a_layer_called_three_times_has_one_weight():
    # The article's first example.
    x = nn.Input((784,))
    layer = nn.Dense(784, activation="relu")
    model = nn.Model(x, layer(layer(layer(x))))
    assert model.parameter_count == 784 * 784 + 784
    assert len(model.parameters) == 2
    assert model.layers == [layer]
    assert list(model.named_variables()) == ["dense/kernel", "dense/bias"]
    assert layer.kernel.name == f"{layer.name}/kernel"


def test_one_step_of_a_layer_called_three_times():
    # y = w^3 x with w = 2, x = 1: dy/dw = 3 w^2 = 12, so w becomes 2 - 0.1 * 12 = 0.8.
    x = nn.Input((1,))
    layer = scalar(2.0)
    model = nn.Model(x, layer(layer(layer(x))))
    assert model(ONE).item() == 8.0
    assert step(model, ONE) == [[12.0]]
    assert layer.kernel.item() == pytest.approx(0.8, rel=1e-6)


def test_a_new_instance_is_another_layer():
    x = nn.Input((1,))
    model = nn.Model(x, scalar(2.0)(scalar(3.0)(x)))
    # y = 6 x; dy/dw1 = w2 = 2 and dy/dw2 = w1 = 3
    assert step(model, ONE) == [[2.0], [3.0]]
    assert model.parameter_count == 2


def test_a_model_is_a_layer():
    x = nn.Input((1,))
    inner = nn.Model(x, scalar(2.0)(x))
    a, b = nn.Input((1,)), nn.Input((1,))
    model = nn.Model([a, b], inner(a) * inner(b))
    assert model.parameter_count == 1
    # y = w^2 a b at a = b = 1: 2 w = 4
    loss, gradients = nn.value_and_grad(lambda: nn.sum(model(ONE, ONE)), wrt=model)()
    assert (loss.item(), [g.item() for g in gradients]) == (4.0, [4.0])


def test_a_shared_layer_inside_a_sub_model_is_the_same_object():
    # keras#10898, #9571, #20172: 110 parameters, not 220.
    x = nn.Input((10,))
    d = nn.Dense(10)
    sub = nn.Model(x, d(x))
    outer = nn.Input((10,))
    model = nn.Model(outer, d(sub(outer)))
    assert model.parameter_count == 110
    assert model.layers == [sub, d]
    assert model.layers_inside() == [sub, d]
    assert model.aliases() == {"dense/kernel": "model/dense/kernel", "dense/bias": "model/dense/bias"}


@pytest.mark.parametrize("calls", [1, 2, 5])
def test_a_penalty_counts_once_however_often_the_layer_is_called(calls: int):
    # keras#8807, #15909, tensorflow#33147: w = 1, l1 = 1 gives 1.
    x = y = nn.Input((1,))
    layer = scalar(1.0, kernel_regularizer=nn.L1(1.0))
    for _ in range(calls):
        y = layer(y)
    sub = nn.Model(x, y)
    outer = nn.Input((1,))
    model = nn.Model(outer, sub(outer) + sub(outer) + layer(outer))
    assert nn.regularization_loss(model).item() == 1.0


def test_penalties_add_and_skip_frozen_weights():
    x = nn.Input((2,))
    a = nn.Dense(1, kernel_initializer=3.0, bias_initializer=2.0, kernel_regularizer=nn.L2(0.5), bias_regularizer="l1")
    b = nn.Dense(1, kernel_initializer=-1.0, kernel_regularizer=nn.L1L2(1.0, 2.0))
    model = nn.Model(x, [a(x), b(x)])
    # 0.5 * 2 * 9 + 0.01 * 2, and |-1| * 2 + 2 * 2
    assert nn.regularization_loss(model).item() == pytest.approx(9.02 + 6.0, rel=1e-6)
    model.freeze(b)
    assert nn.regularization_loss(model).item() == pytest.approx(9.02, rel=1e-6)
    assert nn.regularization_loss(nn.Model(x, nn.Flatten()(x))).item() == 0.0


def test_one_step_with_a_penalty_by_hand():
    # y = w^2, penalty 0.5 w^2, w = 2: 2 w + w = 6; w becomes 1.4.
    x = nn.Input((1,))
    layer = scalar(2.0, kernel_regularizer=nn.L2(0.5))
    model = nn.Model(x, layer(layer(x)))
    assert step(model, ONE) == [[6.0]]
    assert layer.kernel.item() == pytest.approx(1.4, rel=1e-6)


def test_layers_inside_layers_are_found_wherever_they_hang():
    class Block(nn.Layer):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.first = scalar(2.0)
            self._hidden = {"a": [scalar(3.0)]}
            self.same = self.first

        def call(self, x):
            return self.same(self._hidden["a"][0](self.first(x)))

    x = nn.Input((1,))
    block = Block()
    model = nn.Model(x, block(x))
    assert model.parameter_count == 2
    # y = w1^2 w2 x: dy/dw1 = 2 * 2 * 3, dy/dw2 = 4
    assert step(model, ONE) == [[12.0], [4.0]]
    assert list(model.named_variables()) == ["block/first/kernel", "block/_hidden/a/0/kernel"]


def test_layers_that_a_function_reaches_are_counted():
    # Su 2018 ("OurLayer.reuse"): weights of layers called inside of others must not be lost.
    inner = scalar(2.0)
    x = nn.Input((1,))
    model = nn.Model(x, nn.Lambda(lambda t: inner(inner(t)) + t)(x))
    assert model.parameter_count == 1
    assert step(model, ONE) == [[4.0]]
    assert inner.kernel.item() == pytest.approx(1.6, rel=1e-6)


def test_shared_layers_two_levels_down():
    # keras#21120: what is shared below the first level stays shared.
    x = nn.Input((1,))
    d = scalar(2.0)
    one = nn.Model(x, d(x))
    y = nn.Input((1,))
    two = nn.Model(y, one(y) + d(y))
    z = nn.Input((1,))
    model = nn.Model(z, two(z) * d(z))
    # y = (w + w) w = 2 w^2, 4 w = 8
    assert model.parameter_count == 1
    assert step(model, ONE) == [[8.0]]


def test_freezing_takes_weights_out_of_training():
    x = nn.Input((1,))
    a, b = scalar(2.0, name="a"), scalar(3.0, name="b")
    model = nn.Model(x, b(a(x)))
    assert model.freeze("a") is model
    assert model.trainable_parameters == [b.kernel]
    assert len(model.parameters) == 2
    step(model, ONE)
    assert (a.kernel.item(), b.kernel.item()) == (2.0, pytest.approx(2.8, rel=1e-6))
    model.unfreeze()
    assert len(model.trainable_parameters) == 2
    frozen = nn.Dense(3, trainable=False)
    frozen(np.ones((1, 2), np.float32))
    assert frozen.trainable_parameters == []


def test_a_compiled_step_is_the_same_step():
    def make():
        x = nn.Input((3,))
        layer = nn.Dense(3, activation="tanh", seed=1)
        return nn.Model(x, nn.Dense(1, seed=2)(layer(layer(x))))

    data = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    results = []
    for wrap in (lambda f: f, nn.compile):
        model, optimizer = make(), nn.Adam(0.1)

        def move(x, model=model, optimizer=optimizer):
            loss, gradients = nn.value_and_grad(lambda: nn.mean(model(x, training=True) ** 2), wrt=model)()
            optimizer.update(model, gradients)
            return loss

        run = wrap(move)
        results.append([run(data).item() for _ in range(5)])
    assert results[0] == pytest.approx(results[1], rel=1e-5)
    assert results[0][-1] < results[0][0]


def test_several_inputs_and_outputs_by_list_and_by_name():
    a, b = nn.Input((1,), name="a"), nn.Input((2,), name="b")
    model = nn.Model({"a": a, "b": b}, {"sum": nn.Add()(a, b), "both": nn.Concatenate()([a, b])})
    given = {"b": np.array([[2.0, 3.0]], np.float32), "a": ONE}
    found = model(given)
    assert found["sum"].numpy().tolist() == [[3.0, 4.0]]
    assert found["both"].numpy().tolist() == [[1.0, 2.0, 3.0]]
    same = nn.Model([a, b], [a + b])
    assert same(ONE, given["b"])[0].numpy().tolist() == same([ONE, given["b"]])[0].numpy().tolist() == [[3.0, 4.0]]
    assert same({"a": ONE, "b": given["b"]})[0].numpy().tolist() == [[3.0, 4.0]]


def test_sequential_takes_layers_functions_and_an_input():
    built = nn.Sequential([nn.Input((2,)), nn.Dense(3, seed=4), nn.relu, nn.Dense(1, seed=5)])
    assert built.output.shape == (None, 1)
    later = nn.Sequential([nn.Dense(3, seed=4), nn.relu])
    assert not later.built
    later.add(nn.Dense(1, seed=5))
    x = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
    assert later(x).numpy().tolist() == built(x).numpy().tolist()
    assert [layer.name for layer in later.layers]
    assert len(later) == 3
    assert later.parameter_count == 13
    # A slice of the layers is a model with the same weights.
    tail = nn.Sequential([nn.Input((3,)), *built.layers[1:]])
    assert tail.parameters == built.layers[1].parameters


def test_a_deep_chain_needs_no_recursion():
    x = y = nn.Input((1,))
    layer = scalar(1.0)
    for _ in range(3000):
        y = layer(y)
    model = nn.Model(x, y)
    assert len(model.calls) == 3000
    assert model(ONE).item() == 1.0


def test_a_model_is_a_function_of_its_seed():
    def weights(seed):
        nn.seed(seed)
        model = nn.Sequential([nn.Input((4,)), nn.Dense(4), nn.Dense(4)])
        return [p.numpy().tolist() for p in model.parameters]

    assert weights(3) == weights(3)
    assert weights(3) != weights(4)
    first, _, second, _ = weights(3)
    assert first != second  # two layers of a model do not begin alike
