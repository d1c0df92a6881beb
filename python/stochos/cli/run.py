"""``stochos run``."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from stochos.cli._common import examples, json_option, plural, print_json
from stochos.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stochos.jobs import Report

_WHERE = "run"


@contextlib.contextmanager
def _log(path: Path | None) -> Iterator[TextIO | None]:
    """Open the log to append to; ``-`` is the standard output."""
    if path is None:
        yield None
    elif path == Path("-"):
        yield sys.stdout
    else:
        try:
            stream = path.open("a", encoding="utf-8")
        except OSError as error:
            msg = f"[{_WHERE}] {path} cannot be written: {error.strerror}"
            raise FileError(error.errno, msg) from None
        with stream:
            yield stream


@contextlib.contextmanager
def _workers(count: int) -> Iterator[Any]:
    """Give an executor of `count` processes, or None for one."""
    if count == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(count, mp_context=context)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@click.command(
    "run",
    short_help="Run a job of many items; start it again and it goes on.",
    epilog=examples(
        "stochos run job.toml --dry-run",
        "stochos run job.toml --log job.log",
        "stochos run job.toml --only vilar --workers 4",
    ),
)
@click.argument("job", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Check the job and say what would be done; change nothing.")
@click.option("--only", multiple=True, metavar="ITEM", help="Do this item and what it needs; may be repeated.")
@click.option("--keep-going", is_flag=True, help="After a failure, do the items that do not need what failed.")
@click.option(
    "--workers", type=click.IntRange(1, 1024), default=1, show_default=True, help="Processes that work side by side."
)
@click.option(
    "--log", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), help="Append JSON lines; - prints them."
)
@json_option
def command(
    job: Path, dry_run: bool, only: tuple[str, ...], keep_going: bool, workers: int, log: Path | None, as_json: bool
) -> int:
    """Do what the file JOB says: count, fit, simulate, sweep, estimate, train.

    Items that are done already are kept. Exit codes: 0 all is done, 1 an item failed or was left, 2 wrong use or a bad
    job file, 130 stopped by Ctrl-C.
    """
    from stochos import jobs

    work = jobs.load(job)
    with _log(log) as stream, _workers(workers) as pool:
        found = jobs.run(work, only=only or None, keep_going=keep_going, dry_run=dry_run, executor=pool, log=stream)
    if as_json:
        print_json(_facts(found, str(work.folder), dry_run))
    else:
        _tell(found, work.folder, dry_run)
    return 0 if dry_run or found.good else 1


def _facts(found: Report, folder: str, dry_run: bool) -> dict[str, Any]:
    states = {"kept": "kept", "left": "to do"} if dry_run else {}
    items = [
        {"item": o.item, "state": states.get(o.state, o.state), "seconds": round(o.seconds, 3), "reason": o.reason}
        for o in found.outcomes
    ]
    return {"folder": folder, "dry_run": dry_run, "items": items, "seconds": round(found.seconds, 3)}


def _tell(found: Report, folder: Path, dry_run: bool) -> None:
    if dry_run:
        points: dict[str, list[bool]] = {}
        for outcome in found.outcomes:
            sweep, slash, _ = outcome.item.rpartition("/")
            if slash:
                points.setdefault(sweep, []).append(outcome.state == "kept")
                continue
            line = "done" if outcome.state == "kept" else f"to do ({outcome.reason})"
            if held := points.get(outcome.item):
                line += f"; {sum(held):,} of {plural(len(held), 'point')} done"
            click.echo(f"{outcome.item}: {line}")
        click.echo(f"{plural(found.count('left'), 'item')} to do, {found.count('kept'):,} done; nothing was changed")
        return
    for outcome in found.outcomes:
        if outcome.state in {"failed", "left"}:
            click.echo(f"{outcome.item}: {outcome.state}: {outcome.reason}", err=True)
    parts = [f"{found.count(state):,} {state}" for state in ("done", "kept", "failed", "left") if found.count(state)]
    click.echo(f"{', '.join(parts)} in {found.seconds:.1f} s → {folder}")
