"""The process does not grow over many calls of the same function: less than 1 MB in 1,000 calls (10,000 when slow)."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stochos import albert, gan, jobs, nn, reactions, words
from stochos.errors import Error

MOST = 1 << 20  # bytes
WARM = 60  # calls after which caches are as large as they get
TEXT = ["the cat sat on the mat", "the dog sat on the rug", "a cat and a dog"] * 3
COUNTS = words.count(TEXT, min_count=1)
VECTORS = words.fit(COUNTS, dim=4, epochs=1)
NET = reactions.Network({"S": 20, "P": 0}, ["S -> P @ k*S", "P -> S @ 0.1"], {"k": 0.3})
RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 3)).astype(np.float32)
Y = np.arange(16) % 2
SEQUENCES = RNG.normal(size=(2, 6, 3)).astype(np.float32)
KL = gan.divergence("kl")


def model() -> nn.Model:
    return nn.Sequential([nn.Input((3,)), nn.Dense(4, activation="relu"), nn.Dense(2)])


MODEL, LSTM = model(), nn.LSTM(4, seed=0)
STEP_OPTIMIZER = nn.Adam(1e-3)


@nn.compile
def step(x: Any, y: Any) -> Any:
    loss, slopes = nn.value_and_grad(lambda: nn.losses.cross_entropy(MODEL(x), y), wrt=MODEL.trainable_parameters)()
    STEP_OPTIMIZER.update(MODEL.trainable_parameters, slopes)
    return loss


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(Error):
        call()


def saved(folder: Path) -> dict[str, Callable[[], object]]:
    """Calls that go through files."""
    COUNTS.save(folder / "counts")
    VECTORS.save(folder / "vectors")
    VECTORS.to_word2vec(folder / "vectors.bin", binary=True)
    MODEL.save(folder / "model")
    (folder / "text.txt").write_text("\n".join(TEXT))
    (folder / "job.toml").write_text('[[items]]\nname = "a"\ntask = "count"\nsource = "text.txt"\nmin_count = 1\n')
    return {
        "Counts.save": lambda: COUNTS.save(folder / "again"),
        "load_counts": lambda: words.load_counts(folder / "counts"),
        "load_vectors": lambda: words.load_vectors(folder / "vectors"),
        "from_word2vec": lambda: words.from_word2vec(folder / "vectors.bin", binary=True),
        "count of a file": lambda: words.count(folder / "text.txt", min_count=1),
        "Model.save": lambda: MODEL.save(folder / "model2"),
        "nn.load": lambda: nn.load(folder / "model"),
        "jobs.load": lambda: jobs.load(folder / "job.toml"),
    }


CALLS: dict[str, Callable[[], object]] = {
    "count": lambda: words.count(TEXT, min_count=1),
    "count, refused": lambda: refused(lambda: words.count(["a", 3])),
    "fit": lambda: words.fit(COUNTS, dim=2, epochs=1),
    "fit, spectral": lambda: words.fit(COUNTS, dim=2, solver="spectral"),
    "Counts.pmi": lambda: COUNTS.pmi("cat", "dog"),
    "Counts.to_scipy": COUNTS.to_scipy,
    "Counts.pmi_matrix": COUNTS.pmi_matrix,
    "sum of counts": lambda: COUNTS + COUNTS,
    "similar": lambda: VECTORS.similar("cat"),
    "analogy": lambda: VECTORS.analogy(["cat", "rug"], ["mat"]),
    "keywords": lambda: VECTORS.keywords("the cat sat"),
    "sentence": lambda: VECTORS.sentence("the cat sat"),
    "Network": lambda: reactions.Network({"S": 20}, ["S -> @ k*S/(1 + S)"], {"k": 0.3}),
    "simulate": lambda: reactions.simulate(NET, [0, 1, 2], 8),
    "simulate, moments": lambda: reactions.simulate(NET, [0, 1], 8, keep="moments", threads=2),
    "simulate, tau": lambda: reactions.simulate(NET, [0, 1], 8, method="tau"),
    "simulate, refused": lambda: refused(lambda: reactions.simulate(NET, [1, 0])),
    "master_equation": lambda: reactions.master_equation(NET, {"S": 20, "P": 20}),
    "tensor": lambda: nn.tensor(X) @ nn.tensor(X.T),
    "grad": lambda: nn.grad(lambda x: nn.sum(nn.tanh(x)))(X),
    "jacobian": lambda: nn.jacobian(lambda x: nn.tanh(x))(X[:1]),
    "shape refused": lambda: refused(lambda: nn.tensor(X) @ nn.tensor(X)),
    "compiled step": lambda: float(step(X, Y)),
    "predict": lambda: MODEL.predict(X, progress=False),
    "model made": model,
    "Model.copy": lambda: MODEL.copy(),
    "LSTM": lambda: np.asarray(LSTM(SEQUENCES)),
    "divergence": lambda: gan.divergence("js").between([0.2, 0.8], [0.5, 0.5]),
    "from_expression": lambda: gan.Divergence.from_expression("u*log(u)"),
    "Gaussian": lambda: KL.gaussian(0, 1, 1, 2),
    "albert.Config": lambda: albert.Config(vocab_size=30, hidden_size=8, num_attention_heads=2),
}


def resident() -> int:
    """Bytes of this process in memory, after free pages went back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth(call: Callable[[], object], times: int) -> int:
    """The least growth in up to three rounds: a leak is in each of them, a cache or a page touched late is not."""
    for _ in range(WARM):
        call()
    least = None
    for _ in range(3):
        before = resident()
        for _ in range(times):
            call()
        grown = resident() - before
        least = grown if least is None else min(least, grown)
        if least < MOST:
            break
    assert least is not None
    return least


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[], object]]:
    return CALLS | saved(tmp_path_factory.mktemp("growth"))


FILES = (
    "Counts.save", "load_counts", "load_vectors", "from_word2vec", "count of a file", "Model.save", "nn.load",
    "jobs.load",
)  # fmt: skip
NAMES = [*CALLS, *FILES]


@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_calls(calls: dict[str, Callable[[], object]], name: str):
    assert growth(calls[name], 1000) < MOST


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_calls(calls: dict[str, Callable[[], object]], name: str):
    assert growth(calls[name], 10_000) < MOST


def test_a_leak_is_seen():
    kept: list[bytes] = []
    assert growth(lambda: kept.append(bytes(2000)), 1000) > MOST
