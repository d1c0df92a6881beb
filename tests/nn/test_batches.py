"""Training on batches that come from outside, and weights of classes."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import nn
from stochos.errors import InputError, InputTypeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64) + (X[:, 1] > 1)
HOW = {"loss": "cross_entropy", "metrics": ["accuracy"]}


def model() -> nn.Sequential:
    return nn.Sequential([nn.Input((4,)), nn.Dense(6, activation="tanh", seed=1), nn.Dense(3, seed=2)])


def batches(size: int = 16, weights=None):
    for start in range(0, 50, size):
        part = slice(start, start + size)
        yield (X[part], Y[part]) if weights is None else (X[part], Y[part], weights[part])


class Loader:
    """Something that can be iterated anew, and gives lists, as PyTorch's loaders do."""

    def __iter__(self):
        return (list(batch) for batch in batches())


def fitted(x, y=None, **options):
    net = model()
    history = net.fit(x, y, **{**HOW, "optimizer": nn.Adam(1e-2), "epochs": 3, "batch_size": 16, **options})
    return net.state(), history


def same(a, b) -> bool:
    return all(a[name].tobytes() == b[name].tobytes() for name in a)


@pytest.mark.parametrize("source", [Loader(), lambda epoch: batches(), lambda epoch: list(batches())])
def test_batches_from_outside_train_as_those_of_arrays(source):
    # The same batches in the same order: the same bits.
    state, history = fitted(source, validation=source)
    expected, other = fitted(X, Y, shuffle=False, validation=(X, Y))
    assert same(state, expected)
    assert history["loss"] == other["loss"]
    np.testing.assert_allclose(history["val_loss"], other["val_loss"], rtol=1e-5)  # batches of 16, not of 256
    net = model()
    assert net.evaluate(source, **HOW) == pytest.approx(net.evaluate(X, Y, **HOW), rel=1e-5)
    np.testing.assert_allclose(net.predict(source), net.predict(X), rtol=1e-6)


def test_a_function_of_batches_is_told_the_epoch_and_a_run_can_be_resumed(tmp_path):
    asked = []

    def source(epoch):
        asked.append(epoch)
        order = np.random.default_rng(epoch).permutation(50)
        return ((X[part], Y[part]) for part in (order[:20], order[20:]))

    whole, history = fitted(source, epochs=4)
    assert asked == [1, 2, 3, 4]
    fitted(source, epochs=2, checkpoint=tmp_path / "c")
    net = model()
    again = net.fit(
        source, **HOW, optimizer=nn.Adam(1e-2), epochs=4, batch_size=16, checkpoint=tmp_path / "c", resume=True
    )
    assert same(net.state(), whole)
    assert again == history


def test_an_iterator_serves_one_epoch_and_builds_the_model():
    net = nn.Sequential([nn.Dense(6, activation="tanh", seed=1), nn.Dense(3, seed=2)])
    net.fit(batches(), **HOW, optimizer=nn.Adam(1e-2), epochs=1)
    assert same(net.state(), fitted(X, Y, epochs=1, shuffle=False)[0])
    with pytest.raises(InputError, match="used up in the first pass"):
        fitted(batches(), epochs=2)


def test_weights_come_with_the_batches():
    weights = RNG.uniform(0, 2, 50)
    assert same(fitted(lambda e: batches(16, weights))[0], fitted(X, Y, weights=weights, shuffle=False)[0])


@pytest.mark.parametrize("given", [[0.5, 1.0, 3.0], {0: 0.5, 2: 3.0}])
def test_weights_of_classes_are_weights_of_their_examples(given):
    weights = np.array([0.5, 1.0, 3.0], np.float32)[Y]
    assert same(fitted(X, Y, class_weights=given)[0], fitted(X, Y, weights=weights)[0])
    assert same(fitted(X, Y, class_weights=given, weights=weights)[0], fitted(X, Y, weights=weights**2)[0])
    assert same(fitted(lambda e: batches(), class_weights=given)[0], fitted(X, Y, weights=weights, shuffle=False)[0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fitted(Loader(), Y), InputError, "leave y and weights out"),
        (lambda: fitted(Loader(), validation=0.2), InputError, "validation is a share"),
        (lambda: fitted(lambda e: 3), InputTypeError, "returned 3"),
        (lambda: fitted(lambda e: []), InputError, "no batch|no example"),
        (lambda: fitted(lambda e: [(X, Y, Y, Y)]), InputError, "4 parts"),
        (lambda: fitted(lambda e: [(X, Y[:3])]), InputError, "50 examples.*3"),
        (lambda: fitted(X, Y, class_weights=[1.0, 2.0]), InputError, "2 factors.*class 2"),
        (lambda: fitted(X, Y, class_weights={1: -1.0}), InputError, "0 or more"),
        (lambda: fitted(X, Y[:, None], class_weights={1: 1.0}), InputError, r"shape \(N,\).*\(50, 1\)"),
    ],
)
def test_wrong_batches_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
