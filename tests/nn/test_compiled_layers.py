"""Layers inside `nn.compile`: statistics move, weights are made on the first call, masks differ."""

from __future__ import annotations

import numpy as np

from stochos import nn

X = np.random.default_rng(3).normal(2.0, 3.0, (16, 4)).astype(np.float32)


def make() -> nn.Sequential:
    layers = [nn.Dense(6, seed=1), nn.BatchNorm(), nn.relu, nn.Dropout(0.3, seed=2), nn.Dense(1, seed=3)]
    return nn.Sequential(layers)


def trained(wrap, steps: int = 4) -> nn.Sequential:
    model, optimizer = make(), nn.SGD(0.05, momentum=0.9)

    def step(x):
        loss, gradients = nn.value_and_grad(lambda: nn.mean(model(x, training=True) ** 2), wrt=model)()
        optimizer.update(model, gradients)
        return loss

    run = wrap(step)
    for number in range(steps):
        run(nn.tensor(X + number))
    return model


def test_a_compiled_step_moves_weights_and_statistics_as_an_open_one_does():
    # The model is built inside of the first, traced call.
    plain, traced = trained(lambda f: f).state(), trained(nn.compile).state()
    assert list(plain) == list(traced)
    for name in plain:
        np.testing.assert_allclose(traced[name], plain[name], rtol=1e-4, atol=1e-6, err_msg=name)
    assert plain["batch_norm/moving_mean"].any()
    assert plain["dropout/stream/counter"] == 4


def test_inference_moves_nothing():
    model = trained(nn.compile)
    before = model.state()
    run = nn.compile(model)
    first, second = run(nn.tensor(X)).numpy(), run(nn.tensor(X)).numpy()
    assert np.array_equal(first, second)
    assert all(np.array_equal(model.state()[name], value) for name, value in before.items())
