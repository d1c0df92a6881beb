"""MathML, as libsbml holds it, written in the rate language; function definitions are put in place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from stochos.errors import InputError
from stochos.reactions import _text

#: Nesting of the mathematics, calls of function definitions included.
_DEEPEST = 200
_OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _SIGN, _POWER, _ATOM = range(1, 10)
_COMPARISONS = {"EQ": "==", "NEQ": "!=", "LT": "<", "LEQ": "<=", "GT": ">", "GEQ": ">="}
_PLAIN_CALLS = {
    "ABS": "abs", "EXP": "exp", "LN": "log", "FLOOR": "floor", "CEILING": "ceil", "FACTORIAL": "factorial",
    "SIN": "sin", "COS": "cos", "TAN": "tan", "ARCSIN": "asin", "ARCCOS": "acos", "ARCTAN": "atan", "SINH": "sinh",
    "COSH": "cosh", "TANH": "tanh", "ARCSINH": "asinh", "ARCCOSH": "acosh", "ARCTANH": "atanh", "MAX": "max",
    "MIN": "min",
}  # fmt: skip
#: Functions that are the reciprocal of one above, or its inverse at the reciprocal.
_RECIPROCAL = {"SEC": "cos", "CSC": "sin", "COT": "tan", "SECH": "cosh", "CSCH": "sinh", "COTH": "tanh"}
_INVERSE = {f"ARC{name}": f"a{below}" for name, below in _RECIPROCAL.items()}
_NAMED = {"DELAY": "delays", "RATE_OF": "rates of change (rateOf)"}

#: Operations that are written with an argument at more than one place.
_TWICE = frozenset({"FUNCTION_QUOTIENT", "FUNCTION_REM", "LOGICAL_XOR"})
#: An infinite number in the rate language, by whether it is negative.
INFINITE = {False: "(1/0)", True: "(-1/0)"}

Lookup = Callable[[str], str]


class Writer:
    """Writes mathematics in the rate language.

    Parameters
    ----------
    libsbml : module
    where : str
        Function to name in errors.
    lookup : callable
        Text for an identifier; raises where there is none.
    """

    def __init__(self, libsbml: Any, where: str, lookup: Lookup) -> None:
        self._where = where
        self._lookup = lookup
        self._functions: dict[str, Any] = {}
        self._made: dict[tuple[str, tuple[str, ...]], tuple[str, int]] = {}
        # AST_FUNCTION_MAX and others are known by their name without the prefix.
        self._kinds = {
            getattr(libsbml, name): name.removeprefix("AST_") for name in dir(libsbml) if name.startswith("AST_")
        }

    def define(self, name: str, definition: Any) -> None:
        """Add a function definition."""
        self._functions[name] = definition

    def write(self, node: Any, what: str, local: Mapping[str, str] | None = None) -> str:
        """Return the text of an expression; `what` names it in errors, `local` holds names of its own.

        Raises
        ------
        InputError
            It uses what the language does not have, names it, or is too deep or too long.
        """
        return self._node(node, what, self._scope(local), 0)[0]

    def split(self, node: Any, what: str, local: Mapping[str, str] | None = None) -> tuple[str, str] | None:
        """Split the law of a reversible reaction at the minus at its top; None where there is none."""
        found = self._split(node, what, self._scope(local), 0)
        return found and (found[0][0], found[1][0])

    def _scope(self, local: Mapping[str, str] | None) -> Lookup:
        return (lambda name: local[name] if name in local else self._lookup(name)) if local else self._lookup

    def _refuse(self, what: str, text: str) -> NoReturn:
        msg = f"[{self._where}] {what} {text}"
        raise InputError(msg)

    def _call(self, node: Any, what: str, scope: Lookup, depth: int) -> tuple[Any, Lookup, tuple[str, ...]]:
        """Return the body of a called function definition, the scope of its arguments, and these."""
        name = node.getName()
        definition = self._functions.get(name)
        if definition is None or definition.getBody() is None:
            self._refuse(what, f"calls the function {name!r}, which is not defined")
        wanted = definition.getNumArguments()
        if wanted != node.getNumChildren():
            self._refuse(what, f"calls {name!r} with {node.getNumChildren()} arguments; it takes {wanted}")
        texts = tuple(_held(self._node(node.getChild(i), what, scope, depth + 1), _ATOM) for i in range(wanted))
        given = {definition.getArgument(i).getName(): text for i, text in enumerate(texts)}
        drawn: set[str] = set()

        def inside(symbol: str) -> str:
            if symbol not in given:
                self._refuse(what, f"calls {name!r}, which reads {symbol!r}; that is no argument of it")
            if _text.draws(given[symbol]):
                if symbol in drawn:
                    self._refuse(what, f"gives {name!r} a random number that it reads twice; not supported")
                drawn.add(symbol)
            return given[symbol]

        return definition.getBody(), inside, texts

    def _split(self, node: Any, what: str, scope: Lookup, depth: int) -> tuple[tuple[str, int], tuple[str, int]] | None:
        if depth > _DEEPEST or node is None:
            return None
        kind = self._kinds.get(node.getType(), "")
        size = node.getNumChildren()
        if kind == "MINUS" and size == 2:
            return self._node(node.getChild(0), what, scope, depth), self._node(node.getChild(1), what, scope, depth)
        if kind == "FUNCTION":
            body, inside, _ = self._call(node, what, scope, depth)
            return self._split(body, what, inside, depth + 1)
        if kind == "TIMES" or (kind == "DIVIDE" and size == 2):
            # A factor or divisor in front of the difference goes to both halves.
            for i in range(size if kind == "TIMES" else 1):
                halves = self._split(node.getChild(i), what, scope, depth + 1)
                if halves:
                    rest = [self._node(node.getChild(j), what, scope, depth + 1) for j in range(size) if j != i]
                    texts = [_held(one, _MULTIPLY + (kind == "DIVIDE")) for one in rest]
                    mark = "*" if kind == "TIMES" else "/"
                    a, b = (("".join([_held(h, _MULTIPLY), *(mark + t for t in texts)]), _MULTIPLY) for h in halves)
                    return a, b
        return None

    def _node(self, node: Any, what: str, scope: Lookup, depth: int) -> tuple[str, int]:
        """Return the text of a node, and how tightly it holds together."""
        if node is None:
            self._refuse(what, "has no mathematics")
        if depth > _DEEPEST:
            self._refuse(what, f"is nested deeper than {_DEEPEST} levels")
        kind = self._kinds.get(node.getType(), "UNKNOWN")
        leaf = self._leaf(node, kind, what, scope)
        if leaf:
            return leaf
        if kind == "FUNCTION":
            body, inside, texts = self._call(node, what, scope, depth)
            key = (node.getName(), texts)
            # Kept, so that functions that call each other twice take no exponential time.
            if key not in self._made:
                self._made[key] = self._node(body, what, inside, depth + 1)
            return self._made[key]
        if kind.startswith("DISTRIB_"):
            return self._draw(node, kind, what, scope, depth)
        parts = [self._node(node.getChild(i), what, scope, depth + 1) for i in range(node.getNumChildren())]
        if kind in _TWICE or (kind.startswith("RELATIONAL_") and len(parts) > 2):
            # It is written with an argument at two places, which would be two numbers.
            for text, _ in parts:
                if _text.draws(text):
                    self._refuse(what, f"has the random number {_text.shown(text)} in {kind.lower()!r}; not supported")
        found = self._operation(kind, parts) or self._function(kind.removeprefix("FUNCTION_"), parts)
        if found is None:
            name = kind.removeprefix("FUNCTION_")
            feature = _NAMED.get(name) or f"{(node.getName() or name.lower())!r} with {len(parts)} arguments"
            self._refuse(what, f"uses {feature}, which is not supported")
        if len(found[0]) > _text.LONGEST:
            self._refuse(what, f"is longer than {_text.LONGEST:,} characters")
        return found

    def _draw(self, node: Any, kind: str, what: str, scope: Lookup, depth: int) -> tuple[str, int]:
        """Write a draw of the distrib package; its functions and their arguments are those of the language."""
        name = kind.removeprefix("DISTRIB_FUNCTION_").lower()
        if name not in _text.DRAWS:
            self._refuse(what, f"uses the distribution {name!r} of the distrib package, which is not supported")
        children = [node.getChild(i) for i in range(node.getNumChildren())]
        texts = [self._infinite(child) or self._node(child, what, scope, depth + 1)[0] for child in children]
        return f"{name}({', '.join(texts)})", _ATOM

    def _infinite(self, node: Any) -> str:
        """Return the text of an infinite bound; empty for any other number."""
        kind = self._kinds.get(node.getType(), "")
        if kind == "MINUS" and node.getNumChildren() == 1:
            inner = self._infinite(node.getChild(0))
            return inner and INFINITE[inner == INFINITE[False]]
        if kind in ("REAL", "REAL_E") and abs(node.getReal()) == float("inf"):
            return INFINITE[node.getReal() < 0]
        return ""

    def _leaf(self, node: Any, kind: str, what: str, scope: Lookup) -> tuple[str, int] | None:
        if kind == "INTEGER":
            return _number(float(node.getInteger()))
        if kind in ("REAL", "REAL_E"):
            number = float(node.getReal())
            if number != number or abs(number) == float("inf"):
                self._refuse(what, f"holds the number {number!r}")
            return _number(number)
        if kind == "RATIONAL":
            return f"{node.getNumerator()}/{node.getDenominator()}", _MULTIPLY
        if kind == "NAME":
            try:
                return scope(node.getName()), _ATOM
            except KeyError:
                text = f"reads {node.getName()!r}, which is no species, parameter or compartment"
                self._refuse(what, text)
        return {
            "NAME_TIME": ("time", _ATOM),
            "NAME_AVOGADRO": ("6.02214179e23", _ATOM),
            "CONSTANT_PI": ("3.141592653589793", _ATOM),
            "CONSTANT_E": ("2.718281828459045", _ATOM),
            "CONSTANT_TRUE": ("true", _ATOM),
            "CONSTANT_FALSE": ("false", _ATOM),
        }.get(kind)

    def _operation(self, kind: str, parts: list[tuple[str, int]]) -> tuple[str, int] | None:
        size = len(parts)
        if kind == "PLUS":
            return (" + ".join(_held(p, _ADD) for p in parts), _ADD) if size > 1 else (parts or [("0", _ATOM)])[0]
        if kind == "TIMES":
            return (
                ("*".join(_held(p, _MULTIPLY) for p in parts), _MULTIPLY) if size > 1 else (parts or [("1", _ATOM)])[0]
            )
        if kind == "MINUS" and size == 1:
            return "-" + _held(parts[0], _POWER), _COMPARE
        if kind == "MINUS" and size == 2:
            return f"{_held(parts[0], _ADD)} - {_held(parts[1], _MULTIPLY)}", _ADD
        if kind == "DIVIDE" and size == 2:
            return f"{_held(parts[0], _MULTIPLY)}/{_held(parts[1], _SIGN)}", _MULTIPLY
        if kind in ("POWER", "FUNCTION_POWER") and size == 2:
            return f"{_held(parts[0], _ATOM)}^{_held(parts[1], _ATOM)}", _POWER
        if kind.startswith("RELATIONAL_") and (size == 2 or (size > 2 and not kind.endswith("NEQ"))):
            mark = _COMPARISONS[kind.removeprefix("RELATIONAL_")]
            pairs = [f"{_held(a, _ADD)} {mark} {_held(b, _ADD)}" for a, b in itertools.pairwise(parts)]
            return (pairs[0], _COMPARE) if len(pairs) == 1 else (" and ".join(pairs), _AND)
        if kind == "LOGICAL_AND":
            return (" and ".join(_held(p, _NOT) for p in parts) or "true", _AND if parts else _ATOM)
        if kind == "LOGICAL_OR":
            return (" or ".join(_held(p, _AND) for p in parts) or "false", _OR if parts else _ATOM)
        if kind == "LOGICAL_NOT" and size == 1:
            return f"not {_held(parts[0], _ATOM)}", _NOT
        if kind == "LOGICAL_IMPLIES" and size == 2:
            return f"not {_held(parts[0], _ATOM)} or {_held(parts[1], _AND)}", _OR
        if kind == "LOGICAL_XOR" and size == 2:
            a, b = (_held(p, _ATOM) for p in parts)
            return f"({a} or {b}) and not ({a} and {b})", _AND
        return None

    def _function(self, name: str, parts: list[tuple[str, int]]) -> tuple[str, int] | None:
        texts = [text for text, _ in parts]
        size = len(parts)
        if name == "PIECEWISE" and size:
            return (f"piecewise({', '.join(texts)})", _ATOM) if size > 1 else parts[0]
        if name in _PLAIN_CALLS and (size == 1 or (size > 1 and name in ("MIN", "MAX"))):
            return f"{_PLAIN_CALLS[name]}({', '.join(texts)})", _ATOM
        if name in _RECIPROCAL and size == 1:
            return f"1/{_RECIPROCAL[name]}({texts[0]})", _MULTIPLY
        if name in _INVERSE and size == 1:
            return f"{_INVERSE[name]}(1/{_held(parts[0], _SIGN)})", _ATOM
        if name == "LOG" and size == 2:
            if texts[0] == "10":
                return f"log10({texts[1]})", _ATOM
            return f"log({texts[1]})/log({texts[0]})", _MULTIPLY
        if name == "ROOT" and size == 2:
            if texts[0] == "2":
                return f"sqrt({texts[1]})", _ATOM
            return f"{_held(parts[1], _ATOM)}^(1/{_held(parts[0], _SIGN)})", _POWER
        if name in ("QUOTIENT", "REM") and size == 2:
            ratio = f"{_held(parts[0], _MULTIPLY)}/{_held(parts[1], _SIGN)}"
            whole = f"piecewise(floor({ratio}), {ratio} >= 0, ceil({ratio}))"
            return (
                (whole, _ATOM)
                if name == "QUOTIENT"
                else (f"{_held(parts[0], _ADD)} - {_held(parts[1], _ATOM)}*{whole}", _ADD)
            )
        return None


def _held(part: tuple[str, int], level: int) -> str:
    return part[0] if part[1] >= level else f"({part[0]})"


def _number(number: float) -> tuple[str, int]:
    text = repr(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
    return text, _ATOM if number >= 0 and not text.startswith("-") else _COMPARE
