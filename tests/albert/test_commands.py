"""The command line: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from stochos import albert
from stochos.cli.albert import command


def run(*arguments: str):
    return CliRunner().invoke(command, [str(one) for one in arguments])


def test_info_counts_the_parameters(tiny):
    done = run("info", tiny / "g1", "--json")
    found = json.loads(done.output)
    assert found["parameters"] == {"now": 43_968, "shared": 43_968, "unshared": 144_384}  # counted by PyTorch
    assert found["attention_groups"] == [0, 0, 0, 0]
    text = run("info", tiny / "g1").output
    assert "43,968" in text
    assert "4 layers of width 64" in text


def test_unshare_and_share_write_folders(tiny, tmp_path):
    done = run("unshare", tiny / "g1", tmp_path / "apart", "--layers", "0,2")
    assert done.exit_code == 0, done.output
    assert "43,968 parameters before" in done.output
    assert albert.load(tmp_path / "apart").layer_groups() == (0, 1, 2, 1)
    assert run("share", tmp_path / "apart", tmp_path / "again").exit_code == 0
    one, two = albert.load(tiny / "g1").state(), albert.load(tmp_path / "again").state()
    assert all(np.allclose(value, two[path], rtol=0, atol=1e-7) for path, value in one.items())
    assert run("unshare", tiny / "g1", tmp_path / "x", "--layers", "a").exit_code == 2


def test_pretrain_and_fill(tmp_path):
    pytest.importorskip("tokenizers")
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(["one two three. four five six.", "six five four. three two one."] * 8))
    done = run(
        "pretrain", path, tmp_path / "m", "--vocabulary", "60", "--layers", "1", "--hidden", "8", "--length", "16",
        "--batch-size", "4", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert np.isfinite(json.loads(done.output)["history"]["loss"]).all()
    rows = json.loads(run("fill", tmp_path / "m", "one [MASK] three [MASK]", "-k", "2", "--json").output)
    assert [len(row) for row in rows] == [2, 2]
    assert "mask 2:" in run("fill", tmp_path / "m", "one [MASK] three [MASK]").output
