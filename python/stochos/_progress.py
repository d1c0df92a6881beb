"""Progress of long calls: one callback ``(done, total) -> bool``; a tqdm bar is its default where a person looks on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from stochos.errors import InputTypeError, StoppedError

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["Callback", "Progress", "note", "progress_callback", "report"]

#: Called with what is done and what there is to do (0: not known); False stops the call.
Callback: TypeAlias = Callable[[int, int], object]
#: What the `progress` argument of a long call takes.
Progress: TypeAlias = bool | Callback | None

#: A call shorter than this many seconds shows no bar of its own accord.
_DELAY = 1.0


class _Bar:
    """A tqdm bar as a callback."""

    def __init__(self, bar: tqdm[object]) -> None:
        self._bar = bar

    def __call__(self, done: int, total: int) -> None:
        if total:
            self._bar.total = total
        self._bar.update(done - self._bar.n)

    def note(self, text: str) -> None:
        """Show a text behind the bar."""
        self._bar.set_postfix_str(text, refresh=False)


def _in_notebook() -> bool:
    """Tell whether this is the kernel of a notebook; its standard error is no terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(shell, "config", {})


def note(callback: Callback | None, text: str) -> None:
    """Show a text behind the bar, where the callback is one."""
    if isinstance(callback, _Bar):
        callback.note(text)


@contextmanager
def progress_callback(progress: object, label: str, unit: str, where: str = "progress") -> Iterator[Callback | None]:
    """Give the callback that the `progress` argument stands for, and close its bar at the end.

    Parameters
    ----------
    progress : None, bool or callable
        None: a bar on the standard error if that is a terminal, or in a notebook, once the call has taken a second.
        True: a bar at once, wherever it goes. False: none. A callable ``(done, total) -> bool`` is used as it is;
        when it returns False the call stops with StoppedError.
    label : str
        What the bar says it is doing.
    unit : str
        What is counted, for example ``"tokens"``.
    where : str
        Name of the calling function, for the error message.

    Yields
    ------
    callable or None
        To be handed to the core.

    Raises
    ------
    InputTypeError
        `progress` is of another kind.
    """
    if callable(progress):
        yield progress
        return
    if progress is not None and not isinstance(progress, bool):
        msg = (
            f"[{where}] progress is {progress!r} of type {type(progress).__name__}; "
            "give None, True, False or a function of (done, total)"
        )
        raise InputTypeError(msg)
    if progress is False or (progress is None and not (sys.stderr.isatty() or _in_notebook())):
        yield None
        return
    from tqdm.auto import tqdm  # the notebook's bar where there is one; only now, as it takes long to import

    bar = tqdm(desc=label, unit=" " + unit, unit_scale=True, delay=0.0 if progress else _DELAY, leave=bool(progress))
    try:
        yield _Bar(bar)
    finally:
        bar.close()


def report(callback: Callback | None, done: int, total: int) -> None:
    """Call `callback` from Python code.

    Raises
    ------
    StoppedError
        The callback returned False.
    """
    if callback is not None and callback(done, total) is False:
        msg = "stopped by the progress callback"
        raise StoppedError(msg)
