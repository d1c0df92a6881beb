"""Fuzz every reader: changed inputs may be refused, with an error of Stochos, and nothing else may happen.

python -m fuzz                              # 2,000 inputs for each reader
python -m fuzz --inputs 200000 --only .net
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path

from fuzz.mutate import mutated
from fuzz.targets import Target, targets
from stochos.errors import Error

#: Seconds that one input may take.
SLOWEST = 1.0
#: Bytes that reading all inputs may add to the process.
MOST_MEMORY = 512 << 20


def fuzzed(target: Target, inputs: int, seed: int, keep: Path | None) -> list[str]:
    """Run one target; return what went wrong, a line each."""
    rng = random.Random(f"{target.name}/{seed}")
    pool = list(target.seeds)
    wrong: dict[str, str] = {}
    kinds: set[tuple[str, ...]] = set()
    for data in pool:
        target.run(data)  # a good input; what is imported on first use is there then
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(inputs):
        data = pool[number] if number < len(pool) else mutated(rng.choice(pool), rng.choice(pool), target.tokens, rng)
        if keep is not None:
            keep.write_bytes(data)  # what a crash leaves behind
        begin = time.perf_counter()
        said = _tried(target, data)
        spent = time.perf_counter() - begin
        if said and said[0] == "!":
            wrong.setdefault(said[1:], f"{target.name}, input {number}: {said[1:]} ({data[:200]!r})")
        elif spent > SLOWEST:
            wrong.setdefault("slow", f"{target.name}, input {number}: {spent:.1f} s ({data[:200]!r})")
        # An input that is refused in a new way leads to places where the others do not.
        if len(pool) < 2000 and (shape := _shape(said)) not in kinds:
            kinds.add(shape)
            pool.append(data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if grown * 1024 > MOST_MEMORY:
        wrong["memory"] = f"{target.name}: the process grew by {grown >> 10} MiB"
    return list(wrong.values())


def _tried(target: Target, data: bytes) -> str:
    """Return what the target said: nothing, its error, or after "!" an exception that it should not raise."""
    try:
        target.run(data)
    except Error as error:
        return str(error)
    except RecursionError:
        return "!RecursionError"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"!{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    return ""


def _shape(said: str) -> tuple[str, ...]:
    """Return the words of a message that are not of the input."""
    return tuple(word for word in said.split() if word.isalpha())


def main() -> int:
    """Fuzz and report; 1 where anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000, help="for each reader (2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", help="names of readers, or parts of them")
    parser.add_argument("--keep", type=Path, help="write each input here before it is read, to have what crashed")
    options = parser.parse_args()
    faulthandler.enable()
    warnings.simplefilter("error")
    bad = 0
    for target in targets():
        if options.only and not any(part.lower() in target.name.lower() for part in options.only):
            continue
        begin = time.perf_counter()
        wrong = fuzzed(target, options.inputs, options.seed, options.keep)
        rate = options.inputs / (time.perf_counter() - begin)
        facts = f"{options.inputs:>10,} inputs, {rate:>8,.0f} a second, {len(wrong)} faults"
        print(f"{target.name:<24} {facts}", flush=True)
        for line in wrong:
            print(f"  {line}")
        bad += len(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
