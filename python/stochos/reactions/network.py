"""Reaction networks: species, reactions with their laws, parameters, rules and events."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks
from stochos._html import described
from stochos.errors import InputError, InputTypeError, UnknownNameError
from stochos.reactions import _build, _parts, _reaction_text
from stochos.reactions._parts import Event, Parts, Reaction

if TYPE_CHECKING:
    from stochos import _core

__all__ = ["Event", "Network", "Reaction"]

_WHERE = "reactions.Network"


class Network:
    """A reaction network.

    Parameters
    ----------
    initial : mapping of str to number or str
        Amount (count of molecules, a whole number from 0 to 2^53) of each species at the start; text is an expression
        of parameters, and each trajectory draws its own where that draws: ``"poisson(20)"``. A value
        within 1e-8 of a whole number is rounded, with a notice.
    reactions : sequence of str
        Like ``"A + 2 B -> C @ k"``, ``"-> X @ k"``, ``"decay: X -> @ k*X"``, ``"A <-> B @ kf, kb"``. A law that is one
        number or one parameter is mass action by `convention`; any other law is the propensity itself. Products come
        later with ``"A -> B @ k; delay = gamma(3, 2)"``, and with ``; consumes = end`` the reactants go only then.
    parameters : mapping of str to number or str
        Text is an expression of other parameters; one that draws is drawn anew for each trajectory.
    rules : mapping of str to str
        Quantities computed from the others at all times, in any order, without circles.
    rates : mapping of str to str
        Derivative by the time of a parameter or species that moves between reactions, an expression of anything:
        ``{"V": "growth*V"}``. No reaction changes such a species, and its value need not be whole.
    events : sequence of str, mapping or Event
        Like ``"time >= 25: P = 100, Q = 0"``.
    name : str, optional
    convention : {"combinations", "powers"}
        What a single constant means: c times the number of ways to choose the reactants, c·x(x−1)/2 for 2 A; or
        k times their falling powers, k·x(x−1).
    fixed : iterable of str
        Species that reactions read but never change.
    gated : bool
        Whether a reaction without enough reactants has the propensity 0 whatever its law says.
    round_initial : bool
        Round fractional initial amounts instead of refusing them.

    Attributes
    ----------
    notices : tuple of str
        What was changed or assumed while reading.

    Raises
    ------
    InputError, InputTypeError
        A value is out of range, or a text does not follow its form; the message names it.
    """

    def __init__(
        self,
        initial: Mapping[str, float | str],
        reactions: Sequence[str],
        parameters: Mapping[str, float | str] | None = None,
        *,
        rules: Mapping[str, str] | None = None,
        rates: Mapping[str, str] | None = None,
        events: Sequence[str | Mapping[str, Any] | Event] = (),
        name: str | None = None,
        convention: str = "combinations",
        fixed: Iterable[str] = (),
        gated: bool = True,
        round_initial: bool = False,
    ) -> None:
        parameters, rules, rates = parameters or {}, rules or {}, rates or {}
        groups = {"initial": initial, "parameters": parameters, "rules": rules, "rates": rates}
        for what, given in groups.items():
            _checks.instance(_WHERE, what, given, Mapping, "give a mapping like {'S': 100}")
            for key in given:
                _checks.instance(_WHERE, f"a name in {what}", key, str, "give text")
        for what, sequence in (("reactions", reactions), ("events", events)):
            if isinstance(sequence, (str, bytes, Mapping)) or not isinstance(sequence, Iterable):
                msg = f"[{_WHERE}] {what} is of type {type(sequence).__name__}; give a list of texts"
                raise InputTypeError(msg)
        _checks.choice(_WHERE, "convention", convention, _build.CONVENTIONS)
        constants = parameters.keys() | rules.keys()
        found = [r for i, t in enumerate(reactions) for r in _reaction_text.reactions(_WHERE, t, i + 1, constants)]
        index = {species: i for i, species in enumerate(initial)}
        for reaction in found:
            for species, _ in (*reaction.reactants, *reaction.products):
                if species not in index:
                    msg = (
                        f"[{_WHERE}] reaction {reaction.name!r} has the species {species!r}, which has no initial "
                        f"amount; add {species!r}: 0 to initial"
                    )
                    raise InputError(msg)
        unknown = [species for species in fixed if species not in index]
        if unknown:
            msg = f"[{_WHERE}] fixed has {unknown[0]!r}, which is no species"
            raise InputError(msg)
        self._set(
            _WHERE,
            Parts(
                dict(initial),
                dict(parameters),
                _parts.side(index, [r.reactants for r in found]),
                _parts.side(index, [r.products for r in found]),
                [r.law for r in found],
                np.array([r.mass_action for r in found], np.bool_),
                [r.name for r in found],
                fixed=frozenset(index[species] for species in fixed),
                rules={key: str(text) for key, text in rules.items()},
                rates={key: str(text) for key, text in rates.items()},
                events=[_reaction_text.event(_WHERE, given) for given in events],
                delays={i: (r.delay, r.consumes == "end") for i, r in enumerate(found) if r.delay},
                convention=convention,
                gated=bool(gated),
                name=name,
                round_initial=bool(round_initial),
            ),
        )

    def _set(self, where: str, parts: Parts, *, checked: bool = False) -> None:
        self._parts = parts
        self._amounts, self._values, self._rules = _parts.first_values(where, parts)
        if not checked:
            _parts.check_symbols(where, parts)
        _build.constants(where, parts, self._values)
        self._built: dict[frozenset[str], _core.ReactionNetwork] = {}
        self.notices: tuple[str, ...] = tuple(parts.notices)

    # --- reading files --------------------------------------------------------------------------------------------

    @classmethod
    def from_sbml(
        cls, source: str | bytes | os.PathLike[str], *, substance: str | None = None, round_initial: bool = False
    ) -> Network:
        """Read a model in SBML Level 2 or 3; needs python-libsbml (``pip install 'stochos[sbml]'``).

        Parameters
        ----------
        source : path, or the text itself
            Text begins with ``<``.
        substance : {"item", "mole"}, optional
            What amounts count, in place of the units that the model declares.
        round_initial : bool
            Round fractional initial amounts instead of refusing them.

        Returns
        -------
        Network
            Amounts are counts of molecules; symbols of concentrations became amount/size.

        Raises
        ------
        FileError
            The file cannot be read.
        FileFormatError
            It is no well-formed SBML, or larger, deeper or otherwise different from what a model may be.
        InputError
            The model uses what is not supported; the message names the element and the feature.
        MissingPartError
            python-libsbml is not installed.
        """
        from stochos.reactions import _sbml

        where = "reactions.Network.from_sbml"
        network = cls.__new__(cls)
        network._set(where, _sbml.read(where, source, substance, bool(round_initial)))
        return network

    @classmethod
    def from_bngl_net(cls, path: str | os.PathLike[str], *, round_initial: bool = False) -> Network:
        """Read a network that BioNetGen wrote (``.net``).

        Parameters
        ----------
        path : path of the file
        round_initial : bool
            Round fractional initial amounts instead of refusing them.

        Returns
        -------
        Network
            In the convention "powers": the propensity of ``i,i`` at k is k·x(x−1), the ½ is already in k. Groups are
            rules.

        Raises
        ------
        FileError
            The file cannot be read.
        FileFormatError
            A line cannot be understood; the message gives its number.
        InputError
            A value is out of range, or a function is not supported.
        """
        from stochos.reactions import _bngl

        where = "reactions.Network.from_bngl_net"
        network = cls.__new__(cls)
        network._set(where, _bngl.read(where, path, bool(round_initial)))
        return network

    # --- what it holds --------------------------------------------------------------------------------------------

    @property
    def name(self) -> str | None:
        """Name of the model."""
        return self._parts.name

    @property
    def species(self) -> list[str]:
        """Names of the species, in the order of all results."""
        return list(self._amounts)

    @property
    def initial(self) -> dict[str, float]:
        """Amount of each species at the start; NaN where each trajectory draws its own."""
        return dict(self._amounts)

    @property
    def parameters(self) -> dict[str, float]:
        """Value of each parameter at the start; NaN where each trajectory draws its own."""
        return dict(self._values)

    @property
    def rules(self) -> dict[str, str]:
        """Expression of each quantity that is computed from others, each after those it needs."""
        return dict(self._rules)

    @property
    def rates(self) -> dict[str, str]:
        """Derivative by the time of each species and parameter that moves between reactions."""
        return dict(self._parts.rates)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events."""
        return tuple(self._parts.events)

    @property
    def convention(self) -> str:
        """What a law of one constant means: "combinations" or "powers"."""
        return self._parts.convention

    @property
    def fixed(self) -> frozenset[str]:
        """Species that reactions never change."""
        names = list(self._amounts)
        return frozenset(names[i] for i in self._parts.fixed)

    def _reaction(self, r: int, names: list[str]) -> Reaction:
        def entries(side: _parts.Side) -> tuple[tuple[str, int], ...]:
            at = slice(side.start[r], side.start[r + 1])
            return tuple((names[s], n) for s, n in zip(side.species[at].tolist(), side.count[at].tolist(), strict=True))

        parts = self._parts
        left, right = entries(parts.reactants), entries(parts.products)
        delay, at_end = parts.delays.get(r, ("", False))
        consumes = "end" if at_end else "start"
        return Reaction(parts.names[r], left, right, parts.laws[r], bool(parts.mass_action[r]), delay, consumes)

    @property
    def reactions(self) -> tuple[Reaction, ...]:
        """The reactions; a reversible one is two."""
        names = list(self._amounts)
        return tuple(self._reaction(r, names) for r in range(len(self._parts.laws)))

    def propensity(self, reaction: str) -> str:
        """Return the propensity of a reaction as an expression.

        Raises
        ------
        UnknownNameError
            No reaction has this name.
        """
        if reaction not in self._parts.names:
            msg = f"[{_WHERE}.propensity] no reaction is named {reaction!r}"
            raise UnknownNameError(msg)
        one = self._reaction(self._parts.names.index(reaction), list(self._amounts))
        return _build.propensity(one.law, list(one.reactants), self.convention) if one.mass_action else one.law

    # --- copies ---------------------------------------------------------------------------------------------------

    def with_(
        self,
        *,
        parameters: Mapping[str, float | str] | None = None,
        initial: Mapping[str, float | str] | None = None,
    ) -> Network:
        """Return a copy with other parameters or initial amounts; what was derived from them follows.

        Raises
        ------
        UnknownNameError
            A name is no parameter or species of this network.
        InputError
            A value is out of range.
        """
        where = f"{_WHERE}.with_"
        parts = dataclasses.replace(self._parts, notices=[])
        parts.parameters, parts.initial = dict(parts.parameters), dict(parts.initial)
        for given, group, what in ((parameters, parts.parameters, "parameter"), (initial, parts.initial, "species")):
            for key, number in (given or {}).items():
                if key not in group:
                    msg = f"[{where}] {key!r} is no {what} of this network"
                    raise UnknownNameError(msg)
                group[key] = number
        network = Network.__new__(Network)
        network._set(where, parts, checked=True)
        return network

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        mine, its = self._parts, other._parts
        return (
            list(self._amounts.items()) == list(other._amounts.items())
            and (self._values, self._rules) == (other._values, other._rules)
            and (mine.names, mine.laws, mine.events) == (its.names, its.laws, its.events)
            and (mine.convention, mine.fixed, mine.gated) == (its.convention, its.fixed, its.gated)
            and (mine.delays, mine.first, mine.rates) == (its.delays, its.first, its.rates)
            and np.array_equal(mine.mass_action, its.mass_action)
            and mine.reactants.equals(its.reactants)
            and mine.products.equals(its.products)
        )

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        # The core's network is built anew where it is needed.
        return {**self.__dict__, "_built": {}}

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"<Network{name} of {len(self._amounts):,} species, {len(self._parts.laws):,} reactions>"

    def __str__(self) -> str:
        from stochos.reactions import _show

        return _show.text(self)

    def _repr_html_(self) -> str:
        from stochos.reactions import _show

        return described(self, ("reaction", "propensity"), _show.reactions(self), len(self._parts.laws))

    def _core(self, also: frozenset[str] = frozenset()) -> _core.ReactionNetwork:
        """Return the network as the core simulates it, with the rules `also` computed at all times."""
        built = self._built.get(also)
        if built is None:
            rules = _build.needed_rules(self._parts, self._rules, also)
            built = _build.core_network(_WHERE, self._parts, self._amounts, self._values, rules)
            built = self._built.setdefault(also, built)  # two threads may have built it
        return built

    def _slots(self, also: frozenset[str] = frozenset()) -> dict[str, int]:
        """Return the place in the core of each quantity that can be recorded: species, parameters, then rules."""
        rules = [name for name, _ in _build.needed_rules(self._parts, self._rules, also)]
        return {name: i for i, name in enumerate([*self._amounts, *self._values, *rules])}
