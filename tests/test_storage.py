"""Saved files: what is written comes back, and no damaged or forged file does harm."""

from __future__ import annotations

import json
import random
import resource
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import _storage
from stochos.errors import FileError, FileFormatError, InputError

ARRAYS = {
    "floats": np.arange(30, dtype=np.float32).reshape(5, 6),
    "empty": np.zeros((0, 4), np.int64),
    "scalar": np.array(7, np.uint64),
    "bytes": np.arange(7, dtype=np.uint8),
    "flags": np.array([True, False]),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    _storage.write(path, "kind", {"a": [1, 2.5, None, "ä\ud800"]}, ARRAYS, "test.write")
    return path


def test_round_trip(path):
    meta, arrays = _storage.read(path, "kind", "test.read")
    assert meta == {"a": [1, 2.5, None, "ä\ud800"]}
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(arrays[name], array)
        assert not arrays[name].flags.writeable
        assert arrays[name].ctypes.data % 64 == 0 or arrays[name].size == 0


def test_other_layouts_are_made_plain(tmp_path):
    given_array = np.arange(24, dtype=">i4").reshape(4, 6)[::2, ::-1]
    _storage.write(tmp_path / "f", "kind", {}, {"x": given_array, "y": np.asfortranarray(given_array)}, "test")
    arrays = _storage.read(tmp_path / "f", "kind", "test")[1]
    np.testing.assert_array_equal(arrays["x"], given_array)
    np.testing.assert_array_equal(arrays["y"], given_array)


def test_no_arrays(tmp_path):
    _storage.write(tmp_path / "f", "kind", {}, {}, "test")
    assert _storage.read(tmp_path / "f", "kind", "test") == ({}, {})


def test_what_cannot_be_stored_is_refused_before_the_file_is_touched(path):
    before = path.read_bytes()
    for meta, arrays in (
        ({"x": object()}, {}), ({"x": float("nan")}, {}), ({}, {"x": np.array(["a"])}), ({}, {"x": np.array([None])}),
        ({}, {"x": np.zeros(2, np.complex128)}), ({}, {"x": np.zeros(2, "i4,f4")}),
    ):  # fmt: skip
        with pytest.raises(InputError, match=r"\[test\]"):
            _storage.write(path, "kind", meta, arrays, "test")
    assert path.read_bytes() == before
    with pytest.raises(FileError):
        _storage.write(path.parent / "no" / "where", "kind", {}, {}, "test")


def test_every_cut_is_noticed(path):
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(FileFormatError, match=r"\[test.read\] '.*file'"):
            _storage.read(path, "kind", "test.read")
    path.write_bytes(whole + b"\0")
    with pytest.raises(FileFormatError, match="accounts for"):
        _storage.read(path, "kind", "test.read")


def test_every_flipped_bit_is_noticed(path):
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << random.Random(place).randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError):
            _storage.read(path, "kind", "test.read")


