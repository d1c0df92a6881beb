"""What was done: one small file for each finished item, written after its output is whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from stochos import _writing
from stochos.errors import FileError
from stochos.jobs.job import Item, Job

__all__ = ["Inputs", "finished", "record", "why_not"]

_WHERE = "jobs.run"
_SCHEMA = 1
_BLOCK = 1 << 20


class Inputs:
    """Digests of files, each read once as long as its size and time of change stay."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str] = {}

    def of(self, path: Path, earlier: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return size, time of change and SHA-256 of a file, or of all files below a folder.

        The digest in `earlier`, what this gave in an earlier run, is trusted while size and time are the same.
        """
        try:
            size, time = _extent(path)
            if earlier and earlier.get("size") == size and earlier.get("time") == time:
                self._known[str(path), size, time] = str(earlier.get("sha256"))
            key = (str(path), size, time)
            if key not in self._known:
                self._known[key] = _digest(path)
        except OSError as error:
            msg = f"[{_WHERE}] {path} cannot be read: {error.strerror}"
            raise FileError(error.errno, msg) from None
        return {"size": size, "time": time, "sha256": self._known[key]}


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield file


def _extent(path: Path) -> tuple[int, int]:
    """Return the size of all files together and the latest time of change in nanoseconds."""
    size, time = 0, 0
    for file in _files(path):
        status = file.stat()
        size, time = size + status.st_size, max(time, status.st_mtime_ns)
    return size, time


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    for file in _files(path):
        if path.is_dir():
            total.update(os.fsencode(file.relative_to(path)) + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                total.update(block)
    return total.hexdigest()


def _place(job: Job, item: Item) -> Path:
    return job.records / "done" / f"{quote(item.name, safe=' ')}.json"


def _read(job: Job, item: Item) -> dict[str, Any] | None:
    try:
        with _place(job, item).open("rb") as stream:
            held = json.loads(stream.read(1 << 26))
    except (OSError, ValueError, RecursionError):
        return None  # no record, or none that says anything: the item is done again
    return held if isinstance(held, dict) and held.get("schema") == _SCHEMA else None


def why_not(job: Job, item: Item, inputs: Inputs) -> str | None:
    """Return why an item has to be done, or None when its output stands as this job wants it."""
    held = _read(job, item)
    if held is None:
        return "new"
    if held.get("definition") != json.loads(json.dumps(item.definition())):
        return f"changed: {_difference(held.get('definition'), item.definition())}"
    earlier = held.get("inputs")
    if not isinstance(earlier, list) or len(earlier) != len(item.inputs):
        return "changed: its inputs"
    for path, before in zip(item.inputs, earlier, strict=True):
        if not path.exists():
            return f"{path.name} is not there yet"
        if not isinstance(before, dict) or inputs.of(path, before)["sha256"] != before.get("sha256"):
            return f"{path.name} has changed"
    output = held.get("output")
    if not item.output.is_file():
        return f"{item.output.name} is gone"
    if not isinstance(output, dict) or inputs.of(item.output, output)["sha256"] != output.get("sha256"):
        return f"{item.output.name} was changed from outside"
    return None


def finished(job: Job, item: Item, inputs: Inputs) -> bool:
    """Tell whether an item's output stands as this job wants it."""
    return why_not(job, item, inputs) is None


def record(job: Job, item: Item, read: list[dict[str, Any]], inputs: Inputs) -> None:
    """Write down that an item is done.

    Parameters
    ----------
    read : list of dict
        The inputs as they were before the work, of `Inputs.of`; a file that changes during the work is seen next time.
    """
    place = _place(job, item)
    place.parent.mkdir(parents=True, exist_ok=True)
    held = {
        "schema": _SCHEMA,
        "item": item.name,
        "definition": item.definition(),
        "inputs": read,
        "output": inputs.of(item.output),
    }
    _writing.whole(place, (json.dumps(held, ensure_ascii=False, indent=1) + "\n").encode(), _WHERE)


def _difference(before: object, now: dict[str, Any]) -> str:
    if not isinstance(before, dict):
        return "the record is unreadable"
    names = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return ", ".join(names)
