r"""Saved results: one file of named arrays with a checked header.

Layout, all little-endian::

    bytes 0..7     magic, b"STOCHOS\n"
    bytes 8..11    version of this layout (uint32)
    bytes 12..15   CRC-32 of the header (uint32)
    bytes 16..23   length of the header in bytes (uint64)
    then           the header: JSON with kind, meta and arrays (name, dtype, shape, offset, bytes, crc32)
    then           zero bytes up to a multiple of 64, and the arrays in the order of the header, each at the next
                   multiple of 64 from the first one's place; offsets count from there

Files are written whole or not at all. Reading maps the arrays and believes nothing: every length is compared with the
size of the file before anything is allocated, offsets must be exactly where this layout puts them, and checksums cover
the header and every array.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from stochos import _core, _reading
from stochos.errors import FileError, FileFormatError, InputError

__all__ = ["MAGIC", "SCHEMA_VERSION", "pack_words", "read", "unpack_words", "write"]

#: Version of the layout; a reader refuses files with a greater one.
SCHEMA_VERSION = 1

#: The first bytes of every file.
MAGIC = b"STOCHOS\n"
_PREFIX = struct.Struct("<8sIIQ")
_ALIGN = 64
_MAX_HEADER = 16 << 20  # words and other bulk live in arrays, so a true header is far smaller
_MAX_DIMENSIONS = 8
_STEP = 16 << 20  # bytes between two looks at pending signals
_DTYPES = frozenset(["|u1", "|i1", "|b1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"])


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def _steps(data: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, data.size, _STEP):
        yield data[start : start + _STEP]


def _crc32(data: NDArray[np.uint8]) -> int:
    crc = 0
    for part in _steps(data):
        crc = zlib.crc32(part.data, crc)
    return crc


def write(
    path: str | os.PathLike[str],
    kind: str,
    meta: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    where: str,
) -> None:
    """Write named arrays to one file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        The file; an existing one is replaced only when the new one is complete on disk.
    kind : str
        What the file holds, such as ``"counts"``; `read` asks for it.
    meta : mapping
        Values that JSON can hold, without NaN or infinity.
    arrays : mapping of str to ndarray
        Numeric or Boolean arrays of any shape.
    where : str
        Name of the calling function, for error messages.

    Raises
    ------
    FileError
        The file cannot be written; the old one is intact.
    InputError
        An array's dtype or the meta data cannot be stored.
    """
    blocks: list[NDArray[np.uint8]] = []
    entries: list[dict[str, Any]] = []
    offset = 0
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<") if array.dtype.kind != "V" else array.dtype
        if dtype.str not in _DTYPES or array.ndim > _MAX_DIMENSIONS:
            msg = f"[{where}] the array {name!r}, {array.ndim}-d of {array.dtype}, cannot be stored; give numbers"
            raise InputError(msg)
        plain = np.ascontiguousarray(array, dtype=dtype)
        block = plain.reshape(-1).view(np.uint8)
        entries.append({
            "name": name, "dtype": dtype.str, "shape": list(array.shape), "offset": offset, "bytes": block.size,
            "crc32": _crc32(block),
        })  # fmt: skip
        blocks.append(block)
        offset = _aligned(offset + block.size)
    try:
        text = json.dumps({"kind": kind, "meta": dict(meta), "arrays": entries}, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError) as error:
        msg = f"[{where}] the settings cannot be stored: {error}"
        raise InputError(msg) from error
    header = text.encode("ascii")
    if len(header) > _MAX_HEADER:
        msg = f"[{where}] the settings take {len(header)} bytes; at most {_MAX_HEADER} can be stored"
        raise InputError(msg)

    file = _core.AtomicFile(os.fsdecode(path), where)
    try:
        prefix = _PREFIX.pack(MAGIC, SCHEMA_VERSION, zlib.crc32(header), len(header)) + header
        file.write(prefix)
        size, start = len(prefix), _aligned(len(prefix))
        for entry, block in zip(entries, blocks, strict=True):
            begin = start + entry["offset"]
            file.write(bytes(begin - size))
            for part in _steps(block):
                file.write(part.data)
            size = begin + block.size
        file.commit()
    finally:
        file.discard()  # after commit() there is nothing left to discard


def read(
    path: str | os.PathLike[str], kind: str, where: str, verify: bool = True
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `write` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.
    kind : str
        What the file must hold.
    where : str
        Name of the calling function, for error messages.
    verify : bool
        Compare the arrays' checksums, which reads the whole file once. The header is always checked.

    Returns
    -------
    meta : dict
    arrays : dict of str to ndarray
        Read-only and mapped: pages are read from the file when they are used.

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        The file is damaged, of another kind, or written by a newer version.
    """
    name = os.fsdecode(path)

    def refuse(reason: str) -> NoReturn:
        msg = f"[{where}] {name!r} {reason}"
        raise FileFormatError(msg)

    try:
        with _reading.regular(path, where) as file:
            size = os.fstat(file.fileno()).st_size
            prefix = file.read(_PREFIX.size)
            if prefix[: len(MAGIC)] != MAGIC:
                refuse("is not a file of Stochos: it does not begin with the mark of one")
            if len(prefix) < _PREFIX.size:
                refuse(f"is cut off: it has {size} bytes, less than the smallest header")
            _, version, crc, length = _PREFIX.unpack(prefix)
            if version > SCHEMA_VERSION:
                refuse(f"has layout version {version}, newer than {SCHEMA_VERSION}; update stochos to read it")
            if version < 1:
                refuse("has layout version 0, which does not exist; the file is damaged")
            if length > _MAX_HEADER or length > size - _PREFIX.size:
                refuse(f"is damaged or cut off: its header claims {length} bytes in a file of {size}")
            text = file.read(length)
            if len(text) != length or zlib.crc32(text) != crc:
                refuse("is damaged: the checksum of its header does not fit")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileError:
        raise
    except OSError as error:
        msg = f"[{where}] cannot read {name!r}: {error.strerror or error}"
        raise FileError(error.errno, msg) from error

    try:
        header = json.loads(text)
        found, meta, entries = header["kind"], header["meta"], header["arrays"]
    except (ValueError, KeyError, TypeError, RecursionError):
        refuse("is damaged: its header makes no sense")
    if not (isinstance(found, str) and isinstance(meta, dict) and isinstance(entries, list)):
        refuse("is damaged: its header makes no sense")
    if found != kind:
        refuse(f"holds {found[:40]!r}, not {kind!r}; load it with the function for that kind")

    start = _aligned(_PREFIX.size + length)
    arrays: dict[str, NDArray[Any]] = {}
    whole = np.frombuffer(mapped, dtype=np.uint8)
    end, offset = _PREFIX.size + length, 0  # where the bytes so far end; where the next array must begin
    for entry in entries:
        problem = _entry_problem(entry, offset, whole.size - start, arrays)
        if problem:
            refuse(problem)
        begin, count = start + offset, entry["bytes"]
        if whole[end:begin].any():
            refuse("is damaged: the space between its arrays is not empty")
        block = whole[begin : begin + count]
        if verify and _crc32(block) != entry["crc32"]:
            refuse(f"is damaged: the checksum of {entry['name'][:40]!r} does not fit")
        arrays[entry["name"]] = block.view(np.dtype(entry["dtype"])).reshape(entry["shape"])
        end, offset = begin + count, _aligned(offset + count)
    if whole.size != end:
        refuse(f"is damaged: it has {whole.size} bytes where its header accounts for {end}")
    return meta, arrays


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _entry_problem(entry: object, offset: int, room: int, seen: Mapping[str, object]) -> str | None:
    """Say what is wrong with an array's line in the header, if anything."""
    if not isinstance(entry, dict):
        return "is damaged: its list of arrays makes no sense"
    name, dtype, shape = entry.get("name"), entry.get("dtype"), entry.get("shape")
    if not isinstance(name, str) or name in seen:
        return "is damaged: an array has no name or the name of another"
    shown = name[:40]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        return f"is damaged: the array {shown!r} has an unknown dtype"
    if not isinstance(shape, list) or len(shape) > _MAX_DIMENSIONS or not all(map(_is_size, shape)):
        return f"is damaged: the array {shown!r} has an impossible shape"
    if not all(_is_size(entry.get(field)) for field in ("offset", "bytes", "crc32")):
        return f"is damaged: the array {shown!r} has an impossible place or size"
    if entry["bytes"] != math.prod(shape) * np.dtype(dtype).itemsize or (0 in shape and max(shape) > room):
        return f"is damaged: the shape and the size of the array {shown!r} disagree"
    if entry["offset"] != offset:
        return f"is damaged: the array {shown!r} is not where it belongs"
    if entry["bytes"] > room - offset:
        return f"is cut off: the array {shown!r} reaches beyond the end of the file"
    return None


