"""Chains that a compiled step runs in one pass over tiles have the bits of single operations."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import nn
from stochos._core import ops


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [0, 1, 5, 2048, 2049, 100_003])
def test_fused_chains_have_the_bits_of_single_operations(dtype, size):
    stream = np.random.default_rng(4)
    a, b = (nn.tensor(stream.normal(size=size).astype(dtype)) for _ in range(2))
    scale = nn.Variable(np.ones(1, dtype) * 0.5)

    def chain(a, b):
        inner = ops.tanh(a * b + a)
        outer = ops.exp(inner * scale + 1)
        return inner, outer, outer / (1 + ops.square(inner)) - b, outer.sum()

    for ours, right in zip(nn.compile(chain)(a, b), chain(a, b), strict=True):
        np.testing.assert_array_equal(ours.numpy(), right.numpy())


def test_fused_chains_take_any_layout():
    x = np.random.default_rng(5).normal(size=(6, 8))
    chain = lambda a: ops.exp(a * 2 + a)  # noqa: E731
    compiled = nn.compile(chain)
    for view in (nn.tensor(x).T, nn.tensor(x)[::-1, ::2], nn.tensor(x.T.copy()).T):
        np.testing.assert_array_equal(compiled(view).numpy(), chain(view).numpy())
    assert nn.compile(lambda a: a + a.sum())(nn.tensor(np.ones((1, 3)))).numpy().tolist() == [[4, 4, 4]]
