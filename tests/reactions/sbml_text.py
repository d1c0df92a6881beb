"""Small SBML models for the tests, written from infix formulas."""

from __future__ import annotations

import libsbml

MATH = 'xmlns="http://www.w3.org/1998/Math/MathML"'


def math(formula: str) -> str:
    """MathML of a formula in libsbml's infix notation."""
    tree = libsbml.parseL3Formula(formula)
    assert tree is not None, libsbml.getLastParseL3Error()
    return libsbml.writeMathMLToString(tree).split("?>", 1)[1]


def species(name: str, amount: float | None = 10, more: str = "", units: bool = True) -> str:
    first = "" if amount is None else f'initialAmount="{amount}"'
    flags = "" if "boundaryCondition" in more else 'boundaryCondition="false"'
    constant = "" if " constant" in more else 'constant="false"'
    only = str(units).lower()
    return f'<species id="{name}" compartment="C" {first} hasOnlySubstanceUnits="{only}" {flags} {constant} {more}/>'


def reaction(name: str, left: str, right: str, law: str, more: str = 'reversible="false"', local: str = "") -> str:
    """`left` and `right` like "2 A,B"."""

    def side(kind: str, text: str) -> str:
        if not text:
            return ""
        parts = [("1 " + part).split()[-2:] for part in text.split(",")]
        entries = [f'<speciesReference species="{s}" stoichiometry="{n}" constant="true"/>' for n, s in parts]
        return f"<listOf{kind}>{''.join(entries)}</listOf{kind}>"

    sides = side("Reactants", left) + side("Products", right)
    fast = "" if "fast" in more else 'fast="false"'
    return f'<reaction id="{name}" {more} {fast}>{sides}<kineticLaw>{math(law)}{local}</kineticLaw></reaction>'


def model(
    *,
    species: str = "",
    reactions: str = "",
    parameters: dict[str, float] | None = None,
    functions: str = "",
    rules: str = "",
    initial: str = "",
    events: str = "",
    constraints: str = "",
    attributes: str = "",
    units: str = "",
    compartment: str = '<compartment id="C" spatialDimensions="3" size="2" constant="true"/>',
) -> str:
    """A model of Level 3 Version 1."""
    values = "".join(f'<parameter id="{k}" value="{v}" constant="false"/>' for k, v in (parameters or {}).items())
    lists = [
        ("FunctionDefinitions", functions),
        ("UnitDefinitions", units),
        ("Compartments", compartment),
        ("Species", species),
        ("Parameters", values),
        ("InitialAssignments", initial),
        ("Rules", rules),
        ("Constraints", constraints),
        ("Reactions", reactions),
        ("Events", events),
    ]
    body = "".join(f"<listOf{name}>{text}</listOf{name}>" for name, text in lists if text)
    space = 'xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"'
    return f'<?xml version="1.0" encoding="UTF-8"?><sbml {space}><model id="m" {attributes}>{body}</model></sbml>'


def rule(name: str, formula: str, kind: str = "assignment") -> str:
    return f'<{kind}Rule variable="{name}">{math(formula)}</{kind}Rule>'


def assign(name: str, formula: str) -> str:
    return f'<initialAssignment symbol="{name}">{math(formula)}</initialAssignment>'


def function(name: str, arguments: str, formula: str) -> str:
    return f'<functionDefinition id="{name}">{math(f"lambda({arguments}, {formula})")}</functionDefinition>'


def event(trigger: str, assignments: dict[str, str], *, delay: str = "", priority: str = "", flags: str = "") -> str:
    flags = flags or 'initialValue="false" persistent="true"'
    middle = f"<trigger {flags}>{math(trigger)}</trigger>"
    middle += f"<priority>{math(priority)}</priority>" if priority else ""
    middle += f"<delay>{math(delay)}</delay>" if delay else ""
    texts = [f'<eventAssignment variable="{k}">{math(v)}</eventAssignment>' for k, v in assignments.items()]
    return (
        f'<event id="E" useValuesFromTriggerTime="true">{middle}'
        f"<listOfEventAssignments>{''.join(texts)}</listOfEventAssignments></event>"
    )
