"""Encoded texts as arrays: pairs, cuts, padding."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos.errors import InputError, InputTypeError

__all__ = ["Encoding", "arrays", "cut", "sides"]


@dataclasses.dataclass(frozen=True)
class Encoding:
    """Tokens of N texts, as arrays padded to one length T.

    Attributes
    ----------
    input_ids : int64 (N, T)
    attention_mask : int64 (N, T)
        1 where a token stands, 0 for padding.
    token_type_ids : int64 (N, T)
        0 for the first text and its [CLS] and [SEP], 1 for the second.
    offsets : int64 (N, T, 2) or None
        Begin and end of each token in its text, in characters; (0, 0) for [CLS], [SEP] and padding.
    """

    input_ids: NDArray[np.int64]
    attention_mask: NDArray[np.int64]
    token_type_ids: NDArray[np.int64]
    offsets: NDArray[np.int64] | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text."""
        return np.asarray(self.attention_mask.sum(axis=1))

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def inputs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The arguments of a model: ids, mask and types."""
        return self.input_ids, self.attention_mask, self.token_type_ids


def sides(texts: Any, pairs: Any, where: str) -> tuple[list[str], list[str] | None]:
    """Return the first texts, and the second ones or None."""
    given = [texts] if isinstance(texts, str) else list(texts)
    if pairs is not None:
        other = [pairs] if isinstance(pairs, str) else list(pairs)
        if len(other) != len(given):
            msg = f"[{where}] there are {len(given)} first texts and {len(other)} second ones"
            raise InputError(msg)
    elif given and all(isinstance(one, (tuple, list)) and len(one) == 2 for one in given):
        given, other = [list(side) for side in zip(*given, strict=True)]
    else:
        other = None
    for one in (*given, *(other or ())):
        if not isinstance(one, str):
            msg = f"[{where}] {one!r} is of type {type(one).__name__}; give texts, or pairs of texts, all of one kind"
            raise InputTypeError(msg)
    return given, other


def cut(first: int, second: int, room: int, truncation: str, number: int, where: str) -> tuple[int, int]:
    """Return how many tokens of either text stay."""
    over = first + second - room
    if over <= 0:
        return first, second
    if truncation == "longest_first":
        # Token by token from the longer one; from the second where they are equal.
        low = min(first, second)
        level = min(over, abs(first - second))
        first, second = (first - level, second) if first > second else (first, second - level)
        rest = over - level
        if rest:
            return low - rest // 2, low - (rest - rest // 2)
        return first, second
    if truncation == "only_first" and first >= over:
        return first - over, second
    if truncation == "only_second" and second >= over:
        return first, second - over
    msg = f"[{where}] text {number} has {over} tokens too many, and truncation={truncation!r} cannot cut them"
    raise InputError(msg)


def arrays(
    rows: list[list[int]], firsts: list[int], places: list[list[tuple[int, int]]] | None, length: int, pad: int
) -> Encoding:
    lengths = np.array([len(row) for row in rows], np.int64).reshape(-1, 1)
    column = np.arange(length)
    mask = column < lengths
    ids = np.full((len(rows), length), pad, np.int64)
    ids[mask] = np.concatenate([np.array(row, np.int64) for row in rows]) if rows else []
    types = (mask & (column >= np.array(firsts, np.int64).reshape(-1, 1))).astype(np.int64)
    spans = None
    if places is not None:
        spans = np.zeros((len(rows), length, 2), np.int64)
        if rows:
            spans[mask] = np.concatenate([np.array(row, np.int64).reshape(-1, 2) for row in places])
    return Encoding(ids, mask.astype(np.int64), types, spans)
