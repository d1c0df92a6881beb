"""fit, evaluate and predict: the loop is the one written by hand, and a run that was cut goes on with the same bits."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from stochos import nn
from stochos.errors import ConvergenceError, FileFormatError, InputError, InputTypeError, StoppedError
from stochos.nn import _safetensors, callbacks
from stochos.nn._data import order_of

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(50, 6)).astype(np.float32)
Y = (X[:, :3].sum(axis=1) > 0).astype(np.int64) + (X[:, 3] > 1)


@pytest.fixture
def model(small_net):
    def make(seed: int = 1, dropout: float = 0.0):
        return small_net((6, 8, 3), seed, dropout)

    return make


def same(a: dict, b: dict) -> bool:
    return set(a) == set(b) and all(np.array_equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("compiled", [True, False])
def test_fit_is_the_loop_written_by_hand(model, compiled: bool):
    one, two = model(), model()
    history = one.fit(
        X, Y, loss="cross_entropy", optimizer=nn.SGD(0.1), epochs=2, batch_size=16, seed=5, compile=compiled
    )
    optimizer, losses = nn.SGD(0.1), []
    for epoch in (1, 2):
        order, total = order_of(5, epoch, 50), 0.0
        for start in range(0, 50, 16):
            part = order[start : start + 16]
            loss, gradients = nn.value_and_grad(
                lambda part=part: nn.losses.cross_entropy(two(X[part]), Y[part]), wrt=two
            )()
            optimizer.update(two, gradients)
            total += float(loss) * len(part)
        losses.append(total / 50)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-6)
    for name, value in one.state().items():
        np.testing.assert_allclose(value, two.state()[name], rtol=2e-5, atol=1e-6)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(model):
    def run(seed: int):
        made = model(dropout=0.3)
        made.fit(X, Y, loss="cross_entropy", optimizer=nn.Adam(1e-2), epochs=2, batch_size=16, seed=seed)
        return made.state()

    assert same(run(3), run(3))
    assert not same(run(3), run(4))


@pytest.mark.parametrize("optimizer", [nn.SGD, nn.RMSprop, nn.Adagrad, nn.Adam, nn.AdamW])
@pytest.mark.parametrize("cut", [1, 3])
def test_a_run_that_was_cut_goes_on_with_the_same_bits(model, optimizer: type, cut: int, tmp_path: Path):
    options = {
        "loss": "cross_entropy", "batch_size": 16, "seed": 2, "validation": 0.2, "metrics": ["accuracy"],
    }  # fmt: skip
    rate = nn.schedules.Warmup(3, nn.schedules.Cosine(1e-2, 1e-3, 20))
    whole = model(dropout=0.3)
    expected = whole.fit(X, Y, optimizer=optimizer(rate), epochs=5, **options)
    path = tmp_path / "run.safetensors"
    first = model(dropout=0.3)
    first.fit(X, Y, optimizer=optimizer(rate), epochs=cut, checkpoint=path, **options)
    second = model(seed=99, dropout=0.3)  # other weights, which the checkpoint replaces
    found = second.fit(X, Y, optimizer=optimizer(rate), epochs=5, checkpoint=path, resume=True, **options)
    assert same(whole.state(), second.state())
    assert found == expected
    assert found.epochs == 5


def test_an_interrupt_loses_the_open_epoch_alone(model, tmp_path: Path):
    class Interrupt(callbacks.Callback):
        def __init__(self, batch: int) -> None:
            self.left = batch

        def on_batch(self, training, loss):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    options = {"loss": "cross_entropy", "batch_size": 16, "epochs": 3, "checkpoint": tmp_path / "c"}
    whole, cut = model(dropout=0.3), model(dropout=0.3)
    whole.fit(X, Y, optimizer=nn.Adam(1e-2), callbacks=[Interrupt(-1)], **options)
    (tmp_path / "c").unlink()
    with pytest.raises(KeyboardInterrupt):
        cut.fit(
            X, Y, optimizer=nn.Adam(1e-2), callbacks=[Interrupt(7)], **options
        )  # in the second epoch of four batches
    history = cut.fit(X, Y, optimizer=nn.Adam(1e-2), callbacks=[Interrupt(-1)], **options, resume=True)
    assert history.epochs == 3
    assert same(whole.state(), cut.state())


def test_resume_without_a_file_begins_anew(model, tmp_path: Path):
    history = model().fit(
        X, Y, loss="cross_entropy", optimizer=nn.SGD(0.1), epochs=1, checkpoint=tmp_path / "c", resume=True
    )
    assert history.epochs == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"batch_size": 8}, "batch_size 16.*8"),
        ({"seed": 3}, "seed"),
        ({"shuffle": False}, "shuffle"),
        ({"optimizer": nn.SGD(0.1)}, "optimizer 'Adam'"),
        ({"callbacks": [callbacks.EarlyStopping("loss")]}, "callbacks"),
        ({"x": X[:40], "y": Y[:40]}, "examples 50.*40"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(model, change: dict, text: str, tmp_path: Path):
    options = {"x": X, "y": Y, "loss": "cross_entropy", "epochs": 1, "batch_size": 16, "checkpoint": tmp_path / "c"}
    model().fit(**options, optimizer=nn.Adam(1e-2))
    other = model(seed=7)
    before = other.state()
    with pytest.raises(InputError, match=text):
        other.fit(**{**options, "optimizer": nn.Adam(1e-2), **change, "epochs": 2}, resume=True)
    assert same(before, other.state())


def test_a_checkpoint_of_another_model_changes_nothing(model, small_net, tmp_path: Path):
    options = {"loss": "cross_entropy", "checkpoint": tmp_path / "c"}
    model().fit(X, Y, **options, optimizer=nn.Adam(1e-2), epochs=1)
    other = small_net((6, 9, 3))
    before = other.state()
    with pytest.raises(InputError):
        other.fit(X, Y, **options, optimizer=nn.Adam(1e-2), epochs=2, resume=True)
    assert same(before, other.state())
    _safetensors.write(tmp_path / "m", before, {}, "test")
    with pytest.raises(FileFormatError, match="no checkpoint"):
        model().fit(X, Y, loss="cross_entropy", optimizer=nn.SGD(0.1), checkpoint=tmp_path / "m", resume=True)


def test_evaluate_weighs_batches_by_their_size(model):
    made = model()
    found = made.evaluate(X, Y, loss="cross_entropy", metrics=["accuracy"], batch_size=7)
    scores = made.predict(X)
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    assert found["loss"] == pytest.approx(-logs[np.arange(50), Y].mean(), rel=1e-5)
    assert found["accuracy"] == pytest.approx((scores.argmax(axis=1) == Y).mean())


def test_weights_of_zero_leave_examples_out(model):
    weights = (np.arange(50) < 32).astype(np.float32)
    one, two = model(), model()
    options = {"loss": "cross_entropy", "optimizer": nn.SGD(0.1), "shuffle": False}
    first = one.fit(X, Y, weights=weights, batch_size=50, **options)
    options["optimizer"] = nn.SGD(0.1)
    second = two.fit(X[:32], Y[:32], batch_size=32, **options)
    assert first["loss"] == pytest.approx(second["loss"], rel=1e-6)
    for name, value in one.state().items():
        np.testing.assert_allclose(value, two.state()[name], rtol=1e-5, atol=1e-7)


def test_predict_of_nothing_and_of_a_part(model):
    made = model()
    assert made.predict(X[:0]).shape == (0, 3)
    np.testing.assert_allclose(made.predict(X, batch_size=7), made.predict(X), rtol=1e-6, atol=1e-6)


def test_an_infinite_loss_is_an_error_with_its_place(model):
    far = np.full((50, 3), 1e30, dtype=np.float32)  # its square is beyond float32
    far[:32] = 0
    with pytest.raises(ConvergenceError, match="inf in epoch 1, batch 2"):
        model().fit(X, far, loss="mse", optimizer=nn.SGD(1e-3), batch_size=32, shuffle=False)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_loss_that_is_not_finite_moves_nothing(model, compiled):
    # The second batch is bad: everything is as one step on the first left it.
    bad = np.zeros((50, 3), dtype=np.float32)
    bad[40] = np.nan
    options = {"loss": "mse", "batch_size": 32, "shuffle": False, "compile": compiled}
    broken, optimizer = model(), nn.Adam(1e-2)
    with pytest.raises(ConvergenceError, match=r"nan in epoch 1, batch 2; the parameters are as"):
        broken.fit(X, bad, optimizer=optimizer, **options)
    right, other = model(), nn.Adam(1e-2)
    right.fit(X[:32], bad[:32], optimizer=other, **options)
    for given, wanted in ((broken.state(), right.state()), (optimizer.state(broken), other.state(right))):
        assert set(given) == set(wanted)
        for name, value in wanted.items():
            np.testing.assert_array_equal(given[name], value)


@pytest.mark.parametrize("batches", [0, 1, 4])
def test_an_interrupted_epoch_keeps_what_was_done_of_it(model, batches):
    # Five batches an epoch; the interruption comes in the second one, after so many batches of it.
    class Interruption(nn.callbacks.Callback):
        seen = 0

        def on_batch(self, run, loss):
            self.seen += 1
            if self.seen == 5 + batches:
                raise KeyboardInterrupt

    options = {"loss": "cross_entropy", "batch_size": 10, "seed": 3, "metrics": ["accuracy"]}
    cut = model()
    with pytest.raises(KeyboardInterrupt) as caught:
        cut.fit(X, Y, optimizer=nn.SGD(0.1), epochs=3, callbacks=[Interruption()], **options)
    history = caught.value.history
    losses = []
    right = model()

    class Record(nn.callbacks.Callback):
        def on_batch(self, run, loss):
            losses.append(loss)
            if len(losses) == 5 + batches:
                states.update(right.state())

    states = {}
    whole = right.fit(X, Y, optimizer=nn.SGD(0.1), epochs=2, callbacks=[Record()], **options)
    for name, value in cut.state().items():
        np.testing.assert_array_equal(value, states[name])
    assert history["loss"][0] == whole["loss"][0] if batches else len(history["loss"]) == 1
    assert history.epochs == (2 if batches else 1)
    if batches:
        assert history["loss"][1] == pytest.approx(np.mean(losses[5 : 5 + batches]), rel=1e-6)
        assert 0 <= history["accuracy"][1] <= 1


def test_progress_can_stop_the_run(model):
    seen = []

    def stop(done: int, total: int) -> bool:
        seen.append((done, total))
        return done < 60

    with pytest.raises(StoppedError):
        model().fit(X, Y, loss="cross_entropy", optimizer=nn.SGD(0.1), epochs=3, batch_size=20, progress=stop)
    assert seen == [(20, 150), (40, 150), (50, 150), (70, 150)]


def test_wrong_input_is_named(model):
    fit = model().fit
    good = {"loss": "cross_entropy", "optimizer": nn.SGD(0.1)}
    with pytest.raises(InputError, match=r"50 examples.*49"):
        fit(X, Y[:49], **good)
    with pytest.raises(InputTypeError, match="optimizer"):
        fit(X, Y, loss="mse", optimizer="adam")
    with pytest.raises(InputError, match="validation"):
        fit(X, Y, validation=0.001, **good)
    with pytest.raises(InputError, match="no examples"):
        fit(X[:0], Y[:0], **good)
    with pytest.raises(InputTypeError, match="<U1"):
        fit(np.array(["a", "b"]), Y[:2], **good)
    with pytest.raises(InputError, match="checkpoint="):
        fit(X, Y, resume=True, **good)
    with pytest.raises(InputError, match="one number"):
        fit(X, Y, loss=lambda p, t: nn.losses.cross_entropy(p, t, reduction="none"), optimizer=nn.SGD(0.1))
    with pytest.raises(InputError, match="weights"):
        fit(X, Y, weights=-np.ones(50), **good)


def test_epochs_have_orders_of_their_own():
    orders = [order_of(1, epoch, 50).tolist() for epoch in range(1, 5)]
    assert all(a != b for a, b in itertools.combinations(orders, 2))
