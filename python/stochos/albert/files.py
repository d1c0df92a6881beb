"""Models in folders: ``config.json`` and safetensors, as transformers writes and reads them."""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks, _writing
from stochos.albert import _names
from stochos.albert.config import Config, read, read_json
from stochos.albert.heads import HEADS
from stochos.albert.model import Albert
from stochos.errors import FileError, FileFormatError, InputError
from stochos.nn import _initializer, _safetensors, saving

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["load", "new", "save"]

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_AUTO = "auto"
Arrays = dict[str, "NDArray[Any]"]


def new(
    config: Config | dict[str, Any] | None = None,
    head: str | None = None,
    *,
    pooler: bool | None = None,
    dtype: str = "float32",
    seed: int | np.random.Generator | np.random.SeedSequence = 0,
    **settings: Any,
) -> Albert:
    """Make a model with fresh weights, which are a function of the seed.

    Parameters
    ----------
    config : Config or dict, optional
        Default: ALBERT base, or as `settings` say.
    head, pooler
        See `Albert`.
    dtype : {"float32", "float64"}
    seed : int, numpy.random.Generator or numpy.random.SeedSequence
    **settings
        Those of `Config` that differ.

    Returns
    -------
    Albert
    """
    base = Config() if config is None else Config.from_dict(config) if isinstance(config, dict) else config
    unknown = [name for name in settings if name not in Config.__dataclass_fields__]
    if unknown:
        msg = f"[albert.new] there is no setting {', '.join(map(repr, unknown))}; see albert.Config"
        raise InputError(msg)
    return Albert(base.replace(**settings), head, pooler, dtype=dtype, seed=seed).make_weights()


def load(
    folder: str | os.PathLike[str],
    *,
    head: str | None = _AUTO,
    new: Sequence[str] = (),
    drop: Sequence[str] = (),
    dtype: str = "float32",
    seed: int | np.random.Generator | np.random.SeedSequence = 0,
    **settings: Any,
) -> Albert:
    """Read an ALBERT or BERT model as transformers saves it.

    Parameters
    ----------
    folder : str or path-like
        With ``config.json`` and ``model.safetensors``, or ``model.safetensors.index.json`` and its parts.
    head : str or None
        See `Albert`; "auto": the one of the file.
    new : sequence of {"head", "pooler"}
        What begins with fresh weights although the file has none for it. Nothing else ever stays random.
    drop : sequence of str
        Patterns of names in the file, such as ``"predictions.*"``, that are not read.
    dtype : {"float32", "float64"}
    seed : int, numpy.random.Generator or numpy.random.SeedSequence
        Of fresh weights.
    **settings
        Settings of `Config` to be changed, such as ``hidden_dropout_prob=0.1``.

    Returns
    -------
    Albert

    Raises
    ------
    FileError
        A file cannot be read.
    FileFormatError
        A file is damaged.
    InputError
        Names are missing or unexpected, or shapes do not fit. Every name is listed.

    Examples
    --------
    >>> model = albert.load("albert-base-v2")  # doctest: +SKIP
    >>> model.unshare()  # doctest: +SKIP
    """
    where = "albert.load"
    values = read(folder, where)
    arrays = read_tensors(folder, where)
    return from_arrays(values, arrays, os.fsdecode(folder), head, new, drop, dtype, seed, settings, where)


