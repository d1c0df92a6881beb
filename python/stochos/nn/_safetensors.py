"""Files in the safetensors format: written part by part and whole or not at all, read with every size checked.

Layout: the length of the header (uint64, little-endian), the header (JSON, padded with spaces to a multiple of 8),
the tensors one after another, those with the widest numbers first.
https://github.com/huggingface/safetensors, version 0.4.
"""

from __future__ import annotations

import errno
import json
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray

from stochos import _core, _reading
from stochos.errors import FileError, FileFormatError, InputError

__all__ = ["read", "write"]

_NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
_STEP = 16 << 20  # bytes between two looks at pending signals
_MAX_HEADER = 100_000_000  # the limit of the format


def write(
    path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, str], where: str
) -> None:
    """Write arrays and texts to a file.

    Parameters
    ----------
    path : str or path-like
        An existing file is replaced only when the new one is complete on disk.
    arrays : mapping of str to ndarray
    meta : mapping of str to str
    where : str
        Name of the calling function, for error messages.

    Raises
    ------
    FileError
        The file cannot be written; the old one is intact.
    InputError
        An array's dtype has no place in the format.
    """
    header: dict[str, Any] = {"__metadata__": dict(meta)}
    blocks: list[NDArray[np.uint8]] = []
    offset = 0
    for name in sorted(arrays, key=lambda one: (-arrays[one].dtype.itemsize, one)):
        array = arrays[name]
        if array.dtype.name not in _NAMES or name == "__metadata__":
            msg = f"[{where}] {name!r} of {array.dtype} cannot be stored in a safetensors file"
            raise InputError(msg)
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        block = plain.reshape(-1).view(np.uint8)
        header[name] = {
            "dtype": _NAMES[array.dtype.name], "shape": list(array.shape),
            "data_offsets": [offset, offset + block.size],
        }  # fmt: skip
        offset += block.size
        blocks.append(block)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    text += b" " * (-len(text) % 8)
    if len(text) > _MAX_HEADER:
        msg = f"[{where}] the description takes {len(text)} bytes; the format allows {_MAX_HEADER}"
        raise InputError(msg)
    file = _core.AtomicFile(os.fsdecode(path), where)
    try:
        file.write(struct.pack("<Q", len(text)) + text)
        for block in blocks:
            for start in range(0, block.size, _STEP):
                file.write(block[start : start + _STEP].data)
        file.commit()
    finally:
        file.discard()  # after commit() there is nothing left to discard


def read(path: str | os.PathLike[str], where: str) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Read a file.

    Parameters
    ----------
    path : str or path-like
    where : str
        Name of the calling function, for error messages.

    Returns
    -------
    arrays : dict of str to ndarray
        bfloat16 becomes float32, without loss.
    meta : dict of str to str

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        It is damaged or of another format: its sizes do not agree with each other or with the file.
    """
    name = os.fsdecode(path)
    _reading.regular(path, where).close()
    arrays: dict[str, NDArray[Any]] = {}
    try:
        # The library compares the header with the size of the file before anything is allocated.
        with safetensors.safe_open(name, framework="numpy") as file:
            meta = dict(file.metadata() or {})
            for key in file.keys():  # noqa: SIM118 - the file is no mapping
                kind = str(file.get_slice(key).get_dtype())
                if kind == "BF16":
                    arrays[key] = _bfloat16(name, key)
                else:
                    arrays[key] = np.asarray(file.get_tensor(key))
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, struct.error) as error:
        msg = f"[{where}] {name!r} is damaged or no safetensors file: {error}"
        raise FileFormatError(msg) from error
    except OSError as error:
        msg = f"[{where}] cannot read {name!r}: {error.strerror or error}"
        raise FileError(error.errno or errno.EIO, msg) from error
    return arrays, meta


def _bfloat16(path: str, key: str) -> NDArray[np.float32]:
    """Read a tensor that NumPy has no dtype for; the file has been checked."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(length))[key]
        begin, end = entry["data_offsets"]
        file.seek(8 + length + begin)
        high = np.frombuffer(file.read(end - begin), dtype="<u2").astype(np.uint32)
    return (high << 16).view(np.float32).reshape(entry["shape"])
