"""Files as sources of text: which ones a path means, and their bytes in blocks, decompressed."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import reprlib
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from stochos import _reading
from stochos._checks import optional
from stochos.errors import FileError, FileFormatError

BLOCK = 1 << 18
#: Of a zstd file at once: what comes out of it must fit into memory even if it is one byte repeated.
_ZSTD_BLOCK = 1 << 13
_COMPRESSED = (".gz", ".xz", ".bz2", ".zst")


def is_compressed(path: Path) -> bool:
    """Whether the name says that the file is compressed."""
    return path.suffix.lower() in _COMPRESSED


def find(where: str, source: str | Path) -> list[Path]:
    """Return the file at `source`, or all regular files below the folder, hidden ones left out, sorted by path."""
    try:
        mode = os.stat(source).st_mode
    except (OSError, ValueError) as error:
        code = error.errno if isinstance(error, OSError) and error.errno else errno.ENOENT
        shown = reprlib.repr(str(source)) if len(str(source)) > 200 else repr(str(source))
        if code in (errno.ENOENT, errno.ENAMETOOLONG, errno.ENOTDIR):
            hint = "; to count a text itself, pass it as [text]" if isinstance(source, str) else ""
            msg = f"[{where}] {shown} is no existing file or folder{hint}"
        else:
            msg = f"[{where}] cannot read {shown}: {os.strerror(code)}"
        raise FileError(code, msg) from error
    if not stat.S_ISDIR(mode):
        return [Path(source)]

    def fail(error: OSError) -> None:
        msg = f"[{where}] cannot read the folder {error.filename!r}: {error.strerror}"
        raise FileError(error.errno, msg) from error

    found: list[Path] = []
    for folder, folders, names in os.walk(source, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(folder, name) for name in names if not name.startswith("."))
        found.extend(path for path in paths if path.is_file())
    if not found:
        msg = f"[{where}] the folder {str(source)!r} holds no file that is not hidden; give a folder with text in it"
        raise FileError(errno.ENOENT, msg)
    return sorted(found)


def _zstd_blocks(where: str, raw: BinaryIO) -> Iterator[bytes]:
    zstandard = optional(where, "zstandard", "text")
    decompressor = zstandard.ZstdDecompressor()
    # Frame by frame: the library's own reader stops after the first, and takes a cut file for a whole one.
    frame = None
    try:
        while rest := raw.read(_ZSTD_BLOCK):
            while rest:
                frame = frame or decompressor.decompressobj()
                text = frame.decompress(rest)
                rest = b""
                if frame.eof:
                    rest = frame.unused_data
                    frame = None
                if text:
                    yield text
    except zstandard.ZstdError as error:
        raise lzma.LZMAError(str(error)) from error
    if frame is not None:
        msg = "the file ends inside a frame"
        raise EOFError(msg)


def unreadable(where: str, path: Path, code: int) -> FileError:
    """Return the error that a file cannot be read."""
    msg = f"[{where}] cannot read {_reading.shown(path)}: {os.strerror(code)}"
    return FileError(code, msg)


def blocks(where: str, path: Path, begin: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int]]:
    """Yield the decompressed bytes in blocks, each with how far the file itself has been read.

    `begin` and `end`, for files that are not compressed, are the bytes to read of it.

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        What the compressed file holds is damaged or cut off.
    """
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as raw:
            known = raw.seekable()  # a pipe has no place to tell
            if suffix == ".zst":
                for block in _zstd_blocks(where, raw):
                    yield block, raw.tell() if known else 0
                return
            stream: BinaryIO = raw
            if suffix == ".gz":
                stream = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
            elif suffix == ".xz":
                stream = lzma.LZMAFile(raw)  # type: ignore[assignment]  # noqa: SIM115 - it does not own `raw`
            elif suffix == ".bz2":
                stream = bz2.BZ2File(raw)  # type: ignore[assignment]
            if begin:
                raw.seek(begin)
            left = sys.maxsize if end is None or is_compressed(path) else end - begin
            while block := stream.read(min(BLOCK, left)):
                left -= len(block)
                yield block, raw.tell() if known else 0
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable(where, path, error.errno) from error
        # gzip and bz2 report damage as an OSError without a number.
        msg = (
            f"[{where}] {_reading.shown(path)} is damaged or not what its ending {suffix} says ({error}); make it anew"
        )
        raise FileFormatError(msg) from error
