"""SBML Level 2 and 3, read through libsbml; everything becomes amounts, parameters, laws, rules and events."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from stochos import _checks, _reading
from stochos.errors import FileError, FileFormatError, InputError, InputTypeError
from stochos.reactions import _parts, _sbml_events, _sbml_reactions, _text, _xml_guard
from stochos.reactions._parts import Event, Parts
from stochos.reactions._sbml_math import INFINITE, Writer
from stochos.reactions._sbml_units import items

#: Packages whose elements mean something here; one that is not required says nothing about the mathematics.
_PACKAGES = {"distrib", "l3v2extendedmath"}


def _load(where: str, source: object) -> str:
    if isinstance(source, bytes):
        return _xml_guard.check(where, source)
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("<"):
        return _xml_guard.check(where, source.encode("utf-8", "surrogatepass"))
    if not isinstance(source, (str, os.PathLike)):
        msg = f"[{where}] source is of type {type(source).__name__}; give a path, or the text of a model"
        raise InputTypeError(msg)
    try:
        with Path(source).open("rb") as file:
            return _xml_guard.check(where, _reading.bounded(file, _xml_guard.LARGEST + 1))
    except (OSError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
        code = error.errno if isinstance(error, OSError) and error.errno else errno.ENOENT
        hint = "the text of a model begins with '<'"
        msg = f"[{where}] cannot read {_text.shown(str(source))}: {os.strerror(code)}; {hint}"
        raise FileError(code, msg) from error


def read(where: str, source: object, substance: str | None, round_initial: bool) -> Parts:
    """Read a model.

    Raises
    ------
    FileError, FileFormatError, InputError, InputTypeError, MissingPartError
        As `Network.from_sbml` says.
    """
    if substance is not None:
        _checks.choice(where, "substance", substance, ("item", "mole"))
    text = _load(where, source)
    libsbml = _checks.optional(where, "libsbml", "sbml")
    document = libsbml.readSBMLFromString(text)
    for i in range(document.getNumErrors()):
        error = document.getError(i)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            lines = " ".join(error.getMessage().split())
            msg = f"[{where}] line {error.getLine()}: {lines[:300]}"
            raise FileFormatError(msg)
    model = document.getModel()
    if model is None:
        msg = f"[{where}] the text holds no model; give an SBML model of Level 2 or 3"
        raise FileFormatError(msg)
    level = document.getLevel()
    if level not in (2, 3):
        msg = f"[{where}] the model is of SBML Level {level}; convert it to Level 2 or 3"
        raise FileFormatError(msg)
    for i in range(document.getNumPlugins() if level >= 3 else 0):
        package = document.getPlugin(i).getPackageName()
        if package not in _PACKAGES and document.getPackageRequired(package):
            msg = f"[{where}] the model needs the package {package!r}, which is not supported"
            raise InputError(msg)
    return Reader(libsbml, where, model, level, substance).parts(round_initial)


class Reader:
    """One model on its way to the parts of a network.

    Attributes
    ----------
    symbols : dict of str to str
        Text in the rate language for each identifier of the model.
    variable : set of str
        Identifiers that rules or events change.
    clocks : dict of str to (str, str)
        For each quantity of a constant rate, the parameter that holds it at time 0, and the rate.
    rates : dict of str to str
        For each other quantity with a rate rule, the rate of what the network holds.
    """

    def __init__(self, libsbml: Any, where: str, model: Any, level: int, substance: str | None) -> None:
        self.libsbml, self.where, self.model, self.level = libsbml, where, model, level
        self.substance = substance
        self.symbols: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.parameters: dict[str, float | str] = {}
        self.initial: dict[str, float | str] = {}
        self.rules: dict[str, str] = {}
        self.clocks: dict[str, tuple[str, str]] = {}
        self.rates: dict[str, str] = {}
        self.variable: set[str] = set()
        self.notices: list[str] = []
        self.factor: dict[str, float] = {}
        kinds = ("Compartments", "Species", "Parameters", "Reactions", "FunctionDefinitions")
        self._taken = {entry.getId() for kind in kinds for entry in getattr(model, f"getListOf{kind}")()}
        self.writer = Writer(libsbml, where, self.symbols.__getitem__)

    def refuse(self, text: str) -> NoReturn:
        """Raise the error that says what is wrong with the model."""
        msg = f"[{self.where}] {text}"
        raise InputError(msg)

    def fresh(self, name: str) -> str:
        """Return a name like this one that nothing has yet."""
        while name in self._taken or name == "time":
            name += "_"
        self._taken.add(name)
        return name

    def parts(self, round_initial: bool) -> Parts:
        """Read everything."""
        self._refuse_unsupported()
        for definition in self.model.getListOfFunctionDefinitions():
            self.writer.define(definition.getId(), definition)
        self._find_rules()
        self._name_quantities()
        self._read_rules()
        self._read_initial()
        found, fixed = _sbml_reactions.read(self)
        events: list[Event] = _sbml_events.read(self)
        index = {name: i for i, name in enumerate(self.initial)}
        parts = Parts(
            self.initial,
            self.parameters,
            _parts.side(index, [r.reactants for r in found]),
            _parts.side(index, [r.products for r in found]),
            [r.law for r in found],
            np.zeros(len(found), np.bool_),
            [r.name for r in found],
            fixed=frozenset(index[name] for name in fixed),
            rules=self.rules,
            rates=self.rates,
            events=events,
            name=self.model.getId() or self.model.getName() or None,
            round_initial=round_initial,
        )
        for notice in self.notices:
            parts.note(self.where, notice)
        if any(factor > 1e20 for factor in self.factor.values()):
            parts.hint = "; the model counts in moles: pass substance='item' where its amounts are molecules"
        return parts

    def _refuse_unsupported(self) -> None:
        model = self.model
        if model.getNumConstraints():
            self.refuse("the model has constraints, which are not supported; remove them")
        if self.level >= 3 and model.isSetConversionFactor():
            self.refuse("the model has a conversionFactor, which is not supported; convert the amounts instead")
        for species in model.getListOfSpecies():
            if self.level >= 3 and species.isSetConversionFactor():
                self.refuse(f"species {species.getId()!r} has a conversionFactor, which is not supported")
        for rule in model.getListOfRules():
            if rule.isAlgebraic():
                self.refuse("the model has an algebraic rule, which is not supported; solve it for one variable")

    def _find_rules(self) -> None:
        self._ruled = {rule.getVariable(): rule for rule in self.model.getListOfRules()}
        self.variable |= self._ruled.keys()
        for event in self.model.getListOfEvents():
            self.variable |= {assignment.getVariable() for assignment in event.getListOfEventAssignments()}
        self._assigned = {a.getSymbol(): a for a in self.model.getListOfInitialAssignments()}
        kinds = ("Compartments", "Species", "Parameters")
        known = {entry.getId() for kind in kinds for entry in getattr(self.model, f"getListOf{kind}")()}
        for name in (*self._ruled, *self._assigned, *self.variable):
            if name not in known:
                text = f"{name!r} is set by a rule, an event or an initial assignment, but is no species, parameter or "
                self.refuse(text + "compartment; variable stoichiometry is not supported")

    def is_ruled(self, name: str) -> bool:
        """Whether an assignment rule gives this quantity."""
        rule = self._ruled.get(name)
        return rule is not None and rule.isAssignment()

    def _name_quantities(self) -> None:
        for kind in ("Compartments", "Parameters"):
            for element in getattr(self.model, f"getListOf{kind}")():
                name = element.getId()
                self.names[name] = self.fresh("time") if name == "time" else name
                self.symbols[name] = _text.quote(self.names[name])
                if self._is_infinite(kind, element):
                    self.symbols[name] = INFINITE[element.getValue() < 0]
        self.extent = self._items(self.model.getExtentUnits() if self.level >= 3 else "", "the extent of reactions")
        for species in self.model.getListOfSpecies():
            name = species.getId()
            self.names[name] = self.fresh("time") if name == "time" else name
            units = species.getSubstanceUnits()
            if not units and self.level >= 3:
                units = self.model.getSubstanceUnits()
            self.factor[name] = self._items(units, f"species {name!r}")
            text = _text.quote(self.names[name])
            if self.factor[name] != 1:
                text = f"({text}/{self.factor[name]!r})"
            size = self.size(species)
            self.symbols[name] = f"({text}/{size})" if size else text
        for reaction in self.model.getListOfReactions():
            self.names[reaction.getId()] = reaction.getId()

    def _is_infinite(self, kind: str, element: Any) -> bool:
        """Whether it is an infinite parameter that never changes, such as a bound: it is written where it is read."""
        name = element.getId()
        still = name not in self.variable and name not in self._assigned
        return kind == "Parameters" and still and abs(element.getValue()) == float("inf")

    def _items(self, units: str, what: str) -> float:
        if self.substance is not None:
            units = self.substance
        return items(self.libsbml, self.where, self.model, self.level, units, what)

    def size(self, species: Any) -> str:
        """Text by which an amount of the species is divided to give what its symbol means; empty for an amount."""
        if species.getHasOnlySubstanceUnits():
            return ""
        compartment = self.model.getCompartment(species.getCompartment())
        if compartment is None:
            self.refuse(f"species {species.getId()!r} lies in {species.getCompartment()!r}, which is no compartment")
        if compartment.getSpatialDimensions() == 0:
            return ""
        return self.symbols[compartment.getId()]

    def amount(self, name: str, text: str) -> str:
        """Turn the value of an identifier into the value of what the network holds: amounts, for species."""
        species = self.model.getSpecies(name)
        if species is None:
            return text
        size = self.size(species)
        factor = "" if self.factor[name] == 1 else f"*{self.factor[name]!r}"
        return f"({text}){'*' + size if size else ''}{factor}" if size or factor else text

    def _read_rules(self) -> None:
        for name, rule in self._ruled.items():
            if rule.isAssignment():
                text = self.writer.write(rule.getMath(), f"the assignment rule for {name!r}")
                self.rules[self.names[name]] = self.amount(name, text)
        for name, rule in self._ruled.items():
            if rule.isRate():
                self._rate(name, self.writer.write(rule.getMath(), f"the rate rule for {name!r}"))

    def _rate(self, name: str, rate: str) -> None:
        """Keep a rate; a quantity of constant rate becomes its value at time 0 plus the rate times the time."""
        moving = {self.names[v] for v in self.variable} | {self.names[s.getId()] for s in self.model.getListOfSpecies()}
        species = self.model.getSpecies(name)
        if species is not None or "time" in rate or _text.names(rate) & moving:
            if species is not None and self.size(species) and species.getCompartment() in self.variable:
                self.refuse(
                    f"the rate rule for {name!r} gives the rate of a concentration in {species.getCompartment()!r}, "
                    "whose size changes; that is not supported: give the species in amounts (hasOnlySubstanceUnits)"
                )
            self.rates[self.names[name]] = self.amount(name, rate)
            return
        base = self.fresh(f"{name}_at_0")
        self.clocks[name] = (base, rate)
        self.rules[self.names[name]] = f"{_text.quote(base)} + ({rate})*time"
        # In place of the name, so that a condition on it is seen to depend on the time.
        self.symbols[name] = f"({self.rules[self.names[name]]})"

    def _read_initial(self) -> None:
        assigned = {
            name: self.amount(name, self.writer.write(entry.getMath(), f"the initial assignment of {name!r}"))
            for name, entry in self._assigned.items()
        }
        for kind in ("Compartments", "Parameters"):
            for element in getattr(self.model, f"getListOf{kind}")():
                name = element.getId()
                if self.is_ruled(name) or self._is_infinite(kind, element):
                    continue
                target = self.clocks[name][0] if name in self.clocks else self.names[name]
                if name in assigned:
                    self.parameters[target] = assigned[name]
                elif element.isSetSize() if kind == "Compartments" else element.isSetValue():
                    self.parameters[target] = element.getSize() if kind == "Compartments" else element.getValue()
                elif kind == "Compartments":
                    self._no_size(element, target)
                else:
                    self.refuse(f"parameter {name!r} has no value; give it one")
        for species in self.model.getListOfSpecies():
            name = species.getId()
            if self.is_ruled(name):
                continue
            self.initial[self.names[name]] = assigned.get(name) or self._first(species)

    def _no_size(self, compartment: Any, target: str) -> None:
        name = compartment.getId()
        if compartment.getSpatialDimensions() == 0:
            return
        if any(s.getCompartment() == name and not s.getHasOnlySubstanceUnits() for s in self.model.getListOfSpecies()):
            self.notices.append(f"compartment {name!r} has no size; taken as 1")
            self.parameters[target] = 1.0
        else:
            del self.symbols[name]

    def _first(self, species: Any) -> float | str:
        name = species.getId()
        factor = self.factor[name]
        if species.isSetInitialAmount():
            return float(species.getInitialAmount()) * factor
        if species.isSetInitialConcentration():
            compartment = self.model.getCompartment(species.getCompartment())
            if compartment is None or compartment.getId() not in self.symbols:
                self.refuse(f"species {name!r} has an initial concentration, but its compartment has no size")
            text = f"{float(species.getInitialConcentration())!r}*{self.symbols[compartment.getId()]}"
            return text if factor == 1 else f"{text}*{factor!r}"
        self.notices.append(f"species {name!r} has no initial amount; taken as 0")
        return 0.0
