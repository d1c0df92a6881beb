"""What the benches share: a process for each count of threads, tools timed in turn, the line that names the machine."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path


def environment(threads: int) -> dict[str, str]:
    """Return an environment in which every tool uses that many threads."""
    names = ("STOCHOS_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return os.environ | dict.fromkeys(names, str(threads)) | {"JAX_PLATFORMS": "cpu"}


def children(script: str, threads: list[int], arguments: list[str]) -> list[dict]:
    """Run `script --child N` in a process for each count of threads; return the JSON lines that it prints."""
    lines = []
    for count in threads:
        command = [sys.executable, script, "--child", str(count), *arguments]
        done = subprocess.run(command, env=environment(count), stdout=subprocess.PIPE, text=True, check=True)
        lines += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return lines


def in_turn(ready, threads: int, samples: int) -> dict[str, list[float]]:
    """Return seconds of a call, `samples` of them for each tool: CPU time of one thread, wall time of more.

    The tools run in turn, so that a slow minute of the machine hits all alike. Threads of the tool before may still
    look out for work (OpenMP's do so for up to 0.2 s): with more than one thread a turn begins when they sleep, and
    with a call that does not count.
    """
    clock = time.process_time if threads == 1 else time.perf_counter
    repeats = {tool: calls(run, clock) for tool, run in ready.items()}
    times = {tool: [] for tool in ready}
    for _ in range(samples):
        for tool, run in ready.items():
            if threads > 1:
                time.sleep(0.25)
                run()
            start = clock()
            for _ in range(repeats[tool]):
                run()
            times[tool].append((clock() - start) / repeats[tool])
    return times


def calls(run, clock) -> int:
    """Return how many calls take about 60 ms."""
    count = 1
    while True:
        start = clock()
        for _ in range(count):
            run()
        spent = clock() - start
        if spent > 0.02 or count > 100_000:
            return max(1, round(count * 0.06 / max(spent, 1e-9)))
        count *= 2


def installed(name: str) -> str:
    """Return the version of a distribution; nothing where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def processor() -> str:
    """Return the model of the processor and how many there are."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        model = next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} processors"


def machine(*tools: str) -> str:
    """Return a line with the machine and the versions of those tools that are installed."""
    found = [f"{name} {version}" for name in tools if (version := installed(name))]
    return f"{processor()}, Python {platform.python_version()}, {', '.join(found)}; load {os.getloadavg()[0]:.1f}"
