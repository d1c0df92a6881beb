"""Curves over time and distributions as inline SVG in the colours of the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from stochos.cli.tour.chart import _ticks

_WIDTH, _HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, _WIDTH - 12, 26, _HEIGHT - 42


class Panel:
    """One pair of axes; curves, bands and bars are added to it.

    Parameters
    ----------
    x, y : (float, float)
        The ranges shown.
    x_label, y_label : str
        What the axes show.
    title : str
        What a screen reader says.
    """

    def __init__(self, x: tuple[float, float], y: tuple[float, float], x_label: str, y_label: str, title: str) -> None:
        self._x, self._y = x, y
        self._names = 0
        self._parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}" font-size="13">']
        for tick in _ticks(*y):
            b = self._up(tick)
            self._parts.append(f'<path class="grid" d="M{_LEFT} {b:.1f}H{_RIGHT}"/>')
            self._parts.append(f'<text class="soft" x="{_LEFT - 6}" y="{b + 4:.1f}" text-anchor="end">{tick:g}</text>')
        for tick in _ticks(*x):
            a = self._across(tick)
            label = f'<text class="soft" x="{a:.1f}" y="{_BOTTOM + 17}" text-anchor="middle">{tick:g}</text>'
            self._parts.append(f'<path class="grid" d="M{a:.1f} {_TOP}V{_BOTTOM}"/>{label}')
        middle = (_LEFT + _RIGHT) / 2
        self._parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
        turned = f"translate(13 {(_TOP + _BOTTOM) / 2:.0f}) rotate(-90)"
        self._parts.append(f'<text transform="{turned}" text-anchor="middle">{escape(y_label)}</text>')

    def _across(self, value: float) -> float:
        return _LEFT + (value - self._x[0]) / (self._x[1] - self._x[0]) * (_RIGHT - _LEFT)

    def _up(self, value: float) -> float:
        return _BOTTOM - (value - self._y[0]) / (self._y[1] - self._y[0]) * (_BOTTOM - _TOP)

    def _points(self, x: Sequence[float] | NDArray[np.float64], y: Sequence[float] | NDArray[np.float64]) -> str:
        return "L".join(f"{self._across(a):.1f} {self._up(b):.1f}" for a, b in zip(x, y, strict=True))

    def curve(
        self, x: NDArray[np.float64], y: NDArray[np.float64], group: int, *, steps: bool = False, wide: bool = False
    ) -> None:
        """Add a curve in the colour of a group; as steps that hold each value until the next, if asked."""
        if steps:
            x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
        look = 'stroke-width="2"' if wide else 'stroke-width="1.1" stroke-opacity=".75"'
        path = f'<path d="M{self._points(x, y)}" fill="none" stroke="currentColor" {look}/>'
        self._parts.append(f'<g class="g{group}">{path}</g>')

    def band(self, x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], group: int) -> None:
        """Fill between two curves."""
        outline = self._points(np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]]))
        self._parts.append(f'<g class="g{group}"><path d="M{outline}Z" fill="currentColor" fill-opacity=".18"/></g>')

    def bars(self, heights: NDArray[np.float64], group: int) -> None:
        """Draw a bar at each whole number from 0."""
        base = self._up(0.0)
        d = "".join(
            f"M{self._across(k - 0.45):.1f} {base:.1f}V{self._up(h):.1f}H{self._across(k + 0.45):.1f}V{base:.1f}Z"
            for k, h in enumerate(heights)
            if h > 0
        )
        self._parts.append(f'<g class="g{group}"><path d="{d}" fill="currentColor" fill-opacity=".4"/></g>')

    def name(self, text: str, group: int) -> None:
        """Name a group, above the axes."""
        a = _LEFT + 150 * self._names
        self._names += 1
        mark = f'<path d="M{a} 12H{a + 16}" stroke="currentColor" stroke-width="3"/>'
        self._parts.append(f'<g class="g{group}">{mark}</g><text x="{a + 22}" y="16">{escape(text)}</text>')

    def svg(self) -> str:
        """Return the drawing."""
        return "".join(self._parts) + "</svg>"
