"""What is refused, where the error points, and that no text whatever does anything else."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import _core, errors

sys.path.insert(0, str(Path(__file__).parent))
from trees import NAMES, TREES, Tree


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("", 1, "empty"),
        ("   ", 4, "empty"),
        ("k*(A+)*2", 6, "expected a number, a name or '\\(', found '\\)'"),
        ("2 +", 4, "the text ends"),
        ("(1 + 2", 7, "'\\)', but the text ends"),
        ("1 + 2)", 6, "closes nothing"),
        ("2 A", 3, "expected an operator, found 'A'"),
        ("2A", 2, "write \\* for a product"),
        ("1.2.3", 4, "a number ends in '\\.'"),
        ("1e+", 2, "exponent"),
        ("1e999", 1, "range of a double"),
        ("a = b", 3, "write =="),
        ("a & b", 3, "write &&"),
        ("a <> b", 3, "write !="),
        ("a < b < c", 7, "do not chain"),
        ("a == b != c", 8, "do not chain"),
        ("1 + not a", 5, "parentheses"),
        ("foo(1)", 1, "no such function"),
        ("`exp`(1)", 1, "no such function"),
        ("k(A)", 1, "no such function"),
        ("exp()", 1, "exp takes 1 argument and has 0"),
        ("1 + exp(1, 2)", 5, "exp takes 1 argument and has 2"),
        ("if(1, 2)", 1, "if takes 3 arguments and has 2"),
        ("piecewise(1)", 1, "at least 2"),
        ("min()", 1, "at least 1"),
        ("max(1,,2)", 7, "expected a number"),
        ("1 + `abc", 5, "no end"),
        ("``", 1, "is empty"),
        ("a ≤ b", 3, "'≤' cannot stand here"),
        ("µ + 1", 1, "backquotes"),
        ("a.b", 2, "'\\.' cannot stand here"),
        ("'a'", 1, "cannot stand here"),
        ("a;b", 2, "cannot stand here"),
        ("a\x00b", 2, r"'\\x00' cannot stand here"),
        ("µ".join(["`", "`"]) + " + )", 7, "expected a number"),
        ("and", 1, "expected a number, a name"),
        ("x or", 5, "the text ends"),
        ("x^", 3, "the text ends"),
        ("*x", 1, "expected a number"),
        ("x !y", 3, "expected an operator, found '!'"),
        ("__import__('os')", 1, "no such function"),
    ],
)
def test_errors_name_the_place(text: str, column: int, part: str):
    with pytest.raises(errors.InputError, match=part) as caught:
        _core.Expression(text, "reactions.Network")
    message = str(caught.value)
    assert message.startswith("[reactions.Network] ")
    first, shown, caret = message.split("\n")
    assert first.endswith(f"at column {column}:")
    assert caret == " " * (2 + column - 1) + "^"
    assert shown == "  " + "".join(c if c >= " " else " " for c in text)


def test_long_text_is_shown_around_the_place():
    text = "µ_1 + ".replace("µ", "a") * 100 + "?" + " + b" * 100
    with pytest.raises(errors.InputError) as caught:
        _core.Expression(text)
    first, shown, caret = str(caught.value).split("\n")
    assert first.endswith("at column 601:")
    assert len(shown) < 140
    assert shown[len(caret) - 1] == "?"


def test_unknown_name_is_named_and_shown():
    with pytest.raises(errors.UnknownNameError, match=r"^\[f\] there is no value called 'B' at column 5:\n  A \+ B\n"):
        _core.Expression("A + B", "f").evaluate({"A": 1.0})
    with pytest.raises(errors.UnknownNameError, match="'B'"):
        _core.Expression("A*B", "f").derivative("A").evaluate({"A": 1.0})


@pytest.mark.parametrize(
    "opening", ["(", "-", "!", "not ", "exp(", "2^", "if(1,", "(-", "2^(", "1+(", "not (", "`a`^-"]
)
def test_deep_nesting_is_an_error_and_never_a_crash(opening: str):
    with pytest.raises(errors.InputError, match="deeper than 200"):
        _core.Expression(opening * 200_000 if len(opening) < 6 else opening * 150_000)


def test_two_hundred_levels_are_read():
    assert _core.Expression("(" * 200 + "x" + ")" * 200).evaluate({"x": 3.0}) == 3.0
    with pytest.raises(errors.InputError, match="at column 201:"):
        _core.Expression("(" * 201 + "x" + ")" * 201)
    assert _core.Expression("-" * 200 + "x").evaluate({"x": 3.0}) == 3.0
    assert _core.Expression("1^" * 200 + "x").evaluate({"x": 3.0}) == 1.0


def test_length_is_limited_but_long_sums_are_fine():
    with pytest.raises(errors.InputError, match="at most 1048576"):
        _core.Expression("1" * (1 << 20) + "1")
    n = 170_000
    start = time.process_time()
    expression = _core.Expression("+".join(f"x{i % 1000}" for i in range(n)))
    total = expression.evaluate({f"x{i}": float(i) for i in range(1000)})
    assert total == sum(i % 1000 for i in range(n))
    text = str(expression.simplified())
    assert len(text) < 1 << 22
    derived = expression.derivative("x7")
    assert derived.evaluate({}) == n / 1000
    assert time.process_time() - start < 20


MANY_CONSTANTS = """
import resource
import numpy as np
from stochos import _core
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
expression = _core.Expression(" + ".join(f"x*{i}.5" for i in range(1, 60_000)))
before = peak()
found = expression.evaluate({"x": np.array([0.0, 2.0])})
print(peak() - before, found[1])
"""


def test_a_program_with_many_constants_takes_little_memory_for_arrays():
    # 60,000 constants, each spread over a block of 256 numbers, would be 120 MB.
    done = subprocess.run([sys.executable, "-c", MANY_CONSTANTS], capture_output=True, text=True, check=True)
    grown, value = done.stdout.split()
    assert float(value) == 2.0 * sum(i + 0.5 for i in range(1, 60_000))
    assert int(grown) < 60_000, "kB"


LONG_CALL = """
import time
import numpy as np
from stochos import _core
expression = _core.Expression(" + ".join(f"exp(-x*{i}.5)" for i in range(1, 5000)))
x = np.linspace(0, 1, 1_000_000)
print("ready", flush=True)
try:
    expression.evaluate({"x": x})
