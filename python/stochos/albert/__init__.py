"""ALBERT and BERT: load them, unshare their layers in one line, fine-tune them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos.albert.config import Config
    from stochos.albert.converting import convert_tensorflow, from_tensorflow_names
    from stochos.albert.files import load, new, save
    from stochos.albert.model import Albert, Output
    from stochos.albert.pretraining import pretrain
    from stochos.albert.sharing import LayerDrift, MemoryReport
    from stochos.albert.tasks import Answer, Classifier, Reader, Tagger
    from stochos.albert.tokenizer import Encoding, Tokenizer
    from stochos.albert.using import embed, fill_mask

#: Where each name lives; a module is loaded when a name of it is first used.
_HOMES = {
    "config": "Config",
    "converting": "convert_tensorflow from_tensorflow_names",
    "files": "load new save",
    "model": "Albert Output",
    "pretraining": "pretrain",
    "sharing": "LayerDrift MemoryReport",
    "tasks": "Answer Classifier Reader Tagger",
    "tokenizer": "Encoding Tokenizer",
    "using": "embed fill_mask",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Albert",
    "Answer",
    "Classifier",
    "Config",
    "Encoding",
    "LayerDrift",
    "MemoryReport",
    "Output",
    "Reader",
    "Tagger",
    "Tokenizer",
    "convert_tensorflow",
    "embed",
    "fill_mask",
    "from_tensorflow_names",
    "load",
    "new",
    "pretrain",
    "save",
]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOME_OF:
        return getattr(importlib.import_module(f"stochos.albert.{_HOME_OF[name]}"), name)
    msg = f"module 'stochos.albert' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
