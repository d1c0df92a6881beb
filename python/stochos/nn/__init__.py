"""Tensors, their derivatives, layers and models on the compiled core."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos._core import Tensor, Variable, from_dlpack, tensor
    from stochos.nn.transforms import evaluate, grad, hessian, jacobian, stop_gradient, value_and_grad

_HOMES = {
    "Tensor": "stochos._core",
    "Variable": "stochos._core",
    "from_dlpack": "stochos._core",
    "tensor": "stochos._core",
    "evaluate": "stochos.nn.transforms",
    "grad": "stochos.nn.transforms",
    "hessian": "stochos.nn.transforms",
    "jacobian": "stochos.nn.transforms",
    "stop_gradient": "stochos.nn.transforms",
    "value_and_grad": "stochos.nn.transforms",
}

__all__ = [
    "Tensor",
    "Variable",
    "evaluate",
    "from_dlpack",
    "grad",
    "hessian",
    "jacobian",
    "stop_gradient",
    "tensor",
    "value_and_grad",
]


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    msg = f"module 'stochos.nn' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
