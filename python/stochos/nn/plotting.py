"""The picture of a model's graph, with matplotlib."""

from __future__ import annotations

import os
import textwrap
from typing import Any

from stochos import _checks, _figures
from stochos.errors import InputError
from stochos.nn import _layout, _trees
from stochos.nn._weights import Tie
from stochos.nn.layer import Layer
from stochos.nn.model import Model
from stochos.nn.summary import calls, labels, shape, sources
from stochos.nn.symbols import Symbol

__all__ = ["plot"]

WHERE = "nn.Model.plot"
_FONT = 9  # points
_LINE = 0.17  # inches of a line
_ROW_GAP, _GAP = 0.42, 0.3
_WIDEST = 26  # characters in a line of a box
_MOST = 30.0  # inches a picture may be wide or high before everything shrinks
# Fills for layers that are called several times; the scheme is "Pastel1" of ColorBrewer.
_SHARED = ("#fbb4ae", "#b3cde3", "#ccebc5", "#decbe4", "#fed9a6", "#ffffcc", "#e5d8bd", "#fddaec")
_PLAIN = {"input": "#e8eef7", "layer": "#ffffff", "function": "#f2f2f2", "model": "#f7f3e8", "output": "#e8eef7"}


class _Box:
    """A box: its lines and its look."""

    def __init__(self, lines: list[str], kind: str) -> None:
        parts = [textwrap.wrap(line, _WIDEST, break_on_hyphens=False) or [""] for line in lines]
        self.bold = len(parts[0])  # lines of the name
        self.lines = [part for line in parts for part in line]
        self.fill = _PLAIN[kind]
        self.dashed = kind == "function"
        self.frozen = False
        self.width = max(_width(line, n < self.bold) for n, line in enumerate(self.lines)) + 0.24
        self.height = len(self.lines) * _LINE + 0.16


