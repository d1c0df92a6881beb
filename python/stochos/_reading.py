"""Files opened for reading: regular ones, or bounded content; errors name the file and the caller."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from stochos.errors import FileError, FileFormatError

__all__ = ["array", "bounded", "content", "regular", "shown"]

_STEP = 1 << 20


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path as text that can be printed, whatever bytes it holds."""
    return os.fsencode(path).decode("utf-8", "backslashreplace").replace("\0", "\\0")


def _refused(path: str | os.PathLike[str], where: str, error: OSError | ValueError) -> FileError:
    code = (isinstance(error, OSError) and error.errno) or errno.EINVAL  # a ValueError: NUL in the name
    return FileError(code, f"[{where}] cannot read {os.fsdecode(path)!r}: {os.strerror(code)}")


def regular(path: str | os.PathLike[str], where: str) -> BinaryIO:
    """Open a file that is to be mapped, or read in any order: no pipe, which would be waited for, and no device.

    Raises
    ------
    FileError
        There is none, it cannot be opened, or it is no regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _refused(path, where, error) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise _refused(path, where, IsADirectoryError(errno.EISDIR, ""))
        msg = f"[{where}] cannot read {os.fsdecode(path)!r}: it is a pipe or a device; give a regular file"
        raise FileError(errno.EINVAL, msg)
    return io.BufferedReader(io.FileIO(descriptor, "rb"))


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def bounded(file: _Readable, most: int) -> bytes:
    """Return what is left in a file, at most `most` bytes; read() would take memory for `most` at once."""
    found = io.BytesIO()
    while part := file.read(min(_STEP, most - found.tell())):
        found.write(part)
    return found.getvalue()


def content(path: str | os.PathLike[str], where: str, most: int) -> bytes:
    """Return what a file holds, at most `most` bytes; it may be a pipe.

    Raises
    ------
    FileError
        It cannot be read.
    FileFormatError
        It has more bytes.
    """
    try:
        with open(path, "rb") as file:
            found = bounded(file, most + 1)
    except (OSError, ValueError) as error:
        raise _refused(path, where, error) from error
    if len(found) > most:
        msg = f"[{where}] {os.fsdecode(path)!r} has more than {most >> 20} MB, which such a text never has"
        raise FileFormatError(msg)
    return found


def array(path: str | os.PathLike[str], where: str) -> NDArray[np.generic]:
    """Map the array of numbers in a .npy file: its shape is compared with the size of the file, nothing is allocated.

    Raises
    ------
    FileError
        It cannot be read.
    FileFormatError
        It holds something else.
    """
    regular(path, where).close()
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # NumPy's reader of headers passes on what Python's own parser raises
        msg = f"[{where}] {os.fsdecode(path)!r} is no .npy array of numbers; write one with numpy.save"
        raise FileFormatError(msg) from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiub":
        what = found.dtype if isinstance(found, np.ndarray) else "an archive"
        msg = f"[{where}] {os.fsdecode(path)!r} is no .npy array of numbers: it holds {what}; write one with numpy.save"
        raise FileFormatError(msg)
    return found
