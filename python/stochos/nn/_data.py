"""Examples in memory, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.errors import InputError, InputTypeError
from stochos.nn import _philox, _trees

__all__ = ["Data"]


class Data:
    """Inputs, targets and weights of the same examples: arrays whose first axis counts them.

    Parameters
    ----------
    where : str
        Name of the calling function, for error messages.
    inputs, targets : array, Tensor, or nested lists, tuples and dicts of them; targets may be None
    weights : array of shape (N,), optional
    """

    def __init__(self, where: str, inputs: Any, targets: Any = None, weights: Any = None) -> None:
        self.inputs = _trees.mapped(lambda leaf: _array(where, "x", leaf), inputs)
        self.targets = None if targets is None else _trees.mapped(lambda leaf: _array(where, "y", leaf), targets)
        self.weights: NDArray[Any] | None = None if weights is None else _array(where, "weights", weights)
        named = [("x", leaf) for leaf in _trees.leaves(self.inputs)]
        if targets is not None:
            named += [("y", leaf) for leaf in _trees.leaves(self.targets)]
        if self.weights is not None:
            if self.weights.ndim != 1 or not np.all(self.weights >= 0):
                msg = (
                    f"[{where}] weights have shape {self.weights.shape}; give one number of 0 or more for each example"
                )
                raise InputError(msg)
            named.append(("weights", self.weights))
        if not named:
            msg = f"[{where}] x holds no array"
            raise InputTypeError(msg)
        self.count = int(named[0][1].shape[0])
        for name, leaf in named:
            if leaf.shape[0] != self.count:
                msg = f"[{where}] x has {self.count} examples, but an array of {name} has {leaf.shape[0]}"
                raise InputError(msg)

    def take(self, index: slice | NDArray[np.int64]) -> tuple[Any, Any, NDArray[Any] | None]:
        """Return inputs, targets and weights of the examples in `index`."""
        pick = lambda leaf: leaf[index]  # noqa: E731
        targets = None if self.targets is None else _trees.mapped(pick, self.targets)
        return _trees.mapped(pick, self.inputs), targets, None if self.weights is None else self.weights[index]

    def split(self, where: str, share: float) -> tuple[Data, Data]:
        """Return the first examples, and the last `share` of them."""
        held = round(self.count * share)
        if not 0 < held < self.count:
            msg = f"[{where}] validation={share} of {self.count} examples leaves {held}; give more, or another share"
            raise InputError(msg)
        first, last = (self.take(part) for part in (slice(0, self.count - held), slice(self.count - held, None)))
        return Data(where, *first), Data(where, *last)

    def batches(
        self, size: int, order: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[int, Any, Any, NDArray[Any] | None]]:
        """Yield (number of examples, inputs, targets, weights), in order; the last batch may be smaller."""
        for start in range(0, self.count, size):
            stop = min(start + size, self.count)
            index = slice(start, stop) if order is None else order[start:stop]
            yield (stop - start, *self.take(index))


def order_of(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Return the order of the examples in an epoch, a function of the arguments alone."""
    return _philox.permutation(seed, count, epoch)


def _array(where: str, name: str, value: Any) -> NDArray[Any]:
    if isinstance(value, (_core.Tensor, _core.Variable)):
        value = value.numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        msg = f"[{where}] {name} holds an array of {array.dtype}; give numbers"
        raise InputTypeError(msg)
    if array.ndim == 0:
        msg = f"[{where}] {name} holds the single number {array}; give arrays whose first axis counts examples"
        raise InputError(msg)
    return array
