"""A file read by several threads is, to the bit, what one thread makes of it."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stochos import _core, words
from stochos.errors import InputError, StoppedError

UNLIMITED = 2**63 - 1
#: What is left of a corpus after finish(), or the text of the error.
Result = tuple[object, ...] | str


def read(paths: list[Path], threads: int, part: int = 0, *, tokenizer: str = "whitespace", replace: bool = False,
         limit: int = UNLIMITED, **selection: object) -> Result:  # fmt: skip
    """Read files one after another, `part` bytes for each thread at once; with one thread serially."""
    corpus = _core.Corpus(tokenizer, replace, limit, tempfile.gettempdir())
    options: dict[str, object] = {
        "min_count": 1, "max_vocabulary": None, "stop_words": [], "vocabulary": None,
        "keep_positions": False, "subsample": None, "seed": 0,
    }  # fmt: skip
    try:
        for path in paths:
            size = path.stat().st_size
            seen: list[int] = []
            corpus.add_file(os.fsencode(path), path.name, size, threads, part, lambda done, _, s=seen: s.append(done))
            assert seen == sorted(seen)
            assert not seen or seen[-1] == size
        corpus.finish(**(options | selection))
    except InputError as error:
        return str(error)
    return (corpus.words(), corpus.frequencies().tolist(), corpus.ids().tolist(), corpus.tokens_read,
            corpus.types_read, corpus.on_disk)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("texts")


def check(folder: Path, texts: list[bytes], part: int, threads: int, **options: object) -> Result:
    """Assert that both ways of reading agree; return what they give."""
    paths = [folder / f"text {k}" for k in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text)
    expected = read(paths, 1, **options)
    assert read(paths, threads, part, **options) == expected
    return expected


def some_text(tokens: int, seed: int = 0) -> bytes:
    """Tokens of 1 to 30 bytes by a law like that of words, so that new types come to the end; lines of any length."""
    rng = np.random.default_rng(seed)
    ends = rng.choice([" ", "\n", "\r\n", "\t", "  ", "\n\n \n"], tokens, p=[0.8, 0.07, 0.05, 0.03, 0.03, 0.02])
    types = rng.zipf(1.3, tokens) % 100_003
    stems = ["", "é", "中文", "😀", "long-long-long-long-long"]
    return "".join(f"{stems[k % 5]}{k}{end}" for k, end in zip(types.tolist(), ends, strict=True)).encode()


@pytest.mark.parametrize("tokenizer", ["whitespace", "characters"])
@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("part", [1, 7, 64, 1000, 65536])
def test_any_number_of_threads_and_size_of_parts(tokenizer: str, threads: int, part: int, folder: Path) -> None:
    # The smallest parts lie inside tokens and characters and never have an end of their own.
    text = some_text(300 if part < 64 else 20_000)
    for more in (b"", b"no end", b"\n\n\n", "中\r\n".encode()):
        result = check(folder, [text + more], part, threads, tokenizer=tokenizer, min_count=2)
        assert result[3] > 100


SHAPES = {
    "empty": b"",
    "white space only": b" \n" * 500,
    "one token": b"x" * 5000,
    "one line": b"a b " * 2000 + b"last",
    "a huge token among others": b"a b\n" * 500 + b"y" * 3000 + b" c d\n" * 500 + b"y" * 2999 + b"\na",
    "huge tokens alone": (b"z" * 700 + b" ") * 9,
    "empty lines": b"\n\n\na\n\n\n\nb\r\n\r\n\r\nc" * 100,
    "mark at the start": b"\xef\xbb\xbfa b\n" * 300,
    "mark, and nothing that ends": b"\xef\xbb\xbf" + "中".encode() * 900,
    "NUL": b"\0 a\0b\n\0\0" * 300,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tokenizer", ["whitespace", "characters"])
def test_lines_tokens_and_marks_of_every_shape(shape: str, tokenizer: str, folder: Path) -> None:
    for part in (1, 2, 3, 10, 100, 999, 2500):
        result = check(folder, [SHAPES[shape], b"a second file\n", SHAPES[shape]], part, 3, tokenizer=tokenizer)
        assert isinstance(result, tuple)


def test_a_byte_order_mark_is_left_out_at_the_start_of_each_file_only(folder: Path) -> None:
    text = "\ufeffa b\n".encode() * 4
    # Of 2 x 4 marks, the two at the starts of the files are left out.
    result = check(folder, [text, text], 4, 4)
    assert result[0] == ["b", "\ufeffa", "a"]
    assert result[1] == [8, 6, 2]


# Every kind of byte that UTF-8 minds, and much white space, since text is cut there.
_bytes = st.lists(
    st.one_of(
        st.sampled_from([b" ", b"\n", b"a", b"\r\n", "é".encode(), "中".encode(), "😀".encode()]),
        st.sampled_from([b"\xe4", b"\xe4\xb8", b"\xf0\x9f", b"\x80", b"\xff", b"\xc0\xaf", b"\xef\xbb\xbf"]),
        st.binary(max_size=3),
    ),
    max_size=80,
).map(b"".join)


@given(_bytes, st.integers(1, 40), st.sampled_from([2, 3, 8]), st.sampled_from(["whitespace", "characters"]))
@example(b"a b\n\xf0\x9f\x98 c\n", 1, 3, "characters")
@example(b"ok\nok \xe4\xb8\nmore \xff", 4, 2, "whitespace")
@example(b"\xef\xbb\xbf\xef\xbb\xbf a", 2, 2, "whitespace")
def test_any_bytes_replaced_or_refused(data: bytes, part: int, threads: int, tokenizer: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for replace in (True, False):
            check(Path(folder), [data], part, threads, tokenizer=tokenizer, replace=replace)


@pytest.mark.parametrize("place", [0, 5_000, 30_003, 59_999])
def test_a_bad_byte_is_named_with_its_line_and_offset(place: int, folder: Path) -> None:
    text = bytearray(b"ab cd\n" * 10_000)
    text[place] = 0xFF
    for part in (50, 4096):
        message = check(folder, [bytes(text)], part, 3)
        assert f"byte 0xff in text 0, line {place // 6 + 1}, byte offset {place}, is not UTF-8" in message


def test_selections_and_subsampling_are_the_same(folder: Path) -> None:
    texts = [some_text(30_000, seed=1), some_text(10, seed=2), some_text(20_000, seed=3)]
    for options in (
        {"min_count": 3, "keep_positions": True},
        {"subsample": 1e-3, "seed": 5, "min_count": 2},
        {"subsample": 1e-3, "seed": 5, "keep_positions": True},
        {"vocabulary": ["1", "absent", "é1"]},
        {"stop_words": ["1"], "max_vocabulary": 50},
    ):
        assert len(check(folder, texts, 5000, 3, **options)[2]) > 100


def test_ids_beyond_the_limit_go_to_disk(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for limit in (1, 50_000):
        assert check(folder, [some_text(40_000)], 3000, 3, limit=limit)[5]
    assert list(tmp_path.iterdir()) == []


def test_files_of_some_megabytes_are_counted_the_same(tmp_path: Path) -> None:
    # 3.5 MB each: the sizes of parts are those of real use.
    text = some_text(300_000, seed=4)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(text)
    assert len(text) > 2 << 20
    results = []
    for threads in (1, 2, 3, 8):
        counts = words.count(tmp_path, window=2, min_count=5, threads=threads, progress=False)
        assert counts.tokens_read == 600_000
        results.append((counts.vocabulary, counts.frequencies.tobytes(), counts._row_start.tobytes(),
                        counts._column.tobytes(), counts._value.tobytes()))  # fmt: skip
    assert all(result == results[0] for result in results)
    (tmp_path / "b").write_bytes(text + b"\xff\n")
    lines = text.count(b"\n")
    for threads in (1, 3):
        expected = f"b, line {lines + 1}, byte offset {len(text)}, is not UTF-8"
        with pytest.raises(InputError, match=re.escape(expected)):
            words.count(tmp_path, threads=threads, progress=False)


def test_the_callback_stops_the_threads(folder: Path) -> None:
    path = folder / "large"
    path.write_bytes(b"a b c d e\n" * 3_000_000)
    corpus = _core.Corpus("whitespace", False, UNLIMITED, ".")
    with pytest.raises(StoppedError):
        corpus.add_file(os.fsencode(path), "large", 1, 2, 0, lambda done, total: False)
