"""Exceptions of Stochos; each is also the built-in exception of its kind.

Every message begins with the function in brackets, then names the value, the place and what to do.
"""

from __future__ import annotations

__all__ = [
    "ConvergenceError",
    "DeviceError",
    "Error",
    "FileError",
    "FileFormatError",
    "InputError",
    "InputTypeError",
    "MissingPartError",
    "OutOfMemoryError",
    "StoppedError",
    "UnknownNameError",
]


class Error(Exception):
    """Base of every exception that Stochos raises on purpose."""


class InputError(Error, ValueError):
    """A value is out of range or does not fit the others."""


class InputTypeError(Error, TypeError):
    """An argument is of a kind that the function does not take."""


class UnknownNameError(Error, KeyError):
    """A word, species or other name is not there."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument; our messages are sentences.
        return str(self.args[0]) if self.args else ""


class FileError(Error, OSError):
    """A file cannot be read or written; ``errno`` tells why."""

    def __str__(self) -> str:
        # OSError would put "[Errno n]" before the bracketed function name.
        return str(self.args[-1]) if self.args else ""


class FileFormatError(Error, ValueError):
    """A file's content is damaged or not what its name promises."""


class OutOfMemoryError(Error, MemoryError):
    """There is not enough memory for the request."""


class ConvergenceError(Error, ArithmeticError):
    """A computation diverged or did not converge."""


class DeviceError(Error, RuntimeError):
    """The graphics card or its driver is not there, or failed."""


class StoppedError(Error, RuntimeError):
    """A progress callback asked the call to stop."""


class MissingPartError(Error, ImportError):
    """An optional part is not installed; the message prints the pip line that brings it."""
