"""`import stochos` costs little over NumPy's own import, and brings nothing that is not needed yet."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

HEAVY = ("scipy", "pandas", "xarray", "matplotlib", "libsbml", "sklearn", "jieba", "tokenizers", "click", "tqdm")


def seconds(module: str) -> float:
    """CPU time of a fresh interpreter that imports `module`, the least of eight."""
    times = []
    for _ in range(8):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_importing_takes_at_most_80_ms_more_than_numpy():
    assert seconds("stochos") - seconds("numpy") < 0.08


def test_no_optional_part_is_imported_before_it_is_used():
    script = f"import json, sys, stochos\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
