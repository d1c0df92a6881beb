"""Ctrl-C at a random time: every kind of long call ends within 0.2 s, none hangs, no file is left.

python tests/fault/interrupting.py --rounds 1000         # over all kinds together
python tests/fault/interrupting.py --rounds 50 --only "nn fit"

Each round makes a child that prepares its data, says so, and calls; SIGINT comes 0.02 to 0.5 s later. The time is taken
from the signal to the first line of `except KeyboardInterrupt`. What a call imports at its first use is imported in
rounds that do not count: in some places of an import Python itself, or what is imported, loses an interrupt. On
a busy machine the child may stand in the queue of the processors without anything of ours at work: the longest wait of
one of its threads, as the system counts it, is reported beside and set off. The 99th percentile of what is left must be
at most 0.2 s.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import rounds  # beside this file
from interruptible import KINDS

import stochos

MOST = 0.2  # seconds
HANG = 30.0
IMPORTED = " is imported in the midst"


def waits(process: int) -> dict[str, int]:
    """Return the nanoseconds that each thread of a process has waited for a processor; empty where nobody counts."""
    found = {}
    for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
        try:
            found[path.parent.name] = int(path.read_text().split()[1])
        except (OSError, IndexError, ValueError):
            continue
    return found


def waited(before: dict[str, int], after: dict[str, int]) -> float:
    """Return the most seconds that one thread has waited in between."""
    return max((after[name] - before.get(name, 0) for name in after), default=0) * 1e-9


def interrupted(prepare: Callable[[Path], Callable[[], object]], base: Path, folder: Path, pipe: int) -> None:
    """Prepare and call over and over, in a child; tell the pipe when it begins, and when the interrupt has come."""
    call = prepare(base)
    os.chdir(folder)
    call_again, known = True, set(sys.modules)
    try:
        os.write(pipe, b"ready\n")
        while call_again:
            call()
    except KeyboardInterrupt:
        now = time.monotonic()
        told = {"now": now, "waits": waits(os.getpid()), "imported": sorted(set(sys.modules) - known)}
        os.write(pipe, json.dumps(told).encode() + b"\n")


def imported(names: Iterable[str]) -> bool:
    """Import modules here, so that children need not; whether there was one to import."""
    known = len(sys.modules)
    for name in names:
        with contextlib.suppress(ImportError):  # an extra that is not there; what another module has put there
            importlib.import_module(name)
    return len(sys.modules) > known


def one_round(kind: str, base: Path, after: float) -> tuple[float, float, list[str]]:
    """Return the seconds from signal to exception, those of them spent in the queue, and what is wrong."""
    folder, memory = base / "round", base / "tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    read, write = os.pipe()
    process = rounds.child(partial(interrupted, KINDS[kind], base, folder, write))
    os.close(write)
    with os.fdopen(read) as pipe:
        if pipe.readline() != "ready\n":
            rounds.end_of(process, 1)
            return 0, 0, ["it ended before it was ready"]
        time.sleep(after)
        before, sent = waits(process), time.monotonic()
        os.kill(process, signal.SIGINT)
        status = rounds.end_of(process, HANG)
        said = pipe.readline()
    if status is None:
        return HANG, 0, [f"it hung for {HANG:.0f} s"]
    if status != 0 or not said:
        return 0, 0, [f"it ended with {status}"]
    told = json.loads(said)
    left = [f"{path.name} is left" for place in (folder, memory) for path in place.rglob("*")]
    late = [f"{name}{IMPORTED}" for name in told["imported"]]
    return told["now"] - sent, waited(before, told["waits"]), left + late


def main() -> int:
    """Report a line a kind and the percentiles; 1 where anything is wrong."""
    kinds, seed = rounds.asked(__doc__, KINDS)
    rng, all_of, faults = random.Random(seed), [], 0
    ours = (module.name for module in pkgutil.walk_packages(stochos.__path__, "stochos."))
    imported(name for name in ours if not name.endswith("__main__"))
    with rounds.scratch("interrupting") as base:
        for kind, times in kinds.items():
            found: list[tuple[float, float]] = []
            while len(found) < times:
                delay, queue, wrong = one_round(kind, base, rng.uniform(0.02, 0.5))
                if imported(text.removesuffix(IMPORTED) for text in wrong if text.endswith(IMPORTED)):
                    continue  # once for what is imported
                found.append((delay, max(delay - queue, 0.0)))
                faults += len(wrong)
                for text in wrong:
                    print(f"  {kind}: {text}")
            worst = " and ".join(f"{max(column, default=0) * 1e3:.0f}" for column in zip(*found, strict=True))
            print(f"{kind:<22} {len(found):>4} rounds, at most {worst} ms with and without waiting", flush=True)
            all_of += found
    whole, own = (np.percentile([pair[n] for pair in all_of], 99) for n in (0, 1))
    hangs = sum(delay >= HANG for delay, _ in all_of)
    summary = f"99th percentile {whole * 1e3:.0f} ms, {own * 1e3:.0f} ms without waiting for a processor"
    print(f"{len(all_of)} rounds: {summary}, {hangs} hangs, {faults} faults")
    return 1 if faults or own > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
