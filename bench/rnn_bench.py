"""Recurrent layers beside PyTorch: forward and backward of one layer, in one run.

python bench/rnn_bench.py [--rounds 15] [--threads 1 2]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable
from typing import Any

import summary
import turns

B, T, C, H = 32, 100, 64, 128


def ours(kind: str) -> Callable[[], None]:
    """Return a step of forward and backward with respect to weights and input."""
    import numpy as np

    from stochos import nn

    layer = getattr(nn, kind)(H, return_sequences=True, seed=0)
    x = nn.Variable(np.random.default_rng(0).standard_normal((B, T, C)).astype(np.float32))
    layer(x)
    step = nn.value_and_grad(lambda: nn.sum(layer(x)), wrt=[x, *layer.parameters])

    def run() -> None:
        loss, grads = step()
        nn.evaluate([loss, *grads])

    return run


def torch_step(kind: str, threads: int) -> Callable[[], None] | None:
    """Return the same step of PyTorch's layer; None where PyTorch is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layer = getattr(torch.nn, {"SimpleRNN": "RNN"}.get(kind, kind))(C, H, batch_first=True)
    x = torch.randn(B, T, C, requires_grad=True)

    def run() -> None:
        layer.zero_grad()
        x.grad = None
        y, _ = layer(x)
        y.sum().backward()

    return run


def child(threads: int, rounds: int) -> None:
    """Measure with a number of threads that is fixed before anything is imported; print one JSON line a layer."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for kind in ("LSTM", "GRU", "SimpleRNN"):
        steps = {"Stochos": ours(kind), "PyTorch": torch_step(kind, threads)}
        ready = {who: run for who, run in steps.items() if run is not None}
        taken = turns.in_turn(ready, threads, rounds)
        sys.stdout.write(json.dumps({"layer": kind, "threads": threads, "taken": taken}) + "\n")
        sys.stdout.flush()


def table(lines: list[dict[str, Any]]) -> None:
    """Print one line for each layer, tool and number of threads."""
    print("| layer | threads | tool | min | median | spread | ours is faster by (min / median) |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for line in lines:
        taken = line["taken"]
        peers = {tool: times for tool, times in taken.items() if tool != "Stochos"}
        summary.note(f"{line['layer']}, forward and backward", line["threads"], taken["Stochos"], peers)
        for tool, times in taken.items():
            ratios = [f"{least(times) / least(taken['Stochos']):.2f}×" for least in (min, statistics.median)]
            figures = [f"{least(times) * 1e3:.2f} ms" for least in (min, statistics.median)]
            cells = [line["layer"], str(line["threads"]), tool, *figures, summary.percent(times)]
            print(f"| {' | '.join(cells)} | {'' if tool == 'Stochos' else ' / '.join(ratios)} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.rounds)
        return
    lines = turns.children(__file__, options.threads, ["--rounds", str(options.rounds)])
    print(turns.machine("stochos", "torch"))
    print(f"{B} sequences, {T} steps, {C} channels, {H} units. One thread: CPU time of the process. More: wall time.\n")
    table(lines)


if __name__ == "__main__":
    main()
