"""``stochos fit``."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from stochos.cli._common import (
    check_output,
    device_option,
    examples,
    is_ours,
    json_option,
    output_option,
    plural,
    print_json,
    seed_option,
    threads_option,
)
from stochos.cli.count import min_count_option, tokenizer_option, weighting_option, window_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stochos.words.fitting import EpochReport


@contextmanager
def _bar(epochs: int) -> Iterator[dict[str, Any]]:
    """Give `progress` and `callback` of words.fit, which draw one bar over all epochs, with the loss, on a terminal."""
    if not sys.stderr.isatty():
        yield {"progress": False}
        return
    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
    finished = 0
    with tqdm(total=max(epochs, 1), desc="fitting", bar_format=form, leave=False, file=sys.stderr) as bar:

        def progress(done: int, total: int) -> bool:
            # Preparations of the first epoch count from zero too; the bar then starts again.
            bar.n = min(finished + (done / total if total else 0.0), bar.total)
            bar.refresh()
            return True

        def callback(report: EpochReport) -> None:
            nonlocal finished
            finished += 1
            loss = report.observed_loss + report.zero_loss
            rate = report.pairs_per_second / 1e6
            bar.set_postfix_str(f"epoch {report.epoch} of {epochs}, loss {loss:.4f}, {rate:.1f} M pairs/s")

        yield {"progress": progress, "callback": callback}


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
@device_option
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
    with _bar(given["epochs"] if given["solver"] == "sgd" else 1) as showing:
        vectors = words.fit(counts, **given, **showing)
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
        f"{plural(len(vectors.vocabulary), 'word')}, {plural(int(vectors.matrix.shape[1]), 'number')} each, "
        f"fitted in {ended - counted:.2f} s "
        f"→ {', '.join(written)}"
    )
