"""What counts are made of: how they were counted, and the arrays with their checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.errors import InputError, InputTypeError


@dataclass(frozen=True)
class CountSettings:
    """How counts were made; see `stochos.words.count` for the meaning of each.

    `tokenizer` is its name. `fixed_vocabulary` says that the vocabulary was given and not chosen by frequency.
    `seed` and `stream_version` matter when `subsample` is on.
    """

    window: int
    weighting: str = "flat"
    diagonal: bool = True
    keep_positions: bool = False
    min_count: int = 1
    max_vocabulary: int | None = None
    subsample: float | None = None
    tokenizer: str = "whitespace"
    stop_words: tuple[str, ...] = ()
    fixed_vocabulary: bool = False
    seed: int = 0
    stream_version: int = _core.stream_version


_KINDS: dict[str, tuple[type, ...]] = {
    "window": (int,),
    "weighting": (str,),
    "diagonal": (bool,),
    "keep_positions": (bool,),
    "min_count": (int,),
    "max_vocabulary": (int, type(None)),
    "subsample": (float, int, type(None)),
    "tokenizer": (str,),
    "stop_words": (list,),
    "fixed_vocabulary": (bool,),
    "seed": (int,),
    "stream_version": (int,),
}


def settings_from(fields: object) -> CountSettings:
    """Take settings as a file holds them; ValueError when one is missing or of another kind."""
    if not isinstance(fields, dict) or fields.keys() != _KINDS.keys():
        msg = "the settings are incomplete"
        raise ValueError(msg)
    for name, allowed in _KINDS.items():
        if type(fields[name]) not in allowed:
            msg = f"the setting {name} is of another kind"
            raise ValueError(msg)
    if not all(isinstance(word, str) for word in fields["stop_words"]):
        msg = "a stop word is no string"
        raise ValueError(msg)
    return CountSettings(**{**fields, "stop_words": tuple(fields["stop_words"])})


class Parts(NamedTuple):
    """Vocabulary (V words), frequencies (V,), and the upper triangle: row_start (V + 1,), column and value (n,)."""

    vocabulary: list[str]
    frequencies: NDArray[np.int64]
    row_start: NDArray[np.int64]
    column: NDArray[np.uint32]
    value: NDArray[np.uint64]


def _array(where: str, name: str, array: object, dtype: type[np.generic]) -> NDArray[Any]:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
        kind = f"{array.ndim}-d array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        msg = f"[{where}] {name} is a {kind}; give a 1-d array of {np.dtype(dtype)}"
        raise InputTypeError(msg)
    seen = np.ascontiguousarray(array).view()
    seen.flags.writeable = False
    return seen


def checked(where: str, parts: Parts) -> Parts:
    """Check parts against each other; the arrays come back read-only and not copied."""
    vocabulary = parts.vocabulary
    given: Sequence[object] = vocabulary
    for word in given:
        if not isinstance(word, str):
            msg = f"[{where}] the word {word!r} is of type {type(word).__name__}; give strings"
            raise InputTypeError(msg)
    if len(set(vocabulary)) != len(vocabulary):
        seen: set[str] = set()
        twice = next(word for word in vocabulary if word in seen or seen.add(word))  # type: ignore[func-returns-value]
        msg = f"[{where}] the word {twice!r} stands twice in the vocabulary; give each word once"
        raise InputError(msg)
    result = Parts(
        vocabulary,
        _array(where, "frequencies", parts.frequencies, np.int64),
        _array(where, "row_start", parts.row_start, np.int64),
        _array(where, "column", parts.column, np.uint32),
        _array(where, "value", parts.value, np.uint64),
    )
    sizes = (len(vocabulary), result.frequencies.size, result.row_start.size - 1)
    if len(set(sizes)) != 1:
        msg = f"[{where}] there are {sizes[0]} words, {sizes[1]} frequencies and {sizes[2]} rows; give as many of each"
        raise InputError(msg)
    if result.frequencies.size and int(result.frequencies.min()) < 0:
        msg = f"[{where}] a frequency is {int(result.frequencies.min())}; give 0 or more"
        raise InputError(msg)
    # The core trusts the structure from here on, whoever made it: a saved file may have been forged.
    _core.words_check_upper(result.row_start, result.column, result.value, True, where)
    return result
