"""The table of operations at the other levels of STOCHOS_CPU that this machine has; a level is chosen at start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stochos import _core

LEVELS = ["baseline", "avx2", "avx512"]
OTHERS = [x for x in LEVELS[: LEVELS.index(_core.detected_cpu_level()) + 1] if x != _core.cpu_level()]


@pytest.mark.parametrize("level", OTHERS)
def test_the_table_of_operations(level: str):
    tests = Path(__file__).with_name("test_operations.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    run = subprocess.run(command, env={**os.environ, "STOCHOS_CPU": level}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    assert "passed" in run.stdout
