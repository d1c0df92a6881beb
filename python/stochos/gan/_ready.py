"""A GAN of two plain networks with settings that work on mixtures in the plane and on small images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stochos import nn
from stochos.gan._model import GAN

if TYPE_CHECKING:
    from stochos.gan._divergence import Divergence


def plain(
    size: int,
    divergence: str | Divergence = "js",
    update: str = "single-loss",
    *,
    steps: int,
    width: int = 128,
    latent: int = 2,
    rate: float = 3e-3,
    gradient_penalty: float = 0.1,
    generator_loss: str = "non_saturating",
    discriminator_loss: str = "bound",
    last: str | None = None,
    seed: int = 0,
) -> GAN:
    """Return a GAN for examples of `size` numbers: two hidden layers each, a falling rate, a gradient penalty around 0.

    Parameters
    ----------
    size
        Numbers of an example.
    divergence, update, latent, gradient_penalty, generator_loss, discriminator_loss, seed
        As for `GAN`.
    steps
        Over which the rates fall to a fiftieth, along a cosine.
    width
        Of the hidden layers.
    rate
        Of Adam for both players, at the start.
    last
        Activation of what is made, such as ``"tanh"``.
    """

    def optimizer() -> Any:
        return nn.Adam(nn.schedules.Cosine(rate, rate / 50, max(steps, 1)), beta1=0.5)

    def player(out: int, end: str | None, first: int) -> Any:
        return nn.Sequential(
            [
                nn.Dense(width, "relu", seed=seed + first),
                nn.Dense(width, "relu", seed=seed + first + 1),
                nn.Dense(out, end, seed=seed + first + 2),
            ]
        )

    return GAN(
        player(size, last, 1), player(1, None, 11), divergence, update, generator_loss=generator_loss,
        discriminator_loss=discriminator_loss, latent=latent, gradient_penalty=gradient_penalty, penalty_center=0.0,
        generator_optimizer=optimizer(), discriminator_optimizer=optimizer(), seed=seed,
    )  # fmt: skip
