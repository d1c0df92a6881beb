"""Small trials of an item before the work, whose complaints name the item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stochos.errors import FileFormatError, InputError, InputTypeError, MissingPartError, UnknownNameError

__all__ = ["required", "trial"]


def required(where: str, options: Mapping[str, Any], *keys: str) -> None:
    """Refuse an item that lacks a key."""
    for key in keys:
        if key not in options:
            msg = f"[{where} has no {key}"
            raise InputError(msg)


def trial(where: str, call: Callable[[], Any]) -> Any:
    """Run a small trial and put the item before what it complains of."""
    try:
        return call()
    except (InputError, InputTypeError, UnknownNameError, FileFormatError, MissingPartError) as error:
        text = str(error)
        # The item's own complaints name the item already.
        raise type(error)(text if text.startswith(f"[{where}") else f"[{where}: {text}") from None
