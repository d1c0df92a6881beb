"""Weights of recurrent layers in the layouts of PyTorch and Keras.

PyTorch keeps kernels transposed, (gates H, C), in the order i, f, g, o (LSTM) and r, z, n (GRU), and two biases that
are added. Keras keeps them as Stochos does, in the order i, f, c, o (LSTM, c being g) and z, r, h (GRU, h being n),
with one bias, or for a GRU with ``reset_after`` two, (2, 3 H). Both call z what is 1 - z here, so that the weights of
the gate z change sign. Of two biases only the sum matters, except in a GRU's n after the reset: there the second is
``recurrent_bias``. Export writes the other second biases as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos.errors import InputError, InputTypeError
from stochos.nn.layers.recurrent_base import Recurrent, RecurrentLayer
from stochos.nn.layers.recurrent_kinds import GRUKind, LSTMKind
from stochos.nn.layers.recurrent_wrappers import Bidirectional, StackedRNN

__all__ = ["from_keras", "from_pytorch", "to_keras", "to_pytorch"]

Array = NDArray[Any]


def _plain(layer: Any, where: str) -> Recurrent:
    """Return a single layer that other frameworks also have."""
    if not isinstance(layer, Recurrent):
        msg = f"[{where}] {layer!r} is of type {type(layer).__name__}; give a recurrent layer of stochos.nn"
        raise InputTypeError(msg)
    own = layer
    if isinstance(own, LSTMKind) and (own.peephole_on or own.layer_norm):
        msg = f"[{where}] {own.title} has peepholes or norms, which the other layout cannot hold; use nn.save"
        raise InputError(msg)
    if isinstance(own, GRUKind) and own.reset == "output":
        msg = f"[{where}] {own.title} has reset='output', which the other layout cannot hold; use nn.save"
        raise InputError(msg)
    return own


def _blocks(layer: Recurrent, value: Array, order: Sequence[int]) -> Array:
    """Return the blocks of the last axis in another order; those of a GRU's z (block 0 here) change sign."""
    parts = np.split(value, len(layer.gates), axis=-1)
    if isinstance(layer, GRUKind):
        parts[0] = -parts[0]
    return np.concatenate([parts[place] for place in order], axis=-1)


def _order(layer: Recurrent) -> tuple[int, ...]:
    """Return the places of PyTorch's blocks here; the permutation is its own inverse."""
    return (1, 0, 2) if isinstance(layer, GRUKind) else tuple(range(len(layer.gates)))


def _weights(layer: Recurrent, where: str) -> tuple[Array, Array, Array, Array]:
    """Return kernel, recurrent kernel, bias and recurrent bias in our layout; what is not there is 0."""
    if not layer.built:
        msg = f"[{where}] {layer.title} has no weights yet; call it first"
        raise InputError(msg)
    kernel, recurrent = (np.array(w.numpy()) for w in (layer.kernel, layer.recurrent_kernel))
    bias = np.array(layer.bias.numpy()) if layer.use_bias else np.zeros(kernel.shape[-1], kernel.dtype)
    second = np.zeros_like(bias)
    if isinstance(layer, GRUKind) and layer.reset == "after" and layer.use_bias:
        second[2 * layer.units :] = layer.recurrent_bias.numpy()
    return kernel, recurrent, bias, second


def _take(layer: Recurrent, kernel: Array, recurrent: Array, biases: Sequence[Array] | None, where: str) -> None:
    """Give a layer weights in our layout; nothing changes when one does not fit."""
    width = len(layer.gates) * layer.units
    channels = layer.kernel.shape[0] if layer.built else (kernel.shape[0] if kernel.ndim == 2 else None)
    for name, value, shape in (
        ("kernel", kernel, (channels, width)),
        ("recurrent kernel", recurrent, (layer.units, width)),
        *(("bias", bias, (width,)) for bias in biases or ()),
    ):
        if value.shape != shape:
            msg = f"[{where}] the {name} given for {layer.title} has, in our layout, shape {value.shape}, not {shape}"
            raise InputError(msg)
    if (biases is not None and any(np.any(bias) for bias in biases)) and not layer.use_bias:
        msg = f"[{where}] a bias is given, and {layer.title} has use_bias=False"
        raise InputError(msg)
    inside = isinstance(layer, GRUKind) and layer.reset == "after"
    if not layer.built:
        open_axes = (None,) * (2 if isinstance(layer, RecurrentLayer) else 1)
        layer._ensure_built((_Shaped((*open_axes, kernel.shape[0]), layer.dtype),))
    layer.kernel.assign(kernel.astype(layer.dtype))
    layer.recurrent_kernel.assign(recurrent.astype(layer.dtype))
    if layer.use_bias:
        first, second = (np.array(b) for b in biases) if biases is not None else (np.zeros(width), np.zeros(width))
        kept = second[2 * layer.units :].copy() if inside else None
        if inside:
            second[2 * layer.units :] = 0
            layer.recurrent_bias.assign(kept.astype(layer.dtype))  # type: ignore[union-attr]
        layer.bias.assign((first + second).astype(layer.dtype))


