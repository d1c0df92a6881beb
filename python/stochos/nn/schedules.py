"""Learning rates that change with the step.

A schedule is a value without state: ``schedule(step)`` returns the rate of the update that comes after `step` updates,
so the first is ``schedule(0)``. `step` may be a number, an array, or a tensor: inside a compiled step the schedule is
computed with the rest, nothing is traced again as the rate moves. Every optimizer takes one as ``learning_rate``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from stochos import _checks, _core
from stochos.errors import InputError, InputTypeError

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "InverseSqrt",
    "Linear",
    "OneCycle",
    "Pieces",
    "Polynomial",
    "Schedule",
    "Steps",
    "Warmup",
]


class _Numbers:
    """The few functions that a schedule needs, for numbers and arrays."""

    cos, exp, floor, sqrt, where = np.cos, np.exp, np.floor, np.sqrt, np.where
    minimum, maximum = np.minimum, np.maximum


class Schedule:
    """Base of all schedules; a subclass has ``rate(step, ops)``."""

    def __call__(self, step: Any) -> Any:
        """Return the rate.

        Parameters
        ----------
        step : int, float, ndarray, Tensor or Variable
            Number of updates made before, 0 or more.

        Returns
        -------
        float, ndarray of float64, or a float64 Tensor
            As `step` is a number, an array, or a tensor.
        """
        if isinstance(step, (_core.Tensor, _core.Variable)):
            return self.rate(_core.ops.cast(step, "float64"), _core.ops)
        value = self.rate(np.asarray(step, dtype=np.float64), _Numbers)
        return float(value) if np.ndim(step) == 0 else np.broadcast_to(value, np.shape(step)).copy()

    def rate(self, step: Any, ops: Any) -> Any:  # noqa: ARG002
        """Compute the rate at a float64 `step` with the functions in `ops`."""
        msg = f"[nn.schedules.{type(self).__name__}] the class defines no rate(step, ops); use one that does"
        raise InputTypeError(msg)

    def _check(self, **settings: tuple[object, float, float]) -> None:
        for name, (value, low, high) in settings.items():
            _checks.real(f"nn.schedules.{type(self).__name__}", name, value, low, high)

    def _steps(self, **settings: object) -> None:
        for name, value in settings.items():
            _checks.whole(f"nn.schedules.{type(self).__name__}", name, value, 1)


def _progress(step: Any, steps: int, ops: Any) -> Any:
    return ops.minimum(step * (1.0 / steps), 1.0)


@dataclasses.dataclass(frozen=True)
class Constant(Schedule):
    """One rate for ever.

    Parameters
    ----------
    value : float
    """

    value: float

    def __post_init__(self) -> None:
        self._check(value=(self.value, 0.0, math.inf))

    def rate(self, step: Any, ops: Any) -> Any:  # noqa: ARG002
        """Return the value."""
        return step * 0.0 + self.value


@dataclasses.dataclass(frozen=True)
class Linear(Schedule):
    """A straight line from `start` to `end` over `steps` updates, then `end`.

    Parameters
    ----------
    start, end : float
    steps : int
    """

    start: float
    end: float
    steps: int

    def __post_init__(self) -> None:
        self._check(start=(self.start, 0.0, math.inf), end=(self.end, 0.0, math.inf))
        self._steps(steps=self.steps)

    def rate(self, step: Any, ops: Any) -> Any:
        """Return ``start + (end - start) step / steps``."""
        return self.start + (self.end - self.start) * _progress(step, self.steps, ops)


@dataclasses.dataclass(frozen=True)
class Polynomial(Schedule):
    """From `start` to `end` as ``(1 - step / steps)**power``, then `end`.

    Parameters
    ----------
    start, end : float
    steps : int
    power : float
    """

    start: float
    end: float
    steps: int
    power: float = 2.0

    def __post_init__(self) -> None:
        self._check(start=(self.start, 0.0, math.inf), end=(self.end, 0.0, math.inf), power=(self.power, 0.0, 1e3))
        self._steps(steps=self.steps)

    def rate(self, step: Any, ops: Any) -> Any:
        """Return ``end + (start - end) (1 - step / steps)**power``."""
        return self.end + (self.start - self.end) * (1.0 - _progress(step, self.steps, ops)) ** self.power


@dataclasses.dataclass(frozen=True)
class Cosine(Schedule):
    """Half a period of a cosine from `start` to `end` over `steps` updates, then `end`.

    Parameters
    ----------
    start, end : float
    steps : int

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, arXiv:1608.03983, equation 5, without restarts.
    """

    start: float
    end: float
    steps: int

    def __post_init__(self) -> None:
        self._check(start=(self.start, 0.0, math.inf), end=(self.end, 0.0, math.inf))
        self._steps(steps=self.steps)

    def rate(self, step: Any, ops: Any) -> Any:
        """Return ``end + (start - end) (1 + cos(pi step / steps)) / 2``."""
        share = (1.0 + ops.cos(math.pi * _progress(step, self.steps, ops))) * 0.5
        return self.end + (self.start - self.end) * share


@dataclasses.dataclass(frozen=True)
class Exponential(Schedule):
    """``start · factor**(step / steps)``.

    Parameters
    ----------
    start : float
    factor : float
        In (0, 1] for a falling rate.
    steps : int
        Updates over which the rate changes by `factor`.
    """

    start: float
    factor: float
    steps: int = 1

    def __post_init__(self) -> None:
        self._check(start=(self.start, 0.0, math.inf), factor=(self.factor, 1e-300, 1e3))
        self._steps(steps=self.steps)

    def rate(self, step: Any, ops: Any) -> Any:
        """Return ``start exp(log(factor) step / steps)``."""
        return self.start * ops.exp(step * (math.log(self.factor) / self.steps))


@dataclasses.dataclass(frozen=True)
class Steps(Schedule):
    """A staircase: times `factor` after every `steps` updates.

    Parameters
    ----------
    start : float
    factor : float
    steps : int
    """

    start: float
    factor: float
    steps: int

    def __post_init__(self) -> None:
        self._check(start=(self.start, 0.0, math.inf), factor=(self.factor, 1e-300, 1e3))
        self._steps(steps=self.steps)

    def rate(self, step: Any, ops: Any) -> Any:
        """Return ``start factor**floor(step / steps)``."""
        # A quotient may round down at a multiple; half a step is far from the next one.
        stair = ops.floor((step + 0.5) * (1.0 / self.steps))
        return self.start * ops.exp(stair * math.log(self.factor))


@dataclasses.dataclass(frozen=True)
class Pieces(Schedule):
    """Constant pieces: ``values[i]`` until update ``boundaries[i]``, then the next.

    Parameters
    ----------
    boundaries : sequence of int
        Ascending.
    values : sequence of float
        One more than boundaries.
    """

    boundaries: Sequence[int]
    values: Sequence[float]

    def __post_init__(self) -> None:
        where = "nn.schedules.Pieces"
        for value in self.values:
            _checks.real(where, "values", value, 0.0)
        for boundary in self.boundaries:
            _checks.whole(where, "boundaries", boundary, 1)
        if len(self.values) != len(self.boundaries) + 1 or list(self.boundaries) != sorted(set(self.boundaries)):
            msg = f"[{where}] boundaries {self.boundaries} must ascend, and values {self.values} be one more"
            raise InputError(msg)

    def rate(self, step: Any, ops: Any) -> Any:
        """Return the value of the piece."""
        out = step * 0.0 + self.values[-1]
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            out = ops.where(step < boundary, value, out)
        return out


@dataclasses.dataclass(frozen=True)
class InverseSqrt(Schedule):
    """Up in a straight line over `warmup` updates to `peak`, then down as ``1 / sqrt(step)``.

    Parameters
    ----------
    peak : float
    warmup : int

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017, arXiv:1706.03762, equation 3.
    """

    peak: float
    warmup: int

    def __post_init__(self) -> None:
        self._check(peak=(self.peak, 0.0, math.inf))
        self._steps(warmup=self.warmup)

    def rate(self, step: Any, ops: Any) -> Any:
        """Return ``peak min(t / warmup, sqrt(warmup / t))`` with t = step + 1."""
        t = (step + 1.0) * (1.0 / self.warmup)
        return self.peak * ops.minimum(t, ops.sqrt(1.0 / t))


@dataclasses.dataclass(frozen=True)
class Warmup(Schedule):
    """A straight line from 0 over `steps` updates up to where another schedule begins, then that schedule.

    The first update has rate ``then(0) / steps``, the one numbered `steps` (from 0) is the first of `then`.

    Parameters
    ----------
    steps : int
    then : Schedule or float
        Counts its own updates from the end of the warm-up.
    """

    steps: int
    then: Schedule | float

    def __post_init__(self) -> None:
        self._steps(steps=self.steps)
        if not isinstance(self.then, Schedule):
            object.__setattr__(self, "then", Constant(self.then))

    def rate(self, step: Any, ops: Any) -> Any:
        """Return ``then(max(step - steps, 0)) min((step + 1) / steps, 1)``."""
        if not isinstance(self.then, Schedule):  # made one in __post_init__
            msg = f"[nn.schedules.Warmup] then is {self.then!r}; give a schedule or a number"
            raise InputTypeError(msg)
        later = self.then.rate(ops.maximum(step - float(self.steps), 0.0), ops)
        return later * ops.minimum((step + 1.0) * (1.0 / self.steps), 1.0)


@dataclasses.dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to `peak` by half a cosine, then down, as PyTorch's OneCycleLR.

    Parameters
    ----------
    peak : float
    steps : int
        Updates in all, 2 or more.
    rise : float
        Share of the steps on the way up.
    start : float
        The first rate is ``peak / start``.
    end : float
        The last is ``peak / start / end``.

    References
    ----------
    L. N. Smith, N. Topin, "Super-convergence", 2018, arXiv:1708.07120.
    """

    peak: float
    steps: int
    rise: float = 0.3
    start: float = 25.0
    end: float = 1e4

    def __post_init__(self) -> None:
        self._check(
            peak=(self.peak, 0.0, math.inf), rise=(self.rise, 0.0, 1.0), start=(self.start, 1.0, math.inf),
            end=(self.end, 1.0, math.inf),
        )  # fmt: skip
        _checks.whole("nn.schedules.OneCycle", "steps", self.steps, 2)

    def rate(self, step: Any, ops: Any) -> Any:
        """Return the rate of the rising or of the falling half wave."""
        top = self.rise * self.steps - 1.0
        first, last = self.peak / self.start, self.peak / self.start / self.end
        up = ops.minimum(ops.maximum(step * (1.0 / max(top, 1e-9)), 0.0), 1.0)
        down = ops.minimum(ops.maximum((step - top) * (1.0 / (self.steps - 1.0 - top)), 0.0), 1.0)
        rising = self.peak + (first - self.peak) * (1.0 + ops.cos(math.pi * up)) * 0.5
        falling = last + (self.peak - last) * (1.0 + ops.cos(math.pi * down)) * 0.5
        return ops.where(step < top, rising, falling)
