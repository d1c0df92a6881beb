"""Small charts as inline SVG that take their colours from the page, so that they turn dark with it and print well."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_WIDTH, _HEIGHT = 480, 400


def _ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 5
    step = 10.0 ** math.floor(math.log10(raw))
    step *= next(m for m in (1, 2, 5, 10) if m * step >= raw)
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step) + 1)]


def scatter(x: Sequence[float], y: Sequence[float], x_label: str, y_label: str, title: str) -> str:
    """Draw points with the line x = y, both axes on the same scale.

    Parameters
    ----------
    x, y : sequences of float
        The points, not empty, finite.
    x_label, y_label : str
        What the axes show.
    title : str
        What a screen reader says.
    """
    low, high = min(*x, *y), max(*x, *y)
    margin = 0.05 * (high - low) or 1.0
    low, high = low - margin, high + margin
    left, right, top, bottom = 44, _WIDTH - 10, 10, _HEIGHT - 44

    def across(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    def up(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}" font-size="13">']
    for tick in _ticks(low, high):
        a, b = across(tick), up(tick)
        parts.append(f'<path class="grid" d="M{a:.1f} {top}V{bottom}M{left} {b:.1f}H{right}"/>')
        parts.append(f'<text class="soft" x="{a:.1f}" y="{bottom + 17}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text class="soft" x="{left - 6}" y="{b + 4:.1f}" text-anchor="end">{tick:g}</text>')
    dots = "".join(f'<circle cx="{across(a):.1f}" cy="{up(b):.1f}" r="2"/>' for a, b in zip(x, y, strict=True))
    parts.append(f'<g class="g0" fill="currentColor" fill-opacity=".45">{dots}</g>')
    parts.append(f'<path class="rule" stroke-width="1.5" d="M{left} {bottom}L{right} {top}"/>')
    middle = (left + right) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
    turned = f"translate(13 {(top + bottom) / 2:.0f}) rotate(-90)"
    parts.append(f'<text transform="{turned}" text-anchor="middle">{escape(y_label)}</text>')
    return "".join(parts) + "</svg>"


def word_map(words: Sequence[str], x: Sequence[float], y: Sequence[float], groups: Sequence[int], title: str) -> str:
    """Draw words at their places, one colour per group; labels that would overlap are moved apart.

    Parameters
    ----------
    words : sequence of str
        The labels.
    x, y : sequences of float
        Their places, in any unit.
    groups : sequence of int
        Their groups, 0 to 7.
    title : str
        What a screen reader says.
    """
    size, edge, letter, line = 480, 30, 7.7, 13.5

    def scaled(values: Sequence[float], flip: bool) -> list[float]:
        low, high = min(values), max(values)
        spread = high - low or 1.0
        inside = [edge + (v - low) / spread * (size - 2 * edge) for v in values]
        return [size - v for v in inside] if flip else inside

    ax, ay = scaled(x, False), scaled(y, True)
    halves = [len(word) * letter / 2 + 3 for word in words]
    lx, ly = list(ax), [v - 4 for v in ay]
    for _ in range(300):
        moved = False
        for i in range(len(words)):
            for j in range(i):
                dx, dy = lx[i] - lx[j], ly[i] - ly[j]
                over_x, over_y = halves[i] + halves[j] - abs(dx), line - abs(dy)
                if over_x <= 0 or over_y <= 0:
                    continue
                moved = True
                push = (over_y / 2 + 0.1) * (1 if dy >= 0 else -1)
                ly[i] += push
                ly[j] -= push
        for i, half in enumerate(halves):
            lx[i] = min(max(lx[i], half), size - half)
            ly[i] = min(max(ly[i], line), size - 4)
        if not moved:
            break
    parts = [f'<svg viewBox="0 0 {size} {size}" role="img" aria-label="{escape(title)}" font-size="12.5">']
    for a, b, c, d, word, group in zip(ax, ay, lx, ly, words, groups, strict=True):
        lead = f'<path class="grid" d="M{a:.1f} {b:.1f}L{c:.1f} {d - 4:.1f}"/>' if abs(d + 4 - b) > 6 else ""
        parts.append(
            f'<g class="g{group}">{lead}<circle class="mark" cx="{a:.1f}" cy="{b:.1f}" r="2.5"/>'
            f'<text class="mark" x="{c:.1f}" y="{d:.1f}" text-anchor="middle">{escape(word)}</text></g>'
        )
    return "".join(parts) + "</svg>"


def neighbours_map(distances: NDArray[np.float64], perplexity: float = 6.0) -> NDArray[np.float64]:
    """Lay a few dozen points out in the plane so that near neighbours stay near: exact t-SNE, without a random draw.

    Parameters
    ----------
    distances : ndarray of float64, shape (N, N)
        Symmetric, zero on the diagonal.
    perplexity : float
        About how many neighbours a point keeps, below N.

    Returns
    -------
    ndarray of float64, shape (N, 2)
        The places.

    References
    ----------
    L. van der Maaten, G. Hinton, Visualizing data using t-SNE, JMLR 9 (2008).
    """
    count = len(distances)
    near = np.zeros((count, count))
    for i in range(count):
        others = np.delete(distances[i], i)
        low, high = 1e-6, 1e6
        for _ in range(60):  # bisection in the logarithm for the width that gives the perplexity
            beta = math.sqrt(low * high)
            weights = np.exp(-beta * (others - others.min()))
            weights /= weights.sum()
            entropy = -np.sum(weights * np.log(np.maximum(weights, 1e-300)))
            low, high = (beta, high) if entropy > math.log(perplexity) else (low, beta)
        near[i] = np.insert(weights, i, 0.0)
    near = (near + near.T) / (2 * count)
    # Start: the two leading axes of classical scaling, each with a fixed sign.
    centred = -0.5 * (distances**2 - (distances**2).mean(0) - (distances**2).mean(1)[:, None] + (distances**2).mean())
    axes = np.linalg.eigh(centred)[1][:, -2:]
    places = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]]) * 1e-2
    step = np.zeros_like(places)
    for iteration in range(700):
        gap = places[:, None] - places[None]
        kernel = 1 / (1 + (gap**2).sum(axis=2))
        np.fill_diagonal(kernel, 0.0)
        pull = (near * (4.0 if iteration < 100 else 1.0) - kernel / kernel.sum()) * kernel
        step = (0.5 if iteration < 100 else 0.8) * step - 8.0 * (pull[:, :, None] * gap).sum(axis=1)
        places = places + step
    return np.asarray(places - places.mean(axis=0))
