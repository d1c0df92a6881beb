"""Stochastic modelling on one compiled core.

The parts are imported on first use: ``from stochos import words``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from stochos._core import __version__
from stochos.errors import Error

if TYPE_CHECKING:
    from types import ModuleType

    from stochos import albert, config, cuda, datasets, errors, executors, gan, jobs, nn, random, reactions, words

__all__ = [
    "Error", "__version__", "albert", "config", "cuda", "datasets", "errors", "executors", "gan", "jobs", "nn",
    "random", "reactions", "words",
]  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"stochos.{name}")
    msg = f"module 'stochos' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
