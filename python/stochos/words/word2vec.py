"""The text and binary formats of word2vec, both ways, strict about files that do not add up."""

from __future__ import annotations

import gzip
import os
import zlib
from typing import Literal

from stochos import _checks, _core, _reading
from stochos._progress import Progress, progress_callback
from stochos.errors import FileError, FileFormatError, InputError, InputTypeError
from stochos.words.vectors import Vectors

__all__ = ["from_word2vec", "write_word2vec"]

_GZIP_MAGIC = b"\x1f\x8b"
#: What a packed file may hold, in times of its size: numbers pack to a half or a third.
_MOST_TIMES = 100
#: Besides the space, what some reader takes for the end of a word; NUL ends it for those written in C.
_ENDS = "\t\n\v\f\r\0"
_MARK = "\ufeff"


def from_word2vec(
    path: str | os.PathLike[str],
    binary: bool | None = None,
    header: bool | None = None,
    errors: Literal["strict", "replace"] = "strict",
    limit: int | None = None,
    *,
    threads: int | None = None,
    progress: Progress = None,
) -> Vectors:
    """Read vectors in the text or binary format of word2vec, as gensim, GloVe, fastText and others write it.

    Parameters
    ----------
    path : str or path-like
        The file, plain or compressed with gzip (told by its first bytes).
    binary : bool, optional
        By default the content tells.
    header : bool, optional
        Whether the first line says "V d". By default the content tells; without one, d is what the first row has.
        Binary files always have one. A file without header whose first row is one number after a whole number, as
        ``5 3``, needs ``header=False``.
    errors : {"strict", "replace"}
        Bytes of a word that are not UTF-8 are an error, or become U+FFFD.
    limit : int, optional
        Read only the first `limit` rows, 1 or more. Errors in later rows, and their number, are then not seen.
    threads : int, optional
        Threads that parse a text file; the result does not depend on it.
    progress : None, bool or callable
        None: a bar on a terminal. A callable gets ``(bytes done, bytes)`` and stops the call by returning False.

    Returns
    -------
    Vectors
        Without frequencies: the order of the file stands for the order of frequency.

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        With the line (text) or row (binary): a wrong number of rows or fields, a duplicate or empty word, a number
        that is not one, not finite or too large for float32, bytes that are not UTF-8, a file cut off.

    Notes
    -----
    Fields are split at the byte 0x20 alone and numbers are the last d fields, so that a word may hold spaces or any
    other white space. A row with one number too many is an error, not a word with a space. A byte order mark, CRLF and
    white space at the ends of lines and of the file are accepted. Numbers too small for float32 become 0.
    """
    where = "words.from_word2vec"
    _checks.choice(where, "errors", errors, ("strict", "replace"))
    rows = None if limit is None else _checks.whole(where, "limit", limit, 1)
    flags: tuple[tuple[str, object], ...] = (("binary", binary), ("header", header))
    for name, value in flags:
        if value is not None and not isinstance(value, bool):
            msg = f"[{where}] {name} is {value!r}; give True, False or None"
            raise InputTypeError(msg)
    if binary and header is False:
        msg = f"[{where}] a binary file without header cannot be read: the header says the dimension"
        raise InputError(msg)
    place = _path(where, path)
    lanes = _checks.threads(where, threads)
    source = _unpacked(where, place)
    data = place if source is None else source
    with progress_callback(progress, "reading vectors", "bytes", where) as callback:
        matrix, words, is_binary, first = _core.words_read_word2vec(
            data, _reading.shown(place), binary, header, errors == "replace", rows, lanes, where, callback
        )
    if len(set(words)) != len(words):
        seen: dict[str, int] = {}
        for row, word in enumerate(words):
            if word in seen:
                unit, start = ("rows", 1) if is_binary else ("lines", first)
                msg = (
                    f"[{where}] {place}: the word {word!r} stands twice, on {unit} {seen[word] + start} and "
                    f"{row + start}; keep one of them"
                )
                raise FileFormatError(msg)
            seen[word] = row
    name = "word2vec binary" if is_binary else "word2vec text"
    return Vectors(matrix, words, settings={"source": name})


