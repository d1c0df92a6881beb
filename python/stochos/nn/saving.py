"""Models in files: safetensors, each tensor once, the other names of shared ones and the architecture beside them.

The metadata hold ``format`` ("stochos.nn"), ``version`` of this layout, ``stochos`` (the version that wrote),
``aliases`` ({other path: path of the tensor}) and, where the whole model was saved, ``architecture``: JSON both. Any
other program can read the tensors; any other safetensors file can be read into a model, by its own names or renamed.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import __version__, _checks
from stochos.errors import FileFormatError, InputError
from stochos.nn import _initializer, _safetensors

__all__ = ["LoadReport", "load", "load_weights", "save", "save_weights"]

FORMAT = "stochos.nn"
VERSION = 1

#: From a name in the file to the path in the model, to that and a function of the array, or to None: leave it.
Renaming = Mapping[str, str | None] | Callable[[str], Any]


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """What `load_weights` did.

    Attributes
    ----------
    loaded : list of str
        Paths that got new values.
    missing : list of str
        Paths of the model that the file does not have: they keep the values that they had.
    unexpected : list of str
        Names of the file that the model does not have.
    """

    loaded: list[str]
    missing: list[str]
    unexpected: list[str]


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a model: architecture and values. `load` makes it again.

    Parameters
    ----------
    model : Layer or Model
        Built. Functions and classes of your own in it must be registered (`nn.register`): code is never saved.
    path : str or path-like
        By custom ``*.safetensors``; an existing file is replaced only when the new one is complete on disk.

    Raises
    ------
    InputError
        Something in the architecture has no registered name; `save_weights` needs none.
    FileError
        The file cannot be written.
    """
    where = "nn.save"
    _check_built(where, model)
    architecture = json.dumps(model.get_config(), allow_nan=False, separators=(",", ":"))
    _write(model, path, {"architecture": architecture}, where)


def save_weights(model: Any, path: str | os.PathLike[str]) -> None:
    """Write the values of a model without its architecture; see `save` and `load_weights`."""
    where = "nn.save_weights"
    _check_built(where, model)
    _write(model, path, {}, where)


def _check_built(where: str, model: Any) -> None:
    if not hasattr(model, "named_variables"):
        msg = f"[{where}] {model!r} is of type {type(model).__name__}; give a model or a layer"
        raise InputError(msg)
    if not model.built:
        msg = f"[{where}] {model!r} has no weights yet: they are made on the first call; call it once"
        raise InputError(msg)


def describing(model: Any) -> dict[str, str]:
    """Return the metadata of a model's tensors."""
    return {
        "format": FORMAT,
        "version": str(VERSION),
        "stochos": __version__,
        "aliases": json.dumps(model.aliases(), separators=(",", ":")),
    }


def _write(model: Any, path: str | os.PathLike[str], meta: dict[str, str], where: str) -> None:
    arrays = {name: variable.numpy() for name, variable in model.named_variables().items()}
    _safetensors.write(path, arrays, describing(model) | meta, where)


def load(path: str | os.PathLike[str]) -> Any:
    """Make the model that `save` wrote; what was shared is shared again.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Model or Layer

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        It is damaged, of a newer version, holds no architecture, or its tensors do not fit that.
    UnknownNameError
        The architecture names a class or a function that is not registered in this program.
    """
    where = "nn.load"
    arrays, meta = _safetensors.read(path, where)
    name = os.fsdecode(path)
    if "architecture" not in meta:
        msg = f"[{where}] {name!r} holds tensors without an architecture; build the model and use model.load_weights"
        raise FileFormatError(msg)
    _check_version(where, name, meta)
    config = _json(where, name, meta["architecture"])
    from stochos.nn import architecture

    with _initializer.no_values():  # the file brings them
        model = architecture.from_config(config)
    _fill(where, name, model, arrays, _aliases(where, name, meta), None, strict=True)
    return model


