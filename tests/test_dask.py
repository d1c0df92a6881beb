"""Two processes of Dask give the bits of one, also when a worker is killed in the midst of its work."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stochos import datasets, reactions, words

GENE = reactions.Network({"off": 1, "on": 0, "M": 0}, ["off <-> on @ 0.7, 0.5", "on -> on + M @ 12", "M -> @ 1"], {})


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


def bits(counts: words.Counts) -> list[Any]:
    parts = (counts.frequencies, counts._row_start, counts._column, counts._value)
    return [counts.vocabulary, counts.tokens_read, *(part.tobytes() for part in parts)]


def killer(client: Any) -> Callable[[int, int], None]:
    """Return a progress callback that kills one worker when some of the work is done."""
    victims = list(client.run(os.getpid).values())[:1]

    def kill(done: int, total: int) -> None:
        if victims and 0 < done < total:
            os.kill(victims.pop(), signal.SIGKILL)

    kill.victims = victims  # type: ignore[attr-defined]
    return kill


@pytest.mark.parametrize("keep", ["moments", "trajectories"])
def test_an_ensemble(client: Any, keep: str):
    local, spread = (
        reactions.simulate(GENE, [0, 0.5, 2], 64 * 9 + 5, seed=3, keep=keep, executor=e)
        for e in (None, client.get_executor())
    )
    assert {k: v.tobytes() for k, v in spread._arrays.items()} == {k: v.tobytes() for k, v in local._arrays.items()}


def test_a_corpus(client: Any, tmp_path: Path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(datasets.load_text("bible-asv")[:6000]))
    options: dict[str, Any] = {"min_count": 3, "subsample": 1e-3, "weighting": "harmonic", "seed": 5}
    spread = words.count(str(text), executor=client.get_executor(), **options)
    assert bits(spread) == bits(words.count(str(text), **options))


def test_an_ensemble_whose_worker_is_killed(client: Any):
    kill = killer(client)
    times = np.linspace(0, 100, 3)
    spread = reactions.simulate(
        GENE, times, 64 * 60, seed=3, keep="moments", executor=client.get_executor(), progress=kill
    )
    assert not kill.victims, "the run was over before a worker was killed"  # type: ignore[attr-defined]
    local = reactions.simulate(GENE, times, 64 * 60, seed=3, keep="moments")
    assert spread.mean.tobytes() == local.mean.tobytes()


def test_a_corpus_whose_worker_is_killed(client: Any, tmp_path: Path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(datasets.load_text("bible-asv")))
    kill = killer(client)
    spread = words.count(str(text), window=20, executor=client.get_executor(), progress=kill)
    assert not kill.victims, "the run was over before a worker was killed"  # type: ignore[attr-defined]
    assert bits(spread) == bits(words.count(str(text), window=20))
