"""What stands on top of the encoder: masked words, order of sentences, classes, tags, spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stochos import _core, nn
from stochos.albert.config import ACTIVATIONS
from stochos.albert.layers import dense, dropout, settings_of

if TYPE_CHECKING:
    from stochos.albert.config import Config

__all__ = ["HEADS", "AlbertClassifierHead", "AlbertLanguageHead", "AlbertSpanHead", "AlbertTagHead", "make"]

ops = _core.ops

#: Kinds of heads, and whether they stand on the pooled output.
HEADS = {"masked_lm": False, "pretraining": True, "classifier": True, "tagger": False, "span": False}


class AlbertLanguageHead(nn.Layer):
    """Scores of all words at each place; the decoder is the table of the embeddings, transposed.

    Parameters
    ----------
    config : Config
    sentence_order : bool
        Also score whether two segments are in their order (ALBERT) or follow each other (BERT).
    **settings
        Those of `nn.Layer`.
    """

    def __init__(self, config: Config, *, sentence_order: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self.dense = dense(config, self, "dense", config.embedding_size, ACTIVATIONS[config.hidden_act])
        self.norm = nn.LayerNorm(config.layer_norm_eps, **settings_of(self, "norm"))
        self.decoder = dense(config, self, "decoder", config.vocab_size)
        albert = config.model_type == "albert"
        rate = config.classifier_dropout_prob if sentence_order and albert else 0.0
        self.dropout = dropout(self, "dropout", rate)
        self.order = dense(config, self, "order", 2) if sentence_order else None

    def call(self, states: Any, pooled: Any = None) -> Any:
        """Compute, for states (..., H) and pooled (B, H), the scores (..., V), and those of the order (B, 2)."""
        scores = self.decoder(self.norm(self.dense(states)))
        if self.order is None:
            return scores
        return scores, self.order(pooled if self.dropout is None else self.dropout(pooled))


class AlbertClassifierHead(nn.Layer):
    """Scores of classes from the pooled output, after dropout.

    Parameters
    ----------
    config : Config
    **settings
        Those of `nn.Layer`.
    """

    def __init__(self, config: Config, **settings: Any) -> None:
        super().__init__(**settings)
        self.dropout = dropout(self, "dropout", config.classifier_dropout_prob)
        self.dense = dense(config, self, "dense", config.num_labels)

    def call(self, x: Any) -> Any:
        """Compute, for (..., H), the scores (..., classes)."""
        return self.dense(x if self.dropout is None else self.dropout(x))


class AlbertTagHead(AlbertClassifierHead):
    """Scores of tags at each place, after dropout; settings as those of `AlbertClassifierHead`."""


class AlbertSpanHead(nn.Layer):
    """Scores of each place as begin and as end of an answer.

    Parameters
    ----------
    config : Config
    **settings
        Those of `nn.Layer`.
    """

    def __init__(self, config: Config, **settings: Any) -> None:
        super().__init__(**settings)
        self.dense = dense(config, self, "dense", 2)

    def call(self, x: Any) -> Any:
        """Compute, for (B, T, H), the scores (B, T, 2)."""
        return self.dense(x)


def make(kind: str, config: Config, word: nn.Embedding, **settings: Any) -> nn.Layer:
    """Return a head.

    Parameters
    ----------
    kind : str
        One of `HEADS`.
    config : Config
    word : Embedding
        The table that the decoder is tied to.
    **settings
        Those of `nn.Layer`.
    """
    if kind in ("masked_lm", "pretraining"):
        head = AlbertLanguageHead(config, sentence_order=kind == "pretraining", **settings)
        if config.tie_word_embeddings:
            nn.tie(head.decoder, word, transform="transpose")
        return head
    kinds = {"classifier": AlbertClassifierHead, "tagger": AlbertTagHead, "span": AlbertSpanHead}
    return kinds[kind](config, **settings)
