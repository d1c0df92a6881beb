"""Long calls of every room, for `interrupting.py`: each prepares its data and returns what is called over and over."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stochos import albert, gan, jobs, nn, reactions, words

Call = Callable[[], object]
LINE = " ".join(f"w{i * i % 1009}" for i in range(2000))


def _written(path: Path, data: Callable[[], bytes]) -> Path:
    """Return a file that the first child has written for all."""
    if not path.exists():
        path.write_bytes(data())
    return path


def _count(kind: str) -> Callable[[Path], Call]:
    def prepare(base: Path) -> Call:
        text = lambda: (LINE + "\n").encode() * 2000  # noqa: E731
        sources: dict[str, Callable[[], Any]] = {
            "file": lambda: [_written(base / "text.txt", text)] * 1000,
            "gz": lambda: [_written(base / "text.gz", lambda: gzip.compress(text(), 1))] * 1000,
            "lines": lambda: itertools.repeat(LINE),
            "tokens": lambda: itertools.repeat(LINE.split()),
        }
        source = sources[kind]()
        return lambda: words.count(source, memory=1, min_count=1, threads=2, progress=False)

    return prepare


def _counts() -> words.Counts:
    rng = np.random.default_rng(0)
    lines = [" ".join(f"w{i}" for i in line) for line in np.minimum(rng.zipf(1.3, size=(4000, 40)), 9000)]
    return words.count(lines, min_count=1, window=8, threads=2, progress=False)


def _pairs(base: Path) -> Call:
    """A text of many pairs in memory: the time goes into counting, not into reading."""
    rng = np.random.default_rng(0)
    lines = [[f"w{i}" for i in line] for line in rng.integers(0, 3000, size=(300, 1000))]
    return lambda: words.count(lines, min_count=1, window=200, weighting="linear", threads=2, progress=False)


def _fit(solver: str) -> Callable[[Path], Call]:
    def prepare(base: Path) -> Call:
        counts = _counts()
        more = {"epochs": 1000} if solver == "sgd" else {"iterations": 400}
        return lambda: words.fit(counts, dim=100, solver=solver, threads=2, progress=False, **more)

    return prepare


def _vectors() -> words.Vectors:
    return words.fit(_counts(), dim=200, epochs=0, start="random", threads=2, progress=False)


def _files_of_vectors(kind: str) -> Callable[[Path], Call]:
    def prepare(base: Path) -> Call:
        vectors, path = _vectors(), base / f"vectors.{kind}"
        if not path.exists():
            if kind == "own":
                vectors.save(path)
            else:
                vectors.to_word2vec(path, binary=kind == "binary")
        calls: dict[str, Call] = {
            "own": lambda: (vectors.save("made"), words.load_vectors(path)),
            "text": lambda: (vectors.to_word2vec("made"), words.from_word2vec(path, progress=False)),
            "binary": lambda: (vectors.to_word2vec("made", binary=True), words.from_word2vec(path, progress=False)),
        }

        def call() -> None:
            Path("made").unlink(missing_ok=True)
            try:
                calls[kind]()
            finally:  # a whole file is no fault; anything else that lies there is
                Path("made").unlink(missing_ok=True)

        return call

    return prepare


def _queries(base: Path) -> Call:
    vectors = _vectors()
    some = vectors.vocabulary[:300]
    return lambda: [vectors.similar(word, metric="correlation") for word in some]


def _matrices(base: Path) -> Call:
    counts = _counts()
    return lambda: (counts.pmi_matrix(), counts + counts)


DIMERS = ["2 A <-> B @ 0.02, 0.5", "B -> @ 0.3", "-> A @ 50"]


def _simulate(**options: Any) -> Callable[[Path], Call]:
    def prepare(base: Path) -> Call:
        net = reactions.Network({"A": 60, "B": 20}, DIMERS)
        return lambda: reactions.simulate(net, [0, 1e6, 2e6], 64, threads=2, progress=False, **options)

    return prepare


def _ensemble(base: Path) -> Call:
    net = reactions.Network({"A": 60, "B": 20}, DIMERS)
    return lambda: reactions.simulate(net, np.linspace(0, 1, 5), 10**7, keep="moments", threads=2, progress=False)


def _expression(base: Path) -> Call:
    net = reactions.Network({"A": 60, "B": 20}, ["A -> B @ k*A/(1 + B)", "B -> A @ 0.3*B*exp(-A/100)"], {"k": 0.3})
    return lambda: reactions.simulate(net, [0, 1e6], 64, method="next", threads=2, progress=False)


def _master(base: Path) -> Call:
    net = reactions.Network({"A": 60, "B": 20}, DIMERS)
    return lambda: reactions.master_equation(net, {"A": 400, "B": 300}, [1.0, 100.0], threads=2, progress=False)


def _product(base: Path) -> Call:
    a = nn.tensor(np.ones((3000, 3000), np.float32))
    return lambda: nn.evaluate(a @ a)


def _elementwise(base: Path) -> Call:
    a = nn.tensor(np.ones((4000, 4000), np.float32))
    return lambda: nn.evaluate(nn.sum(nn.tanh(a * 0.5) + nn.exp(-a)))


def _compiled(base: Path) -> Call:
    a = nn.tensor(np.ones((2000, 2000)))
    step = nn.compile(lambda a: nn.tanh((a @ a) * 0.001))
    return lambda: nn.evaluate(step(a))


def _jacobian(base: Path) -> Call:
    a = np.random.default_rng(0).normal(size=(60, 60))
    return lambda: nn.jacobian(lambda x: nn.tanh(x @ x))(a)


def _convolution(base: Path) -> Call:
    layer, x = nn.Conv2D(64, 5, seed=0), nn.tensor(np.ones((16, 64, 64, 32), np.float32))
    return lambda: nn.evaluate(layer(x))


def _train(base: Path) -> Call:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 20)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    model = nn.Sequential([nn.Input((20,)), nn.Dense(200, "tanh"), nn.Dropout(0.2), nn.Dense(2)])
    return lambda: model.fit(
        x, y, loss="cross_entropy", optimizer=nn.Adam(), batch_size=32, epochs=10**6, progress=False
    )


def _recurrent(base: Path) -> Call:
    x = np.random.default_rng(0).normal(size=(200, 60, 20)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(np.int64)
    model = nn.Sequential([nn.Input((60, 20)), nn.LSTM(128), nn.Dense(2)])
    return lambda: model.fit(
        x, y, loss="cross_entropy", optimizer=nn.Adam(), batch_size=50, epochs=10**6, progress=False
    )


def _players(base: Path) -> Call:
    one = nn.Sequential([nn.Input((8,)), nn.Dense(64, "tanh"), nn.Dense(2)])
    other = nn.Sequential([nn.Input((2,)), nn.Dense(64, "tanh"), nn.Dense(1)])
    model = gan.GAN(one, other, "js", latent=8)
    return lambda: model.fit(gan.ring(), steps=10**6, batch_size=256, progress=False)


def _estimate(base: Path) -> Call:
    x, y = np.random.default_rng(0).normal(size=(2, 4000, 2))
    return lambda: gan.divergence("js").estimate(x, y, steps=10**5, progress=False)


def _tokenizer(base: Path) -> Call:
    return lambda: albert.Tokenizer.train([LINE] * 20_000, 500)


JOB = """
[[items]]
name = "long"
task = "simulate"
network = { species = { S = 400 }, reactions = ["S -> @ 1.0", "-> S @ 400.0"] }
times = [1e6]
n = 50
"""


def _job(base: Path) -> Call:
    path = _written(base / "job.toml", JOB.encode)
    return lambda: jobs.run(path, progress=False)


KINDS: dict[str, Callable[[Path], Call]] = {
    **{f"count, {kind}": _count(kind) for kind in ("file", "gz", "lines", "tokens")},
    "count, pairs": _pairs,
    "words.fit, sgd": _fit("sgd"),
    "words.fit, spectral": _fit("spectral"),
    **{f"vectors, {kind}": _files_of_vectors(kind) for kind in ("own", "text", "binary")},
    "similar": _queries,
    "matrices": _matrices,
    "simulate": _simulate(),
    "simulate, next": _expression,
    "simulate, tau": _simulate(method="tau"),
    "simulate, moments": _ensemble,
    "master_equation": _master,
    "product": _product,
    "elementwise": _elementwise,
    "compiled": _compiled,
    "jacobian": _jacobian,
    "convolution": _convolution,
    "nn fit": _train,
    "nn fit, LSTM": _recurrent,
    "gan fit": _players,
    "estimate": _estimate,
    "Tokenizer.train": _tokenizer,
    "job run": _job,
}
