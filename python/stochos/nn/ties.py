"""Tying: one weight for two layers, as it is or through a transform such as the transpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from stochos import _core
from stochos.errors import InputError, InputTypeError
from stochos.nn import registry
from stochos.nn._weights import Tie, own, owner
from stochos.nn.layer import Layer

__all__ = ["tie", "untie"]

Weight = Layer | tuple[Layer, str] | _core.Variable


def tie(a: Weight, b: Weight, transform: str | Callable[[Any], Any] | None = None) -> None:
    """Let the weight `a` be the weight `b` from now on, or a transform of it.

    What `a` held is dropped. There is one weight afterwards: it is counted, saved, regularised and updated once, and
    its gradient is the sum over both places. Setting two weights to equal values would not do that.

    Parameters
    ----------
    a, b : Layer, (Layer, str) or Variable
        A layer stands for its main weight: the kernel of `Dense` and of convolutions, the table of `Embedding`.
        Neither needs to be built yet.
    transform : str or callable, optional
        From the value of `b` to that of `a`: ``"transpose"`` or `nn.transpose`, or any function of tensors. To save a
        model with a function of your own, register it with `nn.register`.

    Raises
    ------
    InputError
        The shapes do not fit, or `b` already is `a`.
    InputTypeError
        An argument is no weight.

    Examples
    --------
    The embedding as output layer:

    >>> words = nn.Embedding(30000, 128)
    >>> output = nn.Dense(30000)
    >>> nn.tie(output, words, transform="transpose")
    """
    where = "nn.tie"
    layer, name = _place(a, where)
    other, other_name = _place(b, where)
    step: Any = registry.find(transform, where) if isinstance(transform, str) else transform
    if step is not None and not callable(step):
        msg = f"[{where}] transform is {transform!r}; give a function of tensors or the name of one"
        raise InputTypeError(msg)
    following: tuple[Layer, str] | None = (other, other_name)
    while following is not None:
        if following[0] is layer and following[1] == name:
            msg = f"[{where}] {name!r} of {layer.title} and {other_name!r} of {other.title} are one weight already"
            raise InputError(msg)
        held = following[0]._weights.get(following[1])
        following = (held.layer, held.name) if isinstance(held, Tie) else None
    fresh = Tie(other, other_name, step)
    before = layer._weights.get(name)
    if before is not None and other.built:
        fresh.check(layer, name, tuple((before.value if isinstance(before, Tie) else before).shape))
    elif layer.built and before is None:
        msg = f"[{where}] {layer.title} has no weight {name!r}; it has {', '.join(layer._weights) or 'none'}"
        raise InputError(msg)
    layer._weights[name] = fresh


def untie(a: Weight) -> None:
    """Give a tied weight a variable of its own again, with the value that it has now.

    Parameters
    ----------
    a : Layer, (Layer, str) or Variable
        The side that `tie` got first.

    Raises
    ------
    InputError
        It is not tied.
    """
    layer, name = _place(a, "nn.untie")
    held = layer._weights.get(name)
    if not isinstance(held, Tie):
        msg = f"[nn.untie] {name!r} of {layer.title} is not tied"
        raise InputError(msg)
    if not layer.built:
        del layer._weights[name]
        return
    value = held.value
    fresh = _core.Variable(np.array(value.numpy()), name=f"{layer.name}/{name}")
    fresh.trainable = layer.trainable
    layer._weights[name] = own(layer, fresh)


def _place(weight: Any, where: str) -> tuple[Layer, str]:
    """Return the layer and the name of its weight."""
    if isinstance(weight, Layer):
        main = weight.main_weight
        if main is None and len(weight._weights) == 1:
            main = next(iter(weight._weights))
        if main is None:
            has = ", ".join(map(repr, weight._weights)) or "none yet"
            msg = f"[{where}] {weight.title} has no main weight; give (layer, name), its weights being {has}"
            raise InputError(msg)
        return weight, main
    if isinstance(weight, tuple) and len(weight) == 2 and isinstance(weight[0], Layer) and isinstance(weight[1], str):
        return weight
    if isinstance(weight, _core.Variable):
        found = owner(weight)
        if found is not None:
            return found
        msg = f"[{where}] the variable {weight.name!r} is no weight of a living layer; give (layer, name)"
        raise InputError(msg)
    msg = f"[{where}] {weight!r} is of type {type(weight).__name__}; give a layer, (layer, name) or a variable"
    raise InputTypeError(msg)
