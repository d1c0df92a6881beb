"""Run a job: each item once, in order or over an executor, with a log that machines read."""

from __future__ import annotations

import concurrent.futures
import json
import os
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from stochos import executors
from stochos._progress import Progress, progress_callback, report
from stochos.errors import Error, FileError, InputError
from stochos.jobs import _records, _tasks
from stochos.jobs.job import Item, Job, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

__all__ = ["Outcome", "Report", "run"]

_WHERE = "jobs.run"
_LOOK = 0.05  # seconds between two looks at an executor's futures


@dataclass(frozen=True)
class Outcome:
    """What became of one item.

    Attributes
    ----------
    item : str
    state : {"done", "kept", "failed", "left"}
        Done now; kept from an earlier run; failed; or left, because something that it needs failed or is not there.
    seconds : float
    reason : str
        Why it was done, or why it failed or was left.
    """

    item: str
    state: str
    seconds: float
    reason: str


@dataclass
class Report:
    """What became of a job.

    Attributes
    ----------
    outcomes : list of Outcome
    seconds : float
    """

    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, state: str) -> int:
        """Return how many items have `state`."""
        return sum(outcome.state == state for outcome in self.outcomes)

    @property
    def good(self) -> bool:
        """Whether nothing failed and nothing was left."""
        return not self.count("failed") and not self.count("left")


def run(
    job: Job | str | os.PathLike[str],
    *,
    only: Iterable[str] | None = None,
    keep_going: bool = False,
    dry_run: bool = False,
    executor: Executor | None = None,
    log: TextIO | None = None,
    progress: Progress = None,
) -> Report:
    """Do the items of a job that are not done yet.

    An item is done when its output is whole and on disk, and its record says that definition and inputs were the same.
    What was done stays done after Ctrl-C, kill -9 or a power cut; what was not is done again and gives the same bytes.

    Parameters
    ----------
    job : Job or path
        A job, or its file for `load`.
    only : iterable of str, optional
        Names of items; these and what they need. A sweep has the name of its item.
    keep_going : bool, default False
        After an item has failed, do the others that do not need it.
    dry_run : bool, default False
        Change nothing on disk; the report's states are "kept" and "left", with the reason.
    executor : concurrent.futures.Executor, optional
        Where to do the items, several at once; workers see the same files. By default here, one after the other.
    log : text stream, optional
        Takes one line of JSON for each thing that happens: ``time`` (UTC), ``event`` ("job", "start", "done", "kept",
        "failed", "left", "stopped", "end"), ``item``, ``seconds``, ``reason``, ``left`` (estimated seconds to go).
    progress : None, bool or callable
        A bar over the items, none, or a function of (done, total).

    Returns
    -------
    Report

    Raises
    ------
    InputError
        The job is being run by another process.
    UnknownNameError
        `only` names no item.
    FileError
        The output folder cannot be written.
    """
    work = job if isinstance(job, Job) else load(job)
    items = _chosen(work, only)
    if executor is not None:
        executors.check_executor(_WHERE, executor)
    if dry_run:
        return _looked_at(work, items)
    made = _Run(work, items, log, keep_going)
    with _locked(work), progress_callback(progress, work.name, "items", _WHERE) as callback:
        made.all(executor, callback)
    return made.report


def _chosen(job: Job, only: Iterable[str] | None) -> list[Item]:
    """Return the items to do, in the job's order: all, or those named and what they need."""
    if only is None:
        return list(job.items)
    named = {item.name: item for item in job.items}
    wanted: set[str] = set()
    waiting = list(only)
    for name in waiting:
        if name not in named:
            from stochos.errors import UnknownNameError

            msg = f"[{_WHERE}] no item is called {name!r}; there are {', '.join(list(named)[:20])}"
            raise UnknownNameError(msg)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(named[name].needs)
    return [item for item in job.items if item.name in wanted]


def _looked_at(job: Job, items: list[Item]) -> Report:
    """Say what a run would do."""
    inputs, found = _records.Inputs(), Report()
    again: set[str] = set()
    for item in items:
        reason = _records.why_not(job, item, inputs)
        needed = [name for name in item.needs if name in again]
        if reason is None and needed:
            reason = f"after {needed[0]}" + (f" and {len(needed) - 1} more" if len(needed) > 1 else "")
        if reason is not None:
            again.add(item.name)
        found.outcomes.append(Outcome(item.name, "kept" if reason is None else "left", 0.0, reason or ""))
    return found


def _work(item: Item) -> float:
    """Do one item, here or in a worker; return the seconds that it took."""
    begin = time.perf_counter()
    item.output.parent.mkdir(parents=True, exist_ok=True)
    _tasks.perform(item, False)
    return time.perf_counter() - begin


