"""Draw every picture of the documentation, light and dark, into docs/_generated.

Each module beside this one has `SIZE` in inches (at most 4.8 wide, so that a screen of 320 pixels leaves letters large
enough) and `draw(figure, colours)`. A picture is drawn again when its module or this one is newer than the picture.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "_generated"
THEMES = {
    "light": {"ink": "#22262b", "faint": "#8a9099", "lines": ["#0b5c8a", "#b4451f", "#2f7d3b", "#6b3fa0", "#8a6a00"]},
    "dark": {"ink": "#dfe3e8", "faint": "#7d848d", "lines": ["#7cc4ee", "#f2a07b", "#8fd39a", "#c9a7f5", "#e3c668"]},
}


def module(path: Path) -> Any:
    """Load one picture's module."""
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    if spec is None or spec.loader is None:
        msg = f"{path} cannot be loaded"
        raise ImportError(msg)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def style(colours: dict[str, Any]) -> dict[str, Any]:
    """Return matplotlib's settings for a theme."""
    ink = colours["ink"]
    keys = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color", "legend.labelcolor")
    return dict.fromkeys(keys, ink) | {
        "axes.prop_cycle": plt.cycler(color=colours["lines"]),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "legend.frameon": False,
        "font.size": 11,
        "font.family": "DejaVu Sans",
        "svg.fonttype": "path",
        "svg.hashsalt": "stochos",
        "path.simplify_threshold": 0.5,
    }


def main() -> None:
    """Draw what is missing or old."""
    TARGET.mkdir(exist_ok=True)
    for path in sorted(HERE.glob("*.py")):
        files = {theme: TARGET / f"{path.stem}-{theme}.svg" for theme in THEMES}
        newest = max(path.stat().st_mtime, Path(__file__).stat().st_mtime)
        if path.name == "draw.py" or all(f.exists() and f.stat().st_mtime >= newest for f in files.values()):
            continue
        picture = module(path)
        for theme, file in files.items():
            with mpl.rc_context(style(THEMES[theme])):
                figure = Figure(figsize=picture.SIZE, layout="constrained")
                picture.draw(figure, THEMES[theme])
                figure.savefig(file, metadata={"Date": None, "Creator": None})
        sys.stdout.write(f"{path.stem}\n")


if __name__ == "__main__":
    main()
