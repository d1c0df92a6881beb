"""Small pictures side by side as inline SVG in the colours of the page: clouds of points as they change."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_SIDE, _GAP, _TOP = 200, 12, 20


def clouds(
    beneath: NDArray[np.float64], above: Sequence[NDArray[np.float64]], titles: Sequence[str], reach: float, label: str
) -> str:
    """Draw one square for each cloud, three in a row, with the same points beneath all of them.

    Parameters
    ----------
    beneath : ndarray of shape (N, 2)
        Points of the true law.
    above : sequence of ndarray of shape (M, 2)
        The clouds; points outside the square are left out.
    titles : sequence of str
        One for each.
    reach : float
        The squares show -reach to reach on both axes.
    label : str
        What a screen reader says.
    """
    across = min(3, len(above))
    down = -(-len(above) // across)
    width = across * (_SIDE + _GAP) - _GAP
    height = down * (_SIDE + _TOP + _GAP) - _GAP
    parts = [f'<svg viewBox="-1 0 {width + 2} {height + 1}" role="img" aria-label="{escape(label)}" font-size="13">']

    def dots(points: NDArray[np.float64], left: float, top: float, size: float) -> str:
        inside = points[(abs(points) <= reach).all(axis=1)]
        places = (inside / reach + 1) * (_SIDE / 2)
        # Many short strokes of one path are far smaller than circles.
        moves = "".join(f"M{left + a:.1f} {top + _SIDE - b:.1f}h0" for a, b in places)
        return f'<path d="{moves}" stroke="currentColor" stroke-width="{size}" stroke-linecap="round" fill="none"/>'

    for i, (points, title) in enumerate(zip(above, titles, strict=True)):
        left, top = (i % across) * (_SIDE + _GAP), (i // across) * (_SIDE + _TOP + _GAP) + _TOP
        parts.append(f'<text x="{left}" y="{top - 6}">{escape(title)}</text>')
        parts.append(
            f'<path class="grid" fill="none" d="M{left} {top}h{_SIDE}v{_SIDE}h-{_SIDE}z"/>'
            f'<g class="g7" stroke-opacity=".35">{dots(beneath, left, top, 5)}</g>'
            f'<g class="g1" stroke-opacity=".75">{dots(points, left, top, 2.2)}</g>'
        )
    return "".join(parts) + "</svg>"
