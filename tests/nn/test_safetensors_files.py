"""The file format: what the safetensors library writes and reads, bit for bit; damage is refused."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from stochos.errors import FileError, FileFormatError, InputError
from stochos.nn import _safetensors

ARRAYS = {
    "b/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a": np.array(3, dtype=np.int64),
    "flags": np.array([True, False, True]),
    "half": np.array([0.5, -2.0], dtype=np.float16),
    "empty": np.zeros((0, 4), dtype=np.float64),
    "reversed": np.arange(5.0)[::-1],
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big_endian": np.arange(3, dtype=">f4"),
}


def equal(a: dict, b: dict) -> bool:
    return set(a) == set(b) and all(
        np.array_equal(a[k], b[k]) and a[k].shape == b[k].shape and a[k].dtype == b[k].dtype.newbyteorder("=")
        for k in a
    )


def test_the_library_reads_what_we_write(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    _safetensors.write(path, ARRAYS, {"who": "ünïcode"}, "test")
    assert equal(safetensors.numpy.load_file(path), ARRAYS)
    with safetensors.safe_open(path, "numpy") as file:
        assert file.metadata() == {"who": "ünïcode"}
    arrays, meta = _safetensors.read(path, "test")
    assert equal(arrays, ARRAYS)
    assert meta == {"who": "ünïcode"}


def test_we_read_what_the_library_writes(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    plain = {
        name: np.ascontiguousarray(a).astype(a.dtype.newbyteorder("=")).reshape(a.shape) for name, a in ARRAYS.items()
    }
    safetensors.numpy.save_file(plain, path)
    arrays, meta = _safetensors.read(path, "test")
    assert equal(arrays, plain)
    assert meta == {}


def test_bfloat16_becomes_float32(tmp_path: Path):
    # The upper half of float32's bits, by definition: 1.5, -2 and a denormal.
    path = tmp_path / "x.safetensors"
    values = np.array([1.5, -2.0, 2.0**-130], dtype=np.float32)
    header = json.dumps({"x": {"dtype": "BF16", "shape": [3, 1], "data_offsets": [0, 6]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + (values.view(np.uint32) >> 16).astype("<u2").tobytes())
    arrays, _ = _safetensors.read(path, "test")
    assert np.array_equal(arrays["x"], values.reshape(3, 1))
    assert arrays["x"].dtype == np.float32


def test_every_cut_and_every_lie_is_refused(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    _safetensors.write(path, {"a": np.arange(4.0), "b": np.arange(3.0)}, {}, "test")
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(FileFormatError, match=r"\[test\].*damaged"):
            _safetensors.read(path, "test")
    lies = {
        b'"shape":[4]': b'"shape":[9]',
        b'"data_offsets":[0,32]': b'"data_offsets":[0,99]',
        b'"dtype":"F64","shape":[4]': b'"dtype":"F16","shape":[4]',
    }
    for true, lie in lies.items():
        assert true in whole
        path.write_bytes(whole.replace(true, lie))
        with pytest.raises(FileFormatError, match="damaged"):
            _safetensors.read(path, "test")
    path.write_bytes(struct.pack("<Q", 2**60) + whole[8:])  # a header of a million terabytes
    with pytest.raises(FileFormatError, match="damaged"):
        _safetensors.read(path, "test")


def test_what_cannot_be_read_or_written_says_so(tmp_path: Path):
    with pytest.raises(FileError, match="No such file") as found:
        _safetensors.read(tmp_path / "absent", "test")
    assert found.value.errno == 2
    with pytest.raises(FileError, match="directory"):
        _safetensors.read(tmp_path, "test")
    with pytest.raises(InputError, match="complex128"):
        _safetensors.write(tmp_path / "x", {"z": np.zeros(2, dtype=complex)}, {}, "test")
    with pytest.raises(FileError):
        _safetensors.write(tmp_path / "no" / "folder", {}, {}, "test")
    assert os.listdir(tmp_path) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "x.safetensors"
    _safetensors.write(path, {"a": np.zeros(3)}, {}, "test")
    before = path.read_bytes()

    def refuse(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_safetensors.struct, "pack", refuse)
    with pytest.raises(KeyboardInterrupt):
        _safetensors.write(path, {"a": np.ones(3)}, {}, "test")
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.safetensors"]
