"""The options of `words.count`: what they do, and wrong ones refused before anything is read."""

from __future__ import annotations

import re
from math import lcm
from typing import Any

import numpy as np
import pytest

from stochos import words
from stochos.errors import (
    InputError,
    InputTypeError,
)


def same(a: words.Counts, b: words.Counts) -> bool:
    """Whether vocabulary, frequencies and every single count agree."""
    arrays = [
        (a.frequencies, b.frequencies),
        (a._row_start, b._row_start),
        (a._column, b._column),
        (a._value, b._value),
    ]
    return a.vocabulary == b.vocabulary and a.unit == b.unit and all(np.array_equal(x, y) for x, y in arrays)


def count(source: Any, **options: Any) -> words.Counts:
    return words.count(source, **({"min_count": 1, "window": 2, "progress": False} | options))


def pairs(counts: words.Counts) -> dict[tuple[str, str], int]:
    """Return the upper triangle as a dictionary of words."""
    rows = np.repeat(np.arange(len(counts.vocabulary)), np.diff(counts._row_start))
    names = counts.vocabulary
    return {(names[r], names[c]): int(v) for r, c, v in zip(rows, counts._column, counts._value, strict=True)}


OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"window": 0}, InputError, "window is 0"),
    ({"window": 10_001}, InputError, "window is 10001"),
    ({"window": 2.5}, InputTypeError, "window is 2.5"),
    ({"window": True}, InputTypeError, "window is True"),
    ({"min_count": 0}, InputError, "min_count is 0"),
    ({"weighting": "cubic"}, InputError, "weighting is 'cubic'"),
    ({"tokenizer": "letters"}, InputError, "tokenizer is 'letters'"),
    ({"tokenizer": 3}, InputTypeError, "tokenizer is 3"),
    ({"stop_words": "the"}, InputTypeError, "stop_words is 'the'"),
    ({"stop_words": [1]}, InputTypeError, "stop_words: item 0 is 1"),
    ({"stop_words": ["\ud800"]}, InputError, "lone surrogate"),
    ({"keep_positions": 1}, InputTypeError, "keep_positions is 1"),
    ({"diagonal": "no"}, InputTypeError, "diagonal is 'no'"),
    ({"max_vocabulary": 0}, InputError, "max_vocabulary is 0"),
    ({"subsample": 0}, InputError, "subsample is 0"),
    ({"subsample": 1.5}, InputError, "subsample is 1.5"),
    ({"subsample": float("nan")}, InputError, "subsample is nan"),
    ({"vocabulary": []}, InputError, "vocabulary is empty"),
    ({"vocabulary": "ab"}, InputTypeError, "vocabulary is 'ab'"),
    ({"vocabulary": ["a", "b", "a"]}, InputError, "vocabulary has 'a' twice, as items 0 and 2"),
    ({"vocabulary": ["a", ""]}, InputError, "item 1 is an empty str"),
    ({"vocabulary": ["a"], "max_vocabulary": 3}, InputError, "vocabulary and max_vocabulary are both given"),
    ({"vocabulary": ["a"], "stop_words": ["b"]}, InputError, "vocabulary and stop_words are both given"),
    ({"errors": "ignore"}, InputError, "errors is 'ignore'"),
    ({"memory": "much"}, InputError, "memory is 'much'"),
    ({"memory": "0GB"}, InputError, "memory is '0GB'"),
    ({"memory": -1}, InputError, "memory is -1"),
    ({"memory": 1.5}, InputTypeError, "memory is 1.5"),
    ({"threads": 0}, InputError, "threads is 0"),
    ({"seed": -1}, InputError, "seed is -1"),
    ({"progress": "bar"}, InputTypeError, "progress is 'bar'"),
    (
        {"window": 100, "weighting": "harmonic"},
        InputError,
        "window is 100 .* give a window of .* or weighting='linear'",
    ),
]


