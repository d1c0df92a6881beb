"""What one unit of substance of an SBML model counts."""

from __future__ import annotations

from typing import Any

from stochos.errors import InputError

#: Per mole; exact since 2019 (SI brochure, 9th edition).
AVOGADRO = 6.02214076e23
_COUNTS = {"item": 1.0, "dimensionless": 1.0, "mole": AVOGADRO, "avogadro": AVOGADRO}


def items(libsbml: Any, where: str, model: Any, level: int, units: str, what: str) -> float:
    """Return how many molecules one unit of substance is.

    Parameters
    ----------
    units : str
        Identifier of the units; empty where the model declares none.
    what : str
        Whose units they are, for the error.

    Raises
    ------
    InputError
        They are no count: mass, or something else.
    """
    if not units:
        # Level 2 has a default, Level 3 has none; there, amounts are plain numbers.
        if level >= 3:
            return 1.0
        units = "substance"
    definition = model.getUnitDefinition(units)
    if definition is None:
        kind = "mole" if units == "substance" and level < 3 else units
        if kind in _COUNTS:
            return _COUNTS[kind]
    elif definition.getNumUnits() == 1:
        unit = definition.getUnit(0)
        kind = libsbml.UnitKind_toString(unit.getKind())
        exponent = unit.getExponentAsDouble()
        if kind in _COUNTS and exponent == 1:
            factor: float = _COUNTS[kind] * unit.getMultiplier() * 10.0 ** unit.getScale()
            return factor
    msg = (
        f"[{where}] {what} is in the units {units!r}, which are neither items nor moles; "
        "convert the model, or pass substance='item'"
    )
    raise InputError(msg)
