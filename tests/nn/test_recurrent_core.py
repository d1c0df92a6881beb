"""One node for a whole recurrent layer gives what ordinary operations give step by step: values and derivatives."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from stochos import _core, nn
from stochos._core import ops

CELLS = ["simple_tanh", "simple_relu", "lstm", "gru_after", "gru_before", "gru_output"]
GATES = {"simple_tanh": 1, "simple_relu": 1, "lstm": 4, "gru_after": 3, "gru_before": 3, "gru_output": 3}
SIZES = [(1, 1, 1, 1), (3, 4, 2, 5), (7, 3, 3, 17), (33, 6, 9, 40)]


def case(cell: str, size: tuple[int, ...], dtype: str, extra: bool, masked: bool, seed: int = 0):
    """Return the weights and a function of them: some sum over all results."""
    batch, time, channels, units = size
    draw = np.random.default_rng(seed)
    two = cell in ("lstm", "gru_output")
    shapes = {
        "x": (batch, time, channels),
        "kernel": (channels, GATES[cell] * units),
        "recurrent_kernel": (units, GATES[cell] * units),
        "h": (batch, units),
        **({"c": (batch, units)} if two else {}),
        **({"bias": (GATES[cell] * units,)} if extra else {}),
        **({"peephole": (3, units)} if extra and cell == "lstm" else {}),
        **({"recurrent_bias": (units,)} if extra and cell == "gru_after" else {}),
    }
    weights = {name: _core.Variable((draw.normal(size=s) * 0.4).astype(dtype)) for name, s in shapes.items()}
    mask = np.arange(time) < draw.integers(0, time + 1, size=batch)[:, None] if masked else None
    wide, flat = draw.normal(size=(batch, time, units)).astype(dtype), draw.normal(size=(batch, units)).astype(dtype)

    def value(fused: bool, reverse: bool = False):
        h, _, _, last_h, last_c = ops.recurrent(cell, mask=mask, reverse=reverse, fused=fused, **weights)
        total = ops.add(ops.sum(ops.mul(h, wide)), ops.sum(ops.mul(ops.square(last_h), flat)))
        return total if last_c is None else ops.add(total, ops.sum(ops.mul(last_c, flat)))

    return weights, value


def distance(found, wanted) -> float:
    return max(
        float(np.abs(a.numpy() - b.numpy()).max() / (1e-2 + np.abs(b.numpy()).max()))
        for a, b in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("extra", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-4)])
@pytest.mark.parametrize("cell", CELLS)
def test_values_and_gradients_are_those_of_the_steps(cell, dtype, tolerance, masked, extra):
    for number, size in enumerate(SIZES):
        for reverse in (False, True):
            weights, value = case(cell, size, dtype, extra, masked, number)
            wrt = list(weights.values())
            results = []
            for fused in (True, False):
                total, gradients = nn.value_and_grad(lambda f=fused, r=reverse, v=value: v(f, r), wrt=wrt)()
                results.append([total, *gradients])
            assert distance(*results) < tolerance, (size, reverse)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_those_of_finite_differences(cell):
    # Central differences in float64 err by about 1e-9; relu has no kink nearby for these seeds.
    weights, value = case(cell, (2, 4, 3, 4), "float64", True, True, 3)
    gradients = nn.grad(lambda: value(True), wrt=list(weights.values()))()
    draw = np.random.default_rng(1)
    for variable, gradient in zip(weights.values(), gradients, strict=True):
        start = np.array(variable.numpy())
        direction = draw.normal(size=start.shape)
        ends = []
        for sign in (1, -1):
            variable.assign(start + sign * 1e-5 * direction)
            ends.append(value(True).item())
        variable.assign(start)
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx((gradient.numpy() * direction).sum(), rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("cell", CELLS)
def test_a_gradient_penalty_has_the_gradient_of_finite_differences(cell):
    weights, value = case(cell, (2, 3, 2, 3), "float64", True, True, 4)
    wrt = list(weights.values())

    def penalty():
        return sum((ops.sum(ops.square(g)) for g in nn.grad(lambda: value(True), wrt=wrt)()), ops.sum(wrt[0]))

    gradients = nn.grad(penalty, wrt=wrt)()
    draw = np.random.default_rng(2)
    for variable, gradient in zip(wrt, gradients, strict=True):
        start = np.array(variable.numpy())
        direction = draw.normal(size=start.shape)
        ends = []
        for sign in (1, -1):
            variable.assign(start + sign * 1e-5 * direction)
            ends.append(penalty().item())
        variable.assign(start)
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx((gradient.numpy() * direction).sum(), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("cell", ["lstm", "gru_after"])
def test_the_third_derivative_is_that_of_the_steps(cell):
    weights, value = case(cell, (1, 2, 1, 2), "float64", True, False, 5)
    wrt = [weights["x"], weights["recurrent_kernel"]]

    def second(fused):
        def first():
            return sum((ops.sum(ops.square(g)) for g in nn.grad(lambda: value(fused), wrt=wrt)()), ops.sum(wrt[0]))

        return sum((ops.sum(ops.square(g)) for g in nn.grad(first, wrt=wrt)()), ops.sum(wrt[0]))

    assert distance(*(nn.grad(lambda f=f: second(f), wrt=wrt)() for f in (True, False))) < 1e-10


def test_inputs_that_stand_on_each_other_count_once():
    # x, kernel and the initial state are functions of one variable.
    base = _core.Variable(np.random.default_rng(0).normal(size=(3, 3)))

    def total(fused):
        h0 = ops.tanh(base)
        x = ops.reshape(ops.mul(h0, base), (3, 1, 3))
        out = ops.recurrent("simple_tanh", x, base, ops.transpose(h0), h=h0, fused=fused)
        return ops.sum(ops.square(out[0]))

    def penalty(fused):
        return ops.sum(ops.square(nn.grad(lambda: total(fused), wrt=base)()))

    for function in (total, penalty):
        found = [nn.grad(lambda f=f, g=function: g(f), wrt=base)().numpy() for f in (True, False)]
        np.testing.assert_allclose(found[0], found[1], rtol=1e-10)


THREADS = """
import hashlib, numpy as np
from stochos import nn
digest = hashlib.sha256()
for kind in (nn.LSTM, nn.GRU, nn.SimpleRNN):
    layer = kind(96, return_sequences=True, seed=1)
    x = nn.Variable(np.random.default_rng(0).normal(size=(13, 20, 40)).astype(np.float32))
    y = layer(x, lengths=np.arange(13) + 5)
    digest.update(y.numpy().tobytes())
    for g in nn.grad(lambda: nn.sum(nn.square(layer(x))), wrt=[x, *layer.parameters])():
        digest.update(g.numpy().tobytes())
