"""The directive `names MODULE`: the docstring of every name in a module's `__all__`, so that none is left out."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective


class Names(SphinxDirective):
    """Functions, then classes with their members.

    `only` and `but` choose by the start of the defining module's name, `inherited` shows what comes from base classes.
    """

    required_arguments = 1
    option_spec = {"only": directives.unchanged, "but": directives.unchanged, "inherited": directives.flag}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Write autodoc's directives and have them read."""
        name = self.arguments[0]
        module = importlib.import_module(name)
        classes, functions = [], []
        for promised in module.__all__:
            value = getattr(module, promised)
            home = getattr(value, "__module__", None) or ""
            only, but = self.options.get("only"), self.options.get("but")
            if (only and not home.startswith(only)) or (but and home.startswith(but)):
                continue
            if inspect.isclass(value):
                # What comes from classes of other packages has its documentation there.
                others = ",".join(base.__name__ for base in value.__mro__ if not base.__module__.startswith("stochos"))
                inherited = [f"   :inherited-members: {others}"] if "inherited" in self.options else []
                classes += [f".. autoclass:: {name}.{promised}", "   :members:", *inherited, ""]
            elif callable(value):
                functions += [f".. autofunction:: {name}.{promised}", ""]
        return self.parse_text_to_nodes("\n".join([f".. currentmodule:: {name}", "", *functions, *classes]))


def _plain(part: str) -> str:
    part = re.sub(r"(?<!\\)\|", r"\|", part)
    part = re.sub(r"(?<=\w)_(?=[\s,.;:)\"']|$)", r"\_", part)
    return part.replace("*", r"\*") if part.replace("**", "").count("*") % 2 else part


def as_text(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Let |x|, a_ and a lone * in the prose of a docstring mean themselves, not marks of reStructuredText."""
    verbatim = ""  # how a stretch of code ends: at an empty line, or at text that is not indented
    for k, line in enumerate(lines):
        if (verbatim == "example" and not line.strip()) or (
            verbatim == "block" and line.strip() and not line.startswith(" ")
        ):
            verbatim = ""
        if line.lstrip().startswith(">>>"):
            verbatim = "example"
        if not verbatim and not re.match(r"\s*(\.\.|[|+])", line):
            lines[k] = "".join(p if p.startswith("`") else _plain(p) for p in re.split(r"(``?[^`]+``?)", line))
        if line.rstrip().endswith("::"):
            verbatim = "block"


def setup(app: Any) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("names", Names)
    app.connect("autodoc-process-docstring", as_text, priority=400)  # before numpydoc
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