def read_tensors(folder: str | os.PathLike[str], where: str) -> Arrays:
    """Return the tensors of a folder by their names in the file."""
    single, index = (os.path.join(folder, name) for name in (SINGLE, INDEX))
    if os.path.exists(single) or not os.path.exists(index):
        if not os.path.exists(single):
            pickled = os.path.exists(os.path.join(folder, "pytorch_model.bin"))
            hint = "; pytorch_model.bin holds code: open and save it with transformers first" if pickled else ""
            msg = f"[{where}] {os.fsdecode(folder)!r} has neither {SINGLE} nor {INDEX}{hint}"
            raise FileError(2, msg)
        return _safetensors.read(single, where)[0]
    listed = read_json(index, where).get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(part, str) for part in listed.values()):
        msg = f"[{where}] {index!r} is damaged: it has no weight_map of names and files"
        raise FileFormatError(msg)
    found: Arrays = {}
    for part in sorted(set(listed.values())):
        if part != os.path.basename(part) or part in ("", ".", ".."):
            msg = f"[{where}] {index!r} names the file {part!r}; parts must lie in the same folder"
            raise FileFormatError(msg)
        here = _safetensors.read(os.path.join(folder, part), where)[0]
        wrong = [name for name in here if listed.get(name) != part]
        wrong += [name for name, home in listed.items() if home == part and name not in here]
        if wrong:
            msg = f"[{where}] {part!r} does not hold what {INDEX} says: {saving._listed(sorted(wrong))}"
            raise FileFormatError(msg)
        found |= here
    return found


def from_arrays(
    values: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    source: str,
    head: str | None,
    new: Sequence[str],
    drop: Sequence[str],
    dtype: str,
    seed: Any,
    settings: Mapping[str, Any],
    where: str,
) -> Albert:
    """Make a model from what ``config.json`` holds and tensors by the names of transformers."""
    for name in new:
        _checks.choice(where, "new", name, ("head", "pooler"))
    config = Config.from_dict({**values, **settings}, where)
    given: Arrays = {}
    for name, array in arrays.items():
        short = _names.canonical(name)
        if short in given:
            msg = f"[{where}] {source!r} holds {short!r} twice, {name!r} the second time"
            raise FileFormatError(msg)
        given[short] = array
    said = (values.get("architectures") or [None])[0]
    kind = _names.head_of(set(given), said) if head == _AUTO else head
    if kind is not None:
        _checks.choice(where, "head", kind, tuple(HEADS))
    if kind in ("classifier", "tagger") and "classifier.bias" in given and "num_labels" not in settings:
        config = config.replace(num_labels=len(given["classifier.bias"]))
    pooler = any(name.startswith("pooler.") for name in given) or (kind is None or HEADS[kind]) or "pooler" in new
    model = Albert(config, kind, pooler, dtype=dtype, seed=seed)
    if new:
        model.make_weights()
    else:
        with _initializer.no_values():  # the file brings them
            model.make_weights()
    _fill(model, given, source, new, drop, where)
    from stochos.albert.tokenizer import Tokenizer

    model.tokenizer = Tokenizer.find(source, config)
    return model


def _fill(model: Albert, given: Arrays, source: str, new: Sequence[str], drop: Sequence[str], where: str) -> None:
    given = _without_old(model, given, source, where)
    listed = {entry.name: entry for entry in _names.entries(model)}
    missing = [name for name, entry in listed.items() if name not in given and entry.part not in new]
    unexpected = [name for name in given if name not in listed]
    unexpected = [name for name in unexpected if not any(fnmatch.fnmatchcase(name, one) for one in drop)]
    if missing or unexpected:
        msg = f"[{where}] {source!r} does not fit a model with the head {model.head_kind!r}"
        if missing:
            msg += f"; missing: {saving._listed(missing)} (new=['pooler'] or new=['head'] lets these begin fresh)"
        if unexpected:
            msg += f"; unexpected: {saving._listed(unexpected)} (drop=[patterns] leaves them out)"
        raise InputError(msg)
    paths = {variable.id: path for path, variable in model.named_variables().items()}
    values: Arrays = {}
    origin: dict[str, str] = {}
    for name, entry in listed.items():
        if name not in given:
            continue
        array = np.asarray(given[name])
        array = array.T if entry.transposed and array.ndim == 2 else array
        path = paths[entry.variable.id]
        if path in values and not np.array_equal(values[path], array):
            msg = f"[{where}] {source!r}: {origin[path]!r} and {name!r} differ, but the settings say they are shared"
            raise InputError(msg)
        wanted = tuple(entry.variable.shape)
        if array.shape != wanted:
            msg = f"[{where}] {source!r}: {name!r} has shape {given[name].shape}, the settings ask for {wanted}" + (
                " transposed" if entry.transposed else ""
            )
            raise InputError(msg)
        values[path], origin[path] = array, name
    saving.load_weights(model, values, strict=False)


