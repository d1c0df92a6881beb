"""The models of the reaction bench, as plain numbers that every tool can take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass
class Model:
    """Mass action: the propensity is `constant` times the number of combinations of the reactants."""

    name: str
    until: float
    initial: dict[str, int]
    # reactants, products, constant
    reactions: list[tuple[dict[str, int], dict[str, int], float]]

    def texts(self) -> list[str]:
        def side(amounts: dict[str, int]) -> str:
            return " + ".join(f"{n} {s}" for s, n in amounts.items())

        return [f"{side(left)} -> {side(right)} @ {c!r}" for left, right, c in self.reactions]

    def arrays(self):
        """Give reactants and changes as lists a reaction, and which propensities each reaction changes."""
        place = {s: i for i, s in enumerate(self.initial)}
        left = [[(place[s], n) for s, n in r.items()] for r, _, _ in self.reactions]
        changes = []
        for before, after, _ in self.reactions:
            net = {place[s]: after.get(s, 0) - before.get(s, 0) for s in {**before, **after}}
            changes.append([(s, d) for s, d in net.items() if d])
        readers: dict[int, list[int]] = {}
        for r, entries in enumerate(left):
            for s, _ in entries:
                readers.setdefault(s, []).append(r)
        dependents = [sorted({j for s, _ in entries for j in readers.get(s, [])}) for entries in changes]
        return left, changes, dependents, [c for _, _, c in self.reactions]

    def law(self, r: int) -> str:
        """Give the propensity of a reaction as text."""
        left, _, c = self.reactions[r]
        parts = [repr(c / math.prod(math.factorial(n) for n in left.values()))]
        parts += [f"({s} - {k})" if k else s for s, n in left.items() for k in range(n)]
        return "*".join(parts)

    def bngl_net(self) -> str:
        """Give the model as a BioNetGen `.net` file."""
        place = {s: i for i, s in enumerate(self.initial, 1)}
        constants, made = "", ""
        for r, (left, right, c) in enumerate(self.reactions, 1):
            k = c / math.prod(math.factorial(n) for n in left.values())  # `i,i` at k means k x (x - 1)
            sides = (
                ",".join(str(place[s]) for s, n in side.items() for _ in range(n)) or "0" for side in (left, right)
            )
            constants += f"    {r} k{r} {k!r}\n"
            made += f"    {r} {' '.join(sides)} k{r}\n"
        species = "".join(f"    {place[s]} {s}() {n}\n" for s, n in self.initial.items())
        blocks = (("parameters", constants), ("species", species), ("reactions", made))
        return "".join(f"begin {name}\n{text}end {name}\n" for name, text in blocks)

    def sbml(self) -> str:
        """Give the model as SBML Level 3."""
        species = "".join(
            f'<species id="{s}" compartment="c" initialAmount="{n}" hasOnlySubstanceUnits="true" '
            'boundaryCondition="false" constant="false"/>'
            for s, n in self.initial.items()
        )
        made = []
        for r, (left, right, _) in enumerate(self.reactions):
            sides = ""
            for tag, amounts in (("listOfReactants", left), ("listOfProducts", right)):
                refs = "".join(
                    f'<speciesReference species="{s}" stoichiometry="{n}" constant="true"/>' for s, n in amounts.items()
                )
                sides += f"<{tag}>{refs}</{tag}>" if refs else ""
            factors = self.law(r).split("*")
            terms = "".join(self._mathml(f) for f in factors)
            math_text = f"<apply><times/>{terms}</apply>" if len(factors) > 1 else terms
            made.append(
                f'<reaction id="r{r}" reversible="false" fast="false">{sides}<kineticLaw>'
                f'<math xmlns="http://www.w3.org/1998/Math/MathML">{math_text}</math></kineticLaw></reaction>'
            )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" '
            'level="3" version="1"><model id="m" substanceUnits="item" extentUnits="item"><listOfCompartments>'
            '<compartment id="c" size="1" spatialDimensions="3" constant="true"/></listOfCompartments><listOfSpecies>'
            f"{species}</listOfSpecies><listOfReactions>{''.join(made)}</listOfReactions></model></sbml>"
        )

    @staticmethod
    def _mathml(factor: str) -> str:
        if factor.startswith("("):
            name, number = factor[1:-1].split(" - ")
            return f'<apply><minus/><ci>{name}</ci><cn type="integer">{number}</cn></apply>'
        if factor[0].isdigit():
            mantissa, _, exponent = factor.partition("e")
            sign = f'<cn type="e-notation">{mantissa}<sep/>{int(exponent)}</cn>' if exponent else ""
            return sign or f"<cn>{factor}</cn>"
        return f"<ci>{factor}</ci>"


def vilar() -> Model:
    """Circadian clock of J. M. G. Vilar et al., PNAS 99 (2002) 5988, table 1."""
    one = lambda *names: dict.fromkeys(names, 1)  # noqa: E731
    return Model(
        "Vilar oscillator",
        200.0,
        {"Da": 1, "Dr": 1, "Dpa": 0, "Dpr": 0, "Ma": 0, "Mr": 0, "A": 0, "R": 0, "C": 0},
        [
            (one("Da"), one("Da", "Ma"), 50.0), (one("Dpa"), one("Dpa", "Ma"), 500.0),
            (one("Dr"), one("Dr", "Mr"), 0.01), (one("Dpr"), one("Dpr", "Mr"), 50.0),
            (one("Ma"), one("Ma", "A"), 50.0), (one("Mr"), one("Mr", "R"), 5.0), (one("A", "R"), one("C"), 2.0),
            (one("C"), one("R"), 1.0), (one("A"), {}, 1.0), (one("R"), {}, 0.2), (one("Ma"), {}, 10.0),
            (one("Mr"), {}, 0.5), (one("Da", "A"), one("Dpa"), 1.0), (one("Dpa"), one("Da", "A"), 50.0),
            (one("Dr", "A"), one("Dpr"), 1.0), (one("Dpr"), one("Dr", "A"), 100.0),
        ],
    )  # fmt: skip


def from_net(name: str, path: Path, until: float) -> Model:
    """Read a `.net` file whose laws are all mass action."""
    from stochos import reactions

    net = reactions.Network.from_bngl_net(path)
    ids = {s: f"S{i}" for i, s in enumerate(net.species)}
    parameters = net.parameters
    made = []
    for reaction in net.reactions:
        c = _number(reaction.law, parameters)
        for _, n in reaction.reactants:
            c *= math.factorial(n)  # a .net constant has the combinations in it
        left, right = ({ids[s]: n for s, n in side} for side in (reaction.reactants, reaction.products))
        made.append((left, right, c))
    return Model(name, until, {ids[s]: int(x) for s, x in net.initial.items()}, made)


def _number(law: str, parameters: dict[str, float]) -> float:
    from stochos import _core

    return float(np.asarray(_core.Expression(law).evaluate(dict(parameters))))


def models(networks: Path | None) -> list[Model]:
    """Give all models; those of files only where the folder is there."""
    made = [
        Model("birth-death", 50.0, {"X": 0}, [({}, {"X": 1}, 10.0), ({"X": 1}, {}, 0.1)]),
        Model("dimerisation", 50.0, {"P": 100, "D": 0}, [({"P": 2}, {"D": 1}, 0.002), ({"D": 1}, {"P": 2}, 0.01)]),
        vilar(),
    ]
    if networks is not None:
        made.append(from_net("multistate", networks / "multistate.net", 15.0))
        made.append(from_net("egfr", networks / "egfr_net.net", 1.0))
    return made
