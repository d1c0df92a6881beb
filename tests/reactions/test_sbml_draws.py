"""Distributions of the SBML package distrib: what they mean, where they may stand, and what is refused by name.

Arguments and their order are those of the package's specification (Level 3 Version 1 Release 1, section 3.5).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("libsbml")

from stochos import reactions
from stochos.errors import InputError
from stochos.reactions import Network

# The tests are imported one by one, without a package around them.
_spec = importlib.util.spec_from_file_location("sbml_text", Path(__file__).with_name("sbml_text.py"))
s = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(s)

A_B = s.species("A") + s.species("B", 0)
DECAY = s.reaction("r", "A", "B", "k*A")


def model(**parts: object) -> str:
    """A model that declares the package."""
    text = s.model(**{"species": A_B, "reactions": DECAY, "parameters": {"k": 1}, **parts})
    package = "http://www.sbml.org/sbml/level3/version1/distrib/version1"
    return text.replace("<sbml ", f'<sbml xmlns:distrib="{package}" distrib:required="true" ', 1)


@pytest.mark.parametrize(
    "formula",
    [
        "uniform(1, 3)", "normal(4, 2)", "normal(4, 2, -1, 9.5)", "exponential(2)", "exponential(2, 0, 1)",
        "gamma(3, 2)", "gamma(3, 2, 1, 4)", "poisson(7)", "poisson(7, 2, 9)", "binomial(9, 0.5)",
        "binomial(9, 0.5, 2, 4)", "bernoulli(0.2)", "cauchy(2)", "cauchy(1, 2)", "cauchy(1, 2, 0, 9)", "chisquare(3)",
        "chisquare(3, 1, 2)", "laplace(2)", "laplace(1, 2)", "laplace(1, 2, 0, 3)", "lognormal(0, 1)",
        "lognormal(0, 1, 1, 2)", "rayleigh(2)", "rayleigh(2, 1, 3)",
    ],
)  # fmt: skip
def test_each_form_of_each_distribution_is_read(formula: str):
    net = Network.from_sbml(model(initial=s.assign("q", formula), parameters={"k": 1, "q": 2}))
    assert net._parts.parameters["q"] == formula
    assert np.isnan(net.parameters["q"])
    assert reactions.simulate(net, [0.0], 3).values.shape == (3, 1, 2)


def test_the_level_of_amounts_and_concentrations_is_kept():
    # A species given by its concentration in a volume of 2: a drawn concentration of 5 is an amount of 10.
    text = model(species=s.species("A", units=False) + s.species("B", 0), initial=s.assign("A", "5 + 0*normal(0, 1)"))
    assert (reactions.simulate(Network.from_sbml(text), [0.0], 5).values[:, 0, 0] == 10).all()


def test_draws_stand_in_initial_assignments_and_in_events():
    events = s.event("time >= 1", {"B": "100 + poisson(50)"}, delay="uniform(1, 2)", priority="normal(0, 1)", flags="")
    net = Network.from_sbml(model(initial=s.assign("A", "binomial(20, 0.5)"), events=events))
    run = reactions.simulate(net, [0.0, 1.9, 2.9, 3.1], 500, seed=1)
    assert abs(run.values[:, 0, 0].mean() - 10) < 5 * np.sqrt(5 / 500)
    assert (run.values[:, 1, 1] < 50).all()
    assert abs((run.values[:, 2, 1] < 50).mean() - 0.1) < 5 * np.sqrt(0.09 / 500)
    assert (run.values[:, 3, 1] > 50).all()


def test_infinite_bounds_are_read_as_numbers_and_as_parameters():
    text = model(initial=s.assign("k", "exponential(1, low, INF)"), parameters={"k": 1, "low": 3, "top": "INF"})
    net = Network.from_sbml(text)
    assert net._parts.parameters["k"] == "exponential(1, low, (1/0))"
    text = model(initial=s.assign("k", "normal(0, 1, -INF, top)"), parameters={"k": 1, "top": "INF"})
    net = Network.from_sbml(text)
    assert net._parts.parameters["k"] == "normal(0, 1, (-1/0), (1/0))"
    assert "top" not in net.parameters


def test_a_function_definition_may_draw_and_each_call_has_its_own_number():
    functions = s.function("noise", "m, s", "m + normal(0, s)")
    net = Network.from_sbml(model(functions=functions, initial=s.assign("k", "noise(1, 2) - noise(1, 2)")))
    assert net._parts.parameters["k"].count("normal(0, 2)") == 2


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"reactions": s.reaction("r", "A", "B", "normal(1, 1)*A")}, "law of reaction 'r'.*draws random numbers"),
        ({"rules": s.rule("k", "normal(1, 1)")}, "rule for 'k'.*draws random numbers"),
        ({"events": s.event("normal(0, 1) > 0", {"A": "1"})}, "trigger of event 'E'.*draws random numbers"),
        (
            {"functions": s.function("twice", "x", "x + x"), "initial": s.assign("k", "twice(normal(0, 1))")},
            "gives 'twice' a random number that it reads twice",
        ),
        ({"initial": s.assign("k", "xor(poisson(9) > 4, true)")}, r"random number 'poisson\(9\) > 4'"),
    ],
)
def test_a_draw_that_cannot_be_kept_is_refused_by_name(parts: dict, message: str):
    with pytest.raises(InputError, match=message):
        Network.from_sbml(model(**parts))


def test_uncertainties_describe_and_change_nothing():
    about = (
        '<distrib:listOfUncertainties xmlns:distrib="http://www.sbml.org/sbml/level3/version1/distrib/version1">'
        '<distrib:uncertainty><distrib:uncertParameter distrib:type="standardDeviation" distrib:value="3"/>'
        "</distrib:uncertainty></distrib:listOfUncertainties>"
    )
    plain = model()
    described = plain.replace(
        'constant="false"/></listOfParameters>', f'constant="false">{about}</parameter></listOfParameters>'
    )
    assert described != plain
    assert Network.from_sbml(described) == Network.from_sbml(plain)
