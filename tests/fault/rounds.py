"""Work in forked children, for those who end it in the midst: nothing is imported anew, each child begins clean.

The parent imports and forks; it never calls the core itself, so that its pool has no threads when it forks.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path


def asked(text: str | None, kinds: Iterable[str]) -> tuple[dict[str, int], int]:
    """Return how many rounds of each kind the command line asks for, and the seed; `text` begins with what is done."""
    known = list(kinds)
    parser = argparse.ArgumentParser(description=(text or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50, help="of all kinds together (50)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=known, help="one kind")
    options = parser.parse_args()
    chosen, rounds = [options.only] if options.only else known, options.rounds
    ends = [rounds * place // len(chosen) for place in range(len(chosen) + 1)]
    return {kind: ends[place + 1] - ends[place] for place, kind in enumerate(chosen)}, options.seed


@contextlib.contextmanager
def scratch(name: str) -> Iterator[Path]:
    """Give a folder that goes away, and send temporary files to its folder `tmp`."""
    with tempfile.TemporaryDirectory(prefix=f"stochos-{name}-") as made:
        base = Path(made)
        (base / "tmp").mkdir()
        tempfile.tempdir = str(base / "tmp")
        yield base


def child(work: Callable[[], object]) -> int:
    """Return the process that does `work`; it ends with 0, or with 1 and a traceback."""
    sys.stdout.flush()
    made = os.fork()
    if made == 0:
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            faulthandler.enable()
            faulthandler.register(signal.SIGUSR1)  # says where it is
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return made


def end_of(process: int, seconds: float) -> int | None:
    """Return the exit status (negative: the signal), or None when it still runs after `seconds`; it is killed then."""
    last, left = time.monotonic(), seconds
    while left > 0:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.0005)
        now = time.monotonic()
        left -= min(now - last, 0.1)  # a machine that stood still, or this process, is no hang
        last = now
    os.kill(process, signal.SIGUSR1)
    time.sleep(0.5)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


def done(work: Callable[[], object]) -> float:
    """Do `work` in a child, to its end; return the seconds that it took."""
    begin = time.monotonic()
    status = end_of(child(work), 120)
    if status != 0:
        msg = f"the work ended with {status}, not 0"
        raise RuntimeError(msg)
    return time.monotonic() - begin


def files(folder: Path) -> dict[str, bytes]:
    """Return what is in every file below `folder`."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
