"""What `tokenizer` may be: a name that the core knows, "jieba", or a callable."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from stochos._checks import optional
from stochos.errors import InputError, InputTypeError

Tokenize: TypeAlias = Callable[[str], Sequence[str]]


def _jieba(where: str) -> Tokenize:
    with warnings.catch_warnings():
        # jieba 0.42 itself uses pkg_resources and unescaped backslashes.
        warnings.simplefilter("ignore")
        jieba = optional(where, "jieba", "text")
        jieba.setLogLevel(logging.WARNING)  # it reports the loading of its dictionary on the standard error
        jieba.initialize()

    def cut(text: str) -> list[str]:
        return [token for token in jieba.cut(text) if not token.isspace()]

    return cut


def resolve(where: str, tokenizer: object) -> tuple[str, str, Tokenize | None]:
    """Return the name to record, the tokenizer of the core, and the callable that replaces it (or None)."""
    if tokenizer is None or tokenizer == "whitespace":
        return "whitespace", "whitespace", None
    if tokenizer == "characters":
        return "characters", "characters", None
    if tokenizer == "jieba":
        return "jieba", "whitespace", _jieba(where)
    if callable(tokenizer):
        module = getattr(tokenizer, "__module__", None) or type(tokenizer).__module__
        name = getattr(tokenizer, "__qualname__", None) or type(tokenizer).__qualname__
        return f"{module}.{name}", "whitespace", cast("Tokenize", tokenizer)
    if isinstance(tokenizer, str):
        msg = f"[{where}] tokenizer is {tokenizer!r}; give 'whitespace', 'characters', 'jieba' or a function of a str"
        raise InputError(msg)
    msg = (
        f"[{where}] tokenizer is {tokenizer!r} of type {type(tokenizer).__name__}; "
        "give 'whitespace', 'characters', 'jieba' or a function of a str that returns a list of str"
    )
    raise InputTypeError(msg)


_BETWEEN = re.compile("[ \t\n\r\v\f]+")


def splitter(where: str, tokenizer: object) -> Tokenize:
    """Return a function that cuts one text, of any number of lines, as `words.count` does."""
    name, _, cut = resolve(where, tokenizer)
    if cut is not None:
        return lambda text: [token for line in text.split("\n") for token in cut(line.removesuffix("\r"))]
    if name == "characters":
        return lambda text: [character for character in text if not character.isspace()]
    return lambda text: [token for token in _BETWEEN.split(text) if token]
