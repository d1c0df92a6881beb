"""Every block of code of the documentation runs, and prints what the page says that it prints.

In a page, the blocks of Python are one program, in order, in an empty folder. A block `output` holds what the block
before it prints; numbers may differ by two in a hundred, since linear algebra differs a little between instruction
sets. A block that imports what is not installed is left out. Blocks of other languages are not run, except commands
of `stochos`, whose names and options must exist.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import math
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from stochos.cli.main import COMMANDS, group

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(path for folder in ("guide", "howto", "reference") for path in (DOCS / folder).glob("*.md"))
RUN = [path for path in PAGES if "```python" in path.read_text("utf-8")]
RUN += [DOCS / "divergences.md", DOCS / "reactions.md"]
TEXTS = [DOCS / name for name in ("words.md", "reactions.md")]
RUNNER = """
import contextlib, io, json, sys
names = {"__name__": "__main__"}
printed = []
for code in json.loads(sys.stdin.read()):
    held = io.StringIO()
    with contextlib.redirect_stdout(held):
        exec(compile(code, "page", "exec"), names)
    printed.append(held.getvalue())
json.dump(printed, sys.stdout)
"""


def blocks(path: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def imports(code: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def alike(said: str, printed: str) -> bool:
    def parts(text: str) -> list[str]:
        return re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?|[^\W\d]+|[^\w\s]", text)

    here, there = parts(said), parts(printed)
    if len(here) != len(there):
        return False
    for a, b in zip(here, there, strict=True):
        number = re.fullmatch(r"-?\d+\.?\d*(?:e[-+]?\d+)?", a) and re.fullmatch(r"-?\d+\.?\d*(?:e[-+]?\d+)?", b)
        if a != b and not (number and math.isclose(float(a), float(b), rel_tol=0.02, abs_tol=0.02)):
            return False
    return True


@pytest.mark.parametrize("path", RUN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_blocks_run_and_print_what_the_page_says(path: Path, tmp_path: Path):
    pairs = blocks(path)
    codes, said = [], []
    for k, (language, text) in enumerate(pairs):
        if language == "python" and all(importlib.util.find_spec(name) for name in imports(text)):
            codes.append(text)
            said.append(pairs[k + 1][1] if k + 1 < len(pairs) and pairs[k + 1][0] == "output" else None)
    command = [sys.executable, "-W", "error::UserWarning", "-c", RUNNER]
    done = subprocess.run(command, input=json.dumps(codes), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for code, expected, printed in zip(codes, said, json.loads(done.stdout), strict=True):
        assert expected is None or alike(expected, printed), f"{code}\nprints\n{printed}\nnot\n{expected}"


def test_two_outputs_are_told_apart():
    assert alike("[1.00 x]", "[1.01  x]")
    assert not alike("[1.00 x]", "[1.10 x]")
    assert not alike("1 a", "1 b")
    assert not alike("1 2", "1")


@pytest.mark.parametrize("path", [*PAGES, *TEXTS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_commands_exist_with_their_options(path: Path):
    lines = [line for _, text in blocks(path) for line in text.splitlines() if line.startswith("stochos ")]
    for line in lines:
        words = shlex.split(line)
        assert words[1] in COMMANDS, line
        command = group.get_command(click.Context(group), words[1])
        assert command is not None
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert [word for word in words[2:] if re.match(r"--?[a-z]", word) and word not in options] == [], line


@pytest.mark.parametrize(
    "path", [*PAGES, *DOCS.glob("*.md"), *DOCS.glob("meta/*.md")], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_links_between_pages_lead_somewhere(path: Path):
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if path.parent.name != "reference"],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_a_page_describes_itself_in_both_languages(path: Path):
    front = path.read_text("utf-8").split("---")[1]
    assert {"description", "description_zh", "tags"} <= set(re.findall(r"^(\w+):", front, re.MULTILINE))
