"""What a model can be asked without training: vectors of texts, words at masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks, nn
from stochos._progress import Progress, progress_callback, report
from stochos.albert._batches import TextData
from stochos.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stochos.albert.model import Albert
    from stochos.albert.tokenizer import Tokenizer

__all__ = ["embed", "fill_mask"]

_POOLING = ("mean", "cls", "max", "pooler")


def _tokenizer(model: Albert, where: str) -> Tokenizer:
    if model.tokenizer is None:
        msg = f"[{where}] the model has no tokenizer; set model.tokenizer = albert.Tokenizer.from_file(...)"
        raise InputError(msg)
    return model.tokenizer


def embed(
    model: Albert,
    texts: Sequence[Any],
    *,
    pooling: str = "mean",
    layer: int = -1,
    normalize: bool = False,
    max_length: int | None = None,
    batch_size: int = 32,
    progress: Progress = None,
) -> NDArray[Any]:
    """Return a vector for each text.

    Parameters
    ----------
    model : Albert
    texts : sequence of str or of (str, str)
    pooling : {"mean", "cls", "max", "pooler"}
        Mean or maximum over the tokens, the first token, or the pooler's output.
    layer : int
        Which of the hidden states, 0 being what goes into the first layer; the pooler has the last.
    normalize : bool
        Divide each vector by its length.
    max_length : int, optional
        Longer texts are cut.
    batch_size : int
    progress : None, bool or callable
        See `nn.fit`.

    Returns
    -------
    ndarray, shape (N, H)
    """
    where = "albert.embed"
    _checks.choice(where, "pooling", pooling, _POOLING)
    blocks = len(model.encoder.attention)
    layer = _checks.whole(where, "layer", layer, -1 - blocks, blocks)
    if pooling == "pooler" and model.pooler is None:
        msg = f"[{where}] the model has no pooler; choose another pooling"
        raise InputError(msg)
    longest = model.config.max_position_embeddings
    found = _tokenizer(model, where)(list(texts), max_length=longest if max_length is None else max_length)
    data = TextData(found.inputs, where=where)

    def pooled(ids: Any, mask: Any, types: Any) -> Any:
        out = model(ids, mask, types, output_hidden_states=True, training=False)
        if pooling == "pooler":
            return out.pooler_output
        states = out.hidden_states[layer]
        if pooling == "cls":
            return states[:, 0]
        seen = nn.reshape(nn.not_equal(mask, 0), (*mask.shape, 1))
        if pooling == "max":
            return nn.max(nn.where(seen, states, -np.inf), axis=1)
        return nn.sum(nn.where(seen, states, 0.0), axis=1) / nn.sum(nn.cast(seen, states.dtype), axis=1)

    run = nn.compile(pooled)
    out = np.zeros((data.count, model.config.hidden_size), model.dtype)
    done = 0
    batch_size = _checks.whole(where, "batch_size", batch_size, 1)
    with progress_callback(progress, "embedding", "texts", where) as tell:
        for index in data._groups(batch_size, None):
            out[index] = run(*data.take(index)[0]).numpy()
            done += len(index)
            report(tell, done, data.count)
    if normalize:
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), np.finfo(out.dtype).tiny)
    return out


def fill_mask(model: Albert, text: str, k: int = 5) -> Any:
    """Return the likeliest words at each mask of a text.

    Parameters
    ----------
    model : Albert
        With the head "masked_lm" or "pretraining".
    text : str
        With one or more ``[MASK]``.
    k : int
        How many words.

    Returns
    -------
    list of (str, float)
        Words and probabilities; for several masks a list of such lists.

    Raises
    ------
    InputError
        The model has no such head, or the text no mask.
    """
    where = "albert.fill_mask"
    if model.head_kind not in ("masked_lm", "pretraining"):
        msg = f"[{where}] the model has the head {model.head_kind!r}; one for masked words is needed"
        raise InputError(msg)
    tokenizer = _tokenizer(model, where)
    k = _checks.whole(where, "k", k, 1, model.config.vocab_size)
    found = tokenizer(text, max_length=model.config.max_position_embeddings)
    places = np.flatnonzero(found.input_ids[0] == tokenizer.mask_id)
    if not len(places):
        msg = f"[{where}] {text!r} has no [MASK]"
        raise InputError(msg)
    scores = model(*found.inputs, training=False).logits.numpy()[0, places].astype(np.float64)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    best = np.argsort(-scores, axis=-1, kind="stable")[:, :k]
    rows = [
        [(tokenizer.token(int(n)) if n < tokenizer.size else "", float(row[n])) for n in chosen]
        for row, chosen in zip(scores, best, strict=True)
    ]
    return rows[0] if len(rows) == 1 else rows
