"""Three trajectories of birth and death, and the mean and standard deviation of all."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochos import reactions

SIZE = (4.8, 2.6)


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw the paths as steps over the band of one standard deviation."""
    net = reactions.Network({"X": 0}, ["-> X @ k", "X -> @ g"], {"k": 10.0, "g": 0.5})
    times = np.linspace(0, 12, 241)
    paths = reactions.simulate(net, times, n=3, seed=1)["X"]
    mean = 20 * (1 - np.exp(-times / 2))
    axes = figure.subplots()
    band = axes.fill_between(times, mean - np.sqrt(mean), mean + np.sqrt(mean), color=colours["faint"], alpha=0.3)
    band.set_linewidth(0)
    axes.plot(times, mean, color=colours["ink"], linewidth=1.5)
    for path, colour in zip(paths, colours["lines"], strict=False):
        axes.step(times, path, where="post", color=colour, linewidth=1)
    axes.set_xlabel("$t$")
    axes.set_ylabel("$X$")
    axes.margins(x=0)
