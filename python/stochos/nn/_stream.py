"""Examples that come batch by batch from an iterable: a generator, a loader, a function of the epoch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.errors import InputError, InputTypeError
from stochos.nn._data import Data

__all__ = ["Stream", "data_of", "is_stream"]


class Stream:
    """Batches from outside, with the face of `Data`.

    Parameters
    ----------
    where : str
        Name of the calling function, for error messages.
    source : iterable or callable
        Yields x, (x, y) or (x, y, weights); a callable takes the number of the epoch and returns such an iterable.
    class_weights : mapping or sequence, optional
        See `Data`.
    """

    def __init__(self, where: str, source: Any, class_weights: Any = None) -> None:
        self._where, self._source, self._class_weights = where, source, class_weights
        self.count = 0  # examples of a pass; 0 until one has ended
        self._once = not callable(source) and iter(source) is source  # it cannot begin anew
        self._begun = False
        self._ahead: list[Any] = []

    @property
    def kind(self) -> str:
        """What a checkpoint says of the examples."""
        return "batches"

    def _open(self, epoch: int) -> Iterator[Any]:
        if self._once:
            if self._begun:
                msg = (
                    f"[{self._where}] the iterator of batches has been used up in the first pass; give something that "
                    "can be iterated anew, or a function of the epoch that returns an iterator"
                )
                raise InputError(msg)
            return itertools.chain(self._ahead, self._source)
        found = self._source(epoch) if callable(self._source) else self._source
        try:
            return iter(found)
        except TypeError:
            msg = f"[{self._where}] the function of batches returned {found!r}; return something that can be iterated"
            raise InputTypeError(msg) from None

    def sample(self) -> Any:
        """Return the inputs of one example, from the first batch."""
        for item in self._open(1):
            if self._once:
                self._ahead.append(item)
            return self._batch(item).take(slice(0, 1))[0]
        msg = f"[{self._where}] the iterable gave no batch"
        raise InputError(msg)

    def _batch(self, item: Any) -> Data:
        parts = list(item) if isinstance(item, (tuple, list)) else [item]
        if not 1 <= len(parts) <= 3:
            msg = f"[{self._where}] a batch has {len(parts)} parts; yield x, (x, y) or (x, y, weights)"
            raise InputError(msg)
        return Data(self._where, *parts, class_weights=self._class_weights)

    def passes(self, epoch: int, *how: object) -> Iterator[tuple[int, Any, Any, NDArray[Any] | None]]:  # noqa: ARG002
        """Yield (number of examples, inputs, targets, weights) of one pass; size and order are the source's."""
        batches = self._open(epoch)
        self._begun, seen = True, 0
        for item in batches:
            data = self._batch(item)
            seen += data.count
            yield (data.count, *data.take(slice(None)))
        if seen == 0:
            msg = f"[{self._where}] the iterable gave no example in epoch {epoch}"
            raise InputError(msg)
        self.count = seen


def is_stream(x: Any) -> bool:
    """Tell whether something yields batches, rather than being arrays."""
    if isinstance(x, (list, tuple, dict, str, bytes, np.ndarray, _core.Tensor, _core.Variable)):
        return False
    return callable(x) or (hasattr(x, "__iter__") and not hasattr(x, "__array__"))


def data_of(
    where: str,
    x: Any,
    y: Any = None,
    weights: Any = None,
    class_weights: Mapping[int, float] | Sequence[float] | None = None,
) -> Data | Stream:
    """Return the examples that the arguments of `fit`, `evaluate` or `predict` stand for."""
    if not is_stream(x):
        return Data(where, x, y, weights, class_weights=class_weights)
    if y is not None or weights is not None:
        msg = f"[{where}] x yields batches; let each be (x, y) or (x, y, weights), and leave y and weights out"
        raise InputError(msg)
    return Stream(where, x, class_weights)
