"""Temporary files, progress and Ctrl-C while `words.count` reads."""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stochos import words
from stochos.errors import (
    StoppedError,
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


@pytest.mark.parametrize("memory", [1, 100_000, "10kB", "0.5 MB", "1MiB", "2GB", "1g"])
def test_memory_changes_nothing_and_leaves_no_file(
    memory: int | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lines = [" ".join(str(i * j % 97) for j in range(30)) for i in range(3000)]
    assert same(count(lines, memory=memory, window=5), count(lines, window=5))
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_the_source_passes_through_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def produce() -> Any:
        yield from (["a", "b"] * 50 for _ in range(5000))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        count(produce(), memory=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["lines", "path", "gz", "text file", "token lists"])
def test_progress_is_called_and_stops_every_kind_of_reading(kind: str, tmp_path: Path) -> None:
    text = "a b c d e f\n" * 100_000
    (tmp_path / "path").write_text(text)
    (tmp_path / "gz.gz").write_bytes(gzip.compress(text.encode(), 1))
    sources: dict[str, Any] = {
        "lines": text.split("\n"),
        "path": tmp_path / "path",
        "gz": tmp_path / "gz.gz",
        "text file": io.StringIO(text),
        "token lists": [["a", "b", "c", "d", "e", "f"]] * 2000,
    }
    calls = []
    count(sources[kind], progress=lambda done, total: calls.append((done, total)))
    assert calls
    assert all(0 < done <= (total or done) for done, total in calls)
    if kind == "text file":
        sources[kind].seek(0)
    with pytest.raises(StoppedError):
        count(sources[kind], progress=lambda done, total: False)


# --- Ctrl-C ---------------------------------------------------------------------------------------------------------

INTERRUPTED = """
import gzip, itertools, pathlib, sys, tempfile, time
from stochos.words import count  # before "ready": the interrupt shall fall into reading, not importing
folder = pathlib.Path(sys.argv[1])
tempfile.tempdir = str(folder / "tmp")
line = " ".join(str(i * i % 1009) for i in range(2000))
kind = sys.argv[2]
if kind in ("files", "gz"):
    path = folder / ("t.gz" if kind == "gz" else "t")
    data = (line + "\\n").encode() * 2000
    path.write_bytes(gzip.compress(data, 1) if kind == "gz" else data)
    source = [path] * 100_000
elif kind == "lines":
    source = itertools.repeat(line)
else:
    source = itertools.repeat(line.split())
print("ready", flush=True)
try:
    count(source, memory=1, min_count=1, progress=False)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
"""


@pytest.mark.parametrize("kind", ["files", "gz", "lines", "tokens"])
def test_ctrl_c_ends_reading_within_a_fifth_of_a_second_and_leaves_no_file(
    kind: str, tmp_path: Path, interrupt_delay: Callable[..., float]
) -> None:
    (tmp_path / "tmp").mkdir()
    assert interrupt_delay(INTERRUPTED, str(tmp_path), kind) < 0.2
    assert list((tmp_path / "tmp").iterdir()) == []
