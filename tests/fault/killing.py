"""kill -9 at a random time, then again from the start: what is resumed ends with the bytes of what never stopped.

python tests/fault/killing.py --rounds 1000          # over all kinds together
python tests/fault/killing.py --rounds 200 --only "nn fit" --seed 7

Each round does the work of one kind in a child, kills it at a time drawn evenly from 0 to 1.2 times what the whole
takes, looks at what lies there (whole files alone), does the work again to its end and compares every byte.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import rounds  # beside this file

from stochos import gan, jobs, nn, reactions, words
from stochos.errors import FileError, FileFormatError

JOB = """
seed = 3
threads = 2
[[items]]
name = "counts"
task = "count"
source = "../text.txt"
min_count = 1
[[items]]
name = "vectors"
task = "fit"
counts = "@counts"
dim = 8
[[items]]
name = "decay"
task = "simulate"
network = { species = { S = 400, P = 0 }, reactions = ["S -> P @ k*S"], parameters = { k = 0.1 } }
times = { until = 5, points = 6 }
n = 200
keep = "moments"
sweep = { k = [0.1, 0.2], "initial.S" = [10, 1000] }
[[items]]
name = "net"
task = "train"
x = "../x.npy"
y = "../y.npy"
layers = [
  { name = "Dense", units = 8, activation = "relu" },
  { name = "Dropout", rate = 0.1 },
  { name = "Dense", units = 2 },
]
loss = "cross_entropy"
optimizer = "Adam"
epochs = 4
"""


def made(folder: Path, kind: str) -> Path:
    """Return an empty folder for a round."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if kind == "job run":
        (folder / "job.toml").write_text(JOB)
    return folder


