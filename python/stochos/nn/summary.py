"""The table of a model's layers."""

from __future__ import annotations

import math
from typing import Any

from stochos._html import described
from stochos.nn._weights import Tie
from stochos.nn.layer import Layer
from stochos.nn.model import Model
from stochos.nn.symbols import Symbol

__all__ = ["Summary", "summary"]

_HEAD = ("layer", "class", "output shape", "parameters", "from")
_WIDEST = 44  # longer cells are cut in the middle


class Summary(str):
    """A text that shows itself as it is where a value is shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def summary(model: Model, nested: bool = False) -> Summary:
    """Do the work of `Model.summary`."""
    rows = [_HEAD, *_rows(model, nested, "", set())]
    cut = [tuple(_cut(cell) for cell in row) for row in rows]
    widths = [max(len(row[place]) for row in cut) for place in range(len(_HEAD))]
    lines = ["  ".join(_aligned(cell, widths[n], n) for n, cell in enumerate(row)).rstrip() for row in cut]
    rule = "-" * max(map(len, lines))
    trainable = sum(math.prod(variable.shape) for variable in model.trainable_parameters)
    total, held = model.parameter_count, sum(math.prod(variable.shape) for variable in model.buffers)
    counts = [
        f"{total:,} parameters, each shared one counted once: {trainable:,} train, {total - trainable:,} are frozen"
    ]
    if held:
        counts.append(f"kept but not trained (moving statistics, counters): {held:,}")
    return Summary(
        "\n".join([f"{type(model).__name__} {model.name!r}", rule, lines[0], rule, *lines[1:], rule, *counts])
    )


def html(model: Model) -> str:
    """Return the table of `Model.summary` as HTML."""
    rows = _rows(model, False, "", set())
    return described(model, _HEAD, rows, len(rows))


def _rows(model: Model, nested: bool, indent: str, seen: set[int]) -> list[tuple[str, ...]]:
    if not model.built:
        return [(indent + name, type(layer).__name__, "not built", "", "") for name, layer in model.children()]
    names, told = labels(model), sources(model)
    rows: list[tuple[str, ...]] = [(indent + x.name, "Input", shape(x), "0", "") for x in model.inputs]
    times = calls(model)
    shown: dict[int, int] = {}
    for call in model.calls:
        target = call.target
        shown[id(target)] = shown.get(id(target), 0) + 1
        number = shown[id(target)]
        name = names.get(id(target), told[call.outputs[0]].split(":")[0])
        if isinstance(target, Layer) and times[id(target)] > 1:
            name += f" (call {number} of {times[id(target)]})"
        inner = nested and isinstance(target, Model) and number == 1 and id(target) not in seen
        fresh = "" if inner else _own_count(target, seen)
        kind = type(target).__name__ if isinstance(target, Layer) else "function"
        origin = ", ".join(dict.fromkeys(told[x] for x in call.inputs))
        rows.append((indent + name, kind, ", ".join(map(shape, call.outputs)), fresh, origin))
        if inner:
            rows += _rows(target, nested, indent + "  ", seen)
            seen.add(id(target))
    return rows


def _own_count(target: Any, seen: set[int]) -> str:
    """Return how many numbers a layer brings that were not counted above, and why others were not."""
    if not isinstance(target, Layer):
        return "0"
    variables = target.parameters
    fresh = [variable for variable in variables if variable.id not in _counted(seen)]
    count = sum(math.prod(variable.shape) for variable in fresh)
    again = any(variable.id in _counted(seen) for variable in variables)
    seen.update((id(target), *(-variable.id - 1 for variable in variables)))
    tied = any(isinstance(held, Tie) for held in target._weights.values())
    marks = [word for word, there in (("tied", tied), ("shared", again and not tied)) if there]
    frozen = bool(variables) and not any(variable.trainable for variable in variables)
    return f"{count:,}" + "".join(f" {word}" for word in [*marks, *(["frozen"] if frozen else [])])


def _counted(seen: set[int]) -> set[int]:
    return {-number - 1 for number in seen if number < 0}


def labels(model: Model) -> dict[int, str]:
    """Return the names of the layers as paths have them, by id."""
    return {id(layer): name for name, layer in model.children()}


def calls(model: Model) -> dict[int, int]:
    """Return how often each target is called, by id."""
    found: dict[int, int] = {}
    for call in model.calls:
        found[id(call.target)] = found.get(id(call.target), 0) + 1
    return found


def sources(model: Model) -> dict[Symbol, str]:
    """Return for each symbol the name of what made it; functions are numbered, and so are the calls of one layer."""
    names, times = labels(model), calls(model)
    seen: dict[Any, int] = {}
    found = {symbol: symbol.name for symbol in model.inputs}
    for call in model.calls:
        target = call.target
        layer = isinstance(target, Layer)
        number = seen[id(target)] = seen.get(id(target), 0) + 1
        if layer:
            name = names[id(target)] + (f" ({number})" if times[id(target)] > 1 else "")
        else:
            name = target.name + (f"_{number - 1}" if number > 1 else "")
        for symbol in call.outputs:
            found[symbol] = name if len(call.outputs) == 1 else f"{name}:{symbol.index}"
    return found


def shape(symbol: Symbol) -> str:
    """Return a shape as text, "?" for an open length."""
    return f"({', '.join('?' if n is None else str(n) for n in symbol.shape)})"


def _cut(text: str) -> str:
    if len(text) <= _WIDEST:
        return text
    half = (_WIDEST - 1) // 2
    return f"{text[: _WIDEST - 1 - half]}…{text[-half:]}"


def _aligned(cell: str, width: int, place: int) -> str:
    return cell.rjust(width) if _HEAD[place] == "parameters" else cell.ljust(width)
