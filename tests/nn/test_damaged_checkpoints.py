"""A checkpoint whose account of the run was changed is refused, and nothing is taken from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stochos import gan, nn
from stochos.errors import Error
from stochos.nn import _safetensors

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
Y = np.arange(12) % 2


def small() -> nn.Model:
    return nn.Sequential([nn.Input((3,)), nn.Dense(2, seed=1)])


def train(model: nn.Model, path: Path, epochs: int) -> None:
    model.fit(
        X, Y, loss="cross_entropy", optimizer=nn.Adam(), checkpoint=path, resume=True, epochs=epochs, progress=False
    )


def players() -> gan.GAN:
    one, other = (nn.Sequential([nn.Input((2,)), nn.Dense(k, seed=k)]) for k in (2, 1))
    return gan.GAN(one, other, "js", latent=2, seed=0)


def play(model: gan.GAN, path: Path, steps: int) -> None:
    model.fit(X[:, :2], steps=steps, batch_size=4, checkpoint=path, resume=True, progress=False)


def state(model: Any) -> dict[str, Any]:
    """Every number of a model, or of both players."""
    parts = [model] if isinstance(model, nn.Model) else [model.generator, model.discriminator]
    return {f"{number}/{name}": value for number, part in enumerate(parts) for name, value in part.state().items()}


Meta = dict[str, str]
CHANGES: dict[str, Callable[[Meta], Meta]] = {
    "another format": lambda meta: {**meta, "format": "stochos.nn.model"},
    "no format": lambda meta: {key: value for key, value in meta.items() if key != "format"},
    "a later version": lambda meta: {**meta, "version": "99"},
    "no version": lambda meta: {**meta, "version": "one"},
    "no JSON": lambda meta: {**meta, "training": "{"},
    "deep JSON": lambda meta: {**meta, "training": "[" * 100_000},
    "no facts": lambda meta: {**meta, "training": "{}"},
    "a list": lambda meta: {**meta, "training": "[]"},
}


@pytest.mark.parametrize("change", [*CHANGES, "no tensors", "another tensor"])
@pytest.mark.parametrize(("make", "work"), [(small, train), (players, play)])
def test_it_is_refused_and_the_model_stays(make: Any, work: Any, change: str, tmp_path: Path):
    path = tmp_path / "checkpoint"
    work(make(), path, 1)
    arrays, meta = _safetensors.read(path, "test")
    if change == "no tensors":
        arrays = {}
    elif change == "another tensor":
        name = next(name for name in arrays if name.startswith("model/") or "kernel" in name)
        arrays[name] = np.zeros((7, 7), np.float32)
    else:
        meta = CHANGES[change](meta)
    _safetensors.write(path, arrays, meta, "test")
    model = make()
    before = state(model)
    with pytest.raises(Error, match=r"checkpoint|nothing was changed|the state does not fit"):
        work(model, path, 2)
    assert all(np.array_equal(value, before[name]) for name, value in state(model).items())


def test_another_stream_is_refused(tmp_path: Path):
    path = tmp_path / "checkpoint"
    train(small(), path, 1)
    arrays, meta = _safetensors.read(path, "test")
    told = json.loads(meta["training"])
    _safetensors.write(path, arrays, {**meta, "training": json.dumps({**told, "stream_version": 0})}, "test")
    with pytest.raises(Error, match="stream version 0"):
        train(small(), path, 2)
