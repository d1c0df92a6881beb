"""`words.count`: every kind of source gives the same counts, and every wrong one an error that says how to mend it."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stochos import words
from stochos.errors import (
    FileError,
    FileFormatError,
    InputError,
    InputTypeError,
    MissingPartError,
)

LINES = ["the cat sat on the mat", "", "the  dog\tsat", "中文 é 😀 the\u3000cat", "mat cat the"]
TEXT = "\n".join(LINES) + "\n"
TOKENS = [re.findall("[^ \t]+", line) for line in LINES]


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


@pytest.fixture(scope="module")
def expected() -> words.Counts:
    return count(TOKENS)


def test_token_lists_are_counted_by_hand() -> None:
    # "a b a c", window 2: (a,b) at 1, (a,a) at 2, (b,a) at 1, (b,c) at 2, (a,c) at 1; "b c": (b,c) at 1.
    counts = count([["a", "b", "a", "c"], ["b", "c"]])
    assert pairs(counts) == {("a", "a"): 1, ("a", "b"): 2, ("a", "c"): 1, ("b", "c"): 2}
    assert counts.vocabulary == ["a", "b", "c"]
    assert counts.frequencies.tolist() == [2, 2, 2]
    assert counts.tokens_read == counts.total_tokens == 6


def _files(folder: Path) -> list[Path]:
    (folder / "sub").mkdir()
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "text").write_text("hidden words")
    (folder / ".dot").write_text("hidden words")
    parts = [folder / "a.txt", folder / "b.gz", folder / "sub" / "c.xz"]
    parts[0].write_bytes("\ufeff".encode() + "\n".join(LINES[:2]).encode())  # no line end behind the last line
    parts[1].write_bytes(gzip.compress((LINES[2] + "\r\n").encode()))
    parts[2].write_bytes(lzma.compress("\n".join(LINES[3:]).encode()))
    return parts


KINDS = {
    "path str": lambda d: str(d / "t.txt"),
    "path": lambda d: d / "t.txt",
    "bom and crlf": lambda d: d / "crlf.txt",
    "folder": lambda d: d / "folder",
    "folder str": lambda d: str(d / "folder"),
    "list of paths": lambda d: [d / "folder" / "a.txt", d / "folder" / "b.gz", d / "folder" / "sub" / "c.xz"],
    "tuple of paths": lambda d: (d / "t.txt",),
    "generator of paths": lambda d: (p for p in [d / "t.txt"]),
    "gz": lambda d: d / "t.gz",
    "gz of two members": lambda d: d / "two.gz",
    "xz": lambda d: d / "t.xz",
    "bz2": lambda d: d / "t.bz2",
    "lines": lambda d: LINES,
    "tuple of lines": lambda d: tuple(LINES),
    "one text": lambda d: [TEXT],
    "lines with ends": lambda d: [line + "\r\n" for line in LINES],
    "generator of lines": lambda d: (line for line in LINES),
    "array of lines": lambda d: np.array(LINES),
    "token lists": lambda d: TOKENS,
    "token tuples": lambda d: tuple(tuple(line) for line in TOKENS),
    "generator of generators": lambda d: ((t for t in line) for line in TOKENS),
    "token arrays": lambda d: [np.array(line, dtype=str) for line in TOKENS],
    "text file": lambda d: io.StringIO("\ufeff" + TEXT),
    "binary file": lambda d: io.BytesIO(TEXT.encode()),
    "open file": lambda d: (d / "t.txt").open("rb"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sources")
    data = TEXT.encode()
    (made / "t.txt").write_bytes(data)
    (made / "crlf.txt").write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    (made / "t.gz").write_bytes(gzip.compress(data))
    (made / "two.gz").write_bytes(gzip.compress(data[:30]) + gzip.compress(data[30:]))
    (made / "t.xz").write_bytes(lzma.compress(data))
    (made / "t.bz2").write_bytes(bz2.compress(data))
    (made / "folder").mkdir()
    _files(made / "folder")
    return made


def split(line: str) -> list[str]:
    """Return the tokens of a line as the default tokenizer does."""
    return re.findall("[^ \t\r]+", line)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_gives_the_same_counts(kind: str, folder: Path, expected: words.Counts) -> None:
    source = KINDS[kind](folder)
    assert same(count(source), expected)
    if hasattr(source, "close"):
        source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_callable_tokenizer_sees_every_line_of_every_kind(kind: str, folder: Path, expected: words.Counts) -> None:
    source = KINDS[kind](folder)
    counts = count(source, tokenizer=split)
    assert same(counts, expected)
    assert counts.settings.tokenizer.endswith("split")
    if hasattr(source, "close"):
        source.close()


def test_zstd_of_several_frames_is_read_whole_and_a_cut_one_refused(tmp_path: Path, expected: words.Counts) -> None:
    zstandard = pytest.importorskip("zstandard")
    compress = zstandard.ZstdCompressor().compress
    data = TEXT.encode()
    path = tmp_path / "t.zst"
    path.write_bytes(compress(data[:20]) + compress(b"") + compress(data[20:]))
    assert same(count(path), expected)
    path.write_bytes(compress(os.urandom(500).hex().encode() * 50)[:-5])
    with pytest.raises(FileFormatError, match=re.escape(str(path))):
        count(path)
    path.write_bytes(b"no zstd file at all")
    with pytest.raises(FileFormatError, match=r"ending \.zst"):
        count(path)


@pytest.mark.parametrize("ending", ["gz", "xz", "bz2"])
def test_damaged_and_cut_compressed_files_are_named(ending: str, tmp_path: Path) -> None:
    compress = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}[ending]
    path = tmp_path / f"t.{ending}"
    for data in (b"plain text", compress(os.urandom(3000).hex().encode())[:-20]):
        path.write_bytes(data)
        with pytest.raises(
            FileFormatError, match=re.escape(f"{path} is damaged or not what its ending .{ending} says")
        ):
            count(path)


def test_missing_optional_parts_print_the_pip_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.zst").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(MissingPartError, match=re.escape("pip install 'stochos[text]'")):
        count(tmp_path / "t.zst")
    with pytest.raises(MissingPartError, match=re.escape("pip install 'stochos[text]'")):
        count(["a"], tokenizer="jieba")


# --- faults of other tools ------------------------------------------------------------------------------------------


def test_tokens_of_any_length_stay_whole() -> None:
    counts = count(["x" * 1000 + " a", "x" * 5000])
    assert sorted(counts.vocabulary, key=len) == ["a", "x" * 1000, "x" * 5000]


def test_a_generator_is_read_once_and_whole() -> None:
    seen = []

    def produce() -> Any:
        for _ in range(3):
            seen.append(1)
            yield ["a", "b"]

    assert pairs(count(produce())) == {("a", "b"): 3}
    assert len(seen) == 3


def test_a_text_is_never_taken_for_a_path_nor_a_path_for_letters() -> None:
    for text in ("hello world", "x" * 10_000, "a\0b", ""):
        with pytest.raises(FileError, match=r"\[words.count\] .* is no existing file or folder; .*pass it as \[text\]"):
            count(text)
    with pytest.raises(FileError) as caught:
        count("hello world")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(FileError, match="no existing file"):
        count(Path("absent"))


def test_the_last_pair_of_a_line_of_20000_tokens_is_counted() -> None:
    line = "a b " * 10_000 + "last pair"
    assert pairs(count([line], window=1))["last", "pair"] == 1
    assert pairs(count([line.split()], window=1))["last", "pair"] == 1


def test_an_empty_vocabulary_says_how_many_types_there_were() -> None:
    for source in ([], [""], [[]], iter([]), io.StringIO("")):
        with pytest.raises(InputError, match="vocabulary is empty: 0 of 0 types reach min_count=5"):
            count(source, min_count=5)
    with pytest.raises(ValueError, match="vocabulary is empty: 0 of 2 types reach min_count=5"):
        count(["a b"], min_count=5)
    with pytest.raises(InputError, match=r"0 of 2 types reach min_count=1 \(2 are stop words\)"):
        count(["a b"], stop_words=["a", "b", "c"])


def test_tokens_with_white_space_and_odd_characters_are_words() -> None:
    odd = ["new york", "a\u00a0b", "\u3000", "\x85", "\0", "a\nb", "\ufeff"]
    assert sorted(count([odd]).vocabulary) == sorted(odd)
    assert count(["a\u00a0b c\u3000d e\x85f"]).vocabulary == ["a\u00a0b", "c\u3000d", "e\x85f"]


def test_a_bad_byte_is_an_error_with_place_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    data = b"good line\n\xff\xfe 3 4\n"
    path.write_bytes(data)
    (tmp_path / "bad.gz").write_bytes(gzip.compress(data))
    place = "line 2, byte offset 10, is not UTF-8"
    for source in (path, str(path), tmp_path / "bad.gz"):
        for tokenizer in (None, str.split, "characters"):
            with pytest.raises(InputError, match=f"byte 0xff in .*bad.*, {place}.*errors='replace'"):
                count(source, tokenizer=tokenizer)
    with pytest.raises(InputError, match=place):
        count(io.BytesIO(data))
    replaced = count(path, errors="replace")
    assert (
        replaced.vocabulary
        == count([data.decode(errors="replace")]).vocabulary
        == ["3", "4", "good", "line", "\ufffd\ufffd"]
    )
    assert same(count(path, errors="replace", tokenizer=str.split), replaced)
    with path.open(encoding="utf-8") as file, pytest.raises(InputError, match="open it in binary mode"):
        count(file)


def test_a_lone_surrogate_names_its_line_or_is_replaced(tmp_path: Path) -> None:
    for source in (["a", "b \udc80 c"], iter(["a", "b \udc80 c"]), io.StringIO("a\nb \udc80 c")):
        with pytest.raises(InputError, match=r"line 2( of the source)?, holds the lone surrogate U\+DC80"):
            count(source)
    with pytest.raises(InputError, match=r"token 1 of item 1 of the source, .* holds the lone surrogate U\+D800"):
        count([["a"], ["b", "\ud800", "c"]])
    expected = count(["a", "b \ufffd c"])
    assert same(count(["a", "b \udc80 c"], errors="replace"), expected)
    assert same(count(io.StringIO("a\nb \udc80 c"), errors="replace"), expected)
    assert same(count([["a"], ["b", "\ud800", "c"]], errors="replace"), expected)
    path = tmp_path / "name\udcff.txt"
    try:
        path.write_text("a b")
    except OSError:
        pytest.skip("this file system takes no such name")
    assert count(path).vocabulary == count(str(path)).vocabulary == ["a", "b"]
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"name\\xff\.txt, line 1"):
        count(path)


def test_chinese_text_is_cut_into_characters_or_words() -> None:
    assert count(["中文，中\u3000文"], tokenizer="characters").frequencies.tolist() == [2, 2, 1]
    assert count(["e\u0301 é"], tokenizer="characters").vocabulary == ["e", "é", "\u0301"]


def test_jieba_cuts_words_silently_and_drops_white_space(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("jieba")
    counts = count(["我来到北京清华大学", "我 来到\u3000北京"], tokenizer="jieba")
    assert {"我", "来到", "北京", "清华大学"} == set(counts.vocabulary)
    assert counts.settings.tokenizer == "jieba"
    assert capfd.readouterr() == ("", "")


# --- wrong kinds ----------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[Any, str]] = {
    "bytes": (b"a b", "source is bytes; decode it and pass"),
    "number": (3, "source is 3 of type int"),
    "None": (None, "source is None of type NoneType"),
    "dict": ({"a": 1}, "of type dict; give a path"),
    "array of no dimension": (np.array("a b"), "of type ndarray"),
    "list of bytes": ([b"a b"], "item 0 of the source is b'a b' of type bytes"),
    "list of numbers": ([1, 2], "item 0 of the source is 1 of type int"),
    "None first": (iter([None, "a"]), "item 0 of the source is None"),
    "lines, then tokens": (["a b", ["a", "b"]], "item 1 of the source is .* each a line of text"),
    "tokens, then a line": ([["a", "b"], "a b"], "item 1 of the source is 'a b' of type str; .* each a token list"),
    "set of tokens": ([{"a", "b"}], "item 0 of the source is .* of type set"),
    "token number": ([["a"], ["b", 5]], "token 1 of item 1 of the source is 5 of type int; tokens are str"),
    "token bytes": ([["a", b"b"]], "token 1 of item 0 of the source is b'b' of type bytes"),
    "token None": ([["a", None]], "token 1 of item 0 of the source is None"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_kind_of_source_is_named(name: str) -> None:
    source, message = WRONG[name]
    with pytest.raises(InputTypeError, match=message):
        count(source)


def test_an_empty_token_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match="token 1 of item 0 of the source is an empty str"):
        count([["a", "", "b"]])
    with pytest.raises(InputError, match="token 1 of what the tokenizer made of line 2 of the source is an empty str"):
        count(["a b", "a  b"], tokenizer=lambda line: line.split(" "))


def test_a_tokenizer_that_returns_no_list_of_str_is_refused() -> None:
    with pytest.raises(InputTypeError, match=r"the tokenizer made 'A B' of type str of line 1 of the source"):
        count(["a b"], tokenizer=str.upper)
    with pytest.raises(
        InputTypeError, match="token 0 of what the tokenizer made of line 1 of the source is 3 of type int"
    ):
        count(["a b"], tokenizer=lambda line: [len(line)])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("a")
    with pytest.raises(FileError, match="holds no file that is not hidden"):
        count(tmp_path)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen([sys.executable, "-c", f"open({str(path)!r}, 'w').write('a b a')"]):
        assert count(path).frequencies.tolist() == [2, 1]
