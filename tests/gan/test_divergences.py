"""What belongs to one f: derivatives, conjugate, witness, activation; and values between laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import gan
from stochos.errors import InputError, UnknownNameError

NAMES = [name for name in gan.divergence_names() if name not in ("alpha", "renyi")]
ALPHAS = (-1.0, 0.3, 0.5, 2.0, 3.0)
ALL = [gan.divergence(name) for name in NAMES] + [gan.divergence("alpha", alpha=a) for a in ALPHAS]
IDS = NAMES + [f"alpha={a:g}" for a in ALPHAS]
RATIOS = np.exp(np.linspace(-6.0, 6.0, 241))
# The kink of total variation at 1 has no derivative.
SMOOTH = RATIOS[np.abs(RATIOS - 1.0) > 0.01]

every = pytest.mark.parametrize("d", ALL, ids=IDS)


@every
def test_derivatives_equal_central_differences(d: gan.Divergence):
    h = 1e-5 * SMOOTH
    first = (d.f(SMOOTH + h) - d.f(SMOOTH - h)) / (2 * h)
    np.testing.assert_allclose(d.derivative(SMOOTH), first, rtol=1e-7, atol=1e-7)
    second = (d.derivative(SMOOTH + h) - d.derivative(SMOOTH - h)) / (2 * h)
    np.testing.assert_allclose(d.second_derivative(SMOOTH), second, rtol=1e-6, atol=1e-7)


@every
def test_f_is_convex_and_has_its_value_at_one(d: gan.Divergence):
    assert (d.second_derivative(RATIOS) >= 0).all()
    assert d.f(1.0) == pytest.approx(-2 * math.log(2) if d.name == "gan" else 0.0, abs=1e-15)


@every
def test_fenchel_equality_at_the_witness(d: gan.Divergence):
    # f(u) + f*(f'(u)) = u f'(u), and the bound holds with every other t.
    t = d.witness(SMOOTH)
    np.testing.assert_allclose(d.conjugate(t), SMOOTH * t - d.f(SMOOTH), rtol=1e-9, atol=1e-9)
    for other in (0.9, 1.1, 3.0):
        s = d.witness(SMOOTH * other)
        assert (d.f(SMOOTH) + d.conjugate(s) - SMOOTH * s >= -1e-9 * (1 + np.abs(SMOOTH * s))).all()


@every
def test_conjugate_is_the_supremum(d: gan.Divergence):
    # Against brute force over u, inside the domain and, where it has a finite lower end, below it.
    u = np.concatenate([[0.0], np.exp(np.linspace(-12, 12, 20001))])
    finite = np.isfinite(d.f(u))
    t = d.witness(np.exp(np.linspace(-3.0, 3.0, 13)))
    low = d.domain[0]
    points = np.concatenate([t, [low - 0.5, low - 3.0]]) if math.isfinite(low) else t
    best = np.array([np.max(point * u[finite] - d.f(u[finite])) for point in points])
    np.testing.assert_allclose(d.conjugate(points), best, rtol=1e-5, atol=1e-6)


@every
def test_conjugate_is_infinite_above_its_domain(d: gan.Divergence):
    if math.isfinite(d.domain[1]):
        assert d.conjugate(d.domain[1] + 0.1) == math.inf
    assert math.isnan(d.conjugate(math.nan))


@every
def test_activation_increases_into_the_domain(d: gan.Divergence):
    v = np.linspace(-30.0, 30.0, 1001)
    t = d.activation(v)
    assert (np.diff(t) >= 0).all()
    assert (np.diff(t[np.abs(v) < 5.0]) > 0).all()
    assert (t >= d.domain[0]).all()
    assert (t <= d.domain[1]).all()
    assert d.activation(0.0) == pytest.approx(d.threshold, abs=1e-15)


@every
def test_fused_is_the_conjugate_of_the_activation(d: gan.Divergence):
    v = np.linspace(-8.0, 8.0, 161)
    np.testing.assert_allclose(d.fused(v), d.conjugate(d.activation(v)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("d", [d for d in ALL if d.name != "total_variation"], ids=lambda d: d.name)
def test_v_is_the_log_ratio(d: gan.Divergence):
    # T = f'(e^v) and f*(T) = e^v f'(e^v) - f(e^v): one parametrisation for every f.
    v = np.linspace(-5.0, 5.0, 101)
    u = np.exp(v)
    np.testing.assert_allclose(d.activation(v), d.derivative(u), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(d.fused(v), u * d.derivative(u) - d.f(u), rtol=1e-10, atol=1e-10)


laws = st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=12)


@every
@given(values=st.lists(st.tuples(st.floats(1e-6, 1.0), st.floats(1e-6, 1.0)), min_size=2, max_size=12))
def test_discrete_divergence_lies_in_its_bounds_and_the_witness_reaches_it(d: gan.Divergence, values):
    p, q = (np.array(column) / sum(column) for column in zip(*values, strict=True))
    value = d.between(p, q)
    assert d.bounds[0] - 1e-12 <= value <= d.bounds[1] + 1e-9
    t = d.witness(p / q)
    assert p @ t - q @ d.conjugate(t) == pytest.approx(value, rel=1e-8, abs=1e-8)
    if d.symmetric:
        assert d.between(q, p) == pytest.approx(value, rel=1e-9, abs=1e-12)


def test_laws_that_do_not_overlap_reach_the_upper_bound():
    p, q = [1.0, 0.0], [0.0, 1.0]
    for d in ALL:
        assert d.between(p, q) == pytest.approx(d.bounds[1])
    values = {d.name: d.bounds for d in ALL}
    assert values["total_variation"] == (0.0, 1.0)
    assert values["squared_hellinger"] == (0.0, 2.0)
    assert values["jensen_shannon"] == (0.0, pytest.approx(math.log(2)))
    assert values["kl"] == (0.0, math.inf)


def test_known_values_between_discrete_laws():
    # By hand: p = (1/2, 1/2), q = (1/4, 3/4).
    p, q = [0.5, 0.5], [0.25, 0.75]
    expected = {
        "total_variation": 0.25,
        "kl": 0.5 * math.log(2) + 0.5 * math.log(2 / 3),
        "reverse_kl": 0.25 * math.log(0.5) + 0.75 * math.log(1.5),
        "pearson": 0.0625 / 0.25 + 0.0625 / 0.75,
        "neyman": 0.0625 / 0.5 + 0.0625 / 0.5,
        "squared_hellinger": (math.sqrt(0.5) - 0.5) ** 2 + (math.sqrt(0.5) - math.sqrt(0.75)) ** 2,
        "triangular": 0.0625 / 0.75 + 0.0625 / 1.25,
    }
    for name, value in expected.items():
        assert gan.divergence(name).between(p, q) == pytest.approx(value, rel=1e-14)
    js = gan.divergence("js").between(p, q)
    middle = np.add(p, q) / 2
    kl = gan.divergence("kl")
    assert js == pytest.approx(0.5 * kl.between(p, middle) + 0.5 * kl.between(q, middle), rel=1e-14)
    assert gan.divergence("gan").between(p, q) == pytest.approx(2 * js - math.log(4), rel=1e-14)
    assert gan.divergence("jeffreys").between(p, q) == pytest.approx(kl.between(p, q) + kl.between(q, p), rel=1e-14)


def test_power_family_holds_its_members():
    p, q = [0.2, 0.3, 0.5], [0.4, 0.4, 0.2]
    alpha = lambda a: gan.divergence("alpha", alpha=a).between(p, q)  # noqa: E731
    assert alpha(2.0) == pytest.approx(gan.divergence("pearson").between(p, q) / 2)
    assert alpha(-1.0) == pytest.approx(gan.divergence("neyman").between(p, q) / 2)
    assert alpha(0.5) == pytest.approx(gan.divergence("hellinger").between(p, q) * 2)
    assert alpha(1 - 1e-7) == pytest.approx(gan.divergence("kl").between(p, q), rel=1e-5)
    assert alpha(1e-7) == pytest.approx(gan.divergence("reverse_kl").between(p, q), rel=1e-5)
    renyi = gan.divergence("renyi", alpha=2.0).between(p, q)
    assert renyi == pytest.approx(math.log(sum(a * a / b for a, b in zip(p, q, strict=True))))


@pytest.mark.parametrize("laws", [(0.0, 1.0, 1.0, 1.0), (0.3, 0.8, -0.2, 1.1), (0.0, 1.0, 0.0, 0.9)])
@every
def test_gaussian_values_equal_plain_integrals(d: gan.Divergence, laws):
    m1, s1, m2, s2 = laws
    value = d.gaussian(*laws)
    x = np.linspace(-40.0, 40.0, 2_000_001)
    log_p = -0.5 * ((x - m1) / s1) ** 2 - math.log(s1 * math.sqrt(2 * math.pi))
    log_q = -0.5 * ((x - m2) / s2) ** 2 - math.log(s2 * math.sqrt(2 * math.pi))
    keep = np.abs(log_p - log_q) < 650
    integrand = np.exp(log_q[keep]) * d.f(np.exp((log_p - log_q)[keep]))
    if value == math.inf:
        assert integrand.max() > 1.0 or integrand[[0, -1]].max() > 1e-3
        return
    assert value == pytest.approx(float(integrand.sum() * (x[1] - x[0])), rel=2e-6, abs=1e-9)


@every
def test_gaussians_in_two_dimensions(d: gan.Divergence):
    # Independent of a common linear map of both laws; a shared axis adds nothing.
    one = d.gaussian(0.5, 1.0, 0.0, 1.1)
    turned = np.array([[0.6, -0.8], [0.8, 0.6]]) @ np.diag([1.0, 3.0])
    first = (turned @ [0.5, 0.0], turned @ np.diag([1.0, 1.0]) @ turned.T)
    second = (np.zeros(2), turned @ np.diag([1.1**2, 1.0]) @ turned.T)
    assert d.gaussian(*first, *second) == pytest.approx(one, rel=1e-6, abs=1e-9)


def test_quadrature_in_two_axes_agrees_with_the_closed_form():
    custom = gan.Divergence.from_expression("(sqrt(u) - 1)^2", name="mine")
    laws = ([0.0, 0.3], [1.0, 1.2], [0.2, 0.0], [1.1, 1.0])
    assert custom.gaussian(*laws) == pytest.approx(gan.divergence("hellinger").gaussian(*laws), rel=1e-6)


CUSTOM = {
    "kl": "u*log(u)",
    "reverse_kl": "-log(u)",
    "pearson": "(u - 1)^2",
    "neyman": "(1 - u)^2/u",
    "squared_hellinger": "(sqrt(u) - 1)^2",
    "jeffreys": "(u - 1)*log(u)",
    "jensen_shannon": "0.5*(u*log(u) - (u + 1)*log((u + 1)/2))",
    "triangular": "(u - 1)^2/(u + 1)",
}


@pytest.mark.parametrize("name", CUSTOM)
def test_an_expression_gives_what_the_built_in_one_has(name: str):
    mine, known = gan.Divergence.from_expression(CUSTOM[name]), gan.divergence(name)
    np.testing.assert_allclose(mine.derivative(RATIOS), known.derivative(RATIOS), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(mine.second_derivative(RATIOS), known.second_derivative(RATIOS), rtol=1e-8, atol=1e-9)
    t = known.witness(np.exp(np.linspace(-3, 3, 31)))
    np.testing.assert_allclose(mine.conjugate(t), known.conjugate(t), rtol=1e-7, atol=1e-8)
    v = np.linspace(-6, 6, 61)
    np.testing.assert_allclose(mine.activation(v), known.activation(v), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(mine.fused(v), known.fused(v), rtol=1e-9, atol=1e-9)
    assert mine.symmetric is known.symmetric
    assert mine.threshold == pytest.approx(known.threshold)
    assert mine.domain == pytest.approx(known.domain, abs=1e-9)
    assert mine.bounds == pytest.approx(known.bounds, abs=1e-9)
    assert mine.between([0.2, 0.8], [0.5, 0.5]) == pytest.approx(known.between([0.2, 0.8], [0.5, 0.5]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("u*log(u) + 1", r"f\(1\).*is 1"),
        ("log(u)", "not convex: at u = "),
        ("(u - 1)^3", "not convex: at u = 0"),
        ("sin(u - 1)", "not convex"),
        ("u*x", "variable 'x'"),
        ("log(u - 0.5) - log(0.5)", "at u = "),
        ("u +* 2", "column"),
    ],
)
def test_what_is_no_divergence_is_refused_with_a_point(text: str, message: str):
    with pytest.raises(InputError, match=message):
        gan.Divergence.from_expression(text)


def test_names_and_aliases():
    assert gan.divergence("Jensen-Shannon").name == "jensen_shannon"
    assert gan.divergence("TV").name == "total_variation"
    # The article swaps the names of statistics; each is kept by its f.
    assert gan.divergence("post_neyman").expression == "(u - 1)^2"
    assert gan.divergence("post_pearson").expression == "(1 - u)^2/u"
    with pytest.raises(UnknownNameError, match="'squared_hellinger'"):
        gan.divergence("helinger")
    with pytest.raises(InputError, match=r"alpha=0\.5"):
        gan.divergence("alpha")
    with pytest.raises(InputError, match="takes no alpha"):
        gan.divergence("kl", alpha=2.0)
    with pytest.raises(InputError, match="'reverse_kl' and 'kl'"):
        gan.divergence("alpha", alpha=1.0)


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([0.5, 0.6], [0.5, 0.5], "sums to 1.1"),
        ([0.5, 0.5], [1.0], "2 points and q 1"),
        ([1.5, -0.5], [0.5, 0.5], r"p\[1\] is"),
        ([math.nan, 1.0], [0.5, 0.5], r"p\[0\] is"),
        ("ab", [1.0], "type str"),
        ([[1.0]], [1.0], r"shape \(1, 1\)"),
    ],
)
def test_bad_laws_are_named(p, q, message: str):
    with pytest.raises(InputError, match=message):
        gan.divergence("kl").between(p, q)


def test_bad_gaussians_are_named():
    d = gan.divergence("js")
    with pytest.raises(InputError, match="s2 is 0"):
        d.gaussian(0.0, 1.0, 0.0, 0.0)
    with pytest.raises(InputError, match="positive definite"):
        d.gaussian([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]], [0.0, 0.0], 1.0)
    with pytest.raises(InputError, match="at most 2"):
        d.gaussian(np.zeros(3), 1.0, np.ones(3), [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="m1 has 1 dimensions and m2 2"):
        d.gaussian(0.0, 1.0, [0.0, 0.0], 1.0)
