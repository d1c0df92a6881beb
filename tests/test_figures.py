"""Whatever draws takes a path or axes, and says beforehand where no picture can be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stochos import albert, gan, nn, reactions
from stochos.errors import FileError, InputError

pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")


def history() -> Any:
    x = np.random.default_rng(0).standard_normal((32, 2))
    model = nn.Sequential([nn.Dense(1)])
    return model.fit(x, x[:, :1], loss="mse", optimizer=nn.SGD(0.1), epochs=2, progress=False)


def drift() -> Any:
    small = {"embedding_size": 8, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}
    return albert.new({**small, "num_hidden_layers": 2, "vocab_size": 20}).layer_drift()


def estimate() -> Any:
    x, y = np.random.default_rng(0).standard_normal((2, 200))
    return gan.divergence("js").estimate(x, y + 1, steps=20, progress=False)


def flow() -> Any:
    layer = nn.LSTM(4, seed=0)
    return nn.gradient_flow(layer, np.random.default_rng(0).standard_normal((2, 5, 3)).astype(np.float32))


def run() -> Any:
    return reactions.simulate(reactions.Network({"X": 0}, ["-> X @ 9"], {}), [0, 1, 2], 5, keep="moments")


def graph() -> Any:
    x = nn.Input((3,))
    return nn.Model(x, nn.Dense(2)(x))


DRAWN: dict[str, Callable[[], Callable[..., Any]]] = {
    "nn.History": lambda: history().plot,
    "nn.Model": lambda: graph().plot,
    "nn.GradientFlow": lambda: lambda **named: flow().plot(kind="norms", **named),
    "albert.LayerDrift": lambda: drift().plot,
    "gan.Estimate": lambda: estimate().plot,
    "gan.local_variational_plot": lambda: lambda **named: gan.local_variational_plot("kl", **named),
    "gan.samples_plot": lambda: lambda **named: gan.samples_plot(np.eye(2), **named),
    "gan.samples_plot of images": lambda: lambda **named: gan.samples_plot(np.ones((3, 4, 4)), **named),
    "reactions.Run": lambda: run().plot,
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_goes_to_a_file_or_onto_axes(name: str, tmp_path: Path):
    draw = DRAWN[name]()
    pyplot.close("all")  # what other tests left
    draw(path=tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert not pyplot.get_fignums()  # nothing is left open
    ax = pyplot.figure().add_subplot()
    assert draw(ax=ax) is ax
    draw(path=str(tmp_path / "two.svg"), ax=ax)
    assert b"<svg" in (tmp_path / "two.svg").read_bytes()
    pyplot.close("all")
    assert draw().figure.number in pyplot.get_fignums()
    pyplot.close("all")
    with pytest.raises(InputError, match=r"one\.gif must end in \.png, \.svg, \.pdf"):
        draw(path=tmp_path / "one.gif")
    with pytest.raises(FileError, match="nowhere"):
        draw(path=tmp_path / "nowhere" / "one.png")
    assert not pyplot.get_fignums()
    assert {file.name for file in tmp_path.iterdir()} == {"one.png", "two.svg"}
