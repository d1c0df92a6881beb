"""The example tasks: their data are what they say, and the adding problem is learned by those cells that can."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def example(monkeypatch):
    """Load an example by name."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and Path(sys.modules[name].__file__).parent == EXAMPLES:
            del sys.modules[name]


def test_adding_problem_has_one_mark_in_each_half(example):
    x, y = example("adding_problem").batch(np.random.default_rng(0), 400, 30)
    assert (x[:, :15, 1].sum(axis=1) == 1).all()
    assert (x[:, 15:, 1].sum(axis=1) == 1).all()
    np.testing.assert_allclose(y[:, 0], (x[:, :, 0] * x[:, :, 1]).sum(axis=1), rtol=1e-6)
    # Two uniform numbers: the best constant is 1, and leaves the variance 2/12.
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, abs=4 * 0.16 / 20)


def test_copy_memory_asks_for_what_was_shown(example):
    x, y = example("copy_memory").batch(np.random.default_rng(0), 20, 30, 5)
    given = x.argmax(axis=-1)
    assert x.shape == (20, 40, 10)
    np.testing.assert_array_equal(given[:, :5], y[:, -5:])
    assert (given[:, 34] == 9).all()
    assert (np.delete(given, [0, 1, 2, 3, 4, 34], axis=1) == 0).all()
    assert (y[:, :-5] == 0).all()


def test_character_model_sees_one_and_says_the_next(example):
    module = example("character_model")
    codes, alphabet = module.text()
    start = "in the beginning god created"
    assert "".join(alphabet[c] for c in codes[: len(start)]) == start
    x, y = module.batch(np.random.default_rng(0), codes, 4, 10)
    np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
    # What the page says of letters alone.
    counts = np.bincount(codes) / len(codes)
    assert -(counts * np.log2(counts)).sum() == pytest.approx(4.08, abs=0.005)


def test_trajectories_have_the_stationary_moments(example):
    # Bursty production: mean k1 k2 / (d1 d2) = 200, variance 200 (1 + k2 / (d1 + d2)); the ensemble starts in the mean.
    values = example("stochastic_trajectories").ensemble(400, 60, 3)
    assert values.shape == (400, 61)
    assert values[:, -1].mean() == pytest.approx(0, abs=4 / 20)
    assert values[:, -1].std() == pytest.approx(1, abs=4 * 0.75 / 20)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("adding_problem", "--cell lstm --length 10 --units 4 --steps 100"),
        ("copy_memory", "--cell gru --pause 5 --shown 2 --units 4 --steps 100"),
        ("sequential_digits", "--cell simple --units 4 --epochs 1"),
        ("character_model", "--cell gru --units 4 --length 8 --steps 10"),
        ("stochastic_trajectories", "--cell lstm --units 4 --points 6 --epochs 1"),
    ],
)
def test_examples_run_and_show_the_flow_before_and_after(
    example,
    name: str,
    arguments: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    page = tmp_path / "flow.html"
    monkeypatch.setattr(sys, "argv", [name, *arguments.split(), "--report", str(page)])
    example(name).main()
    said = capsys.readouterr().out
    assert "before training" in said
    assert "after training" in said
    assert said.endswith(f"wrote {page}\n")
    assert "</html>" in page.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_adding_problem_is_learned_at_200_steps(example, cell: str):
    _, error, steps = example("adding_problem").train(cell, length=200, seed=0)
    assert error < 0.01
    assert steps < 3000


@pytest.mark.slow
def test_adding_problem_is_not_learned_by_a_simple_rnn(example):
    # As many steps as three times what the slower of the others took.
    _, error, _ = example("adding_problem").train("simple", length=200, steps=2100, seed=0)
    assert error > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_copy_memory_is_learned(example, cell: str):
    _, right, steps = example("copy_memory").train(cell, pause=30, shown=5, seed=0)
    assert right >= 0.99  # of 2,500 symbols of new sequences; guessing has 1 of 8
    assert steps < 5000
