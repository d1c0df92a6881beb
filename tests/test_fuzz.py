"""Readers refuse whatever is wrong with an error of Stochos; the fuzzer tells when they do not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stochos.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_changed_inputs_are_refused_and_nothing_else_happens(seed: int):
    inputs = 200_000 if seed else 1_000
    command = [sys.executable, "-m", "fuzz", "--inputs", str(inputs), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0 faults") >= 14


def test_the_fuzzer_tells_of_faults(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from fuzz import run as fuzz
    from fuzz.targets import Target

    def read(data: bytes) -> None:
        if b"k" in data:
            raise KeyError(data)
        if b"s" in data:
            until = time.process_time() + 0.02
            while time.process_time() < until:
                pass
        if b"m" in data:
            np.empty(2 << 30, np.uint8)  # claimed, not touched
        if b"x" in data:
            msg = "refused"
            raise InputError(msg)

    monkeypatch.setattr(fuzz, "SLOWEST", 0.01)
    wrong = fuzz.fuzzed(Target("test", read, [b"a", b"b"], [b"k", b"s", b"m", b"x"]), 300, 0, None)
    assert len(wrong) == 3
    assert any("MemoryError" in line for line in wrong)
    assert any("KeyError at test_fuzz.py" in line for line in wrong)
    assert any("0.0 s" in line for line in wrong)
    assert fuzz.fuzzed(Target("test", len, [b"a"]), 50, 0, None) == []
