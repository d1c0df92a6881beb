"""Networks written in Python: what each text means, copies, equality, printing."""

from __future__ import annotations

import copy

import pytest

from stochos import reactions
from stochos.reactions import Event, Network, Reaction


def net(*texts: str, **options) -> Network:
    options.setdefault("parameters", {"k": 2.0, "c": 0.5})
    return Network({"A": 10, "B": 5, "C": 0}, list(texts), **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A -> B @ k*A", Reaction("R1", (("A", 1),), (("B", 1),), "k*A", False)),
        ("-> A @ k", Reaction("R1", (), (("A", 1),), "k", True)),
        ("0 -> A @ 3", Reaction("R1", (), (("A", 1),), "3", True)),
        ("A -> ∅ @ 1e-3", Reaction("R1", (("A", 1),), (), "1e-3", True)),
        ("A -> @ 2*k", Reaction("R1", (("A", 1),), (), "2*k", False)),
        ("2 A + B -> 3C @ k", Reaction("R1", (("A", 2), ("B", 1)), (("C", 3),), "k", True)),
        ("A + A -> B @ `k`", Reaction("R1", (("A", 2),), (("B", 1),), "`k`", True)),
        ("burn: 4*A -> 2 C @ k*A/(B + 1)", Reaction("burn", (("A", 4),), (("C", 2),), "k*A/(B + 1)", False)),
        ("A + B -> 2 B @ B", Reaction("R1", (("A", 1), ("B", 1)), (("B", 2),), "B", False)),  # a species is no constant
    ],
)
def test_reaction_text(text: str, expected: Reaction):
    assert net(text).reactions == (expected,)


def test_reversible_reaction_is_two():
    first, second = net("bind: A + B <-> C @ k, min(k, c)*C").reactions
    assert first == Reaction("bind", (("A", 1), ("B", 1)), (("C", 1),), "k", True)
    assert second == Reaction("bind_reverse", (("C", 1),), (("A", 1), ("B", 1)), "min(k, c)*C", False)


def test_names_of_any_characters_stand_in_backquotes():
    odd = Network({"R(a!1).L(b!1)": 4, "lambda": 1}, ["`R(a!1).L(b!1)` -> lambda @ `in`"], {"in": 1.0})
    assert odd.reactions[0].reactants == (("R(a!1).L(b!1)", 1),)
    assert odd.propensity("R1") == "`in`*`R(a!1).L(b!1)`"


# c times combinations: C(A, 2) = A(A-1)/2, C(A, 3) = A(A-1)(A-2)/6; powers: A(A-1), A(A-1)(A-2).
@pytest.mark.parametrize(
    ("convention", "order", "expected"),
    [
        ("combinations", 1, 2.0 * 10),
        ("combinations", 2, 2.0 * 10 * 9 / 2),
        ("combinations", 3, 2.0 * 10 * 9 * 8 / 6),
        ("powers", 1, 2.0 * 10),
        ("powers", 2, 2.0 * 10 * 9),
        ("powers", 3, 2.0 * 10 * 9 * 8),
    ],
)
def test_convention_of_mass_action(convention: str, order: int, expected: float):
    from stochos import _core

    one = net(f"{order} A -> C @ k", convention=convention)
    text = one.propensity("R1")
    assert _core.Expression(text).evaluate({"k": 2.0, "A": 10.0}) == pytest.approx(expected, rel=1e-14)
    assert f"convention {convention!r}" in str(one)
    assert text in str(one)


def test_constants_of_mass_action_given_to_the_core():
    # The core takes c times combinations; falling powers are n! times as much.
    from stochos.reactions import _build

    both = {c: net("2 A + 3 B -> C @ k", "A -> @ 7", "A -> @ k*A", convention=c) for c in ("combinations", "powers")}
    found = {c: _build.constants("t", n._parts, n.parameters).tolist() for c, n in both.items()}
    assert found["combinations"][:2] == [2.0, 7.0]
    assert found["powers"][:2] == [2.0 * 2 * 6, 7.0]
    assert found["powers"][2] != found["powers"][2]  # an expression has no constant


