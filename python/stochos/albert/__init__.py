"""ALBERT and BERT: load them, unshare their layers in one line, fine-tune them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.albert.config import Config
    from stochos.albert.files import load, new, save
    from stochos.albert.model import Albert, Output
    from stochos.albert.sharing import LayerDrift, MemoryReport
    from stochos.albert.tokenizer import Encoding, Tokenizer

#: Where each name lives; a module is loaded when a name of it is first used.
_HOMES = {
    "config": "Config",
    "files": "load new save",
    "model": "Albert Output",
    "sharing": "LayerDrift MemoryReport",
    "tokenizer": "Encoding Tokenizer",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = ["Albert", "Config", "Encoding", "LayerDrift", "MemoryReport", "Output", "Tokenizer", "load", "new", "save"]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOME_OF:
        return getattr(importlib.import_module(f"stochos.albert.{_HOME_OF[name]}"), name)
    msg = f"module 'stochos.albert' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
