"""Clipping: one factor for all gradients, or a limit for each number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stochos import _core
from stochos.errors import InputError
from stochos.nn import clipping

FIXTURES = Path(__file__).parent / "fixtures"


def test_clipping_by_norm_is_pytorchs():
    # PyTorch divides by norm + 1e-6, so up to 1e-6 relative.
    with np.load(FIXTURES / "others.npz") as kept:
        gradients = [_core.tensor(kept[f"clipping/gradient/{n}"]) for n in range(3)]
        assert float(clipping.global_norm(gradients)) == pytest.approx(float(kept["clipping/norm/0.5"]), rel=1e-13)
        for limit in (0.5, 2.0, 100.0):
            for number, found in enumerate(clipping.clip_by_norm(gradients, limit)):
                expected = kept[f"clipping/clipped/{limit}/{number}"]
                np.testing.assert_allclose(found.numpy(), expected, rtol=2e-6, atol=0)


def test_norm_of_large_float32_gradients_does_not_overflow():
    gradients = [_core.tensor(np.full(3, 1e30, dtype=np.float32))]
    assert float(clipping.global_norm(gradients)) == pytest.approx(3**0.5 * 1e30, rel=1e-6)
    (found,) = clipping.clip_by_norm(gradients, 1.0)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found.numpy(), 3**-0.5, rtol=1e-6)


def test_a_gradient_below_the_limit_stays_the_same_bits():
    values = np.random.default_rng(0).normal(size=5).astype(np.float32)
    (found,) = clipping.clip_by_norm([_core.tensor(values)], 100.0)
    assert np.array_equal(found.numpy(), values)


def test_zero_and_not_finite_gradients():
    (found,) = clipping.clip_by_norm([_core.tensor(np.zeros(3))], 1.0)
    assert np.array_equal(found.numpy(), np.zeros(3))
    (found,) = clipping.clip_by_norm([_core.tensor(np.array([np.nan, 1.0]))], 1.0)
    assert np.isnan(found.numpy()).all()
    assert clipping.clip_by_norm([], 1.0) == []


def test_clipping_by_value():
    (found,) = clipping.clip_by_value([_core.tensor(np.array([-3.0, 0.5, 2.0]))], 1.0)
    assert found.numpy().tolist() == [-1.0, 0.5, 1.0]
    with pytest.raises(InputError, match="limit"):
        clipping.clip_by_value([], 0.0)
