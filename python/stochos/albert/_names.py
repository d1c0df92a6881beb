"""The names of transformers for the weights of a model."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stochos.albert.model import Albert

__all__ = ["ARCHITECTURES", "Entry", "architecture", "canonical", "entries", "head_of"]

_ENDINGS = {
    "Model": None, "ForMaskedLM": "masked_lm", "ForPreTraining": "pretraining", "ForTokenClassification": "tagger",
    "ForSequenceClassification": "classifier", "ForQuestionAnswering": "span",
}  # fmt: skip
#: Class of transformers → our head.
ARCHITECTURES = {f"{kind}{ending}": head for kind in ("Albert", "Bert") for ending, head in _ENDINGS.items()}

#: What old files hold besides the weights.
OLD = frozenset({"embeddings.position_ids", "embeddings.token_type_ids"})

_BLOCK = {
    "albert": (
        {
            "attention.query": "query", "attention.key": "key", "attention.value": "value",
            "attention.dense": "output", "attention.LayerNorm": "norm",
        },
        {"ffn": "inner", "ffn_output": "outer", "full_layer_layer_norm": "norm"},
    ),
    "bert": (
        {
            "attention.self.query": "query", "attention.self.key": "key", "attention.self.value": "value",
            "attention.output.dense": "output", "attention.output.LayerNorm": "norm",
        },
        {"intermediate.dense": "inner", "output.dense": "outer", "output.LayerNorm": "norm"},
    ),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Entry:
    """A tensor of a file and the weight that it is.

    Attributes
    ----------
    name : str
        In the file, without the prefix of the encoder.
    layer : Layer
    weight : str
    transposed : bool
        Whether the file holds the transpose.
    part : str
        "base", "pooler" or "head".
    """

    name: str
    layer: Any
    weight: str
    transposed: bool = False
    part: str = "base"

    @property
    def variable(self) -> Any:
        """The variable."""
        return getattr(self.layer, self.weight)


def architecture(model: Albert) -> str:
    """Return the class of transformers that a model is."""
    kind = model.config.model_type.capitalize()
    return next(kind + ending for ending, head in _ENDINGS.items() if head == model.head_kind)


def head_of(names: set[str], said: str | None) -> str | None:
    """Return the head whose weights a file has, or that its architecture promises.

    Parameters
    ----------
    names : set of str
        Canonical names.
    said : str or None
        The class that the configuration names.
    """

    def has(*stems: str) -> bool:
        return any(name.startswith(stems) for name in names)

    promised = ARCHITECTURES.get(said or "")
    if has("predictions.", "cls.predictions."):
        return "pretraining" if has("sop_classifier.", "cls.seq_relationship.") else promised or "masked_lm"
    if promised is not None:
        return promised
    if has("qa_outputs."):
        return "span"
    return "classifier" if has("classifier.") else None


def canonical(name: str) -> str:
    """Return a name without the prefixes that files put before the encoder, and with today's names inside."""
    short = re.sub(r"^(module\.)?((bert|albert)\.)*(?=(embeddings|encoder|pooler)\.)", "", name)
    short = re.sub(r"^module\.", "", short)
    return re.sub(r"(LayerNorm|layer_norm)\.(gamma|beta)$", _of_tensorflow, short)


def _of_tensorflow(found: re.Match[str]) -> str:
    return f"{found[1]}.{'weight' if found[2] == 'gamma' else 'bias'}"


def full(name: str, kind: str, with_head: bool) -> str:
    """Return the name as transformers writes it in the file of a model with or without a head."""
    inner = name.startswith(("embeddings.", "encoder.", "pooler."))
    return f"{kind}.{name}" if with_head and inner else name


def entries(model: Albert) -> list[Entry]:
    """Return the tensors of the file of a model; layers that share weights come once where the format can say so."""
    return [*_encoder(model), *_top(model)]


def _dense(name: str, layer: Any, part: str = "base") -> Iterator[Entry]:
    yield Entry(f"{name}.weight", layer, "kernel", True, part)
    yield Entry(f"{name}.bias", layer, "bias", False, part)


def _norm(name: str, layer: Any, part: str = "base") -> Iterator[Entry]:
    yield Entry(f"{name}.weight", layer, "gain", False, part)
    yield Entry(f"{name}.bias", layer, "bias", False, part)


def _encoder(model: Albert) -> Iterator[Entry]:
    config, encoder = model.config, model.encoder
    tables = {"word": model.embeddings.word, "position": model.embeddings.position}
    for name, table in {**tables, "token_type": model.embeddings.segment}.items():
        yield Entry(f"embeddings.{name}_embeddings.weight", table, "table")
    yield from _norm("embeddings.LayerNorm", model.embeddings.norm)
    if encoder.project is not None:
        yield from _dense("encoder.embedding_hidden_mapping_in", encoder.project)
    if config.model_type == "bert":
        first = {n: n for n in range(config.num_hidden_layers)}
    else:
        first = {}
        for layer, group in enumerate(config.regular_groups):
            first.setdefault(group, layer)
    for group, layer in first.items():
        for place in range(encoder.inner):
            stem = f"encoder.layer.{group}"
            if config.model_type == "albert":
                stem = f"encoder.albert_layer_groups.{group}.albert_layers.{place}"
            yield from _block(stem, config.model_type, encoder, layer * encoder.inner + place)


def _block(stem: str, kind: str, encoder: Any, number: int) -> Iterator[Entry]:
    attention, feed_forward = encoder.attention[number], encoder.feed_forward[number]
    for name, role in _BLOCK[kind][0].items():
        if role == "norm":
            yield from _norm(f"{stem}.{name}", attention.norm)
        else:
            yield Entry(f"{stem}.{name}.weight", attention.heads, f"{role}_kernel", True)
            yield Entry(f"{stem}.{name}.bias", attention.heads, f"{role}_bias")
    for name, role in _BLOCK[kind][1].items():
        yield from (_norm if role == "norm" else _dense)(f"{stem}.{name}", getattr(feed_forward, role))


def _top(model: Albert) -> Iterator[Entry]:
    bert = model.config.model_type == "bert"
    head = model.head
    if model.pooler is not None:
        yield from _dense("pooler.dense" if bert else "pooler", model.pooler, "pooler")
    if model.head_kind in ("masked_lm", "pretraining"):
        stem = "cls.predictions" if bert else "predictions"
        inner = f"{stem}.transform" if bert else stem
        yield Entry(f"{stem}.bias", head.decoder, "bias", False, "head")
        yield from _norm(f"{inner}.LayerNorm", head.norm, "head")
        yield from _dense(f"{inner}.dense", head.dense, "head")
        if not model.config.tie_word_embeddings:
            yield Entry(f"{stem}.decoder.weight", head.decoder, "kernel", True, "head")
        if head.order is not None:
            yield from _dense("cls.seq_relationship" if bert else "sop_classifier.classifier", head.order, "head")
    elif model.head_kind is not None:
        yield from _dense("qa_outputs" if model.head_kind == "span" else "classifier", head.dense, "head")
