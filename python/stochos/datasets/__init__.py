"""Small data that travel with the package, each beside its licence."""

from __future__ import annotations

import lzma
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stochos.errors import InputError, UnknownNameError

__all__ = ["available", "licence", "load_digits", "load_text", "path"]

#: Name → what it is. The data lie in this folder as NAME.txt.xz and NAME.LICENSE.txt.
TEXTS = {
    "bible-asv": "The American Standard Version of the Bible (1901, public domain): 31,086 verses, 786,774 words",
}
#: Data that are no texts, each with a function of its own.
TABLES = {
    "digits": "Handwritten digits, 1,797 images of 8 x 8 (E. Alpaydin, C. Kaynak, UCI, CC BY 4.0); see load_digits",
}


def available() -> dict[str, str]:
    """List the data sets.

    Returns
    -------
    dict
        Name → one line that says what it is.
    """
    return TEXTS | TABLES


def _file(name: str, ending: str, where: str) -> Path:
    if name not in TEXTS and name not in TABLES:
        msg = f"[datasets.{where}] there is no data set {name!r}; available: {', '.join(available())}"
        raise UnknownNameError(msg)
    return Path(str(resources.files(__name__) / f"{name}{ending}"))


def path(name: str) -> Path:
    """Return the path of a data set; a text is a ``.txt.xz`` file that :func:`stochos.words.count` takes as it is.

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
    InputError
        It is no text.

    Examples
    --------
    >>> from stochos import datasets
    >>> datasets.load_text("bible-asv")[0]
    'in the beginning god created the heavens and the earth'
    """
    if name in TABLES:
        msg = f"[datasets.load_text] {name!r} is no text; use datasets.load_{name}()"
        raise InputError(msg)
    with lzma.open(_file(name, ".txt.xz", "load_text"), "rt", encoding="utf-8", newline="\n") as file:
        return file.read().splitlines()


def load_digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return handwritten digits: small pictures, and which digit each shows.

    Returns
    -------
    images : ndarray of uint8, shape (1797, 8, 8)
        Counts of dark dots in blocks of 4 x 4, from 0 to 16.
    labels : ndarray of int64, shape (1797,)
        0 to 9.

    References
    ----------
    E. Alpaydin, C. Kaynak, "Cascading Classifiers", Kybernetika 34 (1998); UCI Machine Learning Repository,
    doi:10.24432/C50P49, CC BY 4.0.

    Examples
    --------
    >>> from stochos import datasets
    >>> images, labels = datasets.load_digits()
    >>> images.shape, labels[:10].tolist()
    ((1797, 8, 8), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    with lzma.open(_file("digits", ".txt.xz", "load_digits")) as file:
        table = np.frombuffer(file.read(), dtype=np.uint8).reshape(-1, 64 + 3)  # 64 levels, space, digit, line end
    levels = table[:, :64]
    images = np.where(levels >= ord("a"), levels - (ord("a") - 10), levels - ord("0")).astype(np.uint8)
    return images.reshape(-1, 8, 8), table[:, 65].astype(np.int64) - ord("0")


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
