"""Bits do not follow the number of threads, and a huge operation is stopped in the middle."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Products cut by rows, by columns and along the inner axis, stacks, epilogues, broadcasting, strided copies, sums.
BITS = """
import hashlib
import numpy as np
from stochos import nn
from stochos._core import ops

def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)

found = hashlib.sha256()
def note(tensor):
    found.update(np.ascontiguousarray(tensor.numpy()).tobytes())

for dtype in ("float32", "float64"):
    for m, k, n in ((700, 700, 700), (1030, 777, 310), (260, 300, 2050), (64, 784, 128), (130, 52_000, 150),
                    (1, 500, 900), (5, 4000, 3000), (513, 1500, 1), (1500, 64, 7)):
        a, b = (nn.tensor(normal(*s, seed=i).astype(dtype)) for i, s in enumerate(((m, k), (k, n))))
        note(a @ b)
        turned = nn.tensor(np.asfortranarray(b.numpy()))
        note(a @ turned)
        note(nn.compile(lambda a, b: ops.gelu(a @ b + b[0]))(a, b))
    stack = nn.tensor(normal(40, 90, 70).astype(dtype))
    note(nn.compile(lambda s: ops.tanh(s @ s.transpose((0, 2, 1))))(stack))
    wide = nn.tensor(normal(300, 40, 50).astype(dtype))
    note(wide * wide[:, :1] + wide[:1])
    note(wide.transpose((2, 0, 1)) + 0)
    note(ops.where(wide > wide[:, :, :1], wide[:1], wide))
    note(ops.sum(wide, (0, 2)))
    note(ops.softmax(wide))
print(found.hexdigest())
"""


def test_bits_are_the_same_for_any_number_of_threads():
    found = {}
    for threads in ("1", "2", "3", "8"):
        run = subprocess.run(
            [sys.executable, "-c", BITS],
            env={**os.environ, "STOCHOS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        found[threads] = run.stdout.strip()
    assert len(set(found.values())) == 1, found
    assert len(found["1"]) == 64


PRODUCT = """
import sys, time
import numpy as np
from stochos import nn

kind = sys.argv[1]
shape = (128, 1_000_000) if kind == "thin" else (4000, 4000)
a = nn.tensor(np.ones(shape, np.float32 if kind == "thin" else np.float64))
call = nn.compile(lambda a: (a @ a.T) * 0.5) if kind == "compiled" else lambda a: nn.evaluate(a @ a.T)
print("ready", flush=True)
try:
    for _ in range(1000):
        call(a)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
"""


@pytest.mark.parametrize(("kind", "threads"), [("plain", "1"), ("compiled", "2"), ("thin", "1")])
def test_a_huge_product_stops_at_once(kind, threads, interrupt_delay, monkeypatch):
    # 130 and 33 GFLOP in one operation: longer than the 0.2 s on one thread of any machine.
    monkeypatch.setenv("STOCHOS_NUM_THREADS", threads)
    assert interrupt_delay(PRODUCT, kind) < 0.2
