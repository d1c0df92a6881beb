"""Penalties on weights: L1, L2 and their sum. A shared weight is penalised once, however often it is used."""

from __future__ import annotations

import dataclasses
from typing import Any

from stochos import _checks, _core
from stochos.errors import InputTypeError, UnknownNameError
from stochos.nn import _names, functions, registry
from stochos.nn._holder import Holder
from stochos.nn.functions import Tensor

__all__ = ["L1", "L1L2", "L2", "Regularizer", "get", "regularization_loss"]


@dataclasses.dataclass(frozen=True)
class Regularizer:
    """A function from a weight to a number; derive a frozen dataclass from it and write ``__call__``."""

    def __call__(self, weight: Any) -> Tensor:  # noqa: ARG002
        """Return the penalty, shape ()."""
        msg = f"[nn.regularizers.{type(self).__name__}] the class defines no __call__(weight)"
        raise InputTypeError(msg)

    def _check(self) -> None:
        for field in dataclasses.fields(self):
            _checks.real(f"nn.regularizers.{type(self).__name__}", field.name, getattr(self, field.name), 0.0)


@registry.register
@dataclasses.dataclass(frozen=True)
class L1(Regularizer):
    """Penalty ``l1 * sum(|w|)``.

    Parameters
    ----------
    l1 : float, 0 or more
    """

    l1: float = 0.01

    def __post_init__(self) -> None:
        self._check()

    def __call__(self, weight: Any) -> Tensor:
        """Return the penalty, shape ()."""
        return functions.sum(functions.abs(weight)) * self.l1


@registry.register
@dataclasses.dataclass(frozen=True)
class L2(Regularizer):
    """Penalty ``l2 * sum(w**2)``.

    Parameters
    ----------
    l2 : float, 0 or more
    """

    l2: float = 0.01

    def __post_init__(self) -> None:
        self._check()

    def __call__(self, weight: Any) -> Tensor:
        """Return the penalty, shape ()."""
        return functions.sum(functions.square(weight)) * self.l2


@registry.register
@dataclasses.dataclass(frozen=True)
class L1L2(Regularizer):
    """Penalty ``l1 * sum(|w|) + l2 * sum(w**2)``.

    Parameters
    ----------
    l1, l2 : float, 0 or more
    """

    l1: float = 0.01
    l2: float = 0.01

    def __post_init__(self) -> None:
        self._check()

    def __call__(self, weight: Any) -> Tensor:
        """Return the penalty, shape ()."""
        return functions.sum(functions.abs(weight)) * self.l1 + functions.sum(functions.square(weight)) * self.l2


_BY_NAME = {"l1": L1, "l2": L2, "l1l2": L1L2, "l1_l2": L1L2}


def get(given: Any) -> Regularizer | None:
    """Return the regulariser that an argument of a layer stands for.

    Parameters
    ----------
    given : {"l1", "l2", "l1_l2"}, Regularizer or None

    Raises
    ------
    UnknownNameError
        There is no regulariser of this name.
    InputTypeError
        `given` is of another kind.
    """
    if given is None or isinstance(given, Regularizer):
        return given
    if isinstance(given, str):
        if given.lower() in _BY_NAME:
            return _BY_NAME[given.lower()]()
        msg = f"[nn.regularizers.get] there is no regulariser {given!r}; there are l1, l2 and l1_l2"
        raise UnknownNameError(msg)
    msg = f"[nn.regularizers.get] a regulariser is {given!r}; give a name or an object such as nn.regularizers.L2(1e-4)"
    raise InputTypeError(msg)


def regularization_loss(model: Holder) -> Tensor:
    """Return the sum of the penalties of all weights that train, each weight counted once.

    Parameters
    ----------
    model : Layer
        A model is a layer.

    Returns
    -------
    Tensor, shape ()
        Zero when no weight has a regulariser.
    """
    counted: dict[int, Tensor] = {}
    # The layer that holds a weight decides; one that is tied to it only when the holder has nothing to say.
    for tied in (False, True):
        for _, layer in _names.walk(model):
            borrowed = layer.borrowed()
            variables = dict(layer.own_weights())
            for name, penalty in layer._regularizers.items():
                variable = variables[name]
                if (name in borrowed) == tied and variable.trainable and variable.id not in counted:
                    counted[variable.id] = penalty(variable)
    total = _core.tensor(0.0, "float32")
    for value in counted.values():
        total = total + value
    return total
