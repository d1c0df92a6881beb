"""Two workers of MPI give the bits of one process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stochos import datasets

WORK = """
import hashlib

from stochos import reactions, words


def digests(text, executor=None):
    net = reactions.Network({"off": 1, "on": 0, "M": 0}, ["off <-> on @ 0.7, 0.5", "on -> on + M @ 12", "M -> @ 1"], {})
    run = reactions.simulate(net, [0, 0.5, 2], 64 * 9 + 5, seed=3, keep="moments", executor=executor)
    counts = words.count(text, min_count=3, subsample=1e-3, seed=5, executor=executor)
    parts = (run.mean.tobytes() + run.std.tobytes(), counts._column.tobytes() + counts._value.tobytes())
    return [hashlib.sha256(part).hexdigest() for part in parts]
"""
TOGETHER = """
import work
from mpi4py.futures import MPIPoolExecutor

if __name__ == "__main__":
    with MPIPoolExecutor() as pool:
        print(pool.num_workers, *work.digests("text.txt", pool))
"""
ALONE = "import work; print(*work.digests('text.txt'))"


def test_two_workers_of_mpi(tmp_path: Path):
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    beside = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(beside) if beside.exists() else shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("no mpiexec: pip install mpich")
    (tmp_path / "text.txt").write_text("\n".join(datasets.load_text("bible-asv")[:6000]))
    (tmp_path / "work.py").write_text(WORK)
    (tmp_path / "together.py").write_text(TOGETHER)

    def said(*command: str) -> list[str]:
        environment = {**os.environ, "STOCHOS_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    # One process leads, two work.
    workers, *spread = said(mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", "together.py")
    assert workers == "2"
    assert spread == said(sys.executable, "-c", ALONE)
