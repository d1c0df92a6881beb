"""Mass action in disguise: which laws are recognised, with which constant, and which near misses are not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import _core

PARAMETERS = {"k": 0.3, "k1": 0.1, "V": 2.0, "n": 2.0, "zero": 0.0}


def found(law: str, **reactants: int):
    orders = sorted(reactants.items()) if reactants else None
    return _core.Expression(law).mass_action(PARAMETERS, orders)


@pytest.mark.parametrize(
    ("law", "reactants", "constant"),
    [
        ("k", {}, 0.3),
        ("k*V", {}, 0.6),
        ("k*A", {"A": 1}, 0.3),
        ("A*k", {"A": 1}, 0.3),
        ("k*A*B", {"A": 1, "B": 1}, 0.3),
        ("k*A*B/V", {"A": 1, "B": 1}, 0.15),
        ("V*k*(A/V)*(B/V)", {"A": 1, "B": 1}, 0.15),
        ("k*P*(P-1)/2", {"P": 2}, 0.3),
        ("0.5*k1*P*(P-1)", {"P": 2}, 0.1),
        ("k*(P*P-P)/2", {"P": 2}, 0.3),
        ("k*(P^2 - P)/2", {"P": 2}, 0.3),
        ("k/2*P^2 - k*P/2", {"P": 2}, 0.3),
        ("(k/2)*P*(P-1)", {"P": 2}, 0.3),
        ("(P-1)*k1*P*0.5", {"P": 2}, 0.1),
        ("k*P*(P-1)", {"P": 2}, 0.6),
        ("-k*P*(1-P)/2", {"P": 2}, 0.3),
        ("k*P*(P/2 - 0.5)", {"P": 2}, 0.3),
        ("(1-1)*P^3 + k*P*(P-1)/2", {"P": 2}, 0.3),
        ("k*P*(P-1)*(P-2)/6", {"P": 3}, 0.3),
        ("k*(P^3/6 - P^2/2 + P/3)", {"P": 3}, 0.3),
        ("k*A*(A-1)/2*B", {"A": 2, "B": 1}, 0.3),
        ("k*A*(A-1)/2*B*(B-1)/2", {"A": 2, "B": 2}, 0.3),
        ("k*P^(n-1)", {"P": 1}, 0.3),
        ("sqrt(k*k)*exp(0)*A", {"A": 1}, 0.3),
        ("if(k > 0, k*A, log(A))", {"A": 1}, 0.3),
        ("zero*A", {"A": 1}, 0.0),
        ("hill(V, 2, 2)*A", {"A": 1}, 0.5),
        ("k*A + k1*A", {"A": 1}, 0.4),
    ],
)
def test_recognised(law: str, reactants: dict[str, int], constant: float):
    kind, value, orders = found(law, **reactants)
    assert kind == "combinations"
    assert value == pytest.approx(constant, rel=2e-16, abs=0)
    if constant:
        assert dict(orders) == reactants


@pytest.mark.parametrize(
    ("law", "orders", "constant"),
    [("k*P*P", {"P": 2}, 0.3), ("k*P^2*B", {"P": 2, "B": 1}, 0.3), ("k*P^n/2", {"P": 2}, 0.15), ("A^3", {"A": 3}, 1.0)],
)
def test_pure_powers_are_told_apart(law: str, orders: dict[str, int], constant: float):
    assert found(law, **orders) == ("powers", pytest.approx(constant, rel=2e-16), sorted(orders.items()))


@pytest.mark.parametrize(
    ("law", "reactants"),
    [
        ("k*P*(P-1.0000000000000002)/2", {"P": 2}),  # one bit off
        ("k*P*(P-2)/2", {"P": 2}),
        ("k*P*(P+1)/2", {"P": 2}),
        ("k*(P*P-P)/2 + 1e-9", {"P": 2}),
        ("k*P*(P-1)/2", {"P": 1}),
        ("k*P*(P-1)/2", {"P": 3}),
        ("k*A", {"B": 1}),
        ("k*A*B", {"A": 1}),
        ("k", {"A": 1}),
        ("k*A*time", {"A": 1}),
        ("k*A/(1+A)", {"A": 1}),
        ("k*A*A/A", {"A": 1}),
        ("k*A^0.5", {"A": 1}),
        ("k*n^A", {"A": 1}),
        ("k*A/zero", {"A": 1}),
        ("k*(100-2*P2)*(99-2*P2)*0.5", {"P2": 2}),
        ("k*sin(A)", {"A": 1}),
        ("k*max(A, 0)", {"A": 1}),
        ("if(A > 0, k*A, 0)", {"A": 1}),
        ("k*P*(P-1)*(P-1)/2", {"P": 3}),
        ("k*A*(A-1)*B*B", {"A": 2, "B": 2}),  # neither of the two kinds
        ("k*(A*B - A)", {"A": 1, "B": 1}),
        ("A^17", {"A": 17}),
        ("pi*A", {"A": 1}),  # pi may be anyone's name: not a constant unless it is given as one
    ],
)
def test_near_misses_are_refused(law: str, reactants: dict[str, int]):
    assert found(law, **reactants) is None


def test_orders_are_found_from_the_law_alone():
    assert found("k*S*E") == ("combinations", 0.3, [("E", 1), ("S", 1)])
    assert found("k*`two words`") == ("combinations", 0.3, [("two words", 1)])


def test_search_gives_up_early_on_what_grows():
    law = "*".join(f"(a{i} + b{i})" for i in range(40))
    assert found(law) is None
    assert found("(" + " + ".join(f"a{i}" for i in range(100)) + ")^16") is None


@given(
    st.dictionaries(st.sampled_from("ABC"), st.integers(1, 3), min_size=1, max_size=3),
    st.floats(1e-6, 1e6),
    st.randoms(use_true_random=False),
)
def test_any_order_of_factors_gives_the_constant_and_the_value(orders: dict[str, int], k: float, chance):
    factors = ["k"]
    for name, n in orders.items():
        factors += [name if i == 0 else f"({name} - {i})" for i in range(n)]
        factors.append(f"1/{math.factorial(n)}.0" if chance.random() < 0.5 else f"{1}/({math.factorial(n)})")
    chance.shuffle(factors)
    law = "*".join(f"({f})" for f in factors)
    found_kind, constant, found_orders = _core.Expression(law).mass_action({"k": k}, sorted(orders.items()))
    assert found_kind == "combinations"
    # 1/6 is rounded once in each of up to three factors before it is multiplied out.
    assert constant == pytest.approx(k, rel=1e-15)
    assert dict(found_orders) == orders
    amounts = {name: float(chance.randrange(0, 50)) for name in orders}
    expected = constant * math.prod(math.comb(int(amounts[name]), n) for name, n in orders.items())
    assert _core.Expression(law).evaluate({"k": k, **amounts}) == pytest.approx(expected, rel=1e-14)