except KeyboardInterrupt:
    print(time.monotonic())
"""


def test_ctrl_c_ends_a_long_evaluation(interrupt_delay):
    assert interrupt_delay(LONG_CALL) < 0.2


def test_an_expression_too_long_to_write_is_an_error_and_not_a_full_memory():
    expression = _core.Expression("*".join(["(x + y)^x"] * 30))
    for _ in range(5):
        expression = expression.derivative("x")
    with pytest.raises(errors.InputError, match="longer than 4194304 bytes"):
        str(expression)


def test_factorial_has_no_derivative_here():
    with pytest.raises(errors.InputError, match=r"factorial.*'x'"):
        _core.Expression("factorial(2*x)").derivative("x")


def test_values_are_checked():
    expression = _core.Expression("a + b", "f")
    with pytest.raises(errors.InputError, match=r"\[f\] 'b' has 3 values and others have 2"):
        expression.evaluate({"a": np.zeros(2), "b": np.zeros(3)})
    wrong = [np.zeros(2, np.float32), np.zeros(2, np.int64), np.zeros((2, 2)), np.zeros(4)[::2], "1", None, [1.0]]
    for value in wrong:
        with pytest.raises(errors.InputTypeError, match="'b'"):
            expression.evaluate({"a": 1.0, "b": value})
    with pytest.raises(errors.InputError, match="'b' is outside"):
        expression.evaluate({"a": 1.0, "b": 10**400})
    assert expression.evaluate({"a": 1, "b": True, "c": "not looked at"}) == 2.0
    assert expression.evaluate({"a": np.zeros(0), "b": 1.0}).shape == (0,)


ALPHABET = "abxk1290.eE+-*/^<>=!&|()`, \n\x00µ≤'\"\\;?[]{}"


def check(text: str) -> None:
    try:
        expression = _core.Expression(text)
    except errors.InputError:
        return
    again = _core.Expression(str(expression))
    assert str(again) == str(expression)
    try:
        expression.evaluate(NAMES)
    except errors.UnknownNameError:
        assert not set(expression.names()) <= set(NAMES)


@given(TREES, st.integers(0, 2**32))
def test_damaged_texts_are_read_or_refused(tree: Tree, seed: int):
    chance = random.Random(seed)
    text = tree.text
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(3)
        if kind == 0:
            text = text[:at] + chance.choice(ALPHABET) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + chance.randrange(1, 4) :]
        else:
            other = chance.randrange(len(text) + 1)
            text = text[:at] + text[min(at, other) : max(at, other)] + text[at:]
        check(text)


@given(st.text(max_size=60) | st.text(alphabet=ALPHABET, max_size=60))
def test_any_text_is_read_or_refused(text: str):
    check(text)


@pytest.mark.parametrize("letter", ["a", "µ"])
@pytest.mark.parametrize("before", [0, 1, 28, 29, 30, 31, 59, 60, 61, 62, 150])
@pytest.mark.parametrize("behind", [0, 58, 59, 60, 61, 150])
def test_an_error_shows_sixty_bytes_on_each_side(letter: str, before: int, behind: int):
    """No character is cut in two; what is left out is three points, and the caret stands below its character."""
    inner = "`" + letter * before + "`+" if before else ""
    text = inner + "$" + "b" * behind
    with pytest.raises(errors.InputError) as found:
        _core.Expression(text)
    _, line, caret = str(found.value).split("\n")
    data = text.encode()
    place = len(inner.encode())
    begin, end = max(place - 60, 0), min(place + 60, len(data))
    while data[begin] & 0xC0 == 0x80:
        begin -= 1
    shown = ("..." if begin else "") + data[begin:end].decode() + ("..." if end < len(data) else "")
    assert line == "  " + shown
    assert caret == "  " + " " * shown.index("$") + "^"
