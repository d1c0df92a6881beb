"""Fuzz every reader: changed inputs may be refused, with an error of Stochos, and nothing else may happen.

python -m fuzz                              # 2,000 inputs for each reader
python -m fuzz --inputs 200000 --only .net
python -m fuzz --inputs 200000 --processes 2

What the core reads by itself is also fuzzed under the address and undefined-behaviour sanitizers (fuzz/core):

cmake --preset fuzz && cmake --build --preset fuzz && build/fuzz/stochos_fuzz 200000
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from pathlib import Path

from fuzz.run import reported
from fuzz.targets import targets


def _alone(name: str, options: argparse.Namespace) -> tuple[str, list[str]]:
    """Fuzz one target after another one's process, or its own, has crashed."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(reported, name, options.inputs, options.seed, options.keep).result()
        except BrokenExecutor:
            return f"{name:<24} {options.inputs:>10,} inputs, crashed", [f"{name}: the process crashed; see --keep"]


def main() -> int:
    """Fuzz and report; 1 where anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000, help="for each reader (2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", help="names of readers, or parts of them")
    parser.add_argument("--processes", type=int, default=1, help="readers that are tried side by side (1)")
    parser.add_argument("--keep", type=Path, help="write each input to this folder before it is read: what crashed")
    options = parser.parse_args()
    names = [target.name for target in targets()]
    if options.only:
        names = [name for name in names if any(part.lower() in name.lower() for part in options.only)]
    bad = 0
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        jobs = {pool.submit(reported, name, options.inputs, options.seed, options.keep): name for name in names}
        for job in as_completed(jobs):
            try:
                line, wrong = job.result()
            except BrokenExecutor:  # all that were under way went with it: tried again, each alone
                line, wrong = _alone(jobs[job], options)
            print(line, *(f"  {text}" for text in wrong), sep="\n", flush=True)
            bad += len(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
