"""``stochos tour``: each part shows what it does, on the terminal and in one HTML report.

A chapter is a module with ``TITLE`` and ``run(page, threads, seed) -> dict``: it writes to the page and returns its
figures for ``--json``. To add one, name its module in `CHAPTERS`.
"""

from __future__ import annotations

import importlib
import time
from pathlib import Path

import click

from stochos.cli._common import (
    check_output,
    examples,
    json_option,
    output_option,
    print_json,
    seed_option,
    threads_option,
    write_text,
)

#: The chapters in their order: name → module.
CHAPTERS = {
    "words": "stochos.cli.tour.words",
    "reactions": "stochos.cli.tour.reactions",
    "nn": "stochos.cli.tour.nn",
    "recurrent": "stochos.cli.tour.recurrent",
    "gan": "stochos.cli.tour.gan",
}


@click.command(
    "tour",
    short_help="See what Stochos does, in a minute, on data that it ships.",
    epilog=examples("stochos tour --output tour.html"),
)
@output_option("The HTML report to write.", required=False, default="stochos-tour.html")
@threads_option
@seed_option
@json_option
def command(output: Path, threads: int | None, seed: int, as_json: bool) -> None:
    """See what Stochos does: each part runs on small data that the package ships, and tells what it found.

    Everything is also written into one HTML file that needs no network: open it in a browser.
    """
    from stochos.cli.tour.page import Page
    from stochos.config import describe

    check_output(output, "tour")
    start = time.perf_counter()
    installation = describe()
    page = Page(quiet=as_json)
    figures: dict[str, object] = {}
    for name, module in CHAPTERS.items():
        chapter = importlib.import_module(module)
        page.chapter(chapter.TITLE)
        figures[name] = chapter.run(page, threads, seed)
    seconds = time.perf_counter() - start
    footer = (
        f"Stochos {installation['version']}, instruction set {installation['instruction_set']}, "
        f"{threads or installation['threads']} threads, seed {seed}, {seconds:.1f} s in all. "
        "The same seed gives the same numbers again."
    )
    write_text(output, page.html("Stochos: a tour", footer), "tour")
    if as_json:
        print_json({**figures, "seconds": round(seconds, 3), "report": str(output)})
    else:
        click.echo(f"\n{footer}\nThe report with its figures: {output}")
