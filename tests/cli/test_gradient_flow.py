"""``stochos gradient-flow`` from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from stochos import nn
from stochos.cli.gradient_flow import command
from stochos.errors import FileFormatError, InputError


def ok(*args: object) -> str:
    done = CliRunner().invoke(command, list(map(str, args)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_fresh_layer_is_that_of_the_library():
    facts = json.loads(ok("lstm", "--units", 8, "--steps", 30, "--seed", 4, "--forget-bias", -1, "--json"))
    x = np.random.default_rng(4).normal(size=(4, 30, 8))
    flow = nn.gradient_flow(nn.LSTM(8, forget_bias=-1.0, seed=4), x)
    assert facts["log_norm"] == pytest.approx(flow.profile[1][-1], rel=1e-9)
    assert facts["state"] == flow.verdict.state == "vanishing"
    assert facts["gate_means"]["f"] == pytest.approx(flow.gates["f"].mean())


@pytest.mark.parametrize("kind", ["simple", "lstm", "gru"])
def test_text_says_the_verdict_and_the_remedies(kind: str):
    text = ok(kind, "--units", 6, "--steps", 40, "--remedies")
    assert "as it is" in text
    assert "norm over 40 steps" in text
    assert text.splitlines()[0].lower().startswith("simplernn" if kind == "simple" else kind)


def test_page_and_picture_are_written(tmp_path: Path):
    page, picture = tmp_path / "flow.html", tmp_path / "flow.svg"
    text = ok("gru", "--units", 4, "--steps", 12, "--chrono", 50, "-o", page, "--plot", picture)
    assert f"wrote {page}" in text
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert "<svg" in picture.read_text("utf-8")


def test_saved_model(tmp_path: Path):
    x = nn.Input((9, 3))
    low = nn.GRU(5, return_sequences=True, name="low", seed=1)
    model = nn.Model(x, nn.Dense(1)(nn.LSTM(4, name="high", seed=2)(low(x))))
    model.save(tmp_path / "m.safetensors")
    data = np.random.default_rng(0).normal(size=(2, 9, 3))
    np.save(tmp_path / "x.npy", data)
    facts = json.loads(ok(tmp_path / "m.safetensors", "--data", tmp_path / "x.npy", "--layer", "low", "--json"))
    assert facts["log_norm"] == pytest.approx(nn.gradient_flow(model, data, layer="low").profile[1][-1], rel=1e-9)
    assert (facts["name"], facts["units"], facts["steps"]) == ("low", 5, 9)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["tree"], "neither simple, lstm, gru nor a file"),
        (["simple", "--forget-bias", "1"], "--forget-bias is a setting of lstm, not of simple"),
        (["gru", "--forget-bias", "1"], "not of gru"),
        (["lstm", "--update-bias", "1"], "--update-bias is a setting of gru"),
        (["simple", "--chrono", "9"], "--chrono is a setting of lstm or gru"),
        (["lstm", "--chrono", "9", "--forget-bias", "1"], "not both"),
        ([__file__], "give --data"),
        (["lstm", "--data", __file__], "is no .npy array"),
        (["lstm", "--plot", "x.gif"], "must end in .png"),
    ],
)
def test_wrong_use_is_named(args, text):
    with pytest.raises((InputError, FileFormatError), match=text):
        CliRunner().invoke(command, args, catch_exceptions=False)
