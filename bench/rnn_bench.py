"""Recurrent layers beside PyTorch: forward and backward of one layer, in one run.

python bench/rnn_bench.py [--rounds 15] [--threads 1] [--json out.json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    os.environ.update(turns.environment(arguments.threads))
    rows: list[dict[str, Any]] = []
    for kind in ("LSTM", "GRU", "SimpleRNN"):
        steps = {"stochos": ours(kind), "torch": torch_step(kind, arguments.threads)}
        ready = {who: run for who, run in steps.items() if run is not None}
        taken = turns.in_turn(ready, arguments.threads, arguments.rounds)
        row: dict[str, Any] = {"layer": kind, "threads": arguments.threads, "shape": f"B{B} T{T} I{C} H{H}"}
        for who, times in taken.items():
            row[who] = {"min_ms": round(min(times) * 1e3, 2), "median_ms": round(statistics.median(times) * 1e3, 2)}
        if "torch" in taken:
            row["ratio"] = round(min(taken["torch"]) / min(taken["stochos"]), 2)
        rows.append(row)
        print(json.dumps(row), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
