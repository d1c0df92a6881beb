"""Learn the law of a reaction network from its trajectories: predict the next state of a gene that is read and made.

    python examples/stochastic_trajectories.py --cell gru

stochos.reactions simulates an ensemble exactly: messengers M are made and decay, and each makes proteins P. Only P is
shown to the network, one number every 2 time units; it says the mean and the spread of the next P. M is hidden, so
that a network with memory, which can tell M from how P moved before, beats the best guess from the last P alone.
"""

from __future__ import annotations

import numpy as np
from _recurrent import compare, layer, options

from stochos import nn, reactions

RATES = ["-> M @ 0.5", "M -> @ 0.1", "M -> M + P @ 2", "P -> @ 0.05"]


def ensemble(count, points, seed):
    """Return P at each time, (N, T), in units of its standard deviation around its mean."""
    net = reactions.Network({"M": 5, "P": 200}, RATES)
    run = reactions.simulate(net, np.linspace(0, 2.0 * points, points + 1), n=count, seed=seed, keep="trajectories")
    values = run.values[:, :, run.index("P")]
    # Stationary: mean 200; variance 200 (1 + 2 / (0.1 + 0.05)), the bursts of messengers upon the Poisson law.
    return ((values - 200.0) / np.sqrt(200.0 * (1 + 2 / 0.15))).astype(np.float32)


def likelihood(output, target):
    """Return the mean negative log likelihood of a normal law with the mean and log deviation that the network says."""
    mean, log_deviation = output[:, :, 0], output[:, :, 1]
    apart = (target - mean) * nn.exp(-log_deviation)
    return nn.mean(0.5 * nn.square(apart) + log_deviation) + 0.5 * np.log(2 * np.pi)


def from_the_last_alone(train, test):
    """Return the same figure for the best linear guess from the last value, with one spread."""
    slope, shift = np.polyfit(train[:, :-1].ravel(), train[:, 1:].ravel(), 1)
    spread = np.std(train[:, 1:] - slope * train[:, :-1] - shift)
    apart = (test[:, 1:] - slope * test[:, :-1] - shift) / spread
    return float(np.mean(0.5 * apart**2) + np.log(spread) + 0.5 * np.log(2 * np.pi))


def main():
    """Train one cell and show its gradient flow before and after."""
    given = options(__doc__, units=32, epochs=12, points=60)
    train, test = ensemble(2000, given.points, 1), ensemble(500, given.points, 2)
    memory = layer(given.cell, given.units, return_sequences=True, seed=given.seed)
    model = nn.Sequential([memory, nn.Dense(2, seed=given.seed + 1)])
    x, y = train[:, :-1, None], train[:, 1:]

    def loss(output):
        return likelihood(output, y[:32])

    before = nn.gradient_flow(model, x[:32], loss=loss)
    history = model.fit(
        x, y, loss=likelihood, optimizer=nn.Adam(4e-3, clip_norm=1.0), epochs=given.epochs, batch_size=50,
        validation=(test[:, :-1, None], test[:, 1:]), seed=given.seed, progress=False,
    )  # fmt: skip
    for epoch in range(0, given.epochs, max(1, given.epochs // 6)):
        print(f"epoch {epoch + 1:>3}  {history['val_loss'][epoch]:.4f} nats a step on new trajectories")
    print(
        f"{given.cell}: {history['val_loss'][-1]:.4f}; from the last value alone {from_the_last_alone(train, test):.4f}"
    )
    compare(before, nn.gradient_flow(model, x[:32], loss=loss), given.report)


if __name__ == "__main__":
    main()
