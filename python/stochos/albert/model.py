"""ALBERT and BERT as one layer: encoder, pooler and a head."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from stochos import _checks, _core, nn
from stochos.albert import heads
from stochos.albert.config import Config
from stochos.albert.layers import AlbertEmbeddings, AlbertEncoder, dense, mask_of
from stochos.albert.sharing import Sharing
from stochos.errors import InputError, InputTypeError
from stochos.nn import _context

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stochos.albert.tokenizer import Tokenizer

__all__ = ["Albert", "Output"]

ops = _core.ops


class Output(NamedTuple):
    """What a model returns; what it has no head for, or was not asked for, is None.

    Attributes
    ----------
    last_hidden_state : Tensor (B, T, H)
    pooler_output : Tensor (B, H)
        tanh of a dense layer on the first place.
    logits : Tensor
        Scores of words (B, T, V), of classes (B, classes), or of tags (B, T, classes).
    sop_logits : Tensor (B, 2)
        Scores of "in order" and "swapped"; of BERT "follows" and "does not".
    start_logits, end_logits : Tensor (B, T)
    hidden_states : tuple of Tensor (B, T, H)
        What goes into each block, and what comes out of the last.
    attentions : tuple of Tensor (B, heads, T, T)
    """

    last_hidden_state: Any
    pooler_output: Any = None
    logits: Any = None
    sop_logits: Any = None
    start_logits: Any = None
    end_logits: Any = None
    hidden_states: Any = None
    attentions: Any = None


class Albert(Sharing, nn.Layer):
    """An ALBERT or BERT model; `stochos.albert.load` reads one, `stochos.albert.new` makes one with fresh weights.

    Parameters
    ----------
    config : Config or dict
    head : {"masked_lm", "pretraining", "classifier", "tagger", "span"}, optional
        "pretraining": masked words and the order of sentences.
    pooler : bool, optional
        Default: where the head stands on it, or there is no head.
    **settings
        Those of `nn.Layer`.

    Attributes
    ----------
    config : Config
        With the sharing as it is now.
    embeddings, encoder, pooler, head : Layer
        The last two may be None.
    tokenizer : Tokenizer or None
        Set by `load` where the folder has one.
    history : History or None
        Of `stochos.albert.pretrain`.

    Notes
    -----
    Called as ``model(input_ids, attention_mask=None, token_type_ids=None, position_ids=None)`` with integers of shape
    (B, T); the mask is 1 where a token stands. A text of padding alone gives finite numbers and gradients. ``training``
    and ``output_hidden_states``, ``output_attentions`` are keywords. Returns an `Output`.
    """

    def __init__(
        self, config: Config | dict[str, Any], head: str | None = None, pooler: bool | None = None, **settings: Any
    ) -> None:
        super().__init__(**settings)
        given: object = config
        if not isinstance(given, (Config, dict)):
            msg = f"[albert.Albert] config is of type {type(given).__name__}; give a Config or a dict"
            raise InputTypeError(msg)
        if head is not None:
            _checks.choice("albert.Albert", "head", head, tuple(heads.HEADS))
        self._config = Config.from_dict(given) if isinstance(given, dict) else given
        self.head_kind = head
        with_pooler = (head is None or heads.HEADS[head]) if pooler is None else bool(pooler)
        if head is not None and heads.HEADS[head] and not with_pooler:
            msg = f"[albert.Albert] the head {head!r} stands on the pooler; leave pooler=False out"
            raise InputError(msg)
        self.embeddings = AlbertEmbeddings(self._config, **self._inner("embeddings"))
        self.encoder = AlbertEncoder(self._config, **self._inner("encoder"))
        self.pooler = dense(self._config, self, "pooler", self._config.hidden_size, "tanh") if with_pooler else None
        self.head = self._new_head(self._seed)
        self.tokenizer: Tokenizer | None = None
        self.history: Any = None

    def _inner(self, name: str) -> dict[str, Any]:
        return {"dtype": self.dtype, "seed": _context.sub_seed(self._seed, name)}

    def _new_head(self, seed: int) -> Any:
        if self.head_kind is None:
            return None
        settings = {"dtype": self.dtype, "seed": _context.sub_seed(seed, "head")}
        return heads.make(self.head_kind, self._config, self.embeddings.word, **settings)

    def _settings(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        config = {key: list(x) if isinstance(x, tuple) else x for key, x in self.config.to_dict().items()}
        return (config, self.head_kind, self.pooler is not None), {"dtype": self.dtype}

    @property
    def config(self) -> Config:
        """The settings, with the sharing as it is now."""
        return self._current_config(self._config)

    # --- computing ----------------------------------------------------------------------------------------------

    def build(self, *shapes: Any) -> None:  # noqa: ARG002
        """Make all weights."""
        config = self._config
        with _context.inferring(), nn.training_mode(False):
            x = self.embeddings(_core.placeholder((1, 2), "int64"))
            x = self.encoder(x)
            first = _core.placeholder((1, config.hidden_size), self.dtype)
            pooled = None if self.pooler is None else self.pooler(first)
            if self.head is not None:
                self._with_head(x, pooled)

    def make_weights(self) -> Self:
        """Make the weights now, not on the first call. Returns the model."""
        if not self.built:
            self._ensure_built((_core.placeholder((1, 2), "int64"),))
        return self

    def check(self, *inputs: Any) -> None:
        """Look at the ids."""
        ids = inputs[0]
        if not hasattr(ids, "shape") or len(ids.shape) != 2 or ids.dtype not in ("int32", "int64"):
            given = f"{ids.dtype} of shape {tuple(ids.shape)}" if hasattr(ids, "shape") else f"{ids!r}"
            self.refuse_kind("input_ids of int32 or int64 and shape (B, T)", given)

    def call(
        self,
        input_ids: Any,
        attention_mask: Any = None,
        token_type_ids: Any = None,
        position_ids: Any = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> Output:
        """Compute an `Output`."""
        last, states, weights = self._encoded(
            input_ids, attention_mask, token_type_ids, position_ids, output_attentions
        )
        pooled = None if self.pooler is None else self.pooler(ops.getitem(last, (slice(None), 0)))
        found = Output(
            last,
            pooled,
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(weights) if output_attentions else None,
        )
        return found if self.head is None else found._replace(**self._with_head(last, pooled))

    def _encoded(
        self, ids: Any, mask: Any, segments: Any, positions: Any = None, attentions: bool = False
    ) -> tuple[Any, list[Any], list[Any]]:
        shape = tuple(ids.shape)
        if segments is not None and tuple(segments.shape) != shape:
            self.refuse(f"token_type_ids of shape {shape}", f"{tuple(segments.shape)}")
        x = self.embeddings(ids, segments, positions)
        last, states, weights = self.encoder.steps(x, mask_of(mask, shape), attentions)
        return last, states, weights

    def _with_head(self, last: Any, pooled: Any) -> dict[str, Any]:
        if self.head_kind == "classifier":
            return {"logits": self.head(pooled)}
        if self.head_kind == "pretraining":
            logits, order = self.head(last, pooled)
            return {"logits": logits, "sop_logits": order}
        scores = self.head(last)
        if self.head_kind != "span":
            return {"logits": scores}
        return {name: ops.getitem(scores, (..., n)) for n, name in enumerate(("start_logits", "end_logits"))}

    def compiled(self) -> Any:
        """Return the model as a compiled function of (input_ids, attention_mask, token_type_ids), for inference.

        It is traced anew for each shape; `nn.compile` says how many are kept. The sharing is that of now: ask again
        after `unshare`.

        Returns
        -------
        callable
            Returns an `Output`.
        """
        return nn.compile(lambda *inputs: self(*inputs, training=False))

    # --- heads --------------------------------------------------------------------------------------------------

    def with_head(
        self,
        head: str | None,
        *,
        classes: int | None = None,
        seed: int | np.random.Generator | np.random.SeedSequence = 0,
        new_pooler: bool = False,
        labels: list[str] | None = None,
    ) -> Albert:
        """Return a model with the same encoder, not a copy of it, and a fresh head.

        Parameters
        ----------
        head : str or None
            See `Albert`; None for none.
        classes : int, optional
            Of a classifier or tagger; default: ``config.num_labels``.
        seed : int, numpy.random.Generator or numpy.random.SeedSequence
            Of the fresh weights.
        new_pooler : bool
            Make a fresh pooler where the head stands on one and the model has none.
        labels : list of str, optional
            Names of the classes.

        Raises
        ------
        InputError
            The head stands on the pooler, and there is none.
        """
        where = "albert.Albert.with_head"
        self.make_weights()
        config = self._config
        if classes is not None:
            config = config.replace(num_labels=_checks.whole(where, "classes", classes, 1))
        if labels is not None:
            names = {str(n): str(label) for n, label in enumerate(labels)}
            config = config.replace(num_labels=len(names), other={**config.other, "id2label": names})
        if head is not None and _checks.choice(where, "head", head, tuple(heads.HEADS)) and heads.HEADS[head]:
            if self.pooler is None and not new_pooler:
                msg = f"[{where}] the head {head!r} stands on a pooler, and the model has none; give new_pooler=True"
                raise InputError(msg)
            pooler = True
        else:
            pooler = self.pooler is not None
        made = Albert(config, None, pooler, dtype=self.dtype, seed=seed)
        made.embeddings, made.encoder, made.tokenizer = self.embeddings, self.encoder, self.tokenizer
        made.pooler = made.pooler if self.pooler is None else self.pooler
        made.head_kind = head
        made.head = made._new_head(made._seed)
        return made.make_weights()

    def embed(self, texts: Any, **options: Any) -> NDArray[Any]:
        """Return a vector for each text; see `stochos.albert.embed`."""
        from stochos.albert import using

        return using.embed(self, texts, **options)

    def fill_mask(self, text: str, k: int = 5) -> Any:
        """Return the likeliest words at each mask; see `stochos.albert.fill_mask`."""
        from stochos.albert import using

        return using.fill_mask(self, text, k)

    def save(self, folder: str | os.PathLike[str], **options: Any) -> None:
        """Write a folder that transformers opens; see `stochos.albert.save`."""
        from stochos.albert import files

        files.save(self, folder, **options)
