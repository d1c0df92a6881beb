"""The way of a loss's gradient back through the steps, and what each step adds to the gradient of the weights."""

from __future__ import annotations

import dataclasses

import numpy as np

from stochos.nn.flow._capture import Captured
from stochos.nn.flow._weights import Array

__all__ = ["Backward", "backward"]


@dataclasses.dataclass(frozen=True)
class Backward:
    """What back-propagation through time leaves behind.

    Attributes
    ----------
    state : array, shape (B, T)
        Norm of the gradient by c (h where there is no c) after each step.
    step : array, shape (B, T)
        Frobenius norm of each step's part of the gradient of all weights of the layer.
    weights : dict of str to array
        The gradient of each weight, summed over sequences and steps.
    """

    state: Array
    step: Array
    weights: dict[str, Array]


def backward(taken: Captured) -> Backward:
    """Go back through all steps; what leaves the range of float64 becomes infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return _backward(taken)


def _backward(taken: Captured) -> Backward:
    cell, weights = taken.cell, taken.cell.weights
    shapes = {
        "kernel": weights.kernel.shape, "recurrent_kernel": weights.recurrent.shape,
        "bias": (weights.recurrent.shape[1],), **{k: (v.size,) for k, v in weights.extras.items()},
    }  # fmt: skip
    sums = {name: np.zeros(shape) for name, shape in shapes.items()}
    state = np.zeros((cell.batch, cell.length))
    step = np.zeros((cell.batch, cell.length))
    to_h = np.zeros((cell.batch, cell.units))
    to_c = np.zeros_like(to_h)
    for t in range(cell.length - 1, -1, -1):
        to_h, to_c, by_state, pieces = cell.back(t, to_h + taken.to_h[:, t], to_c + taken.to_c[:, t])
        state[:, t] = _norm(by_state)
        parts = []
        for name, columns, left, right in pieces:
            if name not in sums:
                continue
            part = _norm(right)
            if left is None:
                sums[name][columns] += right.sum(axis=0)
            else:
                part = part * _norm(left)
                sums[name][:, columns] += left.T @ right
            parts.append(part)
        step[:, t] = _norm(np.stack(parts, axis=1))
    sums = {name: value.reshape(weights.extras[name].shape) if name in weights.extras else value
            for name, value in sums.items()}  # fmt: skip
    state[~cell.real] = np.nan
    step[~cell.real] = 0.0
    return Backward(state, step, sums)


def _norm(rows: Array) -> Array:
    """Return the norms of (B, n) rows, also where their squares leave the range of float64."""
    largest = np.abs(rows).max(axis=1)
    ratio = rows / np.where(largest > 0, largest, 1.0)[:, None]
    return np.asarray(largest * np.sqrt((ratio * ratio).sum(axis=1)))
