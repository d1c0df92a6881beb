"""Tensors and NumPy: arrays of every layout in and out, indexing, numbers, DLPack, the buffer protocol."""

from __future__ import annotations

import gc
import os
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from stochos import _core, nn
from stochos._core import ops

BASE = np.arange(60.0).reshape(3, 4, 5)
LAYOUTS = {
    "plain": BASE,
    "reversed": BASE[::-1, :, ::-2],
    "Fortran": np.asfortranarray(BASE),
    "transposed": BASE.transpose(2, 0, 1),
    "broadcast": np.broadcast_to(BASE[0, 0], (2, 5)),
    "empty": BASE[:, :0],
    "number": BASE[1, 2, 3],
    "without axes": np.array(7.0),
    "big-endian": BASE.astype(">f8"),
    "unaligned": np.frombuffer(b"x" + BASE[0].tobytes(), np.uint8)[1:].view(np.float64).reshape(4, 5),
    "field": np.rec.fromarrays([np.arange(4, dtype=np.int8), np.arange(4.0)])["f1"],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_arrays_of_every_layout_come_through(name):
    array = LAYOUTS[name]
    got = nn.tensor(array)
    assert got.dtype == "float64"
    np.testing.assert_array_equal(got.numpy(), array)
    np.testing.assert_array_equal(np.asarray(got + 0.0), array)
    np.testing.assert_array_equal(np.asarray(memoryview(got)), array)
    if array.ndim:
        np.testing.assert_array_equal(got.T.numpy(), array.T)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.float16, "float32"),
        (np.int8, "int32"),
        (np.uint16, "int32"),
        (np.uint32, "int64"),
        (np.int64, "int64"),
        (np.bool_, "bool"),
    ],
)
def test_other_dtypes_go_to_the_smallest_that_holds_them(given, kept):
    got = nn.tensor(np.ones(3, given))
    assert (got.dtype, got.numpy().tolist()) == (kept, [1, 1, 1])


@pytest.mark.parametrize("given", [np.ones(2, complex), np.array(["a"]), np.ones(2, np.uint64)])
def test_dtypes_without_a_counterpart_are_errors(given):
    with pytest.raises(TypeError, match=r"\[nn.tensor\].*dtype"):
        nn.tensor(given)


def test_an_array_changed_later_leaves_the_tensor_alone_and_the_view_is_read_only():
    array = np.ones(3)
    got = nn.tensor(array)
    array[0] = 5
    assert got.numpy().tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        got.numpy()[0] = 1
    view = (got * 2).numpy()
    del got
    gc.collect()
    assert view.tolist() == [2, 2, 2]


KEYS = [
    0,
    -1,
    np.int64(2),
    slice(None, None, -1),
    slice(10, 0, -3),
    slice(2, 1),
    (slice(1, None), 2),
    (Ellipsis, 1),
    (None, 1, ..., None, slice(0, 4, 2)),
    [0, 2, -1],
    np.array([[0, 1], [2, 0]]),
    (slice(None), [3, 0]),
    ([0, 1], [1, 2]),
    ([[0], [1]], [1, 2]),
    ([0, 1], slice(None), [1, 2]),
    (0, [1, 2]),
    BASE > 30,
    BASE[:, :, 0] > 15,
    (slice(None), np.array([True, False, True, True])),
    (),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing_agrees_with_numpy_and_with_its_derivative(key):
    want = BASE[key]
    np.testing.assert_array_equal(nn.tensor(BASE)[key].numpy(), want)
    weights = np.arange(1.0, 1 + want.size).reshape(want.shape)
    slope = np.zeros_like(BASE)
    np.add.at(slope, key, weights)
    np.testing.assert_array_equal(nn.grad(lambda x: ops.sum(x[key] * weights))(BASE).numpy(), slope)


@pytest.mark.parametrize("key", [3, -4, (0, 0, 0, 0), [5], (slice(None), [0, 9])], ids=str)
def test_indices_out_of_range_are_errors(key):
    with pytest.raises((IndexError, ValueError)):
        nn.tensor(BASE)[key].numpy()


def test_python_numbers_take_the_dtype_of_the_tensor():
    for dtype in ("float32", "float64"):
        x = nn.tensor([1.0, 2.0], dtype)
        for y in (x + 1, 2.5 * x, 1 / x, x**2, 2**x, x - True, x % 2, -x):
            assert y.dtype == dtype
    i = nn.tensor([1, 2], "int32")
    assert (i + 1).dtype == "int32"
    assert (i + 0.5).dtype == "float32"
    assert (i / 2).dtype == "float32"
    assert (nn.tensor([1, 2], "int64") + nn.tensor([1.0, 2.0], "float32")).dtype == "float32"
    assert (np.ones(2) + nn.tensor([1.0, 2.0], "float64")).dtype == "float64"
    assert isinstance(np.ones(2) @ nn.tensor(np.ones((2, 2))), nn.Tensor)


def test_a_tensor_of_one_element_is_a_number():
    assert float(nn.tensor(2.5)) == 2.5
    assert int(nn.tensor([3])) == 3
    assert [10, 20, 30][nn.tensor(1)] == 20
    assert bool(nn.tensor(0.0)) is False
    assert nn.tensor(True).item() is True
    with pytest.raises(ValueError, match=r"\(2,\)"):
        float(nn.tensor([1.0, 2.0]))
    with pytest.raises(TypeError):
        len(nn.tensor(1.0))
    assert [float(x) for x in nn.tensor([1.0, 2.0])] == [1, 2]


def test_dlpack_shares_memory_both_ways():
    array = np.arange(6.0).reshape(2, 3)[:, ::-1]
    shared = nn.from_dlpack(array)
    np.testing.assert_array_equal(shared.numpy(), array)
    assert np.shares_memory(shared.numpy(), array)
    back = np.from_dlpack(nn.tensor(np.ones((2, 3), np.int32)) * 2)
    assert (back.dtype, back.tolist()) == (np.int32, [[2, 2, 2], [2, 2, 2]])


def test_memory_from_outside_is_let_go():
    class Mine(np.ndarray):
        pass

    array = np.ones(5).view(Mine)
    gone = weakref.ref(array)
    shared = nn.tensor(array, copy=False)
    assert np.shares_memory(shared.numpy(), array)
    del array
    assert gone() is not None
    del shared
    gc.collect()
    assert gone() is None


def test_an_object_of_another_kind_gets_its_turn():
    class Symbol:
        def __radd__(self, other):
            return "taken over"

        def __rmatmul__(self, other):
            return "taken over"

    assert nn.tensor(1.0) + Symbol() == "taken over"
    assert nn.tensor([1.0]) @ Symbol() == "taken over"
    with pytest.raises(TypeError):
        nn.tensor(1.0) + "text"


def test_one_graph_computed_by_eight_threads():
    x = nn.tensor(np.random.default_rng(0).normal(size=(60, 60)))
    shared = ops.tanh(x @ x)
    for _ in range(30):
        shared = ops.tanh(shared @ x)
    total = ops.sum(shared)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: float(total), range(32)))
    assert len(set(answers)) == 1


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