def test_constant_that_an_event_changes_is_no_constant():
    from stochos.reactions import _build

    one = net("A -> @ k", events=["time >= 1: k = 5"])
    assert _build.constants("t", one._parts, one.parameters)[0] != 2.0


def test_net_change_leaves_out_catalysts_and_fixed_species():
    from stochos.reactions import _build

    one = net("A + B -> B + C @ k", "A -> 3 A @ k", fixed=["C"])
    change = _build.change(one._parts)
    assert change.start.tolist() == [0, 1, 2]
    assert change.species.tolist() == [0, 0]
    assert change.count.tolist() == [-1, 2]
    assert one.fixed == {"C"}


def test_rules_are_put_in_an_order_in_which_they_can_be_computed():
    one = net("A -> @ k", rules={"x": "y + 1", "y": "z*A", "z": "2"})
    assert list(one.rules) == ["z", "y", "x"]


def test_values_may_be_expressions_and_follow_what_they_depend_on():
    one = Network({"A": "2*n", "B": "A + 1"}, ["A -> B @ k"], {"n": 4, "k": "n/8"})
    assert one.initial == {"A": 8.0, "B": 9.0}
    assert one.parameters == {"n": 4.0, "k": 0.5}
    other = one.with_(parameters={"n": 6})
    assert other.initial == {"A": 12.0, "B": 13.0}
    assert other.parameters["k"] == 0.75
    assert one.initial["A"] == 8.0  # the copy alone has changed
    fixed = one.with_(parameters={"k": 3}, initial={"A": 1})
    assert (fixed.initial, fixed.parameters["k"]) == ({"A": 1.0, "B": 2.0}, 3.0)


def test_equality_is_by_value():
    assert net("A -> @ k") == net("A -> @ k")
    assert net("A -> @ k") != net("A -> @ c")
    assert net("A -> @ k") != net("2 A -> @ k")
    assert net("A -> @ k") != net("A -> @ k").with_(initial={"A": 9})
    assert net("A -> @ k") != net("A -> @ k", convention="powers")
    assert net("A -> @ k") != 3
    assert copy.deepcopy(net("A -> @ k")) == net("A -> @ k")


def test_event_forms_mean_the_same():
    text = "time >= 25: A = 100, B = max(0, 1)"
    pairs = (("A", "100"), ("B", "max(0, 1)"))
    forms = [text, {"trigger": "time >= 25", "assignments": dict(pairs)}, Event("time >= 25", pairs)]
    assert {net("A -> @ k", events=[form]).events for form in forms} == {(Event("time >= 25", pairs),)}
    full = net("A -> @ k", events=[{"trigger": "A > 3", "assignments": "A = 1", "delay": 2.5, "persistent": False}])
    assert full.events[0] == Event("A > 3", (("A", "1"),), "2.5", persistent=False)


def test_near_whole_number_is_rounded_with_a_notice(caplog):
    # 0.1*250 - 4e-15, as a model file once gave it
    one = Network({"S": 24.999999999999996}, ["S -> @ k"], {"k": 1})
    assert one.initial["S"] == 25
    assert len(one.notices) == len(caplog.records) == 1
    assert "'S'" in one.notices[0]
    assert net("A -> @ k").notices == ()
    assert Network({"S": 2.6}, [], round_initial=True).initial["S"] == 3


def test_text_and_repr():
    one = net("decay: A -> @ k", rules={"t": "A + B"}, events=["A < 3: A = 10"], name="demo", fixed=["B"])
    assert repr(one) == "<Network 'demo' of 3 species, 1 reactions>"
    for part in ("A = 10", "k = 2", "t = A + B", "decay: A -> @ k", "k*A", "when A < 3: A = 10", "fixed: B"):
        assert part in str(one)
    assert "and 40 more" in str(Network({"A": 1}, ["A -> @ 1"] * 100))
    with pytest.raises(KeyError, match="nothing"):
        one.propensity("nothing")


def test_names_are_exported():
    assert {"Event", "Network", "Reaction"} <= set(reactions.__all__)
