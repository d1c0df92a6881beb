"""Divergences on tensors: the values of the arrays, derivatives, and numbers that stay finite."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stochos import gan, nn
from stochos.errors import InputError, InputTypeError

NAMES = [name for name in gan.divergence_names() if name not in ("alpha", "renyi")]
EXPRESSIONS = (
    "u*log(u)",
    "(sqrt(u) - 1)^2",
    "u^8 - 1 - 8*(u - 1)",
    "exp(u) - exp(1)",
    "abs(u - 1)^2.5",
    "max(u, 1) - 1",
)
CALLABLES = {
    "kl": lambda u: u * nn.log(u),
    "js": lambda u: 0.5 * (u * nn.log(u) - (u + 1) * nn.log((u + 1) / 2)),
    "pearson": lambda u: (u - 1) ** 2,
}
ALL = (
    [gan.divergence(name) for name in NAMES]
    + [gan.divergence("alpha", alpha=a) for a in (-1.0, 0.3, 3.0)]
    + [gan.Divergence.from_expression(text) for text in EXPRESSIONS]
    + [gan.Divergence.from_callable(f, name=f"callable {name}") for name, f in CALLABLES.items()]
)
every = pytest.mark.parametrize("d", ALL, ids=lambda d: f"{d.name} {d.parameters or ''}")


@every
def test_tensors_give_what_arrays_give(d: gan.Divergence):
    v = np.linspace(-0.9, 0.9, 37)  # within the limit of every f here
    for function in (d.activation, d.fused):
        np.testing.assert_allclose(function(nn.tensor(v)).numpy(), function(v), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("d", [d for d in ALL if d.name != "total_variation"], ids=lambda d: f"{d.name} {d.parameters}")
def test_slopes_obey_the_envelope(d: gan.Divergence):
    # d f*(T(v)) / dv = e^v dT/dv wherever T = f'(e^v): the derivative of the conjugate is the ratio itself.
    v = nn.tensor(np.linspace(-0.93, 0.93, 30))
    slope = lambda function: nn.grad(lambda x: nn.sum(function(x)))(v).numpy()  # noqa: E731
    np.testing.assert_allclose(slope(d.fused), np.exp(v.numpy()) * slope(d.activation), rtol=1e-9, atol=1e-12)


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_logits_give_finite_losses_and_gradients(d: gan.Divergence, dtype: str):
    v = nn.tensor(np.array([-1e30, -100.0, -30.0, 0.0, 30.0, 100.0, 1e30], dtype=dtype))
    for function in (d.activation, d.fused):
        value, slope = nn.value_and_grad(lambda x, function=function: nn.sum(function(x)))(v)
        assert np.isfinite(function(v).numpy()).all()
        assert math.isfinite(float(value))
        assert np.isfinite(slope.numpy()).all()
        # The squares too, which optimizers keep.
        assert np.isfinite(slope.numpy() ** 2).all()


@every
def test_bent_witnesses_stay_witnesses(d: gan.Divergence):
    # E_P[T] - E_Q[f*(T)] <= D for whatever T = activation(v): here one point with the ratio u = p/q, and every v.
    v = nn.tensor(np.array([-200.0, -35.0, -3.0, 0.0, 0.5, 15.0, 60.0, 1e3]))
    t, conjugate = d.activation(v).numpy(), d.fused(v).numpy()
    assert (np.diff(t) >= 0).all()
    for u in (0.01, 0.8, 1.0, 2.0, 30.0):
        assert (u * t - conjugate <= d.f(u) + 1e-6 * (1 + np.abs(u * t) + np.abs(conjugate))).all()


@pytest.mark.parametrize("name", CALLABLES)
def test_a_callable_gives_what_the_built_in_one_has(name: str):
    mine, known = gan.Divergence.from_callable(CALLABLES[name]), gan.divergence(name)
    u = np.exp(np.linspace(-4, 4, 33))
    np.testing.assert_allclose(mine.f(u), known.f(u), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(mine.derivative(u), known.derivative(u), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(mine.second_derivative(u), known.second_derivative(u), rtol=1e-8, atol=1e-8)
    assert mine.domain == pytest.approx(known.domain, abs=1e-9)
    assert mine.bounds == pytest.approx(known.bounds, abs=1e-9)
    assert mine.between([0.2, 0.8], [0.5, 0.5]) == pytest.approx(known.between([0.2, 0.8], [0.5, 0.5]))
    assert mine.gaussian(0, 1, 0.5, 1.2) == pytest.approx(known.gaussian(0, 1, 0.5, 1.2), rel=1e-6)


def test_bad_callables_are_named():
    with pytest.raises(InputError, match=r"f\(1\) of 'shifted' is 1"):
        gan.Divergence.from_callable(lambda u: u * nn.log(u) + 1, name="shifted")
    with pytest.raises(InputError, match="not convex: at u = "):
        gan.Divergence.from_callable(nn.log)
    with pytest.raises(InputError, match="element by element"):
        gan.Divergence.from_callable(nn.sum)
    with pytest.raises(InputTypeError, match="type int"):
        gan.Divergence.from_callable(3)


def test_a_function_that_tensors_lack_is_named():
    d = gan.Divergence.from_expression("atan(u - 1)*(u - 1)")
    with pytest.raises(InputError, match=r"atan\(\) has no form on tensors"):
        d.activation(nn.tensor([0.5]))
