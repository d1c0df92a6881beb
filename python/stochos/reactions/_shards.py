"""An ensemble in shards: ranges of its trajectories, simulated anywhere and put together as one run would give them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core, executors
from stochos._progress import Callback
from stochos.reactions.network import Network

# The network of the last call, as a worker process gets one call's shards one after the other.
_last: tuple[str, Network] | None = None

_EACH = ("values", "final", "status", "events_per_trajectory", "passage", "event_time", "event_reaction")


@dataclasses.dataclass(frozen=True)
class Shard:
    """Trajectories first to first + n - 1, with all that they depend on."""

    call: str
    network: Network
    rules: frozenset[str]
    times: NDArray[np.float64]
    n: int
    first: int
    method: str
    seed: int
    threads: int
    keep: str
    options: dict[str, Any]


def cut(whole: Shard, wanted: int) -> list[Shard]:
    """Cut into about `wanted` shards; of moments into ranges of 2^k blocks, which is how one run merges them."""
    block = _core.moments_block(whole.n) if whole.keep == "moments" else 1
    size = block
    while -(-whole.n // size) > wanted:
        size *= 2
    if whole.keep != "moments":
        size = -(-whole.n // wanted)
    options = whole.options | ({"unfinished": True, "block": block} if whole.keep == "moments" else {})
    return [
        dataclasses.replace(whole, first=whole.first + begin, n=min(size, whole.n - begin), options=options)
        for begin in range(0, whole.n, size)
    ]


def simulate(shard: Shard) -> dict[str, Any]:
    """Simulate one shard; called by the executor."""
    global _last
    kept = _last  # another thread may be at another call
    if kept is None or kept[0] != shard.call:
        _last = kept = shard.call, shard.network
    network = kept[1]._core(shard.rules)
    return _core.simulate(
        network,
        shard.times,
        shard.n,
        shard.first,
        shard.method,
        shard.seed,
        shard.threads,
        shard.keep,
        shard.options,
        lambda _done, _total: not executors.is_ended(shard.call),
    )


def run(executor: Any, whole: Shard, callback: Callback | None, where: str) -> dict[str, Any]:
    """Simulate all shards by the executor and merge them in their order."""
    shards = cut(whole, executors.shard_count(executor))
    sizes = [shard.n for shard in shards]
    return merged(executors.run_shards(executor, simulate, shards, sizes, whole.call, callback, where))


def merged(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Put the answers of the shards together, bit by bit what the core gives for all of them at once."""
    first = answers[0]
    made: dict[str, Any] = {
        "method": first["method"],
        "events": sum(answer["events"] for answer in answers),
        "status_counts": np.sum([answer["status_counts"] for answer in answers], axis=0),
    }
    for name in _EACH:
        if name in first:
            made[name] = np.concatenate([answer[name] for answer in answers])
    if "histogram" in first:
        made["histogram"] = [
            np.sum(counts, axis=0) for counts in zip(*(answer["histogram"] for answer in answers), strict=True)
        ]
    if "spread" in first:
        stacked = (np.stack([answer[name] for answer in answers]) for name in ("reached", "mean", "spread"))
        made |= _core.merge_moments(*stacked)
    return made
