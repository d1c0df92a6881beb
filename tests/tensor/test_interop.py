"""Tensors beside NumPy, DLPack and buffers; indexing as NumPy has it; threads, forks, memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from stochos import _core, nn
from stochos._core import ops


def test_numpy_view_is_read_only_and_outlives_the_tensor():
    view = (nn.tensor(np.arange(4.0)) * 2).numpy()
    assert view.tolist() == [0, 2, 4, 6]
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_a_tensor_does_not_follow_its_array_unless_told_to():
    x = np.ones(3)
    copied, shared = nn.tensor(x), nn.tensor(x, copy=False)
    x[:] = 5
    assert copied.numpy().tolist() == [1, 1, 1]
    assert shared.numpy().tolist() == [5, 5, 5]
    with pytest.raises(ValueError, match="cannot be shared"):
        nn.tensor(x.astype(">f8"), copy=False)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool"])
def test_dlpack_and_buffer_both_ways(dtype):
    a = np.arange(24).reshape(2, 3, 4).astype(dtype)
    t = nn.tensor(a)
    for key in (np.s_[::-1], np.s_[:, ::-2], np.s_[:, 1], np.s_[:0]):
        np.testing.assert_array_equal(np.from_dlpack(t[key]), a[key])
        np.testing.assert_array_equal(nn.from_dlpack(a[key]).numpy(), a[key])
        np.testing.assert_array_equal(np.asarray(memoryview(t[key])), a[key])
    assert memoryview(t).readonly
    assert nn.from_dlpack(np.zeros((1, 10, 20))[::-1]).shape == (1, 10, 20)


def test_odd_arrays():
    record = np.zeros(3, dtype=[("tag", "i1"), ("value", "f8")])
    record["value"] = [1, 2, 3]
    assert nn.tensor(record["value"]).numpy().tolist() == [1, 2, 3]  # not aligned
    assert nn.tensor(np.arange(3, dtype=">i4")).numpy().tolist() == [0, 1, 2]
    assert nn.tensor(np.float16([0.5])).dtype == "float32"
    with pytest.raises(TypeError, match="complex"):
        nn.tensor(np.zeros(2, dtype=complex))


def test_numbers_take_the_dtype_of_the_tensor():
    assert (nn.tensor([1.0]) * 2).dtype == "float32"
    assert (nn.tensor(np.ones(1)) * 2.5).dtype == "float64"
    assert (nn.tensor([1]) * 2.5).dtype == "float32"
    assert isinstance(np.ones(2) + nn.tensor([1.0, 2.0]), _core.Tensor)
    assert isinstance(np.float64(2) * nn.tensor([1.0, 2.0]), _core.Tensor)


X = np.random.default_rng(0).normal(size=(4, 5, 6))


@pytest.mark.parametrize(
    "key",
    [
        np.s_[1],
        np.s_[..., 0],
        np.s_[:, None, ::-2],
        np.s_[[0, 2], :, [1, 1]],
        np.s_[:, [0, -1], [1, 1]],
        np.s_[1, [0, 1]],
        np.s_[X > 0],
        np.s_[X[:, :, 0] > 0],
        np.s_[np.array([[0, 1], [2, 3]])],
        np.s_[[]],
        np.s_[5:1],
    ],
    ids=range(11),
)
def test_index(key):
    np.testing.assert_array_equal(nn.tensor(X)[key].numpy(), X[key])


def test_index_out_of_range():
    t = nn.tensor(X)
    with pytest.raises(IndexError, match="index 9 is out of range for axis 0 of size 4"):
        t[9]
    with pytest.raises(ValueError, match=r"\[nn.take\] index 9 is out of range for an axis of size 4"):
        t[[9]].numpy()
    with pytest.raises(ValueError, match="fewer axes"):
        t[0, 0, 0, 0]
    assert len(list(t)) == 4


@pytest.mark.parametrize("shape", [(300_000,), (3, 70_000), (70_000, 3), (2, 300, 200)])
def test_large_reductions(shape):
    # Larger than a piece of work: split over threads, and joined again.
    x = np.random.default_rng(1).normal(size=shape)
    for axis in (None, 0, -1):
        np.testing.assert_allclose(ops.sum(x, axis=axis).numpy(), x.sum(axis=axis), rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(ops.max(x, axis=axis).numpy(), x.max(axis=axis))


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


def test_fork_after_use():
    w = nn.tensor(np.random.default_rng(2).normal(size=(400, 400)))
    right = (w @ w).sum().item()
    child = os.fork()
    if child == 0:
        os._exit(0 if (w @ w).sum().item() == right else 1)
    assert os.waitpid(child, 0)[1] == 0


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


LEVELS = ["baseline", "avx2", "avx512"]


@pytest.mark.parametrize("level", LEVELS[: LEVELS.index(_core.detected_cpu_level()) + 1])
def test_the_table_of_operations_at_every_level(level):
    tests = Path(__file__).with_name("test_operations.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    run = subprocess.run(command, env={**os.environ, "STOCHOS_CPU": level}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
