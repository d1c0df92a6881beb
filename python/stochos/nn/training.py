"""Training, evaluation and prediction of models; the methods of `Model` call these functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from stochos import _checks
from stochos._progress import Progress, progress_callback, report
from stochos.errors import InputError, StoppedError
from stochos.nn import _checkpoint, _trees, compiling
from stochos.nn._data import Data
from stochos.nn._steps import Loss, build, called, measured, objective_of, run_epoch, train_step
from stochos.nn._stream import Stream, data_of, is_stream
from stochos.nn.callbacks import get as get_callback
from stochos.nn.history import History
from stochos.nn.metrics import Metric
from stochos.nn.metrics import get as get_metric
from stochos.nn.optimizer import Optimizer
from stochos.random import seed_of

__all__ = ["Training", "evaluate", "fit", "predict"]

Metrics = Sequence[str | Metric | Callable[..., Any]]


class Training:
    """A running `fit`, as callbacks see it.

    Attributes
    ----------
    model : Model or Layer
    optimizer : Optimizer
    history : History
    epoch : int
        Number of the current epoch, from 1.
    stopped : bool
        Whether the run ends after this epoch.
    """

    def __init__(self, model: Any, optimizer: Optimizer, history: History) -> None:
        self.model = model
        self.optimizer = optimizer
        self.history = history
        self.epoch = history.epochs
        self.stopped = False
        self.open_figures: Callable[[], dict[str, float]] | None = None  # of the epoch under way, a batch done

    def stop(self) -> None:
        """End the run after this epoch."""
        self.stopped = True


def fit(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 1,
    batch_size: int = 32,
    validation: float | tuple[Any, ...] | Data | None = None,
    metrics: Metrics = (),
    weights: Any = None,
    class_weights: Mapping[int, float] | Sequence[float] | None = None,
    loss_weights: Any = None,
    shuffle: bool = True,
    callbacks: Sequence[Any] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    seed: int | np.random.Generator | np.random.SeedSequence = 0,
    compile: bool = True,
    accumulate: int = 1,
    progress: Progress = None,
) -> History:
    """Train a model.

    Parameters
    ----------
    model : Model or Layer
    x : array, or list, tuple or dict of arrays; or iterable or callable
        Inputs of N examples, along the first axis. Or what yields batches x, (x, y) or (x, y, weights), such as a
        loader, once an epoch; or a function of the number of the epoch, from 1, that returns such a thing. Size and
        order of the batches are then its own.
    y : array, or list, tuple or dict of arrays, optional
        Targets; without them the loss is a function of the prediction alone.
    loss : str, callable, or list or dict of them
        Name of a function in `nn.losses`, or a function of (prediction, target). With several outputs: one for each,
        or one function that takes them all. Penalties of regularisers are added.
    optimizer : Optimizer
    epochs : int
        Passes over the examples, those before a resume included.
    batch_size : int
        The last batch of an epoch may be smaller.
    validation : float or tuple, optional
        Share of the examples, the last ones, that are kept from training and measured after each epoch; or (x, y) or
        (x, y, weights); or what yields batches, as `x` (a function is called with 0).
    metrics : sequence of str, Metric or callable
        Measured on the (first) output: see `nn.metrics`.
    weights : array of shape (N,), optional
        Weights of the examples.
    class_weights : mapping of int to float, or sequence of float, optional
        Factors of the weights by class, where y holds class numbers of shape (N,); of training alone.
    loss_weights : list or dict of float, optional
        Factors of the losses of several outputs.
    shuffle : bool
        Each epoch in another order, a function of seed and epoch.
    callbacks : sequence
        `nn.callbacks`, or functions of the `Training`, called after each epoch.
    checkpoint : str or path-like, optional
        After each epoch everything that the rest of the run depends on is written there, whole or not at all.
    resume : bool
        Go on from the checkpoint, if the file is there. On one machine the run then ends with the same bits as one
        that was never interrupted, given the same data, options and number of threads.
    seed : int, numpy.random.Generator or numpy.random.SeedSequence
        Of the order of the examples.
    compile : bool
        Trace the step once and replay it (`nn.compile`); False runs it operation by operation.
    accumulate : int
        Parts of each batch that go through the model one after another; their gradients are added up before the one
        update, so that a large batch takes the memory of a small one.
    progress : None, bool or callable
        None: a bar on a terminal. A callable gets ``(done, total)``, in examples over all epochs, and stops the run by
        returning False.

    Returns
    -------
    History
        "loss" (the mean over the epoch, while the parameters moved), the metrics, and both with ``"val_"``.

    Raises
    ------
    InputError, InputTypeError
        An argument is out of range or of the wrong kind, or the checkpoint is of another run.
    ConvergenceError
        The loss is not finite. The message names epoch and batch; no parameter has been moved by that batch.

    Notes
    -----
    Ctrl-C stops at once and takes the open batch back: parameters, optimizer and random streams are as the last whole
    batch left them, and nothing of the open epoch is lost: the `KeyboardInterrupt` (or `StoppedError` of the progress
    callback) carries ``error.history``, whose last entry is the part of the epoch that was done. The checkpoint stays
    that of the last whole epoch, so that a resumed run repeats the open epoch and has the bits of one at a stretch.
    A loss that is not finite is found before the step that made it moves a parameter.

    Examples
    --------
    >>> x, y = np.zeros((40, 3), dtype="float32"), np.zeros(40, dtype=int)
    >>> model = nn.Sequential([nn.Input((3,)), nn.Dense(2)])
    >>> history = model.fit(x, y, loss="cross_entropy", optimizer=nn.Adam(1e-3), epochs=5, validation=0.1,
    ...                     metrics=["accuracy"])
    """
    where = "nn.fit"
    _checks.instance(where, "optimizer", optimizer, Optimizer, "give one, such as nn.Adam(1e-3)")
    epochs = _checks.whole(where, "epochs", epochs, 0)
    batch_size = _checks.whole(where, "batch_size", batch_size, 1)
    number = seed_of(seed, where)
    data = x if isinstance(x, Data) else data_of(where, x, y, weights, class_weights)
    held: Data | Stream | None = None
    if isinstance(validation, Data):
        held = validation
    elif isinstance(validation, (tuple, list)):
        held = Data(where, *validation)
    elif is_stream(validation):
        held = Stream(where, validation)
    elif validation is not None:
        share = _checks.real(where, "validation", validation, 0.0, 1.0)
        if isinstance(data, Stream):
            msg = f"[{where}] validation is a share, but x yields batches; give (x, y) or what yields batches"
            raise InputError(msg)
        data, held = data.split(where, share)
    if isinstance(data, Data) and data.count == 0:
        msg = f"[{where}] x has no examples"
        raise InputError(msg)
    objective = objective_of(where, loss, loss_weights)
    measures = [get_metric(given) for given in metrics]
    hooks = [get_callback(given) for given in callbacks]
    with progress_callback(progress, "training", "examples", where) as tell:
        build(model, data)
        facts = {"batch_size": batch_size, "shuffle": bool(shuffle), "seed": number, "examples": data.kind}
        run = Training(model, optimizer, History())
        if resume and checkpoint is None:
            msg = f"[{where}] resume=True needs checkpoint=, the file to go on from"
            raise InputError(msg)
        if resume and checkpoint is not None and os.path.exists(checkpoint):
            run.history = _checkpoint.load(checkpoint, model, optimizer, hooks, facts, where)
            run.epoch = run.history.epochs
            run.stopped = _checkpoint.was_stopped(checkpoint, where)
        step = train_step(model, objective, optimizer, _checks.whole(where, "accumulate", accumulate, 1))
        step = compiling.compile(step) if compile else step
        for hook in hooks:
            hook.on_begin(run)
        while run.epoch < epochs and not run.stopped:
            run.epoch += 1
            batches = data.passes(run.epoch, batch_size, number, shuffle)
            try:
                figures = run_epoch(run, step, data, batches, measures, hooks, tell, epochs)
            except (KeyboardInterrupt, StoppedError) as error:
                if run.open_figures is not None:
                    run.history.add(run.open_figures())
                error.history = run.history  # type: ignore[union-attr] # for who catches it
                raise
            if held is not None:
                found = measured(model, held, objective, measures, batch_size)
                figures |= {f"val_{name}": value for name, value in found.items()}
            run.history.add(figures)
            for hook in hooks:
                hook.on_epoch(run)
            if checkpoint is not None:
                _checkpoint.save(checkpoint, run, hooks, facts)
        for hook in hooks:
            hook.on_end(run)
    return run.history


def evaluate(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Loss,
    metrics: Metrics = (),
    weights: Any = None,
    loss_weights: Any = None,
    batch_size: int = 256,
) -> dict[str, float]:
    """Measure a model on examples, without changing it.

    Parameters
    ----------
    model, x, y, loss, metrics, weights, loss_weights
        See `fit`.
    batch_size : int
        Examples at a time.

    Returns
    -------
    dict of str to float
        "loss" (without penalties of regularisers) and the metrics.
    """
    where = "nn.evaluate"
    data = x if isinstance(x, Data) else data_of(where, x, y, weights)
    objective = objective_of(where, loss, loss_weights)
    measures = [get_metric(given) for given in metrics]
    return measured(model, data, objective, measures, _checks.whole(where, "batch_size", batch_size, 1))


def predict(model: Any, x: Any, *, batch_size: int = 256, progress: Progress = None) -> Any:
    """Compute a model's outputs for many examples.

    Parameters
    ----------
    model : Model or Layer
    x : array, or list, tuple or dict of arrays; or what yields batches, as in `fit`
    batch_size : int
        Examples at a time.
    progress : None, bool or callable
        See `fit`.

    Returns
    -------
    ndarray, or list, tuple or dict of them
        As the model's outputs are.
    """
    where = "nn.predict"
    data = data_of(where, x)
    batch_size = _checks.whole(where, "batch_size", batch_size, 1)
    parts: list[Any] = []
    done = 0
    with progress_callback(progress, "predicting", "examples", where) as tell:
        if isinstance(data, Data) and data.count == 0:
            return _trees.mapped(lambda leaf: np.array(leaf.numpy()), called(model, data.inputs, training=False))
        for count, inputs, _, _ in data.passes(0, batch_size):
            outputs = called(model, inputs, training=False)
            parts.append(_trees.mapped(lambda leaf: leaf.numpy(), outputs))
            done += count
            report(tell, done, data.count)
    columns = zip(*(_trees.leaves(part) for part in parts), strict=True)
    joined = iter([np.concatenate(column) for column in columns])
    return _trees.mapped(lambda _: next(joined), parts[0])
