"""What happens between the epochs of a training run: stopping early, other rates, files.

A callback is a function of the running `Training`, called after each epoch, or a `Callback`.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks, _writing
from stochos.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from stochos.nn.training import Training

__all__ = ["Callback", "CsvLog", "EarlyStopping", "ReduceOnPlateau", "SaveBest", "get"]


class Callback:
    """Base of callbacks; override what is needed.

    What `state` returns goes into checkpoints, so that a resumed run decides as the first one would have.
    """

    def on_begin(self, training: Training) -> None:
        """Run before the first epoch of this call of `fit`."""

    def on_batch(self, training: Training, loss: float) -> None:
        """Run after each update."""

    def on_epoch(self, training: Training) -> None:
        """Run after each epoch; ``training.history`` holds its figures already."""

    def on_end(self, training: Training) -> None:
        """Run after the last epoch, or when the run stops early; not after an error."""

    def state(self) -> dict[str, Any]:
        """Return what is remembered: JSON values, and arrays."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""


class _Watching(Callback):
    """Watches one figure of the history.

    Parameters
    ----------
    monitor : str
    mode : {"auto", "min", "max"}
        "auto": the greater the better for accuracy, f1, auc, precision, recall, r2 and top_k, else the smaller.
    min_delta : float
        A smaller gain does not count.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        where = f"nn.callbacks.{type(self).__name__}"
        _checks.instance(where, "monitor", monitor, str, "give the name of a figure, such as 'val_loss'")
        _checks.choice(where, "mode", mode, ("auto", "min", "max"))
        self.monitor = monitor
        if mode == "auto":
            stem = monitor.removeprefix("val_")
            rising = stem in ("accuracy", "f1", "auc", "precision", "recall", "r2") or stem.startswith("top_")
            mode = "max" if rising else "min"
        self._sign = 1.0 if mode == "min" else -1.0
        self._min_delta = _checks.real(where, "min_delta", min_delta, 0.0)
        self.best = math.nan
        self.wait = 0

    def _improved(self, training: Training) -> bool:
        history = training.history
        if self.monitor not in history:
            msg = (
                f"[nn.callbacks.{type(self).__name__}] monitor is {self.monitor!r}, but the run measures "
                f"{', '.join(history)}; name one of them, or give fit validation data"
            )
            raise InputError(msg)
        value = history[self.monitor][-1]
        if math.isnan(self.best) or self._sign * value < self._sign * self.best - self._min_delta:
            self.best, self.wait = value, 0
            return True
        self.wait += 1
        return False

    def state(self) -> dict[str, Any]:
        return {"best": None if math.isnan(self.best) else self.best, "wait": self.wait}

    def set_state(self, state: dict[str, Any]) -> None:
        self.best = math.nan if state["best"] is None else float(state["best"])
        self.wait = int(state["wait"])


class EarlyStopping(_Watching):
    """Stop when a figure has not improved for some epochs.

    Parameters
    ----------
    monitor : str
        A key of the history.
    patience : int
        Epochs without improvement that are waited for.
    min_delta : float
        A smaller gain does not count.
    mode : {"auto", "min", "max"}
    restore_best : bool
        Give the model back the values of the best epoch.

    Attributes
    ----------
    best : float
    best_epoch : int
        From 1; 0 before the first.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = True,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self._patience = _checks.whole("nn.callbacks.EarlyStopping", "patience", patience, 0)
        self._restore = bool(restore_best)
        self.best_epoch = 0
        self._values: dict[str, np.ndarray[Any, Any]] = {}

    def on_epoch(self, training: Training) -> None:
        """Compare with the best epoch so far."""
        if self._improved(training):
            self.best_epoch = training.epoch
            if self._restore:
                self._values = training.model.state()
        elif self.wait > self._patience:
            training.stop()

    def on_end(self, training: Training) -> None:
        """Restore the best values."""
        if self._restore and self._values:
            training.model.set_state(self._values)

    def state(self) -> dict[str, Any]:
        """Return figure, epoch and values of the best epoch."""
        return super().state() | {"best_epoch": self.best_epoch, "arrays": self._values}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take them back."""
        super().set_state(state)
        self.best_epoch = int(state["best_epoch"])
        self._values = dict(state["arrays"])


class ReduceOnPlateau(_Watching):
    """Multiply the learning rate when a figure has not improved for some epochs.

    Parameters
    ----------
    monitor, min_delta, mode
        See `EarlyStopping`.
    factor : float
        In (0, 1).
    patience : int
        Epochs without improvement that are waited for.
    min_rate : float
        The rate never falls below.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        factor: float = 0.1,
        patience: int = 5,
        min_delta: float = 0.0,
        min_rate: float = 0.0,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        where = "nn.callbacks.ReduceOnPlateau"
        self._factor = _checks.real(where, "factor", factor, 1e-12, 1.0)
        self._patience = _checks.whole(where, "patience", patience, 0)
        self._min_rate = _checks.real(where, "min_rate", min_rate, 0.0)

    def on_epoch(self, training: Training) -> None:
        """Lower the rate where the figure stands still."""
        if not self._improved(training) and self.wait > self._patience:
            rate = training.optimizer.learning_rate
            if not isinstance(rate, float):
                msg = "[nn.callbacks.ReduceOnPlateau] the learning rate is a schedule; give the optimizer a number"
                raise InputError(msg)
            training.optimizer.set_learning_rate(max(rate * self._factor, self._min_rate))
            self.wait = 0


class SaveBest(_Watching):
    """Save the model whenever a figure is better than before.

    Parameters
    ----------
    path : str or path-like
        Written as ``model.save`` does; replaced each time.
    monitor, min_delta, mode
        See `EarlyStopping`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str = "val_loss",
        *,
        min_delta: float = 0.0,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self._path = path

    def on_epoch(self, training: Training) -> None:
        """Save on improvement."""
        from stochos.nn import saving

        if self._improved(training):
            saving.save(training.model, self._path)


class CsvLog(Callback):
    """Write the history as a CSV file, anew after each epoch.

    Parameters
    ----------
    path : str or path-like
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def on_epoch(self, training: Training) -> None:
        """Write the file."""
        values = training.history.as_dict()
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["epoch", *values])
        for epoch in range(training.history.epochs):
            row = [repr(numbers[epoch]) if epoch < len(numbers) else "" for numbers in values.values()]
            writer.writerow([epoch + 1, *row])
        _writing.whole(self._path, text.getvalue().encode(), "nn.callbacks.CsvLog")


class _Function(Callback):
    def __init__(self, function: Callable[[Training], object]) -> None:
        self._function = function

    def on_epoch(self, training: Training) -> None:
        self._function(training)


def get(given: Callback | Callable[[Training], object]) -> Callback:
    """Return the callback that an argument of `fit` stands for.

    Raises
    ------
    InputTypeError
        It is neither a callback nor a function.
    """
    shown: object = given  # a caller may give anything
    if isinstance(shown, Callback):
        return shown
    if callable(shown):
        return _Function(shown)
    msg = (
        f"[nn.callbacks.get] {shown!r} is of type {type(shown).__name__}; give a callback or a function of the training"
    )
    raise InputTypeError(msg)
