"""Sequential digits: read handwritten digits pixel by pixel and say at the end which digit it was.

    python examples/sequential_digits.py --cell lstm

The pictures travel with the package (64 pixels, E. Alpaydin and C. Kaynak); 1,300 train, the other 497 test.
"""

from __future__ import annotations

import numpy as np
from _recurrent import compare, layer, options

from stochos import datasets, nn

TRAIN = 1300


def main():
    """Train one cell and show its gradient flow before and after."""
    given = options(__doc__, units=64, epochs=30)
    images, labels = datasets.load_digits()
    x = (images.reshape(-1, 64, 1) / 16).astype(np.float32)
    model = nn.Sequential(
        [layer(given.cell, given.units, longest=64, seed=given.seed), nn.Dense(10, seed=given.seed + 1)]
    )

    def loss(output):
        return nn.losses.cross_entropy(output, labels[:32])

    before = nn.gradient_flow(model, x[:32], loss=loss)
    history = model.fit(
        x[:TRAIN], labels[:TRAIN], loss="cross_entropy", optimizer=nn.Adam(4e-3, clip_norm=1.0), epochs=given.epochs,
        batch_size=32, metrics=["accuracy"], validation=(x[TRAIN:], labels[TRAIN:]), seed=given.seed, progress=False,
    )  # fmt: skip
    for epoch in range(0, given.epochs, max(1, given.epochs // 6)):
        print(f"epoch {epoch + 1:>3}  loss {history['loss'][epoch]:.3f}  right {history['val_accuracy'][epoch]:.1%}")
    print(f"{given.cell}: {history['val_accuracy'][-1]:.1%} of new digits right; guessing has 10%")
    compare(before, nn.gradient_flow(model, x[:32], loss=loss), given.report)


if __name__ == "__main__":
    main()
