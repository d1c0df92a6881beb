"""The tasks that a job knows: the keys of each, what it reads and writes, and its work."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks
from stochos.errors import InputError, InputTypeError
from stochos.jobs import _learning, _sweep
from stochos.jobs._trials import required, trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stochos.jobs.job import Item
    from stochos.reactions import Network

__all__ = ["GATHER", "TASKS", "Task", "check_kind", "network", "numbers", "perform", "time_grid"]

#: The task that joins the points of a sweep; no file names it.
GATHER = "gather"
_MOST_NUMBERS = 10_000_000
_RUN_ENDINGS = (".npz", ".nc", ".parquet", ".csv", ".stochos")

#: What a kind of value is called, and its test.
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "whole": ("a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool)),
    "real": ("a number", lambda v: isinstance(v, (int, float)) and not isinstance(v, bool)),
    "flag": ("true or false", lambda v: isinstance(v, bool)),
    "text": ("a text in quotation marks", lambda v: isinstance(v, str)),
    "texts": ("a list of texts", lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v)),
    "paths": (
        "a path or a list of paths",
        lambda v: isinstance(v, str) or (isinstance(v, list) and bool(v) and all(isinstance(x, str) for x in v)),
    ),
    "size": ("a whole number, or a text such as '2GB'", lambda v: isinstance(v, (int, str))),
    "table": ("a table", lambda v: isinstance(v, dict)),
    "tables": (
        "a list of tables",
        lambda v: isinstance(v, list) and bool(v) and all(isinstance(x, dict) for x in v),
    ),
    "text or table": ("a text, or a table with a name", lambda v: isinstance(v, (str, dict))),
    "numbers": ("a list of numbers", lambda v: isinstance(v, list) and all(_KINDS["real"][1](x) for x in v)),
    "times": ("a list of times, or a table such as { until = 50, points = 51 }", lambda v: isinstance(v, (list, dict))),
}


@dataclass(frozen=True)
class Task:
    """One kind of work.

    Attributes
    ----------
    name : str
    keys : mapping of str to str
        What an item may say, and the kind of each value.
    reads : tuple of str
        Keys that hold paths or ``"@item"``.
    ending : str
        The ending of an output that has no name.
    endings : tuple of str
        The endings that an output may have.
    check : callable
        ``check(where, options)`` raises what can be known before the work.
    run : callable
        ``run(item, progress)`` does the work and writes the output whole or not at all.
    sweeps : bool
        Whether it takes a sweep.
    """

    name: str
    keys: Mapping[str, str]
    reads: tuple[str, ...]
    ending: str
    endings: tuple[str, ...]
    check: Callable[[str, dict[str, Any]], None]
    run: Callable[[Item, Any], None]
    sweeps: bool = False


def check_kind(who: str, key: str, value: object, kind: str) -> None:
    """Refuse a value of another kind."""
    text, fits = _KINDS[kind]
    if not fits(value):
        msg = f"{who}: {key} is {value!r}; give {text}"
        raise InputTypeError(msg)


def numbers(who: str, given: object) -> list[float]:
    """Turn a list, or a table of start, stop, points and spacing, into numbers."""
    if isinstance(given, dict):
        unknown = set(given) - {"start", "stop", "points", "spacing"}
        spacing = given.get("spacing", "linear")
        points: Any = given.get("points")
        if unknown or spacing not in {"linear", "log"} or not _KINDS["whole"][1](points):
            msg = f"{who} is {given!r}; a table has start, stop, points and spacing ('linear' or 'log')"
            raise InputError(msg)
        ends: list[Any] = [given.get("start"), given.get("stop")]
        if not all(_KINDS["real"][1](end) for end in ends) or not 1 <= points <= _MOST_NUMBERS:
            msg = f"{who} is {given!r}; start and stop are numbers, points is from 1 to {_MOST_NUMBERS:,}"
            raise InputError(msg)
        start, stop = map(_checks.floating, ends)
        if not math.isfinite(stop - start):  # of infinite ends too
            msg = f"{who} goes from {start:g} to {stop:g}; give finite numbers, and ends less than 1.8e308 apart"
            raise InputError(msg)
        if spacing == "log" and not (start > 0 and stop > 0):
            msg = f"{who} goes from {start:g} to {stop:g}; with spacing 'log' both are above 0"
            raise InputError(msg)
        made = np.geomspace(start, stop, points) if spacing == "log" else np.linspace(start, stop, points)
        return [float(x) for x in made]
    if not isinstance(given, list) or not given or not all(_KINDS["real"][1](x) for x in given):
        msg = f"{who} is {given!r}; give a list of numbers, or {{ start = 0, stop = 1, points = 11 }}"
        raise InputTypeError(msg)
    return [_checks.floating(x) for x in given]


# --- count -----------------------------------------------------------------------------------------------------------
_COUNTING = {
    "source": "paths", "window": "whole", "min_count": "whole", "weighting": "text", "tokenizer": "text",
    "stop_words": "texts", "keep_positions": "flag", "diagonal": "flag", "max_vocabulary": "whole",
    "subsample": "real", "vocabulary": "texts", "errors": "text", "memory": "size", "threads": "whole",
    "seed": "whole",
}  # fmt: skip


def _check_count(where: str, options: dict[str, Any]) -> None:
    required(where, options, "source")
    from stochos import words

    settings = {key: value for key, value in options.items() if key not in {"source", "vocabulary"}}
    settings["min_count"] = min(settings.get("min_count", 1), 1)  # the text of the trial is short
    trial(where, lambda: words.count(["a a"], **settings, progress=False))


def _count(item: Item, progress: Any) -> None:
    from stochos import words

    options = dict(item.options)
    source = options.pop("source")
    paths: Any = [Path(p) for p in source] if isinstance(source, list) else Path(source)
    words.count(paths, **options, progress=progress).save(item.output)


# --- fit -------------------------------------------------------------------------------------------------------------
_FITTING = {
    "counts": "text", "dim": "whole", "solver": "text", "epochs": "whole", "negatives": "whole", "start": "text",
    "rate": "real", "weighting": "text", "zero_weight": "real", "flatten": "real", "power": "real", "shift": "real",
    "iterations": "whole", "normalization": "text", "seed": "whole", "threads": "whole", "device": "text",
}  # fmt: skip


def _check_fit(where: str, options: dict[str, Any]) -> None:
    required(where, options, "counts")
    from stochos import words

    # Eight words give eight directions: enough for every option but the dimension, which is cut for the trial.
    small = words.count(["a b c d e f g h a c e g b d f h"], min_count=1, window=3, progress=False)
    settings = {key: value for key, value in options.items() if key != "counts"}
    if isinstance(settings.get("dim", 100), int) and settings.get("dim", 100) >= 1:
        settings["dim"] = 2
    if isinstance(settings.get("epochs"), int):
        settings["epochs"] = min(settings["epochs"], 1)
    trial(where, lambda: words.fit(small, **settings, progress=False))


def _fit(item: Item, progress: Any) -> None:
    from stochos import words

    options = dict(item.options)
    vectors = words.fit(words.load_counts(Path(options.pop("counts"))), **options, progress=progress)
    ending = item.output.suffix.lower()
    if ending in {".txt", ".bin"}:
        vectors.to_word2vec(item.output, binary=ending == ".bin")
    else:
        vectors.save(item.output)


# --- simulate --------------------------------------------------------------------------------------------------------
_SIMULATING = {
    "model": "text", "network": "table", "times": "times", "n": "whole", "first": "whole", "method": "text",
    "keep": "text", "species": "texts", "condition": "text", "bounds": "table", "covariance": "flag",
    "max_events": "whole", "epsilon": "real", "parameters": "table", "initial": "table", "own_streams": "flag",
    "round_initial": "flag", "seed": "whole", "threads": "whole", "device": "text",
}  # fmt: skip
_CALL = (
    "n",
    "first",
    "method",
    "keep",
    "species",
    "condition",
    "covariance",
    "max_events",
    "epsilon",
    "seed",
    "threads",
    "device",
)


def network(where: str, options: Mapping[str, Any]) -> Network:
    """Make the network of an item: of its model file or its table, with its parameters and its point of a sweep."""
    from stochos.reactions import Network, _files

    if ("model" in options) == ("network" in options):
        msg = f"{where}: give either model (a file) or network (a table), and not both"
        raise InputError(msg)
    if "model" in options:
        whole = bool(options.get("round_initial", False))
        net = _files.load_model(Path(options["model"]), where.lstrip("["), round_initial=whole)
    else:
        table = options["network"]
        if set(table) - {"species", "reactions", "parameters"} or not {"species", "reactions"} <= set(table):
            msg = f"{where}: network has {', '.join(table)}; it takes species, reactions and parameters"
            raise InputError(msg)
        net = Network(table["species"], table["reactions"], table.get("parameters", {}))
    changes = {key: dict(options.get(key, {})) for key in ("parameters", "initial")}
    for axis, value in options.get("point", {}).items():
        kind, _, name = axis.partition(".") if axis.startswith("initial.") else ("parameters", "", axis)
        changes[kind][name] = value
    given = {key: values for key, values in changes.items() if values}
    return net.with_(**given) if given else net


def time_grid(where: str, options: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the times of an item."""
    from stochos.reactions import _times

    given = options["times"]
    if isinstance(given, dict) and "until" in given:
        given = {"start": 0.0, "stop": given["until"], **{k: v for k, v in given.items() if k != "until"}}
        given.setdefault("points", 101)
    return _times.time_grid("jobs.load", numbers(f"{where}: times", given))


