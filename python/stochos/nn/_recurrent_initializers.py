"""Starting values that recurrent layers need: gate by gate, and by how long they shall remember."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from stochos.nn import _context, _philox
from stochos.nn._initializer import Initializer

__all__ = ["Chrono", "GateBias", "GateByGate"]


@dataclasses.dataclass(frozen=True)
class Chrono(Initializer):
    """log u with u uniform between 1 and `longest` - 1: biases of gates that remember for u steps ([1]_, section 2).

    `LSTM` takes it as ``forget_bias`` (the input gate then has the negative of it), `GRU` as ``update_bias`` (the
    gate that lets new values in has the negative of it).

    Parameters
    ----------
    longest : float
        The longest time, in steps, over which the task depends on its past; 3 or more.

    References
    ----------
    .. [1] C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", ICLR 2018, arXiv:1804.11188.
    """

    longest: float = 100.0
    needs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        self._real(longest=(self.longest, 3.0))

    def _values(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
        return np.log(1.0 + (self.longest - 2.0) * _philox.uniform(seed, math.prod(shape)))


class GateByGate:
    """Draws the block of columns of each gate by itself, so that fans and orthogonality are those of one gate."""

    def __init__(self, initializer: Any, gates: int) -> None:
        self.initializer = initializer
        self.gates = gates

    def __call__(self, shape: Sequence[int], seed: int = 0, dtype: str = "float32") -> NDArray[Any]:
        """Make the values."""
        from stochos.nn import initializers

        make = initializers.get(self.initializer)
        if self.gates == 1 or isinstance(self.initializer, np.ndarray):
            return make(shape, seed=seed, dtype=dtype)
        one = (*shape[:-1], shape[-1] // self.gates)
        parts = [make(one, seed=_context.sub_seed(seed, gate), dtype=dtype) for gate in range(self.gates)]
        return np.concatenate(parts, axis=-1)


class GateBias:
    """A bias that for some gates starts elsewhere: {gate: (number or initializer, sign)}."""

    def __init__(self, initializer: Any, gates: int, special: dict[int, tuple[Any, float]]) -> None:
        self.rest = GateByGate(initializer, gates)
        self.special = special

    def __call__(self, shape: Sequence[int], seed: int = 0, dtype: str = "float32") -> NDArray[Any]:
        """Make the values."""
        from stochos.nn import initializers

        whole = self.rest(shape, seed=seed, dtype=dtype)
        if isinstance(self.rest.initializer, np.ndarray):
            return whole
        units = shape[-1] // self.rest.gates
        for gate, (start, sign) in self.special.items():
            block = initializers.get(start)((units,), seed=seed, dtype=dtype)
            whole[gate * units : (gate + 1) * units] = sign * block
        return whole
