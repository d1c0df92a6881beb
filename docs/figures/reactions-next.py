"""Two clocks of exponential law, and the earlier of them."""

from __future__ import annotations

from typing import Any

import numpy as np

SIZE = (4.8, 2.1)


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw the chances that nothing has happened yet."""
    t = np.linspace(0, 4, 200)
    axes = figure.subplots()
    for rate, colour in ((0.5, colours["lines"][0]), (1.0, colours["lines"][1])):
        axes.plot(t, np.exp(-rate * t), color=colour, label=rf"$e^{{-a_r t}}$, $a_r = {rate:g}$")
    axes.plot(t, np.exp(-1.5 * t), color=colours["ink"], linewidth=2, label=r"$e^{-a_0 t}$, $a_0 = 1.5$")
    axes.set_xlabel("$t$")
    axes.set_ylabel(r"$P(\tau > t)$")
    axes.legend()
    axes.margins(x=0)
