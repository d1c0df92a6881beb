# The compiled core of Stochos; the public modules say what it means. Checked against the module by stubtest.

from collections.abc import Callable
from typing import type_check_only

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from stochos._core_device import (
    SgdOnDevice as SgdOnDevice,
)
from stochos._core_device import (
    SgdProblem as SgdProblem,
)
from stochos._core_device import (
    cuda_built as cuda_built,
)
from stochos._core_device import (
    cuda_devices as cuda_devices,
)
from stochos._core_device import (
    cuda_evaluate as cuda_evaluate,
)
from stochos._core_device import (
    cuda_matmul as cuda_matmul,
)
from stochos._core_device import (
    cuda_product_library as cuda_product_library,
)
from stochos._core_device import (
    cuda_require as cuda_require,
)
from stochos._core_tensor import (
    Program as Program,
)
from stochos._core_tensor import (
    Recording as Recording,
)
from stochos._core_tensor import (
    Tensor as Tensor,
)
from stochos._core_tensor import (
    Trace as Trace,
)
from stochos._core_tensor import (
    Variable as Variable,
)
from stochos._core_tensor import (
    check_numerics as check_numerics,
)
from stochos._core_tensor import (
    evaluate as evaluate,
)
from stochos._core_tensor import (
    fresh as fresh,
)
from stochos._core_tensor import (
    from_dlpack as from_dlpack,
)
from stochos._core_tensor import (
    gradients as gradients,
)
from stochos._core_tensor import (
    label as label,
)
from stochos._core_tensor import (
    ops as ops,
)
from stochos._core_tensor import (
    placeholder as placeholder,
)
from stochos._core_tensor import (
    recording_depth as recording_depth,
)
from stochos._core_tensor import (
    require_finite as require_finite,
)
from stochos._core_tensor import (
    settle as settle,
)
from stochos._core_tensor import (
    tensor as tensor,
)
from stochos._core_tensor import (
    tracing as tracing,
)

# --- base -------------------------------------------------------------------------------------------------------
__version__: str
stream_version: int

def cpu_level() -> str: ...
def detected_cpu_level() -> str: ...
def default_threads() -> int: ...
def blas_description() -> str: ...
def philox(counter: NDArray[np.uint32], key: NDArray[np.uint32]) -> NDArray[np.uint32]: ...
def random_words(seed: int, purpose: int, record: int, count: int) -> NDArray[np.uint32]: ...

# The metaclass that pybind11 gives its classes.
@type_check_only
class _Bound(type): ...

class AtomicFile(metaclass=_Bound):
    def __init__(self, path: str, where: str) -> None: ...
    def write(self, data: Buffer | NDArray[np.generic]) -> None: ...
    def commit(self) -> None: ...
    def discard(self) -> None: ...

# --- words: fit -------------------------------------------------------------------------------------------------
class PairMatrix(metaclass=_Bound):
    def __init__(
        self,
        row_start: NDArray[np.int64],
        column: NDArray[np.uint32],
        value: NDArray[np.uint64],
        unit: float,
        threads: int,
        progress: Callable[[int, int], object] | None,
    ) -> None: ...

def words_spectral(
    pairs: PairMatrix,
    total: float,
    log_probability: NDArray[np.float32],
    dimension: int,
    oversampling: int,
    products: int,
    shift: float,
    power: float,
    seed: int,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]: ...
def words_flatten(matrix: NDArray[np.float32], q: float, threads: int) -> NDArray[np.float32]: ...
def words_random_vectors(words: int, dimension: int, seed: int) -> NDArray[np.float32]: ...

# --- words: counts and PMI ----------------------------------------------------------------------------------------
def words_count_pairs(
    ids: NDArray[np.uint32],
    vocabulary_size: int,
    weights: NDArray[np.uint64],
    diagonal: bool = True,
    threads: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint64]]: ...

