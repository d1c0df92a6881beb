"""Every operation of the table: value against NumPy, two derivatives against central differences in float64.

The reference of a derivative is (f(x + h) - f(x - h)) / 2h along random directions; of the second, the same of the
first derivative. `test_operation_levels.py` runs this file at the other levels of STOCHOS_CPU.
"""

from __future__ import annotations

import warnings
import zlib

import numpy as np
import pytest

from stochos import _core

from .operation_table import CASES, Case

ops = _core.ops
every = pytest.mark.parametrize("case", CASES, ids=str)
smooth = pytest.mark.parametrize("case", [case for case in CASES if case.smooth], ids=str)
H = 1e-6


def spread(array):
    """The same numbers with gaps and a negative stride in memory."""
    room = np.full((*(2 * n for n in array.shape[:-1]), 3 * array.shape[-1]), 7).astype(array.dtype)
    view = room[tuple(slice(None, None, 2) for _ in array.shape[:-1])][..., ::-3]
    view[...] = array
    return view


def layouts(arrays):
    """The arrays as they stand, with gaps, in Fortran's order; and as views that the tensor room makes itself."""
    yield [_core.tensor(a) for a in arrays]
    if all(a.ndim for a in arrays):
        yield [_core.tensor(spread(a)) for a in arrays]
        yield [_core.tensor(np.asfortranarray(a)) for a in arrays]
        yield [_core.tensor(np.ascontiguousarray(a.T)).T for a in arrays]
        yield [_core.tensor(np.ascontiguousarray(a[::-1]))[::-1] for a in arrays]


@every
def test_value_agrees_with_numpy(case: Case):
    want = case.reference(*case.arrays)
    for given in layouts(case.arrays):
        got = case.function(*given)
        assert (got.shape, got.dtype) == (want.shape, want.dtype.name)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("case", [case for case in CASES if case.empty], ids=str)
def test_nothing_gives_what_numpy_gives_and_has_a_derivative_of_its_shape(case: Case):
    dtypes = [np.asarray(a).dtype for a in case.arrays]
    arrays = [np.ones(shape, dtype) for shape, dtype in zip(case.empty, dtypes, strict=True)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # the mean of nothing
        want = case.reference(*arrays)
    with _core.Recording():
        tensors = [_core.tensor(a) for a in arrays]
        got = case.function(*tensors)
        assert got.shape == want.shape
        np.testing.assert_array_equal(got.numpy(), want)
        if case.smooth:
            slopes = _core.gradients([ops.sum(got)], None, tensors)
            total = sum((ops.sum(g * g) for g in slopes), _core.tensor(0.0, "float64"))
            curves = _core.gradients([total], None, tensors)
    for found in (slopes, curves) if case.smooth else ():
        assert [g.numpy().shape for g in found] == list(case.empty)


@smooth
def test_value_in_float32_agrees_with_float64(case: Case):
    want = case.reference(*[a.astype(np.float32).astype(np.float64) for a in case.arrays])
    got = case.function(*[_core.tensor(a.astype(np.float32)) for a in case.arrays])
    assert got.dtype == ("float64" if case.name == "cast" else "float32")
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-5, atol=4e-6)


def slopes(case, weights, tensors):
    """The gradients of sum(weights * function(arrays))."""
    return _core.gradients([ops.sum(case.function(*tensors) * weights)], None, tensors)


def directions(name, arrays):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return [rng.normal(size=a.shape) for a in arrays]


def moved(arrays, along, step):
    return [a + step * d for a, d in zip(arrays, along, strict=True)]


def inner(gradients, along):
    return sum(np.sum(g.numpy() * d) for g, d in zip(gradients, along, strict=True))


@smooth
def test_first_derivative_agrees_with_central_differences(case: Case):
    weights = np.random.default_rng(1).normal(size=case.reference(*case.arrays).shape)
    along = directions(case.name, case.arrays)
    ahead, behind = (np.sum(weights * case.reference(*moved(case.arrays, along, s))) for s in (H, -H))
    for given in layouts(case.arrays):
        with _core.Recording():
            gradients = slopes(case, weights, given)
        assert [g.shape for g in gradients] == [a.shape for a in case.arrays]
        np.testing.assert_allclose(inner(gradients, along), (ahead - behind) / (2 * H), rtol=2e-8, atol=2e-8)