print(digest.hexdigest())
"""


def test_bits_do_not_depend_on_the_number_of_threads():
    found = set()
    for threads in ("1", "2", "3"):
        environment = {**os.environ, "STOCHOS_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", THREADS], env=environment, check=True, capture_output=True, text=True, timeout=120
        )
        found.add(done.stdout.strip())
    assert len(found) == 1
    assert len(found.pop()) == hashlib.sha256().digest_size * 2


@pytest.mark.parametrize("level", ["baseline", "avx2"])
def test_the_instruction_sets_agree(level):
    # To float32 rounding: one instruction set has fused products and the other has not.
    if level == "avx2" and _core.cpu_level() == "baseline":
        pytest.skip("this processor has no AVX2")
    code = (
        "import numpy as np; from stochos import nn; x = np.random.default_rng(0).normal(size=(9, 12, 7));"
        "print(*(float(v) for k in (nn.LSTM, nn.GRU) for v in k(21, seed=2)(x.astype('float32')).numpy()[:, 3]))"
    )
    numbers = []
    for name in (level, None):
        environment = {**os.environ, **({"STOCHOS_CPU": name} if name else {})}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True, timeout=120
        )
        numbers.append([float(value) for value in done.stdout.split()])
    np.testing.assert_allclose(numbers[0], numbers[1], atol=2e-6)
