"""``stochos keywords``."""

from __future__ import annotations

from pathlib import Path

import click

from stochos.cli._common import (
    examples,
    json_option,
    k_option,
    load_vectors,
    lower_option,
    print_json,
    print_scores,
    standard_input,
)


@click.command(
    "keywords",
    short_help="Find the words that sum up a text.",
    epilog=examples(
        'stochos keywords vectors.stochos "the sower went forth to sow" -k 3',
        "stochos keywords vectors.stochos < page.txt",
    ),
)
@click.argument("vectors", type=click.Path(path_type=Path))
@click.argument("text", nargs=-1)
@k_option
@lower_option
@json_option
def command(vectors: Path, text: tuple[str, ...], k: int, lower: bool, as_json: bool) -> None:
    """Find the words of TEXT that all its other words speak for: the largest sums of PMI.

    TEXT is the words themselves; without it, or with -, they come from standard input. Words are what stands between
    blanks. Words that are not in the vocabulary are skipped and named on standard error. VECTORS is a file made by
    `stochos fit`, or a word2vec file.
    """
    loaded = load_vectors(vectors, "keywords")
    lines = standard_input("strict", "keywords") if text in {(), ("-",)} else text
    tokens = [token for line in lines for token in (line.lower() if lower else line).split()]
    skipped = list(dict.fromkeys(token for token in tokens if token not in loaded))
    scores = loaded.keywords([token for token in tokens if token in loaded], k=k)
    if as_json:
        print_json({"words": scores, "skipped": skipped})
        return
    if skipped:
        click.echo(f"skipped, not in the vocabulary: {' '.join(skipped)}", err=True)
    print_scores(scores)
