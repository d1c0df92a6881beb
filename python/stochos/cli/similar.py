"""``stochos similar``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from stochos.cli._common import (
    examples,
    json_option,
    k_option,
    known,
    load_vectors,
    lower_option,
    print_json,
    print_scores,
)


@click.command(
    "similar",
    short_help="List the words nearest to a word.",
    epilog=examples("stochos similar vectors.stochos king bread -k 5"),
)
@click.argument("vectors", type=click.Path(path_type=Path))
@click.argument("word", nargs=-1, required=True)
@k_option
@click.option(
    "--metric",
    type=click.Choice(["cosine", "dot", "correlation"]),
    default="cosine",
    show_default=True,
    help="cosine: alike in use; dot: likely together (the estimate of PMI); correlation: alike in PMI.",
)
@lower_option
@json_option
def command(
    vectors: Path,
    word: tuple[str, ...],
    k: int,
    metric: Literal["cosine", "dot", "correlation"],
    lower: bool,
    as_json: bool,
) -> None:
    """List the words nearest to each WORD. VECTORS is a file made by `stochos fit`, or a word2vec file."""
    loaded = load_vectors(vectors, "similar")
    chosen = known(loaded, word, lower, "similar")
    answers = {name: loaded.similar(name, k=k, metric=metric) for name in chosen}
    if as_json:
        print_json(answers)
        return
    for name, scores in answers.items():
        if len(answers) > 1:
            click.echo(name)
        print_scores(scores, "  " if len(answers) > 1 else "")
