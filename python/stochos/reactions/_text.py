"""Text of the rate language as the networks handle it: its names, splitting, renaming, ordering, values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stochos import _core
from stochos.errors import InputError

#: Names that the language uses itself; a species or parameter of such a name is written in backquotes.
RESERVED = frozenset(
    {
        "pi",
        "e",
        "and",
        "or",
        "not",
        "true",
        "false",
        "time",
        "piecewise",
        "if",
        "min",
        "max",
        "abs",
        "exp",
        "log",
        "ln",
        "log10",
        "log2",
        "sqrt",
        "pow",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "atan2",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "floor",
        "ceil",
        "round",
        "sign",
        "factorial",
        "hill",
        "heaviside",
    }
)
#: Functions of the language that draw a random number.
DRAWS = frozenset(
    {
        "uniform",
        "normal",
        "exponential",
        "gamma",
        "poisson",
        "binomial",
        "bernoulli",
        "cauchy",
        "chisquare",
        "laplace",
        "lognormal",
        "rayleigh",
        "weibull",
        "beta",
    }
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_TOKEN = re.compile(
    r"`(?P<quoted>[^`]+)`|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<call>\s*\()?"
)
_NUMBER = re.compile(r"\s*[+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*\Z", re.ASCII)  # what float() reads
_SELF = frozenset({"and", "or", "not", "true", "false", "time"})
#: Longest text that is looked at: the limit of the language itself.
LONGEST = 1_000_000


def quote(name: str) -> str:
    """Return `name` as the language writes it: plain, or in backquotes."""
    return name if _PLAIN.match(name) and name not in RESERVED else f"`{name}`"


def unquote(text: str) -> str:
    """Return the name that `text` writes."""
    text = text.strip()
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] == "`" else text


def is_number(text: str) -> bool:
    """Whether the text is one plain number."""
    return bool(_NUMBER.match(text))


def is_name(text: str) -> bool:
    """Whether the text is one name, plain or in backquotes."""
    text = text.strip()
    return bool(_PLAIN.match(text)) or (len(text) > 2 and text[0] == text[-1] == "`" and "`" not in text[1:-1])


def names(text: str) -> set[str]:
    """Names of the quantities that an expression reads; functions, constants of the language and `time` are none."""
    found = set()
    for match in _TOKEN.finditer(text):
        if match["quoted"]:
            found.add(match["quoted"])
        elif match["name"] and not match["call"] and match["name"] not in _SELF:
            found.add(match["name"])
    return found


def draws(text: str) -> bool:
    """Whether the expression draws random numbers."""
    return "(" in text and any(match["call"] and match["name"] in DRAWS for match in _TOKEN.finditer(text))


def renamed(text: str, change: Callable[[str], str]) -> str:
    """Return the expression with each name it reads replaced by the text `change` gives for it."""

    def one(match: re.Match[str]) -> str:
        if match["quoted"]:
            return change(match["quoted"])
        if match["name"] and not match["call"] and match["name"] not in _SELF:
            return change(match["name"])
        return match[0]

    return _TOKEN.sub(one, text)


def split(text: str, mark: str) -> list[str]:
    """Split at a mark that stands outside brackets and backquotes."""
    parts, depth, quoted, begin, at = [], 0, False, 0, 0
    while at < len(text):
        character = text[at]
        if character == "`":
            quoted = not quoted
        elif not quoted:
            if depth == 0 and text.startswith(mark, at):
                parts.append(text[begin:at])
                at += len(mark)
                begin = at
                continue
            depth += (character in "([") - (character in ")]")
        at += 1
    parts.append(text[begin:])
    return parts


def value(where: str, what: str, text: str, known: Mapping[str, float]) -> float:
    """Evaluate an expression; `what` names it in the error.

    Raises
    ------
    InputError
        The text is no expression, or reads a name without a value.
    """
    if is_number(text):
        return float(text)
    plain = unquote(text) if is_name(text) else None
    if plain is not None and plain in known:
        return known[plain]
    parsed = expression(where, what, text)
    used: dict[str, Any] = {name: known[name] for name in parsed.names() if name in known}
    missing = sorted(set(parsed.names()) - used.keys() - {"time"})
    if missing:
        msg = f"[{where}] {what} is {shown(text)}, which reads {missing[0]!r}; no value is known for it"
        raise InputError(msg)
    try:
        if "time" in parsed.names():
            used["time"] = 0.0
        return float(parsed.evaluate(used))
    except ValueError as error:
        msg = f"[{where}] {what} is {shown(text)}: {error}"
        raise InputError(msg) from error


def expression(where: str, what: str, text: str) -> _core.Expression:
    """Parse an expression.

    Raises
    ------
    InputError
        The text does not follow the language.
    """
    try:
        return _core.Expression(text)
    except ValueError as error:
        msg = f"[{where}] {what} cannot be read: {error}"
        raise InputError(msg) from error


def shown(text: str) -> str:
    """Return the text, cut where it is too long for a message."""
    return repr(text if len(text) <= 120 else text[:117] + "...")


def ordered(where: str, what: str, reads: Mapping[str, Iterable[str]]) -> list[str]:
    """Order names so that each comes after those it reads; names that are no key of `reads` are left out.

    Raises
    ------
    InputError
        They read each other in a circle, which the message shows.
    """
    done: list[str] = []
    state: dict[str, int] = {}
    for start in reads:
        if start in state:
            continue
        state[start] = 1
        path = [(start, iter(sorted(reads[start])))]
        while path:
            name, rest = path[-1]
            for other in rest:
                if other not in reads:
                    continue
                if state.get(other) == 1:
                    circle = [entry[0] for entry in path]
                    text = " -> ".join([*circle[circle.index(other) :], other])
                    msg = f"[{where}] {what} depend on each other in a circle: {text}; break it"
                    raise InputError(msg)
                if other not in state:
                    state[other] = 1
                    path.append((other, iter(sorted(reads[other]))))
                    break
            else:
                state[name] = 2
                done.append(name)
                path.pop()
    return done
