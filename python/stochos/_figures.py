"""Where pictures are drawn: on the caller's axes, on new ones, or on new ones that go to a file."""

from __future__ import annotations

import os
from typing import Any

from stochos import _checks, _writing

__all__ = ["Path", "axes", "keep", "new"]

Path = str | os.PathLike[str] | None


def new(where: str, path: Path, size: tuple[float, float] | None = None, layout: Any = "constrained") -> Any:
    """Make a figure; one that goes to a file is none of pyplot's, so that nothing is left open.

    Raises
    ------
    InputError, FileError, MissingPartError
        See `_writing.check_figure`.
    """
    if path is not None:
        _writing.check_figure(path, where)
        from matplotlib.figure import Figure

        return Figure(figsize=size, layout=layout)
    return _checks.optional(where, "matplotlib.pyplot", "plot").figure(figsize=size, layout=layout)


def axes(where: str, path: Path, ax: Any, size: tuple[float, float] | None = None) -> Any:
    """Return `ax`, or axes of a new figure where it is None; refuse a path that cannot be written.

    Raises
    ------
    InputError, FileError, MissingPartError
        See `_writing.check_figure`.
    """
    if ax is None:
        return new(where, path, size).add_subplot()
    if path is not None:
        _writing.check_figure(path, where)
    return ax


def keep(figure: Any, path: Path, where: str) -> None:
    """Write the figure where there is a path to."""
    if path is not None:
        _writing.figure(figure, path, where)
