"""The job file: what it may say, and the items that it becomes."""

from __future__ import annotations

import difflib
import itertools
import math
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from stochos import _reading
from stochos.errors import FileError, FileFormatError, InputError, InputTypeError, UnknownNameError
from stochos.jobs import _sweep, _tasks
from stochos.random import stream_version

__all__ = ["Item", "Job", "load"]

_WHERE = "jobs.load"
_JOB_KEYS = ("name", "output", "seed", "threads", "items")
_AXES = {"time", "species", "other_species", "trajectory", "event"}
_MOST_BYTES = 16 * 2**20
_MOST_ITEMS = 1_000_000


@dataclass(frozen=True)
class Item:
    """One piece of work: it reads its inputs and writes one file.

    Attributes
    ----------
    name : str
        Unique in the job. Point k of a sweep is called ``name/k``.
    task : str
        ``"count"``, ``"fit"``, ``"simulate"`` and so on; see docs/jobs.md.
    output : pathlib.Path
        The file that it writes.
    options : mapping
        What the job file says about it, defaults included; JSON values.
    needs : tuple of str
        Names of the items whose outputs it reads.
    inputs : tuple of pathlib.Path
        Files that it reads, those of `needs` included.
    """

    name: str
    task: str
    output: Path
    options: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()

    def definition(self) -> dict[str, Any]:
        """Return what the result depends on beside the content of the inputs: JSON values.

        The number of threads is not in it, as no result depends on that; nor are the places of the inputs.
        """
        reads = _tasks.TASKS[self.task].reads if self.task in _tasks.TASKS else ()
        options = {key: value for key, value in self.options.items() if key not in {"threads", *reads}}
        return {"task": self.task, "stream_version": stream_version, **options}


@dataclass(frozen=True)
class Job:
    """A job: its items in an order in which each comes after what it needs.

    Attributes
    ----------
    name : str
    folder : pathlib.Path
        Where outputs go. What was done is written down in its folder ``.stochos``.
    items : tuple of Item
    """

    name: str
    folder: Path
    items: tuple[Item, ...] = field(repr=False)

    @property
    def records(self) -> Path:
        """The folder that tells what was done."""
        return self.folder / ".stochos"


def load(path: str | os.PathLike[str]) -> Job:
    """Read a job file (TOML) and check all of it that can be checked without running it.

    Parameters
    ----------
    path : path
        Paths in the file are relative to its folder.

    Returns
    -------
    Job

    Raises
    ------
    FileError
        The file, or a file that it names, cannot be read.
    FileFormatError
        It is no TOML.
    InputError, InputTypeError, UnknownNameError
        It says what no job can mean; the message names the item and the key.
    """
    file = Path(path)
    content = _reading.content(file, _WHERE, _MOST_BYTES)
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, a number of thousands of digits
        msg = f"[{_WHERE}] {file} is no TOML text: {error}"
        raise FileFormatError(msg) from None
    return _job(table, file)


def _job(table: dict[str, Any], file: Path) -> Job:
    _known("the job", table, _JOB_KEYS)
    root = file.absolute().parent
    name = _text("the job", "name", table.get("name", file.stem))
    folder = root / _text("the job", "output", table.get("output", f"{file.stem}-results"))
    shared: dict[str, Any] = {key: table[key] for key in ("seed", "threads") if key in table}
    entries = table.get("items")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        msg = f"[{_WHERE}] {file} has no [[items]]; each piece of work is a table of that name"
        raise InputError(msg)
    made: list[Item] = []
    places: dict[str, Path] = {}
    for number, entry in enumerate(entries, start=1):
        for item in _items(entry, number, root, folder, shared, places):
            made.append(item)
            if len(made) > _MOST_ITEMS:
                msg = f"[{_WHERE}] {file} makes more than {_MOST_ITEMS:,} items; cut it into several jobs"
                raise InputError(msg)
    _unlike_outputs(made)
    return Job(name, folder, tuple(made))


