"""Small charts as inline SVG: curves, stacked areas, bars and a heat map. They take their colours from the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from stochos.nn.flow._weights import Array

__all__ = ["STYLE", "bars", "curves", "heat", "stacked"]

_WIDE, _HIGH = 480, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 470, 12, 208
_POINTS = 300  # of a curve; more would not be seen

#: Colours for the classes that the charts use; a page that has its own need not take them.
STYLE = """
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #23262b; --soft: #5d646e; --line: #d9d6cd; --card: #fff;
  --accent: #0b62a8; --g0: #0b62a8; --g1: #b4452c; --g2: #1b7a3d; --g3: #8a5a00; --g4: #7a3fa0; --g5: #00727c;
  --g6: #b0307a; --g7: #56606b; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e6e4df; --soft: #a2a8b1; --line: #363a41;
  --card: #1e2126; --accent: #74b6ef; --g0: #74b6ef; --g1: #f0937d; --g2: #7ccf95; --g3: #e0b25a; --g4: #c9a0ea;
  --g5: #67cbd4; --g6: #f08cc2; --g7: #b3bac3; } }
svg text { fill: var(--ink); font-family: inherit; } svg .soft { fill: var(--soft); }
svg .grid { stroke: var(--line); fill: none; } svg .axis { stroke: var(--soft); fill: none; }
.g0 { color: var(--g0); } .g1 { color: var(--g1); } .g2 { color: var(--g2); } .g3 { color: var(--g3); }
.g4 { color: var(--g4); } .g5 { color: var(--g5); } .g6 { color: var(--g6); } .g7 { color: var(--g7); }
"""


def _ticks(low: float, high: float, whole: bool = False) -> list[float]:
    raw = (high - low) / 5 or 1.0
    step = 10.0 ** math.floor(math.log10(raw))
    step *= next(m for m in (1, 2, 5, 10) if m * step >= raw)
    step = max(1.0, round(step)) if whole else step
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


class _Frame:
    """Axes, grid and labels; `log` shows powers of ten for values that are decimal logarithms."""

    def __init__(
        self, title: str, x: tuple[float, float], y: tuple[float, float], names: tuple[str, str], log: bool = False
    ) -> None:
        self.x, self.y = x, (y[0], y[1] if y[1] > y[0] else y[0] + 1.0)
        self.title, self.high = escape(title), _HIGH
        self.parts = [f"<title>{self.title}</title>"]
        for tick in _ticks(*self.x, whole=self.x[1] > 2):
            at = self.across(tick)
            self.parts.append(f'<path class="grid" d="M{at:.1f} {_TOP}V{_BOTTOM}"/>')
            self.parts.append(
                f'<text class="soft" x="{at:.1f}" y="{_BOTTOM + 16}" text-anchor="middle">{tick:g}</text>'
            )
        for tick in _ticks(*self.y, whole=log):
            at = self.up(tick)
            told = f'10<tspan dy="-4" font-size="9">{tick:g}</tspan>' if log else f"{tick:g}"
            self.parts.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{_RIGHT}"/>')
            self.parts.append(f'<text class="soft" x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{told}</text>')
        middle, turned = (_LEFT + _RIGHT) / 2, f"translate(13 {(_TOP + _BOTTOM) / 2:.0f}) rotate(-90)"
        self.parts.append(f'<text x="{middle:.0f}" y="{_HIGH - 8}" text-anchor="middle">{escape(names[0])}</text>')
        self.parts.append(f'<text transform="{turned}" text-anchor="middle">{escape(names[1])}</text>')

    def across(self, value: Any) -> Any:
        """Return where a number lies on the x axis."""
        return _LEFT + (value - self.x[0]) / ((self.x[1] - self.x[0]) or 1.0) * (_RIGHT - _LEFT)

    def up(self, value: Any) -> Any:
        """Return where a number lies on the y axis."""
        return _BOTTOM - (value - self.y[0]) / (self.y[1] - self.y[0]) * (_BOTTOM - _TOP)

    def legend(self, names: Sequence[str]) -> None:
        """Name the colours in rows below the axes."""
        x, y = float(_LEFT), _HIGH + 10
        for k, name in enumerate(names):
            wide = len(name) * 6.8 + 30
            if x + wide > _RIGHT and x > _LEFT:
                x, y = float(_LEFT), y + 17
            self.parts.append(
                f'<g class="g{k % 8}"><rect x="{x:.0f}" y="{y - 9}" width="10" height="10" fill="currentColor"/></g>'
                f'<text x="{x + 15:.0f}" y="{y}">{escape(name)}</text>'
            )
            x += wide
        self.high = y + 8

    def done(self) -> str:
        """Return the whole picture."""
        head = f'<svg viewBox="0 0 {_WIDE} {self.high}" role="img" aria-label="{self.title}" font-size="12">'
        return head + "".join(self.parts) + "</svg>"


def _thinned(x: Array, *rows: Array) -> list[Array]:
    if len(x) <= _POINTS:
        return [x, *rows]
    chosen = np.unique(np.linspace(0, len(x) - 1, _POINTS).round().astype(int))
    return [x[chosen], *(row[chosen] for row in rows)]


def curves(lines: Mapping[str, tuple[Any, Array]], title: str, names: tuple[str, str], *, log: bool = False) -> str:
    """Draw curves.

    Parameters
    ----------
    lines : mapping of str to (x, y)
        With `log`, y is a natural logarithm and the axis shows powers of ten.
    title : str
    names : pair of str
        Of the axes.
    log : bool
    """
    scale = 1 / math.log(10) if log else 1.0
    held = {}
    for name, (x, y) in lines.items():
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64) * scale
        good = np.isfinite(y)
        held[name] = (x[good], np.maximum(y[good], -300.0) if log else y[good])
    every = np.concatenate([y for _, y in held.values()])
    places = np.concatenate([np.asarray(x, np.float64) for x, _ in lines.values()])
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    if log:
        low, high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
    else:
        low, high = min(0.0, low), high * 1.05
    frame = _Frame(title, (float(places.min()), float(places.max())), (low, high), names, log)
    for k, (x, y) in enumerate(held.values()):
        a, b = _thinned(x, y)
        points = " ".join(f"{frame.across(p):.1f},{frame.up(q):.1f}" for p, q in zip(a, b, strict=True))
        frame.parts.append(
            f'<g class="g{k % 8}"><polyline points="{points}" fill="none" stroke="currentColor" '
            'stroke-width="1.8"/></g>'
        )
    if len(held) > 1:
        frame.legend(list(held))
    return frame.done()


def stacked(rows: Mapping[str, Array], title: str, names: tuple[str, str]) -> str:
    """Draw areas upon each other, the first at the bottom; x is 0, 1, 2 ..."""
    held = [np.nan_to_num(np.asarray(row, np.float64)) for row in rows.values()]
    x, *held = _thinned(np.arange(len(held[0]), dtype=np.float64), *held)
    frame = _Frame(title, (0.0, max(1.0, float(x[-1]))), (0.0, float(np.sum(held, axis=0).max()) * 1.05), names)
    base = np.zeros(len(x))
    for k, row in enumerate(held):
        top = base + row
        points = [f"{frame.across(p):.1f},{frame.up(q):.1f}" for p, q in zip(x, top, strict=True)]
        points += [f"{frame.across(p):.1f},{frame.up(q):.1f}" for p, q in zip(x[::-1], base[::-1], strict=True)]
        frame.parts.append(
            f'<g class="g{k % 8}"><polygon points="{" ".join(points)}" fill="currentColor" fill-opacity=".75"/></g>'
        )
        base = top
    frame.legend(list(rows))
    return frame.done()


def bars(steps: Mapping[str, tuple[Array, Array]], title: str, names: tuple[str, str]) -> str:
    """Draw histograms over each other.

    Parameters
    ----------
    steps : mapping of str to (edges, shares)
    title : str
    names : pair of str
    """
    low = min(float(edges[0]) for edges, _ in steps.values())
    high = max(float(edges[-1]) for edges, _ in steps.values())
    most = max(float(shares.max()) for _, shares in steps.values())
    frame = _Frame(title, (low, high), (0.0, most * 1.05 or 1.0), names)
    for k, (edges, shares) in enumerate(steps.values()):
        path = f"M{frame.across(edges[0]):.1f} {_BOTTOM}"
        for start, end, share in zip(edges[:-1], edges[1:], shares, strict=True):
            path += f"L{frame.across(start):.1f} {frame.up(share):.1f}L{frame.across(end):.1f} {frame.up(share):.1f}"
        path += f"L{frame.across(edges[-1]):.1f} {_BOTTOM}Z"
        frame.parts.append(
            f'<g class="g{k % 8}"><path d="{path}" fill="currentColor" fill-opacity=".22" stroke="currentColor" '
            'stroke-width="1.4"/></g>'
        )
    frame.legend(list(steps))
    return frame.done()


# Blue for less than 1, white at 1, red for more: ends and middle of ColorBrewer's RdBu.
_COLOURS = np.array([[5, 48, 97], [67, 147, 195], [247, 247, 247], [214, 96, 77], [103, 0, 31]], dtype=np.float64)


def colour(value: float) -> str:
    """Return the colour of a number from -1 to 1."""
    place = (min(1.0, max(-1.0, value)) + 1) / 2 * (len(_COLOURS) - 1)
    k = min(int(place), len(_COLOURS) - 2)
    red, green, blue = _COLOURS[k] + (place - k) * (_COLOURS[k + 1] - _COLOURS[k])
    return f"#{round(red):02x}{round(green):02x}{round(blue):02x}"


def heat(ends: Any, lags: Any, logs: Array, title: str, most: float = 6.0) -> str:
    """Draw log norms (E, L) as a heat map: steps across, lags upwards; white is 1.

    Parameters
    ----------
    ends, lags : arrays
    logs : array, shape (E, L)
        Natural logarithms; NaN is left empty.
    title : str
    most : float
        Decades at which the colours end.
    """
    values = np.asarray(logs, np.float64) / math.log(10)
    known = values[np.isfinite(values)]
    most = min(most, max(1.0, math.ceil(float(np.abs(known).max())) if known.size else 1.0))
    first = float(ends[0] - (ends[1] - ends[0] if len(ends) > 1 else 1))
    frame = _Frame(title, (max(-1.0, first), float(ends[-1])), (0.0, float(lags[-1])), ("step t", "lag k"))
    lefts = np.concatenate([[max(-1.0, first)], ends[:-1]])
    bottoms = np.concatenate([[0], lags[:-1]])
    for e, (left, right) in enumerate(zip(lefts, ends, strict=True)):
        a, b = frame.across(left), frame.across(right)
        for k, (under, over) in enumerate(zip(bottoms, lags, strict=True)):
            if np.isnan(values[e, k]):
                continue
            top, foot = frame.up(over), frame.up(under)
            frame.parts.append(
                f'<rect x="{a:.1f}" y="{top:.1f}" width="{b - a + 0.3:.1f}" height="{foot - top + 0.3:.1f}" '
                f'fill="{colour(values[e, k] / most)}"/>'
            )
    for k in range(41):
        x = _LEFT + 12 + k * 3
        frame.parts.append(f'<rect x="{x}" y="{_TOP + 6}" width="3.2" height="9" fill="{colour(k / 20 - 1)}"/>')
    for place, told in ((0, f"1e-{most:g}"), (20, "1"), (40, f"1e+{most:g}")):
        frame.parts.append(
            f'<text class="soft" x="{_LEFT + 14 + place * 3}" y="{_TOP + 27}" text-anchor="middle" '
            f'font-size="10">{told}</text>'
        )
    return frame.done()
