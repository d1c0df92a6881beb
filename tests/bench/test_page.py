"""The page of `python -m bench`: its table, and that both READMEs quote the page that is kept."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def summary() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_summary", ROOT / "bench" / "summary.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_spread_is_the_middle_half_over_the_median(summary: ModuleType):
    assert summary.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx((4 - 2) / 3)
    assert summary.spread([7.0]) is None
    assert summary.percent([1.0, 2.0, 3.0, 4.0, 5.0]) == "66.7%"


def test_notes_become_a_table_with_the_quickest_peer(
    summary: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(summary.VARIABLE, str(tmp_path / "notes"))
    summary.note("forward", 2, [0.004, 0.002, 0.003], {"slow": [1.0], "quick": [0.01, 0.008], "gone": "not installed"})
    summary.note("alone", 1, [2e-8], {})
    summary.note("never measured", 1, [], {"quick": [1.0]})

    notes = [json.loads(line) for line in (tmp_path / "notes").read_text("utf-8").splitlines()]
    lines = summary.table(notes).splitlines()
    assert lines[2:] == [
        "| forward | 2 | 2 ms | 3 ms | 33.3% | quick | 8 ms | 9 ms | 11.1% | 4.00× |",
        "| alone | 1 | 20 ns | 20 ns | – | – | – | – | – | – |",
    ]


def test_without_the_variable_nothing_is_noted(summary: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(summary.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    summary.note("forward", 1, [1.0], {})
    assert list(tmp_path.iterdir()) == []


def test_both_readmes_quote_the_page_that_is_kept(summary: ModuleType):
    kept = summary.block((ROOT / "bench" / "results.md").read_text("utf-8"), "results.md")
    english = summary.block((ROOT / "README.md").read_text("utf-8"), "README.md")
    chinese = summary.block((ROOT / "README.zh.md").read_text("utf-8"), "README.zh.md")
    assert english == kept, "run `python -m bench --readme`"
    assert chinese == summary.chinese(kept), "run `python -m bench --readme`"
    assert len(kept.splitlines()) > 10
    assert "Stochos" in kept.splitlines()[0]


def test_quoting_changes_the_block_alone(summary: ModuleType, tmp_path: Path):
    page, english, chinese = (tmp_path / name for name in ("page.md", "a.md", "b.md"))
    page.write_text(f"top\n{summary.BEGIN}\nmachine\n\n| work | min |\n{summary.END}\nend\n", "utf-8")
    for path in (english, chinese):
        path.write_text(f"machine\n{summary.BEGIN}\nold\n{summary.END}\nold\n", "utf-8")
    summary.quote(page, english, chinese)
    assert english.read_text("utf-8") == f"machine\n{summary.BEGIN}\nmachine\n\n| work | min |\n{summary.END}\nold\n"
    assert chinese.read_text("utf-8") == f"machine\n{summary.BEGIN}\nmachine\n\n| 任务 | 最短 |\n{summary.END}\nold\n"
    english.write_text("no block\n", "utf-8")
    with pytest.raises(ValueError, match="0 blocks"):
        summary.quote(page, english, chinese)


def test_every_script_of_the_page_tells_its_use():

    told = subprocess.run(
        [sys.executable, "-m", "bench", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "--readme" in told.stdout
