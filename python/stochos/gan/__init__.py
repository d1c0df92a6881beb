"""f-divergences from any convex f: their parts, and their values between laws."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.gan._divergence import Divergence, divergence, divergence_names
    from stochos.gan._pictures import local_variational_plot

_HOMES = {
    "Divergence": "_divergence",
    "divergence": "_divergence",
    "divergence_names": "_divergence",
    "local_variational_plot": "_pictures",
}

__all__ = ["Divergence", "divergence", "divergence_names", "local_variational_plot"]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOMES:
        return getattr(importlib.import_module(f"stochos.gan.{_HOMES[name]}"), name)
    msg = f"module 'stochos.gan' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