def prepare(folder: Path) -> None:
    """Write the inputs that all rounds share."""
    rng = np.random.default_rng(0)
    draws = np.minimum(rng.zipf(1.3, size=(3000, 30)), 2000)
    (folder / "text.txt").write_text("\n".join(" ".join(f"w{i}" for i in line) for line in draws))
    words.count(folder / "text.txt", min_count=1).save(folder / "given")
    x = rng.normal(size=(800, 20)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", (x[:, 0] > 0).astype(np.int64))


def count(folder: Path) -> None:
    """With memory=1 the words' numbers and places go to files."""
    words.count(folder.parent / "text.txt", min_count=1, memory=1, threads=2, progress=False).save(folder / "counts")


def fit(folder: Path) -> None:
    """Epoch for epoch, each saved: what is killed goes on from the last whole one."""
    counts, path = words.load_counts(folder.parent / "given"), folder / "vectors"
    try:
        vectors = words.load_vectors(path)
    except (FileError, FileFormatError):  # there are none, or it is what stood there before
        vectors = words.fit(counts, dim=8, epochs=0, seed=5, threads=2, progress=False)
    while int(vectors.settings["epochs_done"]) < 3:
        vectors = words.resume(vectors, counts, epochs=1, threads=2, progress=False)
        vectors.save(path)


def simulate(folder: Path) -> None:
    """An ensemble, saved."""
    net = reactions.Network({"A": 60, "B": 20}, ["2 A <-> B @ 0.02, 0.5", "B -> @ 0.3", "-> A @ 5"])
    reactions.simulate(net, np.linspace(0, 8, 17), 2000, seed=5, threads=2, progress=False).save(folder / "run")


def train(folder: Path) -> None:
    """A model with a checkpoint after each epoch."""
    x, y = np.load(folder.parent / "x.npy"), np.load(folder.parent / "y.npy")
    inner = [nn.Dense(32, activation="tanh", seed=1), nn.Dropout(0.2, seed=2), nn.Dense(2, seed=3)]
    model = nn.Sequential([nn.Input((20,)), *inner])
    model.fit(
        x, y, loss="cross_entropy", optimizer=nn.Adam(1e-3), batch_size=16, epochs=4, seed=5, resume=True,
        checkpoint=folder / "training", progress=False,
    )  # fmt: skip
    model.save(folder / "model")


def players(folder: Path) -> None:
    """A GAN with a checkpoint every few steps."""
    one = nn.Sequential([nn.Input((4,)), nn.Dense(16, "tanh", seed=1), nn.Dense(2, seed=2)])
    other = nn.Sequential([nn.Input((2,)), nn.Dense(16, "tanh", seed=3), nn.Dense(1, seed=4)])
    model = gan.GAN(one, other, "js", latent=4, seed=4)
    model.fit(
        gan.ring(), steps=60, batch_size=64, checkpoint=folder / "training", checkpoint_every=10, resume=True,
        progress=False,
    )  # fmt: skip
    model.generator.save(folder / "generator")


def job(folder: Path) -> None:
    """A job of five kinds of items; one that is killed in the midst of training has a checkpoint."""
    if not jobs.run(folder / "job.toml", progress=False).good:
        raise SystemExit(3)


KINDS: dict[str, Callable[[Path], None]] = {
    "count": count, "fit": fit, "simulate": simulate, "nn fit": train, "gan fit": players, "job run": job,
}  # fmt: skip
OLD = b"what was there before"
#: Files whose content is of the moment, and the files that a finished run removes.
PASSING = ("done", "lock", ".checkpoint")
#: What a replaced file is called for a moment; the next run must have taken it away.
MOMENT = ".stochos-part"


def results(folder: Path) -> dict[str, bytes]:
    """Return the files that must be the same each time; of a run, what it holds but for the seconds that it took."""
    found = {name: data for name, data in rounds.files(folder).items() if not any(part in name for part in PASSING)}
    if found.get("run", OLD) != OLD:
        run = reactions.load_run(folder / "run")
        facts = {key: value for key, value in run.settings.items() if key != "seconds"}
        found["run"] = repr(facts).encode() + b"".join(array.tobytes() for array in (run.times, run.values))
    return found


def wrong_after(left: dict[str, bytes], whole: dict[str, bytes], earlier: set[bytes]) -> list[str]:
    """Name the files that are neither whole nor what was there before.

    A file that grows with the work (a checkpoint, vectors after each epoch) has other bytes before the end; that it is
    whole shows when the work goes on from it.
    """
    grows = ("training", "vectors")
    strange = [name for name in left if name not in whole]
    torn = [name for name in left if name in whole and left[name] not in {whole[name], *earlier}]
    return [f"{name} is left behind" for name in strange] + [
        f"{name} is not whole" for name in torn if Path(name).name not in grows
    ]


def one_round(kind: str, base: Path, whole: dict[str, bytes], seconds: float, old: bool) -> tuple[bool, list[str]]:
    """Kill, look, go on, compare; return whether the work was still at it, and what is wrong."""
    folder, memory = made(base / "round", kind), base / "tmp"
    if old and kind in {"count", "fit", "simulate"}:
        (folder / next(iter(whole))).write_bytes(OLD)
    process = rounds.child(partial(KINDS[kind], folder))
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    cut = rounds.end_of(process, 20) == -signal.SIGKILL
    left = {name: data for name, data in results(folder).items() if not name.endswith(MOMENT)}
    wrong = wrong_after(left, whole, {OLD})
    wrong += [f"{path.name} is left in the temporary folder" for path in memory.iterdir()]
    rounds.done(partial(KINDS[kind], folder))
    again = results(folder)
    names = sorted(again.keys() | whole.keys())
    wrong += [f"{name} differs after the second run" for name in names if again.get(name) != whole.get(name)]
    return cut, wrong


def tried(kind: str, times: int, rng: random.Random, base: Path) -> tuple[int, list[str]]:
    """Return how often the work was killed in the midst, and what went wrong, of `times` rounds."""
    folder = base / "whole"
    seconds = []
    for _ in range(2):
        made(folder, kind)
        seconds.append(rounds.done(partial(KINDS[kind], folder)))
    whole, cuts, wrong = results(folder), 0, []
    for number in range(times):
        after = rng.uniform(0, 1.2 * sum(seconds) / len(seconds))
        cut, found = one_round(kind, base, whole, after, number % 2 == 1)
        cuts += cut
        wrong += [f"{kind}, round {number}, after {after:.4f} s: {text}" for text in found]
    return cuts, wrong


def main() -> int:
    """Report a line a kind; 1 where anything is wrong."""
    kinds, seed = rounds.asked(__doc__, KINDS)
    bad = 0
    with rounds.scratch("killing") as base:
        rounds.done(partial(prepare, base))
        for kind, times in kinds.items():
            begin = time.monotonic()
            cuts, wrong = tried(kind, times, random.Random(f"{kind}/{seed}"), base)
            spent = time.monotonic() - begin
            print(
                f"{kind:<10} {times:>5} rounds, {cuts:>5} in the midst, {len(wrong)} faults, {spent:.1f} s", flush=True
            )
            for line in wrong:
                print(f"  {line}")
            bad += len(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
