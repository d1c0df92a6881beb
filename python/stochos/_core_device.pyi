# What the core can do on a graphics card, and the fit beside it; a part of the stub of _core,
# and no module of its own.

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stochos._core import PairMatrix, _Bound

_Real = TypeVar("_Real", np.float32, np.float64)

def cuda_built() -> bool: ...
def cuda_require(where: str) -> None: ...
def cuda_product_library() -> str: ...
def cuda_devices() -> list[tuple[str, int, int, int, int]]: ...
def cuda_matmul(a: NDArray[_Real], b: NDArray[_Real], reference: bool) -> NDArray[_Real]: ...
def cuda_evaluate(
    text: str, names: list[str], columns: list[NDArray[np.float64]], size: int, reference: bool
) -> NDArray[np.float64]: ...

class SgdProblem(metaclass=_Bound):
    def __init__(
        self,
        pairs: PairMatrix,
        total: float,
        log_probability: NDArray[np.float32],
        dimension: int,
        weighting: tuple[float, float, float, float],
        threads: int,
        progress: Callable[[int, int], object] | None,
    ) -> None: ...
    def set(self, matrix: NDArray[np.float32], squares: NDArray[np.float32]) -> None: ...
    def get(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...
    def run_epoch(
        self,
        seed: int,
        epoch: int,
        rate: float,
        zero_weight: float,
        negatives: int,
        threads: int,
        progress: Callable[[int, int], object] | None,
    ) -> tuple[float, float, int]: ...
    @property
    def records(self) -> int: ...

class SgdOnDevice(metaclass=_Bound):
    def __init__(
        self,
        pairs: PairMatrix,
        total: float,
        log_probability: NDArray[np.float32],
        dimension: int,
        weighting: tuple[float, float, float, float],
        reference: int,
        threads: int,
        progress: Callable[[int, int], object] | None,
    ) -> None: ...
    def set(self, matrix: NDArray[np.float32], squares: NDArray[np.float32]) -> None: ...
    def get(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...
    def run_epoch(
        self,
        seed: int,
        epoch: int,
        rate: float,
        zero_weight: float,
        negatives: int,
        threads: int,
        progress: Callable[[int, int], object] | None,
    ) -> tuple[float, float, int]: ...
    @property
    def records(self) -> int: ...
