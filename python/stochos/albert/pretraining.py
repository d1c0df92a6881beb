"""Training from scratch: masked words and the order of sentences, on any text."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from stochos import _checks, _core, nn
from stochos.albert import _training, files
from stochos.albert._pretraining_data import PretrainingData, stretches
from stochos.albert.config import Config
from stochos.albert.model import Albert
from stochos.albert.tokenizer import Tokenizer
from stochos.errors import FileError, InputError, InputTypeError
from stochos.nn import losses
from stochos.random import seed_of

__all__ = ["pretrain"]

ops = _core.ops

#: A model that learns on two cores in minutes.
TINY: dict[str, Any] = {
    "embedding_size": 64, "hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 4,
    "intermediate_size": 512, "max_position_embeddings": 128,
}  # fmt: skip


class AlbertPretraining(nn.Layer):
    """A model that returns scores of words at given places, and of the order of the two stretches.

    Parameters
    ----------
    model : Albert
        With the head "pretraining".
    """

    def __init__(self, model: Albert) -> None:
        super().__init__(name="pretraining", dtype=model.dtype)
        self.model = model

    def call(self, ids: Any, mask: Any, types: Any, places: Any) -> Any:
        """Compute, for ids (B, T) and places (B, P), the scores (B, P, V) and (B, 2)."""
        model = self.model
        states = model._encoded(ids, mask, types)[0]
        batch, length, width = states.shape
        # The words to guess alone pass the head: a seventh of the tokens.
        start = ops.reshape(_core.tensor(np.arange(batch, dtype=np.int64) * length), (batch, 1))
        rows = ops.reshape(ops.add(places, start), (-1,))
        chosen = ops.take(ops.reshape(states, (batch * length, width)), rows, 0)
        pooler: Any = model.pooler
        scores, order = model.head(chosen, pooler(ops.getitem(states, (slice(None), 0))))
        return ops.reshape(scores, (batch, places.shape[1], scores.shape[-1])), order


def _loss(scores: Any, target: Any) -> Any:
    return losses.cross_entropy(scores[0], target[0]) + losses.cross_entropy(scores[1], target[1])


def pretrain(
    texts: Iterable[str] | str | os.PathLike[str],
    *,
    model: Albert | None = None,
    config: Config | dict[str, Any] | None = None,
    tokenizer: Tokenizer | None = None,
    vocabulary: int = 8000,
    tokenizer_kind: str = "wordpiece",
    max_length: int = 128,
    mask_rate: float = 0.15,
    longest_mask: int = 3,
    epochs: int = 1,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    validation: float | None = None,
    seed: int | np.random.Generator | np.random.SeedSequence = 0,
    dtype: str = "float32",
    **options: Any,
) -> Albert:
    """Train an ALBERT on texts: to guess masked words, and whether two stretches stand in their order.

    Parameters
    ----------
    texts : iterable of str, or path of a UTF-8 file
        Documents; those of a file are parted by empty lines, or are its lines where it has none.
    model : Albert, optional
        Go on with it, if it has the head "pretraining".
    config : Config or dict, optional
        Default: a tiny one, 4 layers of width 128. ``vocab_size`` and ``pad_token_id`` follow the tokenizer.
    tokenizer : Tokenizer, optional
        Default: one made from the texts.
    vocabulary : int
        Tokens of the tokenizer to be made.
    tokenizer_kind : {"wordpiece", "sentencepiece"}
    max_length : int
        Tokens of an example.
    mask_rate : float in (0, 1)
        Share of the tokens to guess.
    longest_mask : int
        Tokens masked together.
    epochs, batch_size, learning_rate
        As for tasks; see `Classifier`.
    validation : float, optional
        Share of the stretches that are kept from training and measured after each epoch.
    seed : int, numpy.random.Generator or numpy.random.SeedSequence
        Of the weights, the masks and the order.
    dtype : {"float32", "float64"}
    **options
        Others of `Classifier.fit`: ``warmup``, ``decay``, ``callbacks``, ``checkpoint``, ``resume``, ``progress``...

    Returns
    -------
    Albert
        With the head "pretraining", its tokenizer, and the attribute ``history``.

    Raises
    ------
    InputError
        There is too little text, or the model does not fit.

    References
    ----------
    Z. Lan et al., "ALBERT: A Lite BERT for Self-supervised Learning of Language Representations", ICLR 2020.
    """
    where = "albert.pretrain"
    rate = _checks.real(where, "mask_rate", mask_rate, 1e-3, 0.9)
    number = seed_of(seed, where)
    documents = _documents(texts, where)
    if tokenizer is None:
        tokenizer = model.tokenizer if model is not None else None
    if tokenizer is None:
        tokenizer = Tokenizer.train(documents, vocabulary, kind=tokenizer_kind)
    if model is None:
        given = Config(**TINY) if config is None else Config.from_dict(config) if isinstance(config, dict) else config
        model = files.new(
            given.replace(vocab_size=tokenizer.size, pad_token_id=tokenizer.pad_id), "pretraining", dtype=dtype,
            seed=number,
        )  # fmt: skip
    if model.head_kind != "pretraining" or model.config.vocab_size < tokenizer.size:
        msg = (
            f"[{where}] the model has the head {model.head_kind!r} and {model.config.vocab_size} words; needed are "
            f"'pretraining' and the tokenizer's {tokenizer.size}"
        )
        raise InputError(msg)
    model.tokenizer = tokenizer
    longest = _checks.whole(where, "max_length", max_length, 8, model.config.max_position_embeddings)
    spans = _checks.whole(where, "longest_mask", longest_mask, 1, 8)
    pairs = list(stretches(documents, tokenizer, longest - 3))
    held = None
    count = 0 if validation is None else round(_checks.real(where, "validation", validation, 0.0, 0.9) * len(pairs))
    if count:
        held = PretrainingData(pairs[-count:], tokenizer, number, rate=rate, longest=spans, length=longest)
        pairs = pairs[:-count]
    data = PretrainingData(pairs, tokenizer, number, rate=rate, longest=spans, length=longest)
    model.history = _training.fit(
        model, AlbertPretraining(model), data, held, _loss, where, epochs=epochs, batch_size=batch_size,
        learning_rate=learning_rate, **{"seed": number, "metrics": ["accuracy"], **options},
    )  # fmt: skip
    return model


def _documents(texts: Any, where: str) -> list[str]:
    if isinstance(texts, (str, os.PathLike)):
        name = os.fsdecode(texts)
        try:
            with open(name, encoding="utf-8") as file:
                whole = file.read()
        except OSError as error:
            msg = f"[{where}] cannot read {name[:200]!r}: {error.strerror or error}; give a path, or a list of texts"
            raise FileError(error.errno, msg) from error
        except UnicodeDecodeError as error:
            msg = f"[{where}] {name!r}: byte {error.start} is not UTF-8; save the file as UTF-8"
            raise InputError(msg) from error
        parts = whole.split("\n\n")
        return [part for part in (parts if len(parts) > 1 else whole.splitlines()) if part.strip()]
    found = list(texts)
    for text in found:
        if not isinstance(text, str):
            msg = f"[{where}] {text!r} is of type {type(text).__name__}; give texts"
            raise InputTypeError(msg)
    if not found:
        msg = f"[{where}] there are no texts"
        raise InputError(msg)
    return found
