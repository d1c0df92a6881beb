"""Networks measured: Stochos, PyTorch, JAX and NumPy on the same work, in one run and one table.

python bench/nn_bench.py [--threads 1 2] [--samples 9] [--compile] [--only gemm chain mlp node]

bench/README.md says what the rows mean. A tool that is not installed, or fails, is a line that says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys

import summary
import turns

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
            rows |= turns.in_turn(ready, threads, samples)
            name = task if size is None else f"{task} {size}"
            sys.stdout.write(json.dumps({"task": name, "threads": threads, "rows": rows}) + "\n")
            sys.stdout.flush()


def shown(seconds: float, task: str) -> str:
    if task.startswith("node"):
        return f"{seconds / NODES * 1e9:.0f} ns"
    return f"{seconds * 1e3:.3f} ms"


def speed(seconds: float, task: str) -> str:
    if task.startswith("gemm"):
        return f"{2 * int(task.split()[1]) ** 3 / seconds / 1e9:.1f} GF/s"
    return ""


WORKS = {
    "chain": "elementwise chain, 10⁶ numbers",
    "mlp": "training step of an MLP",
    "node": "one small operation",
}


def note(line: dict) -> None:
    kind, *size = line["task"].split()
    work = WORKS.get(kind) or f"product of matrices, {size[0]} × {size[0]}"
    share = NODES if kind == "node" else 1
    rows = {tool: [s / share for s in times] for tool, times in line["rows"].items() if isinstance(times, list)}
    summary.note(work, line["threads"], rows.pop("stochos", []), rows)


def table(lines: list[dict]) -> None:
    print("| task | threads | tool | min | median | spread | rate | ours is faster by (min / median) |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for line in lines:
        ours = line["rows"].get("stochos")
        note(line)
        for tool, times in line["rows"].items():
            cells = [line["task"], str(line["threads"]), tool]
            if isinstance(times, str):
                cells += ["failed", times, "", "", ""]
            else:
                least, middle = min(times), statistics.median(times)
                ratio = ""
                if isinstance(ours, list) and tool != "stochos":
                    ratio = f"{least / min(ours):.2f}× / {middle / statistics.median(ours):.2f}×"
                cells += [shown(least, line["task"]), shown(middle, line["task"]), summary.percent(times)]
                cells += [speed(least, line["task"]), ratio]
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
    arguments = ["--samples", str(options.samples), "--only", *options.only]
    lines = turns.children(__file__, options.threads, arguments + (["--compile"] if options.compile else []))
    print(turns.machine("stochos", "torch", "jax", "numpy"))
    print("One thread: CPU time of the process. More: wall time.\n")
    table(lines)


if __name__ == "__main__":
    main()
