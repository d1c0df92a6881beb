"""Files written whole or not at all, and figures among them."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

from stochos import _checks, _core
from stochos.errors import InputError

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["check", "check_figure", "figure", "whole"]

_FIGURES = (".png", ".svg", ".pdf")


def whole(path: str | os.PathLike[str], content: Buffer, where: str) -> None:
    """Replace the file at `path` by `content`, whole or not at all.

    Raises
    ------
    FileError
        It cannot be written; what was there is as it was.
    """
    file = _core.AtomicFile(os.fsdecode(path), where)
    try:
        file.write(content)
        file.commit()
    finally:
        file.discard()  # after commit() there is nothing left to discard


def check(path: str | os.PathLike[str], where: str) -> None:
    """Fail now, not after the long work, when `path` cannot be written.

    Raises
    ------
    FileError
    """
    _core.AtomicFile(os.fsdecode(path), where).discard()


def check_figure(path: str | os.PathLike[str], where: str) -> None:
    """Fail now, not after the long work, when no figure could be written to `path`.

    Raises
    ------
    InputError
        The ending names no format.
    MissingPartError
        matplotlib is not installed.
    FileError
        The file cannot be written.
    """
    if os.path.splitext(os.fsdecode(path))[1].lower() not in _FIGURES:
        msg = f"[{where}] the figure {os.fsdecode(path)} must end in {', '.join(_FIGURES)}"
        raise InputError(msg)
    _checks.optional(where, "matplotlib", "plot")
    check(path, where)


def figure(made: Any, path: str | os.PathLike[str], where: str, dpi: int = 150) -> None:
    """Write a figure of matplotlib in the format that the ending names; see `check_figure`."""
    buffer = io.BytesIO()
    made.savefig(buffer, dpi=dpi, format=os.path.splitext(os.fsdecode(path))[1].lower()[1:])
    whole(path, buffer.getbuffer(), where)
