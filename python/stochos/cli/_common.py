"""What the commands share: options, output checks, files of either kind, printing."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stochos import _writing
from stochos.errors import FileError, FileFormatError, InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from stochos.words import Counts, Vectors

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
threads_option = click.option(
    "--threads", type=click.IntRange(1, 1024), help="Threads; by default what the machine allows this process."
)
device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where: the processor, or a graphics card of NVIDIA.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Seed of every random draw."
)
k_option = click.option("-k", type=click.IntRange(1), default=10, show_default=True, help="How many words to list.")
lower_option = click.option("--lower", is_flag=True, help="Turn what you type into lowercase first.")


def plural(count: int, noun: str, several: str = "") -> str:
    """Tell a number of things: "1 run", "2,000 runs"; `several` where it is not the noun and an s."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def examples(*lines: str) -> str:
    """Make the end of a help page: example commands, each on a line of its own."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def output_option(what: str, *, required: bool = True, default: str | None = None) -> Callable[[Any], Any]:
    """Make ``-o/--output``, the file that a command writes."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        required=required,
        default=default,
        show_default=default is not None,
        help=f"{what} It is replaced only when the new one is whole.",
    )


def check_output(path: Path, where: str) -> None:
    """Fail now, not after the long work, when `path` cannot be written."""
    _writing.check(path, where)


def write_text(path: Path, text: str, where: str) -> None:
    """Write a text file whole or not at all."""
    _writing.whole(path, text.encode("utf-8"), where)


def pair_count(counts: Counts) -> int:
    """Return how many different unordered pairs were seen."""
    return int(counts._column.size)


def print_json(value: object) -> None:
    """Print one JSON object; infinities become null, as JSON has none."""
    click.echo(json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=2))


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value in {float("inf"), float("-inf")}:
        return None
    return value


def width(text: str) -> int:
    """Return the columns that `text` takes on a terminal; a Chinese character takes two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, columns: int) -> str:
    """Fill `text` with blanks up to `columns`."""
    return text + " " * (columns - width(text))


def print_scores(scores: Iterable[tuple[str, float]], indent: str = "") -> None:
    """Print words and their scores in two columns."""
    rows = [(word, f"{score:.4f}") for word, score in scores]
    first = max((width(word) for word, _ in rows), default=0)
    for word, score in rows:
        click.echo(f"{indent}{pad(word, first)}  {score:>9}")


def known(vectors: Vectors, words: Sequence[str], lower: bool, where: str) -> list[str]:
    """Return `words` in the vectors' spelling; say which are not in the vocabulary, and what may help."""
    chosen = [word.lower() for word in words] if lower else list(words)
    missing = [word for word in chosen if word not in vectors]
    if missing:
        names = ", ".join(map(repr, missing))
        hint = "; try --lower" if any(word.lower() in vectors for word in missing) else ""
        msg = f"[{where}] not in the vocabulary of {len(vectors.vocabulary)} words: {names}{hint}"
        raise UnknownNameError(msg)
    return chosen


def load_vectors(path: Path, where: str) -> Vectors:
    """Load vectors from our own file or from a word2vec file, text or binary."""
    from stochos import words

    if not path.is_file():
        msg = f"[{where}] {path} is not a file; give a vectors file made by `stochos fit`, or a word2vec file"
        raise FileError(2, msg)
    if is_ours(path):
        return words.load_vectors(path)
    if path.suffix == ".bin":
        return words.from_word2vec(path, binary=True)
    return words.from_word2vec(path)


def is_ours(path: Path) -> bool:
    """Tell whether a file begins as Stochos's own files do."""
    from stochos import _storage

    with path.open("rb") as file:
        return bool(file.read(len(_storage.MAGIC)) == _storage.MAGIC)


def read_lines(path: Path, where: str) -> list[str]:
    """Read a list of words or lines from a UTF-8 file, without blank lines."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"[{where}] {path}: byte {error.start} is not UTF-8; save the file as UTF-8"
        raise FileFormatError(msg) from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def standard_input(errors: str, where: str) -> Iterator[str]:
    """Give the lines of standard input, decoded as UTF-8."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            yield line.rstrip(b"\r\n").decode("utf-8", errors)
        except UnicodeDecodeError as error:
            msg = (
                f"[{where}] standard input, line {number}, byte {error.start} of the line is not UTF-8; "
                "convert the text, or give --errors replace"
            )
            raise InputError(msg) from None
