"""Exact simulation measured: Stochos, plain Python, numba and installed peers on five networks, in one run.

python bench/reactions_bench.py [--networks FOLDER] [--methods auto direct ...] [--seconds 1.0] [--models NAME ...]

bench/README.md says what the rows mean.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from reactions_models import Model, models
from reactions_peers import PEERS

import stochos
from stochos import config, reactions


def cpu() -> float:
    """Give the CPU seconds of this process and of the children that it has waited for."""
    mine, children = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def measure(run, seconds: float, repeats: int = 5) -> list[float]:
    """Give the CPU seconds of one call, several times; short calls are made many times over."""
    run(0)
    start = time.perf_counter()
    run(1)
    once = time.perf_counter() - start
    calls = max(1, int(seconds / repeats / max(once, 1e-7)))
    found = []
    for repeat in range(repeats if once * repeats < 20 * seconds else 1):
        before = cpu()
        for call in range(calls):
            run(2 + repeat * calls + call)
        found.append((cpu() - before) / calls)
    return found


def ours(net: reactions.Network, model: Model, method: str, seconds: float) -> tuple[list[float], float, int]:
    """Give the CPU seconds a trajectory of an ensemble on one thread, the mean events and the ensemble's size."""
    times = np.linspace(0, model.until, 51)

    def simulate(n: int, seed: int) -> reactions.Run:
        return reactions.simulate(net, times, n, method=method, seed=seed, threads=1, keep="moments")

    n, took = 1, 0.0
    while took < seconds / 10 and n < 1_000_000:
        n *= 2
        start = time.perf_counter()
        simulate(n, 0)
        took = time.perf_counter() - start
    n = max(1, int(n * seconds / 5 / took))
    found, events = [], 0
    for repeat in range(5):
        before = cpu()
        events += simulate(n, repeat).events
        found.append((cpu() - before) / n)
    return found, events / 5 / n, n


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=Path, help="folder with multistate.net and egfr_net.net")
    parser.add_argument("--methods", nargs="+", default=["auto"])
    parser.add_argument("--models", nargs="+", help="names of the models to run; by default all")
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long to measure each cell")
    parser.add_argument("--without", nargs="+", default=[], help="peers to leave out")
    options = parser.parse_args()
    described = config.describe()
    print(
        f"Stochos {stochos.__version__} ({described['instruction_set']}), Python {platform.python_version()}, "
        f"{platform.machine()}, one thread, CPU time\n"
    )
    print("| model | tool | events a trajectory | ns/event min | median | to the best of Stochos | note |")
    print("|---|---|---|---|---|---|---|")
    for model in models(options.networks):
        if options.models and model.name not in options.models:
            continue
        net = reactions.Network(model.initial, model.texts(), {})
        rows, events = [], 0.0
        for method in options.methods:
            found, events, n = ours(net, model, method, options.seconds)
            rows.append((f"Stochos {method}", found, f"ensemble of {n:,}"))
        best = min(min(found) for _, found, _ in rows)
        for name, prepare in PEERS.items():
            if name in options.without:
                continue
            try:
                rows.append((name, measure(prepare(model), options.seconds), ""))
            except ImportError as error:
                rows.append((name, [], f"not installed ({error.name})"))
            except Exception as error:  # a peer that fails is a line of the table, not the end of it
                rows.append((name, [], f"failed: {type(error).__name__}: {str(error)[:60]}"))
        for name, found, note in rows:
            cells = ["", "", ""]
            if found:
                scale = 1e9 / events
                cells = [f"{min(found) * scale:.1f}", f"{statistics.median(found) * scale:.1f}"]
                cells.append(f"{min(found) / best:.1f}×")
            print(f"| {model.name} | {name} | {events:,.0f} | {' | '.join(cells)} | {note} |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