def _path(where: str, path: object) -> str:
    if not isinstance(path, (str, os.PathLike)):
        msg = f"[{where}] path is {path!r} of type {type(path).__name__}; give a str or a path"
        raise InputTypeError(msg)
    place = os.fspath(path)
    if not isinstance(place, str) or "\0" in place:
        msg = f"[{where}] path is {place!r}; give a str without NUL"
        raise InputError(msg)
    return place


def _unpacked(where: str, path: str) -> bytes | None:
    """Return the content of a gzip file, None for another."""
    try:
        with _reading.regular(path, where) as file:
            if file.read(2) != _GZIP_MAGIC:
                return None
            most = _MOST_TIMES * os.fstat(file.fileno()).st_size + (1 << 20)
            file.seek(0)
            with gzip.open(file, "rb") as packed:
                found = _reading.bounded(packed, most + 1)
    except FileError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        msg = f"[{where}] {_reading.shown(path)} is a damaged gzip file ({error})"
        raise FileFormatError(msg) from error
    except OSError as error:
        msg = f"[{where}] cannot read {_reading.shown(path)}: {error.strerror or error}"
        raise FileError(error.errno, msg) from error
    if len(found) > most:
        msg = (
            f"[{where}] {_reading.shown(path)} holds more than {_MOST_TIMES} times its size, which vectors never do; "
            "unpack it with gunzip if it is meant"
        )
        raise FileFormatError(msg)
    return found


def write_word2vec(
    vectors: Vectors,
    path: str | os.PathLike[str],
    binary: bool = False,
    header: bool = True,
    *,
    allow_spaces: bool = False,
    progress: Progress = None,
) -> None:
    """Write words and vectors in the text or binary format of word2vec; whole or not at all.

    Parameters
    ----------
    vectors : Vectors
        What to write.
    path : str or path-like
        The file; an existing one is replaced when the new one is complete.
    binary : bool
        Little-endian float32, exact. Text holds the shortest decimals that read back to the same float32: exact too.
    header : bool
        Begin with the line "V d". Binary files need it.
    allow_spaces : bool
        Write words that hold spaces, in text only. This library reads them back, others do not.
    progress : None, bool or callable
        None: a bar on a terminal. A callable gets ``(rows done, rows)``; False stops the call and leaves the old file.

    Raises
    ------
    InputError
        A word is empty, holds white space (ASCII) or NUL, or is not valid Unicode: it could not be read back. Nothing
        is written then.
    FileError
        The file cannot be written.
    """
    where = "words.to_word2vec"
    place = _path(where, path)
    if binary and not header:
        msg = f"[{where}] binary files need the header, which says the dimension; give header=True"
        raise InputError(msg)
    if binary and allow_spaces:
        msg = f"[{where}] a space ends the word in binary files; give binary=False or allow_spaces=False"
        raise InputError(msg)
    if place.endswith(".gz"):
        msg = f"[{where}] {place} would not be compressed; write without '.gz' and compress the file"
        raise InputError(msg)
    for word in vectors.vocabulary:
        problem = _problem(word, allow_spaces)
        if problem:
            msg = f"[{where}] the word {word!r} {problem}; leave it out or rename it"
            raise InputError(msg)
    if not header and vectors.vocabulary[0].startswith(_MARK):
        msg = f"[{where}] the first word {vectors.vocabulary[0]!r} begins with a byte order mark; give header=True"
        raise InputError(msg)
    with progress_callback(progress, "writing vectors", "rows", where) as callback:
        _core.words_write_word2vec(place, vectors.matrix, vectors.vocabulary, binary, header, where, callback)


def _problem(word: str, allow_spaces: bool) -> str | None:
    if not word:
        return "is empty, which readers take for an error"
    if not word.isascii():
        try:
            word.encode()
        except UnicodeEncodeError:
            return "holds half a surrogate pair, which UTF-8 cannot say"
    if any(end in word for end in _ENDS):
        return "holds white space or NUL, where readers would end it"
    if " " in word:
        if not allow_spaces:
            return "holds a space, where most readers would end it (allow_spaces=True writes it)"
        if all(_is_number(part) for part in word.split(" ")[1:]):
            return "ends in numbers after a space, which would be taken for numbers of the vector"
    return None


def _is_number(text: str) -> bool:
    if text.lstrip("+-").lower().startswith("nan"):
        return True  # "nan(7)" is one for the reader
    try:
        float(text)
    except ValueError:
        return False
    return True
