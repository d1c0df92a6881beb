"""The graph of a model as inline SVG that takes its colours from the page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["digits", "graph"]

_BOX, _HIGH, _GAP = 190, 36, 22  # width and height of a box, space between rows
_WIDTH = 560  # of the picture at least, so that its letters are as large as those of the other figures


def graph(model: Any, marks: Mapping[int, str] | None = None, title: str = "Graph of the model") -> str:
    """Draw the calls of a model from top to bottom, each layer with its length and its number of parameters.

    Calls of one layer have one colour, and say so from the second on.

    Parameters
    ----------
    model : Model
    marks : mapping of int to str, optional
        From ``id(layer)`` to a word under its name, such as "frozen".
    title : str
        What a screen reader says.

    Returns
    -------
    str
        An ``<svg>``.
    """
    marks = marks or {}
    depth: dict[Any, int] = dict.fromkeys(model.inputs, 0)
    boxes: list[tuple[int, str, str, int]] = [(0, x.name, _shape(x.shape), -1) for x in model.inputs]
    place = {x: number for number, x in enumerate(model.inputs)}
    arrows: list[tuple[int, int]] = []
    used: dict[int, list[int]] = {}
    for call in model.calls:
        row = 1 + max((depth[x] for x in call.inputs), default=0)
        number = len(boxes)
        before = used.setdefault(id(call.target), [])
        before.append(number)
        count = getattr(call.target, "parameter_count", 0)
        weights = "" if not count else f"{count:,} parameters" if len(before) == 1 else "the same weights"
        under = " · ".join(filter(None, (_shape(call.outputs[0].shape), weights, marks.get(id(call.target), ""))))
        boxes.append((row, call.target.name, under, id(call.target)))
        arrows += [(place[x], number) for x in call.inputs]
        for x in call.outputs:
            depth[x], place[x] = row, number
    shared = [key for key, numbers in used.items() if len(numbers) > 1 and key != -1]
    rows: dict[int, list[int]] = {}
    for number, (row, *_) in enumerate(boxes):
        rows.setdefault(row, []).append(number)
    wide = max(len(numbers) for numbers in rows.values())
    width = max(_WIDTH, wide * (_BOX + 20) + 20)
    centre: dict[int, tuple[float, float]] = {}
    for row, numbers in rows.items():
        for index, number in enumerate(numbers):
            centre[number] = (width * (index + 1) / (len(numbers) + 1), 12 + _HIGH / 2 + row * (_HIGH + _GAP))
    height = 24 + len(rows) * (_HIGH + _GAP) - _GAP
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}" font-size="12">']
    for start, end in arrows:
        parts.append(_arrow(*centre[start], *centre[end]))
    for number, (_, name, under, key) in enumerate(boxes):
        x, y = centre[number]
        parts.append(_box(x, y, name, under, shared.index(key) + 1 if key in shared else 0))
    parts.append("</svg>")
    return "".join(parts)


def _shape(shape: Sequence[int | None]) -> str:
    return " × ".join(str(n) for n in shape[1:]) if len(shape) > 1 else "1"


def _arrow(x0: float, y0: float, x1: float, y1: float) -> str:
    top, bottom = y0 + _HIGH / 2, y1 - _HIGH / 2
    return (
        f'<path class="axis" fill="none" stroke="currentColor" d="M{x0:.1f} {top:.1f}L{x1:.1f} {bottom - 6:.1f}"/>'
        f'<path class="soft" d="M{x1:.1f} {bottom:.1f}l-4 -7h8z"/>'
    )


def _box(x: float, y: float, name: str, under: str, group: int) -> str:
    left, top = x - _BOX / 2, y - _HIGH / 2
    return (
        f'<g class="g{group % 8}"><rect x="{left:.1f}" y="{top:.1f}" width="{_BOX}" height="{_HIGH}" rx="6" '
        f'fill="currentColor" fill-opacity="{0.28 if group else 0.1}" stroke="currentColor"/></g>'
        f'<text x="{x:.1f}" y="{y - 3:.1f}" text-anchor="middle">{escape(name)}</text>'
        f'<text class="soft" x="{x:.1f}" y="{y + 11:.1f}" text-anchor="middle" font-size="10">{escape(under)}</text>'
    )


def digits(images: Any, captions: Sequence[str], title: str) -> str:
    """Draw small pictures in a row, each with a caption.

    Parameters
    ----------
    images : array of shape (N, 8, 8)
        From 0 to 16.
    captions : sequence of str
    title : str
        What a screen reader says.

    Returns
    -------
    str
        An ``<svg>``.
    """
    size, dot = 56, 6
    width = size * len(images)
    parts = [f'<svg viewBox="0 0 {width} 72" role="img" aria-label="{escape(title)}" font-size="12">']
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left = number * size + (size - 8 * dot) / 2
        squares = "".join(
            f'<rect x="{left + column * dot:.0f}" y="{row * dot}" width="{dot}" height="{dot}" '
            f'fill-opacity="{image[row][column] / 16:.2f}"/>'
            for row in range(8)
            for column in range(8)
            if image[row][column]
        )
        parts.append(f'<g class="g0" fill="currentColor">{squares}</g>')
        parts.append(f'<text x="{number * size + size / 2:.0f}" y="64" text-anchor="middle">{escape(caption)}</text>')
    parts.append("</svg>")
    return "".join(parts)
