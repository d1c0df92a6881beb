"""The convex function u log u as the envelope of its tangents."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochos import gan

SIZE = (4.8, 2.6)


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw the function and seven tangents, from slope and conjugate."""
    kl = gan.divergence("kl")
    u = np.linspace(1e-6, 3, 400)
    axes = figure.subplots()
    for touch in (0.1, 0.3, 0.6, 1.0, 1.5, 2.1, 2.7):
        slope = float(kl.derivative(touch))
        axes.plot(u, slope * u - float(kl.conjugate(slope)), color=colours["lines"][0], linewidth=0.9, alpha=0.8)
        axes.plot([touch], [float(kl.f(touch))], ".", color=colours["lines"][1])
    axes.plot(u, kl.f(u), color=colours["ink"], linewidth=2, label=r"$u\,\log\,u$")
    axes.set_ylim(-1.2, 3.3)
    axes.set_xlabel("$u$")
    axes.legend()
    axes.margins(x=0)
