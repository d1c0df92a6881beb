"""The steps of training: the objective, one update, one epoch, one measurement."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stochos import _core
from stochos._progress import Callback as Tell
from stochos._progress import report
from stochos.errors import ConvergenceError, InputError
from stochos.nn import _trees, losses, transforms
from stochos.nn._data import Data
from stochos.nn._stream import Stream
from stochos.nn.metrics import Metric
from stochos.nn.optimizer import Optimizer
from stochos.nn.regularizers import regularization_loss

if TYPE_CHECKING:
    from stochos.nn.callbacks import Callback
    from stochos.nn.training import Training

__all__ = ["Loss", "build", "called", "measured", "objective_of", "run_epoch", "train_step"]

Loss = str | Callable[..., Any] | Sequence[Any] | dict[str, Any]


def called(model: Any, inputs: Any, training: bool) -> Any:
    """Call a model; a tuple of inputs becomes its arguments."""
    if isinstance(inputs, tuple):
        return model(*inputs, training=training)
    return model(inputs, training=training)


def build(model: Any, data: Data | Stream) -> None:
    """Make the weights of a layer that has not been called yet."""
    if not model.built:
        called(model, data.sample(), training=False)


def objective_of(where: str, loss: Loss, factors: Any) -> Callable[..., Any]:
    """Return the function of (outputs, targets, weights) to make small, from what `fit` was given."""
    if isinstance(loss, (list, tuple, dict)):
        chosen = [(path, losses.get(one)) for path, one in _trees.paths(loss)]
        scales = [1.0] * len(chosen) if factors is None else [float(f) for f in _trees.leaves(factors)]
        if len(scales) != len(chosen):
            msg = f"[{where}] there are {len(chosen)} losses and {len(scales)} loss_weights"
            raise InputError(msg)

        def several(outputs: Any, targets: Any, weights: Any) -> Any:
            found, wanted = (dict(_trees.paths(tree)) for tree in (outputs, targets))
            if set(found) != {path for path, _ in chosen} or set(wanted) != set(found):
                msg = (
                    f"[{where}] the outputs are {sorted(found)}, the losses {[path for path, _ in chosen]}, "
                    f"the targets {sorted(wanted)}; give one loss and one target for each output"
                )
                raise InputError(msg)
            total: Any = 0.0
            for (path, one), scale in zip(chosen, scales, strict=True):
                total = total + scale * _one(one, found[path], wanted[path], weights)
            return total

        return several
    if factors is not None:
        msg = f"[{where}] loss_weights need a list or dict of losses"
        raise InputError(msg)
    single = losses.get(loss)  # type: ignore[arg-type] # a name or a function is left
    return lambda outputs, targets, weights: _one(single, outputs, targets, weights)


def _one(loss: Callable[..., Any], output: Any, target: Any, weights: Any) -> Any:
    extra = {} if weights is None else {"weights": weights}
    return loss(output, **extra) if target is None else loss(output, target, **extra)


def train_step(
    model: Any, objective: Callable[..., Any], optimizer: Optimizer, parts: int = 1
) -> Callable[[dict[str, Any]], Any]:
    """Return the function of a batch that moves the model once and returns (loss, outputs).

    With several parts the gradients of each, weighted by its share of the examples, are added up.
    """

    def gradient(batch: dict[str, Any]) -> Any:
        def value() -> Any:
            outputs = called(model, batch["x"], training=True)
            found = objective(outputs, batch.get("y"), batch.get("weights"))
            if tuple(found.shape) != ():
                msg = f"[nn.fit] the loss has shape {tuple(found.shape)}; it must be one number, such as its mean"
                raise InputError(msg)
            return _with_penalties(model, found), outputs

        return transforms.value_and_grad(value, wrt=model, has_aux=True)()

    def step(batch: dict[str, Any]) -> Any:
        count = int(next(_trees.leaves(batch["x"])).shape[0])
        if min(parts, count) == 1:
            (total, outputs), gradients = gradient(batch)
        else:
            found = [(_share(part, batch, count), gradient(part)) for part in _split(batch, min(parts, count), count)]
            total = sum(share * one[0][0] for share, one in found)
            gradients = [sum(s * one[1][n] for s, one in found) for n in range(len(found[0][1][1]))]
            leaves = zip(*(_trees.leaves(one[0][1]) for _, one in found), strict=True)
            joined = iter([_core.ops.concat(list(column)) for column in leaves])
            outputs = _trees.mapped(lambda _: next(joined), found[0][1][0][1])
        # Nothing is assigned when this fails: a traced step assigns at its end, and here it is asked first.
        total = _core.require_finite(total, "nn.fit", "the loss")
        if not _core.tracing():
            total.numpy()
        optimizer.update(model, gradients)
        return total, outputs

    return step


def _split(batch: dict[str, Any], parts: int, count: int) -> list[dict[str, Any]]:
    """Cut a batch into parts whose sizes differ by one at most."""
    ends = [count * n // parts for n in range(parts + 1)]
    return [_trees.mapped(operator.itemgetter(slice(*pair)), batch) for pair in itertools.pairwise(ends)]


def _share(part: dict[str, Any], batch: dict[str, Any], count: int) -> Any:
    """Return the weight of a part in the mean over the batch."""
    if "weights" not in batch:
        return next(_trees.leaves(part["x"])).shape[0] / count
    return _core.ops.sum(part["weights"]) / _core.ops.sum(batch["weights"])


def _with_penalties(model: Any, loss: Any) -> Any:
    """Add the penalties of the weights in a layer; other kinds of models have none."""
    if not hasattr(model, "own_weights"):
        return loss

    return loss + regularization_loss(model)


def run_epoch(
    run: Training,
    step: Callable[[dict[str, Any]], Any],
    data: Data | Stream,
    batches: Iterable[tuple[int, Any, Any, NDArray[Any] | None]],
    measures: Sequence[Metric],
    hooks: Sequence[Callback],
    tell: Tell | None,
    epochs: int,
) -> dict[str, float]:
    """Train one epoch and return its figures."""
    mean = _Mean()
    for measure in measures:
        measure.reset()

    def figures() -> dict[str, float]:
        return {"loss": mean.result()} | {measure.name: measure.result() for measure in measures}

    done = (run.epoch - 1) * data.count
    for number, (count, *batch) in enumerate(batches, 1):
        given = {name: part for name, part in zip(("x", "y", "weights"), batch, strict=True) if part is not None}
        try:
            found, outputs = step(given)
        except ConvergenceError as error:
            msg = (
                f"{error} in epoch {run.epoch}, batch {number}; the parameters are as the batch before left them. "
                "Lower the learning rate, clip the gradients, or find the first bad tensor with nn.check_numerics"
            )
            raise ConvergenceError(msg) from None
        loss = float(found)
        mean.add(loss, count, given.get("weights"))
        _gather(measures, outputs, given)
        run.open_figures = figures  # the batch counts, whatever ends the epoch from here on
        for hook in hooks:
            hook.on_batch(run, loss)
        done += count
        report(tell, done, epochs * data.count)
    run.open_figures = None
    return figures()


def measured(
    model: Any, data: Data | Stream, objective: Callable[..., Any], measures: Sequence[Metric], batch_size: int
) -> dict[str, float]:
    """Return loss and metrics without training."""
    mean = _Mean()
    for measure in measures:
        measure.reset()
    for count, *batch in data.passes(0, batch_size):
        given = {name: part for name, part in zip(("x", "y", "weights"), batch, strict=True) if part is not None}
        outputs = called(model, given["x"], training=False)
        mean.add(float(objective(outputs, given.get("y"), given.get("weights"))), count, given.get("weights"))
        _gather(measures, outputs, given)
    return {"loss": mean.result()} | {measure.name: measure.result() for measure in measures}


class _Mean:
    """The mean over examples of means over batches."""

    def __init__(self) -> None:
        self._total = self._weight = 0.0

    def add(self, value: float, count: int, weights: NDArray[Any] | None) -> None:
        """Add the mean of a batch."""
        weight = float(count if weights is None else weights.sum())
        self._total += value * weight
        self._weight += weight

    def result(self) -> float:
        """Return the mean; NaN of nothing."""
        return self._total / self._weight if self._weight else math.nan


def _gather(measures: Sequence[Metric], outputs: Any, given: dict[str, Any]) -> None:
    if measures:
        prediction = next(_trees.leaves(outputs)).numpy()
        target = next(_trees.leaves(given["y"])) if "y" in given else prediction
        for measure in measures:
            measure.update(prediction, target, given.get("weights"))
