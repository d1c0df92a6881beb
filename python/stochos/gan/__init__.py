"""f-divergences from any convex f, their estimation from samples, and generative adversarial networks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.gan._divergence import Divergence, divergence, divergence_names

_HOMES = {
    "Divergence": "divergence",
    "divergence": "divergence",
    "divergence_names": "divergence",
}

__all__ = ["Divergence", "divergence", "divergence_names"]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOMES:
        value = getattr(importlib.import_module(f"stochos.gan._{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    msg = f"module 'stochos.gan' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
