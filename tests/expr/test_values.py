"""Values, precedence and text of expressions, against Python's own floats."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import _core, errors

sys.path.insert(0, str(Path(__file__).parent))
from trees import NAMES, TREES, Tree


def value(text: str, **names: float) -> float:
    return _core.Expression(text).evaluate(names)


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


@given(TREES)
def test_arithmetic_comparison_and_logic_equal_plain_python(tree: Tree):
    assert same(_core.Expression(tree.text).evaluate(NAMES), tree.value)


@given(TREES)
def test_text_is_read_as_the_same_expression(tree: Tree):
    first = _core.Expression(tree.text)
    second = _core.Expression(str(first))
    assert str(second) == str(first)
    assert set(second.names()) == set(first.names())
    assert same(second.evaluate(NAMES), tree.value)


@given(TREES)
def test_simplified_keeps_finite_values(tree: Tree):
    simple = _core.Expression(tree.text).simplified()
    again = _core.Expression(str(simple))
    assert same(again.evaluate(NAMES), simple.evaluate(NAMES))
    if math.isfinite(tree.value) and "/" not in tree.text and "e+" not in tree.text:
        assert simple.evaluate(NAMES) == tree.value


@given(TREES, st.integers(0, 600))
def test_arrays_give_the_bits_of_single_values(tree: Tree, n: int):
    steps = np.arange(n, dtype=np.float64)
    arrays = {name: v + steps if name in {"x", "lambda", "two words"} else v for name, v in NAMES.items()}
    expression = _core.Expression(tree.text)
    found = expression.evaluate(arrays)
    if not {"x", "lambda", "two words"} & set(expression.names()):
        assert same(found, tree.value)
        return
    assert found.shape == (n,)
    for i in {0, 1, 255, 256, n - 1} & set(range(n)):
        single = expression.evaluate({name: float(np.broadcast_to(v, n)[i]) for name, v in arrays.items()})
        assert same(found[i], single)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("2**3**2", 512.0),
        ("2^-1", 0.5),
        ("2^-1^2", 0.5),
        ("-2^-2", -0.25),
        ("(-2)^2", 4.0),
        ("--3", 3.0),
        ("+-+3", -3.0),
        ("2*-3", -6.0),
        ("2 - -3", 5.0),
        ("10 - 4 - 3", 3.0),
        ("100 / 10 / 2", 5.0),
        ("100 / 10 * 2", 20.0),
        ("2 + 3 * 4", 14.0),
        ("1 < 2 and 3 > 2", 1.0),
        ("1 or 0 and 0", 1.0),
        ("(1 or 0) and 0", 0.0),
        ("not 1 == 2", 1.0),
        ("not 0 and 0", 0.0),
        ("not not 5", 1.0),
        ("!1 == 0", 1.0),
        ("!0 + 1", 2.0),
        ("1 + 2 < 2 + 2", 1.0),
        ("1 && 0 || 1", 1.0),
        ("true + true", 2.0),
        ("1e-3", 1e-3),
        (".5 + 5.", 5.5),
        ("1E+2", 100.0),
        ("pi", math.pi),
        ("exp(1)", math.e),
        ("3 <= 3", 1.0),
        ("3 != 3", 0.0),
        ("0.1 + 0.2", 0.1 + 0.2),
        ("  1\n+\t2 ", 3.0),
        ("if(1 > 2, 10, 20)", 20.0),
        ("piecewise(1, false, 2, true, 3)", 2.0),
        ("min(3, 1, 2) + max(3, 1, 2)", 4.0),
        ("round(2.5) + 10*round(3.5)", 42.0),  # halves to even
        ("floor(-1.5)", -2.0),
        ("ceil(-1.5)", -1.0),
        ("sign(-3) + sign(0)", -1.0),
        ("heaviside(-1) + heaviside(0)", 1.0),
        ("hill(3, 2, 2)", 9 / 13),
        ("factorial(0) + factorial(5)", 121.0),
    ],
)
def test_precedence_numbers_and_functions(text: str, expected: float):
    assert value(text) == expected


FUNCTIONS = [
    ("exp", math.exp, (-700, -1.5, 0, 1e-9, 3, 700)),
    ("log", math.log, (1e-300, 0.5, 1, 7, 1e300)),
    ("ln", math.log, (0.5, 7)),
    ("log10", math.log10, (1e-5, 3, 1000)),
    ("log2", math.log2, (0.125, 3, 1000)),
    ("sqrt", math.sqrt, (0, 2, 1e300)),
    ("sin", math.sin, (-3, 0, 1, 1e6)),
    ("cos", math.cos, (-3, 0, 1, 1e6)),
    ("tan", math.tan, (-3, 0, 1, 1e6)),
    ("asin", math.asin, (-1, 0.3, 1)),
    ("acos", math.acos, (-1, 0.3, 1)),
    ("atan", math.atan, (-1e9, 0.3, 1)),
    ("sinh", math.sinh, (-3, 0.1, 20)),
    ("cosh", math.cosh, (-3, 0.1, 20)),
    ("tanh", math.tanh, (-3, 0.1, 20)),
    ("asinh", math.asinh, (-3, 0.1, 20)),
    ("acosh", math.acosh, (1, 1.5, 20)),
    ("atanh", math.atanh, (-0.9, 0.1)),
    ("factorial", lambda x: float(math.factorial(int(x))), (1, 2, 10, 20, 23, 100, 170)),
    ("factorial", lambda x: math.gamma(x + 1), (0.5, 3.25)),
]


@pytest.mark.parametrize(("function", "expected", "points"), FUNCTIONS)
def test_functions_are_those_of_the_mathematical_library(function, expected, points):
    for x in points:
        assert value(f"{function}(x)", x=float(x)) == pytest.approx(expected(x), rel=1e-15, abs=0)


@pytest.mark.parametrize("x", [-2.0, 0.0, 0.3, 5.0, 1e100])
@pytest.mark.parametrize("y", [-3.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 17.0])
def test_powers(x: float, y: float):
    with np.errstate(over="ignore", divide="ignore"):
        expected = float(np.power(x, y))
        for text in ("x^y", "x**y", "pow(x, y)", f"x^({y!r})"):
            assert value(text, x=x, y=y) == pytest.approx(expected, rel=5e-16, abs=0)
    assert value(f"x^({y!r})", x=x) == value("x^y", x=x, y=y), "the same bits for a written and a computed exponent"


def test_a_piece_that_is_not_chosen_has_no_say():
    assert value("if(x > 0, 1/x, 5)", x=0.0) == 5.0
    assert value("piecewise(log(x), x > 0, sqrt(x), x > -1, -7)", x=-2.0) == -7.0
    assert value("piecewise(1, x > 0, 0/0)", x=1.0) == 1.0
    assert math.isnan(value("piecewise(1, x > 0)", x=-1.0)), "no piece holds and there is no other"


def test_what_is_no_number_stays_visible():
    for text in ("min(1, 0/0)", "min(0/0, 1)", "max(1, 0/0)", "max(0/0, 1)", "sign(0/0)", "heaviside(0/0)", "sqrt(-1)"):
        assert math.isnan(value(text)), text
    assert value("1/0") == math.inf


def test_names_that_other_languages_reserve():
    names = {"lambda": 1.0, "in": 2.0, "E": 3.0, "e": 4.0, "class": 5.0, "a b": 6.0, "x-y": 7.0, "and": 8.0, "min": 9.0}
    text = "lambda + 10*in + 100*E + 1e3*e + 1e4*class + 1e5*`a b` + 1e6*`x-y` + 1e7*`and` + 1e8*min"
    expression = _core.Expression(text)
    assert expression.names() == list(names)
    assert expression.evaluate(names) == 987654321.0
    assert _core.Expression(str(expression)).evaluate(names) == 987654321.0
    assert value("pi", pi=3.0) == 3.0, "a caller's pi wins"
    assert _core.Expression("2*pi*r").names() == ["r"]
    assert _core.Expression("2*pi*r").names(constants=True) == ["pi", "r"]
    with pytest.raises(errors.UnknownNameError, match="'e'"):
        value("e")


def test_common_parts_are_computed_once_and_constants_before():
    assert _core.Expression("2*3 + 4^2 - exp(0)").operations() == 0
    assert _core.Expression("(a + b)*(a + b) + (b + a)").operations() == 3
    assert _core.Expression("k*A*(A - 1)/2").operations() == 4
    assert _core.Expression("x^2 + x^2").operations() == 2
    assert _core.Expression("if(1 < 2, a, exp(b))").operations() == 0


def test_derivatives_of_a_table():
    table = {
        "3*x": "3",
        "x*y": "y",
        "k + y": "0",
        "x^2": "2*x",
        "exp(x)": "exp(x)",
        "-x": "-1",
        "log(x)": "1/x",
        "x*log(x)": "log(x) + 1",
    }
    for text, expected in table.items():
        derived = _core.Expression(text).derivative("x")
        point = {"x": 1.75, "y": 0.5, "k": 2.0}
        assert derived.evaluate(point) == _core.Expression(expected).evaluate(point), (text, str(derived))
    assert str(_core.Expression("k + y").derivative("x")) == "0"


SMOOTH = [
    *(
        "x^3 - 2*x",
        "x^y",
        "y^x",
        "x^x",
        "1/(1 + x^2)",
        "(x - y)/(x + y)",
        "hill(x, y, 2)",
        "hill(y, x, 3)",
        "hill(2, y, x)",
    ),
    *("exp(-x*x)", "log10(x)", "log2(x)", "sqrt(x)", "sin(x)*cos(x)", "tan(x/3)", "asin(x/3)", "acos(x/3)", "atan(x)"),
    *("atan2(x, y)", "atan2(y, x)", "sinh(x)", "cosh(x)", "tanh(x)", "asinh(x)", "acosh(x + 1)", "atanh(x/3)"),
    *("abs(x - 3)", "min(x, y, 2*x)", "max(x^2, y, 3)", "if(x > 1, x^2, y)", "piecewise(x, y > 1, x^3, x > 0.5, 0)"),
    *("floor(x) + x", "factorial(y)*x", "heaviside(x)*x", "x*`in` + `a b`/x", "(x > 1)*x"),
]


@pytest.mark.parametrize("text", SMOOTH)
@pytest.mark.parametrize("x", [0.7, 1.3])
def test_derivatives_agree_with_central_differences(text: str, x: float):
    # The error of a central difference at h = 1e-5 is about h^2 = 1e-10 and rounding about 1e-16/h = 1e-11.
    others = {"y": 0.9, "in": 2.0, "a b": 3.0}
    expression = _core.Expression(text)
    h = 1e-5
    ends = [expression.evaluate({"x": x + d, **others}) for d in (-h, h)]
    derived = expression.derivative("x")
    assert derived.evaluate({"x": x, **others}) == pytest.approx((ends[1] - ends[0]) / (2 * h), rel=1e-7, abs=1e-8)
    assert _core.Expression(str(derived)).evaluate({"x": x, **others}) == derived.evaluate({"x": x, **others})
