"""Copy memory (Hochreiter and Schmidhuber 1997; Arjovsky et al. 2016): repeat symbols after a long pause.

    python examples/copy_memory.py --cell gru --pause 30 --shown 5

Symbols 1 to 8 are shown in the first steps, then blanks (0) for the pause, then a mark (9) that asks for them. Without
memory the best is to guess: of n symbols a cross entropy of n log 8 / (pause + 2 n), and 1 of 8 right. A GRU and an
LSTM learn five symbols over a pause of 30 with a high rate that falls, and with gates whose biases are spread over
memories of up to the whole length (`nn.initializers.Chrono`).
"""

from __future__ import annotations

import numpy as np
from _recurrent import compare, layer, options, step_of

from stochos import nn

SYMBOLS = 8


def batch(random, size, pause, shown):
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


def share_right(model, x, y, shown):
    """Return which part of the symbols it says right."""
    return float(np.mean(model.predict(x).argmax(axis=-1)[:, -shown:] == y[:, -shown:]))


def train(cell, *, pause=30, shown=5, units=64, steps=5000, size=64, rate=1e-2, seed=0, goal=0.99, tell=None):
    """Train until `goal` of the symbols of new sequences are right; return model, share and the steps it took."""
    random = np.random.default_rng(seed)
    model = model_of(cell, units, pause + 2 * shown, seed)
    step = step_of(model, nn.Adam(nn.schedules.Cosine(rate, rate / 20, steps)), nn.losses.cross_entropy)
    test = batch(np.random.default_rng(seed + 1_000_000), 500, pause, shown)
    right = 0.0
    for number in range(1, steps + 1):
        loss = step(*batch(random, size, pause, shown))
        if number % 200 == 0:
            right = share_right(model, *test, shown)
            if tell is not None:
                tell(number, float(loss), right)
            if right >= goal:
                return model, right, number
    return model, right, steps


def main():
    """Train one cell and show its gradient flow before and after."""
    given = options(__doc__, pause=30, shown=5, units=64, steps=5000, rate=1e-2)
    length = given.pause + 2 * given.shown
    x, y = batch(np.random.default_rng(7), 16, given.pause, given.shown)

    def loss(output):
        return nn.losses.cross_entropy(output, y)

    before = nn.gradient_flow(model_of(given.cell, given.units, length, given.seed), x, loss=loss)
    print(f"cross entropy without memory: {given.shown * np.log(SYMBOLS) / length:.4f}")
    model, right, steps = train(
        given.cell, pause=given.pause, shown=given.shown, units=given.units, steps=given.steps, rate=given.rate,
        seed=given.seed, tell=lambda step, loss, right: print(f"step {step:>5}  loss {loss:.4f}  right {right:.1%}"),
    )  # fmt: skip
    print(f"{given.cell}: {right:.1%} of the symbols right after {steps} steps; guessing has {1 / SYMBOLS:.1%}")
    compare(before, nn.gradient_flow(model, x, loss=loss), given.report)


if __name__ == "__main__":
    main()
