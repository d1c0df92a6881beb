"""The reader of the core against a plain Python one: tokens, vocabulary, ids, whatever the blocks."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stochos import _core
from stochos.errors import InputError, StoppedError

if TYPE_CHECKING:
    from pathlib import Path

LINE_END, HOLE = 0xFFFFFFFF, 0xFFFFFFFE
UNLIMITED = 2**63 - 1


@dataclass
class Text:
    """What a corpus holds after it is finished."""

    words: list[str]
    frequencies: list[int]
    ids: list[int]
    tokens_read: int


def read(data: bytes, *, block: int | None = None, tokenizer: str = "whitespace", replace: bool = False,
         limit: int = UNLIMITED, folder: str = ".", progress: object = None, **selection: object) -> Text:  # fmt: skip
    """Feed `data` in blocks and finish."""
    corpus = _core.Corpus(tokenizer, replace, limit, folder)
    corpus.start_source("data", True)
    step = block or max(1, len(data))
    for start in range(0, len(data), step):
        corpus.add_bytes(data[start : start + step])
    corpus.end_source()
    options: dict[str, object] = {
        "min_count": 1, "max_vocabulary": None, "stop_words": [], "vocabulary": None,
        "keep_positions": False, "subsample": None, "seed": 0,
    }  # fmt: skip
    corpus.finish(**(options | selection), progress=progress)
    return Text(corpus.words(), corpus.frequencies().tolist(), corpus.ids().tolist(), corpus.tokens_read)


def tokens_of(text: str, tokenizer: str = "whitespace") -> list[list[str]]:
    """Tokens of each line: the definition in the documentation, in plain Python."""
    text = text.removeprefix("\ufeff")
    if tokenizer == "characters":
        return [[c for c in line if not c.isspace()] for line in text.split("\n")]
    return [[t for t in re.split("[ \t\r\v\f]+", line) if t] for line in text.split("\n")]


def reference(
    lines: list[list[str]],
    min_count: int = 1,
    max_vocabulary: int | None = None,
    stop_words: tuple[str, ...] = (),
    keep_positions: bool = False,
    vocabulary: list[str] | None = None,
) -> Text:
    """Vocabulary and ids as `words.count` documents them, in plain Python."""
    counter = Counter(t for line in lines for t in line)
    words = [w for w, n in counter.items() if n >= min_count and w not in stop_words]
    words = vocabulary or sorted(words, key=lambda w: (-counter[w], w.encode()))[:max_vocabulary]
    place = {w: i for i, w in enumerate(words)}
    ids: list[int] = []
    for line in lines:
        new = [place.get(t, HOLE) for t in line]
        new = new if keep_positions else [i for i in new if i != HOLE]
        if new:
            ids += [*new, LINE_END]
    return Text(words, [counter[w] for w in words], ids, sum(counter.values()))


# Characters that some reader somewhere gets wrong: NUL, NEL, no-break and ideographic space, byte order mark,
# combining mark, line and paragraph separator, information separators, two- to four-byte characters.
ODD = "ab  \n\n\r\t\v\f\0\x85\xa0\u3000\ufeff\u0301é中文😀"
ODD += "\u2028\u2029\x1c\x1f\x7f\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
corpora = st.text(alphabet=st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), max_size=300)


@given(corpora, st.sampled_from(["whitespace", "characters"]), st.sampled_from([None, 1, 2, 3, 7, 64]))
@example("\ufeff\ufeffa\r\n\r\nb\u3000c\x85d a\n", "whitespace", 1)
@example("\ufeff中 文\u3000。\n\n中", "characters", 1)
def test_any_text_in_any_blocks_equals_the_plain_reader(text: str, tokenizer: str, block: int | None) -> None:
    expected = reference(tokens_of(text, tokenizer))
    if not expected.words:
        with pytest.raises(InputError, match="vocabulary is empty: 0 of 0 types reach min_count=1"):
            read(text.encode(), block=block, tokenizer=tokenizer)
        return
    assert read(text.encode(), block=block, tokenizer=tokenizer) == expected


@given(
    st.text(alphabet="aabbbcdefg  \n", min_size=20, max_size=400),
    st.integers(1, 8),
    st.one_of(st.none(), st.integers(1, 5)),
    st.sets(st.sampled_from(["a", "b", "ab", "zz"])).map(tuple),
    st.booleans(),
)
def test_selection_equals_the_plain_one(
    text: str, min_count: int, most: int | None, stops: tuple[str, ...], keep: bool
) -> None:
    expected = reference(tokens_of(text), min_count, most, stops, keep)
    options = {"min_count": min_count, "max_vocabulary": most, "stop_words": list(stops), "keep_positions": keep}
    if expected.words:
        assert read(text.encode(), **options) == expected
    else:
        with pytest.raises(InputError, match="vocabulary is empty"):
            read(text.encode(), **options)


@pytest.mark.parametrize("keep", [False, True])
def test_fixed_vocabulary_keeps_its_order_and_absent_words(keep: bool) -> None:
    text = "a b c a\nc x c\n"
    words = ["zebra", "c", "a"]
    assert read(text.encode(), vocabulary=words, keep_positions=keep, min_count=99) == reference(
        tokens_of(text), keep_positions=keep, vocabulary=words
    )


def _python_error(data: bytes) -> int | None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


# Leads and continuations of every class of table 3-7 of the Unicode standard, more often than chance brings them.
_BYTES = st.one_of(
    st.integers(0, 255),
    st.sampled_from([0x0A, 0x61, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED]),
    st.sampled_from([0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]),
)
noise = st.one_of(
    st.lists(_BYTES, max_size=60).map(bytes),
    st.tuples(corpora, st.lists(_BYTES, max_size=4).map(bytes), corpora).map(
        lambda t: t[0].encode()[-70:] + t[1] + t[2].encode()[1:]
    ),
)


@given(noise, st.sampled_from([None, 1, 2, 3, 5, 64]))
@example(b"\xf0\x9f\x98", 1)
@example(b"\xed\xa0\x80 \xe0\x80\x80 \xf4\x90\x80\x80 \xc0\xaf \xf0\x82\x82\xac", 2)
@example(b"\xef\xbb", None)
@example(b"\xff\xfe 3 4", None)
def test_utf8_is_judged_as_python_does(data: bytes, block: int | None) -> None:
    start = _python_error(data)
    if start is None:
        lines = tokens_of(data.decode())
        if any(lines):
            assert read(data, block=block) == reference(lines)
    else:
        line = data.count(b"\n", 0, start) + 1
        with pytest.raises(InputError) as caught:
            read(data, block=block)
        assert f"byte 0x{data[start]:02x} in data, line {line}, byte offset {start}, is not UTF-8" in str(caught.value)
        assert "errors='replace'" in str(caught.value)
    # Characters, since they show every replacement.
    lines = tokens_of(data.decode(errors="replace"), "characters")
    if any(lines):
        assert read(data, block=block, tokenizer="characters", replace=True) == reference(lines)


def test_every_sequence_of_two_bytes_and_every_lead_with_edges_is_judged_as_python_does() -> None:
    edges = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
    pairs = [bytes([a, b]) for a in range(256) for b in range(256)]
    longer = [bytes([a, b, c, d]) for a in range(0xC0, 256) for b in edges for c in edges for d in edges]
    for data in pairs + longer:
        corpus = _core.Corpus("whitespace", False, UNLIMITED, ".")
        corpus.start_source("data", True)
        start = _python_error(data)
        if start is None:
            corpus.add_bytes(data)
            corpus.end_source()
        else:
            with pytest.raises(InputError, match=f"byte offset {start},"):
                corpus.add_bytes(data), corpus.end_source()


def test_long_ascii_before_a_bad_byte_is_passed_over_quickly_and_rightly() -> None:
    for size in (63, 64, 65, 127, 128, 129, 5000):
        with pytest.raises(InputError, match=f"line 1, byte offset {size},"):
            read(b"a" * size + b"\x80" + b"b" * 100)
        text = "a" * size + "é" + "b" * 70
        assert read(text.encode()).words == [text]


def test_token_of_a_million_bytes_and_its_neighbours_stay_whole() -> None:
    # notes: tools cut tokens at 1000 bytes, giving several vectors for one word.
    for size in (15, 16, 17, 999, 1000, 1001, 5000, 10**6):
        text = "x" * size + " a " + "x" * (size - 1) + "y " + "x" * size
        assert read(text.encode(), block=4096) == reference(tokens_of(text))


def test_a_line_of_two_million_tokens_is_one_line() -> None:
    text = "a b " * 10**6 + "last"
    result = read(text.encode())
    assert result.tokens_read == 2 * 10**6 + 1
    assert result.ids[-2:] == [2, LINE_END]
    assert result.ids.count(LINE_END) == 1


def test_tokens_given_whole_are_taken_as_they_are() -> None:
    corpus = _core.Corpus("whitespace", False, UNLIMITED, ".")
    assert corpus.add_tokens(["new york", "\ufeff", "a\nb", "\0", "new york"]) == -1
    corpus.end_line()
    corpus.finish(1, None, [], None, False, None, 0)
    assert corpus.words() == ["new york", "\0", "a\nb", "\ufeff"]
    assert corpus.ids().tolist() == [0, 3, 2, 1, 0, LINE_END]


def test_spilled_ids_equal_those_in_memory_and_no_file_is_left(tmp_path: Path) -> None:
    data = " ".join(str(i * i % 5003) for i in range(60_000)).encode()
    expected = read(data, min_count=3)
    for limit in (1, 100_000):
        corpus = _core.Corpus("whitespace", False, limit, str(tmp_path))
        corpus.start_source("data", True)
        corpus.add_bytes(data)
        assert corpus.on_disk
        assert list(tmp_path.iterdir()) == []  # unnamed from the start: even SIGKILL leaves nothing
    assert read(data, min_count=3, limit=1, folder=str(tmp_path)) == expected


def test_a_folder_that_cannot_hold_temporary_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=re.escape(str(tmp_path / "absent"))):
        read(b"a b c " * 100_000, limit=1, folder=str(tmp_path / "absent"))


def test_subsampling_keeps_the_expected_part_and_depends_on_the_seed() -> None:
    # 100,000 tokens: "a" has share .5, b and c .25 each. t = .05: p(a) = sqrt(.1) + .1, p(b) = sqrt(.2) + .2.
    data = b"a b a c\n" * 25_000
    first = read(data, subsample=0.05, seed=1, keep_positions=True)
    assert first == read(data, subsample=0.05, seed=1, keep_positions=True, block=3)
    assert first.frequencies == [50_000, 25_000, 25_000]
    kept = Counter(first.ids)
    for word, n, share in ((0, 50_000, 0.5), (1, 25_000, 0.25), (2, 25_000, 0.25)):
        p = math.sqrt(0.05 / share) + 0.05 / share
        # 5 sigma of the binomial law: a false alarm for 6e-7 of the seeds; the seed is fixed.
        assert abs(kept[word] - n * p) < 5 * math.sqrt(n * p * (1 - p))
    assert read(data, subsample=0.05, seed=2, keep_positions=True).ids != first.ids
    vanished = read(data, subsample=0.05, seed=1)
    without = [i for i in first.ids if i != HOLE]
    squeezed = [i for i, before in zip(without, [LINE_END, *without], strict=False) if (i, before) != (LINE_END,) * 2]
    assert vanished.ids == squeezed
    # A threshold of 1 keeps every place: p >= sqrt(1/f) >= 1.
    assert read(data, subsample=1.0, seed=1) == read(data)


def test_stopping_by_the_callback_raises() -> None:
    with pytest.raises(StoppedError):
        read(b"a b c d\n" * 500_000, progress=lambda done, total: False)


def test_results_are_arrays_of_the_documented_kinds() -> None:
    corpus = _core.Corpus("whitespace", False, UNLIMITED, ".")
    corpus.add_tokens(["a"])
    corpus.finish(1, None, [], None, False, None, 0)
    assert corpus.ids().dtype == np.uint32
    assert corpus.frequencies().dtype == np.int64
    with pytest.raises(InputError, match="finished already"):
        corpus.finish(1, None, [], None, False, None, 0)
    with pytest.raises(InputError, match="tokenizer is 'letters'"):
        _core.Corpus("letters", False, 1, ".")
