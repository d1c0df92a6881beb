"""Exact simulation measured: Stochos, plain Python, numba and installed peers on five networks, in one run.

python bench/reactions_bench.py [--networks FOLDER] [--methods auto direct ...] [--seconds 1.0] [--models NAME ...]
                                [--threads 2 ...]

bench/README.md says what the rows mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import summary
from reactions_models import Model, models
from reactions_peers import PEERS, Simulate

import stochos
from stochos import config, reactions

LONG = 10.0  # seconds from which one call is measured, not six


def cpu() -> float:
    """Give the CPU seconds of this process and of the children that it has waited for."""
    mine, children = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def measure(run: Simulate, seconds: float, least: int = 1) -> tuple[list[float], int]:
    """Give the CPU seconds a trajectory of five calls, and how many trajectories, at least `least`, each of them made.

    The number doubles until a call takes its share of `seconds`. One that takes long is measured once.
    """
    n = 1
    while True:
        before = cpu()
        run(0, n)
        took = cpu() - before
        if took > LONG and n == 1:
            return [took], 1
        if took >= seconds / 10 or n >= 2**20:
            break
        n *= 2
    n = max(least, round(n * seconds / 5 / max(took, 1e-6)))
    found = []
    for repeat in range(1, 6 if took < LONG else 3):
        before = cpu()
        run(repeat * n, n)
        found.append((cpu() - before) / n)
    return found, n


def ours(model: Model, method: str, seconds: float) -> dict[str, object]:
    """Measure ensembles on one thread; the trajectories' mean number of events comes along.

    Small networks are simulated many trajectories at a time: a call makes at least 32 of them.
    """
    before = cpu()
    net = reactions.Network(model.initial, model.texts(), {})
    times, events = np.linspace(0, model.until, 51), [0, 0]
    reactions.simulate(net, times[:1], 1, threads=1, keep="moments")
    ready = cpu() - before

    def run(first: int, n: int) -> None:
        done = reactions.simulate(net, times, n, first=first, method=method, threads=1, keep="moments")
        events[0] += done.events
        events[1] += n

    found, n = measure(run, seconds, 32 if len(model.reactions) <= 48 else 1)
    return {"found": found, "n": n, "ready": ready, "events": events[0] / events[1]}


def threaded(model: Model, counts: list[int], n: int) -> dict[int, dict[str, list[float]]]:
    """Measure calls on one and on more threads in turn: wall and CPU seconds a trajectory, `n` a thread and call."""
    net = reactions.Network(model.initial, model.texts(), {})
    times = np.linspace(0, model.until, 51)
    found: dict[int, dict[str, list[float]]] = {count: {"wall": [], "cpu": []} for count in (1, *counts)}
    for repeat in range(1, 8):
        for count, seen in found.items():
            made = n * max(counts)
            before, began = cpu(), time.perf_counter()
            reactions.simulate(net, times, made, first=repeat * made, threads=count, keep="moments")
            seen["wall"].append((time.perf_counter() - began) / made)
            seen["cpu"].append((cpu() - before) / made)
    return found


def one_peer(name: str, model: Model, seconds: float) -> dict[str, object]:
    """Measure a peer; done in a process of its own."""
    before = cpu()
    try:
        run = PEERS[name](model)
        ready = cpu() - before
        found, n = measure(run, seconds)
    except ImportError as error:
        return {"note": f"not installed ({error.name})"}
    except Exception as error:  # a peer that fails is a line of the table, not the end of it
        return {"note": f"failed: {type(error).__name__}: {' '.join(str(error).split())[:80]}"}
    return {"found": found, "n": n, "ready": ready}


def peer(name: str, model: Model, options: argparse.Namespace) -> dict[str, object]:
    """Run `one_peer` in a process that is ended when it takes too long, with all that it started."""
    command = [sys.executable, __file__, "--seconds", str(options.seconds), "--models", model.name, "--one", name]
    if options.networks is not None:
        command += ["--networks", str(options.networks)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    try:
        answer = child.communicate(timeout=options.patience)[0]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return {"note": f"no figure within {options.patience:g} s"}
    lines = [line for line in answer.splitlines() if line.startswith("{")]
    return dict(json.loads(lines[-1])) if lines else {"note": f"ended with exit code {child.returncode}"}


def row(model: str, name: str, got: dict[str, object], events: float, best: float) -> str:
    """Give one line of the table."""
    found, cells = got.get("found"), ["", "", "", "", "", str(got.get("note", ""))]
    if found:
        scale = 1e9 / events
        least, middle = min(found) * scale, statistics.median(found) * scale
        cells = [f"{least:.1f}", f"{middle:.1f}", summary.percent(found), f"{least / best:.1f}×"]
        cells += [f"{got['ready']:.2f}", ""]
        cells[-1] = f"{len(found)} × {got['n']:,} trajectories"
    return f"| {model} | {name} | {events:,.0f} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=Path, help="folder with multistate.net and egfr_net.net")
    parser.add_argument("--methods", nargs="+", default=["auto"])
    parser.add_argument("--models", nargs="+", help="names of the models to run; by default all")
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long to measure each cell")
    parser.add_argument("--patience", type=float, default=240.0, help="seconds after which a peer is given up")
    parser.add_argument("--without", nargs="+", default=[], help="peers to leave out")
    parser.add_argument("--threads", type=int, nargs="+", default=[], help="more threads to measure, by the wall")
    parser.add_argument("--one", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    chosen = [m for m in models(options.networks) if not options.models or m.name in options.models]
    if options.one:
        print("\n" + json.dumps(one_peer(options.one, chosen[0], options.seconds)))
        return
    described = config.describe()
    print(
        f"Stochos {stochos.__version__} ({described['instruction_set']}), Python {platform.python_version()}, "
        f"{platform.machine()}, one thread, CPU time, {time.strftime('%Y-%m-%d')}\n"
    )
    heads = ["model", "tool", "events a trajectory", "ns/event min", "median", "spread", "to the best of Stochos"]
    heads += ["ready in s", "made"]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for model in chosen:
        rows = {f"Stochos {method}": ours(model, method, options.seconds) for method in options.methods}
        events = float(np.mean([got["events"] for got in rows.values()]))
        best = min(min(got["found"]) for got in rows.values()) * 1e9 / events
        for name, got in rows.items():
            print(row(model.name, name, got, events, best))
        if options.threads:
            n = max(got["n"] for got in rows.values())
            made = threaded(model, options.threads, n)
            for count, seen in made.items():
                gain, cost = (min(made[1][clock]) / min(seen[clock]) for clock in ("wall", "cpu"))
                note = f"{gain:.2f}× one thread by the wall, {1 / cost:.2f}× its CPU time"
                got = {"found": seen["wall"], "n": n * max(options.threads), "ready": 0.0}
                line = row(model.name, f"Stochos, {count} thread{'s' * (count > 1)}, wall", got, events, best)
                print(line.removesuffix(" |") + f"; {note} |")
        peers = {}
        for name in PEERS:
            if name not in options.without:
                peers[name] = peer(name, model, options)
                print(row(model.name, name, peers[name], events, best), flush=True)
        quickest = min((got["found"] for got in rows.values()), key=min)
        measured = {name: [s / events for s in got["found"]] for name, got in peers.items() if got.get("found")}
        summary.note(f"one event of {model.name}", 1, [s / events for s in quickest], measured)


if __name__ == "__main__":
    main()
