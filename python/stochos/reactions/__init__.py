"""Stochastic simulation of reaction networks: exact trajectories, ensembles, and exact probabilities."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.reactions.master import MasterSolution, master_equation
    from stochos.reactions.network import Event, Network, Reaction
    from stochos.reactions.run import Run, load_run
    from stochos.reactions.simulation import simulate

_HOMES = {
    "Event": "network",
    "MasterSolution": "master",
    "Network": "network",
    "Reaction": "network",
    "Run": "run",
    "load_run": "run",
    "master_equation": "master",
    "simulate": "simulation",
}

__all__ = ["Event", "MasterSolution", "Network", "Reaction", "Run", "load_run", "master_equation", "simulate"]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOMES:
        return getattr(importlib.import_module(f"stochos.reactions.{_HOMES[name]}"), name)
    msg = f"module 'stochos.reactions' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
