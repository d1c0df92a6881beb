"""The adding problem (Hochreiter and Schmidhuber 1997): add the two numbers that are marked, far apart.

    python examples/adding_problem.py --cell lstm --length 200

A sequence has two channels: numbers from 0 to 1, and marks, one in each half. The answer is the sum of the two marked
numbers. Saying 1 always has the mean squared error 1/6; a SimpleRNN does not get below it at length 200, since the
gradient from the marks vanishes on its way; an LSTM and a GRU learn it.
"""

from __future__ import annotations

import numpy as np
from _recurrent import compare, layer, options, step_of

from stochos import nn


def batch(random, size, length):
    """Return sequences (B, T, 2) and sums (B, 1)."""
    x = np.zeros((size, length, 2), dtype=np.float32)
    x[:, :, 0] = random.random((size, length), dtype=np.float32)
    rows = np.arange(size)
    first, second = random.integers(0, length // 2, size), random.integers(length // 2, length, size)
    x[rows, first, 1] = x[rows, second, 1] = 1.0
    return x, (x[:, :, 0] * x[:, :, 1]).sum(axis=1, keepdims=True)


def train(cell, *, length=200, units=32, steps=3000, size=32, rate=5e-3, seed=0, goal=0.005, tell=None):
    """Train until the error on new sequences falls below `goal`; return model, error and the steps it took."""
    random = np.random.default_rng(seed)
    model = nn.Sequential([layer(cell, units, longest=length, seed=seed), nn.Dense(1, seed=seed + 1)])
    step = step_of(model, nn.Adam(rate), nn.losses.mse)
    test = batch(np.random.default_rng(seed + 1_000_000), 1000, length)
    error = float("inf")
    for number in range(1, steps + 1):
        step(*batch(random, size, length))
        if number % 100 == 0:
            error = float(np.mean((model.predict(test[0]) - test[1]) ** 2))
            if tell is not None:
                tell(number, error)
            if error < goal:
                return model, error, number
    return model, error, steps


def main():
    """Train one cell and show its gradient flow before and after."""
    given = options(__doc__, length=200, units=32, steps=3000)
    x, y = batch(np.random.default_rng(7), 16, given.length)

    def loss(output):
        return nn.losses.mse(output, y)

    start = nn.Sequential(
        [layer(given.cell, given.units, longest=given.length, seed=given.seed), nn.Dense(1, seed=given.seed + 1)]
    )
    before = nn.gradient_flow(start, x, loss=loss)
    model, error, steps = train(
        given.cell, length=given.length, units=given.units, steps=given.steps, seed=given.seed,
        tell=lambda number, error: print(f"step {number:>5}  mean squared error {error:.4f}"),
    )  # fmt: skip
    print(f"{given.cell}: {error:.4f} after {steps} steps; saying 1 always has 0.1667")
    compare(before, nn.gradient_flow(model, x, loss=loss), given.report)


if __name__ == "__main__":
    main()
