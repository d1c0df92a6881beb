"""``stochos fit``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from stochos.cli._common import (
    check_output,
    examples,
    is_ours,
    json_option,
    output_option,
    print_json,
    seed_option,
    threads_option,
)
from stochos.cli.count import min_count_option, tokenizer_option, weighting_option, window_option


@click.command(
    "fit",
    short_help="Fit word vectors whose inner product is PMI.",
    epilog=examples(
        "stochos fit counts.stochos -o vectors.stochos --dim 100",
        "stochos fit corpus.txt -o vectors.stochos --word2vec vectors.txt",
    ),
)
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@output_option("The vectors file to write.")
@click.option("--dim", type=click.IntRange(1), default=100, show_default=True, help="Numbers in a vector.")
@click.option("--solver", type=click.Choice(["sgd", "spectral"]), default="sgd", show_default=True, help="How to fit.")
@click.option("--epochs", type=click.IntRange(0), default=2, show_default=True, help="Passes of sgd over all pairs.")
@click.option(
    "--negatives",
    type=click.IntRange(0, 31),
    default=5,
    show_default=True,
    help="Unseen pairs that sgd draws for each seen one.",
)
@click.option(
    "--start",
    type=click.Choice(["spectral", "random"]),
    default="spectral",
    show_default=True,
    help="Where sgd starts.",
)
@seed_option
@threads_option
@click.option(
    "--word2vec",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the vectors to this word2vec file too; binary if it ends in .bin.",
)
@window_option
@min_count_option
@weighting_option
@tokenizer_option
@json_option
def command(source: Path, output: Path, word2vec: Path | None, as_json: bool, **options: Any) -> None:
    """Fit one vector per word to SOURCE: a counts file made by `stochos count`, or a text.

    A text is counted first, as --window, --min-count, --weighting and --tokenizer say; the seed and the threads serve
    both steps.
    """
    from stochos import words

    check_output(output, "fit")
    if word2vec is not None:
        check_output(word2vec, "fit")
    counting = {name: options.pop(name) for name in ("window", "min_count", "weighting", "tokenizer")}
    given = {name: value for name, value in options.items() if value is not None}
    start = time.perf_counter()
    if source.is_file() and is_ours(source):
        counts = words.load_counts(source)
    else:
        if counting["tokenizer"] == "whitespace":
            del counting["tokenizer"]
        counts = words.count(source, threads=options["threads"], seed=options["seed"], **counting)
    counted = time.perf_counter()
    vectors = words.fit(counts, **given)
    vectors.save(output)
    if word2vec is not None:
        vectors.to_word2vec(word2vec, binary=word2vec.suffix == ".bin")
    ended = time.perf_counter()
    written = [str(path) for path in (output, word2vec) if path is not None]
    if as_json:
        print_json(
            {
                "output": written,
                "vocabulary": len(vectors.vocabulary),
                "dim": int(vectors.matrix.shape[1]),
                "seconds_counting": round(counted - start, 3),
                "seconds_fitting": round(ended - counted, 3),
            }
        )
        return
    click.echo(
        f"{len(vectors.vocabulary):,} words, {vectors.matrix.shape[1]} numbers each, fitted in {ended - counted:.2f} s "
        f"→ {', '.join(written)}"
    )
