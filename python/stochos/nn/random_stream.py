"""Random tensors from a stream with a seed and a counter, so that a compiled step draws anew each time."""

from __future__ import annotations

import numpy as np

from stochos import _checks, _core, random
from stochos.nn import _context

__all__ = ["RandomStream"]


class RandomStream:
    """Draws that are a function of a seed and of a counter, which each draw moves on by one.

    The counter is a variable: it is saved with a model, and `nn.compile` sees it.

    Parameters
    ----------
    seed : int, numpy.random.Generator or numpy.random.SeedSequence

    Attributes
    ----------
    seed : int
    counter : Variable
        int64, shape (): the number of draws so far.
    """

    def __init__(self, seed: int | np.random.Generator | np.random.SeedSequence = 0) -> None:
        self.seed = random.seed_of(seed, "nn.RandomStream")
        self.counter = _core.Variable(np.array(0, np.int64), name="counter", trainable=False)

    def copy(self) -> RandomStream:
        """Return a stream that goes on as this one does."""
        new = RandomStream(self.seed)
        new.counter.assign(np.array(self.counter.numpy()))
        return new

    def _next(self) -> _core.Tensor:
        number = self.counter.value
        if _context.current.updates:
            self.counter.assign(number + 1)
        return number

    def uniform(
        self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0, dtype: str = "float32"
    ) -> _core.Tensor:
        """Return numbers spread evenly in (low, high).

        Parameters
        ----------
        shape : tuple of int
        low, high : float
        dtype : {"float32", "float64"}

        Returns
        -------
        Tensor
        """
        low, high = (
            _checks.real("nn.RandomStream.uniform", "low", low),
            _checks.real("nn.RandomStream.uniform", "high", high),
        )
        draw = _core.ops.random_uniform(shape, self.seed, self._next(), dtype)
        return draw if (low, high) == (0.0, 1.0) else draw * (high - low) + low

    def normal(
        self, shape: tuple[int, ...], mean: float = 0.0, std: float = 1.0, dtype: str = "float32"
    ) -> _core.Tensor:
        """Return normal numbers.

        Parameters
        ----------
        shape : tuple of int
        mean : float
        std : float, 0 or more
        dtype : {"float32", "float64"}

        Returns
        -------
        Tensor
        """
        std = _checks.real("nn.RandomStream.normal", "std", std, 0.0)
        draw = _core.ops.random_normal(shape, self.seed, self._next(), dtype)
        return draw if (mean, std) == (0.0, 1.0) else draw * std + mean

    def bernoulli(self, shape: tuple[int, ...], p: float = 0.5) -> _core.Tensor:
        """Return True with probability `p`.

        Parameters
        ----------
        shape : tuple of int
        p : float in [0, 1]

        Returns
        -------
        Tensor of bool
        """
        p = _checks.real("nn.RandomStream.bernoulli", "p", p, 0.0, 1.0)
        return _core.ops.random_uniform(shape, self.seed, self._next(), "float32") < p
