"""f-divergences from any convex f, their estimates from samples, and GANs that make them small."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.gan import metrics
    from stochos.gan._audit import Audit, audit
    from stochos.gan._divergence import Divergence, divergence, divergence_names
    from stochos.gan._estimation import Estimate, mutual_information
    from stochos.gan._games import Game
    from stochos.gan._mixtures import Mixture, lattice, ring
    from stochos.gan._model import GAN
    from stochos.gan._pictures import local_variational_plot, samples_plot
    from stochos.gan._spectral import SpectralNorm

_HOMES = {
    "Audit": "_audit",
    "Divergence": "_divergence",
    "Estimate": "_estimation",
    "GAN": "_model",
    "Game": "_games",
    "Mixture": "_mixtures",
    "SpectralNorm": "_spectral",
    "audit": "_audit",
    "divergence": "_divergence",
    "divergence_names": "_divergence",
    "lattice": "_mixtures",
    "local_variational_plot": "_pictures",
    "mutual_information": "_estimation",
    "ring": "_mixtures",
    "samples_plot": "_pictures",
}

# fmt: off
__all__ = [  # noqa: RUF022 - by the alphabet
    "Audit", "Divergence", "Estimate", "GAN", "Game", "Mixture", "SpectralNorm", "audit", "divergence",
    "divergence_names", "lattice", "local_variational_plot", "metrics", "mutual_information", "ring", "samples_plot",
]
# fmt: on


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOMES:
        return getattr(importlib.import_module(f"stochos.gan.{_HOMES[name]}"), name)
    if name == "metrics":
        return importlib.import_module("stochos.gan.metrics")
    msg = f"module 'stochos.gan' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