class _Run:
    """One run of a job."""

    def __init__(self, job: Job, items: list[Item], log: TextIO | None, keep_going: bool) -> None:
        self._job, self._items, self._log, self._keep_going = job, items, log, keep_going
        self._inputs = _records.Inputs()
        self._ended: dict[str, str] = {}  # item → state
        self._begin = time.perf_counter()
        self._worked = 0.0
        self.report = Report()

    def all(self, executor: Executor | None, callback: Callable[[int, int], object] | None) -> None:
        self._say("job", job=self._job.name, items=len(self._items), folder=str(self._job.folder))
        try:
            if executor is None:
                self._here(callback)
            else:
                self._there(executor, callback)
        except BaseException as error:
            self._say("stopped", reason=f"{type(error).__name__}: {error}".rstrip(": "))
            raise
        self.report.seconds = time.perf_counter() - self._begin
        counts = {state: self.report.count(state) for state in ("done", "kept", "failed", "left")}
        self._say("end", seconds=round(self.report.seconds, 3), **counts)

    def _here(self, callback: Callable[[int, int], object] | None) -> None:
        for number, item in enumerate(self._items):
            reason = self._look(item)
            if reason is not None:
                read = self._start(item, reason)
                try:
                    seconds = _work(item)
                except Error as error:
                    self._fail(item, error)
                else:
                    self._finish(item, read, seconds, reason)
            report(callback, number + 1, len(self._items))

    def _there(self, executor: Any, callback: Callable[[int, int], object] | None) -> None:
        waiting = list(self._items)
        running: dict[concurrent.futures.Future[float], tuple[Item, list[dict[str, Any]], str]] = {}
        try:
            while waiting or running:
                later = []
                for item in waiting:
                    if any(name not in self._ended for name in item.needs):
                        later.append(item)
                        continue
                    reason = self._look(item)
                    if reason is not None:
                        running[executor.submit(_work, item)] = (item, self._start(item, reason), reason)
                waiting = later
                ready, _ = concurrent.futures.wait(running, _LOOK, concurrent.futures.FIRST_COMPLETED)
                for future in ready:
                    item, read, reason = running.pop(future)
                    try:
                        seconds = future.result()
                    except (Error, concurrent.futures.BrokenExecutor, concurrent.futures.CancelledError) as error:
                        self._fail(item, error)
                    else:
                        self._finish(item, read, seconds, reason)
                report(callback, len(self._ended), len(self._items))
        finally:
            for future in running:
                future.cancel()

    def _look(self, item: Item) -> str | None:
        """Return why `item` has to be done now; None when it was kept or has to be left, which is then noted."""
        missing = [name for name in item.needs if self._ended.get(name) in {"failed", "left"}]
        if missing:
            self._end(Outcome(item.name, "left", 0.0, f"{missing[0]} is not there"))
            return None
        if not self._keep_going and self.report.count("failed"):
            self._end(Outcome(item.name, "left", 0.0, "an item before it failed"))
            return None
        reason = _records.why_not(self._job, item, self._inputs)
        if reason is None:
            self._end(Outcome(item.name, "kept", 0.0, ""))
        return reason

    def _start(self, item: Item, reason: str) -> list[dict[str, Any]]:
        self._say("start", item=item.name, task=item.task, reason=reason)
        return [self._inputs.of(path) for path in item.inputs]

    def _finish(self, item: Item, read: list[dict[str, Any]], seconds: float, reason: str) -> None:
        _records.record(self._job, item, read, self._inputs)
        self._worked += seconds
        self._end(Outcome(item.name, "done", seconds, reason))

    def _fail(self, item: Item, error: BaseException) -> None:
        self._end(Outcome(item.name, "failed", 0.0, str(error) or type(error).__name__))

    def _end(self, outcome: Outcome) -> None:
        self._ended[outcome.item] = outcome.state
        self.report.outcomes.append(outcome)
        facts: dict[str, Any] = {"item": outcome.item, "reason": outcome.reason}
        if outcome.state == "done":
            done = self.report.count("done")
            rest = len(self._items) - len(self._ended)
            passed = time.perf_counter() - self._begin
            facts |= {"seconds": round(outcome.seconds, 3), "left": round(passed / done * rest, 1)}
        self._say(outcome.state, **{key: value for key, value in facts.items() if value != ""})

    def _say(self, event: str, **facts: Any) -> None:
        if self._log is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._log.write(json.dumps({"time": now, "event": event, **facts}, ensure_ascii=False) + "\n")
        self._log.flush()


@contextmanager
def _locked(job: Job) -> Iterator[None]:
    """Hold the job's lock; the system lets go of it when the process ends, whatever ends it."""
    import fcntl

    try:
        job.records.mkdir(parents=True, exist_ok=True)
        stream = (job.records / "lock").open("ab")
    except OSError as error:
        msg = f"[{_WHERE}] {job.folder} cannot be written: {error.strerror}"
        raise FileError(error.errno, msg) from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            msg = f"[{_WHERE}] {job.folder} is in use by another run of the job; wait for it, or give another output"
            raise InputError(msg) from None
        yield
