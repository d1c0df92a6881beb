"""The hyperbolic tangent and its first three derivatives, each by differentiating the one before."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochos import nn

SIZE = (4.8, 2.4)


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw four curves."""
    x = np.linspace(-3, 3, 241)
    wave = nn.tanh
    axes = figure.subplots()
    names = (r"$\tanh x$", r"$\tanh'\,x$", r"$\tanh''\,x$", r"$\tanh'''\,x$")
    for name, colour in zip(names, colours["lines"], strict=False):
        axes.plot(x, np.asarray(wave(x)), color=colour, label=name)
        wave = (lambda before: nn.grad(lambda t: nn.sum(before(t))))(wave)
    axes.set_xlabel("$x$")
    axes.legend()
    axes.margins(x=0)
