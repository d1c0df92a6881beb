"""Every operation of the core as a case: the operation, the same in NumPy, arrays at which it is smooth, and none.

`test_operations.py` runs the table. Random numbers are those of Philox4x32-10 (Salmon and others, SC 2011), written
here a second time in NumPy; steps of optimisers are their formulas.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from stochos import _core

__all__ = ["CASES", "Case"]

ops = _core.ops
erf = np.vectorize(math.erf, otypes=[float])
TAKEN = np.array([[0, 2], [2, -1]])
ALONG = np.array([[0, 2, 1, 1], [2, 0, -1, 1]])
KEPT = np.array([True, False, True, True])


@dataclass(frozen=True)
class Case:
    """An operation on arrays, and its reference; `name` begins with that of the operation in `_core.ops`.

    `empty` holds shapes of the arrays for a run over nothing. `smooth` says whether there is a derivative to compare.
    """

    name: str
    function: Callable[..., Any]
    reference: Callable[..., Any]
    arrays: tuple[Any, ...]
    empty: tuple[tuple[int, ...], ...]
    smooth: bool = True

    def __str__(self) -> str:
        return self.name


def near(*shape: int):
    """Numbers in -2..2 and not close to 0 or to one another, so that kinks are far away."""
    n = math.prod(shape)
    grid = np.linspace(-2.03, 1.97, n + 2)[1:-1]
    return np.random.default_rng(n).permutation(grid).reshape(shape)


def positive(*shape: int):
    return np.abs(near(*shape)) + 0.5


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    return x / 2 * (1 + erf(x / np.sqrt(2)))


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def scattered(x):
    out = np.zeros((3, x.shape[-1]))
    np.add.at(out, TAKEN.reshape(-1), x.reshape(4, x.shape[-1]))
    return out


def softmax(x, axis=-1, mask=True):
    e = np.exp(x - x.max(axis, keepdims=True)) * mask
    return e / e.sum(axis, keepdims=True)


def normed(x, gain, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * gain + bias


def convolved(x, kernel):
    """Convolution by its definition, stride 2, "same" padding."""
    n, height, width, _ = x.shape
    out = np.zeros((n, -(-height // 2), -(-width // 2), kernel.shape[3]))
    top = max(0, (out.shape[1] - 1) * 2 + kernel.shape[0] - height) // 2
    left = max(0, (out.shape[2] - 1) * 2 + kernel.shape[1] - width) // 2
    for i, j, a, b in np.ndindex(*out.shape[1:3], *kernel.shape[:2]):
        row, column = 2 * i + a - top, 2 * j + b - left
        if 0 <= row < height and 0 <= column < width:
            out[:, i, j] += x[:, row, column] @ kernel[a, b]
    return out


def convolved_line(x, kernel):
    """Convolution along one axis, "valid" padding, dilation 2."""
    rows = range(x.shape[1] - 2 * (kernel.shape[0] - 1))
    places = 2 * np.arange(kernel.shape[0])
    return np.stack([np.einsum("nkc,kcf->nf", x[:, i + places], kernel) for i in rows], 1)


def words(seed: int, record: int, blocks: int):
    """Words of Philox4x32-10 under the key of (seed, purpose 6), as stream version 1 has it."""

    def mix(x: int) -> int:
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % 2**64
        return x ^ (x >> 31)

    key = mix(mix((seed + 0x9E3779B97F4A7C15) % 2**64) ^ (6 * 0xD1342543DE82EF95 % 2**64))
    low = np.uint64(0xFFFFFFFF)
    k = [np.uint64(key & 0xFFFFFFFF), np.uint64(key >> 32)]
    c = [
        np.arange(blocks, dtype=np.uint64),
        *(np.full(blocks, n, np.uint64) for n in (0, record & 0xFFFFFFFF, record >> 32)),
    ]
    for _ in range(10):
        p, q = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(q >> np.uint64(32)) ^ c[1] ^ k[0], q & low, (p >> np.uint64(32)) ^ c[3] ^ k[1], p & low]
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return np.stack(c, 1).reshape(-1)


def drawn_bits(counter, shape=(5, 7)):
    return words(3, int(counter), 9)[: math.prod(shape)].astype(np.uint32).view(np.int32).reshape(shape)


def drawn_uniform(counter, shape=(5, 7)):
    w = words(3, int(counter), 18)
    return ((w[::2] << np.uint64(32) | w[1::2]) >> np.uint64(11))[: math.prod(shape)].reshape(shape) * 2.0**-53


def drawn_normal(counter, shape=(5, 7)):
    """Box and Muller's pairs."""
    w = words(3, int(counter), 36)
    whole = w[::2] << np.uint64(32) | w[1::2]
    u = ((whole[::2] >> np.uint64(12)) + 0.5) * 2.0**-52
    angle = 2 * np.pi * (whole[1::2] >> np.uint64(11)).astype(float) * 2.0**-53
    pairs = np.sqrt(-2 * np.log(u))[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return pairs.reshape(-1)[: math.prod(shape)].reshape(shape)


RATE, STEP, SCALE = 0.1, 3, 0.5
HOW = {"l2": 0.05, "decay": 0.2, "beta1": 0.9, "beta2": 0.8, "epsilon": 1e-3}


def stepped(kind: str):
    """One step by the formulas of Sutskever 2013, Tieleman and Hinton 2012, Duchi 2011, Kingma and Ba 2015."""

    def reference(p, g, *states):
        g = g * SCALE + HOW["l2"] * p
        kept = p * (1 - RATE * HOW["decay"])
        if kind == "sgd":
            return kept - RATE * g
        s = states[0]
        if kind in ("momentum", "nesterov"):
            s = HOW["beta1"] * s + g
            move = s if kind == "momentum" else g + HOW["beta1"] * s
        elif kind == "adam":
            s, t = HOW["beta1"] * s + (1 - HOW["beta1"]) * g, HOW["beta2"] * states[1] + (1 - HOW["beta2"]) * g**2
            corrected = np.sqrt(t / (1 - HOW["beta2"] ** STEP)) + HOW["epsilon"]
            return np.concatenate([kept - RATE * s / (1 - HOW["beta1"] ** STEP) / corrected, s, t])
        else:
            s = s + g**2 if kind == "adagrad" else HOW["beta2"] * s + (1 - HOW["beta2"]) * g**2
            move = g / (np.sqrt(s) + HOW["epsilon"])
        return np.concatenate([kept - RATE * move, s])

    return reference


def update(kind: str, states: int):
    def function(p, g, *given):
        return ops.concat(ops.update(kind, p, g, list(given), RATE, STEP, SCALE, **HOW))

    arrays = (near(3, 7), near(3, 7) + 0.1, *(positive(3, 7) for _ in range(states)))
    return Case(f"update {kind}", function, stepped(kind), arrays, ((0, 4),) * (2 + states), smooth=False)


def unary(name, reference, make=near):
    return Case(name, getattr(ops, name), reference, (make(3, 4),), ((0, 4),))


def binary(name, reference, make=near, smooth=True):
    return Case(name, getattr(ops, name), reference, (make(3, 4), make(4) + 0.013), ((0, 4), (4,)), smooth)


def one(name, function, reference, shape=(3, 4), empty=(0, 4), smooth=True):
    return Case(name, function, reference, (near(*shape),), (empty,), smooth)


def two(name, function, reference, first, second, empty):
    return Case(name, function, reference, (near(*first), near(*second) + 0.1), empty)


BOTH = np.array([[True, False], [True, True], [False, False]])
CASES = [
    unary("neg", np.negative),
    *(
        unary(name, getattr(np, name))
        for name in ("abs", "sign", "exp", "expm1", "square", "tanh", "sin", "cos", "floor", "ceil", "round")
    ),
    unary("log", np.log, positive),
    unary("log1p", np.log1p, positive),
    unary("sqrt", np.sqrt, positive),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), positive),
    unary("reciprocal", lambda x: 1 / x, positive),
    unary("sigmoid", sigmoid),
    unary("softplus", lambda x: np.logaddexp(0, x)),
    unary("erf", erf),
    unary("relu", lambda x: np.maximum(x, 0)),
    unary("silu", lambda x: x * sigmoid(x)),
    unary("gelu", gelu),
    unary("gelu_tanh", gelu_tanh),
    Case("isfinite", ops.isfinite, np.isfinite, (np.array([1.0, np.nan, -np.inf]),), ((0,),), smooth=False),
    Case("logical_not", ops.logical_not, np.logical_not, (np.array([[0.0, -0.0, 2.0]]),), ((2, 0),), smooth=False),
    binary("add", np.add),
    binary("sub", np.subtract),
    binary("mul", np.multiply),
    binary("div", np.divide, positive),
    binary("pow", np.power, positive),
    binary("maximum", np.maximum),
    binary("minimum", np.minimum),
    Case("mod", ops.mod, np.mod, (near(3, 4) * 3, np.array([1.37, -1.71, 2.3, 0.9])), ((0, 4), (4,))),
    *(
        Case(
            name,
            getattr(ops, name),
            getattr(np, name),
            (np.array([[0.0, 1, 2], [2, 1, 0]]), np.array([0.0, 1, 1])),
            ((0, 3), (3,)),
            smooth=False,
        )
        for name in (
            "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
            "logical_xor",
        )
    ),
    two(
        "where",
        lambda a, b: ops.where(ops.greater(a, 0.0), a, b),
        lambda a, b: np.where(a > 0, a, b),
        (3, 4),
        (4,),
        ((0, 4), (4,)),
    ),
    one("sum", ops.sum, np.sum),
    one("sum columns", lambda x: ops.sum(x, axis=0), lambda x: np.sum(x, axis=0)),
    one("sum rows", lambda x: ops.sum(x, -1, True), lambda x: np.sum(x, axis=-1, keepdims=True), empty=(3, 0)),
    one("sum outer", lambda x: ops.sum(x, (0, 2)), lambda x: np.sum(x, (0, 2)), (2, 3, 4), (0, 3, 4)),
    one("mean", lambda x: ops.mean(x, axis=1), lambda x: np.mean(x, axis=1), (2, 3, 4), (0, 3, 4)),
    one("max", lambda x: ops.max(x, axis=1), lambda x: np.max(x, axis=1)),
    one("max columns", lambda x: ops.max(x, 0, True), lambda x: np.max(x, 0, keepdims=True), empty=(3, 0)),
    one("min", ops.min, np.min, empty=(1, 1)),
    one("min rows", lambda x: ops.min(x, -1), lambda x: np.min(x, -1)),
    one("prod", lambda x: ops.prod(x, axis=0), lambda x: np.prod(x, axis=0)),
    one("prod outer", lambda x: ops.prod(x, (0, 2)), lambda x: np.prod(x, (0, 2)), (2, 3, 4), (0, 3, 4)),
    *(
        Case(name, lambda x, f=name: getattr(ops, f)(x, axis=1), lambda x, f=name: getattr(np, f)(x, 1), (BOTH,),
             ((0, 2),), smooth=False)
        for name in ("any", "all")
    ),
    one("argmax", lambda x: ops.argmax(x, axis=1), lambda x: np.argmax(x, 1), smooth=False),
    one("argmin", lambda x: ops.argmin(x, axis=0), lambda x: np.argmin(x, 0), empty=(3, 0), smooth=False),
    one("cumsum", ops.cumsum, lambda x: np.cumsum(x, -1)),
    one("cumsum first", lambda x: ops.cumsum(x, axis=0), lambda x: np.cumsum(x, 0)),
    two("matmul", ops.matmul, np.matmul, (3, 4), (4, 2), ((3, 0), (0, 2))),
    two("matmul vectors", ops.matmul, np.matmul, (4,), (4,), ((0,), (0,))),
    two("matmul row", ops.matmul, np.matmul, (4,), (2, 4, 3), ((4,), (0, 4, 3))),
    two("matmul column", ops.matmul, np.matmul, (2, 3, 4), (4,), ((2, 0, 4), (4,))),
    two("matmul batch", ops.matmul, np.matmul, (2, 1, 3, 4), (3, 4, 2), ((2, 1, 3, 4), (0, 4, 2))),
    two("matmul one for all", ops.matmul, np.matmul, (2, 3, 4), (4, 2), ((2, 3, 4), (4, 0))),
    two("matmul wide", ops.matmul, np.matmul, (9, 33), (33, 17), ((0, 33), (33, 17))),
    two("matmul transposed", lambda a, b: ops.matmul(a.T, b.T), lambda a, b: a.T @ b.T, (4, 3), (2, 4),
        ((4, 0), (2, 4))),
    one("reshape", lambda x: ops.reshape(x, (2, -1)), lambda x: x.reshape(2, -1)),
    one("transpose", lambda x: ops.transpose(x, (1, 2, 0)), lambda x: x.transpose(1, 2, 0), (2, 3, 4), (2, 0, 4)),
    one("broadcast_to", lambda x: ops.broadcast_to(x, (2, *x.shape[:1], 4)),
        lambda x: np.broadcast_to(x, (2, *x.shape[:1], 4)), (3, 1), (0, 1)),
    one("getitem", lambda x: ops.getitem(x, np.s_[1:, ::-2]), lambda x: x[1:, ::-2]),
    one("getitem number", lambda x: x[-1, None, ..., 1:3], lambda x: x[-1, None, ..., 1:3], empty=(3, 0)),
    one("getitem indices", lambda x: x[TAKEN], lambda x: x[TAKEN], empty=(3, 0)),
    one("getitem mask", lambda x: x[:, KEPT], lambda x: x[:, KEPT]),
    one("pad", lambda x: ops.pad(x, [(1, 0), (0, 2)], 0.5),
        lambda x: np.pad(x, [(1, 0), (0, 2)], constant_values=0.5)),
    two("concat", lambda a, b: ops.concat([a, b], 1), lambda a, b: np.concatenate([a, b], 1), (3, 4), (3, 1),
        ((3, 0), (3, 1))),
    two("stack", lambda a, b: ops.stack([a, b], 1), lambda a, b: np.stack([a, b], 1), (3, 4), (3, 4),
        ((0, 4), (0, 4))),
    one("take", lambda x: ops.take(x, TAKEN, 0), lambda x: np.take(x, TAKEN, 0), empty=(3, 0)),
    one("take last", lambda x: ops.take(x, TAKEN, -1), lambda x: np.take(x, TAKEN, -1), (2, 3), (0, 3)),
    one("scatter_add", lambda x: ops.scatter_add(x, TAKEN, 0, 3), scattered, (2, 2, 4), (2, 2, 0)),
    one("take_along_axis", lambda x: ops.take_along_axis(x, ALONG[:, : x.shape[1]], 0),
        lambda x: np.take_along_axis(x, ALONG[:, : x.shape[1]], 0), empty=(3, 0)),
    one("cast", lambda x: ops.cast(ops.cast(x, "float64"), "float64"), np.array),
    one("stop_gradient", ops.stop_gradient, np.array, smooth=False),
    one("softmax", ops.softmax, softmax),
    one("softmax first", lambda x: ops.softmax(x, axis=0), lambda x: softmax(x, 0), empty=(3, 0)),
    one("softmax mask", lambda x: ops.softmax(x, mask=KEPT), lambda x: softmax(x, -1, KEPT)),
    one("log_softmax", ops.log_softmax, lambda x: np.log(softmax(x))),
    one("logsumexp", lambda x: ops.logsumexp(x, 0), lambda x: np.log(np.exp(x).sum(0)), empty=(3, 0)),
    Case("layer_norm", ops.layer_norm, normed, (near(3, 4), near(4), near(4) + 0.1), ((0, 4), (4,), (4,))),
    two("conv2d", lambda x, k: ops.conv2d(x, k, 2, "same"), convolved, (2, 5, 4, 2), (3, 2, 2, 3),
        ((0, 5, 4, 2), (3, 2, 2, 3))),
    two("conv1d", lambda x, k: ops.conv1d(x, k, dilation=2), convolved_line, (2, 6, 2), (3, 2, 3),
        ((0, 6, 2), (3, 2, 3))),
    Case("random_bits", lambda c: ops.random_bits((5, 7), 3, c), drawn_bits, (np.array(2**40 + 5),), (), smooth=False),
    Case("random_uniform", lambda c: ops.random_uniform((5, 7), 3, c, "float64"), drawn_uniform, (np.array(11),), (),
         smooth=False),
    Case("random_normal", lambda c: ops.random_normal((5, 7), 3, c, "float64"), drawn_normal, (np.array(12),), (),
         smooth=False),
    update("sgd", 0),
    update("momentum", 1),
    update("nesterov", 1),
    update("rmsprop", 1),
    update("adagrad", 1),
    update("adam", 2),
]  # fmt: skip
