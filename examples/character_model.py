"""A language model over characters, on the text that the package ships, and what it writes.

    python examples/character_model.py --cell gru --steps 2000

The text is the American Standard Version of the Bible (public domain), lowercase words without punctuation. The model
sees a character and says the next; a model that knows only how often each letter comes has 4.08 bits a character.
"""

from __future__ import annotations

import numpy as np
from _recurrent import compare, layer, options, step_of

from stochos import datasets, nn


def text():
    """Return the characters as numbers, and their alphabet."""
    whole = "\n".join(datasets.load_text("bible-asv"))
    alphabet = sorted(set(whole))
    table = np.zeros(0x110000, dtype=np.int64)
    table[[ord(c) for c in alphabet]] = np.arange(len(alphabet))
    return table[np.frombuffer(whole.encode("utf-32-le"), dtype=np.uint32)], alphabet


def batch(random, codes, size, length):
    """Return characters (B, T) and the characters after them."""
    places = random.integers(0, len(codes) - length - 1, size)[:, None] + np.arange(length)
    return codes[places], codes[places + 1]


def write(model, alphabet, start, length, random):
    """Let the model go on from `start`, of as many characters as it was trained on."""
    codes = list(start)
    for _ in range(length):
        row = np.array(codes[-len(start) :], dtype=np.int64)[None]
        scores = np.asarray(model(row).numpy()[0, -1], dtype=np.float64)
        chance = np.exp(scores - scores.max())
        codes.append(int(random.choice(len(alphabet), p=chance / chance.sum())))
    return "".join(alphabet[c] for c in codes[: len(start)]), "".join(alphabet[c] for c in codes[len(start) :])


def main():
    """Train one cell, let it write, and show its gradient flow before and after."""
    given = options(__doc__, units=128, steps=1000, length=64)
    random = np.random.default_rng(given.seed)
    codes, alphabet = text()
    split = len(codes) * 9 // 10
    model = nn.Sequential(
        [
            nn.Embedding(len(alphabet), 32, seed=given.seed),
            layer(given.cell, given.units, return_sequences=True, seed=given.seed + 1),
            nn.Dense(len(alphabet), seed=given.seed + 2),
        ]
    )
    x, y = batch(np.random.default_rng(7), codes[split:], 16, given.length)

    def loss(output):
        return nn.losses.cross_entropy(output, y)

    before = nn.gradient_flow(model, x, loss=loss)
    step = step_of(model, nn.Adam(4e-3), nn.losses.cross_entropy)
    test = batch(np.random.default_rng(8), codes[split:], 256, given.length)
    for number in range(1, given.steps + 1):
        step(*batch(random, codes[:split], 32, given.length))
        if number % max(1, given.steps // 10) == 0:
            bits = float(nn.losses.cross_entropy(model(test[0]), test[1])) / np.log(2)
            print(f"step {number:>5}  {bits:.3f} bits a character on text that it has not seen")
    shown, written = write(model, alphabet, x[0], 200, random)
    print(f"after {shown!r} it writes\n{written}")
    compare(before, nn.gradient_flow(model, x, loss=loss), given.report)


if __name__ == "__main__":
    main()
