"""The two READMEs say the same, and what they show runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stochos.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
#: What the shorter examples take for granted: a file, samples, two networks.
GIVEN = """
import numpy
from stochos import gan, nn

draw = numpy.random.default_rng(0)
x, y = draw.normal(0, 1, 400), draw.normal(1, 1, 400)
data = draw.normal(size=(256, 2))
generator = nn.Sequential([nn.Dense(16, "relu"), nn.Dense(2)])
discriminator = nn.Sequential([nn.Dense(16, "relu"), nn.Dense(1)])
"""
ENGLISH = (ROOT / "README.md").read_text("utf-8")
CHINESE = (ROOT / "README.zh.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_set_up_is_two_commands():
    assert blocks(ENGLISH, "bash")[0].splitlines() == [
        'pip install ".[all]" && stochos tour',
        'pip install ".[test]" && python -m pytest',
    ]


def test_both_languages_show_the_same_commands_and_code():
    assert blocks(ENGLISH, "bash") == blocks(CHINESE, "bash")

    def bare(code: str) -> str:
        return re.sub(r"[ \t]*#.*", "", code)

    assert list(map(bare, blocks(ENGLISH, "python"))) == list(map(bare, blocks(CHINESE, "python")))
    assert len(re.findall(r"^#+ ", ENGLISH, re.MULTILINE)) == len(re.findall(r"^#+ ", CHINESE, re.MULTILINE))
    assert re.findall(r"`stochos\.\w+`", ENGLISH) == re.findall(r"`stochos\.\w+`", CHINESE)


def test_every_command_is_shown():
    shown = "\n".join(blocks(ENGLISH, "bash"))
    assert [name for name in COMMANDS if f"stochos {name}" not in shown] == []


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, (ROOT / "CONTRIBUTING.md").read_text("utf-8")])
def test_links_into_the_repository_lead_somewhere(text: str):
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_quick_start_runs(tmp_path: Path):
    code = blocks(ENGLISH, "python")[0]
    assert 12 <= len([line for line in code.splitlines() if line.strip()]) <= 15
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert {path.name for path in tmp_path.iterdir()} == {"vectors.stochos", "vectors.txt"}


@pytest.mark.parametrize("place", [1, 2, 3])
def test_the_shorter_examples_run(tmp_path: Path, place: int):
    code = blocks(ENGLISH, "python")[place]
    sbml = (ROOT / "docs" / "howto" / "sbml.md").read_text("utf-8")
    (tmp_path / "model.xml").write_text(re.findall(r'"""(<\?xml.*?)"""', sbml, re.DOTALL)[0], encoding="utf-8")
    code = code.replace("steps=5000", "steps=20")  # the same path in less time
    command = [sys.executable, "-W", "error", "-c", GIVEN + code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
