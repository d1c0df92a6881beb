"""Stochastic simulation of reaction networks: exact trajectories, ensembles, and exact probabilities."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.reactions.comparison import Comparison, SpeciesComparison, compare
    from stochos.reactions.master import MasterSolution, master_equation
    from stochos.reactions.network import Event, Network, Reaction
    from stochos.reactions.run import Run, load_run
    from stochos.reactions.simulation import simulate
    from stochos.reactions.studies import PassageLaw, passage_law, sensitivities, sweep

_HOMES = {
    "Comparison": "comparison",
    "Event": "network",
    "MasterSolution": "master",
    "Network": "network",
    "PassageLaw": "studies",
    "Reaction": "network",
    "Run": "run",
    "SpeciesComparison": "comparison",
    "compare": "comparison",
    "load_run": "run",
    "master_equation": "master",
    "passage_law": "studies",
    "sensitivities": "studies",
    "simulate": "simulation",
    "sweep": "studies",
}

__all__ = [
    "Comparison", "Event", "MasterSolution", "Network", "PassageLaw", "Reaction", "Run", "SpeciesComparison",
    "compare", "load_run", "master_equation", "passage_law", "sensitivities", "simulate", "sweep",
]  # fmt: skip


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOMES:
        return getattr(importlib.import_module(f"stochos.reactions.{_HOMES[name]}"), name)
    msg = f"module 'stochos.reactions' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
