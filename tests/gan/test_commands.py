"""``stochos divergence`` and ``stochos gan`` from end to end."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stochos import gan


def stochos(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "stochos", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_divergence_lists_shows_and_computes(tmp_path: Path):
    assert set(json.loads(stochos("divergence", "--json").stdout)) == set(gan.divergence_names())
    arguments = ("--between", "0.5,0.5", "0.25,0.75", "--gaussian", "0,1", "1,1")
    facts = json.loads(stochos("divergence", "kl", *arguments, "--json").stdout)
    assert facts["between"] == pytest.approx(0.5 * math.log(4 / 3))
    assert facts["gaussian"] == pytest.approx(0.5)
    assert "at least" not in stochos("divergence", "pearson").stdout
    random = np.random.default_rng(0)
    np.save(tmp_path / "p.npy", random.normal(2, 1, (1500, 1)))
    np.savetxt(tmp_path / "q.csv", random.normal(0, 1, (1500, 1)), delimiter=",")
    arguments = ("--estimate", tmp_path / "p.npy", tmp_path / "q.csv", "--steps", 150, "--json")
    facts = json.loads(stochos("divergence", "--expression", "(sqrt(u) - 1)^2", *arguments).stdout)["estimate"]
    truth = gan.divergence("hellinger").gaussian(2, 1, 0, 1)
    assert facts["low"] < truth
    assert facts["bound"] == pytest.approx(truth, rel=0.15)


def test_gan_trains_writes_and_resumes(tmp_path: Path):
    made, picture, run = tmp_path / "made.csv", tmp_path / "made.png", tmp_path / "run.safetensors"
    arguments = ("gan", "ring", "--divergence", "hinge", "--steps", 30, "--batch-size", 32, "--samples", 50, "--json")
    facts = json.loads(stochos(*arguments, "-o", made, "--plot", picture, "--checkpoint", run).stdout)
    assert facts["steps"] == 30
    assert facts["of"] == 8
    assert np.loadtxt(made, delimiter=",").shape == (50, 2)
    assert picture.stat().st_size > 1000
    again = json.loads(stochos(*arguments, "--checkpoint", run, "--resume").stdout)
    assert again["history"] == facts["history"]
    np.save(tmp_path / "data.npy", np.random.default_rng(0).normal(size=(100, 3)))
    out = stochos("gan", tmp_path / "data.npy", "--expression", "u*log(u)", "--steps", 10, "--batch-size", 32).stdout
    assert "10 steps by u*log(u)" in out
    scored = ("gan", "ring", "--divergence", "pearson", "--discriminator-loss", "log_score", "--steps", 10, "--json")
    history = json.loads(stochos(*scored, "--batch-size", 32).stdout)["history"]
    assert "critic_loss" in history
    assert "estimate" not in history


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("divergence", "kll"), "there is no divergence 'kll'"),
        (("divergence", "kl", "--expression", "u*log(u)"), "either the NAME"),
        (("divergence", "--expression", "log(u)"), "not convex"),
        (("divergence", "kl", "--between", "0.5,x", "1"), "no list of numbers"),
        (("divergence", "kl", "--gaussian", "0", "1,1"), "mean,deviation twice"),
        (("gan", "circle"), "none of ring, lattice and digits"),
        (("gan", "ring", "--plot", "x.jpeg"), "must end in"),
    ],
)
def test_wrong_use_ends_with_code_2_and_says_why(arguments, message: str):
    assert message in stochos(*arguments, code=2).stderr
