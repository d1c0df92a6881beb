"""The settings of a model, as ``config.json`` of transformers writes them."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

from stochos import _checks, _reading
from stochos.errors import FileFormatError, InputError

__all__ = ["ACTIVATIONS", "Config", "group_of"]

#: From the names of transformers to those of `nn.activation`.
ACTIVATIONS = {
    "gelu": "gelu", "gelu_python": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh", "relu": "relu", "silu": "silu", "swish": "silu", "tanh": "tanh",
}  # fmt: skip
_KINDS = ("albert", "bert")
_LARGEST = 256 << 20  # bytes; an index of a million tensors has less
# The defaults of BertConfig in transformers 5.24 where they differ from ours.
_BERT = {
    "vocab_size": 30522, "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
}  # fmt: skip
# The defaults of AlbertConfig there: a file leaves out what it does not change.
_ALBERT = {"hidden_size": 4096, "num_attention_heads": 64, "intermediate_size": 16384}


@dataclasses.dataclass(frozen=True)
class Config:
    """Settings of an ALBERT or BERT model, under the names of transformers; the defaults are those of ALBERT base.

    Parameters
    ----------
    vocab_size : int
    embedding_size : int
        Width E of the embeddings; that of BERT is `hidden_size`.
    hidden_size : int
        Width H of the layers.
    num_hidden_layers : int
        L.
    num_hidden_groups : int
        Sets of weights; layer i uses set ``int(i / (L / groups))``.
    inner_group_num : int
        Blocks (attention and feed-forward) in one layer.
    num_attention_heads : int
    intermediate_size : int
        Width of the feed-forward part.
    hidden_act : str
        "gelu_new" (ALBERT v2), "gelu" (v1) and the others that `ACTIVATIONS` lists.
    hidden_dropout_prob, attention_probs_dropout_prob, classifier_dropout_prob : float in [0, 1)
    max_position_embeddings : int
        Longest text, in tokens.
    type_vocab_size : int
    initializer_range : float
        Standard deviation of fresh weights.
    layer_norm_eps : float
    pad_token_id : int or None
        Its row of the embeddings gets no gradient from the look-up.
    tie_word_embeddings : bool
        Whether the decoder of the masked-LM head is the transpose of the embeddings.
    num_labels : int
        Classes of a classifier or tagger.
    model_type : {"albert", "bert"}
    attention_groups, feed_forward_groups : tuple of int, optional
        For each layer the number of its set of weights, where they are shared in another way than by
        `num_hidden_groups`.
    other : mapping
        Whatever else the file says; it is written back.
    """

    vocab_size: int = 30000
    embedding_size: int = 128
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_hidden_groups: int = 1
    inner_group_num: int = 1
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu_new"
    hidden_dropout_prob: float = 0.0
    attention_probs_dropout_prob: float = 0.0
    classifier_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int | None = 0
    tie_word_embeddings: bool = True
    num_labels: int = 2
    model_type: str = "albert"
    attention_groups: tuple[int, ...] | None = None
    feed_forward_groups: tuple[int, ...] | None = None
    other: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        where = "albert.Config"
        for name in (
            "vocab_size", "embedding_size", "hidden_size", "num_hidden_layers", "num_hidden_groups", "inner_group_num",
            "num_attention_heads", "intermediate_size", "max_position_embeddings", "type_vocab_size", "num_labels",
        ):  # fmt: skip
            _checks.whole(where, name, getattr(self, name), 1)
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob"):
            _checks.real(where, name, getattr(self, name), 0.0, 0.999)
        _checks.real(where, "initializer_range", self.initializer_range, 0.0)
        _checks.real(where, "layer_norm_eps", self.layer_norm_eps, 0.0)
        _checks.choice(where, "model_type", self.model_type, _KINDS)
        if self.pad_token_id is not None:
            _checks.whole(where, "pad_token_id", self.pad_token_id, 0, self.vocab_size - 1)
        if self.hidden_act not in ACTIVATIONS:
            msg = f"[{where}] hidden_act is {self.hidden_act!r}; there are {', '.join(map(repr, ACTIVATIONS))}"
            raise InputError(msg)
        if self.hidden_size % self.num_attention_heads:
            msg = (
                f"[{where}] hidden_size {self.hidden_size} is no multiple of the {self.num_attention_heads} heads of "
                "num_attention_heads"
            )
            raise InputError(msg)
        if self.num_hidden_groups > self.num_hidden_layers:
            msg = f"[{where}] {self.num_hidden_groups} groups are more than the {self.num_hidden_layers} layers"
            raise InputError(msg)
        if self.model_type == "bert" and (self.embedding_size != self.hidden_size or self.inner_group_num != 1):
            msg = f"[{where}] a BERT model has embeddings as wide as its layers and one block in each"
            raise InputError(msg)
        for name in ("attention_groups", "feed_forward_groups"):
            groups = getattr(self, name)
            if groups is not None:
                if len(groups) != self.num_hidden_layers:
                    msg = f"[{where}] {name} has {len(groups)} numbers for {self.num_hidden_layers} layers"
                    raise InputError(msg)
                object.__setattr__(self, name, tuple(_checks.whole(where, name, group, 0) for group in groups))

    @property
    def regular_groups(self) -> tuple[int, ...]:
        """For each layer its group, as `num_hidden_groups` says."""
        return group_of(self.num_hidden_layers, self.num_hidden_groups)

    def groups(self, part: str) -> tuple[int, ...]:
        """For each layer the group whose weights it uses.

        Parameters
        ----------
        part : {"attention", "feed_forward"}
        """
        given = self.attention_groups if part == "attention" else self.feed_forward_groups
        return self.regular_groups if given is None else given

    def replace(self, **changes: Any) -> Config:
        """Return a copy with other settings."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``config.json`` holds."""
        found = dict(self.other)
        for field in dataclasses.fields(self):
            if field.name not in ("other", "attention_groups", "feed_forward_groups", "num_labels"):
                found[field.name] = getattr(self, field.name)
        if self.model_type == "bert":
            for name in ("embedding_size", "inner_group_num", "num_hidden_groups"):
                del found[name]
            found["classifier_dropout"] = found.pop("classifier_dropout_prob")
        parted = self.model_type == "bert" and self.num_hidden_groups != self.num_hidden_layers
        if parted or self.attention_groups is not None or self.feed_forward_groups is not None:
            parts = ("attention", "feed_forward")
            found["stochos_groups"] = {part: list(self.groups(part)) for part in parts}
        if len(found.get("id2label") or {}) != self.num_labels:
            found["id2label"] = {str(n): f"LABEL_{n}" for n in range(self.num_labels)}
        found["label2id"] = {str(text): int(number) for number, text in found["id2label"].items()}
        return found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "albert.Config") -> Config:
        """Make the settings from what ``config.json`` holds.

        Parameters
        ----------
        values : mapping
        where : str
            Name of the calling function, for error messages.

        Raises
        ------
        InputError, InputTypeError
            A value is out of range, or the model is neither ALBERT nor BERT.
        """
        given = dict(values)
        kind = given.pop("model_type", "albert")
        if kind not in _KINDS:
            msg = f"[{where}] model_type is {kind!r}; this package reads 'albert' and 'bert'"
            raise InputError(msg)
        names = {field.name for field in dataclasses.fields(cls)} - {"other", "attention_groups", "feed_forward_groups"}
        found: dict[str, Any] = dict(_BERT if kind == "bert" else _ALBERT)
        said = {name: given.pop(name) for name in sorted(names & set(given))}
        # null is the default, but of the padding, where it means that there is none.
        found |= {name: value for name, value in said.items() if value is not None or name == "pad_token_id"}
        if kind == "bert":
            found |= {"embedding_size": found.get("hidden_size", 768), "inner_group_num": 1}
            found["num_hidden_groups"] = found.get("num_hidden_layers", 12)
            dropout = given.pop("classifier_dropout", None)
            found["classifier_dropout_prob"] = found.get("hidden_dropout_prob", 0.1) if dropout is None else dropout
        labels = given.get("id2label")
        if "num_labels" not in found and isinstance(labels, Mapping) and labels:
            found["num_labels"] = len(labels)
        groups = given.pop("stochos_groups", None) or {}
        for part in ("attention", "feed_forward"):
            if part in groups:
                found[f"{part}_groups"] = tuple(groups[part])
        return cls(**found, model_type=kind, other=given)


def group_of(layers: int, groups: int) -> tuple[int, ...]:
    """Return the group of each layer, in the floating-point arithmetic of transformers."""
    return tuple(int(number / (layers / groups)) for number in range(layers))


def read(folder: str | os.PathLike[str], where: str) -> dict[str, Any]:
    """Return what ``config.json`` in a folder holds.

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        It is no JSON object.
    """
    return read_json(os.path.join(folder, "config.json"), where)


def read_json(path: str | os.PathLike[str], where: str) -> dict[str, Any]:
    """Return the JSON object in a file; the errors are those of `read`."""
    name = os.fsdecode(path)
    try:
        found = json.loads(_reading.content(path, where, _LARGEST))
    except FileFormatError:
        raise
    except (ValueError, RecursionError) as error:
        msg = f"[{where}] {name!r} is no JSON file: {error}"
        raise FileFormatError(msg) from error
    if not isinstance(found, dict):
        msg = f"[{where}] {name!r} holds a {type(found).__name__}, not an object with settings"
        raise FileFormatError(msg)
    return found
