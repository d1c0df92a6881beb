"""Tensors beside NumPy, DLPack and buffers: every layout in and out, dtypes, numbers, indexing."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from stochos import nn
from stochos._core import ops
from stochos.errors import InputError, InputTypeError

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


def test_lists_of_numbers_have_no_dtype_of_their_own():
    assert nn.tensor([0.1]).dtype == "float32"
    assert nn.tensor([0.1], "float64").item() == 0.1
    assert (nn.tensor(np.ones(1)) * [0.1]).item() == 0.1
    assert nn.tensor([2.0**53], "int64").item() == 2**53
    assert nn.tensor([[1, 2], [3, 4]]).dtype == "int64"
    assert nn.tensor([nn.tensor(1.0), 2]).dtype == "float32"
    assert nn.tensor([np.ones(2), np.ones(2)]).dtype == "float64"
    with pytest.raises(InputError, match="rows of different lengths"):
        nn.tensor([[1, 2], [3]])


@pytest.mark.parametrize(
    ("given", "dtype"),
    [([1.5], "int32"), (2.5, "int64"), ([np.nan], "int64"), (np.array([3e10]), "int32"), ([2**40], "int32")],
)
def test_numbers_never_become_other_integers_without_a_word(given, dtype):
    with pytest.raises(InputError, match=f"is none that {dtype} has"):
        nn.tensor(given, dtype)
    assert nn.tensor([2.0, -3.0], dtype).numpy().tolist() == [2, -3]


def test_an_array_changed_later_leaves_the_tensor_alone_and_the_view_is_read_only():
    array = np.ones(3)
    got = nn.tensor(array)
    array[0] = 5
    assert got.numpy().tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        got.numpy()[0] = 1
    shared = nn.tensor(array, copy=False)
    array[0] = 7
    assert shared.numpy().tolist() == [7, 1, 1]
    with pytest.raises(ValueError, match="cannot be shared"):
        nn.tensor(array.astype(">f8"), copy=False)
    view = (got * 2).numpy()
    del got
    gc.collect()
    assert view.tolist() == [2, 2, 2]


KEYS = [
    [],
    slice(5, 1),
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


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (3, "index 3 is out of range for axis 0 of size 3"),
        (-4, "index -4 is out of range"),
        ((0, 0, 0, 0), "fewer axes"),
        ([5], r"\[nn.take\] index 5 is out of range for an axis of size 3"),
        ((slice(None), [0, 9]), "index 9 is out of range"),
        (np.array([True, False]), r"a mask of shape \(2,\) does not fit a tensor of shape \(3, 4, 5\)"),
        (1.5, "an index is float"),
        (True, r"x\[None\]"),
    ],
)
def test_indices_that_do_not_fit_are_errors(key, message):
    with pytest.raises((IndexError, ValueError, TypeError), match=message):
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
    assert isinstance(np.float64(2) * nn.tensor([1.0, 2.0]), nn.Tensor)


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


def read_only(array):
    copy = array.copy()
    copy.setflags(write=False)
    return copy


SHARED = {
    "reversed": BASE[::-1, :, ::-2],
    "Fortran": np.asfortranarray(BASE),
    "broadcast": np.broadcast_to(BASE[0, 0], (2, 5)),
    "empty": BASE[:, :0],
    "empty, reversed": np.zeros((1, 10, 20))[::-1],
    "without axes": np.array(7.0),
    "read-only": read_only(BASE),
}


@pytest.mark.parametrize("name", SHARED)
def test_dlpack_takes_numpys_memory_as_it_is(name):
    array = SHARED[name]
    shared = nn.from_dlpack(array)
    np.testing.assert_array_equal(shared.numpy(), array)
    np.testing.assert_array_equal((shared * 2.0).numpy(), array * 2)
    assert np.shares_memory(shared.numpy(), array) or array.size == 0


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool"])
def test_dlpack_and_buffers_show_the_tensors_memory(dtype):
    a = np.arange(24).reshape(2, 3, 4).astype(dtype)
    t = nn.tensor(a)
    for key in (np.s_[:], np.s_[::-1], np.s_[:, ::-2], np.s_[:, 1], np.s_[:0]):
        part = t[key]
        for seen in (np.from_dlpack(part), np.asarray(memoryview(part))):
            np.testing.assert_array_equal(seen, a[key])
            assert seen.dtype == dtype
            assert not seen.flags.writeable
            assert np.shares_memory(seen, part.numpy()) or seen.size == 0
        np.testing.assert_array_equal(nn.from_dlpack(part).numpy(), a[key])
    copied = np.from_dlpack(t, copy=True)
    copied[...] = 0
    np.testing.assert_array_equal(t.numpy(), a)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (BASE.astype(">f8"), BufferError, "byte order"),
        (LAYOUTS["unaligned"], InputError, "not aligned to its elements; copy it first"),
        (np.ones(2, np.int8), InputTypeError, "8 bits have no counterpart; convert to float32"),
        (np.ones(2, complex), InputTypeError, "have no counterpart"),
        ([1.0], InputTypeError, "__dlpack__ is needed, not list"),
    ],
)
def test_what_dlpack_cannot_share_is_an_error(given, error, message):
    with pytest.raises(error, match=message):
        nn.from_dlpack(given)


def test_tensors_live_in_the_memory_of_the_cpu():
    t = nn.tensor([1.0, 2.0])
    assert t.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="memory of the CPU alone"):
        t.__dlpack__(dl_device=(2, 0))


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
