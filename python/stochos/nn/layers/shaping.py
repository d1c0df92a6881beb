"""Layers that only change shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from stochos import _checks, _core
from stochos.errors import InputError
from stochos.nn.layer import Layer

__all__ = ["Flatten", "Permute", "Reshape"]

ops = _core.ops


class Flatten(Layer):
    """All axes but the batch become one: (B, ...) to (B, N)."""

    def call(self, x: Any) -> Any:
        """Compute."""
        if not x.shape:
            self.refuse("an input with a batch axis", "shape ()")
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))


class Reshape(Layer):
    """Another shape of each example.

    Parameters
    ----------
    shape : sequence of int
        Without the batch; one length may be -1: what is left.
    **settings
        Those of `Layer`.
    """

    def __init__(self, shape: int | Sequence[int], **settings: Any) -> None:
        super().__init__(**settings)
        lengths = (shape,) if isinstance(shape, int) else tuple(shape)
        self.shape = tuple(_checks.whole("nn.Reshape", "shape", n, -1) for n in lengths)
        if self.shape.count(-1) > 1:
            msg = f"[nn.Reshape] shape is {self.shape}; only one length may be -1"
            raise InputError(msg)

    def call(self, x: Any) -> Any:
        """Compute."""
        held, known = math.prod(x.shape[1:]), math.prod(n for n in self.shape if n != -1)
        if (-1 in self.shape and (known == 0 or held % known)) or (-1 not in self.shape and held != known):
            self.refuse(f"an input that reshapes to (B, {', '.join(map(str, self.shape))})", f"shape {tuple(x.shape)}")
        whole = tuple(held // known if n == -1 else n for n in self.shape)
        return ops.reshape(x, (x.shape[0], *whole))


class Permute(Layer):
    """The axes of each example in another order.

    Parameters
    ----------
    *axes : int
        From 1, since the batch stays in front: ``Permute(2, 1)`` exchanges the two axes behind the batch.
    **settings
        Those of `Layer`.
    """

    def __init__(self, *axes: int | Sequence[int], **settings: Any) -> None:
        super().__init__(**settings)
        given = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        self.axes = tuple(_checks.whole("nn.Permute", "axes", n, 1) for n in given)
        if sorted(self.axes) != list(range(1, len(self.axes) + 1)):
            msg = f"[nn.Permute] axes are {self.axes}; give each of 1 to {len(self.axes)} once"
            raise InputError(msg)

    def check(self, *inputs: Any) -> None:
        """Look at the number of axes."""
        x = self.single(inputs)
        if len(x.shape) != len(self.axes) + 1:
            self.refuse(f"{len(self.axes) + 1} axes", f"input of shape {tuple(x.shape)}")

    def call(self, x: Any) -> Any:
        """Compute."""
        return ops.transpose(x, (0, *self.axes))
