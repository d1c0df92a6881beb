"""How the tasks train: rates for parts of the model, warm-up, freezing; the loop itself is that of `nn.fit`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from stochos import _checks, nn
from stochos.errors import InputError
from stochos.nn import schedules, training

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stochos.albert._batches import TextData
    from stochos.albert.model import Albert
    from stochos.nn._data import Data

__all__ = ["AlbertScores", "apply_freeze", "fit", "optimizer_for", "outputs"]

_FROZEN = ("embeddings", "encoder")


class AlbertScores(nn.Layer):
    """A model that returns the scores of its head alone, as training needs it.

    Parameters
    ----------
    model : Albert
    """

    def __init__(self, model: Albert) -> None:
        super().__init__(name="scores", dtype=model.dtype)
        self.model = model

    def call(self, ids: Any, mask: Any, types: Any) -> Any:
        """Compute."""
        found = self.model(ids, mask, types)
        if self.model.head_kind != "span":
            return found.logits
        from stochos._core import ops

        # Padding is no answer.
        seen = ops.not_equal(mask, 0)
        return tuple(ops.where(seen, scores, -1e9) for scores in (found.start_logits, found.end_logits))


def depths(model: Albert) -> dict[int, int]:
    """Return for each variable the layers between it and the head; a shared one counts at its topmost use."""
    encoder = model.encoder
    found: dict[int, int] = {}
    layers = model.layer_count
    for number in reversed(range(len(encoder.attention))):
        for part in (encoder.attention[number], encoder.feed_forward[number]):
            for variable in part.parameters:
                found.setdefault(variable.id, layers - number // encoder.inner)
    below = [model.embeddings] + ([] if encoder.project is None else [encoder.project])
    for layer in below:
        for variable in layer.parameters:
            found.setdefault(variable.id, layers + 1)
    return {variable.id: found.get(variable.id, 0) for variable in model.parameters}


def schedule(rate: float, steps: int, warmup: float, decay: str, where: str) -> schedules.Schedule:
    """Return the rate over `steps` updates: up during a share `warmup` of them, then as `decay` says."""
    _checks.choice(where, "decay", decay, ("linear", "cosine", "none"))
    rising = round(_checks.real(where, "warmup", warmup, 0.0, 1.0) * steps)
    rest = max(steps - rising, 1)
    falling: schedules.Schedule = schedules.Constant(rate)
    if decay != "none":
        falling = (schedules.Linear if decay == "linear" else schedules.Cosine)(rate, 0.0, rest)
    return schedules.Warmup(rising, falling) if rising else falling


def optimizer_for(
    model: Albert,
    steps: int,
    *,
    learning_rate: float,
    warmup: float = 0.1,
    decay: str = "linear",
    layer_decay: float = 1.0,
    weight_decay: float = 0.01,
    clip_norm: float | None = 1.0,
    where: str = "albert.optimizer_for",
) -> nn.AdamW:
    """Return AdamW as BERT and ALBERT are fine-tuned with it.

    Parameters
    ----------
    model : Albert
    steps : int
        Updates of the whole training.
    learning_rate : float
        Of the head, at its highest.
    warmup : float in [0, 1]
        Share of the updates during which the rate rises.
    decay : {"linear", "cosine", "none"}
        How it falls to 0 afterwards.
    layer_decay : float in (0, 1]
        Factor of the rate from each layer to the one below. A shared layer has the rate of its topmost use.
    weight_decay : float
        Not of biases and normalisations.
    clip_norm : float, optional
        Limit of the norm of all gradients together.
    """
    rate = _checks.real(where, "learning_rate", learning_rate, 0.0)
    factor = _checks.real(where, "layer_decay", layer_decay, 1e-3, 1.0)
    groups: dict[tuple[int, bool], list[Any]] = {}
    depth = depths(model)
    for variable in model.parameters:
        decays = len(variable.shape) > 1
        groups.setdefault((depth[variable.id] if factor < 1.0 else 0, decays), []).append(variable)
    made = [
        {
            "parameters": variables,
            "learning_rate": schedule(rate * factor**below, steps, warmup, decay, where),
            "weight_decay": weight_decay if decays else 0.0,
        }
        for (below, decays), variables in groups.items()
    ]
    main = schedule(rate, steps, warmup, decay, where)
    return nn.AdamW(main, weight_decay=weight_decay, clip_norm=clip_norm, groups=made)


def apply_freeze(model: Albert, what: Iterable[str | int], where: str) -> None:
    """Take parts out of training and let the others train.

    Parameters
    ----------
    model : Albert
    what : iterable of {"embeddings", "encoder"} or int
        Numbers are layers.
    where : str
        Name of the calling function, for error messages.

    Raises
    ------
    InputError
        A layer to be frozen shares weights with one that trains.
    """
    given = [what] if isinstance(what, (str, int)) else list(what)
    parts = [_checks.choice(where, "freeze", one, _FROZEN) for one in given if isinstance(one, str)]
    numbers = {_checks.whole(where, "freeze", one, 0, model.layer_count - 1) for one in given if isinstance(one, int)}
    training = {id(x) for n in range(model.layer_count) if n not in numbers for x in _blocks(model, n)}
    model.unfreeze()
    for part in parts:
        getattr(model, part).freeze()
    for number in sorted(numbers):
        for block in _blocks(model, number):
            if id(block) in training and "encoder" not in parts:
                msg = f"[{where}] layer {number} shares its weights with layers that are to train; unshare it first"
                raise InputError(msg)
            block.freeze()


def _blocks(model: Albert, layer: int) -> list[Any]:
    encoder = model.encoder
    blocks = slice(layer * encoder.inner, (layer + 1) * encoder.inner)
    return [*encoder.attention[blocks], *encoder.feed_forward[blocks]]


def fit(
    model: Albert,
    trained: Any,
    data: Data,
    held: Any,
    loss: Any,
    where: str,
    *,
    epochs: int = 3,
    batch_size: int = 32,
    learning_rate: float = 3e-5,
    warmup: float = 0.1,
    decay: str = "linear",
    layer_decay: float = 1.0,
    weight_decay: float = 0.01,
    clip_norm: float | None = 1.0,
    freeze: Iterable[str | int] = (),
    optimizer: nn.Optimizer | None = None,
    **options: Any,
) -> nn.History:
    """Train `trained`, a layer around `model`, with `nn.fit`."""
    epochs = _checks.whole(where, "epochs", epochs, 0)
    batch_size = _checks.whole(where, "batch_size", batch_size, 1)
    apply_freeze(model, freeze, where)
    train = data
    if isinstance(held, float):
        train, held = data.split(where, _checks.real(where, "validation", held, 0.0, 1.0))
    steps = max(epochs * math.ceil(train.count / batch_size), 1)
    if optimizer is None:
        optimizer = optimizer_for(
            model, steps, learning_rate=learning_rate, warmup=warmup, decay=decay, layer_decay=layer_decay,
            weight_decay=weight_decay, clip_norm=clip_norm, where=where,
        )  # fmt: skip
    return training.fit(
        trained, train, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=batch_size, validation=held, **options
    )


def outputs(trained: Any, data: TextData, batch_size: int) -> list[tuple[NDArray[np.int64], Any]]:
    """Return (examples, what the layer returns for them) for batches of texts of about the same length."""
    run = nn.compile(lambda *inputs: trained(*inputs, training=False))
    return [(index, run(*data.take(index)[0])) for index in data._groups(batch_size, None)]
