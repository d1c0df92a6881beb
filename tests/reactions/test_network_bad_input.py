"""Bad networks: each is a clear error that names the value, before anything runs."""

from __future__ import annotations

import math

import pytest

from stochos.errors import Error
from stochos.reactions import Network


@pytest.mark.parametrize(
    "amount", [-3, 2.5, 2.0**53 * 2, 10**400, math.nan, math.inf, "0/0", True, None, "A", "missing"]
)
def test_amount_that_is_no_count(amount: object):
    with pytest.raises(ValueError, match=r"\[reactions.Network\].*('A'|A -> A)"):
        Network({"A": amount}, ["A -> @ 1"])


@pytest.mark.parametrize("number", [math.nan, math.inf, 10**400, -(10**400), None, "1/0", "k", "j", "2 +"])
def test_parameter_that_is_no_number(number: object):
    with pytest.raises(ValueError, match=r"'k'|k -> k"):
        Network({"A": 1}, ["A -> @ k"], {"k": number})


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("A -> B", "'@'"),
        ("A -> B @ k @ k", "2 '@'"),
        ("A B -> C @ k", "'A B'"),
        ("A - B @ k", "arrow"),
        ("A -> B -> C @ k", "arrow"),
        ("A -> B @", "0 laws; give 1"),
        ("A -> B @ k, k", "2 laws; give 1"),
        ("A <-> B @ k", "1 laws; give 2"),
        ("1.5 A -> B @ k", "1.5 A"),
        ("-1 A -> B @ k", "-1 A"),
        ("0 A -> B @ k", "0 A"),
        ("99999999999 A -> B @ k", "99999999999"),
        (f"{'9' * 5000} A -> B @ k", "'999.*999\\.\\.\\.' in the reaction"),
        ("\u0663 A -> B @ k", "is no species with a whole number"),
        (": A -> B @ k", "needs one arrow"),
        ("A -> D @ k", "'D'.*no initial amount"),
        ("A -> B @ k*D", "'D'.*no species, parameter or rule"),
        ("A -> B @ k*(A", "R1"),
        ("A -> B @ frobnicate(A)", "frobnicate"),
        ("A -> B @ lambda: 0", "R1"),
        ("A -> B @ __import__('os')", "R1"),
        ("A -> B @ negative", "'R1'.*-1"),
        ("A -> B @ 1e999", "R1"),
    ],
)
def test_reaction_that_cannot_be_read(text: str, match: str):
    with pytest.raises(ValueError, match=match) as caught:
        Network({"A": 1, "B": 1}, [text], {"k": 1.0, "negative": -1.0})
    assert str(caught.value).startswith("[reactions.Network]")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"parameters": {"A": 1}}, "'A' is both a species and a parameter"),
        ({"rules": {"k": "1"}}, "'k' is both a parameter and a rule"),
        ({"rules": {"A": "1"}}, "'A' is both a species and a rule"),
        ({"rules": {"x": "y", "y": "x + A"}}, "x -> y -> x|y -> x -> y"),
        ({"rules": {"x": "x"}}, "x -> x"),
        ({"rules": {"x": "q"}}, "'q'"),
        ({"rules": {"time": "1"}}, "'time'"),
        ({"rules": {"": "1"}}, "not empty"),
        ({"reactions": ["a: A -> @ 1", "a: A -> @ 1"]}, "'a' occurs twice"),
        ({"convention": "odd"}, "convention"),
        ({"fixed": ["Z"]}, "'Z'"),
        ({"events": ["A > 1"]}, "needs one ':'"),
        ({"events": ["A > 1: Z = 1"]}, "'Z'"),
        ({"events": ["A > 1: A = 1, A = 2"]}, "twice"),
        ({"events": ["A > 1: A"]}, "no assignment"),
        ({"events": ["Z > 1: A = 1"]}, "'Z'"),
        ({"events": [{"trigger": "A > 1", "assign": "A = 1"}]}, "'assign'"),
        ({"events": [{"trigger": "A > 1"}]}, "lacks"),
    ],
)
def test_parts_that_do_not_fit(changes: dict, match: str):
    given = {"initial": {"A": 1}, "reactions": ["A -> @ k"], "parameters": {"k": 1.0}}
    with pytest.raises(ValueError, match=match):
        Network(**{**given, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"initial": [1]},
        {"initial": {1: 1}},
        {"reactions": "A -> @ 1"},
        {"reactions": [3]},
        {"events": [3]},
        {"rules": 3},
    ],
)
def test_arguments_of_the_wrong_kind(changes: dict):
    with pytest.raises(TypeError, match=r"\[reactions.Network\]"):
        Network(**{"initial": {"A": 1}, "reactions": ["A -> @ 1"], **changes})


def test_with_checks_its_values():
    net = Network({"A": 1}, ["A -> @ k"], {"k": 1.0})
    for changes, match in (
        ({"parameters": {"q": 1}}, "'q'"),
        ({"initial": {"k": 1}}, "'k'"),
        ({"initial": {"A": -1}}, "-1"),
        ({"parameters": {"k": -1}}, "-1"),
        ({"parameters": {"k": math.nan}}, "nan"),
    ):
        with pytest.raises(Error, match=match) as caught:
            net.with_(**changes)
        assert str(caught.value).startswith("[reactions.Network.with_]")


def test_deep_and_long_texts_do_not_crash():
    with pytest.raises(ValueError, match="deeper"):
        Network({"A": 1}, ["A -> @ " + "(" * 5000 + "A" + ")" * 5000])
    chain = {f"x{i}": f"x{i + 1} + 1" for i in range(3000)} | {"x3000": "A"}
    assert len(Network({"A": 1}, ["A -> @ x0"], rules=chain).rules) == 3001
