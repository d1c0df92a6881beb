"""The law of birth and death at two times: histogram of trajectories over the master equation."""

from __future__ import annotations

from typing import Any

from stochos import reactions

SIZE = (4.8, 2.4)


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw bars from 100,000 trajectories and dots from the master equation."""
    net = reactions.Network({"X": 0}, ["-> X @ k", "X -> @ g"], {"k": 10.0, "g": 0.5})
    times = [1.0, 10.0]
    held = reactions.simulate(net, times, n=100_000, keep="histogram", seed=0).histogram["X"]
    exact = reactions.master_equation(net, {"X": 80}, times).marginal("X")
    axes = figure.subplots()
    for row, (time, colour) in enumerate(zip(times, colours["lines"], strict=False)):
        axes.bar(held.amounts[:45], held.counts[row, :45] / 100_000, width=0.9, color=colour, alpha=0.4)
        axes.plot(range(45), exact[row, :45], ".", color=colour, label=f"$t = {time:g}$")
    axes.set_xlabel("$x$")
    axes.set_ylabel("$P(x, t)$")
    axes.legend()
