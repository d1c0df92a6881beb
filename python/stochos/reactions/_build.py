"""From the parts of a network to what the core simulates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from stochos import _core
from stochos.errors import InputError
from stochos.reactions import _text
from stochos.reactions._parts import Parts, Side

CONVENTIONS = ("combinations", "powers")


def product(entries: list[tuple[str, int]], convention: str) -> str:
    """Write the factor of mass action: combinations of the reactants, or their falling powers."""
    factors = []
    for name, order in entries:
        species = _text.quote(name)
        factors += [species, *(f"({species} - {i})" for i in range(1, order))]
        if order > 1 and convention == "combinations":
            factors.append(f"{1 / math.factorial(order)!r}" if order > 2 else "0.5")
    return "*".join(factors)


def propensity(law: str, entries: list[tuple[str, int]], convention: str) -> str:
    """Write a mass-action propensity as an expression."""
    factor = product(entries, convention)
    constant = law if _text.is_number(law) or _text.is_name(law) else f"({law})"
    return f"{constant}*{factor}" if factor else law


def changing(parts: Parts) -> set[str]:
    """Names whose values are not the same all the time."""
    targets = {target for event in parts.events for target, _ in event.assignments}
    return set(parts.rules) | parts.first.keys() | parts.rates.keys() | targets


def constants(where: str, parts: Parts, values: dict[str, float]) -> NDArray[np.float64]:
    """Compute the constant c of each mass-action law, c times combinations; NaN where the law is an expression.

    Raises
    ------
    InputError
        A constant is negative or no number; the message names the reaction.
    """
    moving = changing(parts) | parts.initial.keys()
    by_text: dict[str, float] = {}
    out = np.full(len(parts.laws), math.nan)
    for r in np.flatnonzero(parts.mass_action).tolist():
        law = parts.laws[r]
        found = by_text.get(law)
        if found is None:
            if _text.names(law) & moving:
                found = math.nan
            else:
                what = f"the constant of reaction {parts.names[r]!r}"
                found = _text.value(where, what, law, values)
                if not 0 <= found < math.inf:
                    msg = f"[{where}] {what} is {_text.shown(law)} = {found!r}; give a finite number, 0 or more"
                    raise InputError(msg)
            by_text[law] = found
        out[r] = found
    rated = _rated(parts)
    if rated.size:  # not whole, so no combinations: the law is written out
        left = parts.reactants
        out[left.rows()[np.isin(left.species, rated)]] = math.nan
    if parts.convention == "powers":
        several = parts.reactants.count > 1
        factor = np.array([float(math.factorial(min(n, 170))) for n in parts.reactants.count[several].tolist()])
        np.multiply.at(out, parts.reactants.rows()[several], factor)
    return out


def _rated(parts: Parts) -> NDArray[np.int64]:
    return np.array([i for i, name in enumerate(parts.initial) if name in parts.rates], np.int64)


def change(parts: Parts) -> Side:
    """Net change of the amounts by each reaction, of a delayed one at its start; fixed species do not change."""
    left, right = parts.reactants, parts.products
    row = np.concatenate([left.rows(), right.rows()])
    species = np.concatenate([left.species, right.species]).astype(np.int64)
    delta = np.concatenate([-left.count, right.count])
    if parts.fixed:
        moves = ~np.isin(species, np.fromiter(parts.fixed, np.int64))
        row, species, delta = row[moves], species[moves], delta[moves]
    if parts.delays:
        both = np.isin(row, [r for r, (_, at_end) in parts.delays.items() if at_end])
        products = np.isin(row, list(parts.delays)) & (delta > 0)
        row, species, delta = (column[~(both | products)] for column in (row, species, delta))
    return Side.of(len(parts.laws), row, species, delta)


def late(parts: Parts) -> list[tuple[int, str, bool, list[tuple[int, int]]]]:
    """Return each delayed reaction: number, delay, whether it takes its reactants at its end, and its changes there."""
    out = []
    for r, (text, at_end) in parts.delays.items():
        total: dict[int, int] = {}
        for side, sign in ((parts.reactants, -1), (parts.products, 1)):
            at = slice(side.start[r], side.start[r + 1])
            for s, n in zip(side.species[at].tolist(), side.count[at].tolist(), strict=True):
                if s not in parts.fixed and (at_end or sign > 0):
                    total[s] = total.get(s, 0) + sign * n
        out.append((r, text, at_end, [(s, n) for s, n in total.items() if n]))
    return out


def needed_rules(parts: Parts, rules: dict[str, str], also: frozenset[str]) -> list[tuple[str, str]]:
    """Return the rules that laws, events or `also` need; others would cost time in every step and change nothing."""
    texts = {*parts.laws, *parts.first.values(), *parts.rates.values(), *(text for text, _ in parts.delays.values())}
    for event in parts.events:
        texts |= {event.trigger, event.delay, event.priority, *(text for _, text in event.assignments)}
    needed = set(also).union(*(_text.names(text) for text in texts))
    for name in reversed(rules):
        if name in needed:
            needed |= _text.names(rules[name])
    return [(name, text) for name, text in rules.items() if name in needed]


def core_network(
    where: str,
    parts: Parts,
    amounts: dict[str, float],
    values: dict[str, float],
    rules: list[tuple[str, str]],
) -> _core.ReactionNetwork:
    """Build the network of the core.

    Raises
    ------
    InputError
        Something does not fit; the message names it.
    """
    constant = constants(where, parts, values)
    species = list(amounts)
    laws = [""] * len(parts.laws)
    left = parts.reactants
    for r in np.flatnonzero(np.isnan(constant)).tolist():
        laws[r] = parts.laws[r]
        if parts.mass_action[r]:
            at = slice(left.start[r], left.start[r + 1])
            pairs = zip(left.species[at].tolist(), left.count[at].tolist(), strict=True)
            laws[r] = propensity(laws[r], [(species[s], n) for s, n in pairs], parts.convention)
    still = np.union1d(np.fromiter(parts.fixed, np.int64), _rated(parts))
    if still.size and np.isnan(constant).any():
        # A species that reactions leave alone gates no law that is an expression.
        row = left.rows()
        keep = ~(np.isin(left.species, still) & np.isnan(constant)[row])
        left = Side.of(len(laws), row[keep], left.species[keep].astype(np.int64), left.count[keep])
    moved = change(parts)
    events = [
        (e.trigger, e.delay, e.priority, e.initial_value, e.persistent, e.values_at_trigger, list(e.assignments))
        for e in parts.events
    ]
    return _core.ReactionNetwork(
        species,
        np.nan_to_num(np.array(list(amounts.values()), np.float64)),  # what is drawn comes later
        list(values),
        np.array(list(values.values()), np.float64),
        left.start,
        left.species,
        left.count.astype(np.uint32),
        moved.start,
        moved.species,
        moved.count,
        constant,
        laws,
        np.full(len(laws), parts.gated, np.uint8),
        rules,
        events,
        parts.names,
        rates=list(parts.rates.items()),
        delays=late(parts),
        first=list(parts.first.items()),
    )
