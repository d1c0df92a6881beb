"""One reader under changed inputs."""

from __future__ import annotations

import faulthandler
import random
import resource
import time
import traceback
import warnings
from pathlib import Path

from fuzz.mutate import mutated
from fuzz.targets import Target, targets
from stochos.errors import Error

__all__ = ["fuzzed", "reported"]

#: Seconds of a processor that one input may take.
SLOWEST = 1.0
#: Bytes that reading all inputs may add to the process.
MOST_MEMORY = 512 << 20
#: Bytes of address space that it may ask for beyond what it has: a size that an input claims is not believed.
MOST_CLAIMED = 1 << 30


def fuzzed(target: Target, inputs: int, seed: int, keep: Path | None) -> list[str]:
    """Run one target; return what went wrong, a line each."""
    rng = random.Random(f"{target.name}/{seed}")
    pool = list(target.seeds)
    wrong: dict[str, str] = {}
    kinds: set[tuple[str, ...]] = set()
    for data in pool:
        target.run(data)  # a good input; what is imported on first use is there then
    claimed = resource.getrlimit(resource.RLIMIT_AS)
    room = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + MOST_CLAIMED
    resource.setrlimit(resource.RLIMIT_AS, (room, claimed[1]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(inputs):
        data = pool[number] if number < len(pool) else mutated(rng.choice(pool), rng.choice(pool), target.tokens, rng)
        if keep is not None:
            keep.write_bytes(data)  # what a crash leaves behind
        begin = time.process_time()  # which no other program takes from
        said = _tried(target, data)
        spent = time.process_time() - begin
        if said and said[0] == "!":
            wrong.setdefault(said[1:], f"{target.name}, input {number}: {said[1:]} ({data[:200]!r})")
        elif spent > SLOWEST:
            wrong.setdefault("slow", f"{target.name}, input {number}: {spent:.1f} s ({data[:200]!r})")
        # An input that is refused in a new way leads to places where the others do not.
        if len(pool) < 2000 and (shape := _shape(said)) not in kinds:
            kinds.add(shape)
            pool.append(data)
    resource.setrlimit(resource.RLIMIT_AS, claimed)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if grown * 1024 > MOST_MEMORY:
        wrong["memory"] = f"{target.name}: the process grew by {grown >> 10} MiB"
    return list(wrong.values())


def _tried(target: Target, data: bytes) -> str:
    """Return what the target said: nothing, its error, or after "!" an exception that it should not raise."""
    try:
        target.run(data)
    except MemoryError as error:
        return f"!{type(error).__name__}"
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


def reported(name: str, inputs: int, seed: int, keep: Path | None) -> tuple[str, list[str]]:
    """Fuzz one target, in a process of its own; return a line, and what went wrong."""
    faulthandler.enable()
    warnings.simplefilter("error")
    target = next(target for target in targets() if target.name == name)
    begin = time.perf_counter()
    wrong = fuzzed(target, inputs, seed, keep / "".join(filter(str.isalnum, name)) if keep else None)
    rate = inputs / (time.perf_counter() - begin)
    return f"{name:<24} {inputs:>10,} inputs, {rate:>8,.0f} a second, {len(wrong)} faults", wrong
