"""Functions of tensors, NumPy arrays, numbers and symbols.

On symbols (`nn.Input`) they become part of the graph of a model, as layers do.
"""

from __future__ import annotations

from stochos.nn.functions._dispatch import Function, Tensor, TensorLike, function
from stochos.nn.functions.activations import *  # noqa: F403
from stochos.nn.functions.activations import __all__ as _activations
from stochos.nn.functions.attending import *  # noqa: F403
from stochos.nn.functions.attending import __all__ as _attending
from stochos.nn.functions.elementwise import *  # noqa: F403
from stochos.nn.functions.elementwise import __all__ as _elementwise
from stochos.nn.functions.pairwise import *  # noqa: F403
from stochos.nn.functions.pairwise import __all__ as _pairwise
from stochos.nn.functions.reductions import *  # noqa: F403
from stochos.nn.functions.reductions import __all__ as _reductions
from stochos.nn.functions.shaping import *  # noqa: F403
from stochos.nn.functions.shaping import __all__ as _shaping

__all__ = ["Function", "Tensor", "TensorLike", "function"]
__all__ += _activations + _attending + _elementwise + _pairwise + _reductions + _shaping
