"""Names and paths: how layers are numbered, walked, and how every variable gets one path that files can keep."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos.errors import InputError

if TYPE_CHECKING:
    from stochos import _core
    from stochos.nn._holder import Holder
    from stochos.nn.layer import Layer

_uids = itertools.count(1)
_counts: dict[str, int] = {}
_lock = threading.Lock()


def kind_name(kind: type) -> str:
    """Return "multi_head_attention" for MultiHeadAttention, "conv2d" for Conv2D and "leaky_relu" for LeakyReLU."""
    words = re.sub(r"(Re|Si)LU", lambda found: found[0].capitalize(), kind.__name__)
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", "_", words).lower()


def new(kind: type) -> tuple[int, str]:
    """Return the number of a new layer, which grows with the time it is made, and its automatic name."""
    stem = kind_name(kind)
    with _lock:
        count = _counts.get(stem, 0)
        _counts[stem] = count + 1
        return next(_uids), stem if count == 0 else f"{stem}_{count}"


def new_uid() -> int:
    """Return the number of a layer made now."""
    with _lock:
        return next(_uids)


def in_model(layers: Iterable[Layer]) -> list[tuple[str, Layer]]:
    """Give the layers of a model names that depend on the model alone.

    A layer named by the user keeps its name. The others are numbered by kind, in the order in which they were made,
    so that the second model of a program has the same paths as the first.
    """
    layers = list(layers)
    names: dict[int, str] = {}
    taken: set[str] = set()
    for layer in layers:
        if layer._named:
            names[id(layer)] = _free(layer.name, taken)
    for layer in sorted(layers, key=lambda one: one._uid):
        if not layer._named:
            names[id(layer)] = _free(kind_name(type(layer)), taken)
    return [(names[id(layer)], layer) for layer in layers]


def _free(stem: str, taken: set[str]) -> str:
    name = stem
    for number in itertools.count(1):
        if name not in taken:
            break
        name = f"{stem}_{number}"
    taken.add(name)
    return name


def walk(layer: Holder, path: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Holder]]:
    """Yield (path, layer) for a layer and all inside it, each once, from the outside in."""
    seen = set() if seen is None else seen
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield path, layer
    for name, child in layer.children():
        yield from walk(child, joined(path, name), seen)


def joined(path: str, name: str) -> str:
    """Join two parts of a path."""
    return f"{path}/{name}" if path else name


def _other_paths(layer: Holder, path: str, seen: set[int]) -> Iterator[tuple[str, Holder]]:
    """Yield (path, layer) of everything that is met again on a second way."""
    if id(layer) in seen:
        yield from walk(layer, path)
        return
    seen.add(id(layer))
    for name, child in layer.children():
        yield from _other_paths(child, joined(path, name), seen)


def weights(layer: Holder) -> Iterator[tuple[str, _core.Variable]]:
    """Yield (path, variable) of all weights; a tied one gives the variable it is tied to."""
    for path, inner in walk(layer):
        for name, variable in inner.own_weights():
            yield joined(path, name), variable


def buffers(layer: Holder) -> Iterator[tuple[str, _core.Variable]]:
    """Yield (path, variable) of all that is kept but not trained."""
    for path, inner in walk(layer):
        for name, variable in inner.own_buffers():
            yield joined(path, name), variable


def unique(pairs: Iterable[tuple[str, _core.Variable]]) -> list[tuple[str, _core.Variable]]:
    """Keep the first place of every variable."""
    found: dict[int, tuple[str, _core.Variable]] = {}
    for path, variable in pairs:
        found.setdefault(variable.id, (path, variable))
    return list(found.values())


def named(layer: Holder) -> dict[str, _core.Variable]:
    """Return every variable once, under the path where it is held and not tied."""
    held: dict[int, tuple[str, _core.Variable]] = {}
    tied: list[tuple[str, _core.Variable, bool]] = []
    for path, inner in walk(layer):
        borrowed = inner.borrowed()
        for name, variable in (*inner.own_weights(), *inner.own_buffers()):
            if name in borrowed:
                tied.append((joined(path, name), variable, borrowed[name]))
            else:
                held.setdefault(variable.id, (joined(path, name), variable))
    # The weight's owner may be outside of what was walked; then the tie is where it is found.
    for path, variable, transformed in tied:
        held.setdefault(variable.id, (f"{path}:source" if transformed else path, variable))
    return dict(held.values())


def aliases(layer: Holder) -> dict[str, str]:
    """Return {other path: path in `named`} of variables that have several paths and the same values in each."""
    first = {variable.id: path for path, variable in named(layer).items()}
    found: dict[str, str] = {}
    for path, inner in (*walk(layer), *_other_paths(layer, "", set())):
        borrowed = inner.borrowed()
        for name, variable in (*inner.own_weights(), *inner.own_buffers()):
            whole = joined(path, name)
            if whole != first[variable.id] and not borrowed.get(name, False):
                found[whole] = first[variable.id]
    return found


def set_state(layer: Holder, state: dict[str, Any]) -> None:
    """Do the work of `Layer.set_state`: check everything, then assign."""
    where = f"nn.{type(layer).__name__}.set_state"
    variables = named(layer)
    others = aliases(layer)
    values: dict[str, Any] = {}
    unexpected = [path for path in state if path not in variables and path not in others]
    for path, value in state.items():
        if path in unexpected:
            continue
        home = others.get(path, path)
        array = np.asarray(value)
        if home in values and not np.array_equal(values[home], array, equal_nan=array.dtype.kind == "f"):
            msg = f"[{where}] {path!r} and {home!r} are one variable, but bring different values"
            raise InputError(msg)
        values[home] = array
    missing = [path for path in variables if path not in values]
    if missing or unexpected:
        msg = (
            f"[{where}] the state does not fit {layer.name!r}: missing {_listed(missing)}; "
            f"unexpected {_listed(unexpected)}; nothing was changed"
        )
        raise InputError(msg)
    for path, variable in variables.items():
        values[path] = _fitting(where, path, values[path], variable)
    for path, variable in variables.items():
        variable.assign(values[path])


def _fitting(where: str, path: str, array: Any, variable: _core.Variable) -> Any:
    if array.shape != tuple(variable.shape):
        msg = (
            f"[{where}] {path!r} has shape {tuple(variable.shape)}, the state brings {array.shape}; nothing was changed"
        )
        raise InputError(msg)
    if not np.can_cast(array.dtype, variable.dtype, "same_kind"):
        msg = f"[{where}] {path!r} is {variable.dtype}, the state brings {array.dtype}; nothing was changed"
        raise InputError(msg)
    return array.astype(variable.dtype)


def _listed(paths: list[str]) -> str:
    if not paths:
        return "nothing"
    return ", ".join(map(repr, paths[:10])) + (f" and {len(paths) - 10} more" if len(paths) > 10 else "")
