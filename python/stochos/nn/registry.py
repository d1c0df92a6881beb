"""Names for what cannot be written as JSON: classes of layers, regularisers, and functions of tensors.

An architecture file holds names, never code; reading it looks the names up here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from stochos.errors import InputError, InputTypeError, UnknownNameError

__all__ = ["find", "name_of", "register"]

T = TypeVar("T")

_lock = threading.Lock()
_BY_NAME: dict[str, Any] = {}
_NAMES: dict[int, str] = {}  # by id(); what is registered is kept alive in _BY_NAME


def register(name: str | Callable[..., Any] | None = None) -> Any:
    """Give a class or a function of tensors a name under which saved models refer to it.

    Use it as a decorator, with or without a name. The reading program must register the same names first.

    Parameters
    ----------
    name : str, optional
        Default: the ``__name__``.

    Returns
    -------
    callable
        A decorator that returns what it is given; or, used without brackets, the class or function itself.

    Raises
    ------
    InputError
        Something else holds the name, or a lambda is registered without a name.

    Examples
    --------
    >>> @nn.register
    ... def swish(x):
    ...     return x * nn.sigmoid(x)
    """
    if name is None or isinstance(name, str):

        def decorate(thing: T) -> T:
            return _enter(thing, name)

        return decorate
    return _enter(name, None)


def _enter(thing: T, name: str | None) -> T:
    if not callable(thing):
        msg = f"[nn.register] {thing!r} is of type {type(thing).__name__}; register a class or a function"
        raise InputTypeError(msg)
    name = name or str(getattr(thing, "__name__", ""))
    if not name or name == "<lambda>":
        msg = "[nn.register] a lambda has no name of its own; write nn.register('name')(function)"
        raise InputError(msg)
    with _lock:
        held = _BY_NAME.get(name)
        # A module or cell that runs again defines the same thing anew; the newest counts.
        if held is not None and held is not thing and _origin(held) != _origin(thing):
            msg = f"[nn.register] the name {name!r} belongs to {_origin(held)}; register {_origin(thing)} under another"
            raise InputError(msg)
        _BY_NAME[name] = thing
        _NAMES[id(thing)] = name
    return thing


def _origin(thing: Any) -> str:
    return f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', repr(thing))}"


def name_of(thing: Any, where: str) -> str:
    """Return the name under which `thing` is registered.

    Raises
    ------
    InputError
        It is not registered; the message says how to mend that.
    """
    name = _NAMES.get(id(thing))
    if name is not None and _BY_NAME[name] is thing:
        return name
    msg = (
        f"[{where}] {_origin(thing)} is not registered, and code is never saved; register it with nn.register(name) "
        "before saving and before loading"
    )
    raise InputError(msg)


def is_registered(thing: Any) -> bool:
    """Tell whether `thing` has a name."""
    name = _NAMES.get(id(thing))
    return name is not None and _BY_NAME[name] is thing


def find(name: str, where: str) -> Any:
    """Return what is registered under `name`.

    Raises
    ------
    UnknownNameError
        Nothing is.
    """
    _load_own()
    if name in _BY_NAME:
        return _BY_NAME[name]
    msg = f"[{where}] nothing is registered under {name!r}; define it and call nn.register({name!r}) before loading"
    raise UnknownNameError(msg)


def _load_own() -> None:
    """Import the modules whose classes and functions register themselves."""
    import stochos.nn.functions
    import stochos.nn.layers
    import stochos.nn.regularizers  # noqa: F401