def _without_old(model: Albert, given: Arrays, source: str, where: str) -> Arrays:
    """Leave out what old files hold beside the weights, after a look whether it says the same."""
    found = {name: array for name, array in given.items() if name not in _names.OLD}
    if model.head_kind not in ("masked_lm", "pretraining"):
        return found
    stem = "cls.predictions" if model.config.model_type == "bert" else "predictions"
    copies = {f"{stem}.decoder.bias": f"{stem}.bias"}
    if model.config.tie_word_embeddings:
        copies[f"{stem}.decoder.weight"] = "embeddings.word_embeddings.weight"
    for other, name in copies.items():
        if other not in found:
            continue
        copy = found.pop(other)
        if name not in found:
            found[name] = copy
        elif not np.array_equal(copy, found[name]):
            msg = (
                f"[{where}] {source!r}: {other!r} differs from {name!r}, which the settings say is the same; a decoder "
                "of its own needs tie_word_embeddings=False"
            )
            raise InputError(msg)
    return found


def save(model: Albert, folder: str | os.PathLike[str], *, max_shard_bytes: int | None = None) -> None:
    """Write a folder that `load` and transformers open: ``config.json``, the weights, the tokenizer's files.

    Layers that share weights are stored once where transformers can say so (equal groups of neighbours); other sharing
    is written as one group for each layer, and ``config.json`` tells `load` how to bring them together again.

    Parameters
    ----------
    model : Albert
    folder : str or path-like
        Made if it is not there. Each file is replaced only when the new one is complete.
    max_shard_bytes : int, optional
        Split the weights into files of up to this size, tensors being kept whole.

    Raises
    ------
    FileError
        A file cannot be written.
    """
    where = "albert.save"
    _checks.instance(where, "model", model, Albert, "give an Albert, or the .model of a task")
    model.make_weights()
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        msg = f"[{where}] cannot make the folder {os.fsdecode(folder)!r}: {error.strerror or error}"
        raise FileError(error.errno, msg) from error
    kind = model.config.model_type
    arrays: Arrays = {}
    for entry in _names.entries(model):
        array = entry.variable.numpy()
        arrays[_names.full(entry.name, kind, model.head is not None)] = array.T if entry.transposed else array
    shards = _shards(arrays, max_shard_bytes, where)
    single, index = (os.path.join(folder, name) for name in (SINGLE, INDEX))
    if len(shards) == 1:
        _safetensors.write(single, arrays, {"format": "pt"}, where)
        _forget(index)
    else:
        home: dict[str, str] = {}
        for number, names in enumerate(shards, 1):
            part = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
            _safetensors.write(os.path.join(folder, part), {n: arrays[n] for n in names}, {"format": "pt"}, where)
            home |= dict.fromkeys(names, part)
        total = sum(array.nbytes for array in arrays.values())
        write_json(index, {"metadata": {"total_size": total}, "weight_map": home}, where)
        _forget(single)
    config = {"architectures": [_names.architecture(model)], **model.config.to_dict(), "dtype": model.dtype}
    config["architectures"] = [_names.architecture(model)]
    write_json(os.path.join(folder, "config.json"), config, where)
    if model.tokenizer is not None:
        model.tokenizer.save(folder)


def write_json(path: str, value: Any, where: str) -> None:
    """Write a JSON file whole or not at all."""
    _writing.whole(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n", where)


def _forget(path: str) -> None:
    """Remove a file of an earlier save that would be read in place of the new one."""
    if os.path.exists(path):
        os.remove(path)


def _shards(arrays: Arrays, limit: int | None, where: str) -> list[list[str]]:
    if limit is None:
        return [list(arrays)]
    _checks.whole(where, "max_shard_bytes", limit, 1)
    shards: list[list[str]] = [[]]
    size = 0
    for name, array in arrays.items():
        if shards[-1] and size + array.nbytes > limit:
            shards.append([])
            size = 0
        shards[-1].append(name)
        size += array.nbytes
    return shards
