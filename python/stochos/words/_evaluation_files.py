"""Reading the files that word vectors are scored on: similarities and analogies."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from stochos.errors import FileError, FileFormatError, InputTypeError


@dataclass
class Task:
    """What a file asks: pairs with human scores, or questions by section."""

    kind: str
    pairs: list[tuple[str, str, float]] = field(default_factory=list)
    sections: dict[str, list[tuple[str, str, str, str]]] = field(default_factory=dict)


def _lines(where: str, path: str) -> list[tuple[int, str]]:
    """Lines that hold something, with their numbers."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        msg = f"[{where}] cannot read {path}: {error.strerror or error}"
        raise FileError(error.errno, msg) from error
    content = content.removeprefix(b"\xef\xbb\xbf")
    found = []
    for number, raw in enumerate(content.split(b"\n"), 1):
        try:
            line = raw.decode().strip()
        except UnicodeDecodeError as error:
            msg = (
                f"[{where}] {path}, line {number}: byte {error.start} of the line is not UTF-8; save the file as UTF-8"
            )
            raise FileFormatError(msg) from error
        if line and not line.startswith("#"):
            found.append((number, line))
    return found


def _fields(line: str) -> list[str]:
    """Fields of a similarity line: by tabs where there are any, else by commas, else by blanks."""
    for mark in ("\t", ","):
        if mark in line:
            return [part.strip() for part in line.split(mark)]
    return line.split()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _kind_of(line: str) -> str:
    parts = _fields(line)
    if line.startswith(":") or (len(parts) == 4 and all(_number(part) is None for part in parts)):
        return "analogy"
    return "similarity"


def read(where: str, path: str | os.PathLike[str], kind: str | None) -> Task:
    """Read a file of similarities or analogies; the content tells which when `kind` is None."""
    given: object = path
    if not isinstance(given, (str, os.PathLike)):
        msg = f"[{where}] path is {given!r} of type {type(given).__name__}; give a str or a path"
        raise InputTypeError(msg)
    place = str(os.fspath(path))
    lines = _lines(where, place)
    if not lines:
        msg = f"[{where}] {place} holds neither pairs nor questions"
        raise FileFormatError(msg)
    task = Task(kind or _kind_of(lines[0][1]))
    if task.kind == "analogy":
        _analogies(where, place, lines, task)
    else:
        _similarities(where, place, lines, task)
    return task


def _analogies(where: str, place: str, lines: list[tuple[int, str]], task: Task) -> None:
    section = ""
    for number, line in lines:
        if line.startswith(":"):
            section = line[1:].strip()
            task.sections.setdefault(section, [])
            continue
        words = line.split()
        if len(words) != 4:
            msg = (
                f"[{where}] {place}, line {number}: {len(words)} words; an analogy has four, a section begins with ':'"
            )
            raise FileFormatError(msg)
        task.sections.setdefault(section, []).append((words[0], words[1], words[2], words[3]))


def _similarities(where: str, place: str, lines: list[tuple[int, str]], task: Task) -> None:
    for position, (number, line) in enumerate(lines):
        parts = _fields(line)
        score = _number(parts[2]) if len(parts) >= 3 else None
        if score is None and position == 0 and len(parts) >= 3:
            continue  # names of the columns
        if score is None or not math.isfinite(score) or not parts[0] or not parts[1]:
            msg = f"[{where}] {place}, line {number}: {line[:60]!r} is not 'word1 word2 score' with a finite score"
            raise FileFormatError(msg)
        task.pairs.append((parts[0], parts[1], score))
