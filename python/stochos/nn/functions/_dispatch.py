"""Functions of tensors that can also be called on symbols, and then are remembered as a call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.nn import registry
from stochos.nn.symbols import Symbol, has_symbol, record

__all__ = ["Axis", "Function", "Tensor", "TensorLike", "function"]

P = ParamSpec("P")
R = TypeVar("R")

Tensor = _core.Tensor
# What a function of tensors takes. Symbols never reach a body, which the checker cannot know: it sees anything.
if TYPE_CHECKING:
    TensorLike = Any
else:
    TensorLike = _core.Tensor | _core.Variable | NDArray[Any] | np.generic | float | Symbol
Axis = int | tuple[int, ...] | None


class Function:
    """A function of tensors as the target of a call in the graph.

    Attributes
    ----------
    name : str
        Under which the function is registered.
    body : callable
        What computes on tensors.
    """

    __slots__ = ("body", "name")

    def __init__(self, name: str, body: Callable[..., Any]) -> None:
        self.name = name
        self.body = body

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Compute on tensors."""
        return self.body(*args, **kwargs)

    def __repr__(self) -> str:
        return f"Function({self.name!r})"


def function(body: Callable[P, R]) -> Callable[P, R]:
    """Let a function of tensors take symbols as well, and register it under its name."""
    target = Function(body.__name__, body)

    @functools.wraps(body)
    def face(*args: P.args, **kwargs: P.kwargs) -> R:
        for value in (*args, *kwargs.values()):
            kind = type(value)
            if kind is Symbol or ((kind is tuple or kind is list or kind is dict) and has_symbol(value)):
                return record(target, args, kwargs)  # type: ignore[no-any-return]
        return body(*args, **kwargs)

    face.target = target  # type: ignore[attr-defined]
    registry.register(body.__name__)(face)
    return face
