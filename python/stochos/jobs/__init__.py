"""Batch jobs: a file tells what to count, fit, simulate, estimate and train; each is done once, whatever happens."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.jobs.job import Item, Job, load
    from stochos.jobs.runner import Outcome, Report, run

_PLACES = {"Item": "job", "Job": "job", "Outcome": "runner", "Report": "runner", "load": "job", "run": "runner"}
__all__ = ["Item", "Job", "Outcome", "Report", "load", "run"]


def __getattr__(name: str) -> object:
    try:
        module = _PLACES[name]
    except KeyError:
        msg = f"module 'stochos.jobs' has no attribute {name!r}"
        raise AttributeError(msg) from None
    return getattr(importlib.import_module(f"stochos.jobs.{module}"), name)


def __dir__() -> list[str]:
    return __all__
