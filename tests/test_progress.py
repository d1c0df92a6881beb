"""What the `progress` argument of every long call may be."""

from __future__ import annotations

import io
import sys
import types
from typing import ClassVar

import pytest

from stochos._progress import progress_callback, report
from stochos.errors import InputTypeError, StoppedError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_callable_is_used_as_it_is() -> None:
    calls = []

    def callback(done: int, total: int) -> None:
        calls.append((done, total))

    with progress_callback(callback, "counting", "tokens") as given:
        assert given is callback
        report(given, 1, 2)
    assert calls == [(1, 2)]


def test_no_bar_off_a_terminal_or_when_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress_callback(None, "counting", "tokens") as given:
        assert given is None
        report(given, 1, 2)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_callback(False, "counting", "tokens") as given:
        assert given is None


def test_a_short_call_shows_no_bar_on_a_terminal_and_true_shows_one(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_callback(None, "counting", "tokens") as given:
        assert given is not None
        given(1, 2)
    assert screen.getvalue() == ""
    with progress_callback(True, "counting", "tokens") as given:
        assert given is not None
        given(0, 0)  # a total that is not known yet
        given(5_000_000, 10_000_000)
    assert "counting" in screen.getvalue()
    assert "5.00M/10.0M" in screen.getvalue()


def test_a_notebook_shows_a_bar_of_its_own_accord(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shell:
        config: ClassVar = {"IPKernelApp": {}}

    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=Shell))
    with progress_callback(None, "counting", "tokens") as given:
        assert given is not None
    monkeypatch.setattr(Shell, "config", {})  # IPython in a terminal whose standard error goes to a file
    with progress_callback(None, "counting", "tokens") as given:
        assert given is None


def test_false_stops_and_other_kinds_are_refused() -> None:
    with pytest.raises(StoppedError):
        report(lambda done, total: False, 1, 2)
    wrong = progress_callback("bar", "counting", "tokens", "words.count")
    with pytest.raises(InputTypeError, match=r"\[words.count\] progress is 'bar' of type str"):
        wrong.__enter__()