@smooth
def test_second_derivative_agrees_with_central_differences(case: Case):
    weights = np.random.default_rng(2).normal(size=case.reference(*case.arrays).shape)
    first, second = directions(case.name, case.arrays), directions(case.name + "'", case.arrays)

    def directional(tensors):
        parts = [ops.sum(g * d) for g, d in zip(slopes(case, weights, tensors), first, strict=True)]
        return sum(parts, _core.tensor(0.0, "float64"))

    with _core.Recording():
        ahead, behind = (float(directional([_core.tensor(a) for a in moved(case.arrays, second, s)])) for s in (H, -H))
    for given in layouts(case.arrays):
        with _core.Recording():
            curved = _core.gradients([directional(given)], None, given)
        np.testing.assert_allclose(inner(curved, second), (ahead - behind) / (2 * H), rtol=5e-8, atol=5e-8)


@pytest.mark.parametrize("case", [case for case in CASES if not case.smooth], ids=str)
def test_what_has_no_derivative_gives_zero(case: Case):
    # Flat, or a number of another kind, or draws and optimiser steps, which nobody differentiates.
    with _core.Recording():
        tensors = [_core.tensor(np.asarray(a, np.float64)) for a in case.arrays]
        got = ops.cast(case.function(*tensors), "float64") if not case.name.startswith("random") else None
        found = [] if got is None else _core.gradients([ops.sum(got)], None, tensors)
    assert all(not g.numpy().any() for g in found)


@pytest.mark.parametrize(
    ("function", "at", "first", "second"),
    [
        (ops.relu, 0.0, 0.0, 0.0),
        (ops.abs, 0.0, 0.0, 0.0),
        (ops.sign, 0.0, 0.0, 0.0),
        (ops.floor, 1.0, 0.0, 0.0),
        (lambda x: ops.maximum(x, 0.0), 0.0, 0.5, 0.0),
        (lambda x: ops.minimum(0.0, x), 0.0, 0.5, 0.0),
        (lambda x: ops.maximum(x, x), 2.0, 1.0, 0.0),
        (lambda x: ops.maximum(x * x, x), 1.0, 1.5, 1.0),
        (lambda x: ops.where(ops.greater(x, 0.0), ops.log(x), x * x), -1.0, -2.0, 2.0),
        (lambda x: ops.pow(x, 0.0), 0.0, 0.0, 0.0),
        (lambda x: ops.pow(x, 1.0), 0.0, 1.0, 0.0),
        (lambda x: ops.pow(x, 2.0), 0.0, 0.0, 2.0),
        (lambda x: ops.pow(x, 3.0), -2.0, 12.0, -12.0),
        (lambda x: ops.pow(0.0, x), 2.0, 0.0, 0.0),
        (lambda x: ops.mod(x, 2.0), 4.0, 1.0, 0.0),
    ],
)
def test_at_a_kink_the_derivative_is_the_stated_one(function, at, first, second):
    with _core.Recording():
        x = _core.fresh(np.float64(at))  # a node that no constant is
        (slope,) = _core.gradients([function(x)], None, [x])
        (curve,) = _core.gradients([slope], None, [x])
    assert (float(slope), float(curve)) == (first, second)


def hessian(function, at):
    with _core.Recording():
        x = _core.tensor(np.asarray(at, np.float64))
        (slope,) = _core.gradients([function(x)], None, [x])
        rows = [_core.gradients([slope[i]], None, [x])[0] for i in range(len(at))]
    return slope.numpy(), np.stack([row.numpy() for row in rows])


def test_equal_extremes_share_the_derivative():
    for function, at in ((ops.max, [1.0, 3.0, 3.0]), (ops.min, [9.0, -3.0, -3.0])):
        slope, curve = hessian(function, at)
        assert slope.tolist() == [0, 0.5, 0.5]
        assert not curve.any()


@pytest.mark.parametrize("at", [[2.0, 3.0, 5.0], [0.0, 3.0, 5.0], [0.0, 0.0, 5.0], [0.0, 0.0, 0.0]])
def test_products_with_zeros_have_both_derivatives(at):
    # xyz: the slope is (yz, xz, xy), and that of the slope (0, z, y), (z, 0, x), (y, x, 0).
    x, y, z = at
    slope, curve = hessian(ops.prod, at)
    assert slope.tolist() == [y * z, x * z, x * y]
    assert curve.tolist() == [[0, z, y], [z, 0, x], [y, x, 0]]


def test_a_power_by_its_exponent_at_zero():
    # d/db of da = b a^(b - 1) at b = 0 is 1/a.
    with _core.Recording():
        a, b = _core.fresh(np.float64(2)), _core.fresh(np.float64(0))
        (by_base,) = _core.gradients([ops.pow(a, b)], None, [a])
        (mixed,) = _core.gradients([by_base], None, [b])
    assert (float(by_base), float(mixed)) == (0.0, 0.5)


def test_every_operation_is_in_the_table():
    apart = {"recurrent"}  # has tests of its own, beside its steps: tests/nn/test_recurrent_core.py
    assert {name for name in dir(ops) if not name.startswith("_")} - apart == {case.name.split()[0] for case in CASES}
