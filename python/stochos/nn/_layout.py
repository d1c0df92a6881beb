"""Places for the boxes of a graph: rows by depth, few crossings, straight ways where possible.

Layered drawing after K. Sugiyama, S. Tagawa and M. Toda, IEEE Trans. SMC 11 (1981) 109-125: long edges get a place in
every row that they cross; rows are ordered by the barycentre of their neighbours, down and up; then boxes move towards
their neighbours as far as the order and the widths allow.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

__all__ = ["arranged"]

_SWEEPS = 12


def arranged(
    widths: Sequence[float], edges: Sequence[tuple[int, int]], gap: float, thin: float = 0.3
) -> tuple[list[tuple[float, int]], list[list[tuple[float, int]]]]:
    """Place boxes.

    Parameters
    ----------
    widths : sequence of float
        Of the boxes, which stand in an order in which every edge goes forward.
    edges : sequence of (int, int)
        From box to box.
    gap : float
        Least room between neighbours in a row.
    thin : float
        Width of the place of an edge that crosses a row.

    Returns
    -------
    places : list of (float, int)
        Middle and row of each box.
    ways : list of list of (float, int)
        For each edge the places where it crosses rows, between its ends.
    """
    rows_of = _depths(len(widths), edges)
    size = list(widths)
    row_of = list(rows_of)
    links: list[tuple[int, int]] = []
    bends: list[list[int]] = []
    for start, end in edges:
        chain = [start]
        for row in range(rows_of[start] + 1, rows_of[end]):
            size.append(thin)
            row_of.append(row)
            chain.append(len(size) - 1)
        bends.append(chain[1:])
        links += list(zip(chain, [*chain[1:], end], strict=True))
    rows: list[list[int]] = [[] for _ in range(max(row_of, default=-1) + 1)]
    for node, row in enumerate(row_of):
        rows[row].append(node)
    up: list[list[int]] = [[] for _ in size]
    down: list[list[int]] = [[] for _ in size]
    for start, end in links:
        down[start].append(end)
        up[end].append(start)
    rows = _ordered(rows, up, down)
    x = _spread(rows, size, up, down, gap)
    middle = [(x[node], row_of[node]) for node in range(len(size))]
    return middle[: len(widths)], [[middle[node] for node in chain] for chain in bends]


def _depths(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the longest way to each box; a box without a predecessor stands right above its first follower."""
    depth = [0] * count
    for start, end in sorted(edges, key=lambda edge: edge[1]):
        depth[end] = max(depth[end], depth[start] + 1)
    targets = {end for _, end in edges}
    for node in range(count):
        after = [depth[end] for start, end in edges if start == node]
        if node not in targets and after:
            depth[node] = min(after) - 1
    return depth


def _crossings(rows: list[list[int]], down: list[list[int]]) -> int:
    total = 0
    for upper, lower in itertools.pairwise(rows):
        place = {node: n for n, node in enumerate(lower)}
        ends = [sorted(place[end] for end in down[node] if end in place) for node in upper]
        flat = [end for one in ends for end in one]
        total += sum(1 for n, a in enumerate(flat) for b in flat[n + 1 :] if b < a)
    return total


def _ordered(rows: list[list[int]], up: list[list[int]], down: list[list[int]]) -> list[list[int]]:
    best, least = [list(row) for row in rows], _crossings(rows, down)
    for sweep in range(_SWEEPS):
        if least == 0:
            break
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for row in order:
            near = rows[row - 1] if sweep % 2 == 0 else rows[row + 1]
            links = up if sweep % 2 == 0 else down
            place = {node: n for n, node in enumerate(near)}
            now = {node: n for n, node in enumerate(rows[row])}

            def weight(
                node: int, links: list[list[int]] = links, place: dict[int, int] = place, now: dict[int, int] = now
            ) -> float:
                found = [place[other] for other in links[node] if other in place]
                return sum(found) / len(found) if found else now[node] * len(place) / max(len(now), 1)

            rows[row] = sorted(rows[row], key=weight)
        crossings = _crossings(rows, down)
        if crossings < least:
            best, least = [list(row) for row in rows], crossings
    return best


def _spread(
    rows: list[list[int]], size: list[float], up: list[list[int]], down: list[list[int]], gap: float
) -> list[float]:
    """Return the middles: each box near the mean of its neighbours, in order and without overlap."""
    x = [0.0] * len(size)
    for row in rows:
        at = 0.0
        for node in row:
            x[node] = at + size[node] / 2
            at += size[node] + gap
        for node in row:
            x[node] -= (at - gap) / 2
    for sweep in range(_SWEEPS):
        links = up if sweep % 2 == 0 else down
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = [sum(x[n] for n in links[node]) / len(links[node]) if links[node] else x[node] for node in row]
            for node, place in zip(row, _packed(wanted, [size[n] for n in row], gap), strict=True):
                x[node] = place
    return x


def _packed(wanted: list[float], widths: list[float], gap: float) -> list[float]:
    """Return the places nearest to the wanted ones that keep order and distance (pool adjacent violators)."""
    offsets, at = [], 0.0
    for number, width in enumerate(widths):
        at += width / 2 + (gap + widths[number - 1] / 2 if number else 0.0)
        offsets.append(at)
    blocks: list[list[float]] = []  # sum, count
    for place, offset in zip(wanted, offsets, strict=True):
        blocks.append([place - offset, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    free = [total / count for total, count in blocks for _ in range(int(count))]
    return [start + offset for start, offset in zip(free, offsets, strict=True)]
