"""Fixtures for all tests: the optional shared data, and Hypothesis profiles."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), max_examples=300, derandomize=True)
settings.register_profile("lines", settings.get_profile("dev"), max_examples=10)  # for coverage, whose runs are slow
settings.register_profile("nightly", settings.get_profile("dev"), max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

ROOT = Path(__file__).resolve().parents[1]


def shared_folder() -> Path:
    """Data that are used by tests but never shipped: $STOCHOS_SHARED, else `shared` beside the checkout."""
    return Path(os.environ.get("STOCHOS_SHARED") or ROOT.parent / "shared")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the shared data; the test skips where it is absent."""
    folder = shared_folder()
    if not folder.is_dir():
        pytest.skip(f"the shared test data are not at {folder}; set STOCHOS_SHARED")
    return folder


@pytest.fixture(scope="session")
def processes() -> Iterator[Executor]:
    """Two processes that begin from nothing."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def start_child() -> Iterator[Callable[..., subprocess.Popen[Any]]]:
    """Start processes that SIGINT interrupts, and end them with the test whatever happens.

    A shell that starts a job in the background has it ignore SIGINT, and children inherit that: Python then installs
    no handler of its own. So the signal is set back before the program starts.
    """
    children: list[subprocess.Popen[Any]] = []

    def start(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        reset = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
        children.append(subprocess.Popen(command, preexec_fn=reset, **options))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def interrupt_delay(start_child: Callable[..., subprocess.Popen[Any]]) -> Callable[..., float]:
    """Measure the seconds from SIGINT to KeyboardInterrupt in a script.

    The script prints "ready" (after its imports), goes into the call, catches KeyboardInterrupt and prints
    time.monotonic(). The least of several tries counts: a busy machine may keep any process waiting.
    """

    def measure(script: str, *arguments: str, waits: Sequence[float] = (0.3, 0.6, 0.3, 0.6)) -> float:
        least = float("inf")
        for wait in waits:
            child = start_child([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)
            assert child.stdout.readline() == "ready\n"
            time.sleep(wait)
            sent = time.monotonic()
            child.send_signal(signal.SIGINT)
            least = min(least, float(child.communicate(timeout=60)[0]) - sent)
            assert child.returncode == 0
            if least < 0.2:
                break
        return least

    return measure
