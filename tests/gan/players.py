"""Small players for the tests of GANs."""

from __future__ import annotations

from typing import Any

import numpy as np

from stochos import gan, nn


def mlp(width: int, out: int, *extra: Any, activation: str = "tanh", dtype: str = "float64", seed: int = 0) -> Any:
    """Return a network with two hidden layers; `extra` stands between them."""
    return nn.Sequential(
        [
            nn.Dense(width, activation, dtype=dtype, seed=seed),
            *extra,
            nn.Dense(width, activation, dtype=dtype, seed=seed + 1),
            nn.Dense(out, dtype=dtype, seed=seed + 2),
        ]
    )


def made(
    divergence: Any = "js", update: str = "single-loss", *extra: Any, rate: float = 0.05, **options: Any
) -> gan.GAN:
    """Return a GAN in float64 whose players are moved by plain gradient descent."""
    settings = {"generator_optimizer": nn.SGD(rate), "discriminator_optimizer": nn.SGD(rate)} | options
    return gan.GAN(mlp(9, 2, seed=10), mlp(8, 1, *extra, seed=20), divergence, update, latent=3, **settings)


def data(n: int = 64, seed: int = 0) -> np.ndarray:
    """Return points of the ring."""
    return gan.ring(8).sample(n, seed).astype(np.float64)


def weights(model: gan.GAN) -> np.ndarray:
    """Return all parameters of both players in one vector."""
    players = (model.generator, model.discriminator)
    return np.concatenate([v.numpy().ravel() for player in players for v in player.parameters])
