"""One graph in many threads, after a fork, in long loops; the guard against NaN."""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from stochos import _core, nn
from stochos._core import ops


def test_one_graph_computed_by_eight_threads():
    x = nn.tensor(np.random.default_rng(0).normal(size=(60, 60)))
    shared = ops.tanh(x @ x)
    for _ in range(30):
        shared = ops.tanh(shared @ x)
    total = ops.sum(shared)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: float(total), range(32)))
    assert len(set(answers)) == 1


def test_eight_threads_share_one_graph():
    w = nn.tensor(np.random.default_rng(1).normal(size=(200, 200)))
    right = ops.tanh(w @ w).numpy()
    shared = ops.tanh(w @ w) @ w
    answers = []

    def work():
        fresh = all(np.array_equal(ops.tanh(w @ w).numpy(), right) for _ in range(3))
        answers.append((fresh, shared.numpy()))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(fresh and np.array_equal(value, answers[0][1]) for fresh, value in answers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_computes():
    x = nn.tensor(np.ones((300, 300)))
    want = float(ops.sum(ops.exp(x @ x / 300.0)))
    child = os.fork()
    if child == 0:
        os._exit(0 if float(ops.sum(ops.exp(x @ x / 300.0))) == want else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_eager_loops_keep_no_graph():
    def live():
        gc.collect()
        return sum(isinstance(o, nn.Tensor) for o in gc.get_objects())

    w = nn.Variable(np.zeros(1000))
    before = live()
    for _ in range(3000):
        w.assign(w - 0.1 * nn.grad(lambda: ops.sum((w - 1.0) ** 2), wrt=w)())
    assert live() == before
    np.testing.assert_allclose(w.numpy(), 1)
    assert w.version == 3000
    assert _core.recording_depth() == 0


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_long_loops_keep_nothing():
    x = nn.tensor(np.ones(64))
    slope = nn.grad(lambda x: ops.tanh(x).sum())
    for _ in range(2000):
        slope(x).numpy()
    before = resident()
    y = x
    for _ in range(20_000):
        y = ops.tanh(y)
        slope(x).numpy()
    # A leak of one node a step would be 20 MB.
    assert resident() - before < 4 << 20


def test_nan_guard_names_the_first_operation():
    before = _core.check_numerics(True)
    try:
        with _core.label("net"), _core.label("head"):
            y = ops.exp(ops.log(nn.tensor([-1.0, 2.0])))
        with pytest.raises(ValueError, match=r"\[nn.log\] in layer 'net/head': .* holds a NaN"):
            y.numpy()
    finally:
        _core.check_numerics(before)
