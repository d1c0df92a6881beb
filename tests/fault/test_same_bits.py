"""The same seed gives the same bytes, for any number of threads and shards and, where promised, any instruction set.

Counts, random streams and simulations agree between instruction sets; linear algebra does to a tolerance only.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from stochos import config, datasets, executors, reactions, words

SCRIPT = """
import hashlib, json, sys
import numpy as np
from stochos import datasets, gan, nn, reactions, words

def digest(*arrays):
    made = hashlib.sha256()
    for array in arrays:
        made.update(np.ascontiguousarray(array).tobytes())
    return made.hexdigest()[:16]

found = {}
text = datasets.load_text("bible-asv")[:4000]
counts = words.count(text, window=6, weighting="harmonic", min_count=3, subsample=1e-3, seed=2)
found["counts"] = digest(counts.frequencies, counts._row_start, counts._column, counts._value)
vectors = words.fit(counts, dim=24, epochs=2, seed=3)
found["fit"] = digest(vectors.matrix)
found["fit, spectral"] = digest(words.fit(counts, dim=24, solver="spectral").matrix)
found["similar"] = json.dumps(vectors.similar("god", k=20))

decay = reactions.Network(
    {"A": 60, "B": 20, "C": 0}, ["2 A <-> B @ 0.02, 0.5", "B -> C @ 0.3", "C -> A @ 1/(1 + B)", "A -> @ 0.05"], {}
)
times = np.linspace(0, 4, 9)
for method in "direct sorting first next cr rssa tau midpoint implicit r_leap langevin hybrid".split():
    run = reactions.simulate(decay, times, 300, method=method, seed=5)
    found[f"simulate, {method}"] = digest(run.values)
for keep in ("moments", "final", "histogram"):
    run = reactions.simulate(decay, times, 300, keep=keep, seed=6)
    found[f"keep, {keep}"] = digest(*(run._arrays[name] for name in sorted(run._arrays)))

rng = np.random.default_rng(0)
x, y = rng.normal(size=(600, 40)).astype("float32"), np.arange(600) % 5
nn.seed(1)
model = nn.Sequential([nn.Input((40,)), nn.Dense(300, "gelu"), nn.LayerNorm(), nn.Dropout(0.1), nn.Dense(5)])
model.fit(x, y, loss="cross_entropy", optimizer=nn.AdamW(1e-2), epochs=2, batch_size=200, progress=False)
found["dense training"] = digest(*(v.numpy() for v in model.parameters))
for kind in ("SimpleRNN", "LSTM", "GRU"):
    nn.seed(2)
    model = nn.Sequential([nn.Input((20, 24)), getattr(nn, kind)(96), nn.Dense(3)])
    sequences = np.random.default_rng(1).normal(size=(64, 20, 24)).astype("float32")
    model.fit(sequences, y[:64] % 3, loss="cross_entropy", optimizer=nn.Adam(1e-2), batch_size=32, progress=False)
    found[f"{kind} training"] = digest(*(v.numpy() for v in model.parameters))
image = nn.Conv2D(16, 3, seed=3)
found["convolution"] = digest(np.asarray(image(x[:64].reshape(8, 16, 20, 1).repeat(4, -1))))
mixture = gan.ring()
made = gan.GAN(
    nn.Sequential([nn.Input((8,)), nn.Dense(64, "tanh"), nn.Dense(2)]),
    nn.Sequential([nn.Input((2,)), nn.Dense(64, "tanh"), nn.Dense(1)]), "js", latent=8, seed=4,
)
made.fit(mixture, steps=5, batch_size=256, progress=False)
found["GAN"] = digest(*(v.numpy() for v in [*made.generator.parameters, *made.discriminator.parameters]))
print(json.dumps(found))
"""
LEVELS = ("baseline", "avx2", "avx512")
EXACT = ("counts", "simulate", "keep")  # what agrees between instruction sets


@functools.cache
def found(threads: int, level: str) -> dict[str, Any]:
    environment = os.environ | {"STOCHOS_NUM_THREADS": str(threads), "STOCHOS_CPU": level}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert len(answer) > 20
    return answer


@pytest.mark.parametrize("shards", [1, 7])
def test_shards(shards: int, monkeypatch: pytest.MonkeyPatch):
    """Counts and every kind of ensemble, cut into so many parts."""
    text = datasets.load_text("bible-asv")[:1500]
    net = reactions.Network({"A": 60, "B": 20}, ["2 A <-> B @ 0.02, 0.5", "B -> @ 0.3", "-> A @ 5"])

    def answers(pool: Executor | None) -> dict[str, list[bytes]]:
        counts = words.count(text, window=6, weighting="harmonic", min_count=3, subsample=1e-3, seed=2, executor=pool)
        made = {"counts": [counts.frequencies, counts._row_start, counts._column, counts._value]}
        for keep in ("trajectories", "moments", "final", "histogram", "first_passage"):
            options: dict[str, Any] = {"condition": "B > 30"} if keep == "first_passage" else {}
            run = reactions.simulate(net, np.linspace(0, 4, 9), 300, keep=keep, seed=6, executor=pool, **options)
            made[keep] = [array for _, array in sorted(run._arrays.items())]
        return {name: [np.ascontiguousarray(array).tobytes() for array in arrays] for name, arrays in made.items()}

    cut: list[int] = []
    monkeypatch.setattr(executors, "shard_count", lambda _pool: cut.append(shards) or shards)
    with ThreadPoolExecutor(3) as pool:
        assert answers(pool) == answers(None)
    assert len(cut) == 6


BEST = str(config.describe()["instruction_set_best"])


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads(threads: int):
    assert found(threads, BEST) == found(1, BEST)


@pytest.mark.parametrize("level", LEVELS[: LEVELS.index(BEST)] if BEST in LEVELS else [])
def test_instruction_sets(level: str):
    theirs, ours = found(2, level), found(1, BEST)
    for name in ours:
        if name.startswith(EXACT):
            assert theirs[name] == ours[name], name


@pytest.mark.parametrize("level", LEVELS[: LEVELS.index(BEST)] if BEST in LEVELS else [])
@pytest.mark.slow
def test_threads_at_every_instruction_set(level: str):
    assert found(3, level) == found(1, level)