def pack_words(words: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Turn words into one block of UTF-8 and the places where each begins.

    Parameters
    ----------
    words : sequence of str
        Any strings; lone surrogates are kept.

    Returns
    -------
    blob : ndarray of uint8
    offsets : ndarray of uint64, shape (len(words) + 1,)
        Word i is ``blob[offsets[i]:offsets[i + 1]]``.
    """
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    offsets = np.zeros(len(encoded) + 1, dtype=np.uint64)
    np.cumsum([len(word) for word in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets


def unpack_words(
    blob: NDArray[np.uint8], offsets: NDArray[np.uint64], where: str = "storage.unpack_words"
) -> list[str]:
    """Turn what `pack_words` made back into words.

    Parameters
    ----------
    blob : ndarray of uint8
    offsets : ndarray of uint64, shape (V + 1,)
    where : str
        Name of the calling function, for error messages.

    Returns
    -------
    list of str

    Raises
    ------
    FileFormatError
        The offsets do not divide the block, or a word is not UTF-8.
    """
    if (
        blob.dtype != np.uint8
        or offsets.dtype != np.uint64
        or blob.ndim != 1
        or offsets.ndim != 1
        or offsets.size == 0
        or offsets[0] != 0
        or offsets[-1] != blob.size
        or bool(np.any(offsets[1:] < offsets[:-1]))
    ):
        msg = f"[{where}] the file is damaged: the places of its words make no sense"
        raise FileFormatError(msg)
    text = blob.tobytes()
    ends = offsets.tolist()
    try:
        return [text[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(ends)]
    except UnicodeDecodeError as error:
        msg = f"[{where}] the file is damaged: a word is not UTF-8 ({error.reason})"
        raise FileFormatError(msg) from error
