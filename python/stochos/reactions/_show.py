"""A network as text for a person."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stochos.reactions import _build, _text

if TYPE_CHECKING:
    from stochos.reactions.network import Network

#: Entries of each kind that are shown.
_SHOWN = 60
MEANING = {
    "combinations": "a law of one number or parameter c is c times the combinations of the reactants: 2 A at c has "
    "the propensity c*A*(A-1)/2",
    "powers": "a law of one number or parameter k is k times the falling powers of the reactants: 2 A at k has the "
    "propensity k*A*(A-1)",
}


def _cut(lines: list[str], total: int) -> list[str]:
    return lines if total <= _SHOWN else [*lines, f"  ... and {total - _SHOWN:,} more"]


def _pairs(values: dict[str, float], first: dict[str, str]) -> list[str]:
    some = [
        f"  {_text.quote(name)} = "
        + (f"{first[name]}, anew in each trajectory" if name in first else repr(number).removesuffix(".0"))
        for name, number in list(values.items())[:_SHOWN]
    ]
    return _cut(some, len(values))


def _side(entries: tuple[tuple[str, int], ...]) -> str:
    return " + ".join(f"{n} {_text.quote(s)}" if n > 1 else _text.quote(s) for s, n in entries)


def reactions(net: Network) -> Iterator[tuple[str, str]]:
    """Yield each reaction as it is written, with its propensity where that follows from mass action."""
    names = list(net.initial)
    for r in range(len(net._parts.laws)):
        one = net._reaction(r, names)
        arrow = f"{_text.quote(one.name)}: {_side(one.reactants)} -> {_side(one.products)}".replace(":  ->", ": ->")
        law = f"{one.law}; delay = {one.delay}" if one.delay else one.law
        law += "; consumes = end" if one.consumes == "end" else ""
        rate = _build.propensity(one.law, list(one.reactants), net.convention) if one.mass_action else ""
        yield f"{arrow.rstrip()} @ {law}", rate


def text(net: Network) -> str:
    """Write the whole network: convention, species, parameters, rules, reactions with propensities, events, notices."""
    species = net.initial
    fixed = net.fixed
    parts = net._parts
    lines = [repr(net)[1:-1], f"convention {net.convention!r}: {MEANING[net.convention]}"]
    if not parts.gated:
        lines.append("laws are taken literally, also where reactants are missing")
    lines += ["species", *_pairs(species, parts.first)]
    if fixed:
        lines.append("fixed: " + ", ".join(_text.quote(name) for name in species if name in fixed))
    if net.parameters:
        lines += ["parameters", *_pairs(net.parameters, parts.first)]
    if net.rules:
        rules = [f"  {_text.quote(name)} = {rule}" for name, rule in list(net.rules.items())[:_SHOWN]]
        lines += ["rules", *_cut(rules, len(net.rules))]
    if net.rates:
        rates = [f"  d {_text.quote(name)}/d time = {rate}" for name, rate in list(net.rates.items())[:_SHOWN]]
        lines += ["rates", *_cut(rates, len(net.rates))]
    lines.append("reactions")
    some = (f"  {reaction}" + (f"    propensity {law}" if law else "") for reaction, law in reactions(net))
    lines += _cut(list(itertools.islice(some, _SHOWN)), len(parts.laws))
    if net.events:
        lines.append("events")
    for event in net.events:
        name = f"{event.name}: " if event.name else ""
        options = [f"delay {event.delay}"] if event.delay else []
        options += [f"priority {event.priority}"] if event.priority else []
        options += [] if event.initial_value else ["may fire at the start"]
        options += [] if event.persistent else ["not persistent"]
        options += [] if event.values_at_trigger else ["values at execution"]
        values = ", ".join(f"{_text.quote(target)} = {value}" for target, value in event.assignments)
        lines.append(f"  {name}when {event.trigger}: {values}" + (f" ({', '.join(options)})" if options else ""))
    return "\n".join([*lines, *(f"notice: {notice}" for notice in net.notices)])
