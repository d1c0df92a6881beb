"""What a network is made of: reactions, events, stoichiometry as columns, and its first values."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import InputError
from stochos.reactions import _text

#: Counts are whole numbers that a double holds exactly.
LARGEST = 2.0**53
#: A count this near to a whole number is rounded to it.
NEAR = 1e-8
_log = logging.getLogger("stochos.reactions")


class Reaction(NamedTuple):
    """One reaction of a network.

    Attributes
    ----------
    name : str
    reactants, products : tuple of (species, count)
        What it takes and gives, each species once.
    law : str
        The propensity, or the constant of mass action.
    mass_action : bool
        Whether `law` is the constant that the network's convention multiplies by the amounts of the reactants.
    delay : str
        Time from the start of the reaction, when it takes its reactants, to its end, when its products come; computed
        at the start, from the state behind it. Empty for none.
    consumes : {"start", "end"}
        When a delayed reaction takes its reactants; at the end, it changes nothing if what it takes is gone by then.
    """

    name: str
    reactants: tuple[tuple[str, int], ...]
    products: tuple[tuple[str, int], ...]
    law: str
    mass_action: bool
    delay: str = ""
    consumes: str = "start"


class Event(NamedTuple):
    """Something that happens once its trigger becomes true.

    Attributes
    ----------
    trigger : str
        Condition in the rate language.
    assignments : tuple of (target, expression)
        New values of species and parameters; they, the delay and the priority may draw random numbers.
    delay : str
        Time from trigger to execution; empty for none.
    priority : str
        Of events that execute at one time, the one with the largest goes first; empty for none.
    initial_value : bool
        Value of the trigger just before the start; False lets an event fire at the start.
    persistent : bool
        Whether a triggered event still executes when its trigger becomes false again before.
    values_at_trigger : bool
        Whether the new values are computed when the event is triggered, not when it executes.
    name : str
    """

    trigger: str
    assignments: tuple[tuple[str, str], ...]
    delay: str = ""
    priority: str = ""
    initial_value: bool = True
    persistent: bool = True
    values_at_trigger: bool = True
    name: str = ""


@dataclasses.dataclass(frozen=True)
class Side:
    """One side of all reactions: for reaction r the entries start[r] to start[r + 1], species ascending."""

    start: NDArray[np.int64]
    species: NDArray[np.uint32]
    count: NDArray[np.int64]

    @classmethod
    def of(cls, rows: int, row: NDArray[np.int64], species: NDArray[np.int64], count: NDArray[np.int64]) -> Side:
        """Collect entries in any order; those of one species and row are added, zeros left out."""
        width = int(species.max(initial=0)) + 1
        key, place = np.unique(row * width + species, return_inverse=True)
        total = np.zeros(key.size, np.int64)
        np.add.at(total, place, count)
        key, total = key[total != 0], total[total != 0]
        start = np.searchsorted(key, np.arange(rows + 1, dtype=np.int64) * width).astype(np.int64)
        return cls(start, (key % width).astype(np.uint32), total)

    def rows(self) -> NDArray[np.int64]:
        """Reaction of each entry."""
        return np.repeat(np.arange(self.start.size - 1, dtype=np.int64), np.diff(self.start))

    def equals(self, other: Side) -> bool:
        """Whether both hold the same."""
        names = ("start", "species", "count")
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)


@dataclasses.dataclass
class Parts:
    """A network as a front end describes it; `initial` and `parameters` hold numbers or expressions."""

    initial: dict[str, float | str]
    parameters: dict[str, float | str]
    reactants: Side
    products: Side
    laws: list[str]
    mass_action: NDArray[np.bool_]
    names: list[str]
    fixed: frozenset[int] = frozenset()
    rules: dict[str, str] = dataclasses.field(default_factory=dict)
    events: list[Event] = dataclasses.field(default_factory=list)
    convention: str = "combinations"
    gated: bool = True
    name: str | None = None
    round_initial: bool = False
    notices: list[str] = dataclasses.field(default_factory=list)
    hint: str = ""
    #: The derivative by the time of each species and parameter that moves between reactions.
    rates: dict[str, str] = dataclasses.field(default_factory=dict)
    #: Of each delayed reaction: the delay, and whether its reactants are taken at its end.
    delays: dict[int, tuple[str, bool]] = dataclasses.field(default_factory=dict)
    #: What each trajectory computes at its start, since it draws or reads what is drawn; found by `first_values`.
    first: dict[str, str] = dataclasses.field(default_factory=dict)

    def note(self, where: str, text: str) -> None:
        """Keep a notice and log it once."""
        self.notices.append(text)
        _log.warning("[%s] %s", where, text)


def side(species: Mapping[str, int], entries: Sequence[Iterable[tuple[str, int]]]) -> Side:
    """Make one side of all reactions from (name, count) entries."""
    row = [(r, species[name], count) for r, entry in enumerate(entries) for name, count in entry]
    columns = np.array(row, np.int64).reshape(-1, 3)
    return Side.of(len(entries), columns[:, 0], columns[:, 1], columns[:, 2])


def _unique(where: str, parts: Parts) -> None:
    kinds: dict[str, str] = {}
    for kind, group in (("species", parts.initial), ("parameter", parts.parameters), ("rule", parts.rules)):
        for name in group:
            if not name or "`" in name:
                msg = f"[{where}] the {kind} name {name!r} cannot be used; a name is not empty and has no backquote"
                raise InputError(msg)
            if name == "time":
                msg = f"[{where}] the {kind} name 'time' is the time itself in the rate language; use another"
                raise InputError(msg)
            if name in kinds:
                msg = f"[{where}] the name {name!r} is both a {kinds[name]} and a {kind}; use each name once"
                raise InputError(msg)
            kinds[name] = kind
    if len(set(parts.names)) != len(parts.names):
        seen: set[str] = set()
        twice = next(name for name in parts.names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        msg = f"[{where}] the reaction name {twice!r} occurs twice; use each name once"
        raise InputError(msg)


def count(where: str, parts: Parts, name: str, number: float) -> float:
    """Return the count of a species at the start, rounded when it is near a whole number."""
    if not math.isfinite(number) or number < 0 or number > LARGEST:
        msg = f"[{where}] the initial amount of {name!r} is {number!r}; give a whole number from 0 to 2^53{parts.hint}"
        raise InputError(msg)
    near = float(round(number))
    if near == number:
        return near
    if abs(near - number) > NEAR * max(1.0, near) and not parts.round_initial:
        msg = (
            f"[{where}] the initial amount of {name!r} is {number!r}, which is not whole; "
            f"amounts are counts of molecules: round it, or pass round_initial=True{parts.hint}"
        )
        raise InputError(msg)
    parts.note(where, f"the initial amount of {name!r}, {number!r}, was rounded to {near:g}")
    return near


def _finite_amount(where: str, name: str, number: float) -> float:
    if not math.isfinite(number):
        msg = f"[{where}] the initial amount of {name!r} is {number!r}; give a finite number"
        raise InputError(msg)
    return number


def first_values(where: str, parts: Parts) -> tuple[dict[str, float], dict[str, float], dict[str, str]]:
    """Compute the first amounts, the parameters, and the rules in an order in which they can be computed.

    What each trajectory draws for itself is no number here, and stands in `parts.first`.

    Raises
    ------
    InputError
        A name is used twice, a value is no number or no count, an expression cannot be read, reads an unknown name,
        or they depend on each other in a circle.
    """
    _unique(where, parts)
    known: dict[str, float] = {}
    texts: dict[str, str] = {}
    for group, kind in ((parts.initial, "the initial amount of"), (parts.parameters, "the parameter")):
        for name, given in group.items():
            if isinstance(given, str):
                texts[name] = given
            elif isinstance(given, bool) or not hasattr(given, "__float__"):
                msg = f"[{where}] {kind} {name!r} is {given!r} of type {type(given).__name__}; give a number"
                raise InputError(msg)
            else:
                known[name] = _checks.floating(given)
                if not math.isfinite(known[name]):
                    msg = f"[{where}] {kind} {name!r} is {known[name]!r}; give a finite number"
                    raise InputError(msg)
    reads = {name: _text.names(text) for name, text in {**texts, **parts.rules}.items()}
    order = _text.ordered(where, "rules and initial values", reads) if reads else []
    # A rule counts here only as far as an initial value needs it.
    needed: set[str] = set()
    for name in reversed(order):
        if name in texts or name in needed:
            needed.update(reads[name])
    drawn: set[str] = set()
    parts.first = {}
    for name in order:
        if (name in texts and _text.draws(texts[name])) or drawn & reads[name]:
            drawn.add(name)
            if name in texts:
                parts.first[name] = texts[name]
                known[name] = math.nan
        elif name in texts or name in needed:
            what = f"the rule for {name!r}" if name in parts.rules else f"the value of {name!r}"
            known[name] = _text.value(where, what, texts[name] if name in texts else parts.rules[name], known)
    for name, text in parts.first.items():
        what = f"the first value of {name!r}"
        unknown = sorted(
            set(_text.expression(where, what, text).names()) - known.keys() - parts.rules.keys() - {"time"}
        )
        if unknown:
            msg = f"[{where}] {what} is {_text.shown(text)}, which reads {unknown[0]!r}; no value is known for it"
            raise InputError(msg)
    for name in parts.parameters:
        if not math.isfinite(known[name]) and name not in drawn:
            msg = f"[{where}] the parameter {name!r} = {texts[name]} is {known[name]!r}; give a finite number"
            raise InputError(msg)
    amounts = {}
    for name in parts.initial:
        if name in drawn:
            amounts[name] = math.nan
        elif name in parts.rates:  # no count of molecules
            amounts[name] = _finite_amount(where, name, known[name])
        else:
            amounts[name] = count(where, parts, name, known[name])
    return (
        amounts,
        {name: known[name] for name in parts.parameters},
        {n: parts.rules[n] for n in order if n in parts.rules},
    )


def check_symbols(where: str, parts: Parts) -> None:
    """Refuse a law, rule or event that cannot be read, reads an unknown name, or sets what cannot be set."""
    known = parts.initial.keys() | parts.parameters.keys() | parts.rules.keys()
    checked: set[str] = set()

    def check(what: str, text: str, *, may_draw: bool = False) -> None:
        if not may_draw and _text.draws(text):
            msg = (
                f"[{where}] {what}, {_text.shown(text)}, draws random numbers; only initial values, the values, delays "
                "and priorities of events, and the delays of reactions may"
            )
            raise InputError(msg)
        if text in checked or _text.is_number(text):
            return
        checked.add(text)
        unknown = sorted(set(_text.expression(where, what, text).names()) - known - {"time"})
        if unknown:
            msg = f"[{where}] {what}, {_text.shown(text)}, reads {unknown[0]!r}, which is no species, parameter or rule"
            raise InputError(msg)

    for law, name in zip(parts.laws, parts.names, strict=True):
        if law not in checked:
            check(f"the law of reaction {name!r}", law)
    for r, (text, _) in parts.delays.items():
        check(f"the delay of reaction {parts.names[r]!r}", text, may_draw=True)
    for name, text in parts.rules.items():
        check(f"the rule for {name!r}", text)
    settable = parts.initial.keys() | parts.parameters.keys()
    for name, text in parts.rates.items():
        if name not in settable:
            why = "is computed by a rule" if name in parts.rules else "is no species or parameter"
            msg = f"[{where}] rates has {name!r}, which {why}; only a species or parameter can have a rate"
            raise InputError(msg)
        check(f"the rate of {name!r}", text)
    for i, event in enumerate(parts.events):
        what = f"event {event.name or i + 1!r}"
        check(f"the trigger of {what}", event.trigger)
        for part, text in (("delay", event.delay), ("priority", event.priority)):
            if text:
                check(f"the {part} of {what}", text, may_draw=True)
        targets = [target for target, _ in event.assignments]
        if not targets:
            msg = f"[{where}] {what} assigns nothing; give it an assignment like 'X = 10'"
            raise InputError(msg)
        for target, text in event.assignments:
            if target not in settable or targets.count(target) > 1:
                why = "twice" if target in settable else "which is no species or parameter"
                msg = f"[{where}] {what} sets {target!r}, {why}; name each target once"
                raise InputError(msg)
            check(f"the value that {what} gives {target!r}", text, may_draw=True)
