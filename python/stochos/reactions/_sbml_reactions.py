"""Reactions of an SBML model: stoichiometry, laws, and the two halves of reversible ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stochos.reactions import _text
from stochos.reactions._parts import Reaction

if TYPE_CHECKING:
    from stochos.reactions._sbml import Reader

Entries = tuple[tuple[str, int], ...]


def read(reader: Reader) -> tuple[list[Reaction], set[str]]:
    """Return the reactions, and the species that none of them changes though it names them.

    Raises
    ------
    InputError
        A reaction uses what is not supported; the message names it.
    """
    found = []
    fixed = {
        reader.names[s.getId()]
        for s in reader.model.getListOfSpecies()
        if (s.getBoundaryCondition() or s.getConstant()) and not reader.is_ruled(s.getId())
    }
    for reaction in reader.model.getListOfReactions():
        name = reaction.getId()
        what = f"reaction {name!r}"
        if reaction.isSetFast() and reaction.getFast():
            reader.refuse(f"{what} is fast, which is not supported; give it a law of its own")
        law = reaction.getKineticLaw()
        if law is None or law.getMath() is None:
            reader.refuse(f"{what} has no kinetic law")
        if law.isSetSubstanceUnits() and reader.substance is None:
            units = reader._items(law.getSubstanceUnits(), f"the law of {what}")
            if units != reader.extent:
                reader.refuse(f"the law of {what} is in the units {law.getSubstanceUnits()!r}, unlike the model")
        left = _entries(reader, what, reaction.getListOfReactants())
        right = _entries(reader, what, reaction.getListOfProducts())
        local = _local(reader, name, law)
        text = f"the law of {what}"
        if reaction.getReversible():
            halves = reader.writer.split(law.getMath(), text, local)
            if halves is None:
                msg = f"{what} is reversible, but its law has no minus at its top at which to split it into two"
                reader.refuse(f"{msg}; write it as forward - backward, or set reversible='false'")
            back = reader.fresh(f"{name}_reverse")
            found.append(Reaction(name, left, right, _scaled(reader, halves[0]), False))
            found.append(Reaction(back, right, left, _scaled(reader, halves[1]), False))
        else:
            law_text = _scaled(reader, reader.writer.write(law.getMath(), text, local))
            found.append(Reaction(name, left, right, law_text, False))
    return found, fixed


def _scaled(reader: Reader, law: str) -> str:
    return law if reader.extent == 1 else f"({law})*{reader.extent!r}"


def _entries(reader: Reader, what: str, references: Any) -> Entries:
    counts: dict[str, int] = {}
    for reference in references:
        name = reference.getSpecies()
        species = reader.model.getSpecies(name)
        if species is None:
            reader.refuse(f"{what} names the species {name!r}, which is not there")
        still = species.getBoundaryCondition() or species.getConstant()
        if reader.is_ruled(name):
            if not still:
                reader.refuse(f"{what} changes {name!r}, which an assignment rule gives")
            continue
        if not still and reader.factor[name] != reader.extent:
            reader.refuse(f"{what} changes {name!r}, whose units of substance differ from those of the reactions")
        number = _stoichiometry(reader, what, reference)
        if number:
            counts[reader.names[name]] = counts.get(reader.names[name], 0) + number
    return tuple(counts.items())


def _stoichiometry(reader: Reader, what: str, reference: Any) -> int:
    name = reference.getSpecies()
    number = reference.getStoichiometry()
    if reader.level == 2 and reference.isSetStoichiometryMath():
        text = reader.writer.write(
            reference.getStoichiometryMath().getMath(), f"the stoichiometry of {name!r} in {what}"
        )
        if not _text.is_number(text):
            reader.refuse(f"{what} has the stoichiometry {_text.shown(text)} for {name!r}; only numbers are supported")
        number = float(text)
    elif reader.level >= 3 and not reference.isSetStoichiometry():
        reader.refuse(f"{what} gives no stoichiometry for {name!r}")
    if not (number == number and 0 <= number <= 1e9 and number == int(number)):
        reader.refuse(f"{what} has the stoichiometry {number!r} for {name!r}; only whole numbers are supported")
    return int(number)


def _local(reader: Reader, reaction: str, law: Any) -> dict[str, str]:
    """Make parameters of the network from those of the law; texts by their names in the law."""
    local = {}
    for parameter in law.getListOfLocalParameters() if reader.level >= 3 else law.getListOfParameters():
        name = parameter.getId()
        if not parameter.isSetValue():
            reader.refuse(f"the parameter {name!r} of reaction {reaction!r} has no value")
        full = reader.fresh(f"{reaction}_{name}")
        reader.parameters[full] = parameter.getValue()
        local[name] = _text.quote(full)
    return local
