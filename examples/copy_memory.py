"""Copy memory (Hochreiter and Schmidhuber 1997; Arjovsky et al. 2016): repeat ten symbols after a long pause.

    python examples/copy_memory.py --cell gru --pause 50

Symbols 1 to 8 are shown in the first ten steps, then blanks (0) for the pause, then a mark (9) that asks for them.
Without memory the best is to guess: a cross entropy of 10 log 8 / (pause + 20).
"""

from __future__ import annotations

import numpy as np
from _recurrent import compare, layer, options, step_of

from stochos import nn

SYMBOLS, SHOWN = 8, 10


def batch(random, size, pause, shown=SHOWN):
    """Return one-hot sequences (B, T, 10) and the symbol to say at each step (B, T)."""
    length = pause + 2 * shown
    symbols = random.integers(1, SYMBOLS + 1, (size, shown))
    given, asked = np.zeros((size, length), dtype=np.int64), np.zeros((size, length), dtype=np.int64)
    given[:, :shown], asked[:, -shown:] = symbols, symbols
    given[:, shown + pause - 1] = SYMBOLS + 1
    return np.eye(SYMBOLS + 2, dtype=np.float32)[given], asked


def model_of(cell, units, length, seed):
    """Return a network that says a symbol at each step."""
    memory = layer(cell, units, longest=length, return_sequences=True, seed=seed)
    return nn.Sequential([memory, nn.Dense(SYMBOLS + 1, seed=seed + 1)])


def main():
    """Train one cell and show its gradient flow before and after."""
    given = options(__doc__, pause=30, shown=5, units=64, steps=1500)
    random = np.random.default_rng(given.seed)
    length = given.pause + 2 * given.shown
    x, y = batch(np.random.default_rng(7), 16, given.pause, given.shown)

    def loss(output):
        return nn.losses.cross_entropy(output, y)

    model = model_of(given.cell, given.units, length, given.seed)
    before = nn.gradient_flow(model, x, loss=loss)
    step = step_of(model, nn.Adam(3e-3), nn.losses.cross_entropy)
    print(f"cross entropy without memory: {given.shown * np.log(SYMBOLS) / length:.4f}")
    for number in range(1, given.steps + 1):
        value = step(*batch(random, 64, given.pause, given.shown))
        if number % 100 == 0:
            said = model.predict(x).argmax(axis=-1)[:, -given.shown :]
            print(f"step {number:>5}  loss {float(value):.4f}  right {np.mean(said == y[:, -given.shown :]):.1%}")
    compare(before, nn.gradient_flow(model, x, loss=loss), given.report)


if __name__ == "__main__":
    main()