class _Shaped:
    """Stands for an input of a shape when weights are made."""

    def __init__(self, shape: tuple[int | None, ...], dtype: str) -> None:
        self.shape, self.dtype = shape, dtype


def _members(layer: Any, where: str) -> list[tuple[Recurrent, str]]:
    """Return the single layers with PyTorch's ending of the names."""
    members = []
    for level, one in enumerate(layer.layers if isinstance(layer, StackedRNN) else [layer]):
        if isinstance(one, Bidirectional):
            members += [(_plain(one.forward, where), f"_l{level}"), (_plain(one.backward, where), f"_l{level}_reverse")]
        else:
            members.append((_plain(one, where), f"_l{level}"))
    return members


def to_pytorch(layer: Any, prefix: str = "") -> dict[str, Array]:
    """Return the weights as ``state_dict`` of ``torch.nn.RNN``, ``LSTM`` or ``GRU`` has them.

    Parameters
    ----------
    layer : SimpleRNN, LSTM, GRU, one of their cells, Bidirectional or StackedRNN
        Built. A GRU has ``reset="after"``.
    prefix : str
        Before each name.

    Returns
    -------
    dict of str to ndarray
        ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0``, ``bias_hh_l0``, and so on with ``_reverse``. Cells have no
        ``_l0``.

    Raises
    ------
    InputError
        The layer has no weights yet, or is of a kind that PyTorch lacks.
    """
    where = "nn.recurrent_weights.to_pytorch"
    found: dict[str, Array] = {}
    for one, ending in _members(layer, where):
        _as_pytorch(one, where)
        ending = ending if isinstance(one, RecurrentLayer) else ""
        kernel, recurrent, bias, second = (_blocks(one, w, _order(one)) for w in _weights(one, where))
        found[f"{prefix}weight_ih{ending}"] = np.ascontiguousarray(kernel.T)
        found[f"{prefix}weight_hh{ending}"] = np.ascontiguousarray(recurrent.T)
        if one.use_bias:
            found[f"{prefix}bias_ih{ending}"] = bias
            found[f"{prefix}bias_hh{ending}"] = second
    return found


def _as_pytorch(layer: Recurrent, where: str) -> None:
    if isinstance(layer, GRUKind) and layer.reset != "after":
        msg = f"[{where}] {layer.title} has reset={layer.reset!r}; PyTorch's GRU resets after the product"
        raise InputError(msg)


