"""Tensors, their derivatives, layers and models on the compiled core."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos._core import Tensor, Variable, from_dlpack, tensor
    from stochos.nn import callbacks, initializers, losses, metrics, schedules
    from stochos.nn.clipping import clip_by_norm, clip_by_value
    from stochos.nn.compiling import compile
    from stochos.nn.history import History
    from stochos.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
    from stochos.nn.transforms import evaluate, grad, hessian, jacobian, stop_gradient, value_and_grad

_HOMES = {
    "Adagrad": "stochos.nn.optimizers",
    "Adam": "stochos.nn.optimizers",
    "AdamW": "stochos.nn.optimizers",
    "History": "stochos.nn.history",
    "Optimizer": "stochos.nn.optimizers",
    "RMSprop": "stochos.nn.optimizers",
    "SGD": "stochos.nn.optimizers",
    "clip_by_norm": "stochos.nn.clipping",
    "clip_by_value": "stochos.nn.clipping",
    "Tensor": "stochos._core",
    "Variable": "stochos._core",
    "from_dlpack": "stochos._core",
    "tensor": "stochos._core",
    "compile": "stochos.nn.compiling",
    "evaluate": "stochos.nn.transforms",
    "grad": "stochos.nn.transforms",
    "hessian": "stochos.nn.transforms",
    "jacobian": "stochos.nn.transforms",
    "stop_gradient": "stochos.nn.transforms",
    "value_and_grad": "stochos.nn.transforms",
}
_MODULES = ("callbacks", "initializers", "losses", "metrics", "schedules")

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "History",
    "Optimizer",
    "RMSprop",
    "Tensor",
    "Variable",
    "callbacks",
    "clip_by_norm",
    "clip_by_value",
    "compile",
    "evaluate",
    "from_dlpack",
    "grad",
    "hessian",
    "initializers",
    "jacobian",
    "losses",
    "metrics",
    "schedules",
    "stop_gradient",
    "tensor",
    "value_and_grad",
]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"stochos.nn.{name}")
    msg = f"module 'stochos.nn' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