def _check_simulate(where: str, options: dict[str, Any]) -> None:
    required(where, options, "times")
    net = trial(where, lambda: network("[" + where, options))
    grid = trial(where, lambda: time_grid("[" + where, options))
    trial(where, lambda: _simulated(net, np.minimum(grid, 0.0)[:1], {**options, "n": 1, "threads": 1}, False))


def _simulate(item: Item, progress: Any) -> None:
    from stochos.reactions import _files

    where = f"[jobs.run] item {item.name!r}"
    options = dict(item.options)
    if options.get("own_streams", True) and options.get("index"):
        options["first"] = options.get("first", 0) + options["index"] * options.get("n", 1)
    made = _simulated(network(where, options), time_grid(where, options), options, progress)
    _files.write(made, item.output, "jobs.run")


def _simulated(net: Network, grid: NDArray[np.float64], options: Mapping[str, Any], progress: Any) -> Any:
    from stochos import reactions
    from stochos.reactions.run import Run

    call = {key: options[key] for key in _CALL if key in options}
    if "bounds" in options:
        call["bounds"] = {name: tuple(ends) for name, ends in options["bounds"].items()}
    run = reactions.simulate(net, grid, **call, progress=progress)
    # What depends on the machine or the hour would make two equal results differ as files.
    settings = {key: value for key, value in run.settings.items() if key not in {"seconds", "threads"}}
    return Run(run.times, run.species, run._arrays, settings)