def load_weights(
    model: Any,
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    rename: Renaming | None = None,
    strict: bool = True,
) -> LoadReport:
    """Give a model the values of a file, whoever wrote it.

    A shared weight may stand in the file under any of its paths, or under several with equal values. A tensor that
    the file has once and names twice (``aliases``) fills both places of a model that does not share it.

    Parameters
    ----------
    model : Layer or Model
        Built.
    source : str, path-like, or mapping of str to array
        A safetensors file; or tensors.
    rename : mapping or callable, optional
        From a name in the file to the path in the model, as ``model.named_variables()`` shows it; to (path, function),
        the function being applied to the array, such as ``numpy.transpose``; or to None for what is not to be read.
        Names not in a mapping stay as they are.
    strict : bool
        False allows missing and unexpected names; the report lists them. Shapes must fit all the same.

    Returns
    -------
    LoadReport

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        The file is damaged.
    InputError
        Names are missing or unexpected, shapes or dtypes do not fit. Every one is listed, and nothing was changed.
    """
    where = "nn.load_weights"
    _check_built(where, model)
    if isinstance(source, Mapping):
        arrays, others, name = {key: np.asarray(value) for key, value in source.items()}, {}, "the given mapping"
    else:
        name = os.fsdecode(source)
        arrays, meta = _safetensors.read(source, where)
        if meta.get("format") == FORMAT:
            _check_version(where, name, meta)
            others = _aliases(where, name, meta)
        else:
            others = {}
    return _fill(where, name, model, arrays, others, rename, strict=strict)


def _check_version(where: str, name: str, meta: Mapping[str, str]) -> None:
    found = meta.get("version", "")
    if meta.get("format") != FORMAT or not found.isdecimal():
        msg = f"[{where}] {name!r} is damaged: its metadata make no sense"
        raise FileFormatError(msg)
    if int(found) > VERSION:
        msg = f"[{where}] {name!r} has layout version {found}, newer than {VERSION}; update stochos to read it"
        raise FileFormatError(msg)


def _json(where: str, name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"[{where}] {name!r} is damaged: its metadata make no sense ({error})"
        raise FileFormatError(msg) from error


def _aliases(where: str, name: str, meta: Mapping[str, str]) -> dict[str, str]:
    found = _json(where, name, meta.get("aliases", "{}"))
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        msg = f"[{where}] {name!r} is damaged: its list of shared tensors makes no sense"
        raise FileFormatError(msg)
    return found


def _renamed(where: str, arrays: Mapping[str, NDArray[Any]], rename: Renaming | None) -> dict[str, NDArray[Any]]:
    if rename is None:
        return dict(arrays)
    out: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        target = rename.get(name, name) if isinstance(rename, Mapping) else rename(name)
        if target is None:
            continue
        path, function = target if isinstance(target, tuple) else (target, None)
        _checks.instance(where, "rename", path, str, "give paths, (path, function), or None")
        if path in out:
            msg = f"[{where}] rename brings two tensors to {path!r}, {name!r} the second of them"
            raise InputError(msg)
        out[path] = array if function is None else np.asarray(function(array))
    return out


def _fill(
    where: str,
    source: str,
    model: Any,
    arrays: Mapping[str, NDArray[Any]],
    others: Mapping[str, str],
    rename: Renaming | None,
    *,
    strict: bool,
) -> LoadReport:
    """Check everything, then assign."""
    given = _renamed(where, arrays, rename)
    variables, aliases = model.named_variables(), model.aliases()
    values: dict[str, NDArray[Any]] = {}
    unexpected: list[str] = []
    problems: list[str] = []
    for name, array in given.items():
        path = aliases.get(name, name)
        if path not in variables:
            unexpected.append(name)
        elif path in values:
            if not np.array_equal(values[path], array, equal_nan=array.dtype.kind == "f"):
                problems.append(f"{name!r} and {path!r} are one tensor of the model, but have different values")
        else:
            values[path] = array
    for other, home in others.items():
        # One tensor of the file under its second name.
        path = aliases.get(other, other)
        if path in variables and path not in values and home in given:
            values[path] = given[home]
    missing = [path for path in variables if path not in values]
    for path, array in values.items():
        variable = variables[path]
        if array.shape != tuple(variable.shape):
            problems.append(f"{path!r} has shape {tuple(variable.shape)} in the model and {array.shape} in the file")
        elif not np.can_cast(array.dtype, variable.dtype, "same_kind"):
            problems.append(f"{path!r} is {variable.dtype} in the model and {array.dtype} in the file")
    if strict and missing:
        problems.insert(0, f"missing: {_listed(missing)}")
    if strict and unexpected:
        problems.insert(1 if missing else 0, f"unexpected: {_listed(unexpected)}")
    if problems:
        text = "; ".join(problems[:20]) + (f"; and {len(problems) - 20} more" if len(problems) > 20 else "")
        msg = f"[{where}] {source!r} does not fit {model.name!r}; nothing was changed. {text}"
        if where == "nn.load":
            raise FileFormatError(msg)
        raise InputError(msg)
    ready = {path: np.array(array, dtype=variables[path].dtype, order="C") for path, array in values.items()}
    for path, array in ready.items():
        variables[path].assign(array)
    return LoadReport(list(ready), missing, unexpected)


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:30])) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