@pytest.mark.parametrize(("options", "error", "message"), OPTIONS)
def test_a_wrong_option_is_refused_before_the_source_is_read(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    source = iter(["a b"])
    with pytest.raises(error, match=r"^\[words.count\] .*" + message.replace("(", r"\(")):
        count(source, **options)
    assert next(source) == "a b"


# --- what the options do ----------------------------------------------------------------------------------------------


def test_weightings_are_whole_multiples_of_one_unit() -> None:
    # One line, all words different: the pair at distance d has weight 1, 1/d or (w - d + 1)/w.
    line = [["a", "b", "c", "d", "e"]]
    flat, linear, harmonic = (count(line, window=4, weighting=w) for w in ("flat", "linear", "harmonic"))
    assert (flat.unit, linear.unit, harmonic.unit) == (1, 4, lcm(1, 2, 3, 4))
    for distance, other in enumerate("bcde", 1):
        assert pairs(flat)["a", other] == 1
        assert pairs(linear)["a", other] == 4 - distance + 1
        assert pairs(harmonic)["a", other] * distance == 12


def test_harmonic_windows_too_wide_for_the_text_are_refused_with_the_widest_that_fits() -> None:
    lines = [["a", "b"]] * 50_000
    with pytest.raises(InputError, match=r"exact sums over 100,000 tokens could pass 2\*\*63") as caught:
        count(lines, window=42, weighting="harmonic")
    best = int(re.search(r"give a window of (\d+)", str(caught.value))[1])  # type: ignore[index]
    bound = [2 * 100_000 * sum(lcm(*range(1, w + 1)) // d for d in range(1, w + 1)) for w in (best, best + 1)]
    assert bound[0] < 2**63 <= bound[1]
    assert count(lines, window=best, weighting="harmonic").unit == lcm(*range(1, best + 1))


def test_positions_are_closed_up_or_kept() -> None:
    lines = ["a x b", "a b"]
    assert pairs(count(lines, window=1, stop_words=["x"])) == {("a", "b"): 2}
    assert pairs(count(lines, window=1, stop_words=["x"], keep_positions=True)) == {("a", "b"): 1}
    assert pairs(count(lines, window=1, min_count=2)) == {("a", "b"): 2}


def test_selection_options_are_recorded_and_obeyed() -> None:
    lines = ["a a a b b c", "a b c d"]
    counts = count(lines, max_vocabulary=2, stop_words=["d", "a", "d"], seed=5)
    assert counts.vocabulary == ["b", "c"]
    assert counts.tokens_read == 10
    s = counts.settings
    assert (s.window, s.weighting, s.diagonal, s.keep_positions, s.min_count) == (2, "flat", True, False, 1)
    assert (s.max_vocabulary, s.subsample, s.tokenizer, s.stop_words) == (2, None, "whitespace", ("a", "d"))
    assert (s.fixed_vocabulary, s.seed, s.stream_version) == (False, 5, 1)
    fixed = count(lines, vocabulary=["zebra", "c", "b"], min_count=50)
    assert fixed.vocabulary == ["zebra", "c", "b"]
    assert fixed.frequencies.tolist() == [0, 2, 3]
    assert fixed.settings.fixed_vocabulary
    assert ("b", "b") not in pairs(count(lines, diagonal=False))


def test_subsampling_thins_the_counts_by_the_square_of_the_keep_probability() -> None:
    # "a b" on 20,000 lines, t = .02, share .5: p = sqrt(.04) + .04 = .24 for each word on its own.
    lines = ["a b"] * 20_000
    counts = count(lines, subsample=0.02, seed=3, keep_positions=True)
    n, p = 20_000, 0.24**2
    assert abs(pairs(counts)["a", "b"] - n * p) < 5 * (n * p * (1 - p)) ** 0.5  # 5 sigma; the seed is fixed
    assert counts.frequencies.tolist() == [20_000, 20_000]
    assert same(counts, count(lines, subsample=0.02, seed=3, keep_positions=True, threads=2))
    assert not same(counts, count(lines, subsample=0.02, seed=4, keep_positions=True))
