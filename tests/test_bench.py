"""`python -m bench` puts every room's figures on one page, also when a room fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def bench(*arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    """Run the bench; `script` first, in the same process."""
    start = f"import runpy, sys\nsys.argv = ['bench', *{arguments!r}]\n{script}\n"
    run = "runpy.run_module('bench', run_name='__main__')" if not script else "sys.exit(bench.__main__.main())"
    return subprocess.run(
        [sys.executable, "-c", start + run], capture_output=True, text=True, cwd=ROOT, check=False, timeout=300
    )


def test_one_page_of_all_rooms(tmp_path: Path):
    (tmp_path / "good.py").write_text("print('| tool | min |\\n| --- | --- |\\n| ours | 1 ms |')")
    (tmp_path / "text.py").write_text("import sys\nprint('no table', *sys.argv[1:])")
    (tmp_path / "bad.py").write_text("print('| half')\nraise SystemExit('out of luck')")
    rooms = {name: (name.title(), str(tmp_path / f"{name}.py"), [], ["--short"]) for name in ("good", "text", "bad")}
    page = tmp_path / "page.md"
    done = bench("--quick", "--output", str(page), script=f"import bench.__main__\nbench.__main__.ROOMS = {rooms!r}")
    assert done.returncode == 1, done.stderr
    text = page.read_text()
    assert text.startswith("# Measurements\n")
    assert "Stochos " in text
    assert "\n\n| tool | min |\n| --- | --- |\n| ours | 1 ms |\n" in text
    assert "```text\nno table --short\n```" in text
    assert "**Ended with exit code 1:**\n\n```text\nout of luck\n```" in text


def test_every_room_has_a_script_that_takes_its_arguments():
    script = "import bench.__main__ as b, json\nprint(json.dumps(b.ROOMS))\nsys.exit()"
    import json

    rooms = json.loads(bench(script=script).stdout)
    scripts = {path.name for path in (ROOT / "bench").glob("*_bench.py")}
    assert {script for _, script, _, _ in rooms.values()} == scripts
    for _, script, _, quick in rooms.values():
        told = subprocess.run(
            [sys.executable, str(ROOT / "bench" / script), "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert all(option in told for option in quick if option.startswith("--"))


def test_an_unknown_room_is_refused():
    done = bench("wrds")
    assert done.returncode == 2
    assert "no room wrds; there are words, reactions" in done.stderr
