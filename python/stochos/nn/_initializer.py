"""What all initializers share."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, random
from stochos.errors import InputError, InputTypeError

__all__ = ["Initializer", "Seed", "fans", "no_values"]

Seed: TypeAlias = int | np.random.Generator | np.random.SeedSequence


_current = threading.local()


@contextmanager
def no_values() -> Iterator[None]:
    """Let initializers return zeros: the values that will stand in their place come from a file."""
    before = getattr(_current, "off", False)
    _current.off = True
    try:
        yield
    finally:
        _current.off = before


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Return fan in and fan out of a kernel with the axes (…, in, out).

    Parameters
    ----------
    shape : sequence of int
        A vector counts as a kernel with one input; a number has fans of 1.

    Returns
    -------
    fan_in, fan_out : int

    Examples
    --------
    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    if len(shape) < 2:
        return 1, (shape[0] if shape else 1)
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


@dataclasses.dataclass(frozen=True)
class Initializer:
    """Base of all initializers; a subclass is a frozen dataclass with a method ``_values``."""

    needs: ClassVar[int] = 0  # the least number of axes

    def __call__(self, shape: Sequence[int], seed: Seed = 0, dtype: str = "float32") -> NDArray[Any]:
        """Make the values.

        Parameters
        ----------
        shape : sequence of int
        seed : int, numpy.random.Generator or numpy.random.SeedSequence
            The values are a function of shape and seed; float32 values are the float64 ones, rounded.
        dtype : {"float32", "float64"}

        Returns
        -------
        ndarray
            A new array in C order.

        Raises
        ------
        InputError
            The shape does not fit: a negative length, or too few axes.
        """
        where = f"nn.initializers.{type(self).__name__}"
        _checks.choice(where, "dtype", dtype, ("float32", "float64"))
        lengths = tuple(_checks.whole(where, "shape", n, 0) for n in shape)
        if len(lengths) < self.needs:
            msg = f"[{where}] shape is {lengths}; at least {self.needs} axes are needed"
            raise InputError(msg)
        if getattr(_current, "off", False):
            return np.zeros(lengths, dtype=dtype)
        values = self._values(lengths, random.seed_of(seed, where))
        return np.array(np.reshape(values, lengths), dtype=dtype, order="C")

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:  # noqa: ARG002
        msg = f"[nn.initializers.{type(self).__name__}] the class defines no _values(shape, seed); use one that does"
        raise InputTypeError(msg)

    def config(self) -> dict[str, Any]:
        """Return name and settings, as JSON can hold them; `from_config` makes an equal initializer of them."""
        return {"name": type(self).__name__, **dataclasses.asdict(self)}

    def _real(self, **settings: tuple[object, float]) -> None:
        for name, (value, low) in settings.items():
            _checks.real(f"nn.initializers.{type(self).__name__}", name, value, low)
