"""Small data that travel with the package, each beside its licence."""

from __future__ import annotations

import lzma
from importlib import resources
from pathlib import Path

from stochos.errors import UnknownNameError

__all__ = ["available", "licence", "load_text", "path"]

#: Name → what it is. The data lie in this folder as NAME.txt.xz and NAME.LICENSE.txt.
TEXTS = {
    "bible-asv": "The American Standard Version of the Bible (1901, public domain): 31,086 verses, 786,774 words",
}


def available() -> dict[str, str]:
    """List the data sets.

    Returns
    -------
    dict
        Name → one line that says what it is.
    """
    return dict(TEXTS)


def _file(name: str, ending: str, where: str) -> Path:
    if name not in TEXTS:
        msg = f"[datasets.{where}] there is no data set {name!r}; available: {', '.join(TEXTS)}"
        raise UnknownNameError(msg)
    return Path(str(resources.files(__name__) / f"{name}{ending}"))


def path(name: str) -> Path:
    """Return the path of a text, a ``.txt.xz`` file that :func:`stochos.words.count` takes as it is.

    Parameters
    ----------
    name : str
        A name from :func:`available`.

    Raises
    ------
    UnknownNameError
        There is no such data set.

    Examples
    --------
    >>> from stochos import datasets
    >>> datasets.path("bible-asv").name
    'bible-asv.txt.xz'
    """
    return _file(name, ".txt.xz", "path")


def load_text(name: str) -> list[str]:
    """Return a text as a list of lines: lowercase words between single spaces, one sentence or verse a line.

    Parameters
    ----------
    name : str
        A name from :func:`available`.

    Raises
    ------
    UnknownNameError
        There is no such data set.

    Examples
    --------
    >>> from stochos import datasets
    >>> datasets.load_text("bible-asv")[0]
    'in the beginning god created the heavens and the earth'
    """
    with lzma.open(_file(name, ".txt.xz", "load_text"), "rt", encoding="utf-8", newline="\n") as file:
        return file.read().splitlines()


def licence(name: str) -> str:
    """Return where a text comes from and under which licence it stands.

    Parameters
    ----------
    name : str
        A name from :func:`available`.

    Raises
    ------
    UnknownNameError
        There is no such data set.
    """
    return _file(name, ".LICENSE.txt", "licence").read_text(encoding="utf-8")
