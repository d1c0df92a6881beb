"""Exact sums of counts of several texts, and leaving words out afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stochos import _core
from stochos.errors import InputError
from stochos.words._parts import Parts

if TYPE_CHECKING:
    from stochos.words.counts import Counts

#: Settings that two counts must share for their sum to be the counts of both texts.
_SAME = ("window", "weighting", "diagonal", "keep_positions", "tokenizer", "stop_words", "fixed_vocabulary")
_DROPPED = 0xFFFFFFFF
_HOW = "count every part with min_count=1, or with the same fixed vocabulary="


def _check_addable(a: Counts, b: Counts, where: str) -> None:
    """Refuse a sum that would not be what counting both texts at once gives."""
    for name in _SAME:
        ours, theirs = getattr(a.settings, name), getattr(b.settings, name)
        if ours != theirs:
            msg = f"[{where}] {name} is {ours!r} in one and {theirs!r} in the other; count both with the same settings"
            raise InputError(msg)
    if a.unit != b.unit:
        msg = f"[{where}] the counts are in units of 1/{a.unit} and 1/{b.unit}; count both parts with the same settings"
        raise InputError(msg)
    for counts in (a, b):
        s = counts.settings
        if s.subsample:
            msg = (
                f"[{where}] subsample is {s.subsample!r}: what is kept depends on the frequencies in the whole text, "
                "so that the sum would not be the counts of both texts; count the parts without subsample"
            )
            raise InputError(msg)
        if not s.fixed_vocabulary and (s.min_count > 1 or s.max_vocabulary is not None):
            msg = (
                f"[{where}] min_count={s.min_count} and max_vocabulary={s.max_vocabulary} left words out of each part "
                f"by its own frequencies, so that the sum would not be the counts of both texts; {_HOW}"
            )
            raise InputError(msg)
    if a.settings.fixed_vocabulary and a.vocabulary != b.vocabulary:
        msg = f"[{where}] the fixed vocabularies differ; count every part with the same vocabulary="
        raise InputError(msg)


def in_order(frequencies: dict[str, int]) -> list[str]:
    """Return the words in the order of every vocabulary: frequency descending, then bytes of UTF-8 ascending."""
    return sorted(frequencies, key=lambda word: (-frequencies[word], word.encode("utf-8", "surrogatepass")))


def merged(first: Counts, second: Counts, where: str) -> Parts:
    """Sum two counts; InputError when the sum would not be exact."""
    _check_addable(first, second, where)
    parts = (first, second)
    if first.settings.fixed_vocabulary:
        vocabulary = first.vocabulary
        frequencies = sum((p.frequencies for p in parts), np.zeros(len(first), np.int64))
        maps = [np.arange(len(first), dtype=np.uint32)] * len(parts)
    else:
        total: dict[str, int] = {}
        for p in parts:
            for word, frequency in zip(p.vocabulary, p.frequencies.tolist(), strict=True):
                total[word] = total.get(word, 0) + frequency
        vocabulary = in_order(total)
        frequencies = np.array([total[word] for word in vocabulary], dtype=np.int64)
        index = {word: i for i, word in enumerate(vocabulary)}
        maps = [np.array([index[word] for word in p.vocabulary], dtype=np.uint32) for p in parts]
    arrays = [(p._row_start, p._column, p._value, m) for p, m in zip(parts, maps, strict=True)]
    return Parts(vocabulary, frequencies, *_core.words_merge_upper(arrays, len(vocabulary)))


def pruned(counts: Counts, min_count: int, max_vocabulary: int | None, where: str) -> Parts:
    """Leave out rare words of counts in which a dropped word keeps its place."""
    s = counts.settings
    if not s.keep_positions:
        msg = (
            f"[{where}] the counts were made with keep_positions=False, where leaving a word out brings its neighbours "
            "nearer to each other; count again with min_count=, or count with keep_positions=True and then prune"
        )
        raise InputError(msg)
    if s.fixed_vocabulary or s.subsample:
        kind = "a fixed vocabulary" if s.fixed_vocabulary else f"subsample={s.subsample!r}"
        msg = f"[{where}] the counts were made with {kind}, where pruning is not what counting again gives; count again"
        raise InputError(msg)
    kept = np.flatnonzero(counts.frequencies >= min_count)[:max_vocabulary]
    if kept.size == 0:
        msg = f"[{where}] vocabulary is empty: 0 of {len(counts)} types reach min_count={min_count}; give less"
        raise InputError(msg)
    to = np.full(len(counts), _DROPPED, dtype=np.uint32)
    to[kept] = np.arange(kept.size, dtype=np.uint32)
    vocabulary = [counts.vocabulary[i] for i in kept.tolist()]
    triangle = _core.words_merge_upper([(counts._row_start, counts._column, counts._value, to)], kept.size)
    return Parts(vocabulary, counts.frequencies[kept], *triangle)
