"""The thread pool from Python: results do not depend on threads, callers or forks, and Ctrl-C stops it."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from stochos import datasets, words

LINES = datasets.load_text("bible-asv")[:3000]


def total(threads: int) -> float:
    counts = words.count(LINES, threads=threads)
    return float(sum(counts.pmi("the", word) for word in counts.vocabulary[:50] if counts["the", word]))


def _child(queue: object) -> None:
    queue.put(total(3))


def test_a_forked_child_builds_its_own_pool():
    # The parent's workers do not exist in the child; the pool must notice and make new ones.
    here = total(3)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of fork beside threads: that is what is tested
        child = context.Process(target=_child, args=(queue,))
        child.start()
    child.join(60)
    assert child.exitcode == 0
    assert queue.get() == here
    assert total(2) == here


def test_many_callers_share_the_pool():
    here = total(1)
    with ThreadPoolExecutor(8) as executor:
        assert set(executor.map(total, [1, 2, 3, 8] * 4)) == {here}


def test_no_thread_spins_when_idle():
    total(2)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.1


def test_result_does_not_depend_on_the_instruction_set():
    code = (
        "import sys, numpy; from stochos import datasets, words\n"
        "counts = words.count(datasets.load_text('bible-asv')[:2000], weighting='harmonic')\n"
        "import hashlib; matrix = counts.to_scipy()\n"
        "print(hashlib.sha256(matrix.data.tobytes() + matrix.indices.tobytes() + matrix.indptr.tobytes()).hexdigest())"
    )
    answers = set()
    for level in ("baseline", "avx2", "avx512"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "STOCHOS_CPU": level},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and "STOCHOS_CPU" in done.stderr:
            continue  # this machine lacks the level
        assert done.returncode == 0, done.stderr
        answers.add(done.stdout)
    assert len(answers) == 1
    assert np.all([len(answer.strip()) == 64 for answer in answers])


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system does not tell the signals of threads")
def test_workers_leave_signals_to_the_main_thread():
    # Threads of NumPy's library are not ours; there is none before its first product.
    script = """
import signal
from pathlib import Path
from stochos import random, reactions
net = reactions.Network({"A": 100}, ["A -> @ 0.1"])
before = set(Path("/proc/self/task").iterdir())
reactions.simulate(net, [0, 1], 4000, threads=2, progress=False)
for thread in set(Path("/proc/self/task").iterdir()) - before:
    (line,) = [x for x in (thread / "status").read_text().splitlines() if x.startswith("SigBlk")]
    blocked = int(line.split()[1], 16)
    taken = [s.name for s in signal.Signals if s.value < 32 and not blocked >> (s.value - 1) & 1]
    print(*sorted(taken))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    of_faults = {"SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGTRAP", "SIGKILL", "SIGSTOP"}
    assert done.stdout
    for line in done.stdout.splitlines():  # none of a thread that has not begun
        assert set(line.split()) in (of_faults, {"SIGKILL", "SIGSTOP"})
