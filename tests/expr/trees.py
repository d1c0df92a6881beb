"""Expression trees with their value in plain Python floats: what the core's values are compared with."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

NAMES = {"x": 3.0, "y": -0.75, "k1": 0.1, "lambda": 2.5, "in": 7.0, "E": 1e-3, "two words": 12.0, "µ": -2.0}


@dataclass(frozen=True)
class Tree:
    """One way of writing an expression, with as many parentheses as chance put in, and its value."""

    text: str
    value: float
    level: int  # how tightly it binds: 9 for what never needs parentheses

    def at(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"


def quotient(a: float, b: float) -> float:
    """IEEE division, which Python itself refuses for a zero."""
    if b != 0 or math.isnan(b):
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def truth(f: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda a, b: 1.0 if f(a, b) else 0.0


# sign: (function, own level, least level on the left, on the right)
BINARY: dict[str, tuple[Callable[[float, float], float], int, int, int]] = {
    "+": (operator.add, 5, 5, 6),
    "-": (operator.sub, 5, 5, 6),
    "*": (operator.mul, 6, 6, 7),
    "/": (quotient, 6, 6, 7),
    "<": (truth(operator.lt), 4, 5, 5),
    "<=": (truth(operator.le), 4, 5, 5),
    ">": (truth(operator.gt), 4, 5, 5),
    ">=": (truth(operator.ge), 4, 5, 5),
    "==": (truth(operator.eq), 4, 5, 5),
    "!=": (truth(operator.ne), 4, 5, 5),
    "and": (truth(lambda a, b: a != 0 and b != 0), 2, 2, 3),
    "or": (truth(lambda a, b: a != 0 or b != 0), 1, 1, 2),
}


def number(value: float) -> Tree:
    return Tree(repr(value), value, 9 if math.copysign(1, value) > 0 else 7)


def name(text: str) -> Tree:
    plain = text.isascii() and text.isidentifier()
    return Tree(text if plain else f"`{text}`", NAMES[text], 9)


def joined(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    def binary(sign: str, a: Tree, b: Tree) -> Tree:
        f, level, left, right = BINARY[sign]
        return Tree(f"{a.at(left)} {sign} {b.at(right)}", f(a.value, b.value), level)

    def chosen(c: Tree, a: Tree, b: Tree, form: bool) -> Tree:
        value = a.value if c.value != 0 else b.value
        text = f"if({c.text}, {a.text}, {b.text})" if form else f"piecewise({a.text}, {c.text}, {b.text})"
        return Tree(text, value, 9)

    return st.one_of(
        st.builds(binary, st.sampled_from(sorted(BINARY)), children, children),
        children.map(lambda a: Tree(f"-{a.at(7)}", -a.value, 7)),
        children.map(lambda a: Tree(f"not {a.at(3)}", 0.0 if a.value != 0 else 1.0, 3)),
        children.map(lambda a: Tree(f"!{a.at(7)}", 0.0 if a.value != 0 else 1.0, 7)),
        children.map(lambda a: Tree(f"({a.text})", a.value, 9)),
        children.map(lambda a: Tree(f"abs({a.text})", abs(a.value), 9)),
        st.builds(chosen, children, children, children, st.booleans()),
    )


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 1.0, 2.0, 0.5, 10.0, 100.0])
LEAVES = NUMBERS.map(number) | st.sampled_from(sorted(NAMES)).map(name)
TREES = st.recursive(LEAVES, joined, max_leaves=25)
