"""Reactions and events as a person writes them in Python."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from stochos.errors import InputError, InputTypeError
from stochos.reactions import _text
from stochos.reactions._parts import Event, Reaction

_TERM = re.compile(r"\s*(?:(?P<count>[0-9]{1,20})\s*+(?:\*\s*+)?)?(?P<name>`[^`]+`|[A-Za-z_][A-Za-z0-9_]*)\s*\Z")
_NOTHING = frozenset({"", "0", "∅"})
#: More of one species in one reaction than any model needs.
_MOST = 10**9


def _terms(where: str, text: str, side: str) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    if side.strip() in _NOTHING:
        return ()
    for part in _text.split(side, "+"):
        match = _TERM.match(part)
        number = int(match["count"] or 1) if match else 0
        if not match or not 1 <= number <= _MOST:
            msg = (
                f"[{where}] {_text.shown(part.strip())} in the reaction {_text.shown(text)} is no species with a whole "
                "number before it; write 'A + 2 B -> C @ k', a name with other characters in backquotes"
            )
            raise InputError(msg)
        name = _text.unquote(match["name"])
        counts[name] = counts.get(name, 0) + number
    return tuple(counts.items())


def reactions(where: str, text: object, number: int, constants: Collection[str]) -> list[Reaction]:
    """Read one reaction; a reversible one gives two. `constants` are the names that alone mean mass action.

    Raises
    ------
    InputError, InputTypeError
        The text does not follow the form; the message shows it.
    """
    if not isinstance(text, str):
        msg = f"[{where}] reaction {number} is {text!r} of type {type(text).__name__}; give text like 'S -> P @ k'"
        raise InputTypeError(msg)
    whole, *settings = _text.split(text, ";")
    delay, consumes = _settings(where, text, settings)
    body, *laws = _text.split(whole, "@")
    if len(laws) != 1:
        msg = f"[{where}] the reaction {_text.shown(text)} has {len(laws)} '@'; write 'A + B -> C @ law'"
        raise InputError(msg)
    head, *rest = _text.split(body, ":")
    name = _text.unquote(head) if rest else f"R{number}"
    equation = ":".join(rest) if rest else body
    reversible = len(_text.split(equation, "<->")) == 2
    sides = _text.split(equation, "<->" if reversible else "->")
    if len(sides) != 2 or not name:
        msg = (
            f"[{where}] the reaction {_text.shown(text)} needs one arrow; write 'A + B -> C @ k' or 'A <-> B @ kf, kb'"
        )
        raise InputError(msg)
    left, right = (_terms(where, text, side) for side in sides)
    parts = [part.strip() for part in _text.split(laws[0], ",")]
    if len(parts) != 1 + reversible or not all(parts):
        msg = f"[{where}] the reaction {_text.shown(text)} has {sum(map(bool, parts))} laws; give {1 + reversible}"
        raise InputError(msg)

    def one(name: str, a: tuple[tuple[str, int], ...], b: tuple[tuple[str, int], ...], law: str) -> Reaction:
        alone = _text.is_number(law) or (_text.is_name(law) and _text.unquote(law) in constants)
        return Reaction(name, a, b, law, alone, delay, consumes)

    if reversible and delay:
        msg = f"[{where}] the reaction {_text.shown(text)} is reversible and has a delay; write it as two reactions"
        raise InputError(msg)
    found = [one(name, left, right, parts[0])]
    if reversible:
        found.append(one(f"{name}_reverse", right, left, parts[1]))
    return found


def _settings(where: str, text: str, settings: Sequence[str]) -> tuple[str, str]:
    """Read what stands behind the law: 'delay = ...', 'consumes = end'."""
    given: dict[str, str] = {}
    for setting in settings:
        name, _, value = (part.strip() for part in setting.partition("="))
        known = name in ("delay", "consumes") and value and name not in given
        if not known or (name == "consumes" and value not in ("start", "end")):
            msg = (
                f"[{where}] {setting.strip()!r} in the reaction {_text.shown(text)} is no setting of a reaction; write "
                "'; delay = 5' or '; delay = gamma(3, 2); consumes = end', each once"
            )
            raise InputError(msg)
        given[name] = value
    if "consumes" in given and "delay" not in given:
        msg = f"[{where}] the reaction {_text.shown(text)} has 'consumes' without a delay; give '; delay = ...'"
        raise InputError(msg)
    return given.get("delay", ""), given.get("consumes", "start")


def event(where: str, given: object) -> Event:
    """Read an event: an Event, a mapping of its fields, or text like 'time >= 25: P = 100, Q = 0'.

    Raises
    ------
    InputError, InputTypeError
        It does not follow the form; the message shows it.
    """
    if isinstance(given, Event):
        return given
    if isinstance(given, Mapping):
        fields = dict(given)
        unknown = [name for name in fields if name not in Event._fields]
        if unknown or "trigger" not in fields or "assignments" not in fields:
            what = f"has the field {unknown[0]!r}" if unknown else "lacks 'trigger' or 'assignments'"
            msg = f"[{where}] an event {what}; it takes {', '.join(Event._fields)}"
            raise InputError(msg)
        targets = fields.pop("assignments")
        pairs = targets.items() if isinstance(targets, Mapping) else _assignments(where, str(targets))
        for name in ("trigger", "delay", "priority"):
            fields[name] = str(fields.get(name, ""))
        return Event(assignments=tuple((str(k), str(v)) for k, v in pairs), **fields)
    if not isinstance(given, str):
        msg = f"[{where}] an event is of type {type(given).__name__}; give text like 'time >= 25: P = 100'"
        raise InputTypeError(msg)
    trigger, *rest = _text.split(given, ":")
    if len(rest) != 1 or not trigger.strip():
        msg = f"[{where}] the event {_text.shown(given)} needs one ':'; write 'time >= 25: P = 100, Q = 0'"
        raise InputError(msg)
    return Event(trigger.strip(), tuple(_assignments(where, rest[0])))


def _assignments(where: str, text: str) -> Sequence[tuple[str, str]]:
    pairs = []
    for part in _text.split(text, ","):
        target, mark, expression = part.partition("=")
        if not mark or not _text.is_name(target) or not expression.strip():
            msg = f"[{where}] {part.strip()!r} is no assignment of an event; write 'X = expression'"
            raise InputError(msg)
        pairs.append((_text.unquote(target), expression.strip()))
    return pairs
