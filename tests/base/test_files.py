"""Files are written whole or not at all, and a sudden end leaves nothing beside them."""

import os
import signal
import subprocess
import sys

import pytest

from stochos import _core

KILLED = """
import sys, time
from stochos import _core
file = _core.AtomicFile(sys.argv[1], "test")
file.write(b"half of it")
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without names")
def test_kill_nine_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"old")
    with subprocess.Popen([sys.executable, "-c", KILLED, str(target)], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGKILL)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("old", [None, b"old and longer than the new"])
def test_commit_puts_the_whole_file_in_place_with_the_right_mode(tmp_path, old):
    target = tmp_path / "target"
    expected = 0o666 & ~0o027
    if old is not None:
        target.write_bytes(old)
        target.chmod(0o604)
        expected = 0o604
    mask = os.umask(0o027)
    try:
        file = _core.AtomicFile(str(target), "test")
    finally:
        os.umask(mask)
    file.write(b"new")
    file.commit()
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == expected
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_discard_leaves_everything_as_it_was(tmp_path):
    file = _core.AtomicFile(str(tmp_path / "target"), "test")
    file.write(b"new")
    file.discard()
    assert not list(tmp_path.iterdir())
