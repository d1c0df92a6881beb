"""Checkpoints of TensorFlow, as Google and brightmart publish ALBERT and BERT, into folders of transformers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks
from stochos.albert import files
from stochos.albert.config import read_json
from stochos.albert.tokenizer import FILES, Tokenizer
from stochos.errors import FileError, FileFormatError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stochos.albert.model import Albert

__all__ = ["convert_tensorflow", "from_tensorflow_names"]

#: Variables of optimizers and counters.
_OTHER = re.compile(r"(^|/)(adam_[mv]|lamb_[mv]|m|v|Adam(_\d+)?|global_step|good_steps|loss_scale\w*)$")
# Parts of a block in the checkpoint: their names in transformers.
_ALBERT_BLOCK = {
    "attention_1/self/query": "attention.query", "attention_1/self/key": "attention.key",
    "attention_1/self/value": "attention.value", "attention_1/output/dense": "attention.dense",
    "LayerNorm": "attention.LayerNorm", "ffn_1/intermediate/dense": "ffn",
    "ffn_1/intermediate/output/dense": "ffn_output", "LayerNorm_1": "full_layer_layer_norm",
}  # fmt: skip
_ENDINGS = {
    "kernel": ("weight", True), "bias": ("bias", False), "gamma": ("weight", False), "beta": ("bias", False),
}  # fmt: skip
_TOP = {
    "albert": {
        "bert/pooler/dense": "pooler", "cls/predictions/transform/dense": "predictions.dense",
        "cls/predictions/transform/LayerNorm": "predictions.LayerNorm",
    },
    "bert": {
        "bert/pooler/dense": "pooler.dense", "cls/predictions/transform/dense": "cls.predictions.transform.dense",
        "cls/predictions/transform/LayerNorm": "cls.predictions.transform.LayerNorm",
    },
}  # fmt: skip
_WHOLE = {
    "albert": {
        "cls/predictions/output_bias": "predictions.bias",
        "cls/seq_relationship/output_weights": "sop_classifier.classifier.weight",
        "cls/seq_relationship/output_bias": "sop_classifier.classifier.bias",
        "output_weights": "classifier.weight", "output_bias": "classifier.bias",
    },
    "bert": {
        "cls/predictions/output_bias": "cls.predictions.bias",
        "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
        "cls/seq_relationship/output_bias": "cls.seq_relationship.bias",
        "output_weights": "classifier.weight", "output_bias": "classifier.bias",
    },
}  # fmt: skip


def from_tensorflow_names(arrays: Mapping[str, Any], kind: str = "albert") -> dict[str, NDArray[Any]]:
    """Return tensors under the names and in the layout of transformers.

    Parameters
    ----------
    arrays : mapping of str to array
        By the names of the checkpoint. What optimizers keep is left out.
    kind : {"albert", "bert"}

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    InputError
        A name is not known. Every one is listed.
    """
    where = "albert.from_tensorflow_names"
    _checks.choice(where, "kind", kind, ("albert", "bert"))
    if any("/layer_shared" in name for name in arrays):
        msg = (
            f"[{where}] this is the early layout of albert_zh (layer_shared: its embeddings are normalised at another "
            "width); take the published albert_*_zh_google files"
        )
        raise InputError(msg)
    found: dict[str, NDArray[Any]] = {}
    unknown = []
    for name, array in arrays.items():
        plain = name.removeprefix("module/").removesuffix("/.ATTRIBUTES/VARIABLE_VALUE")
        if _OTHER.search(plain):
            continue
        target = _renamed(plain, kind)
        if target is None:
            unknown.append(name)
        else:
            found[target[0]] = np.ascontiguousarray(np.asarray(array).T if target[1] else array)
    if unknown:
        msg = (
            f"[{where}] the checkpoint has names that no {kind} model has: {', '.join(map(repr, sorted(unknown)[:30]))}"
        )
        raise InputError(msg)
    return found


def _renamed(name: str, kind: str) -> tuple[str, bool] | None:
    """Return the name in transformers and whether it holds the transpose."""
    if name in _WHOLE[kind]:
        return _WHOLE[kind][name], False
    table = re.fullmatch(r"bert/embeddings/(word|position|token_type)_embeddings", name)
    if table:
        return f"embeddings.{table[1]}_embeddings.weight", False
    stem, _, last = name.rpartition("/")
    if last not in _ENDINGS:
        return None
    ending, transposed = _ENDINGS[last]
    inner: str | None = _TOP[kind].get(stem)
    if stem == "bert/embeddings/LayerNorm":
        inner = "embeddings.LayerNorm"
    elif stem == "bert/encoder/embedding_hidden_mapping_in" and kind == "albert":
        inner = "encoder.embedding_hidden_mapping_in"
    elif kind == "albert":
        block = re.fullmatch(r"bert/encoder/transformer/group_(\d+)/inner_group_(\d+)/(.+)", stem)
        if block and block[3] in _ALBERT_BLOCK:
            inner = f"encoder.albert_layer_groups.{block[1]}.albert_layers.{block[2]}.{_ALBERT_BLOCK[block[3]]}"
    else:
        layer = re.fullmatch(r"bert/encoder/layer_(\d+)/(.+)", stem)
        if layer:
            inner = f"encoder.layer.{layer[1]}.{layer[2].replace('/', '.')}"
    return None if inner is None else (f"{inner}.{ending}", transposed)


def convert_tensorflow(
    checkpoint: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | None = None,
    kind: str = "albert",
    activation: str | None = None,
    tokenizer: str | os.PathLike[str] | None = None,
) -> Albert:
    """Read a checkpoint of TensorFlow and write a folder that transformers and `load` open.

    Parameters
    ----------
    checkpoint : str or path-like
        The prefix of its files, such as ``albert_base/model.ckpt-best``, or a folder with one checkpoint.
    folder : str or path-like
        What to write.
    config : str or path-like, optional
        Default: the one file ``*config*.json`` beside the checkpoint.
    kind : {"albert", "bert"}
    activation : str, optional
        Default: that of the file, "gelu" being the form with tanh ("gelu_new"), as Google's programs compute it.
    tokenizer : str or path-like, optional
        Default: ``vocab.txt`` or the one ``*.model`` beside the checkpoint, if there is one.

    Returns
    -------
    Albert

    Raises
    ------
    MissingPartError
        TensorFlow is not installed.
    FileError, FileFormatError, InputError
        The files are not there or do not fit.
    """
    where = "albert.convert_tensorflow"
    _checks.choice(where, "kind", kind, ("albert", "bert"))
    prefix = _prefix(checkpoint, where)
    home = os.path.dirname(prefix) or "."
    settings = read_json(_beside(home, r".*config.*\.json", "config", where) if config is None else config, where)
    try:
        import tensorflow
    except ImportError as error:
        from stochos.errors import MissingPartError

        msg = f"[{where}] needs tensorflow to read checkpoints ({error}); pip install tensorflow"
        raise MissingPartError(msg) from error
    try:
        reader = tensorflow.train.load_checkpoint(prefix)
        arrays = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    except Exception as error:  # the library raises classes of its own
        msg = f"[{where}] {prefix!r} is damaged or no checkpoint: {error}"
        raise FileFormatError(msg) from error
    said = settings.get("hidden_act", "gelu")
    settings["hidden_act"] = activation or ("gelu_new" if said == "gelu" else said)
    settings["model_type"] = kind
    renamed = from_tensorflow_names(arrays, kind)
    model = files.from_arrays(settings, renamed, prefix, "auto", (), (), "float32", 0, {}, where)
    found = tokenizer
    if found is None:
        names = [name for name in sorted(os.listdir(home)) if name in FILES or name.endswith(".model")]
        found = os.path.join(home, names[0]) if len(names) == 1 else None
    if found is not None:
        model.tokenizer = Tokenizer.from_file(found)
    model.save(folder)
    return model


def _prefix(checkpoint: str | os.PathLike[str], where: str) -> str:
    name = os.fsdecode(checkpoint)
    if os.path.isdir(name):
        return os.path.join(name, _beside(name, r".*\.index", "checkpoint", where)).removesuffix(".index")
    name = re.sub(r"\.(index|meta|data-\d+-of-\d+)$", "", name)
    if not os.path.exists(name + ".index"):
        msg = f"[{where}] there is no file {name + '.index'!r}; give the part of the name before .index"
        raise FileError(2, msg)
    return name


def _beside(home: str, pattern: str, what: str, where: str) -> str:
    names = [name for name in sorted(os.listdir(home)) if re.fullmatch(pattern, name)]
    if len(names) != 1:
        msg = f"[{where}] {home!r} has {len(names)} files for the {what}; name one"
        raise FileError(2, msg)
    return os.path.join(home, names[0])
