"""The editable install of CONTRIBUTING.md: a change of C++ is built by the import, a change of Python needs no build.

Slow, since it compiles everything; needs the network for the build's tools.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def commands() -> list[str]:
    """Return the two commands as CONTRIBUTING.md has them, the second without the extras."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (found,) = [block for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL) if "editable.rebuild" in block]
    return [line.replace('".[all,test]"', ".") for line in found.splitlines()]


def test_a_change_of_cpp_is_built_by_the_import(tmp_path: Path):
    copy = tmp_path / "copy"
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"]
    for name in subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0"):
        if name and not name.startswith(("docs/", "tests/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    venv.create(tmp_path / "venv", with_pip=True)
    environment = os.environ | {"PATH": f"{tmp_path / 'venv' / 'bin'}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)

    def run(*line: str) -> str:
        done = subprocess.run(
            line, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    asked = ("python", "-c", "from stochos import _core, random; print(_core.__doc__, random.__doc__)")
    for line in commands():
        run("bash", "-c", line)
    assert "use the public modules instead" in run(*asked)
    for name, old, new in (
        ("cpp/bind/module.cpp", "use the public modules instead", "changed in the source"),
        ("python/stochos/random.py", '"""', '"""Changed too. '),
    ):
        text = (copy / name).read_text("utf-8")
        assert old in text
        (copy / name).write_text(text.replace(old, new, 1), "utf-8")
    told = run(*asked)
    assert "changed in the source" in told
    assert "Changed too." in told
