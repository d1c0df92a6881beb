"""Write one small file of each own kind in the format of the version at hand, to be opened by all later ones.

python tests/data/released/make.py        # at a release: makes tests/data/released/<version>; commit it

What the files hold is a function of this script alone; `expected.json` beside them says it in plain numbers.
`tests/test_released_files.py` opens the folders of all versions. A folder is never made again once its version is out.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import stochos
from stochos import albert, gan, jobs, nn, reactions, words

HERE = Path(__file__).parent
TEXT = ["the cat sat on the mat", "the dog sat on the rug", "a cat and a dog ate"] * 4
JOB = """
seed = 3
[[items]]
name = "counts"
task = "count"
source = "text.txt"
min_count = 1
[[items]]
name = "decay"
task = "simulate"
network = { species = { S = 10 }, reactions = ["S -> @ k*S"], parameters = { k = 0.5 } }
times = [0.0, 1.0]
n = 4
"""


def learned(folder: Path) -> dict[str, Any]:
    """A model, its weights, and a training that was stopped after two of four epochs."""
    x = (np.arange(24, dtype=np.float32).reshape(8, 3) % 7) / 7
    y = np.arange(8) % 2
    model = nn.Sequential([nn.Input((3,)), nn.Dense(4, "tanh", seed=1), nn.LayerNorm(), nn.Dense(2, seed=2)])
    fit: dict[str, Any] = {"loss": "cross_entropy", "batch_size": 4, "seed": 5, "progress": False}
    model.fit(x, y, optimizer=nn.Adam(0.01), epochs=2, checkpoint=folder / "training.safetensors", **fit)
    model.save(folder / "model.safetensors")
    model.save_weights(folder / "weights.safetensors")
    return {"model": model.predict(x, progress=False).tolist()}


def play(folder: Path) -> dict[str, Any]:
    """A GAN's checkpoint."""
    one = nn.Sequential([nn.Input((2,)), nn.Dense(3, "tanh", seed=1), nn.Dense(2, seed=2)])
    other = nn.Sequential([nn.Input((2,)), nn.Dense(3, "tanh", seed=3), nn.Dense(1, seed=4)])
    model = gan.GAN(one, other, "js", latent=2, seed=4)
    data = np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)
    model.fit(data, steps=2, batch_size=8, checkpoint=folder / "gan.safetensors", progress=False)
    return {"gan": model.sample(3, seed=0).tolist()}


def job(folder: Path) -> dict[str, Any]:
    """A job that is done: its results and records."""
    (folder / "job").mkdir()
    (folder / "job" / "text.txt").write_text("\n".join(TEXT))
    (folder / "job" / "job.toml").write_text(JOB)
    report = jobs.run(folder / "job" / "job.toml", progress=False)
    (folder / "job" / "job-results" / ".stochos" / "lock").unlink()  # of the moment
    return {"job": [outcome.item for outcome in report.outcomes]}


def make(folder: Path) -> None:
    """Write all files and what is in them."""
    counts = words.count(TEXT, min_count=1, window=2, weighting="linear")
    counts.save(folder / "counts.stochos")
    vectors = words.fit(counts, dim=3, epochs=1, seed=1)
    vectors.save(folder / "vectors.stochos")
    net = reactions.Network({"A": 12, "B": 0}, ["2 A <-> B @ 0.1, 0.5"])
    expected: dict[str, Any] = {"stream_version": stochos.random.stream_version}
    for keep in ("trajectories", "moments", "histogram", "final"):
        run = reactions.simulate(net, [0, 1, 2], 3, keep=keep, seed=2)
        run.save(folder / f"run-{keep}.stochos")
        expected[f"run-{keep}"] = {
            name: np.nan_to_num(array.astype(float)).tolist() for name, array in sorted(run._arrays.items())
        }
    expected |= {
        "vocabulary": list(counts.vocabulary),
        "frequencies": counts.frequencies.tolist(),
        "cat, sat": counts["cat", "sat"],
        "vectors": vectors.matrix.tolist(),
        "similar": vectors.similar("cat", k=2)[0][0],
        **learned(folder),
        **play(folder),
        **job(folder),
    }
    config = albert.Config(
        vocab_size=12, embedding_size=4, hidden_size=4, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=4, max_position_embeddings=8,
    )  # fmt: skip
    bert = albert.Albert(config, seed=3)
    bert.save(folder / "albert")
    expected["albert"] = np.asarray(bert(np.array([[1, 2, 3]])).last_hidden_state).tolist()
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def main() -> None:
    """Make the folder of this version, all of it or nothing."""
    target = HERE / stochos.__version__
    if target.exists():
        sys.exit(f"{target} is there already; the files of a version that is out never change")
    with tempfile.TemporaryDirectory(dir=HERE) as name:
        made = Path(name) / "made"
        made.mkdir()
        make(made)
        shutil.move(made, target)
    print(f"{target}: {sum(path.stat().st_size for path in target.rglob('*') if path.is_file()):,} bytes")


if __name__ == "__main__":
    main()