def forge(path, header, version=_storage.SCHEMA_VERSION, length=None, data=b"\0" * 4096):
    """A file whose checksum of the header fits, so that only its content speaks against it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    prefix = struct.pack("<8sIIQ", _storage.MAGIC, version, zlib.crc32(text), len(text) if length is None else length)
    body = prefix + text
    path.write_bytes(body + b"\0" * (-len(body) % 64) + data)


def entry(**changes):
    zeros = {"name": "x", "dtype": "<f8", "shape": [512], "offset": 0, "bytes": 4096, "crc32": zlib.crc32(bytes(4096))}
    return {**zeros, **changes}


def header(*entries, **changes):
    return {"kind": "kind", "meta": {}, "arrays": list(entries), **changes}


def test_a_forged_file_that_is_right_is_read(path):
    forge(path, header(entry()))
    assert _storage.read(path, "kind", "t")[1]["x"].shape == (512,)


@pytest.mark.parametrize(
    "content",
    [
        header(entry(shape=[2**40], bytes=2**43)),
        header(entry(shape=[2**62, 4], bytes=2**67)),
        header(entry(shape=[2**32, 2**32], bytes=0)),
        header(entry(shape=[0, 2**62], bytes=0)),
        header(entry(shape=[-512], bytes=-4096)),
        header(entry(shape=[512.0])),
        header(entry(shape=[True] * 3)),
        header(entry(shape=[512] + [1] * 100)),
        header(entry(shape="512")),
        header(entry(shape=[256])),
        header(entry(bytes=4088)),
        header(entry(offset=-64)),
        header(entry(offset=64)),
        header(entry(offset=2**63)),
        header(entry(crc32=0)),
        header(entry(crc32="0")),
        header(entry(dtype="O")),
        header(entry(dtype="|O8")),
        header(entry(dtype=">f8")),
        header(entry(dtype="<U4")),
        header(entry(dtype="<f8,<f8")),
        header(entry(dtype=["<f8"])),
        header(entry(name=3)),
        header(entry(shape=[256], bytes=2048), entry(shape=[256], bytes=2048, offset=2048)),  # one name twice
        header(entry(), entry(name="y")),  # overlapping
        header(entry(), entry(name="y", offset=4096)),  # beyond the end
        header({}),
        header([]),
        header(arrays={}),
        header(arrays=None),
        header(meta=[]),
        header(kind=None),
        {},
        [],
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"kind": ' + b"9" * 10_000 + b"}",
    ],
    ids=range(38),
)
def test_forged_headers_are_refused(path, content):
    forge(path, content)
    with pytest.raises(FileFormatError, match=r"\[t\] '.*file' (is|holds)"):
        _storage.read(path, "kind", "t")


def test_lengths_and_versions(path):
    for length in (2**64 - 1, 2**63, 2**40, 5000, 0):
        forge(path, header(entry()), length=length)
        with pytest.raises(FileFormatError):
            _storage.read(path, "kind", "t")
    forge(path, header(entry()), version=_storage.SCHEMA_VERSION + 1)
    with pytest.raises(FileFormatError, match=r"newer.*update stochos"):
        _storage.read(path, "kind", "t")
    forge(path, header(entry()), version=0)
    with pytest.raises(FileFormatError):
        _storage.read(path, "kind", "t")
    forge(path, header(entry(), kind="vectors"))
    with pytest.raises(FileFormatError, match="holds 'vectors', not 'kind'"):
        _storage.read(path, "kind", "t")
    path.write_bytes(b"PK\x03\x04" * 100)
    with pytest.raises(FileFormatError, match="not a file of Stochos"):
        _storage.read(path, "kind", "t")


def test_checksums_of_arrays_can_be_left_out(path):
    forge(path, header(entry(crc32=1)))
    _storage.read(path, "kind", "t", verify=False)
    with pytest.raises(FileFormatError, match="checksum of 'x'"):
        _storage.read(path, "kind", "t")


def test_lying_sizes_allocate_nothing(path):
    forge(path, header(entry(shape=[2**30], bytes=2**33)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileFormatError):
        _storage.read(path, "kind", "t")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@given(st.lists(st.text() | st.sampled_from(["", "\0", "a b", "\ud800", "😀", "\n"])))
def test_words_round_trip(words):
    assert _storage.unpack_words(*_storage.pack_words(words)) == words


def test_words_with_impossible_places():
    blob = np.frombuffer(b"abc", np.uint8)
    for offsets in ([], [0], [1, 3], [0, 4], [0, 2, 1, 3], [0, 2**64 - 1, 3]):
        with pytest.raises(FileFormatError, match=r"\[w\]"):
            _storage.unpack_words(blob, np.array(offsets, np.uint64), "w")
    with pytest.raises(FileFormatError, match="UTF-8"):
        _storage.unpack_words(np.frombuffer(b"\xff", np.uint8), np.array([0, 1], np.uint64), "w")
