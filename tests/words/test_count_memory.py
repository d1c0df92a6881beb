"""Counting stays within 12 bytes a token plus a row a thread plus the result."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import resource, sys, tempfile, pathlib
import numpy as np
from stochos import words
import stochos.words.counting
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
tokens, types, memory = int(sys.argv[1]), 500, None if sys.argv[2] == "None" else sys.argv[2]
path = pathlib.Path(sys.argv[3]) / "text"
rng = np.random.default_rng(0)
with path.open("w") as file:
    for _ in range(tokens // 500_000):
        ids = rng.integers(0, types, 500_000)
        file.write(" ".join(f"w{k}" for k in ids) + "\\n")
before = peak()
counts = words.count(path, window=5, min_count=1, threads=2, memory=memory)
result = counts._column.nbytes + counts._value.nbytes + counts._row_start.nbytes
print(counts.total_tokens, peak() - before - result)
"""


def _excess(tokens: int, memory: str | None, folder) -> int:
    command = [sys.executable, "-c", _SCRIPT, str(tokens), str(memory), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    counted, excess = done.stdout.split()
    assert int(counted) == tokens
    return int(excess)


def test_memory_per_token(tmp_path):
    """4 million tokens: below 12 bytes each, and 16 MB for the rows, the vocabulary and the interpreter."""
    assert _excess(4_000_000, None, tmp_path) < 12 * 4_000_000 + (16 << 20)


@pytest.mark.parametrize("memory", ["4MB"])
def test_positions_go_to_disk_beyond_the_limit(tmp_path, memory):
    """Mapped temporary files count as resident, too, but can be dropped; the same bound holds, and the same result."""
    assert _excess(2_000_000, memory, tmp_path) < 12 * 2_000_000 + (16 << 20)
