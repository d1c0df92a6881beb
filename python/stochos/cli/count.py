"""``stochos count``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stochos.cli._common import (
    check_output,
    examples,
    json_option,
    output_option,
    pair_count,
    plural,
    print_json,
    read_lines,
    seed_option,
    standard_input,
    threads_option,
)
from stochos.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The options that decide what is counted; `stochos fit TEXT` has the first three as well.
window_option = click.option(
    "--window", type=click.IntRange(1), default=5, show_default=True, help="Words on each side that count as near."
)
min_count_option = click.option(
    "--min-count", type=click.IntRange(1), default=5, show_default=True, help="Drop words seen fewer times."
)
weighting_option = click.option(
    "--weighting",
    type=click.Choice(["flat", "harmonic", "linear"]),
    default="flat",
    show_default=True,
    help="Weight of a pair by its distance d: 1, 1/d, or falling in a line.",
)
tokenizer_option = click.option(
    "--tokenizer",
    type=click.Choice(["whitespace", "characters", "jieba"]),
    default="whitespace",
    show_default=True,
    help="How a line becomes words; characters and jieba are for Chinese.",
)


def source_of(paths: tuple[Path, ...], errors: str, where: str) -> Path | list[Path] | Iterator[str]:
    """Turn the command's SOURCE arguments into what words.count takes; ``-`` is standard input."""
    if Path("-") not in paths:
        return paths[0] if len(paths) == 1 else list(paths)
    if len(paths) > 1:
        msg = f"[{where}] '-' (standard input) cannot be mixed with files; pipe them all, or name them all"
        raise InputError(msg)
    return standard_input(errors, where)


def _options(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        [
            window_option,
            min_count_option,
            weighting_option,
            tokenizer_option,
            click.option(
                "--stop-words",
                type=click.Path(path_type=Path, exists=True, dir_okay=False),
                help="File of words to leave out, one a line.",
            ),
            click.option("--keep-positions", is_flag=True, help="Let a dropped word keep its place in the window."),
            click.option("--no-diagonal", is_flag=True, help="Leave out pairs of a word with itself."),
            click.option("--max-vocabulary", type=click.IntRange(1), help="Keep only the most frequent words."),
            click.option("--subsample", type=click.FloatRange(0, 1), help="Thin out words above this share."),
            click.option("--memory", help="Move to a temporary file beyond this, for example 2GB."),
            threads_option,
            seed_option,
            click.option(
                "--errors",
                type=click.Choice(["strict", "replace"]),
                default="strict",
                show_default=True,
                help="What to do with bytes that are not UTF-8.",
            ),
            json_option,
        ]
    ):
        function = option(function)
    return function


@click.command(
    "count",
    short_help="Count which words stand near which, exactly.",
    epilog=examples(
        "stochos count corpus.txt.xz -o counts.stochos --window 10 --weighting harmonic",
        "cat *.txt | stochos count - -o counts.stochos",
    ),
)
@click.argument("source", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_option("The counts file to write.")
@_options
def command(source: tuple[Path, ...], output: Path, as_json: bool, **options: Any) -> None:
    """Count which words stand near which in SOURCE: files, folders, .gz, .xz or .zst files, or - for standard input."""
    from stochos import words

    check_output(output, "count")
    stop_words, tokenizer = options.pop("stop_words"), options.pop("tokenizer")
    given = {name: value for name, value in options.items() if value is not None}
    given["diagonal"] = not given.pop("no_diagonal")
    if stop_words is not None:
        given["stop_words"] = read_lines(stop_words, "count")
    if tokenizer != "whitespace":
        given["tokenizer"] = tokenizer
    start = time.perf_counter()
    counts = words.count(source_of(source, options["errors"], "count"), **given)
    counts.save(output)
    seconds = time.perf_counter() - start
    facts: dict[str, Any] = {
        "output": str(output),
        "vocabulary": len(counts.vocabulary),
        "tokens_read": counts.tokens_read,
        "tokens_kept": counts.total_tokens,
        "pairs": pair_count(counts),
        "seconds": round(seconds, 3),
    }
    if as_json:
        print_json(facts)
        return
    click.echo(
        f"{plural(facts['tokens_read'], 'word')} read, {facts['tokens_kept']:,} kept, "
        f"{facts['vocabulary']:,} different; {plural(facts['pairs'], 'different pair')} in {seconds:.2f} s → {output}"
    )
