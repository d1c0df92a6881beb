"""Counts over an executor have the bits of local ones, wherever the source is cut."""

from __future__ import annotations

import gzip
import io
import os
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import words
from stochos.errors import FileFormatError, InputError, InputTypeError, StoppedError
from stochos.words import _shards

LINES = [
    "the cat sat on the mat",
    "",
    "a dog and a cat and the dog",
    "zwei Hunde, zwei Katzen",
    "猫 と 犬 と 猫",
    "the mat on the mat",
] * 7
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "harmonic": {"weighting": "harmonic", "window": 4},
    "linear, holes": {"weighting": "linear", "keep_positions": True, "min_count": 9},
    "subsampled": {"subsample": 0.01, "seed": 3},
    "stop words": {"stop_words": ["the", "absent"], "max_vocabulary": 5, "diagonal": False},
    "fixed": {"vocabulary": ["mat", "absent", "cat", "the"]},
    "fixed, subsampled": {"vocabulary": ["mat", "absent", "cat", "the"], "subsample": 0.02},
    "characters": {"tokenizer": "characters"},
    "a tokenizer": {"tokenizer": str.split},
    "little memory": {"memory": 1},
}


def bits(counts: words.Counts) -> list[Any]:
    parts = (counts.frequencies, counts._row_start, counts._column, counts._value)
    return [counts.vocabulary, counts.settings, counts.unit, counts.tokens_read, *(part.tobytes() for part in parts)]


def sources(folder: Path) -> dict[str, Any]:
    """The same lines in every form that can be cut."""
    text = "\n".join(LINES) + "\n"
    (folder / "text.txt").write_text(text)
    parts = folder / "parts"
    parts.mkdir()
    (parts / "a.txt").write_bytes(b"\xef\xbb\xbf" + "\n".join(LINES[:9]).encode())
    (parts / "b.txt").write_bytes(b"")
    with gzip.open(parts / "c.txt.gz", "wt") as file:
        file.write("\r\n".join(LINES[9:]))
    return {
        "a path": str(folder / "text.txt"),
        "a folder": parts,
        "paths": sorted(parts.iterdir()),
        "lines": LINES,
        "a tuple of texts": ("\n".join(LINES[:20]), "\n".join(LINES[20:])),
        "token lists": [line.split() for line in LINES],
    }


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", ["a path", "a folder", "paths", "lines", "a tuple of texts", "token lists"])
def test_the_bits_are_those_of_a_local_count(kind: str, options: str, tmp_path: Path):
    source = sources(tmp_path)[kind]
    given = {"min_count": 2, **OPTIONS[options]}
    with ThreadPoolExecutor(3) as pool:
        assert bits(words.count(source, executor=pool, **given)) == bits(words.count(source, **given))


def test_iterables_are_sent_in_parts(tmp_path: Path):
    paths = sources(tmp_path)["paths"]
    with ThreadPoolExecutor(2) as pool:
        assert bits(words.count(iter(LINES), executor=pool)) == bits(words.count(LINES))
        assert bits(words.count(iter(paths), executor=pool)) == bits(words.count(paths))


def test_other_processes_read_paths_from_any_folder(
    processes: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert bits(words.count("parts", executor=processes)) == bits(words.count("parts"))


@given(st.lists(st.text("ab \n\r", max_size=12), max_size=8), st.integers(1, 40))
def test_a_file_is_cut_at_line_ends_only(tmp_path_factory: pytest.TempPathFactory, texts: list[str], wanted: int):
    folder = tmp_path_factory.mktemp("cut")
    paths = [folder / f"{i}.txt" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode())
    shards = _shards.pieces(paths or ["nothing"], wanted)
    pieces = [piece for shard in shards for piece in shard]
    if not paths:
        assert [piece.what for piece in pieces] == [["nothing"]]
        return
    assert len(shards) <= wanted + 1
    for path, text in zip(paths, texts, strict=True):
        of_it = [piece for piece in pieces if piece.what == str(path)]
        data = text.encode()
        assert b"".join(data[p.begin : p.end] for p in of_it) == data
        assert all(data[: p.end].endswith(b"\n") for p in of_it[:-1])


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        (io.StringIO("a b"), InputTypeError, "open file, which other processes cannot read"),
        ({"a": 1}, InputTypeError, "give a path"),
        (b"a b", InputTypeError, "decode it"),
        (["a", 3], InputTypeError, "item 1 of the source is 3"),
        ([], InputError, "vocabulary is empty: 0 of 0 types"),
        (["a a", "b"], InputError, "vocabulary is empty: 0 of 2 types reach min_count=5"),
    ],
)
def test_bad_sources_are_refused(source: Any, error: type[Exception], text: str):
    with ThreadPoolExecutor(2) as pool, pytest.raises(error, match=text):
        words.count(source, executor=pool)


def test_a_pipe_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(2) as pool, pytest.raises(InputError, match="can be read only once"):
        words.count(str(tmp_path / "pipe"), executor=pool)


def test_errors_name_the_place(tmp_path: Path):
    text = tmp_path / "bad.txt"
    text.write_bytes(b"good words\n" * 100 + b"a \xff b\n" + b"good\n" * 100)
    with ThreadPoolExecutor(4) as pool:
        with pytest.raises(InputError, match=r"bad.txt from byte 1100 on, line 1, byte offset 2"):
            words.count(str(text), executor=pool)
        assert "\ufffd" in words.count(str(text), executor=pool, errors="replace", min_count=1)
        (tmp_path / "cut.gz").write_bytes(gzip.compress(b"a b c d e f g " * 999)[:-9])
        with pytest.raises(FileFormatError, match=r"cut.gz is damaged"):
            words.count(str(tmp_path / "cut.gz"), executor=pool)


def test_a_tokenizer_that_cannot_travel_is_named(processes: Executor):
    with pytest.raises(InputTypeError, match=r"\[words.count\] .*cannot be sent to another process .*no lambdas"):
        words.count(LINES, tokenizer=lambda line: line.split(), executor=processes)


def test_a_source_that_changes_is_refused(tmp_path: Path):
    text = tmp_path / "text.txt"
    text.write_text("a b c\n" * 100)

    def change(done: int, total: int) -> None:
        if done == total:
            text.write_text("a b d\n" * 100)

    with ThreadPoolExecutor(2) as pool, pytest.raises(InputError, match="changed while it was read"):
        words.count(str(text), executor=pool, progress=change)


def test_progress_counts_bytes_and_can_stop(tmp_path: Path):
    text = sources(tmp_path)["a path"]
    calls: list[tuple[int, int]] = []
    size = os.path.getsize(text)
    with ThreadPoolExecutor(2) as pool:
        words.count(text, executor=pool, progress=lambda done, total: calls.append((done, total)))
        assert calls.count((size, size)) == 2
        with pytest.raises(StoppedError):
            words.count(text, executor=pool, progress=lambda done, total: False)


def test_what_is_no_executor_is_refused():
    with pytest.raises(InputTypeError, match=r"\[words.count\] executor is 4"):
        words.count(LINES, executor=4)
