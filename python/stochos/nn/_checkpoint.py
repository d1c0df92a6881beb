"""Training runs in files: everything that the rest of a run depends on, and a check that it is the same run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import __version__, random
from stochos.errors import FileFormatError, InputError
from stochos.nn import _safetensors
from stochos.nn.history import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stochos.nn.callbacks import Callback
    from stochos.nn.optimizer import Optimizer
    from stochos.nn.training import Training

__all__ = ["load", "save", "was_stopped"]

FORMAT = "stochos.nn.checkpoint"
VERSION = 1


def save(path: str | os.PathLike[str], run: Training, hooks: Sequence[Callback], facts: Mapping[str, Any]) -> None:
    """Write the state of a run after an epoch.

    Parameters
    ----------
    path : str or path-like
    run : Training
    hooks : sequence of Callback
    facts : mapping
        What must be the same on resuming, as JSON values.
    """
    arrays = {f"model/{name}": value for name, value in run.model.state().items()}
    arrays |= {f"optimizer/{name}": value for name, value in run.optimizer.state(run.model).items()}
    states = []
    for number, hook in enumerate(hooks):
        state = dict(hook.state())
        for name, value in dict(state.pop("arrays", {})).items():
            arrays[f"callback/{number}/{name}"] = value
        states.append(state)
    text = {
        "history": run.history.as_dict(),
        "stopped": run.stopped,
        "facts": {**facts, **_kinds(run.optimizer, hooks)},
        "callbacks": states,
        "stream_version": random.stream_version,
    }
    meta = {"format": FORMAT, "version": str(VERSION), "stochos": __version__, "training": json.dumps(text)}
    _safetensors.write(path, arrays, meta, "nn.fit")


def _kinds(optimizer: Optimizer, hooks: Sequence[Callback]) -> dict[str, Any]:
    return {"optimizer": type(optimizer).__name__, "callbacks": [type(hook).__name__ for hook in hooks]}


def _read(path: str | os.PathLike[str], where: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    name = os.fsdecode(path)
    arrays, meta = _safetensors.read(path, where)
    if meta.get("format") != FORMAT:
        msg = f"[{where}] {name!r} is no checkpoint of a training run; give the file that fit(checkpoint=...) wrote"
        raise FileFormatError(msg)
    if not meta.get("version", "").isdecimal() or int(meta["version"]) > VERSION:
        msg = f"[{where}] {name!r} has layout version {meta.get('version')!r}, not {VERSION}; update stochos to read it"
        raise FileFormatError(msg)
    try:
        text = json.loads(meta["training"])
        history, facts, states = text["history"], text["facts"], text["callbacks"]
        sound = all(isinstance(value, dict) for value in (history, facts, *states)) and isinstance(
            text["stopped"], bool
        )
    except (KeyError, TypeError, ValueError, RecursionError):
        sound = False
    if not sound:
        msg = f"[{where}] {name!r} is damaged: its account of the run makes no sense"
        raise FileFormatError(msg)
    return arrays, text


def was_stopped(path: str | os.PathLike[str], where: str) -> bool:
    """Tell whether a callback had ended the run."""
    return bool(_read(path, where)[1]["stopped"])


def load(
    path: str | os.PathLike[str],
    model: Any,
    optimizer: Optimizer,
    hooks: Sequence[Callback],
    facts: Mapping[str, Any],
    where: str,
) -> History:
    """Take the state of a run back.

    Returns
    -------
    History

    Raises
    ------
    FileError, FileFormatError
        The file cannot be read, is damaged, or no checkpoint.
    InputError
        It is of another run: a fact differs, or the tensors do not fit. Nothing was changed.
    """
    name = os.fsdecode(path)
    arrays, text = _read(path, where)
    expected = {**facts, **_kinds(optimizer, hooks)}
    for fact, value in expected.items():
        if text["facts"].get(fact) != value:
            msg = (
                f"[{where}] {name!r} is of a run with {fact} {text['facts'].get(fact)!r}, this one has {value!r}; "
                "resume with the same, or begin anew without resume"
            )
            raise InputError(msg)
    if text.get("stream_version") != random.stream_version:
        msg = f"[{where}] {name!r} was written with stream version {text.get('stream_version')!r}; begin anew"
        raise InputError(msg)
    parts: dict[str, dict[str, Any]] = {}
    for key, value in arrays.items():
        stem, _, rest = key.partition("/")
        parts.setdefault(stem, {})[rest] = np.array(value)
    before = model.state()
    model.set_state(parts.get("model", {}))
    try:
        optimizer.set_state(model, parts.get("optimizer", {}))
    except InputError:
        model.set_state(before)
        raise
    for number, (hook, state) in enumerate(zip(hooks, text["callbacks"], strict=True)):
        stem = f"{number}/"
        own = {key.removeprefix(stem): v for key, v in parts.get("callback", {}).items() if key.startswith(stem)}
        hook.set_state({**state, "arrays": own})
    return History(text["history"])
