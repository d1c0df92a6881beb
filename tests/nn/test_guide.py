"""The guide: its code runs as it stands, block after block."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

GUIDE = (Path(__file__).parents[2] / "docs" / "nn.md").read_text("utf-8")


def test_the_code_of_the_guide_runs(tmp_path: Path):
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 10
    command = [sys.executable, "-W", "error", "-c", "\n".join(blocks)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = re.search(r"print\(error\)  # (.*)", GUIDE)
    assert said is not None
    assert re.sub(r"'\\w+'", "", said[1])[:40] in re.sub(r"'\\w+'", "", done.stdout)
    assert (tmp_path / "digits.safetensors").exists()
