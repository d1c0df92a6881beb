"""Work in shards over any `concurrent.futures.Executor`: processes, threads, Dask, MPI, loky."""

from __future__ import annotations

import concurrent.futures
import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from stochos._progress import Callback, report
from stochos.errors import Error, InputTypeError

__all__ = ["check_executor", "is_ended", "new_call", "run_shards", "shard_count"]

_Shard = TypeVar("_Shard")
_Answer = TypeVar("_Answer")
_MOST_SHARDS = 64
_TRIES = 3  # of each shard
# How executors call the death of a worker; a pool of the standard library takes no work after it.
_LOSSES = {"BrokenExecutor", "BrokenProcessPool", "TerminatedWorkerError", "KilledWorker", "WorkerDied"}
_LOOK = 0.05  # seconds between two looks at progress

# Calls that ended early; a shard that runs in this very process sees it and stops.
_ended: set[str] = set()


def check_executor(where: str, executor: object) -> None:
    """Refuse what is no executor.

    Raises
    ------
    InputTypeError
        It has no method `submit`.
    """
    if not callable(getattr(executor, "submit", None)):
        msg = (
            f"[{where}] executor is {executor!r} of type {type(executor).__name__}; give a concurrent.futures.Executor"
        )
        raise InputTypeError(msg)


def shard_count(executor: object) -> int:
    """Return into how many shards to cut: four for each worker where the executor tells how many, at most 64."""
    for name in ("_max_workers", "num_workers"):
        workers = getattr(executor, name, None)
        if isinstance(workers, int) and workers > 0:
            return min(4 * workers, _MOST_SHARDS)
    return _MOST_SHARDS


def new_call() -> str:
    """Return a name for one call, which its shards carry."""
    return secrets.token_hex(8)


def is_ended(call: str) -> bool:
    """Tell whether a call of this process was stopped, so that its shards need not go on."""
    return call in _ended


def run_shards(
    executor: Any,
    work: Callable[[_Shard], _Answer],
    shards: Sequence[_Shard],
    sizes: Sequence[int],
    call: str,
    callback: Callback | None,
    where: str,
) -> list[_Answer]:
    """Run `work` on every shard and return the answers in the order of the shards, whatever order they come in.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    work : callable
        A function of a module, so that another process finds it.
    shards : sequence
        Plain picklable values.
    sizes : sequence of int
        Units of each shard, for the progress.
    call : str
        Name of this call; see `new_call`.
    callback : callable or None
        Called with ``(done, total)`` when shards have ended; False stops the call.
    where : str
        Name of the calling function, for error messages.

    Returns
    -------
    list

    Raises
    ------
    StoppedError
        The callback returned False.
    InputTypeError
        A shard cannot be pickled.
    Error
        The executor lost a shard and takes no more, or lost it three times.

    Notes
    -----
    A shard that was lost with its worker is sent again where the executor still takes work. Whatever ends the call,
    what waits is cancelled. A shard that runs in another process goes on to its end there.
    """
    futures: list[concurrent.futures.Future[_Answer]] = []
    total = sum(sizes)
    try:
        futures.extend(executor.submit(work, shard) for shard in shards)
        waiting, done = {future: i for i, future in enumerate(futures)}, 0
        tries = [1] * len(shards)
        while waiting:
            ready, _ = concurrent.futures.wait(waiting, _LOOK, concurrent.futures.FIRST_COMPLETED)
            for future in ready:
                i = waiting.pop(future)
                if _is_lost(future) and tries[i] < _TRIES:
                    tries[i] += 1
                    futures[i] = executor.submit(work, shards[i])
                    waiting[futures[i]] = i
                    continue
                future.result()
                done += sizes[i]
            report(callback, done, total)
    except BaseException as error:
        _end(call, futures)
        if isinstance(error, (concurrent.futures.BrokenExecutor, concurrent.futures.CancelledError)):
            msg = f"[{where}] the executor lost a shard before it was done ({type(error).__name__}: {error}); run again"
            raise Error(msg) from error
        if not isinstance(error, Error) and "pickle" in f"{type(error).__name__} {error}".lower():
            msg = (
                f"[{where}] part of the work cannot be sent to another process ({error}); give functions that stand "
                "in a module, no lambdas, or executor=None"
            )
            raise InputTypeError(msg) from error
        raise
    return [future.result() for future in futures]


def _is_lost(future: concurrent.futures.Future[Any]) -> bool:
    """Tell whether a shard never came to its end: its worker died, or someone else cancelled it."""
    return future.cancelled() or type(future.exception()).__name__ in _LOSSES


def _end(call: str, futures: Sequence[concurrent.futures.Future[Any]]) -> None:
    """Stop what still waits or runs here, and forget the call once nothing of it is left."""
    _ended.add(call)
    left = len(futures)
    lock = threading.Lock()

    def forget(_: object) -> None:
        nonlocal left
        with lock:  # futures end in several threads
            left -= 1
            if left == 0:
                _ended.discard(call)

    for future in futures:
        future.cancel()
        future.add_done_callback(forget)
    if not futures:
        _ended.discard(call)
