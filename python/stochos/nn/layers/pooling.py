"""Pooling: the largest or the mean of windows, or of everything."""

from __future__ import annotations

from typing import Any

from stochos import _checks, _core
from stochos.nn.layer import Layer
from stochos.nn.layers.convolution import lengths

__all__ = [
    "AveragePool1D",
    "AveragePool2D",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "MaxPool1D",
    "MaxPool2D",
]

ops = _core.ops


class _Pool(Layer):
    """What windows share.

    Parameters
    ----------
    size : int or (int, int)
        Of the window.
    stride : int or (int, int), optional
        Default: the size, so that windows do not overlap.
    padding : {"valid", "same"}
        ``"same"``: T becomes ceil(T / stride); what is added does not count.
    **settings
        Those of `Layer`.
    """

    axes = 0
    layout = ""

    def __init__(self, size: Any = 2, stride: Any = None, *, padding: str = "valid", **settings: Any) -> None:
        super().__init__(**settings)
        where = f"nn.{type(self).__name__}"
        self.size = lengths(where, "size", size, self.axes)
        self.stride = self.size if stride is None else lengths(where, "stride", stride, self.axes)
        self.padding = _checks.choice(where, "padding", padding, ("valid", "same"))

    def check(self, *inputs: Any) -> None:
        """Look at the axes."""
        x = self.single(inputs)
        self.expect_float(x)
        if len(x.shape) != self.axes + 2:
            self.refuse(f"an input of shape {self.layout}", f"shape {tuple(x.shape)}")
        for place, n in enumerate(x.shape[1:-1]):
            if self.padding == "valid" and n is not None and n < self.size[place]:
                self.refuse(f"at least {self.size[place]} places on axis {place + 1}", f"shape {tuple(x.shape)}")

    def windows(self, x: Any, fill: float) -> list[Any]:
        """Return for each place in a window the tensor of what stands there in all windows."""
        margins, counts = [(0, 0)], []
        for n, size, stride in zip(x.shape[1:-1], self.size, self.stride, strict=True):
            count = -(-n // stride) if self.padding == "same" else (n - size) // stride + 1
            lack = max((count - 1) * stride + size - n, 0)
            margins.append((lack // 2, lack - lack // 2))
            counts.append(count)
        if any(margin != (0, 0) for margin in margins):
            x = ops.pad(x, [*margins, (0, 0)], fill)
        places: list[Any] = [()]
        for size, stride, count in zip(self.size, self.stride, counts, strict=True):
            cuts = [slice(at, at + (count - 1) * stride + 1, stride) for at in range(size)]
            places = [(*place, cut) for place in places for cut in cuts]
        return [ops.getitem(x, (slice(None), *place)) for place in places]


class _MaxPool(_Pool):
    def call(self, x: Any) -> Any:
        """Compute."""
        found = self.windows(x, float("-inf"))
        return found[0] if len(found) == 1 else ops.max(ops.stack(found), axis=0)


class _AveragePool(_Pool):
    def call(self, x: Any) -> Any:
        """Compute."""
        total = ops.sum(ops.stack(self.windows(x, 0.0)), axis=0)
        if self.padding == "valid":
            return ops.div(total, float(len(self.windows(x, 0.0))))
        shape = (1, *x.shape[1:-1], 1)
        ones = ops.broadcast_to(ops.cast(_core.tensor(1.0), x.dtype), shape)
        return ops.div(total, ops.sum(ops.stack(self.windows(ones, 0.0)), axis=0))


class MaxPool1D(_MaxPool):
    """The largest number of each window over time: (B, T, C) to (B, T', C).

    Parameters
    ----------
    size : int
        Of the window.
    stride : int, optional
        Default: the size.
    padding : {"valid", "same"}
        ``"same"``: T becomes ceil(T / stride); what is added does not count.
    **settings
        Those of `Layer`.
    """

    axes = 1
    layout = "(B, T, C)"


class MaxPool2D(_MaxPool):
    """The largest number of each window of an image: (B, H, W, C) to (B, H', W', C).

    Parameters
    ----------
    size, stride : int or (int, int)
    padding : {"valid", "same"}
    **settings
        As in `MaxPool1D`.
    """

    axes = 2
    layout = "(B, H, W, C)"


class AveragePool1D(_AveragePool):
    """The mean of each window over time: (B, T, C) to (B, T', C).

    Parameters
    ----------
    size, stride : int
    padding : {"valid", "same"}
    **settings
        As in `MaxPool1D`.
    """

    axes = 1
    layout = "(B, T, C)"


class AveragePool2D(_AveragePool):
    """The mean of each window of an image: (B, H, W, C) to (B, H', W', C).

    Parameters
    ----------
    size, stride : int or (int, int)
    padding : {"valid", "same"}
    **settings
        As in `MaxPool1D`.
    """

    axes = 2
    layout = "(B, H, W, C)"


class GlobalMaxPool(Layer):
    """The largest over all axes between batch and channels: (B, ..., C) to (B, C)."""

    def call(self, x: Any) -> Any:
        """Compute."""
        return ops.max(x, axis=tuple(range(1, len(x.shape) - 1)))


class GlobalAveragePool(Layer):
    """The mean over all axes between batch and channels: (B, ..., C) to (B, C).

    Called with ``mask`` of shape (B, ...), only what it marks counts; the mean of nothing is 0.
    """

    def call(self, x: Any, mask: Any = None) -> Any:
        """Compute."""
        axes = tuple(range(1, len(x.shape) - 1))
        if mask is None:
            return ops.mean(x, axis=axes)
        counts = ops.reshape(ops.cast(mask, x.dtype), (*mask.shape, 1))
        return ops.div(ops.sum(ops.mul(x, counts), axis=axes), ops.maximum(ops.sum(counts, axis=axes), 1.0))
