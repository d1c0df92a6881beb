"""Compiled core of Stochos; use the public modules instead."""

from collections.abc import Buffer, Callable

import numpy as np
from numpy.typing import NDArray

# --- base -------------------------------------------------------------------------------------------------------
__version__: str
stream_version: int

def cpu_level() -> str: ...
def detected_cpu_level() -> str: ...
def default_threads() -> int: ...
def blas_description() -> str: ...
def cuda_available() -> bool: ...
def philox(counter: NDArray[np.uint32], key: NDArray[np.uint32]) -> NDArray[np.uint32]: ...

class AtomicFile:
    def __init__(self, path: str, where: str) -> None: ...
    def write(self, data: Buffer) -> None: ...
    def commit(self) -> None: ...
    def discard(self) -> None: ...

# --- words: vectors and the word2vec formats --------------------------------------------------------------------
def words_norms(matrix: NDArray[np.float32], threads: int) -> NDArray[np.float32]: ...
def words_scores(matrix: NDArray[np.float32], query: NDArray[np.float32], threads: int) -> NDArray[np.float32]: ...
def words_best(
    scores: NDArray[np.float32], mask: NDArray[np.uint8], k: int
) -> tuple[NDArray[np.uint32], NDArray[np.float32]]: ...
def words_best_rows(
    matrix: NDArray[np.float32],
    query: NDArray[np.float32],
    scale: NDArray[np.float32],
    mask: NDArray[np.uint8],
    k: int,
    threads: int,
) -> tuple[NDArray[np.uint32], NDArray[np.float32]]: ...
def words_correlation(
    matrix: NDArray[np.float32], context: NDArray[np.uint32], threads: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]]: ...
def words_analogies(
    matrix: NDArray[np.float32],
    inverse_norms: NDArray[np.float32],
    words: NDArray[np.uint32],
    questions: NDArray[np.uint32],
    mask: NDArray[np.uint8],
    multiply: bool,
    epsilon: float,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> NDArray[np.uint32]: ...
def words_read_word2vec(
    source: str | bytes,
    name: str,
    binary: bool | None,
    header: bool | None,
    replace: bool,
    limit: int | None,
    threads: int,
    where: str,
    progress: Callable[[int, int], object] | None,
) -> tuple[NDArray[np.float32], list[str], bool, int]: ...
def words_write_word2vec(
    path: str,
    matrix: NDArray[np.float32],
    vocabulary: list[str],
    binary: bool,
    header: bool,
    where: str,
    progress: Callable[[int, int], object] | None,
) -> None: ...
