"""Texts as examples for `nn.fit`: batches of texts of about the same length, padded to few different lengths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos.errors import InputError
from stochos.nn._data import Data

__all__ = ["TextData", "rounded"]

_CHUNK = 32  # batches that are sorted by length together


def rounded(length: int, most: int) -> int:
    """Return the length that a batch is padded to: there are few, as each is a trace of its own."""
    step = 8 if length <= 64 else 16 if length <= 256 else 32
    return min(max(16, -(-length // step) * step), most)


class TextData(Data):
    """Encoded texts and their targets; in each batch the columns that are padding for all of it are left out.

    Parameters
    ----------
    inputs : tuple of array (N, T)
        Ids, mask and types.
    targets : array or tuple of arrays, optional
    aligned : bool
        Whether the targets (N, T) have a column for each token.
    weights : array (N,), optional
    bucket : bool
        Put texts of about the same length together.
    """

    def __init__(
        self,
        inputs: tuple[NDArray[Any], ...],
        targets: Any = None,
        *,
        aligned: bool = False,
        weights: Any = None,
        bucket: bool = True,
        where: str = "albert.fit",
    ) -> None:
        super().__init__(where, inputs, targets, weights)
        self.aligned, self.bucket = aligned, bucket
        self.lengths = np.asarray(inputs[1]).sum(axis=1)

    def take(self, index: slice | NDArray[np.int64]) -> tuple[Any, Any, NDArray[Any] | None]:
        """Return inputs, targets and weights of the examples in `index`."""
        inputs, targets, weights = super().take(index)
        length = rounded(int(self.lengths[index].max(initial=1)), inputs[0].shape[1])
        inputs = tuple(array[:, :length] for array in inputs)
        return inputs, targets[:, :length] if self.aligned and targets is not None else targets, weights

    def split(self, where: str, share: float) -> tuple[Data, Data]:
        """Return the first examples, and the last `share` of them."""
        held = round(self.count * share)
        if not 0 < held < self.count:
            msg = f"[{where}] validation={share} of {self.count} examples leaves {held}; give more, or another share"
            raise InputError(msg)
        return self._part(slice(0, self.count - held)), self._part(slice(self.count - held, None))

    def _part(self, index: slice) -> TextData:
        inputs, targets, weights = Data.take(self, index)
        return TextData(inputs, targets, aligned=self.aligned, weights=weights, bucket=self.bucket)

    def order(self) -> NDArray[np.int64]:
        """Return the examples by length: the order of `batches` where none is given."""
        return np.argsort(self.lengths, kind="stable") if self.bucket else np.arange(self.count)

    def batches(
        self, size: int, order: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[int, Any, Any, NDArray[Any] | None]]:
        """Yield (number of examples, inputs, targets, weights); the last of the longest may be fewer."""
        for index in self._groups(size, order):
            yield (len(index), *self.take(index))

    def _groups(self, size: int, order: NDArray[np.int64] | None) -> list[NDArray[np.int64]]:
        if order is None or not self.bucket:
            order = self.order() if order is None else order
            return [order[start : start + size] for start in range(0, self.count, size)]
        found: list[NDArray[np.int64]] = []
        for start in range(0, self.count, size * _CHUNK):
            chunk = order[start : start + size * _CHUNK]
            place = chunk[np.argsort(self.lengths[chunk], kind="stable")]
            here = [place[begin : begin + size] for begin in range(0, len(place), size)]
            # A random order again, from what is random already: by the examples that the batches begin with.
            rank = {int(example): number for number, example in enumerate(chunk)}
            found += sorted(here, key=lambda one: rank[int(one[0])])
        return found
