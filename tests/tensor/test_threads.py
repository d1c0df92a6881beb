"""Bits do not depend on the number of threads, and threads of short work leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from stochos import nn
from stochos._core import ops

PRODUCTS = """
import hashlib, itertools
import numpy as np
from stochos import nn
from stochos._core import ops

random = np.random.default_rng(0)
# By panels and by BLAS, thin, long, in a batch; larger ones are cut for threads.
SHAPES = [(512, 128, 128), (500, 77, 300), (33, 600, 257), (1000, 1, 400), (4, 900, 300), (700, 700, 700), (300, 40, 9)]
for dtype in ("float32", "float64"):
    digest = hashlib.sha256()
    for m, n, k in SHAPES:
        for left, right in itertools.product((False, True), repeat=2):
            a = nn.tensor(random.normal(size=(k, m) if left else (m, k)).astype(dtype))
            b = nn.tensor(random.normal(size=(n, k) if right else (k, n)).astype(dtype))
            product = ops.matmul(ops.transpose(a) if left else a, ops.transpose(b) if right else b)
            digest.update(product.numpy().tobytes())
    a, b = (nn.tensor(random.normal(size=(6, 90, 80)).astype(dtype)) for _ in range(2))
    digest.update(ops.matmul(a, ops.transpose(b, (0, 2, 1))).numpy().tobytes())
    print(dtype, digest.hexdigest())
"""

STEP = """
import hashlib
import numpy as np
from stochos import gan, nn
from stochos._core import ops

random = np.random.default_rng(0)
def player(out):
    return nn.Sequential([nn.Dense(128, "relu", seed=1), nn.Dense(128, "relu", seed=2), nn.Dense(out, seed=3)])
model = gan.GAN(player(2), player(1), "gan", "single-loss", latent=64)
model.fit(random.normal(size=(2000, 2)).astype("float32"), steps=5, batch_size=256, seed=0, progress=False)
digest = hashlib.sha256()
for parameter in [*model.generator.parameters, *model.discriminator.parameters]:
    digest.update(parameter.numpy().tobytes())
# Rows that are shared out: a bias over many rows, a choice by a mask that is broadcast.
x = nn.tensor(random.normal(size=(600, 130)).astype("float32"))
digest.update((x + nn.tensor(random.normal(size=130).astype("float32"))).numpy().tobytes())
digest.update(ops.where(x > 0, x, nn.tensor(random.normal(size=(600, 1)).astype("float32"))).numpy().tobytes())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("code", [PRODUCTS, STEP], ids=["products", "a step of a GAN"])
def test_bits_do_not_depend_on_the_number_of_threads(code):
    found = set()
    for threads in ("1", "2", "3", "8"):
        environment = os.environ | {"STOCHOS_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1
    assert len(found.pop()) > 64


def test_nobody_spins_after_short_work():
    x = nn.tensor(np.ones((512, 128), np.float32))
    for _ in range(50):
        ops.tanh(ops.matmul(x, ops.transpose(x))).numpy()
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.05


def test_the_interpreter_ends_right_after_short_work():
    # Workers that still look for work do not hold up the end.
    code = (
        "import numpy as np\n"
        "from stochos import nn\n"
        "from stochos._core import ops\n"
        "x = nn.tensor(np.ones((512, 128), np.float32))\n"
        "for _ in range(20):\n"
        "    ops.matmul(x, ops.transpose(x)).numpy()\n"
    )
    environment = os.environ | {"STOCHOS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_right_after_short_work_computes():
    x = nn.tensor(np.random.default_rng(0).normal(size=(512, 128)).astype(np.float32))
    for _ in range(5):
        want = ops.matmul(x, ops.transpose(x)).numpy().tobytes()
        child = os.fork()
        if child == 0:
            os._exit(0 if ops.matmul(x, ops.transpose(x)).numpy().tobytes() == want else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
