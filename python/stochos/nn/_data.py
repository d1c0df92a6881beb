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
    class_weights : mapping of int to float, or sequence of float, optional
        Factor of the examples of each class; those of a mapping that it does not name weigh 1. The targets are then
        class numbers of shape (N,).
    """

    def __init__(
        self, where: str, inputs: Any, targets: Any = None, weights: Any = None, *, class_weights: Any = None
    ) -> None:
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
        factors = None if class_weights is None else _by_class(where, self.targets, class_weights)
        for name, leaf in named:
            if leaf.shape[0] != self.count:
                msg = f"[{where}] x has {self.count} examples, but an array of {name} has {leaf.shape[0]}"
                raise InputError(msg)

        if factors is not None:
            self.weights = factors if self.weights is None else self.weights * factors

    @property
    def kind(self) -> int:
        """What a checkpoint says of the examples."""
        return self.count

    def sample(self) -> Any:
        """Return the inputs of one example."""
        return self.take(slice(0, 1))[0]

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

    def passes(
        self, epoch: int, size: int, seed: int = 0, shuffle: bool = False
    ) -> Iterator[tuple[int, Any, Any, NDArray[Any] | None]]:
        """Yield the batches of one pass, in the epoch's own order if they are shuffled."""
        return self.batches(size, order_of(seed, epoch, self.count) if shuffle else None)


def _by_class(where: str, targets: Any, given: Any) -> NDArray[Any]:
    """Return the factor of each example's class."""
    classes = next(_trees.leaves(targets), None)
    if not isinstance(classes, np.ndarray) or classes.ndim != 1 or classes.dtype.kind not in "iu":
        shown = "no targets" if classes is None else f"targets of shape {classes.shape} and dtype {classes.dtype}"
        msg = f"[{where}] class_weights need class numbers of shape (N,), not {shown}; use weights= instead"
        raise InputError(msg)
    table = dict(given.items() if hasattr(given, "items") else enumerate(given))
    missing = [] if hasattr(given, "items") else [int(c) for c in np.unique(classes) if int(c) not in table]
    if missing:
        msg = f"[{where}] class_weights has {len(table)} factors, but there is a class {missing[0]}; give one for each"
        raise InputError(msg)
    if not all(np.isfinite(w) and w >= 0 for w in table.values()):
        msg = f"[{where}] class_weights are {list(table.values())}; give finite factors of 0 or more"
        raise InputError(msg)
    kinds, place = np.unique(classes, return_inverse=True)
    return np.array([table.get(int(c), 1.0) for c in kinds], dtype=np.float32)[place]


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
