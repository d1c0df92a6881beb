"""Finding the recurrent layer of a model, what goes into it, and how the loss hangs on what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.nn._context import no_updates
from stochos.nn.flow._cell import Cell
from stochos.nn.flow._gru import GRUCell
from stochos.nn.flow._lstm import LSTMCell
from stochos.nn.flow._simple import SimpleCell
from stochos.nn.flow._weights import KINDS, WHERE, Array, Weights

__all__ = ["Captured", "build", "capture", "find", "last"]

_CELLS: dict[str, type[Cell]] = {"SimpleRNN": SimpleCell, "LSTM": LSTMCell, "GRU": GRUCell}


@dataclasses.dataclass(frozen=True)
class Captured:
    """One run of a recurrent layer: the cell, and the gradient of the loss by its states, in the order of processing.

    Attributes
    ----------
    cell : Cell
    to_h, to_c : arrays, shape (B, T, H)
        What the loss takes from each state directly, without later states.
    loss : float or None
        Its value; None where no loss was given.
    """

    cell: Cell
    to_h: Array
    to_c: Array
    loss: float | None


def build(
    weights: Weights,
    x: Any,
    lengths: Any = None,
    mask: Any = None,
    initial: Any = None,
) -> Cell:
    """Run a layer's weights over x (B, T, C) in float64.

    Raises
    ------
    InputError, InputTypeError
        An array does not fit.
    """
    given = _array("x", x)
    if given.ndim != 3 or 0 in given.shape:
        msg = f"[{WHERE}] x is of shape {given.shape}; give (B, T, C), none of them 0"
        raise InputError(msg)
    if given.shape[2] != weights.kernel.shape[0]:
        msg = f"[{WHERE}] x has {given.shape[2]} channels, the layer takes {weights.kernel.shape[0]}"
        raise InputError(msg)
    batch, length, _ = given.shape
    real = _real(batch, length, lengths, mask)
    given = np.where(real[:, :, None], given, 0.0)  # what stands in padding is not looked at
    if not np.isfinite(given).all():
        b, t, _ = np.argwhere(~np.isfinite(given))[0]
        msg = f"[{WHERE}] x holds {given[b, t][~np.isfinite(given[b, t])][0]} in sequence {b}, step {t}"
        raise InputError(msg)
    if weights.reverse:
        given, real = given[:, ::-1], real[:, ::-1]
    names = 2 if weights.two_states else 1
    if initial is None:
        states = [np.zeros((batch, weights.units))] * names
    else:
        states = [_array("initial_state", s) for s in (initial if isinstance(initial, (tuple, list)) else [initial])]
        if len(states) != names or any(s.shape != (batch, weights.units) for s in states):
            msg = (
                f"[{WHERE}] initial_state has the shapes {[s.shape for s in states]}; give {names} of shape "
                f"{(batch, weights.units)}"
            )
            raise InputError(msg)
    return _CELLS[weights.kind](weights, np.ascontiguousarray(given), np.ascontiguousarray(real), states)


def _array(name: str, value: Any) -> Array:
    held = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if held.dtype.kind not in "fiu":
        msg = f"[{WHERE}] {name} is of dtype {held.dtype}; give numbers"
        raise InputTypeError(msg)
    return held.astype(np.float64)


def _real(batch: int, length: int, lengths: Any, mask: Any) -> NDArray[np.bool_]:
    if lengths is not None and mask is not None:
        msg = f"[{WHERE}] give lengths or mask, not both"
        raise InputError(msg)
    if mask is not None:
        held = np.asarray(mask.numpy() if hasattr(mask, "numpy") else mask)
        if held.shape != (batch, length) or held.dtype.kind != "b":
            msg = f"[{WHERE}] mask is of shape {held.shape} and dtype {held.dtype}; give bool {(batch, length)}"
            raise InputError(msg)
        return held
    if lengths is None:
        return np.ones((batch, length), dtype=bool)
    many = np.asarray(lengths.numpy() if hasattr(lengths, "numpy") else lengths)
    if many.shape != (batch,) or many.dtype.kind not in "iu" or many.min() < 0 or many.max() > length:
        msg = f"[{WHERE}] lengths is {many!r}; give {batch} whole numbers from 0 to {length}"
        raise InputError(msg)
    return np.asarray(np.arange(length) < many[:, None])


def _is_recurrent(layer: Any) -> bool:
    return tuple(getattr(layer, "gates", ())) in KINDS and hasattr(layer, "units")


def find(model: Any, layer: Any) -> Any:
    """Return the recurrent layer of a model that is meant.

    Raises
    ------
    InputError
        There are several; or one without weights.
    InputTypeError
        There is none.
    UnknownNameError
        None has the name.
    """
    if _is_recurrent(layer):
        return layer
    found: dict[str, Any] = {}

    def look(what: Any) -> None:
        if _is_recurrent(what):
            name = what.name if found.get(what.name, what) is what else f"{what.name} ({len(found)})"
            found[name] = what
        elif hasattr(what, "children"):
            for _, child in what.children():
                look(child)

    look(model)
    names = ", ".join(map(repr, found))
    if not found:
        msg = (
            f"[{WHERE}] {type(model).__name__} holds no recurrent layer; give nn.SimpleRNN, nn.LSTM, nn.GRU, one of "
            "their cells, or a model with one"
        )
        raise InputTypeError(msg)
    if layer is not None:
        if layer not in found:
            msg = f"[{WHERE}] there is no recurrent layer {layer!r}; there are {names}"
            raise UnknownNameError(msg)
        return found[layer]
    if len(found) > 1:
        msg = f"[{WHERE}] the model has {len(found)} recurrent layers: {names}; choose one with layer="
        raise InputError(msg)
    return next(iter(found.values()))


def capture(model: Any, layer: Any, x: Any, loss: Callable[[Any], Any] | None, options: dict[str, Any]) -> Captured:
    """Run the model once with the layer replaced by our own run of it, and differentiate the loss by its states."""
    if not layer.built:
        _build(model, layer, x, options)
    weights = Weights.of(layer)
    cell_alone = _is_cell(layer)
    if model is layer and (loss is None or cell_alone):
        cell = build(weights, x, options.get("lengths"), options.get("mask"), options.get("initial_state"))
        if loss is None:
            return last(cell)
        with _core.Recording():
            leaves = _leaves(cell, layer.dtype)
            value = loss(_last_of(cell, leaves[0]))
            return _differentiated(cell, leaves, value)
    runs: list[tuple[Cell, list[Any]]] = []

    def instead(x: Any, *given: Any, **kept: Any) -> Any:
        names = ("lengths", "mask", "initial_state", "return_sequences", "return_state")
        told = dict(zip(names, given, strict=False)) | kept
        cell = build(weights, x, told.get("lengths"), told.get("mask"), told.get("initial_state"))
        leaves = _leaves(cell, layer.dtype)
        runs.append((cell, leaves))
        return _answer(layer, cell, leaves, told)

    inputs = x if isinstance(x, tuple) else (x,)
    with _core.Recording(), no_updates():
        layer.__dict__["call"] = instead
        try:
            answer = model(*inputs, **options, training=False)
        finally:
            del layer.__dict__["call"]
        if len(runs) != 1:
            msg = f"[{WHERE}] {layer.name!r} ran {len(runs)} times in one call; give a model that runs it once"
            raise InputError(msg)
        cell, leaves = runs[0]
        if loss is None:
            return last(cell)
        return _differentiated(cell, leaves, loss(answer))


def _is_cell(layer: Any) -> bool:
    return type(layer).__name__.endswith("Cell")


def _build(model: Any, layer: Any, x: Any, options: dict[str, Any]) -> None:
    """Have the weights made."""
    with no_updates():
        if model is not layer:
            model(*(x if isinstance(x, tuple) else (x,)), **options)
        elif _is_cell(layer):
            layer(np.asarray(_array("x", x)[:, 0], layer.dtype))
        else:
            layer(np.asarray(_array("x", x), layer.dtype), **options)


def _leaves(cell: Cell, dtype: str) -> list[Any]:
    """Return the states after each step as tensors to differentiate by."""
    held = [cell.h[:, 1:]] + ([] if cell.c is None else [cell.c[:, 1:]])
    return [_core.fresh(_core.tensor(np.ascontiguousarray(state).astype(dtype))) for state in held]


def _last_places(cell: Cell) -> Array:
    """Return (B, T, 1) with 1 at the last real step of each sequence."""
    steps = np.arange(1, cell.length + 1) * cell.real
    last = (steps == np.maximum(steps.max(axis=1, keepdims=True), 1)) & cell.real
    return np.asarray(last, dtype=np.float64)[:, :, None]


def _last_of(cell: Cell, leaf: Any) -> Any:
    """Return the last state of each sequence as a tensor of the leaf: its initial one where no step is real."""
    ops = _core.ops
    found = ops.sum(leaf * _core.tensor(_last_places(cell).astype(leaf.dtype)), axis=1)
    empty = np.flatnonzero(cell.real.sum(axis=1) == 0)
    if not empty.size:
        return found
    start = cell.h if leaf.shape == cell.h[:, 1:].shape else cell.c
    assert start is not None
    first = np.zeros_like(start[:, 0])
    first[empty] = start[empty, 0]
    return found + _core.tensor(first.astype(leaf.dtype))


def _answer(layer: Any, cell: Cell, leaves: Sequence[Any], told: dict[str, Any]) -> Any:
    """Return what the layer would have returned, made of the leaves."""

    def setting(name: str) -> bool:
        value = told.get(name)
        return bool(getattr(layer, name, False) if value is None else value)

    output = _last_of(cell, leaves[0])
    states = (output, *(_last_of(cell, leaf) for leaf in leaves[1:]))
    if setting("return_sequences"):
        real = cell.real[:, :, None]
        output = leaves[0] if real.all() else leaves[0] * _core.tensor(real.astype(leaves[0].dtype))
        if cell.weights.reverse:
            output = output[:, ::-1]
    return (output, *states) if setting("return_state") else output


def _differentiated(cell: Cell, leaves: Sequence[Any], value: Any) -> Captured:
    if not hasattr(value, "shape") or tuple(value.shape) != ():
        msg = f"[{WHERE}] the loss returned {getattr(value, 'shape', type(value).__name__)}; it must be one number"
        raise InputError(msg)
    found = [np.asarray(g.numpy(), np.float64) for g in _core.gradients([value], [None], list(leaves))]
    return Captured(cell, found[0], found[1] if len(found) > 1 else np.zeros_like(found[0]), float(value))


def last(cell: Cell) -> Captured:
    """Take the sum of the last outputs for the loss."""
    to_h = np.broadcast_to(_last_places(cell), (cell.batch, cell.length, cell.units)).copy()
    return Captured(cell, to_h, np.zeros_like(to_h), None)