def _width(text: str, bold: bool) -> float:
    """Return how wide a line is, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(weight="bold" if bold else "normal")
    return float(TextPath((0, 0), text or " ", size=_FONT, prop=font).get_extents().width) / 72 if text.strip() else 0.0


def plot(model: Model, path: str | os.PathLike[str] | None, nested: bool, ax: Any) -> Any:
    """Do the work of `Model.plot`."""
    _checks.optional(WHERE, "matplotlib", "plot")
    if not model.built:
        msg = f"[{WHERE}] {model.name!r} has no graph yet; call it once, or begin it with nn.Input"
        raise InputError(msg)
    boxes, edges, notes = _graph(model.expand() if nested else model)
    places, ways = _layout.arranged([box.width for box in boxes], edges, _GAP)
    tops = _rows(boxes, places)
    left = min(x - box.width / 2 for (x, _), box in zip(places, boxes, strict=True))
    right = max(x + box.width / 2 for (x, _), box in zip(places, boxes, strict=True))
    for way in ways:
        left, right = min([left, *(x for x, _ in way)]), max([right, *(x for x, _ in way)])
    # The graph stands in the middle of what is written below it.
    spare = max([0.0, *(_width(note, False) * 8 / _FONT - (right - left) for note in notes)])
    left, right = left - spare / 2, right + spare / 2
    bottom = tops[-1]
    if ax is not None:
        ax = _figures.axes(WHERE, path, ax)
    else:
        ax = _axes(path, right - left + 0.4, bottom + 0.4 + 0.2 * len(notes))
    ax.set(xlim=(left - 0.2, right + 0.2), ylim=(bottom + 0.2 + 0.2 * len(notes), -0.2))
    ax.set_aspect("equal")
    ax.axis("off")
    # Letters shrink with the picture, so that they stay inside their boxes.
    figure = ax.figure
    figure.canvas.draw()
    inches = ax.get_window_extent().width / figure.dpi
    scale = min(1.0, inches / (right - left + 0.4), ax.get_window_extent().height / figure.dpi / (bottom + 0.4))
    _draw_edges(ax, boxes, edges, places, ways, tops, scale)
    _draw_boxes(ax, boxes, places, tops, scale)
    for number, note in enumerate(notes):
        ax.text(left, bottom + 0.2 + 0.2 * number, note, fontsize=8 * scale, color="#555555", va="center")
    _figures.keep(figure, path, WHERE)
    return ax


def _axes(path: _figures.Path, width: float, height: float) -> Any:
    shrink = min(1.0, _MOST / max(width, height))
    size = (max(width * shrink, 0.5), max(height * shrink, 0.5))
    return _figures.new(WHERE, path, size, None).add_axes((0.0, 0.0, 1.0, 1.0))


def _graph(model: Model) -> tuple[list[_Box], list[tuple[int, int]], list[str]]:
    """Return boxes in order, edges between them, and what the colours mean."""
    names, times, told = labels(model), calls(model), sources(model)
    boxes: list[_Box] = []
    edges: list[tuple[int, int]] = []
    at: dict[Symbol, int] = {}
    fills: dict[int, str] = {}
    seen: dict[int, int] = {}
    ties: list[str] = []
    for symbol in model.inputs:
        at[symbol] = len(boxes)
        boxes.append(_Box([symbol.name, f"Input {shape(symbol)} {symbol.dtype}"], "input"))
    for call in model.calls:
        target = call.target
        number = seen[id(target)] = seen.get(id(target), 0) + 1
        kind = "model" if isinstance(target, Model) else "layer" if isinstance(target, Layer) else "function"
        lines = [names[id(target)] if kind != "function" else told[call.outputs[0]].split(":")[0]]
        if isinstance(target, Layer):
            count = [f"{target.parameter_count:,} parameters"] if target.parameters else []
            whole = ", ".join([type(target).__name__, *count])
            lines += [whole] if len(whole) <= _WIDEST else [type(target).__name__, *count]
        lines += [shape(x) for x in call.outputs]
        if kind != "function" and times[id(target)] > 1:
            lines.append(f"shared: call {number} of {times[id(target)]}")
        box = _Box(lines, kind)
        if kind != "function" and times[id(target)] > 1:
            box.fill = fills.setdefault(id(target), _SHARED[len(fills) % len(_SHARED)])
        if isinstance(target, Layer):
            box.frozen = bool(target.parameters) and not target.trainable_parameters
            if number == 1:
                ties += [f"tied: {names[id(target)]}/{k} = {_told(v, names)}" for k, v in _ties(target)]
        edges += [(at[x], len(boxes)) for x in dict.fromkeys(call.inputs)]
        at |= {x: len(boxes) for x in call.outputs}
        boxes.append(box)
    for path, symbol in _trees.paths(model.output, "output"):
        edges.append((at[symbol], len(boxes)))
        boxes.append(_Box([path.replace("/", " ")], "output"))
    notes = ["colour: boxes of one colour are one layer, with one set of weights"] if fills else []
    notes += ["thick border: frozen"] if any(box.frozen for box in boxes) else []
    return boxes, edges, notes + ties


def _ties(layer: Layer) -> list[tuple[str, Tie]]:
    return [(name, held) for name, held in layer._weights.items() if isinstance(held, Tie)]


def _told(tie: Tie, names: dict[int, str]) -> str:
    whole = f"{names.get(id(tie.layer), tie.layer.name)}/{tie.name}"
    return whole if tie.transform is None else f"{getattr(tie.transform, '__name__', 'transform')}({whole})"


def _rows(boxes: list[_Box], places: list[tuple[float, int]]) -> list[float]:
    """Return where each row begins, and where the last one ends."""
    count = max(row for _, row in places) + 1
    heights = [0.0] * count
    for box, (_, row) in zip(boxes, places, strict=True):
        heights[row] = max(heights[row], box.height)
    tops = [0.0]
    for height in heights:
        tops.append(tops[-1] + height + _ROW_GAP)
    tops[-1] -= _ROW_GAP
    return tops


def _middle(tops: list[float], row: int) -> float:
    return (tops[row] + tops[row + 1] - (_ROW_GAP if row + 2 < len(tops) else 0.0)) / 2


def _draw_edges(
    ax: Any,
    boxes: list[_Box],
    edges: list[tuple[int, int]],
    places: list[tuple[float, int]],
    ways: list[list[tuple[float, int]]],
    tops: list[float],
    scale: float,
) -> None:
    for (start, end), way in zip(edges, ways, strict=True):
        (x0, row0), (x1, row1) = places[start], places[end]
        y0 = _middle(tops, row0) + boxes[start].height / 2
        y1 = _middle(tops, row1) - boxes[end].height / 2
        points = [(x0, y0)]
        for x, row in way:
            points += [(x, tops[row]), (x, tops[row + 1] - _ROW_GAP)]
        xs, ys = zip(*points, (x1, y1), strict=True)
        ax.plot(xs[:-1], ys[:-1], color="#666666", linewidth=1.0 * scale, zorder=1, solid_joinstyle="round")
        style = {"arrowstyle": "-|>", "color": "#666666", "linewidth": 1.0 * scale, "mutation_scale": 9 * scale}
        ax.annotate("", (x1, y1), (xs[-2], ys[-2]), arrowprops=style | {"shrinkA": 0, "shrinkB": 0}, zorder=1)


def _draw_boxes(ax: Any, boxes: list[_Box], places: list[tuple[float, int]], tops: list[float], scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    for box, (x, row) in zip(boxes, places, strict=True):
        y = _middle(tops, row)
        ax.add_patch(
            FancyBboxPatch(
                (x - box.width / 2 + 0.04, y - box.height / 2 + 0.04),
                box.width - 0.08,
                box.height - 0.08,
                boxstyle="round,pad=0.04",
                facecolor=box.fill,
                edgecolor="#333333",
                linestyle="--" if box.dashed else "-",
                linewidth=(2.4 if box.frozen else 1.0) * scale,
                zorder=2,
            )
        )
        for number, line in enumerate(box.lines):
            ax.text(
                x,
                y - box.height / 2 + 0.08 + _LINE * (number + 0.5),
                line,
                ha="center",
                va="center",
                fontsize=_FONT * scale,
                color="#000000" if number < box.bold else "#444444",
                weight="bold" if number < box.bold else "normal",
                zorder=3,
            )
