"""Networks measured: Stochos, PyTorch, JAX and NumPy on the same work, in one run and one table.

python bench/nn_bench.py [--threads 1 2] [--samples 9] [--compile] [--only gemm chain mlp node]

bench/README.md says what the rows mean. A tool that is not installed, or fails, is a line that says so.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time

SIZES = (256, 512, 1024)
NUMBERS = 1_000_000
NODES = 400


def child(threads: int, samples: int, compiled: bool, only: list[str]) -> None:
    """Measure with a number of threads that is fixed before anything is imported; print one JSON line a row."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    import nn_tools

    for task in only:
        makers = nn_tools.TASKS[task]
        for size in SIZES if task == "gemm" else (None,):
            ready, rows = {}, {}
            for tool, make in makers.items():
                if tool == "torch.compile" and not compiled:
                    continue
                try:
                    ready[tool] = make() if size is None else make(size)
                    ready[tool]()
                    rows[tool] = []
                except Exception as error:
                    text = (str(error).splitlines() or [""])[0][:90]
                    rows[tool] = f"{type(error).__name__}: {text}"
            rows |= in_turn(ready, threads, samples)
            name = task if size is None else f"{task} {size}"
            sys.stdout.write(json.dumps({"task": name, "threads": threads, "rows": rows}) + "\n")
            sys.stdout.flush()


def in_turn(ready, threads: int, samples: int) -> dict[str, list[float]]:
    """Return seconds of a call, `samples` of them for each tool: CPU time of one thread, wall time of more.

    The tools run in turn, so that a slow minute of the machine hits all alike.
    """
    clock = time.process_time if threads == 1 else time.perf_counter
    repeats = {tool: calls(run, clock) for tool, run in ready.items()}
    times = {tool: [] for tool in ready}
    for _ in range(samples):
        for tool, run in ready.items():
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


def shown(seconds: float, task: str) -> str:
    if task.startswith("node"):
        return f"{seconds / NODES * 1e9:.0f} ns"
    return f"{seconds * 1e3:.3f} ms"


def speed(seconds: float, task: str) -> str:
    if task.startswith("gemm"):
        return f"{2 * int(task.split()[1]) ** 3 / seconds / 1e9:.1f} GF/s"
    return ""


def table(lines: list[dict]) -> None:
    print("| task | threads | tool | min | median | rate | ours is faster by (min / median) |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for line in lines:
        ours = line["rows"].get("stochos")
        for tool, times in line["rows"].items():
            cells = [line["task"], str(line["threads"]), tool]
            if isinstance(times, str):
                cells += ["failed", times, "", ""]
            else:
                least, middle = min(times), statistics.median(times)
                ratio = ""
                if isinstance(ours, list) and tool != "stochos":
                    ratio = f"{least / min(ours):.2f}× / {middle / statistics.median(ours):.2f}×"
                cells += [shown(least, line["task"]), shown(middle, line["task"]), speed(least, line["task"]), ratio]
            print("| " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--samples", type=int, default=9, help="samples of each tool, taken in turn")
    parser.add_argument(
        "--compile", action="store_true", help="also torch.compile, which takes a C++ compiler and a minute"
    )
    parser.add_argument("--only", nargs="+", default=["gemm", "chain", "mlp", "node"])
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.samples, options.compile, options.only)
        return
    lines = []
    for threads in options.threads:
        count = str(threads)
        environment = os.environ | {
            "STOCHOS_NUM_THREADS": count, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count,
            "MKL_NUM_THREADS": count, "JAX_PLATFORMS": "cpu",
        }  # fmt: skip
        command = [sys.executable, __file__, "--child", count, "--samples", str(options.samples)]
        command += ["--only", *options.only, *(["--compile"] if options.compile else [])]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        lines += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    names = ("stochos", "torch", "jax", "numpy")
    found = [f"{name} {importlib.metadata.version(name)}" for name in names if _installed(name)]
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, {', '.join(found)}")
    print("One thread: CPU time of the process. More: wall time.\n")
    table(lines)


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