def from_pytorch(layer: Any, weights: Mapping[str, Any], prefix: str = "") -> None:
    """Take weights from the ``state_dict`` of ``torch.nn.RNN``, ``LSTM``, ``GRU`` or one of their cells.

    Parameters
    ----------
    layer : SimpleRNN, LSTM, GRU, one of their cells, Bidirectional or StackedRNN
        Need not be built. A GRU has ``reset="after"``.
    weights : mapping of str to array_like
        Tensors of PyTorch must be on the CPU.
    prefix : str
        What stands before ``weight_ih``.

    Raises
    ------
    InputError
        Weights are missing, too many, or of another shape.
    """
    where = "nn.recurrent_weights.from_pytorch"
    rest = {name[len(prefix) :]: value for name, value in weights.items() if name.startswith(prefix)}
    taken = []
    for one, ending in _members(layer, where):
        _as_pytorch(one, where)
        ending = ending if isinstance(one, RecurrentLayer) else ""
        names = [f"{part}{ending}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        given = [rest.pop(name, None) for name in names]
        if given[0] is None or given[1] is None or (given[2] is None) != (given[3] is None):
            missing = [f"{prefix}{name}" for name, value in zip(names, given, strict=True) if value is None]
            msg = f"[{where}] {', '.join(missing)} missing; is the prefix {prefix!r} right?"
            raise InputError(msg)
        arrays = [None if value is None else np.asarray(value) for value in given]
        matrices = [array.T for array in arrays[:2] if array is not None]
        vectors = None if arrays[2] is None else [array for array in arrays[2:] if array is not None]
        for value in (*matrices, *(vectors or ())):
            if value.shape[-1] != len(one.gates) * one.units:
                msg = f"[{where}] {one.title} needs {len(one.gates)} gates of {one.units}, not {value.shape[-1]} rows"
                raise InputError(msg)
        order = _order(one)
        taken.append(
            (one, [_swapped(one, w, order) for w in matrices], vectors and [_swapped(one, w, order) for w in vectors])
        )
    if rest:
        msg = f"[{where}] {', '.join(sorted(rest))} fit nothing in the layer; are there more levels or directions?"
        raise InputError(msg)
    for one, (kernel, recurrent), biases in taken:
        _take(one, kernel, recurrent, biases, where)


def _swapped(layer: Recurrent, value: Array, order: Sequence[int]) -> Array:
    """Return blocks in our order; the sign of z changes after they stand in their places."""
    parts = [np.split(value, len(layer.gates), axis=-1)[place] for place in order]
    if isinstance(layer, GRUKind):
        parts[0] = -parts[0]
    return np.concatenate(parts, axis=-1)


def to_keras(layer: Any) -> list[Array]:
    """Return the weights in the order of ``get_weights()`` of Keras' layer.

    Parameters
    ----------
    layer : SimpleRNN, LSTM, GRU or Bidirectional
        Built. ``reset="after"`` and ``"before"`` of a GRU are ``reset_after=True`` and ``False``.

    Returns
    -------
    list of ndarray
        Kernel, recurrent kernel and, with ``use_bias``, bias; of both directions, forward first.

    Raises
    ------
    InputError
        The layer has no weights yet, or is of a kind that Keras lacks.
    """
    where = "nn.recurrent_weights.to_keras"
    if isinstance(layer, Bidirectional):
        return to_keras(layer.forward) + to_keras(layer.backward)
    one = _plain(layer, where)
    order = tuple(range(len(one.gates)))
    kernel, recurrent, bias, second = (_blocks(one, w, order) for w in _weights(one, where))
    if not one.use_bias:
        return [kernel, recurrent]
    two = isinstance(one, GRUKind) and one.reset == "after"
    return [kernel, recurrent, np.stack([bias, second]) if two else bias]


def from_keras(layer: Any, weights: Sequence[Any]) -> None:
    """Take weights as ``get_weights()`` of Keras' layer returns them.

    Parameters
    ----------
    layer : SimpleRNN, LSTM, GRU or Bidirectional
        Need not be built.
    weights : sequence of array_like

    Raises
    ------
    InputError
        There are too many or too few, or one has another shape.
    """
    where = "nn.recurrent_weights.from_keras"
    arrays = [np.asarray(value) for value in weights]
    if isinstance(layer, Bidirectional):
        half = len(arrays) // 2
        from_keras(layer.forward, arrays[:half])
        from_keras(layer.backward, arrays[half:])
        return
    one = _plain(layer, where)
    if len(arrays) != (3 if one.use_bias else 2):
        msg = f"[{where}] {len(arrays)} arrays are given; {one.title} takes {3 if one.use_bias else 2}"
        raise InputError(msg)
    two = isinstance(one, GRUKind) and one.reset == "after"
    biases: list[Array] | None = None
    if one.use_bias:
        if arrays[2].ndim != (2 if two else 1):
            msg = f"[{where}] the bias has shape {arrays[2].shape}; is reset_after={two} that of the Keras layer?"
            raise InputError(msg)
        biases = list(arrays[2]) if two else [arrays[2], np.zeros_like(arrays[2])]
    for value in (*arrays[:2], *(biases or ())):
        if value.shape[-1] != len(one.gates) * one.units:
            msg = f"[{where}] {one.title} needs {len(one.gates)} gates of {one.units}, not shape {value.shape}"
            raise InputError(msg)
    order = tuple(range(len(one.gates)))
    kernel, recurrent = (_swapped(one, w, order) for w in arrays[:2])
    _take(one, kernel, recurrent, biases and [_swapped(one, w, order) for w in biases], where)