def _items(
    entry: dict[str, Any], number: int, root: Path, folder: Path, shared: dict[str, Any], places: dict[str, Path]
) -> Iterable[Item]:
    """Make the item of one table, or those of its sweep; enter its output under its name in `places`."""
    who = f"item {number}"
    name = _text(who, "name", entry.get("name", f"item{number}"))
    who = f"item {name!r}"
    if not name or name.startswith((".", "@")) or not set(name).isdisjoint('/\\\0\n\r:*?"<>|'):
        msg = f'[{_WHERE}] {who}: a name makes a file name; leave out / \\ : * ? " < > | and a first . or @'
        raise InputError(msg)
    if name in places:
        msg = f"[{_WHERE}] two items are called {name!r}; outputs and '@{name}' need one"
        raise InputError(msg)
    if "task" not in entry:
        msg = f"[{_WHERE}] {who} has no task; give one of {', '.join(_tasks.TASKS)}"
        raise InputError(msg)
    task = _tasks.TASKS.get(_text(who, "task", entry["task"]))
    if task is None:
        msg = f"[{_WHERE}] {who}: task {entry['task']!r} is not known; give one of {', '.join(_tasks.TASKS)}"
        raise UnknownNameError(msg)
    keys = {"name", "task", "output", *task.keys} | ({"sweep"} if task.sweeps else set())
    _known(who, entry, sorted(keys))
    options = {key: value for key, value in shared.items() if key in task.keys}
    options |= {key: value for key, value in entry.items() if key in task.keys}
    for key, value in options.items():
        _tasks.check_kind(f"[{_WHERE}] {who}", key, value, task.keys[key])
    output = _output(who, folder, _text(who, "output", entry.get("output", name + task.ending)), task)
    needs, inputs = _inputs(who, task, options, root, places)
    task.check(f"{_WHERE}] {who}", options)
    places[name] = output
    if "sweep" not in entry:
        yield Item(name, entry["task"], output, options, needs, inputs)
        return
    axes = _axes(who, entry["sweep"])
    if output.suffix.lower() not in _sweep.ENDINGS:
        msg = f"[{_WHERE}] {who}: output = {output.name!r}; a sweep writes {', '.join(_sweep.ENDINGS)}"
        raise InputError(msg)
    points = math.prod(len(values) for values in axes.values())
    if points > _MOST_ITEMS:
        msg = f"[{_WHERE}] {who}: the sweep has {points:,} points; at most {_MOST_ITEMS:,} are possible"
        raise InputError(msg)
    task.check(f"{_WHERE}] {who}", {**options, "point": {axis: values[0] for axis, values in axes.items()}})
    parts = folder / ".stochos" / "points" / name
    names = []
    for k, values in enumerate(itertools.product(*axes.values())):
        names.append(f"{name}/{k}")
        chosen = {**options, "point": dict(zip(axes, values, strict=True)), "index": k}
        yield Item(names[-1], entry["task"], parts / f"{k}.stochos", chosen, needs, inputs)
    made = tuple(parts / f"{k}.stochos" for k in range(points))
    yield Item(name, _tasks.GATHER, output, {"axes": axes, "of": entry["task"]}, tuple(names), made)


def _axes(who: str, sweep: object) -> dict[str, list[float]]:
    """Turn the sweep's table into lists of numbers."""
    if not isinstance(sweep, dict) or not sweep:
        msg = f"[{_WHERE}] {who}: sweep is {sweep!r}; give a table such as sweep = {{ k = [0.1, 0.2] }}"
        raise InputTypeError(msg)
    taken = sorted(_AXES & set(sweep))
    if taken:
        msg = (
            f"[{_WHERE}] {who}: {taken[0]!r} is the name of an axis of every result; sweep a parameter of another name"
        )
        raise InputError(msg)
    return {axis: _tasks.numbers(f"[{_WHERE}] {who}: sweep.{axis}", values) for axis, values in sweep.items()}


def _inputs(
    who: str, task: _tasks.Task, options: dict[str, Any], root: Path, places: dict[str, Path]
) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Turn paths and '@item' in `options` into absolute paths; list what is needed and read."""
    needs: list[str] = []
    inputs: list[Path] = []
    for key in task.reads:
        if key not in options:
            continue
        given = options[key] if isinstance(options[key], list) else [options[key]]
        paths = []
        for entry in given:
            if entry.startswith("@"):
                if entry[1:] not in places:
                    close = difflib.get_close_matches(entry[1:], places, 1)
                    hint = f"; did you mean '@{close[0]}'?" if close else "; an item stands after what it needs"
                    msg = f"[{_WHERE}] {who}: {key} = {entry!r}, but no item above it has that name{hint}"
                    raise UnknownNameError(msg)
                needs.append(entry[1:])
                paths.append(places[entry[1:]])
                continue
            paths.append(root / entry)
            if not paths[-1].exists():
                msg = f"[{_WHERE}] {who}: {key} = {entry!r}: {paths[-1]} does not exist; paths begin at the job file"
                raise FileError(2, msg)
        inputs += paths
        options[key] = [str(p) for p in paths] if isinstance(options[key], list) else str(paths[0])
    return tuple(needs), tuple(inputs)


def _output(who: str, folder: Path, given: str, task: _tasks.Task) -> Path:
    """Return the output's path; it stays inside the job's folder."""
    path = PurePosixPath(given)
    if path.is_absolute() or ".." in path.parts or not path.parts or path.parts[0] == ".stochos":
        msg = f"[{_WHERE}] {who}: output = {given!r}; give a path inside the job's output folder"
        raise InputError(msg)
    if path.suffix.lower() not in task.endings:
        msg = f"[{_WHERE}] {who}: output = {given!r}; {task.name} writes {', '.join(task.endings)}"
        raise InputError(msg)
    return folder / path


def _unlike_outputs(items: list[Item]) -> None:
    """Refuse two items that write one file."""
    seen: dict[Path, str] = {}
    for item in items:
        if item.output in seen:
            msg = f"[{_WHERE}] items {seen[item.output]!r} and {item.name!r} both write {item.output.name}"
            raise InputError(msg)
        seen[item.output] = item.name


def _known(who: str, table: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Refuse a key that nothing reads."""
    allowed = list(keys)
    for key in table:
        if key not in allowed:
            close = difflib.get_close_matches(key, allowed, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(allowed)}"
            msg = f"[{_WHERE}] {who} has the key {key!r}, which is not known; {hint}"
            raise UnknownNameError(msg)


def _text(who: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        msg = f"[{_WHERE}] {who}: {key} is {value!r}; give a text in quotation marks"
        raise InputTypeError(msg)
    return value
