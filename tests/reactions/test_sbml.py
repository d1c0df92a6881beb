"""SBML: what a model means, and what is refused by name. Meanings are those of the SBML specifications."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import pytest

pytest.importorskip("libsbml")

from stochos import _core
from stochos.errors import InputError
from stochos.reactions import Network

# The tests are imported one by one, without a package around them.
_spec = importlib.util.spec_from_file_location("sbml_text", Path(__file__).with_name("sbml_text.py"))
s = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(s)

A_B = s.species("A") + s.species("B", 0)


def law(text: str, **values: float) -> float:
    return float(_core.Expression(text).evaluate(values))


def test_symbol_is_an_amount_or_a_concentration():
    # Case 11 of the test suite: amount 100 in a volume of 2, so the symbol of a concentration means 50.
    decay = s.reaction("d", "A", "", "k*A")
    amount, density = (
        Network.from_sbml(s.model(species=s.species("A", 100, units=u), reactions=decay, parameters={"k": 0.5}))
        for u in (True, False)
    )
    assert amount.initial == density.initial == {"A": 100.0}
    assert amount.parameters == density.parameters == {"C": 2.0, "k": 0.5}
    assert law(amount.reactions[0].law, k=0.5, A=100) == 50.0
    assert law(density.reactions[0].law, k=0.5, A=100, C=2) == 25.0


def test_initial_concentration_times_size():
    one = '<species id="A" compartment="C" initialConcentration="12.5" hasOnlySubstanceUnits="false"'
    one += ' boundaryCondition="false" constant="false"/>'
    net = Network.from_sbml(s.model(species=one))
    assert net.initial == {"A": 25.0}
    assert net.with_(parameters={"C": 4}).initial == {"A": 50.0}


def test_compartment_without_size_is_one_with_a_notice():
    bare = '<compartment id="C" spatialDimensions="3" constant="true"/>'
    net = Network.from_sbml(s.model(species=s.species("A", units=False), compartment=bare))
    assert net.parameters == {"C": 1.0}
    assert "'C' has no size" in net.notices[0]
    assert Network.from_sbml(s.model(species=s.species("A"), compartment=bare)).notices == ()


def test_boundary_and_constant_species_do_not_change():
    both = s.species("A", more='boundaryCondition="true"') + s.species(
        "B", 3, 'boundaryCondition="true" constant="true"'
    )
    net = Network.from_sbml(s.model(species=both + s.species("D", 0), reactions=s.reaction("r", "A,B", "D", "A*B")))
    assert net.fixed == {"A", "B"}
    assert net.reactions[0].reactants == (("A", 1), ("B", 1))


def test_stoichiometry_and_local_parameters():
    local = '<listOfLocalParameters><localParameter id="k" value="3"/></listOfLocalParameters>'
    one = s.reaction("r", "100 A", "2 B,B", "k*A", local=local) + s.reaction("q", "A", "", "k*A")
    net = Network.from_sbml(s.model(species=A_B, reactions=one, parameters={"k": 1.0, "r_k": 2.0}))
    assert net.reactions[0].reactants == (("A", 100),)
    assert net.reactions[0].products == (("B", 3),)
    assert net.parameters == {"C": 2.0, "k": 1.0, "r_k": 2.0, "r_k_": 3.0}
    assert net.reactions[0].law == "r_k_*A"
    assert net.reactions[1].law == "k*A"


def test_assignment_rule_on_a_species_of_concentration_is_held_as_an_amount():
    both = s.species("A", units=True) + s.species("y", None, units=False)
    net = Network.from_sbml(s.model(species=both, rules=s.rule("y", "2*A"), reactions=s.reaction("r", "A", "", "y")))
    assert net.species == ["A"]
    assert law(net.rules["y"], A=10, C=2) == 40.0  # concentration 20 in a volume of 2
    assert law(net.reactions[0].law, y=40, C=2) == 20.0


def test_initial_assignments_are_computed_in_their_own_order():
    text = s.assign("A", "2*p + y") + s.assign("p", "q + 1")
    net = Network.from_sbml(
        s.model(species=A_B, initial=text, parameters={"p": 0, "q": 3, "y": 0}, rules=s.rule("y", "p*10"))
    )
    assert net.parameters == {"C": 2.0, "p": 4.0, "q": 3.0}
    assert net.initial["A"] == 48.0
    assert net.with_(parameters={"q": 4}).initial["A"] == 60.0
    near = s.model(species=A_B, initial=s.assign("A", "0.1*250 - 1e-15*4"))
    assert Network.from_sbml(near).initial["A"] == 25.0


def test_function_definitions_are_put_in_place():
    functions = s.function("f", "x, y", "x - y/g(x)") + s.function("g", "A", "A + 1")
    net = Network.from_sbml(
        s.model(species=A_B, functions=functions, reactions=s.reaction("r", "A", "", "2*f(A, B + 1)"))
    )
    assert law(net.reactions[0].law, A=3, B=1) == 2 * (3 - 2 / 4)


@pytest.mark.parametrize("name", ["lambda", "in", "E", "pi", "time", "exp", "e", "and", "if", "true", "hill"])
def test_identifiers_that_mean_something_elsewhere(name: str):
    text = s.model(species=A_B, parameters={"XX": 0.25}, reactions=s.reaction("r", "A", "", "XX*A + XX"))
    net = Network.from_sbml(text.replace("XX", name))
    stored = "time_" if name == "time" else name
    assert net.parameters == {"C": 2.0, stored: 0.25}
    assert law(net.reactions[0].law, **{stored: 0.25, "A": 4}) == 1.25


@pytest.mark.parametrize(
    ("formula", "forward", "backward"),
    [
        ("A - 2*B", 10.0, 6.0),
        ("C*(2*A - B)", 40.0, 6.0),
        ("(A - B)/(1 + A)", 10 / 11, 3 / 11),
        ("2*C*(A*A - B)*3", 1200.0, 36.0),
    ],
)
def test_reversible_reaction_is_split_at_the_minus(formula: str, forward: float, backward: float):
    net = Network.from_sbml(s.model(species=A_B, reactions=s.reaction("r", "2 A", "B", formula, 'reversible="true"')))
    first, second = net.reactions
    assert (first.name, second.name) == ("r", "r_reverse")
    assert (first.reactants, first.products) == (second.products, second.reactants)
    assert law(first.law, A=10, B=3, C=2) == pytest.approx(forward)
    assert law(second.law, A=10, B=3, C=2) == pytest.approx(backward)


def test_split_reaches_into_a_function():
    functions = s.function("f", "x, y", "x - y")
    one = s.reaction("r", "A", "B", "f(A, B)", 'reversible="true"')
    first, second = Network.from_sbml(s.model(species=A_B, functions=functions, reactions=one)).reactions
    assert (first.law, second.law) == ("A", "B")


@pytest.mark.parametrize("formula", ["A", "A + B", "abs(A - B)", "A + (-B)"])
def test_reversible_reaction_without_a_minus_is_refused(formula: str):
    with pytest.raises(InputError, match="reaction 'r' is reversible"):
        Network.from_sbml(s.model(species=A_B, reactions=s.reaction("r", "A", "B", formula, 'reversible="true"')))


def test_events():
    text = s.event(
        "time >= 22.5 && A < 5",
        {"A": "A + 1", "k": "2"},
        delay="3*k",
        priority="A",
        flags='initialValue="true" persistent="false"',
    )
    net = Network.from_sbml(s.model(species=s.species("A", units=False), parameters={"k": 1}, events=text))
    one = net.events[0]
    assert one.name == "E"
    assert law(one.trigger, time=22.5, A=8, C=2) == 1.0
    assert law(dict(one.assignments)["A"], A=8, C=2) == 10.0  # concentration 4 + 1 in a volume of 2
    assert (dict(one.assignments)["k"], one.delay, one.values_at_trigger) == ("2", "3*k", True)
    assert (one.initial_value, one.persistent) == (True, False)
    assert law(one.priority, A=8, C=2) == 4.0


def test_constant_rate_rule_is_a_clock():
    text = s.rule("t", "2", "rate")
    net = Network.from_sbml(
        s.model(species=A_B, parameters={"t": 1}, rules=text, events=s.event("t >= 5", {"t": "1", "A": "t"}))
    )
    assert law(net.rules["t"], t_at_0=1, time=3) == 7.0
    assert law(net.events[0].trigger, t_at_0=1, time=2) == 1.0
    assert law(dict(net.events[0].assignments)["t_at_0"], time=2) == -3.0  # so that t is 1 at time 2


def test_other_rate_rules_move_with_the_state():
    rules = s.rule("A", "-k*A", "rate") + s.rule("p", "A + time", "rate")
    net = Network.from_sbml(s.model(species=s.species("A", units=False), parameters={"k": 1, "p": 0}, rules=rules))
    # A is the concentration in a volume of 2, the network holds the amount.
    assert law(net.rates["A"], A=8, C=2, k=1) == -8.0
    assert law(net.rates["p"], A=8, C=2, time=3) == 7.0


NA = 6.02214076e23


def units(kind: str, scale: int = 0) -> str:
    unit = f'<unit kind="{kind}" exponent="1" scale="{scale}" multiplier="1"/>'
    return f'<unitDefinition id="u"><listOfUnits>{unit}</listOfUnits></unitDefinition>'


def test_moles_are_converted():
    # 1e-21 mole = 602.214 molecules; the law k*A in mole per time is k*x in molecules.
    one = s.model(
        species=s.species("A", 5 / NA * 1e3),
        parameters={"k": 0.5},
        reactions=s.reaction("r", "A", "", "k*A"),
        units=units("mole", -3),
        attributes='substanceUnits="u" extentUnits="u"',
    )
    net = Network.from_sbml(one)
    assert net.initial["A"] == 5.0
    assert law(net.reactions[0].law, k=0.5, A=5) == pytest.approx(2.5, rel=1e-14)
    items = Network.from_sbml(one, substance="item")
    assert (items.initial["A"], items.reactions[0].law) == (0.0, "k*A")
    assert "8.3" in items.notices[0]


def test_units_that_are_no_count_or_differ_are_refused():
    gram = s.model(species=A_B, units=units("gram"), attributes='substanceUnits="u" extentUnits="item"')
    with pytest.raises(InputError, match="species 'A' is in the units 'u'"):
        Network.from_sbml(gram)
    mixed = s.model(
        species=A_B, attributes='substanceUnits="mole" extentUnits="item"', reactions=s.reaction("r", "A", "B", "A")
    )
    with pytest.raises(InputError, match="reaction 'r' changes 'A'"):
        Network.from_sbml(mixed.replace('initialAmount="10"', 'initialAmount="0"'))
    level_2 = '<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="m">'
    level_2 += '<listOfCompartments><compartment id="C"/></listOfCompartments><listOfSpecies>'
    level_2 += '<species id="A" compartment="C" initialAmount="100" hasOnlySubstanceUnits="true"/></listOfSpecies>'
    level_2 += "</model></sbml>"
    with pytest.raises(InputError, match="counts in moles: pass substance='item'"):
        Network.from_sbml(level_2)
    assert Network.from_sbml(level_2, substance="item").initial == {"A": 100.0}


REFUSED = {
    "constraints": {"constraints": f"<constraint>{s.math('A > 0')}</constraint>"},
    "algebraic rule": {"rules": f"<algebraicRule>{s.math('A - B')}</algebraicRule>"},
    "reaction 'r' is fast": {"reactions": s.reaction("r", "A", "", "A", 'reversible="false" fast="true"')},
    "law of reaction 'r' uses delays": {"reactions": s.reaction("r", "A", "", "delay(A, 1)")},
    "stoichiometry 1.5": {"reactions": s.reaction("r", "1.5 A", "", "A")},
    "conversionFactor": {"attributes": 'conversionFactor="p"'},
    "reads 'nothing'": {"reactions": s.reaction("r", "A", "", "nothing*A")},
    "calls the function 'nothing'": {"reactions": s.reaction("r", "A", "", "nothing(A)")},
    "'r' has no kinetic law": {"reactions": '<reaction id="r" reversible="false" fast="false"/>'},
    "circle": {"rules": s.rule("p", "q") + s.rule("q", "p")},
    "names the species 'Z', which is not there": {"reactions": s.reaction("r", "Z", "", "A")},
    "changes 'A', which an assignment rule gives": {
        "rules": s.rule("A", "p"),
        "reactions": s.reaction("r", "A", "", "p"),
    },
    "the parameter 'k' of reaction 'r' has no value": {
        "reactions": s.reaction(
            "r", "A", "", "k", local='<listOfLocalParameters><localParameter id="k"/></listOfLocalParameters>'
        )
    },
    "event 'E' has no trigger": {
        "events": s.event("A > 1", {"p": "2"}).replace(s.math("A > 1"), ""),
    },
    "event 'E' sets 'q', which an assignment rule gives": {
        "rules": s.rule("q", "p"),
        "events": s.event("A > 1", {"q": "2"}),
    },
    "variable stoichiometry is not supported": {"events": s.event("A > 1", {"nothing": "2"})},
    "species 'A' has a conversionFactor": {"species": s.species("A", 3, 'conversionFactor="p"') + s.species("B", 2)},
    "which is no compartment": {
        "species": s.species("A", 3, units=False).replace('"C"', '"X"') + s.species("B", 2),
        "reactions": s.reaction("r", "A", "", "A"),
    },
    "with 1 arguments; it takes 2": {
        "functions": s.function("f", "x, y", "x + y"),
        "reactions": s.reaction("r", "A", "", "f(A)"),
    },
}


@pytest.mark.parametrize("match", REFUSED)
def test_what_is_not_supported_is_refused_by_name(match: str):
    with pytest.raises(InputError, match=match) as caught:
        Network.from_sbml(s.model(**{"species": A_B, "parameters": {"p": 1, "q": 1}, **REFUSED[match]}))
    assert str(caught.value).startswith("[reactions.Network.from_sbml]")


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("-A^2", -9.0),
        ("(-A)^2", 9.0),
        ("A - (B - 1)", 1.0),
        ("A/(B/2)", 2.0),
        ("A - -1", 4.0),
        ("2^-A", 0.125),
        ("log10(1000)", 3.0),
        ("log(2, 8)", 3.0),
        ("root(3, 27)", 3.0),
        ("sqrt(16)", 4.0),
        ("ln(exp(2))", 2.0),
        ("piecewise(1, A < 2, 2, A < 4, 3)", 2.0),
        ("piecewise(5, A > 2 && !(B > 7) || false, 6)", 5.0),
        ("sec(0) + coth(1)*tanh(1)", 2.0),
        ("arccot(1)", math.atan(1)),
        ("arcsinh(sinh(1.5))", 1.5),
        ("floor(2.5) + ceil(2.5) + abs(-1)", 6.0),
        ("factorial(4)", 24.0),
        ("pi", math.pi),
        ("exponentiale", math.e),
        ("avogadro", 6.02214179e23),
        ("1e-3*A", 3e-3),
        ("(1/3)*A", 1.0),
    ],
)
def test_mathematics(formula: str, value: float):
    net = Network.from_sbml(s.model(species=A_B, reactions=s.reaction("r", "A", "", formula)))
    text = net.reactions[0].law
    known = {name: {"A": 3.0, "B": 3.0}[name] for name in _core.Expression(text).names()}
    assert law(text, **known) == pytest.approx(value, rel=1e-13)


def test_paths_and_texts(tmp_path):
    text = s.model(species=A_B)
    path = tmp_path / "m.xml"
    path.write_text(text, "utf-8")
    assert Network.from_sbml(path) == Network.from_sbml(str(path)) == Network.from_sbml(text)
    assert Network.from_sbml(("\ufeff" + text).encode()) == Network.from_sbml(text)
    assert Network.from_sbml(text).name == "m"
    with pytest.raises(OSError, match="begins with '<'"):
        Network.from_sbml(tmp_path / "absent.xml")
    with pytest.raises(TypeError, match="source"):
        Network.from_sbml(3)


def test_level_2_and_level_3_files_give_the_same_network(shared):
    cases = sorted((shared / "dsmts" / "timecourse").iterdir())
    assert cases
    for case in cases:
        old, new = (Network.from_sbml(next(case.glob(f"*-sbml-{level}*.xml"))) for level in ("l2", "l3"))
        # Level 2 has no initial value of a trigger: it always counts as true, in these Level 3 files as false.
        assert [e._replace(initial_value=False) for e in old.events] == list(new.events)
        old._parts.events = new._parts.events
        assert old == new, case.name
