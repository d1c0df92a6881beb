"""Work in shards over any `concurrent.futures.Executor`: processes, threads, Dask, MPI, loky."""

from __future__ import annotations

import concurrent.futures
import re
import secrets
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from stochos._progress import Callback, report
from stochos.errors import Error, InputTypeError

__all__ = ["check_executor", "is_ended", "new_call", "run_shards", "shard_count"]

_Shard = TypeVar("_Shard")
_Answer = TypeVar("_Answer")
_MOST_SHARDS = 64
_TRIES = 3  # of each shard
_LOOK = 0.05  # seconds between two looks at progress
#: How the versions of Python say that something cannot be pickled, or that the other process has nothing of its name.
_UNSENT = re.compile("pickle|Can't get (local object|attribute)", re.IGNORECASE)


class _Outcome(Generic[_Answer]):
    """What a shard gave, its answer or its error, so that whatever else a future raises comes from the executor."""

    def __init__(self, work: Callable[[_Shard], _Answer], shard: _Shard) -> None:
        self._answer: _Answer | None = None
        self._error: Exception | None = None
        try:
            self._answer = work(shard)
        except Exception as error:
            if not isinstance(error, Error):  # those of Stochos say where; of others the lines are worth having
                error.add_note(f"in a shard:\n{traceback.format_exc()}")
            self._error = error.with_traceback(None)

    def answer(self) -> _Answer:
        if self._error is not None:
            raise self._error
        return cast("_Answer", self._answer)


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
    A shard that the executor lost, with a worker or on its way, is sent again where the executor still takes work; an
    error of the shard itself ends the call at once. Whatever ends the call, what waits is cancelled. A shard that runs
    in another process goes on to its end there.
    """
    futures: list[concurrent.futures.Future[_Outcome[_Answer]]] = []
    total = sum(sizes)
    try:
        futures.extend(executor.submit(_Outcome, work, shard) for shard in shards)
        waiting, done = {future: i for i, future in enumerate(futures)}, 0
        answers: dict[int, _Answer] = {}
        tries = [1] * len(shards)
        while waiting:
            ready, _ = concurrent.futures.wait(waiting, _LOOK, concurrent.futures.FIRST_COMPLETED)
            for future in ready:
                i = waiting.pop(future)
                if _is_lost(future) and tries[i] < _TRIES:
                    tries[i] += 1
                    futures[i] = executor.submit(_Outcome, work, shards[i])
                    waiting[futures[i]] = i
                    continue
                answers[i] = _arrived(future, where).answer()
                done += sizes[i]
            report(callback, done, total)
    except BaseException as error:
        _end(call, futures)
        if isinstance(error, concurrent.futures.BrokenExecutor):  # it takes no more work
            raise Error(_lost(where, error)) from error
        raise
    return [answers[i] for i in range(len(shards))]


def _is_lost(future: concurrent.futures.Future[Any]) -> bool:
    """Tell whether a shard never came to its end: its worker died, its answer was lost, or someone cancelled it."""
    return future.cancelled() or isinstance(future.exception(), Exception)


def _arrived(future: concurrent.futures.Future[_Outcome[_Answer]], where: str) -> _Outcome[_Answer]:
    """Return what a shard gave, or raise what the executor says why there is nothing."""
    try:
        return future.result()
    except Exception as error:
        if _UNSENT.search(f"{type(error).__name__} {error}"):
            msg = (
                f"[{where}] part of the work cannot be sent to another process ({error}); give functions that stand "
                "in a module, no lambdas, or executor=None"
            )
            raise InputTypeError(msg) from error
        raise Error(_lost(where, error)) from error


def _lost(where: str, error: Exception) -> str:
    return f"[{where}] the executor lost a shard before it was done ({type(error).__name__}: {error}); run again"


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
