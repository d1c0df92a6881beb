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

# --- words: counts and PMI ----------------------------------------------------------------------------------------
def words_count_pairs(
    ids: NDArray[np.uint32],
    vocabulary_size: int,
    weights: NDArray[np.uint64],
    diagonal: bool = True,
    threads: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint64]]: ...
def words_check_upper(
    row_start: NDArray[np.int64], column: NDArray[np.uint32], value: NDArray[np.uint64], values: bool, where: str
) -> None: ...
def words_marginals(
    row_start: NDArray[np.int64], column: NDArray[np.uint32], value: NDArray[np.uint64]
) -> tuple[NDArray[np.float64], int]: ...
def words_expand(
    row_start: NDArray[np.int64], column: NDArray[np.uint32], threads: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int64]]: ...
def words_full_counts(
    row_start: NDArray[np.int64],
    column: NDArray[np.uint32],
    value: NDArray[np.uint64],
    unit: float,
    threads: int = 1,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]: ...
def words_full_integers(
    row_start: NDArray[np.int64], column: NDArray[np.uint32], value: NDArray[np.uint64], threads: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int64]]: ...
def words_merge_upper(
    parts: list[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint64], NDArray[np.uint32]]],
    vocabulary_size: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint64]]: ...
def words_pmi_values(
    row_start: NDArray[np.int64],
    column: NDArray[np.uint32],
    value: NDArray[np.uint64],
    log_row: NDArray[np.float64],
    log_column: NDArray[np.float64],
    unit: float,
    log_total: float,
    shift: float = 0.0,
    npmi: bool = False,
    threads: int = 1,
) -> NDArray[np.float64]: ...
def words_pmi_matrix(
    row_start: NDArray[np.int64],
    column: NDArray[np.uint32],
    value: NDArray[np.uint64],
    log_row: NDArray[np.float64],
    log_column: NDArray[np.float64],
    unit: float,
    log_total: float,
    shift: float = 0.0,
    npmi: bool = False,
    positive: bool = True,
    threads: int = 1,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]: ...

# --- words: reading text ------------------------------------------------------------------------------------------
class Corpus:
    def __init__(self, tokenizer: str, replace: bool, memory_limit: int, folder: str) -> None: ...
    def start_source(self, name: str, skip_mark: bool) -> None: ...
    def add_bytes(self, block: Buffer) -> None: ...
    def end_source(self) -> None: ...
    def add_file(
        self, path: bytes, name: str, total: int, progress: Callable[[int, int], object] | None = None
    ) -> None: ...
    def add_tokens(self, tokens: list[str]) -> int: ...
    def end_line(self) -> None: ...
    def finish(
        self,
        min_count: int,
        max_vocabulary: int | None,
        stop_words: list[str],
        vocabulary: list[str] | None,
        keep_positions: bool,
        subsample: float | None,
        seed: int,
        progress: Callable[[int, int], object] | None = None,
    ) -> None: ...
    def words(self) -> list[str]: ...
    def frequencies(self) -> NDArray[np.int64]: ...
    def ids(self) -> NDArray[np.uint32]: ...
    def count_pairs(
        self,
        weights: NDArray[np.uint64],
        diagonal: bool,
        threads: int,
        progress: Callable[[int, int], object] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint64]]: ...
    @property
    def tokens_read(self) -> int: ...
    @property
    def types_read(self) -> int: ...
    @property
    def on_disk(self) -> bool: ...
