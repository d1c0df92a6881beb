"""The one check at the edge: kind, shape and range of arguments, with errors that name them."""

from __future__ import annotations

import importlib
import math
import operator
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.errors import InputError, InputTypeError, MissingPartError


def whole(where: str, name: str, value: object, low: int, high: int | None = None) -> int:
    """Return `value` as an int in [low, high]; a bool or a float is refused."""
    text = f"{low} or more" if high is None else f"from {low} to {high}"
    if isinstance(value, bool):
        msg = f"[{where}] {name} is {value!r}; give a whole number, {text}"
        raise InputTypeError(msg)
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        msg = f"[{where}] {name} is {value!r} of type {type(value).__name__}; give a whole number, {text}"
        raise InputTypeError(msg) from None
    if number < low or (high is not None and number > high):
        msg = f"[{where}] {name} is {number}; give a whole number, {text}"
        raise InputError(msg)
    return number


def real(where: str, name: str, value: object, low: float = -math.inf, high: float = math.inf) -> float:
    """Return `value` as a finite float in [low, high]; a bool or a string is refused."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        msg = f"[{where}] {name} is {value!r} of type {type(value).__name__}; give a number"
        raise InputTypeError(msg)
    number = floating(value)
    if not math.isfinite(number) or not low <= number <= high:
        msg = f"[{where}] {name} is {number!r}; give a finite number from {low:g} to {high:g}"
        raise InputError(msg)
    return number


def floating(value: Any) -> float:
    """Return float(value); of a whole number beyond the largest float, infinity."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def array(where: str, name: str, value: Any, dtype: type | None = None) -> NDArray[Any]:
    """Return np.asarray(value, dtype); rows of different lengths, say, are an error of ours."""
    try:
        return np.asarray(value, dtype)
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"[{where}] {name} cannot be an array: {error}; give numbers, in rows of one length"
        raise InputError(msg) from None


def choice(where: str, name: str, value: object, allowed: tuple[str, ...]) -> str:
    """Return `value` when it is one of `allowed`."""
    if isinstance(value, str) and value in allowed:
        return value
    msg = f"[{where}] {name} is {value!r}; give one of {', '.join(map(repr, allowed))}"
    raise InputError(msg)


def instance(where: str, name: str, value: object, kind: type, mend: str) -> None:
    """Refuse a `value` that is no `kind`."""
    if not isinstance(value, kind):
        msg = f"[{where}] {name} is of type {type(value).__name__}; {mend}"
        raise InputTypeError(msg)


def threads(where: str, value: object) -> int:
    """Return the number of threads: `value`, or the default when it is None."""
    return _core.default_threads() if value is None else whole(where, "threads", value, 1, 1024)


def device(where: str, value: object, *, here: bool = True) -> str:
    """Return "cpu" or "cuda"; of "cuda", refuse a build without it and a machine without a card, if it runs here."""
    name = choice(where, "device", value, ("cpu", "cuda"))
    if name == "cuda" and here:
        _core.cuda_require(where)
    return name


def optional(where: str, module: str, extra: str) -> ModuleType:
    """Import an optional module, or say which pip line brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.split(".")[0]
        msg = f"[{where}] needs {name}, which cannot be imported ({error}); pip install 'stochos[{extra}]'"
        raise MissingPartError(msg) from error


def is_pair(value: object) -> bool:
    """Tell whether this is a tuple of two."""
    return isinstance(value, tuple) and len(value) == 2
