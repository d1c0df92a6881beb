"""How the product of a plain recurrent network's Jacobians shrinks or grows with the number of steps."""

from __future__ import annotations

from typing import Any

import numpy as np

SIZE = (4.8, 2.4)
UNITS = 64
STEPS = 60


def norms(gain: float) -> Any:
    """Return the spectral norm of the product over 1 to STEPS steps, after a hundred steps to forget the start."""
    rng = np.random.default_rng(0)
    recurrent = rng.normal(scale=gain / UNITS**0.5, size=(UNITS, UNITS))
    state = np.zeros(UNITS)
    product = np.eye(UNITS)
    found = []
    for step in range(100 + STEPS):
        state = np.tanh(recurrent @ state + 0.3 * rng.normal(size=UNITS))
        if step >= 100:
            product = (1 - state**2)[:, None] * recurrent @ product
            found.append(np.linalg.norm(product, 2))
    return found


def draw(figure: Any, colours: dict[str, Any]) -> None:
    """Draw three gains."""
    axes = figure.subplots()
    for gain, colour in zip((0.8, 1.1, 1.6), colours["lines"], strict=False):
        axes.semilogy(range(1, STEPS + 1), norms(gain), color=colour, label=f"$g = {gain}$")
    axes.set_xlabel("$k$")
    axes.set_ylabel(r"$\|J_t \cdots J_{t-k+1}\|$")
    axes.legend()
    axes.margins(x=0)