# --- the points of a sweep -------------------------------------------------------------------------------------------
def _gather(item: Item, progress: Any) -> None:
    _sweep.gather(item.inputs, item.options["axes"], item.output, progress)


def _no_check(_where: str, _options: dict[str, Any]) -> None:
    pass


TASKS: dict[str, Task] = {
    "count": Task("count", _COUNTING, ("source",), ".stochos", (".stochos",), _check_count, _count),
    "fit": Task("fit", _FITTING, ("counts",), ".stochos", (".stochos", ".txt", ".bin"), _check_fit, _fit),
    "simulate": Task(
        "simulate", _SIMULATING, ("model",), ".npz", _RUN_ENDINGS, _check_simulate, _simulate, sweeps=True
    ),
    "estimate": Task(
        "estimate", _learning.ESTIMATING, ("x", "y"), ".json", (".json", ".npz"), _learning.check_estimate,
        _learning.estimate,
    ),
    "train": Task(
        "train", _learning.TRAINING, ("model", "x", "y"), ".safetensors", (".safetensors",), _learning.check_train,
        _learning.train,
    ),
}  # fmt: skip
_GATHER = Task(GATHER, {}, (), ".npz", _sweep.ENDINGS, _no_check, _gather)


def perform(item: Item, progress: Any) -> None:
    """Do the work of `item` and write its output."""
    task = _GATHER if item.task == GATHER else TASKS[item.task]
    task.run(item, progress)