# --- words: reading text ------------------------------------------------------------------------------------------
class Corpus(metaclass=_Bound):
    def __init__(self, tokenizer: str, replace: bool, memory_limit: int, folder: str) -> None: ...
    def start_source(self, name: str, skip_mark: bool) -> None: ...
    def add_bytes(self, block: Buffer) -> None: ...
    def end_source(self) -> None: ...
    def add_file(
        self,
        path: bytes,
        name: str,
        total: int,
        threads: int = 1,
        part: int = 0,
        progress: Callable[[int, int], object] | None = None,
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
        frequencies: NDArray[np.int64] | None = None,
        first_token: int = 0,
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

# --- expr -------------------------------------------------------------------------------------------------------
class Expression(metaclass=_Bound):
    def __init__(self, text: str, where: str = ...) -> None: ...
    def evaluate(self, values: dict[str, float | NDArray[np.float64]]) -> float | NDArray[np.float64]: ...
    def names(self, constants: bool = ...) -> list[str]: ...
    def draws(self) -> bool: ...
    def derivative(self, name: str) -> Expression: ...
    def simplified(self) -> Expression: ...
    def mass_action(
        self, constants: dict[str, float], reactants: list[tuple[str, int]] | None = ...
    ) -> tuple[str, float, list[tuple[str, int]]] | None: ...
    def operations(self) -> int: ...
    def tree(self) -> list[tuple[str, list[int], float | str | None]]: ...

# --- reactions: simulate ----------------------------------------------------------------------------------------
class ReactionNetwork(metaclass=_Bound):
    def __init__(
        self,
        species: list[str],
        initial: NDArray[np.float64],
        parameters: list[str],
        values: NDArray[np.float64],
        reactant_start: NDArray[np.int64],
        reactant_species: NDArray[np.uint32],
        reactant_count: NDArray[np.uint32],
        change_start: NDArray[np.int64],
        change_species: NDArray[np.uint32],
        change_delta: NDArray[np.int64],
        constant: NDArray[np.float64],
        law: list[str],
        gated: NDArray[np.uint8],
        assignments: list[tuple[str, str]],
        events: list[tuple[str, str, str, bool, bool, bool, list[tuple[str, str]]]],
        reaction_names: list[str],
        rates: list[tuple[str, str]] = ...,
        delays: list[tuple[int, str, bool, list[tuple[int, int]]]] = ...,
        first: list[tuple[str, str]] = ...,
    ) -> None: ...
    @property
    def species(self) -> int: ...
    @property
    def reactions(self) -> int: ...
    def is_mass_action(self) -> NDArray[np.uint8]: ...

# The answer holds method, events, status_counts (4,); events_per_trajectory, status, final where the memory may grow
# with n; and values (n, T, C) | reached, mean, variance, covariance | histogram | passage | event_time, event_reaction.
def simulate(
    network: ReactionNetwork,
    times: NDArray[np.float64],
    n: int,
    first: int,
    method: str,
    seed: int,
    threads: int,
    keep: str,
    options: dict[str, object],
    progress: Callable[[int, int], object] | None,
) -> dict[str, object]: ...

# Trajectories in a block of the moments of n.
def moments_block(n: int) -> int: ...

# Moments of K shards, each but the last of 2**k blocks: (K, T), (K, T, C), and (K, T, C) or (K, T, C, C). The option
# "unfinished" of simulate gives them, with spread in place of variance and covariance.
def merge_moments(
    reached: NDArray[np.uint64], mean: NDArray[np.float64], spread: NDArray[np.float64]
) -> dict[str, NDArray[np.float64] | NDArray[np.uint64]]: ...

# --- reactions: master equation ---------------------------------------------------------------------------------
# The answer holds states (M * S), probabilities (T * M), outside (T,), entries and products.
def master_equation(
    network: ReactionNetwork,
    bound: NDArray[np.int64],
    times: NDArray[np.float64],
    max_states: int,
    tolerance: float,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> dict[str, object]: ...

# --- recurrent cells: Jacobians ---------------------------------------------------------------------------------
# Writes all of the Jacobians of (c, h) of an LSTM: factors (4, n, H) and rows (4, H, H) for f, i, g, o; direct and
# slope (n, H); out (n, 2 H, 2 H). All of one dtype, float32 or float64.
def lstm_jacobians(
    factors: NDArray[np.floating],
    rows: NDArray[np.floating],
    direct: NDArray[np.floating],
    slope: NDArray[np.floating],
    out: NDArray[np.floating],
) -> None: ...

# An array of float32 (single) or float64 that is not filled, in memory that is kept for the next when it is let go of.
def empty(shape: tuple[int, ...], single: bool) -> NDArray[np.floating]: ...
