"""Where the parameters of a base model are: the entry, and one box for each set of weights of a layer."""

from __future__ import annotations

from typing import Any

SIZE = (4.8, 1.9)
PIECES, PLACES, HIDDEN, INNER, LAYERS = 30_000, 512, 768, 3072, 12


def entry(width: int) -> int:
    """Return the parameters of the tables, their norm, and the way to the hidden width where there is one."""
    to_hidden = width * HIDDEN + HIDDEN if width != HIDDEN else 0
    return (PIECES + PLACES + 2) * width + 2 * width + to_hidden


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw three rows of boxes."""
    layer = 4 * (HIDDEN**2 + HIDDEN) + 2 * HIDDEN * INNER + INNER + HIDDEN + 4 * HIDDEN
    axes = figure.subplots()
    rows = [("BERT", HIDDEN, LAYERS), ("ALBERT", 128, 1), ("unshare()", 128, LAYERS)]
    for place, (_, width, sets) in enumerate(rows):
        first = entry(width) / 1e6
        axes.barh(place, first, color=colours["lines"][1], label="$V, P, E$" if not place else None)
        for k in range(sets):
            axes.barh(
                place, layer / 1e6, left=first + k * layer / 1e6, color=colours["lines"][0],
                edgecolor=colours["ink"], linewidth=0.6, label=r"$N_{\mathrm{layer}}$" if not place and not k else None,
            )  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel("$10^6$")
    axes.legend(loc="center right")
