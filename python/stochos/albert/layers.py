"""The layers of ALBERT and BERT, from those of `stochos.nn`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stochos import _core, nn
from stochos.albert.config import ACTIVATIONS
from stochos.errors import InputError
from stochos.nn import _context, initializers
from stochos.nn.functions.attending import attention_weights

if TYPE_CHECKING:
    from stochos.albert.config import Config

__all__ = ["AlbertAttention", "AlbertEmbeddings", "AlbertEncoder", "AlbertFeedForward", "AlbertTable"]

ops = _core.ops


def settings_of(layer: nn.Layer, name: str) -> dict[str, Any]:
    """Return dtype and seed of a layer inside `layer`."""
    return {"dtype": layer.dtype, "seed": _context.sub_seed(layer._seed, name)}


def dense(config: Config, layer: nn.Layer, name: str, units: int, activation: str | None = None) -> nn.Dense:
    """Return a dense layer with the starting values of the model."""
    start = initializers.Normal(0.0, config.initializer_range)
    return nn.Dense(units, activation, kernel_initializer=start, **settings_of(layer, name))


def dropout(layer: nn.Layer, name: str, rate: float) -> nn.Dropout | None:
    """Return a dropout layer, or None where nothing drops."""
    return nn.Dropout(rate, **settings_of(layer, name)) if rate else None


class AlbertTable(nn.Embedding):
    """Embeddings of words: the row of the padding is looked up, but gets no gradient from that.

    Parameters
    ----------
    size, units, **settings
        Those of `nn.Embedding`.
    padding : int, optional
        The row; None: every row gets its gradient.
    """

    def __init__(self, size: int, units: int, *, padding: int | None = None, **settings: Any) -> None:
        super().__init__(size, units, **settings)
        self.padding = padding

    def call(self, x: Any) -> Any:
        """Look up the rows."""
        rows = ops.take(self.table, x, 0)
        if self.padding is None:
            return rows
        seen = ops.not_equal(x, self.padding)
        return ops.where(ops.reshape(seen, (*seen.shape, 1)), rows, ops.stop_gradient(rows))


class AlbertEmbeddings(nn.Layer):
    """Sum of the embeddings of word, place and segment, normalised.

    Parameters
    ----------
    config : Config
    **settings
        Those of `nn.Layer`.
    """

    def __init__(self, config: Config, **settings: Any) -> None:
        super().__init__(**settings)
        self.longest = config.max_position_embeddings
        start = initializers.Normal(0.0, config.initializer_range)

        def made(name: str) -> dict[str, Any]:
            return {"units": config.embedding_size, "table_initializer": start, **settings_of(self, name)}

        self.word = AlbertTable(config.vocab_size, padding=config.pad_token_id, **made("word"))
        self.position = nn.Embedding(config.max_position_embeddings, **made("position"))
        self.segment = nn.Embedding(config.type_vocab_size, **made("segment"))
        self.norm = nn.LayerNorm(config.layer_norm_eps, **settings_of(self, "norm"))
        self.dropout = dropout(self, "dropout", config.hidden_dropout_prob)

    def build(self, *shapes: Any) -> None:  # noqa: ARG002
        """Make the tables."""
        for table in (self.word, self.position, self.segment):
            table._ensure_built((_core.placeholder((1,), "int64"),))
        self.norm._ensure_built((_core.placeholder((1, self.word.units), self.dtype),))

    def call(self, ids: Any, segments: Any = None, positions: Any = None) -> Any:
        """Compute, for ids (B, T), the tensor (B, T, E)."""
        length = ids.shape[1]
        if length > self.longest:
            self.refuse(f"texts of up to {self.longest} tokens", f"{length}; truncate them")
        x = self.word(ids)
        x = ops.add(x, ops.getitem(self.segment.table, 0) if segments is None else self.segment(segments))
        place = ops.getitem(self.position.table, slice(0, length)) if positions is None else self.position(positions)
        x = self.norm(ops.add(x, place))
        return x if self.dropout is None else self.dropout(x)


class AlbertAttention(nn.Layer):
    """Attention, added to its input and normalised.

    Parameters
    ----------
    config : Config
    **settings
        Those of `nn.Layer`.
    """

    def __init__(self, config: Config, **settings: Any) -> None:
        super().__init__(**settings)
        start = initializers.Normal(0.0, config.initializer_range)
        self.heads = nn.MultiHeadAttention(
            config.num_attention_heads, dropout=config.attention_probs_dropout_prob, kernel_initializer=start,
            **settings_of(self, "heads"),
        )  # fmt: skip
        self.norm = nn.LayerNorm(config.layer_norm_eps, **settings_of(self, "norm"))
        self.dropout = dropout(self, "dropout", config.hidden_dropout_prob)

    def call(self, x: Any, mask: Any = None) -> Any:
        """Compute, for x (B, T, H) and a mask as that of `nn.MultiHeadAttention`, the tensor (B, T, H)."""
        y = self.heads(x, mask=mask)
        y = y if self.dropout is None else self.dropout(y)
        return self.norm(ops.add(x, y))

    def weights(self, x: Any, mask: Any = None) -> Any:
        """Return the weights (B, heads, T, T) with which the places of x look at one another."""
        heads = self.heads
        query, key = (heads._split(heads._projected(x, name)) for name in ("query", "key"))
        return attention_weights(query, key, heads._spread(mask, x, x), False, None)


class AlbertFeedForward(nn.Layer):
    """Two dense layers, added to their input and normalised.

    Parameters
    ----------
    config : Config
    **settings
        Those of `nn.Layer`.
    """

    def __init__(self, config: Config, **settings: Any) -> None:
        super().__init__(**settings)
        self.inner = dense(config, self, "inner", config.intermediate_size, ACTIVATIONS[config.hidden_act])
        self.outer = dense(config, self, "outer", config.hidden_size)
        self.norm = nn.LayerNorm(config.layer_norm_eps, **settings_of(self, "norm"))
        # ALBERT has no dropout here, whatever its settings say.
        rate = config.hidden_dropout_prob if config.model_type == "bert" else 0.0
        self.dropout = dropout(self, "dropout", rate)

    def call(self, x: Any) -> Any:
        """Compute, for x (B, T, H), the same shape."""
        y = self.outer(self.inner(x))
        y = y if self.dropout is None else self.dropout(y)
        return self.norm(ops.add(y, x))


class AlbertEncoder(nn.Layer):
    """The stack of layers; layers that share weights hold the same objects.

    Parameters
    ----------
    config : Config
    **settings
        Those of `nn.Layer`.

    Attributes
    ----------
    project : Dense or None
        From the width of the embeddings to that of the layers; BERT has none.
    attention, feed_forward : list of Layer
        Of block n, the blocks of layer i being those from ``i * inner_group_num`` on.
    """

    def __init__(self, config: Config, **settings: Any) -> None:
        super().__init__(**settings)
        self.inner = config.inner_group_num
        albert = config.model_type == "albert"
        self.project = dense(config, self, "project", config.hidden_size) if albert else None
        self.attention = self._parts(config, "attention", AlbertAttention)
        self.feed_forward = self._parts(config, "feed_forward", AlbertFeedForward)

    def _parts(self, config: Config, part: str, kind: type[Any]) -> list[Any]:
        made: dict[tuple[int, int], Any] = {}
        for group in config.groups(part):
            for place in range(self.inner):
                if (group, place) not in made:
                    made[group, place] = kind(config, **settings_of(self, f"{part}/{group}/{place}"))
        return [made[group, place] for group in config.groups(part) for place in range(self.inner)]

    def call(self, x: Any, mask: Any = None) -> Any:
        """Compute, for embeddings (B, T, E), the tensor (B, T, H)."""
        return self.steps(x, mask, False)[0]

    def steps(self, x: Any, mask: Any, attentions: bool) -> tuple[Any, list[Any], list[Any]]:
        """Return the result, what went into each block and came out of the last, and the weights of attention."""
        x = x if self.project is None else self.project(x)
        states, weights = [x], []
        for attention, feed_forward in zip(self.attention, self.feed_forward, strict=True):
            if attentions:
                weights.append(attention.weights(x, mask))
            x = feed_forward(attention(x, mask))
            states.append(x)
        return x, states, weights


def mask_of(given: Any, shape: tuple[int, ...]) -> Any:
    """Return a mask of bool for `nn.MultiHeadAttention` from one of numbers, (B, T) or (B, T, T).

    Raises
    ------
    InputError
        The shape does not fit ids of `shape`.
    """
    if given is None:
        return None
    if tuple(given.shape) not in (shape, (*shape, shape[1])):
        msg = (
            f"[albert.Albert] attention_mask has shape {tuple(given.shape)}; give {shape}, as input_ids, "
            f"or {(*shape, shape[1])}"
        )
        raise InputError(msg)
    seen = given if given.dtype == "bool" else ops.not_equal(given, 0)
    return ops.reshape(seen, (shape[0], 1, 1 if len(given.shape) == 2 else shape[1], shape[1]))
