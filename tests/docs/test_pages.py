"""Every block of code of the documentation runs, and prints what the page says that it prints.

In a page, the blocks of Python are one program, in order, in an empty folder. A block `output` holds what the block
before it prints; numbers may differ by two in a hundred, since linear algebra differs a little between instruction
sets. A block that imports what is not installed is left out. A comment before a block says what the reader has already
(`<!-- given: CODE -->`, which runs first) or why it does not run (`<!-- not run: REASON -->`). Commands of `stochos`
must exist with their options; the job file and the lines of the rate language are read by what they are for.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import lzma
import math
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

from stochos.cli.main import COMMANDS, group
from stochos.reactions import Network

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(path for folder in ("guide", "howto", "reference") for path in (DOCS / folder).glob("*.md"))
TEXTS = sorted(DOCS.glob("*.md"))
RUN = [path for path in [*PAGES, *TEXTS] if "```python" in path.read_text("utf-8")]
BLOCK = re.compile(
    r"^(?:<!-- (?P<kind>given|not run): ?(?P<note>.*?)-->\n\s*)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
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
    return [(found["language"], found["text"]) for found in BLOCK.finditer(path.read_text("utf-8"))]


def program(path: Path) -> list[tuple[str, str | None]]:
    """Return (code, what it prints if the page says so) of what runs in a page."""
    found = list(BLOCK.finditer(path.read_text("utf-8")))
    parts: list[tuple[str, str | None]] = []
    for k, block in enumerate(found):
        if block["language"] != "python" or block["kind"] == "not run":
            continue
        if all(importlib.util.find_spec(name) for name in imports(block["text"])):
            if block["kind"] == "given":
                parts.append((block["note"], None))
            behind = found[k + 1] if k + 1 < len(found) else None
            parts.append((block["text"], behind["text"] if behind and behind["language"] == "output" else None))
    return parts


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
    parts = program(path)
    command = [sys.executable, "-W", "error::UserWarning", "-c", RUNNER]
    codes = json.dumps([code for code, _ in parts])
    done = subprocess.run(command, input=codes, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for (code, expected), printed in zip(parts, json.loads(done.stdout), strict=True):
        assert expected is None or alike(expected, printed), f"{code}\nprints\n{printed}\nnot\n{expected}"


@pytest.mark.parametrize("path", [*PAGES, *TEXTS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_python_is_called_python_and_what_does_not_run_says_why(path: Path):
    for block in BLOCK.finditer(path.read_text("utf-8")):
        if block["language"] not in ("python", "output"):
            assert not re.search(r"^(from \w+ )?import \w", block["text"], re.MULTILINE), block["text"]
        if block["kind"] == "not run":
            assert len(block["note"].split()) >= 4, block["text"]


def test_the_job_of_its_page_runs_as_the_page_says(tmp_path: Path):
    found = blocks(DOCS / "jobs.md")
    job = "\n".join(text for language, text in found if language == "toml")
    (console,) = [text for language, text in found if language == "console"]
    (tmp_path / "study.toml").write_text(job, encoding="utf-8")
    with lzma.open(tmp_path / "corpus.txt.xz", "wt", encoding="utf-8") as file:
        for k in range(400):
            file.write(" ".join(f"w{(k * j * j + j) % 120}" for j in range(1, 12)) + "\n")
    (sbml,) = re.findall(r'"""(<\?xml.*?)"""', (DOCS / "howto" / "sbml.md").read_text("utf-8"), re.DOTALL)
    model = (
        sbml.replace('"X"', '"DA"')
        .replace("<ci>X<", "<ci>DA<")
        .replace('"k"', '"alphaA"')
        .replace("<ci>k<", "<ci>alphaA<")
    )
    (tmp_path / "vilar.xml").write_text(model, encoding="utf-8")
    numbers = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", numbers.normal(size=(60, 4)).astype(np.float32))
    np.save(tmp_path / "y.npy", numbers.integers(0, 10, 60))
    for line in console.splitlines():
        command = [sys.executable, "-m", *shlex.split(line.removeprefix("$ "))]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "results").iterdir()}
    assert written >= {"counts.stochos", "vectors.bin", "oscillator.nc", "digits.safetensors", "digits.history.json"}
    events = [json.loads(line)["event"] for line in (tmp_path / "study.log").read_text("utf-8").splitlines()]
    assert (events[0], events[-1]) == ("job", "end")


def test_the_rate_language_is_what_its_page_says():
    found = [text for language, text in blocks(DOCS / "expressions.md") if language == "text"]
    known = {"A", "B", "X", "Repressor", "protein (active)"}
    numbers = ("k1", "K", "kmax", "low", "middle", "high", "k_deg")
    for line in found[0].splitlines():
        net = Network(dict.fromkeys(known, 1), [f"-> A @ {line}"], dict.fromkeys(numbers, 1.0))
        assert net.propensity("R1")
    law, place = found[2].splitlines()[1:]
    with pytest.raises(ValueError, match="expected") as caught:
        Network(dict.fromkeys(known, 1), [f"-> A @ {law.strip()}"])
    assert found[2].splitlines()[0].partition("] ")[2] in str(caught.value)
    assert str(caught.value).splitlines()[-1].strip() == place.strip()


def test_two_outputs_are_told_apart():
    assert alike("[1.00 x]", "[1.01  x]")
    assert not alike("[1.00 x]", "[1.10 x]")
    assert not alike("1 a", "1 b")
    assert not alike("1 2", "1")


@pytest.mark.parametrize("path", [*PAGES, *TEXTS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_commands_exist_with_their_options(path: Path):
    lines = [line.removeprefix("$ ") for _, text in blocks(path) for line in text.splitlines()]
    for line in [line for line in lines if line.startswith("stochos ")]:
        words = shlex.split(line, comments=True)
        assert words[1] in COMMANDS, line
        command = group.get_command(click.Context(group), words[1])
        assert command is not None
        rest = words[2:]
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), rest.pop(0))
            assert command is not None, line
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert [word for word in rest if re.match(r"--?[a-z]", word) and word not in options] == [], line


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
