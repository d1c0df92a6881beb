"""The tasks estimate and train give what the plain calls give, and training goes on after kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stochos import gan, jobs, nn
from stochos.errors import Error, FileFormatError, InputError, InputTypeError, UnknownNameError

ESTIMATE = """
[[items]]
name = "far"
task = "estimate"
x = "x.csv"
y = "y.npy"
divergence = "js"
steps = 60
seed = 2
[[items]]
name = "shared"
task = "estimate"
quantity = "mutual_information"
x = "x.csv"
y = "pair.npy"
steps = 60
output = "shared.npz"
"""
TRAIN = """
seed = 5
[[items]]
name = "digits"
task = "train"
x = "x.npy"
y = "y.npy"
layers = [
  { name = "Dense", units = 16, activation = "relu" },
  { name = "Dropout", rate = 0.1 },
  { name = "Dense", units = 3 },
]
loss = "cross_entropy"
optimizer = { name = "AdamW", learning_rate = 0.01 }
epochs = EPOCHS
batch_size = 32
validation = 0.1
metrics = ["accuracy"]
[[items]]
name = "more"
task = "train"
model = "@digits"
x = "x.npy"
y = "y.npy"
loss = "cross_entropy"
optimizer = "SGD"
"""


def write(folder: Path, text: str, **arrays: Any) -> Path:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "job.toml").write_text(text)
    return folder / "job.toml"


def blobs(n: int = 300) -> dict[str, Any]:
    random = np.random.default_rng(0)
    y = np.arange(n) % 3
    return {"x": random.normal(size=(n, 4)) + 3 * np.eye(4)[y], "y": y}


def test_estimates_are_those_of_the_plain_calls(tmp_path: Path):
    random = np.random.default_rng(1)
    x, y = random.normal(size=100), random.normal(2, 1, 90)
    pair = x + random.normal(size=100)
    (tmp_path / "x.csv").write_text("\n".join(map(repr, x.tolist())))
    report = jobs.run(write(tmp_path, ESTIMATE, y=y, pair=pair))
    assert report.good
    held = json.loads((tmp_path / "job-results" / "far.json").read_text())
    plain = gan.divergence("js").estimate(x, y, steps=60, seed=2)
    assert (held["value"], held["low"], held["high"]) == (plain.value, plain.low, plain.high)
    assert (held["divergence"], held["samples"]) == ("jensen_shannon", [100, 90])
    with np.load(tmp_path / "job-results" / "shared.npz") as found:
        plain = gan.mutual_information(x, pair, steps=60)
        assert float(found["value"]) == plain.value
        assert found["curve"].tolist() == plain.curve[1].tolist()


def test_training_is_that_of_the_plain_call_and_feeds_the_next(tmp_path: Path):
    data = blobs()
    file = write(tmp_path, TRAIN.replace("EPOCHS", "4"), **data)
    assert [outcome.state for outcome in jobs.run(file).outcomes] == ["done", "done"]
    made = nn.load(tmp_path / "job-results" / "digits.safetensors")
    x = data["x"].astype("float32")
    assert (made.predict(x).argmax(1) == data["y"]).mean() > 0.9
    nn.seed(5)
    layers = [nn.Dense(16, activation="relu"), nn.Dropout(0.1), nn.Dense(3)]
    same = nn.Sequential([nn.Input((4,)), *layers])
    told = same.fit(
        x,
        data["y"],
        loss="cross_entropy",
        optimizer=nn.AdamW(0.01),
        epochs=4,
        validation=0.1,
        metrics=["accuracy"],
        seed=5,
    )
    assert same.predict(x).tobytes() == made.predict(x).tobytes()
    history = json.loads((tmp_path / "job-results" / "digits.history.json").read_text())
    assert history == {name: told[name] for name in told}
    assert len(history["loss"]) == 4
    assert history["accuracy"][-1] > history["accuracy"][0]
    plain = nn.load(tmp_path / "job-results" / "digits.safetensors")
    told = plain.fit(x, data["y"], loss="cross_entropy", optimizer=nn.SGD(), seed=5)
    assert json.loads((tmp_path / "job-results" / "more.history.json").read_text())["loss"] == told["loss"]
    more = nn.load(tmp_path / "job-results" / "more.safetensors")
    assert more.predict(x).tobytes() == plain.predict(x).tobytes()
    assert not list((tmp_path / "job-results").glob(".*.checkpoint"))
    assert [outcome.state for outcome in jobs.run(file).outcomes] == ["kept", "kept"]


def test_after_kill_nine_training_goes_on_and_ends_with_the_same_bytes(tmp_path: Path):
    text = TRAIN.replace("EPOCHS", "60")
    folders = [tmp_path / name for name in ("whole", "killed")]
    for folder in folders:
        folder.mkdir()
        write(folder, text, **blobs(3000))
    jobs.run(folders[0] / "job.toml")
    script = f"from stochos import jobs; jobs.run({str(folders[1] / 'job.toml')!r})"
    results = folders[1] / "job-results"
    with subprocess.Popen([sys.executable, "-c", script]) as child:
        deadline = time.monotonic() + 60
        while not list(results.glob(".*.checkpoint")) and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(child.pid, signal.SIGKILL)
    left = list(results.glob(".*.checkpoint"))
    assert left, "the run was over before it was killed"
    assert not (results / "digits.safetensors").exists()
    jobs.run(folders[1] / "job.toml")
    for name in ("digits.safetensors", "digits.history.json", "more.safetensors"):
        assert (results / name).read_bytes() == (folders[0] / "job-results" / name).read_bytes()
    assert not list(results.glob(".*.checkpoint"))


def test_a_checkpoint_of_other_data_is_not_taken(tmp_path: Path):
    def interrupted(folder: Path, factor: float) -> Path:
        data = blobs()
        return write(folder, TRAIN.replace("EPOCHS", "3"), x=factor * data["x"], y=data["y"])

    folders = [tmp_path / name for name in ("fresh", "changed")]
    for folder in folders:
        folder.mkdir()
    results = folders[1] / "job-results"
    item = jobs.load(interrupted(folders[1], 1.0)).items[0]
    results.mkdir()
    from stochos.jobs import _learning

    seen: list[Path] = []
    fit = _learning._fit

    def keep(model: Any, *data: Any, **more: Any) -> Any:
        seen.append(more["checkpoint"])
        made = fit(model, *data, **more)
        raise InputError(str(made["loss"][-1]))

    _learning._fit = keep  # the run ends behind its last epoch, before anything is written
    try:
        with pytest.raises(InputError):
            _learning.train(item, False)
    finally:
        _learning._fit = fit
    assert seen[0].exists()
    for folder in folders:
        jobs.run(interrupted(folder, 2.0))
    names = [folder / "job-results" / "digits.safetensors" for folder in folders]
    assert names[0].read_bytes() == names[1].read_bytes()
    assert not seen[0].exists()


BAD: list[tuple[Callable[[str], str], type[Error], str]] = [
    (lambda t: t.replace('loss = "cross_entropy"\noptimizer = {', "optimizer = {"), InputError, "'digits' has no loss"),
    (lambda t: t.replace('"cross_entropy"', '"cross_entrpy"'), UnknownNameError, "'digits'.*cross_entrpy"),
    (lambda t: t.replace('"AdamW"', '"Adamw"'), UnknownNameError, "'digits'.*optimizer 'Adamw' is not known"),
    (lambda t: t.replace('"AdamW"', '"Dense"'), UnknownNameError, "optimizer 'Dense' is not known"),
    (lambda t: t.replace("learning_rate", "rate"), InputTypeError, "'digits'.*optimizer AdamW: .*'rate'"),
    (lambda t: t.replace("units = 16", "unit = 16"), InputTypeError, "'digits'.*layer Dense: .*unit"),
    (lambda t: t.replace('"Dropout"', '"load"'), UnknownNameError, "layer 'load' is not known"),
    (lambda t: t.replace("batch_size = 32", "batch_size = 0"), InputError, "'digits'.*batch_size is 0"),
    (lambda t: t.replace('["accuracy"]', '["acuracy"]'), UnknownNameError, "'digits'.*acuracy"),
    (lambda t: t.replace("units = 3 }", "units = 3, activation = 7 }"), InputTypeError, "'digits'"),
    (lambda t: t.replace('model = "@digits"\n', ""), InputError, "'more': give either model .* or layers"),
    (lambda t: t.replace('"x.npy"', '"job.toml"'), FileFormatError, "'digits'.*job.toml' is no .npy array of numbers"),
]


@pytest.mark.parametrize(("change", "error", "text"), BAD)
def test_wrong_training_is_found_before_anything_is_written(
    tmp_path: Path, change: Callable[[str], str], error: type[Error], text: str
):
    file = write(tmp_path, change(TRAIN.replace("EPOCHS", "2")), **blobs())
    with pytest.raises(error, match=text):
        jobs.run(file)
    assert not (tmp_path / "job-results").exists()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (('"js"', '"jss"'), "'far'.*'jss'"),
        (("steps = 60\nseed", 'steps = 60\nexpression = "u"\nseed'), "'far'.*either divergence"),
        (("mutual_information", "entropy"), "'shared'.*quantity is 'entropy'"),
        (("steps = 60", "steps = 1"), "'far'.*steps is 1"),
        (('x = "x.csv"\n', ""), "'far' has no x"),
    ],
)
def test_wrong_estimates_are_found_before_anything_is_written(tmp_path: Path, change: tuple[str, str], text: str):
    (tmp_path / "x.csv").write_text("1\n2\n" * 30)
    file = write(tmp_path, ESTIMATE.replace(*change, 1), y=np.ones(50), pair=np.ones(60))
    with pytest.raises(Error, match=text):
        jobs.run(file)
    assert not (tmp_path / "job-results").exists()
