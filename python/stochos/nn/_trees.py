"""Nested lists, tuples and dicts of anything: the shapes that arguments and results of layers may have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["leaves", "mapped", "paths"]


def leaves(tree: Any) -> Iterator[Any]:
    """Yield what hangs at the ends of lists, tuples and dicts, in order."""
    if isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from leaves(branch)
    elif isinstance(tree, dict):
        for branch in tree.values():
            yield from leaves(branch)
    else:
        yield tree


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """Return `tree` with `function` applied to its leaves."""
    if isinstance(tree, dict):
        return {key: mapped(function, branch) for key, branch in tree.items()}
    if isinstance(tree, tuple):
        branches = [mapped(function, branch) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else tuple(branches)
    if isinstance(tree, list):
        return [mapped(function, branch) for branch in tree]
    return function(tree)


def paths(tree: Any, stem: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, leaf), the path being keys and numbers joined with "/"."""
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from paths(branch, f"{stem}/{key}" if stem else str(key))
    elif isinstance(tree, (list, tuple)):
        for number, branch in enumerate(tree):
            yield from paths(branch, f"{stem}/{number}" if stem else str(number))
    else:
        yield stem, tree
