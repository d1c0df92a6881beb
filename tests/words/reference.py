"""Plain counters that the tests compare with, and small texts as streams of ids."""

from __future__ import annotations

import math

import numpy as np

from stochos import _core
from stochos.words.counts import Counts, CountSettings

LINE_END, HOLE = 0xFFFFFFFF, 0xFFFFFFFE


def count_plainly(ids, weights, diagonal=True):
    """The law in its shortest form: each pair of positions within the window and the line, one by one."""
    found = {}
    for p, a in enumerate(ids):
        if a >= HOLE:
            continue
        for d in range(1, min(len(weights), len(ids) - 1 - p) + 1):
            b = ids[p + d]
            if b == LINE_END:
                break
            if b == HOLE or (a == b and not diagonal):
                continue
            pair = (min(a, b), max(a, b))
            found[pair] = found.get(pair, 0) + weights[d - 1]
    return found


def as_dict(row_start, column, value):
    rows = np.repeat(np.arange(row_start.size - 1), np.diff(row_start))
    return {(a, b): v for a, b, v in zip(rows.tolist(), column.tolist(), value.tolist(), strict=True)}


def weights_of(window, weighting):
    if weighting == "flat":
        return [1] * window, 1
    if weighting == "linear":
        return [window - d + 1 for d in range(1, window + 1)], window
    unit = math.lcm(*range(1, window + 1))
    return [unit // d for d in range(1, window + 1)], unit


def count_lines(lines, window, weighting="flat", diagonal=True, threads=1, **settings):
    """Counts of lists of words through the core's counter, with the vocabulary in the documented order."""
    frequency = {}
    for line in lines:
        for word in line:
            frequency[word] = frequency.get(word, 0) + 1
    least = settings.get("min_count", 1)
    kept = [w for w in frequency if frequency[w] >= least]
    vocabulary = sorted(kept, key=lambda w: (-frequency[w], w.encode("utf-8", "surrogatepass")))
    index = {w: i for i, w in enumerate(vocabulary)}
    ids = []
    for line in lines:
        if settings.get("keep_positions"):
            ids += [index.get(w, HOLE) for w in line]
        else:
            ids += [index[w] for w in line if w in index]
        ids.append(LINE_END)
    weights, unit = weights_of(window, weighting)
    triangle = _core.words_count_pairs(
        np.array(ids, np.uint32), len(vocabulary), np.array(weights, np.uint64), diagonal, threads
    )
    return Counts(
        vocabulary, np.array([frequency[w] for w in vocabulary], np.int64), *triangle, unit=unit,
        settings=CountSettings(window=window, weighting=weighting, diagonal=diagonal, **settings),
        tokens_read=sum(map(len, lines)),
    )  # fmt: skip


def toy(window=2, **options):
    return count_lines([line.split() for line in ("a b a c", "b c d", "d a")], window, **options)


def same(a, b):
    return (
        a.vocabulary == b.vocabulary
        and a.frequencies.tolist() == b.frequencies.tolist()
        and as_dict(a._row_start, a._column, a._value) == as_dict(b._row_start, b._column, b._value)
        and (a.unit, a.tokens_read, a.total_tokens) == (b.unit, b.tokens_read, b.total_tokens)
    )
