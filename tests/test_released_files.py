"""Files of every version still open, with the numbers that they held: one folder a version in tests/data/released.

`python tests/data/released/make.py` adds the folder of the version at hand.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stochos import albert, gan, jobs, nn, reactions, words

RELEASED = Path(__file__).parent / "data" / "released"
FOLDERS = sorted(path for path in RELEASED.iterdir() if path.is_dir() and path.name[0].isdigit())
CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}  # of what is computed in float32 anew


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "expected.json").read_text())


def test_there_are_files_of_a_version():
    assert FOLDERS


def test_counts(folder: Path, expected: dict[str, Any]):
    counts = words.load_counts(folder / "counts.stochos")
    assert list(counts.vocabulary) == expected["vocabulary"]
    assert counts.frequencies.tolist() == expected["frequencies"]
    assert counts["cat", "sat"] == expected["cat, sat"]


def test_vectors_and_going_on_with_their_fit(folder: Path, expected: dict[str, Any]):
    vectors = words.load_vectors(folder / "vectors.stochos")
    assert vectors.matrix.tolist() == expected["vectors"]
    assert vectors.similar("cat", k=2)[0][0] == expected["similar"]
    more = words.resume(vectors, words.load_counts(folder / "counts.stochos"), epochs=1)
    assert more.settings["epochs_done"] == 2


@pytest.mark.parametrize("keep", ["trajectories", "moments", "histogram", "final"])
def test_runs(folder: Path, expected: dict[str, Any], keep: str):
    run = reactions.load_run(folder / f"run-{keep}.stochos")
    assert run.times.tolist() == [0, 1, 2]
    assert tuple(run.species) == ("A", "B")
    held = {name: np.nan_to_num(array.astype(float)).tolist() for name, array in run._arrays.items()}
    assert held == expected[f"run-{keep}"]


def network() -> tuple[nn.Model, Any, Any]:
    x = (np.arange(24, dtype=np.float32).reshape(8, 3) % 7) / 7
    layers = [nn.Dense(4, "tanh", seed=8), nn.LayerNorm(), nn.Dense(2, seed=9)]
    return nn.Sequential([nn.Input((3,)), *layers]), x, np.arange(8) % 2


def test_models_weights_and_going_on_with_training(folder: Path, expected: dict[str, Any], tmp_path: Path):
    fresh, x, y = network()
    loaded = nn.load(folder / "model.safetensors")
    np.testing.assert_allclose(loaded.predict(x, progress=False), expected["model"], **CLOSE)
    fresh.load_weights(folder / "weights.safetensors")
    assert fresh.predict(x, progress=False).tolist() == loaded.predict(x, progress=False).tolist()
    checkpoint = tmp_path / "training.safetensors"
    shutil.copy(folder / "training.safetensors", checkpoint)
    going_on, _, _ = network()
    fit: dict[str, Any] = {"loss": "cross_entropy", "batch_size": 4, "seed": 5, "optimizer": nn.Adam(0.01)}
    fit |= {"checkpoint": checkpoint, "resume": True, "progress": False}
    going_on.fit(x, y, epochs=2, **fit)  # what the file holds, and no step more
    np.testing.assert_allclose(going_on.predict(x, progress=False), expected["model"], **CLOSE)
    history = going_on.fit(x, y, epochs=3, **fit)
    assert len(history["loss"]) == 3
    assert np.abs(going_on.predict(x, progress=False) - expected["model"]).max() > 1e-3


def test_gans(folder: Path, expected: dict[str, Any], tmp_path: Path):
    shutil.copy(folder / "gan.safetensors", tmp_path / "gan.safetensors")
    one = nn.Sequential([nn.Input((2,)), nn.Dense(3, "tanh", seed=5), nn.Dense(2, seed=6)])
    other = nn.Sequential([nn.Input((2,)), nn.Dense(3, "tanh", seed=7), nn.Dense(1, seed=8)])
    model = gan.GAN(one, other, "js", latent=2, seed=4)
    data = np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)
    model.fit(data, steps=2, batch_size=8, checkpoint=tmp_path / "gan.safetensors", resume=True, progress=False)
    np.testing.assert_allclose(model.sample(3, seed=0), expected["gan"], **CLOSE)


def test_albert(folder: Path, expected: dict[str, Any]):
    model = albert.load(folder / "albert")
    found = np.asarray(model(np.array([[1, 2, 3]])).last_hidden_state)
    np.testing.assert_allclose(found, expected["albert"], **CLOSE)


def test_a_finished_job_stays_done(folder: Path, expected: dict[str, Any], tmp_path: Path):
    shutil.copytree(folder / "job", tmp_path / "job")
    report = jobs.run(tmp_path / "job" / "job.toml", progress=False)
    assert [(outcome.item, outcome.state) for outcome in report.outcomes] == [
        (item, "kept") for item in expected["job"]
    ]
