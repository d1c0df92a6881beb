"""``words.fit``: one vector a word, whose inner product approximates PMI."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from stochos import _checks, _core
from stochos._progress import Progress, progress_callback
from stochos.errors import InputError
from stochos.random import seed_of
from stochos.words import _starts
from stochos.words.counts import Counts
from stochos.words.vectors import Vectors

__all__ = ["EpochReport", "fit", "resume"]

# min(cap, base + scale * x^power) for each name of `weighting`.
_WEIGHTINGS = {
    # N. Shazeer et al., "Swivel" (2016), arXiv:1602.02215, section 3.2, capped.
    "sqrt": (0.1, 0.25, 0.5, 3.0),
    # J. Pennington et al., "GloVe" (2014), doi:10.3115/v1/D14-1162, and the article: min(x / 100, 1)^(3/4).
    "power": (0.0, 100.0**-0.75, 0.75, 1.0),
}


@dataclasses.dataclass(frozen=True)
class EpochReport:
    """What the `callback` of a fit is told after each epoch.

    Attributes
    ----------
    epoch : int
        Number of the epoch, from 1, counted over resumed fits.
    observed_loss : float
        Mean over observed pairs of weight times squared error.
    zero_loss : float
        Mean over observed pairs of the weighted softplus of their sampled zeros.
    pairs_per_second : float
        Pairs handled a second of wall time, sampled zeros included.
    """

    epoch: int
    observed_loss: float
    zero_loss: float
    pairs_per_second: float


def fit(
    counts: Counts,
    *,
    dim: int = 100,
    solver: str = "sgd",
    epochs: int = 2,
    negatives: int = 5,
    start: str | Vectors = "spectral",
    rate: float = 0.1,
    weighting: str = "sqrt",
    zero_weight: float = 6.0,
    flatten: float | None = None,
    power: float = 0.5,
    shift: float = 0.0,
    iterations: int = 2,
    normalization: str = "tokens",
    seed: int | np.random.Generator | np.random.SeedSequence = 0,
    threads: int | None = None,
    progress: Progress = None,
    callback: Callable[[EpochReport], object] | None = None,
    device: str = "cpu",
) -> Vectors:
    r"""Fit one vector to each word so that inner products approximate PMI.

    Parameters
    ----------
    counts : Counts
        Co-occurrence counts, from `words.count`.
    dim : int, default 100
        Dimension D of the vectors, from 1 to 4096.
    solver : {"sgd", "spectral"}
        ``"sgd"`` minimises, by Adagrad in float32,
        :math:`\sum w(x_{ab}) (\langle v_a, v_b\rangle - \mathrm{PMI}_{ab})^2 / 2` over observed pairs plus
        :math:`w_0 \log(1 + \exp(\langle v_a, v_b\rangle - h_{ab}))` over sampled pairs that were never seen, where
        :math:`h_{ab}` is the PMI that one co-occurrence would give. ``"spectral"`` takes the leading eigenpairs of the
        positive PMI matrix: :math:`V = U \Lambda^p`.
    epochs : int, default 2
        Passes of SGD over all observed pairs, 0 or more.
    negatives : int, default 5
        Zeros sampled for each observed pair and epoch, 0 to 31.
    start : {"spectral", "random"} or Vectors
        Where SGD starts: from the spectral solution with ``power=0.5``, from small random vectors, or from given
        vectors of the same vocabulary and dimension (new optimiser state; to go on exactly, see `resume`).
    rate : float, default 0.1
        Learning rate of Adagrad, whose accumulators start at 1.
    weighting : {"sqrt", "power"}
        Weight of an observed pair with count x: ``min(3, 0.1 + 0.25 sqrt(x))``, or the article's and GloVe's
        ``min(x / 100, 1)**0.75``.
    zero_weight : float, default 6.0
        Weight :math:`w_0` of the zeros of one observed pair together; each has ``zero_weight / (negatives + 1)``.
    flatten : float, optional
        After SGD each singular value s of the matrix becomes :math:`c\,s^{1-q}`, q = `flatten` in [0, 1), with c such
        that the sum of squares stays. Cosines then rest less on the few strongest directions, and agree better with
        human judgement; inner products agree slightly less with PMI. Default 0.25; 0 for the plain least squares.
    power : float, default 0.5
        Exponent p of the spectral solver, 0 to 1. At 0.5 inner products approximate positive PMI; smaller values give
        better cosines.
    shift : float, default 0.0
        log k, subtracted from PMI before the spectral solver takes the positive part.
    iterations : int, default 2
        Products of the whole matrix with the block in the spectral solver, 1 or more, after a start on the most
        frequent words. More make eigenvalues more exact; vectors of good quality need no more than 2.
    normalization : {"tokens", "pairs"}
        Which P(a) enters PMI; see `Counts.pmi`.
    seed : int, numpy.random.Generator or numpy.random.SeedSequence
        The result is a function of counts, options and seed alone: the same bytes for any number of threads.
    threads : int, optional
        Worker threads; default: STOCHOS_NUM_THREADS, else the processors that this process may use.
    progress : None, bool or callable
        None: a bar on a terminal. A callable gets ``(done, total)``, in observed pairs over all epochs, and stops the
        fit by returning False.
    callback : callable, optional
        Called with an `EpochReport` after each epoch of SGD.
    device : {"cpu", "cuda"}, default "cpu"
        ``"cuda"`` runs the epochs of SGD on a graphics card of NVIDIA: the same pairs and zeros, but rows of a block at
        once, so that the result has the quality of the processor's and not its bits, nor those of another run. The
        spectral start stays on the processor. See `stochos.cuda`.

    Returns
    -------
    Vectors
        `matrix` is float32 of shape (V, D), in the order of ``counts.vocabulary``.

    Raises
    ------
    InputError, InputTypeError
        An argument is out of range or of the wrong kind.
    MissingPartError, DeviceError, OutOfMemoryError
        Of ``device="cuda"``: the build has no CUDA, there is no card, or its memory does not do.
    ConvergenceError
        The fit diverged: the loss left all bounds. The message names epoch and rate.

    Notes
    -----
    SGD costs O(epochs · pairs · (1 + negatives) · D) operations; pairs lie in blocks of word stripes that are worked on
    without locks in a fixed tournament. The start costs O(iterations · pairs · D).

    References
    ----------
    .. [1] J. Su, "Word vectors from PMI (II): the model", kexue.fm/archives/4669 (2017).
    .. [2] O. Levy, Y. Goldberg, I. Dagan, "Improving distributional similarity with lessons learned from word
       embeddings", TACL 3 (2015), doi:10.1162/tacl_a_00134.

    Examples
    --------
    >>> from stochos import words
    >>> counts = words.count(["a b a c", "b c d", "d a"], window=2, min_count=1)
    >>> words.fit(counts, dim=2, epochs=1).matrix.shape
    (4, 2)
    """
    where = "words.fit"
    _checks.instance(where, "counts", counts, Counts, "give what words.count returns")
    options: dict[str, Any] = {
        "solver": _checks.choice(where, "solver", solver, ("sgd", "spectral")),
        "dim": _checks.whole(where, "dim", dim, 1, 4096),
        "negatives": _checks.whole(where, "negatives", negatives, 0, 31),
        "rate": _checks.real(where, "rate", rate, 1e-12, 1e6),
        "weighting": _checks.choice(where, "weighting", weighting, tuple(_WEIGHTINGS)),
        "zero_weight": _checks.real(where, "zero_weight", zero_weight, 0.0, 1e6),
        "flatten": _checks.real(where, "flatten", 0.25 if flatten is None else flatten, 0.0, 0.999),
        "power": _checks.real(where, "power", power, 0.0, 1.0),
        "shift": _checks.real(where, "shift", shift),
        "iterations": _checks.whole(where, "iterations", iterations, 1, 1000),
        "normalization": _checks.choice(where, "normalization", normalization, ("tokens", "pairs")),
        "start": start if isinstance(start, str) else "vectors",
    }
    epochs = _checks.whole(where, "epochs", epochs, 0, 1_000_000)
    workers = _checks.threads(where, threads)
    given = None
    if isinstance(start, Vectors):
        given = _matrix_of(where, start, counts, dim)
    else:
        _checks.choice(where, "start", start, ("spectral", "random"))
    if solver == "spectral":
        if given is not None or start != "spectral":
            msg = f"[{where}] solver='spectral' takes no other start; leave start out or use solver='sgd'"
            raise InputError(msg)
        if device != "cpu":
            msg = f"[{where}] device={device!r} is for solver='sgd'; the spectral solver runs on the processor"
            raise InputError(msg)
        if flatten is not None:
            msg = f"[{where}] flatten belongs to solver='sgd'; the spectral solver's spectrum is set by power"
            raise InputError(msg)
    options["seed"] = seed_of(seed, where)
    _checks.device(where, device)

    total = float(counts.total)
    if total <= 0.0:
        msg = f"[{where}] the counts hold no pair of words; give more text, a larger window or a smaller min_count"
        raise InputError(msg)
    with progress_callback(progress, "preparing pairs", "rows", where) as report:
        pairs = _starts.pairs(counts, workers, report)
        if solver == "spectral":
            matrix, eigenvalues = _starts.spectral(pairs, counts, options, options["power"], workers, report)
            return _wrap(matrix, counts, options, 0, {"eigenvalues": eigenvalues})
        if given is None and start == "spectral":
            given = _starts.spectral_start(pairs, counts, options, workers, report)
    if given is None:
        given = _core.words_random_vectors(len(counts), dim, options["seed"]).reshape(len(counts), dim)
    squares = np.ones(len(counts), np.float32)
    return _run(pairs, counts, options, given, squares, 0, epochs, workers, progress, callback, device, where)


def resume(
    vectors: Vectors,
    counts: Counts,
    *,
    epochs: int = 1,
    threads: int | None = None,
    progress: Progress = None,
    callback: Callable[[EpochReport], object] | None = None,
    device: str = "cpu",
) -> Vectors:
    """Go on with an SGD fit for more epochs, exactly as if it had not stopped.

    ``resume(fit(counts, epochs=3), counts, epochs=2)`` equals ``fit(counts, epochs=5)`` bit for bit.

    Parameters
    ----------
    vectors : Vectors
        From `fit` with ``solver="sgd"``, from `resume`, or loaded from a file that holds the optimiser's state.
    counts : Counts
        The counts that the vectors were fitted to.
    epochs : int, default 1
        Further epochs, 0 or more.
    threads, progress, callback, device
        As in `fit`. All other options are those of the first fit.

    Returns
    -------
    Vectors
        New vectors; the given ones stay as they are.

    Raises
    ------
    InputError
        The vectors hold no optimiser state, or vocabulary or pairs are not those of the first fit.
    """
    where = "words.resume"
    _checks.instance(where, "vectors", vectors, Vectors, "give what words.fit returns")
    _checks.instance(where, "counts", counts, Counts, "give what words.count returns")
    state, options = vectors.state, vectors.settings.get("fit")
    if not isinstance(options, dict) or "raw" not in state or "squares" not in state:
        msg = f"[{where}] these vectors hold no optimiser state; give vectors from words.fit(..., solver='sgd')"
        raise InputError(msg)
    _matrix_of(where, vectors, counts, options["dim"])
    if vectors.settings.get("total") != float(counts.total):
        msg = (
            f"[{where}] the counts differ from those of the first fit (sum {counts.total} instead of "
            f"{vectors.settings.get('total')}); to start anew from these vectors use words.fit(counts, start=vectors)"
        )
        raise InputError(msg)
    epochs = _checks.whole(where, "epochs", epochs, 0, 1_000_000)
    workers = _checks.threads(where, threads)
    _checks.device(where, device)
    with progress_callback(progress, "preparing pairs", "rows", where) as report:
        pairs = _starts.pairs(counts, workers, report)
    done = int(vectors.settings["epochs_done"])
    raw, squares = np.array(state["raw"], np.float32), np.array(state["squares"], np.float32)
    return _run(pairs, counts, options, raw, squares, done, epochs, workers, progress, callback, device, where)


def _matrix_of(where: str, vectors: Vectors, counts: Counts, dim: int) -> NDArray[np.float32]:
    if vectors.vocabulary != counts.vocabulary:
        msg = (
            f"[{where}] the vectors' vocabulary ({len(vectors)} words) is not that of the counts ({len(counts)} words)"
        )
        raise InputError(msg)
    if vectors.matrix.shape[1] != dim:
        msg = f"[{where}] the vectors have dimension {vectors.matrix.shape[1]}, but dim={dim}"
        raise InputError(msg)
    return np.array(vectors.matrix, np.float32, order="C")


def _run(
    pairs: _core.PairMatrix,
    counts: Counts,
    options: dict[str, Any],
    matrix: NDArray[np.float32],
    squares: NDArray[np.float32],
    done: int,
    epochs: int,
    threads: int,
    progress: Progress,
    callback: Callable[[EpochReport], object] | None,
    device: str,
    where: str,
) -> Vectors:
    shape = options["dim"], _WEIGHTINGS[options["weighting"]]
    data = pairs, float(counts.total), _starts.log_probability(counts, options)
    problem: _core.SgdProblem | _core.SgdOnDevice
    if device == "cpu":
        problem = _core.SgdProblem(*data, *shape, threads, None)
    else:
        problem = _core.SgdOnDevice(*data, *shape, 0, threads, None)
    problem.set(matrix, squares)
    negatives = options["negatives"]
    records = max(1, problem.records)
    with progress_callback(progress, "fitting", "pairs", where) as report:
        for epoch in range(done, done + epochs):
            started = time.perf_counter()
            observed, zeros, handled = problem.run_epoch(
                options["seed"],
                epoch,
                options["rate"],
                options["zero_weight"] / (negatives + 1),
                negatives,
                threads,
                _part(report, (epoch - done) * records, epochs * records),
            )
            if callback is not None:
                seconds = max(time.perf_counter() - started, 1e-9)
                callback(EpochReport(epoch + 1, observed / records, zeros / records, handled / seconds))
    raw, squares = problem.get()
    q = options["flatten"]
    flat = _core.words_flatten(raw, q, threads).reshape(raw.shape) if q > 0.0 else raw
    return _wrap(flat, counts, options, done + epochs, {"raw": raw, "squares": squares})


def _part(report: Callable[[int, int], object] | None, before: int, total: int) -> Callable[[int, int], object] | None:
    """Count an epoch's progress on from `before`, so that one bar goes over all epochs."""
    return None if report is None else lambda done, _: report(before + done, total)


def _wrap(
    matrix: NDArray[np.float32],
    counts: Counts,
    options: dict[str, Any],
    epochs_done: int,
    state: dict[str, Any],
) -> Vectors:
    settings = {
        "fit": options,
        "epochs_done": epochs_done,
        "total": float(counts.total),
        "counts": dataclasses.asdict(cast("Any", counts.settings)),
        "stream_version": _core.stream_version,
    }
    return Vectors(
        matrix,
        counts.vocabulary,
        frequencies=counts.frequencies,
        total_tokens=counts.total_tokens,
        settings=settings,
        state=state,
    )
