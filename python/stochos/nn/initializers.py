"""Starting values of parameters: functions of shape and seed alone, the same bits on every machine.

An initializer is a value without state: ``initializer(shape, seed)`` returns a NumPy array. The axes of a kernel are
(…, in, out), as `Dense` ``(in, out)`` and `Conv2D` ``(height, width, in, out)`` keep them; for those, *fan in* is
in · height · width and *fan out* is out · height · width.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.nn import _philox
from stochos.nn._initializer import Initializer, Seed, fans
from stochos.nn._recurrent_initializers import Chrono

__all__ = [
    "Chrono",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Normal",
    "Ones",
    "Orthogonal",
    "TruncatedNormal",
    "Uniform",
    "VarianceScaling",
    "Zeros",
    "fans",
    "from_config",
    "get",
]


@dataclasses.dataclass(frozen=True)
class Constant(Initializer):
    """One value everywhere.

    Parameters
    ----------
    value : float
    """

    value: float = 0.0

    def __post_init__(self) -> None:
        self._real(value=(self.value, -math.inf))

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:  # noqa: ARG002
        return np.full(shape, float(self.value))


@dataclasses.dataclass(frozen=True)
class Zeros(Initializer):
    """Zero everywhere."""

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:  # noqa: ARG002
        return np.zeros(shape)


@dataclasses.dataclass(frozen=True)
class Ones(Initializer):
    """One everywhere."""

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:  # noqa: ARG002
        return np.ones(shape)


@dataclasses.dataclass(frozen=True)
class Identity(Initializer):
    """The unit matrix, of any two lengths; of a convolution's kernel, that in the middle of the field.

    Parameters
    ----------
    gain : float
        The diagonal's value.
    """

    gain: float = 1.0
    needs: ClassVar[int] = 2

    def __post_init__(self) -> None:
        self._real(gain=(self.gain, -math.inf))

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:  # noqa: ARG002
        out = np.zeros(shape)
        if 0 not in shape:
            out[tuple(n // 2 for n in shape[:-2])] = self.gain * np.eye(shape[-2], shape[-1])
        return out


@dataclasses.dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform between two bounds.

    Parameters
    ----------
    low, high : float
    """

    low: float = -0.05
    high: float = 0.05

    def __post_init__(self) -> None:
        self._real(low=(self.low, -math.inf), high=(self.high, self.low))

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
        return self.low + (self.high - self.low) * _philox.uniform(seed, math.prod(shape))


@dataclasses.dataclass(frozen=True)
class Normal(Initializer):
    """Normal distribution.

    Parameters
    ----------
    mean, std : float
    """

    mean: float = 0.0
    std: float = 0.05

    def __post_init__(self) -> None:
        self._real(mean=(self.mean, -math.inf), std=(self.std, 0.0))

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
        return self.mean + self.std * _philox.normal(seed, math.prod(shape))


def _probability(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@dataclasses.dataclass(frozen=True)
class TruncatedNormal(Initializer):
    """Normal distribution, cut off on both sides, by inversion.

    Parameters
    ----------
    mean, std : float
        Of the distribution before the cut.
    low, high : float
        Where it is cut, in standard deviations from the mean; at most 8 away from it.
    """

    mean: float = 0.0
    std: float = 0.02
    low: float = -2.0
    high: float = 2.0

    def __post_init__(self) -> None:
        self._real(mean=(self.mean, -math.inf), std=(self.std, 0.0))
        where = "nn.initializers.TruncatedNormal"
        _checks.real(where, "low", self.low, -8.0, 8.0)
        _checks.real(where, "high", self.high, self.low, 8.0)

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
        # Of the two tails, the one where probabilities are small and so have all their digits.
        low, high = (self.low, self.high) if self.low + self.high <= 0 else (-self.high, -self.low)
        a, b = _probability(low), _probability(high)
        z = _philox.quantile(a + (b - a) * _philox.uniform(seed, math.prod(shape)))
        z = np.clip(z, low, high) * (1.0 if self.low + self.high <= 0 else -1.0)
        return self.mean + self.std * z


@dataclasses.dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Mean 0 and variance ``scale / fan``, which keeps the size of signals or of gradients from layer to layer.

    Parameters
    ----------
    scale : float
        Positive.
    mode : {"fan_in", "fan_out", "fan_avg"}
        Which fan divides; "fan_avg" is the mean of both.
    distribution : {"normal", "uniform"}
        "uniform" lies within sqrt(3 scale / fan). "normal" is not cut off, as in PyTorch (Keras cuts at two
        standard deviations).
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "normal"

    def __post_init__(self) -> None:
        self._real(scale=(self.scale, 0.0))
        where = f"nn.initializers.{type(self).__name__}"
        _checks.choice(where, "mode", self.mode, ("fan_in", "fan_out", "fan_avg"))
        _checks.choice(where, "distribution", self.distribution, ("normal", "uniform"))

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
        fan_in, fan_out = fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        std = math.sqrt(self.scale / max(fan, 1.0))
        if self.distribution == "normal":
            return std * _philox.normal(seed, math.prod(shape))
        return math.sqrt(3.0) * std * (2.0 * _philox.uniform(seed, math.prod(shape)) - 1.0)


@dataclasses.dataclass(frozen=True)
class _Scaled(Initializer):
    gain: float = 1.0
    # scale, mode and distribution of VarianceScaling
    law: ClassVar[tuple[float, str, str]] = (1.0, "fan_in", "normal")

    def __post_init__(self) -> None:
        self._real(gain=(self.gain, 0.0))

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
        scale, mode, distribution = self.law
        return VarianceScaling(scale * self.gain**2, mode, distribution)._values(shape, seed)


class GlorotUniform(_Scaled):
    """Uniform with mean 0 and variance 2 gain² / (fan in + fan out): [1]_, equation 16.

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
       AISTATS 2010.
    """

    law: ClassVar[tuple[float, str, str]] = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Scaled):
    """Normal with mean 0 and variance 2 gain² / (fan in + fan out); see `GlorotUniform`."""

    law: ClassVar[tuple[float, str, str]] = (1.0, "fan_avg", "normal")


