"""Callbacks: when they stop, what they restore and write, and that checkpoints carry what they remember."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from stochos import _core, nn
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.nn import callbacks, saving
from stochos.nn.history import History


class Script:
    """A metric that follows a script, one value an epoch; it looks at nothing."""

    def __init__(self, values: list[float]) -> None:
        self.values = list(values)

    def metric(self):
        script = self

        class Scripted(nn.metrics.Metric):
            name = "figure"

            def gather(self, x, y, w):
                pass

            def result(self) -> float:
                return script.values.pop(0)

        return Scripted()


@pytest.fixture
def run(small_net):
    """Train for the epochs of a script; the kernel, which begins at 0, falls by 1 each epoch."""

    def train(values: list[float], hooks: list, **options):
        ones = np.ones((4, 1), dtype=np.float32)
        net = small_net((1, 1), bias=False, kernel="zeros")
        options = {"epochs": len(values), "batch_size": 4, "optimizer": nn.SGD(1.0), **options}
        history = net.fit(
            ones,
            ones,
            loss=lambda p, t: _core.ops.mean(p),
            metrics=[Script(values).metric()],
            callbacks=hooks,
            **options,
        )
        return net, history

    return train


def test_early_stopping_waits_and_restores_the_best(run):
    made, history = run([3, 2, 2.5, 2.2, 2.1, 0.0], [hook := callbacks.EarlyStopping("figure", patience=2)])
    assert history["figure"] == [3, 2, 2.5, 2.2, 2.1]
    assert (hook.best, hook.best_epoch) == (2, 2)
    assert made.parameters[0].numpy().item() == -2.0  # after the second epoch


def test_early_stopping_without_restoring_keeps_the_last(run):
    made, _ = run([3, 2, 2.5, 2.2], [callbacks.EarlyStopping("figure", patience=1, restore_best=False)])
    assert made.parameters[0].numpy().item() == -4.0


def test_what_is_greater_is_better_for_accuracy(run):
    assert callbacks.EarlyStopping("val_accuracy")._sign == -1
    assert callbacks.EarlyStopping("val_loss")._sign == 1
    _, history = run([1, 2, 3, 2, 1], [callbacks.EarlyStopping("figure", mode="max", patience=0)])
    assert history["figure"] == [1, 2, 3, 2]


def test_small_gains_do_not_count(run):
    _, history = run([3, 2.95, 2.91, 1], [callbacks.EarlyStopping("figure", patience=1, min_delta=0.1)])
    assert history["figure"] == [3, 2.95, 2.91]


def test_the_rate_falls_on_a_plateau(run):
    optimizer = nn.SGD(1.0)
    hook = callbacks.ReduceOnPlateau("figure", factor=0.5, patience=0, min_rate=0.2)
    run([3, 3, 3, 2, 3], [hook], optimizer=optimizer)
    assert optimizer.learning_rate == 0.2  # 1, 0.5, 0.25, 0.25, 0.2
    with pytest.raises(InputError, match="schedule"):
        run([3, 3, 3], [callbacks.ReduceOnPlateau("figure", patience=0)], optimizer=nn.SGD(nn.schedules.Constant(1.0)))


def test_the_rate_falls_behind_the_patience_not_before(run):
    for epochs, rate in ((3, 1.0), (4, 0.5), (5, 0.5), (7, 0.25)):  # better at first, then never again
        optimizer = nn.SGD(1.0)
        run([3.0] * epochs, [callbacks.ReduceOnPlateau("figure", factor=0.5, patience=2)], optimizer=optimizer)
        assert optimizer.learning_rate == rate


def test_a_resumed_run_stops_where_the_whole_one_would(run, tmp_path: Path):
    values = [3, 2, 2.5, 2.2, 2.1, 0.0]
    whole, expected = run(values, [callbacks.EarlyStopping("figure", patience=2)])
    options = {"checkpoint": tmp_path / "c"}
    run(values[:3], [callbacks.EarlyStopping("figure", patience=2)], **options)
    hook = callbacks.EarlyStopping("figure", patience=2)
    again, found = run(values[3:], [hook], **options, resume=True, epochs=6)
    assert found == expected
    assert hook.best_epoch == 2
    assert np.array_equal(again.parameters[0].numpy(), whole.parameters[0].numpy())
    # It had stopped: a further resume trains no more.
    more, found = run([], [callbacks.EarlyStopping("figure", patience=2)], **options, resume=True, epochs=9)
    assert found == expected
    assert np.array_equal(more.parameters[0].numpy(), whole.parameters[0].numpy())


def test_the_best_model_is_in_the_file(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written = []
    monkeypatch.setattr(saving, "save", lambda model, path: written.append((path, model.parameters[0].numpy().item())))
    run([3, 1, 2, 0.5], [callbacks.SaveBest(tmp_path / "best", "figure")])
    assert written == [(tmp_path / "best", -1.0), (tmp_path / "best", -2.0), (tmp_path / "best", -4.0)]


def test_the_log_is_the_history(run, tmp_path: Path):
    _, history = run([3, 1, 2], [callbacks.CsvLog(tmp_path / "log.csv")])
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == history["loss"]
    assert [float(row["figure"]) for row in rows] == [3, 1, 2]


def test_a_function_is_called_after_each_epoch_and_may_stop(run):
    seen = []

    def look(training):
        seen.append((training.epoch, training.history["figure"][-1]))
        if training.epoch == 2:
            training.stop()

    run([5, 4, 3], [look])
    assert seen == [(1, 5), (2, 4)]


def test_wrong_use_is_named(run):
    with pytest.raises(InputError, match=r"val_loss.*loss, figure"):
        run([1], [callbacks.EarlyStopping()])
    with pytest.raises(InputTypeError, match="int"):
        run([1], [3])
    with pytest.raises(InputError, match="mode"):
        callbacks.EarlyStopping("loss", mode="up")


def test_history_answers_by_name():
    history = History()
    history.add({"loss": 2.0, "val_loss": 3.0})
    history.add({"loss": 1.0, "val_loss": 4.0})
    assert history.epochs == 2
    assert history["loss"] == [2.0, 1.0]
    assert (history.best(), history.best("loss")) == (1, 2)
    assert "loss=1" in repr(history)
    assert history.to_pandas()["val_loss"].tolist() == [3.0, 4.0]
    with pytest.raises(UnknownNameError, match=r"'accuracy'.*loss"):
        history["accuracy"]


def test_history_draws_its_losses():
    import matplotlib as mpl

    mpl.use("Agg")
    history = History({"loss": [2.0, 1.0], "accuracy": [0.5, 0.6]})
    ax = history.plot()
    assert [line.get_label() for line in ax.lines] == ["loss"]
    assert ax.lines[0].get_ydata().tolist() == [2.0, 1.0]
    with pytest.raises(InputError, match="train first"):
        History().plot()
