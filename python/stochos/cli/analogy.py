"""``stochos analogy``."""

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

_LISTS = ("--positive", "--negative")


class _Lists(click.Command):
    """Lets ``--positive king woman`` stand for ``--positive king --positive woman``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        current: str | None = None
        for arg in args:
            if arg.startswith("-") and arg != "-":
                current = arg if arg in _LISTS else None
                if current is None:
                    spread.append(arg)
            elif current is not None:
                spread += [current, arg]
            else:
                spread.append(arg)
        return super().parse_args(ctx, spread)


def parse(terms: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Read ``king - man + woman`` as (["king", "woman"], ["man"]).

    A sign stands between blanks, so that a word may hold one: well-known, c++.
    """
    positive: list[str] = []
    negative: list[str] = []
    sign = "+"
    expect_word = True
    for position, term in enumerate(" ".join(terms).split()):
        if term in {"+", "-"} and (position == 0 or not expect_word):
            sign, expect_word = term, True
        elif expect_word and term not in {"+", "-"}:
            (positive if sign == "+" else negative).append(term)
            expect_word = False
        else:
            msg = f"{term!r} stands at a wrong place; write for example: king - man + woman"
            raise click.UsageError(msg)
    if terms and expect_word:
        msg = f"a word is missing after {sign!r}; write for example: king - man + woman"
        raise click.UsageError(msg)
    return positive, negative


@click.command(
    "analogy",
    cls=_Lists,
    short_help="Complete an analogy: king - man + woman.",
    epilog=examples(
        "stochos analogy vectors.stochos king - man + woman",
        "stochos analogy vectors.stochos --positive king woman --negative man",
    ),
)
@click.argument("vectors", type=click.Path(path_type=Path))
@click.argument("terms", nargs=-1)
@click.option("--positive", multiple=True, metavar="WORD...", help="Words to add.")
@click.option("--negative", multiple=True, metavar="WORD...", help="Words to take away.")
@k_option
@click.option(
    "--method",
    type=click.Choice(["add", "multiply"]),
    default="add",
    show_default=True,
    help="Add the vectors, or multiply the similarities.",
)
@lower_option
@json_option
def command(
    vectors: Path,
    terms: tuple[str, ...],
    positive: tuple[str, ...],
    negative: tuple[str, ...],
    k: int,
    method: Literal["add", "multiply"],
    lower: bool,
    as_json: bool,
) -> None:
    """Complete an analogy, given as TERMS or as two lists. The words given are left out of the answer.

    VECTORS is a file made by `stochos fit`, or a word2vec file.
    """
    plus, minus = parse(terms)
    plus, minus = [*plus, *positive], [*minus, *negative]
    if not plus:
        msg = "give the words, for example: king - man + woman"
        raise click.UsageError(msg)
    loaded = load_vectors(vectors, "analogy")
    plus, minus = known(loaded, plus, lower, "analogy"), known(loaded, minus, lower, "analogy")
    scores = loaded.analogy(plus, minus, k=k, method=method)
    if as_json:
        print_json({"positive": plus, "negative": minus, "words": scores})
    else:
        print_scores(scores)