class HeUniform(_Scaled):
    """Uniform with mean 0 and variance 2 gain² / fan in, for relu: [1]_, equation 10.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, arXiv:1502.01852.
    """

    law: ClassVar[tuple[float, str, str]] = (2.0, "fan_in", "uniform")


class HeNormal(_Scaled):
    """Normal with mean 0 and variance 2 gain² / fan in, for relu; see `HeUniform`."""

    law: ClassVar[tuple[float, str, str]] = (2.0, "fan_in", "normal")


class LecunUniform(_Scaled):
    """Uniform with mean 0 and variance gain² / fan in: Y. LeCun et al., "Efficient BackProp" (1998), section 4.6."""

    law: ClassVar[tuple[float, str, str]] = (1.0, "fan_in", "uniform")


class LecunNormal(_Scaled):
    """Normal with mean 0 and variance gain² / fan in; see `LecunUniform`."""

    law: ClassVar[tuple[float, str, str]] = (1.0, "fan_in", "normal")


@dataclasses.dataclass(frozen=True)
class Orthogonal(Initializer):
    """A matrix with orthonormal columns (or rows, where there are fewer of them), uniform among all such matrices.

    All axes but the last form the rows. It takes a QR decomposition, so that other machines may differ in the last
    digits (about 1e-15 before rounding to the dtype).

    Parameters
    ----------
    gain : float
        Every singular value.

    References
    ----------
    A. M. Saxe, J. L. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks, ICLR 2014, arXiv:1312.6120.
    """

    gain: float = 1.0
    needs: ClassVar[int] = 2

    def __post_init__(self) -> None:
        self._real(gain=(self.gain, 0.0))

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
        rows, columns = math.prod(shape[:-1]), shape[-1]
        if rows * columns == 0:
            return np.zeros(shape)
        draw = _philox.normal(seed, rows * columns).reshape(max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(draw)
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)  # makes the distribution uniform (F. Mezzadri, 2007)
        return self.gain * (q if rows >= columns else q.T)


_CLASSES: tuple[type[Initializer], ...] = (
    Chrono, Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal, LecunUniform, Normal,
    Ones, Orthogonal, TruncatedNormal, Uniform, VarianceScaling, Zeros,
)  # fmt: skip
_BY_NAME = {kind.__name__.lower(): kind for kind in _CLASSES}


def get(given: str | float | ArrayLike | Initializer | Callable[..., Any]) -> Callable[..., NDArray[Any]]:
    """Return the initializer that an argument of a layer stands for.

    Parameters
    ----------
    given : str, number, ndarray, Initializer or callable
        A name such as ``"glorot_uniform"`` or ``"HeNormal"``; a number, which then stands everywhere; an array of the
        right shape; or anything called with (shape, seed, dtype).

    Returns
    -------
    callable
        ``(shape, seed, dtype) -> ndarray``.

    Raises
    ------
    UnknownNameError
        There is no initializer of this name.
    InputTypeError
        `given` is of another kind.
    """
    where = "nn.initializers.get"
    if isinstance(given, str):
        kind = _BY_NAME.get(given.replace("_", "").lower())
        if kind is None:
            msg = f"[{where}] there is no initializer {given!r}; there are {', '.join(k.__name__ for k in _CLASSES)}"
            raise UnknownNameError(msg)
        return kind()
    if callable(given):
        return given
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return Constant(_checks.real(where, "the initializer", given))
    if isinstance(given, np.ndarray):
        return _Given(given)
    msg = f"[{where}] {given!r} is of type {type(given).__name__}; give a name, a number, an array or an initializer"
    raise InputTypeError(msg)


class _Given:
    """A fixed array as starting value."""

    def __init__(self, value: NDArray[Any]) -> None:
        self._value = value

    def __call__(self, shape: Sequence[int], seed: Seed = 0, dtype: str = "float32") -> NDArray[Any]:  # noqa: ARG002
        if self._value.shape != tuple(shape):
            msg = f"[nn.initializers.get] the array given has shape {self._value.shape}; {tuple(shape)} is needed"
            raise InputError(msg)
        return np.array(self._value, dtype=dtype, order="C")


def from_config(config: Mapping[str, Any]) -> Initializer:
    """Make an initializer from what its ``config()`` returned.

    Raises
    ------
    InputError
        The settings make no sense.
    UnknownNameError
        There is no initializer of this name.
    """
    settings = dict(config)
    kind = _BY_NAME.get(str(settings.pop("name", None)).lower())
    if kind is None:
        msg = f"[nn.initializers.from_config] there is no initializer {config.get('name')!r}"
        raise UnknownNameError(msg)
    known = {field.name for field in dataclasses.fields(kind)}
    if not set(settings) <= known:
        msg = f"[nn.initializers.from_config] {kind.__name__} has no settings {sorted(set(settings) - known)}"
        raise InputError(msg)
    return kind(**settings)
