"""kill -9 and Ctrl-C at random times, in children of a process of their own; the scripts say what they check."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stochos import _writing

HERE = Path(__file__).parent
ROUNDS = [50, pytest.param(1000, marks=pytest.mark.slow)]


def told(script: str, rounds: int) -> str:
    command = [sys.executable, str(HERE / script), "--rounds", str(rounds), "--seed", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"MPLBACKEND": "Agg"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("rounds", ROUNDS)
def test_what_was_killed_goes_on_and_ends_with_the_same_bytes(rounds: int):
    said = told("killing.py", rounds)
    assert said.count(" 0 faults") == 6
    in_the_midst = sum(int(line.split(",")[1].split()[0]) for line in said.splitlines())
    assert in_the_midst > rounds / 2  # or the test would show nothing


@pytest.mark.parametrize("rounds", ROUNDS)
def test_ctrl_c_ends_every_call_within_a_fifth_of_a_second(rounds: int):
    assert "0 hangs, 0 faults" in told("interrupting.py", rounds)


def test_what_a_kill_left_while_replacing_goes_with_the_next_file(tmp_path: Path):
    """Between its two names a file is `<name>.stochos-part` for a moment; a new file has one name from the start."""
    target = tmp_path / "result"
    (tmp_path / "result.stochos-part").write_bytes(b"of one that was killed")
    for content in (b"new", b"replaced"):
        _writing.whole(target, content, "test")
        assert [path.name for path in tmp_path.iterdir()] == ["result"]
        assert target.read_bytes() == content


def test_the_longest_names_can_be_written_and_replaced(tmp_path: Path):
    target = tmp_path / ("n" * 248)  # no room for .stochos-part
    for content in (b"new", b"replaced"):
        _writing.whole(target, content, "test")
        assert [path.name for path in tmp_path.iterdir()] == [target.name]
        assert target.read_bytes() == content


def test_writers_of_one_file_at_once_leave_one_of_their_files(tmp_path: Path):
    script = f"""
import os
from stochos import _writing
for i in range(200):
    _writing.whole({str(tmp_path / "shared")!r}, bytes([65 + WHO]) * (1000 + WHO), "test")
"""
    children = [subprocess.Popen([sys.executable, "-c", script.replace("WHO", str(who))]) for who in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    content = (tmp_path / "shared").read_bytes()
    assert content in {bytes([65 + who]) * (1000 + who) for who in range(3)}
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]
