"""Schedules: PyTorch's rates where it has the same schedule, the formula elsewhere; numbers and tensors alike."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from stochos import _core
from stochos.errors import InputError, InputTypeError
from stochos.nn import schedules

FIXTURES = Path(__file__).parent / "fixtures"
# Ours, the fixture's name, and the last step of PyTorch's that is meant to agree (its cosine goes up again).
AS_PYTORCH = [
    (schedules.Steps(0.5, 0.3, 7), "step", 25),
    (schedules.Pieces([3, 11], [0.5, 0.05, 0.005]), "pieces", 25),
    (schedules.Exponential(0.5, 0.9), "exponential", 25),
    (schedules.Cosine(0.5, 0.05, 20), "cosine", 21),
    (schedules.Linear(0.5, 0.1, 10), "linear", 25),
    (schedules.Polynomial(0.5, 0.0, 12, 2.0), "polynomial", 25),
    (schedules.OneCycle(0.5, 25), "one_cycle", 25),
]
ALL = [
    *(schedule for schedule, _, _ in AS_PYTORCH),
    schedules.Constant(0.2),
    schedules.InverseSqrt(0.3, 4),
    schedules.Warmup(5, schedules.Cosine(1.0, 0.0, 10)),
    schedules.Warmup(5, 0.25),
]


@pytest.mark.parametrize(("schedule", "name", "steps"), AS_PYTORCH, ids=lambda value: str(value))
def test_rates_are_those_of_pytorch(schedule: schedules.Schedule, name: str, steps: int):
    with np.load(FIXTURES / "others.npz") as kept:
        expected = kept[f"schedules/{name}"][:steps]
    np.testing.assert_allclose(schedule(np.arange(steps)), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_a_tensor_gives_what_a_number_gives(schedule: schedules.Schedule):
    for step in (0, 3, 7, 12, 100):
        number = schedule(step)
        assert isinstance(number, float)
        tensor = schedule(_core.tensor(np.array(step, dtype=np.int64)))
        assert tensor.dtype == "float64"
        assert tensor.item() == pytest.approx(number, rel=1e-13, abs=1e-300)


def test_warmup_rises_in_a_line_and_joins_the_schedule():
    rates = schedules.Warmup(4, schedules.Linear(1.0, 0.0, 10))(np.arange(6))
    np.testing.assert_allclose(rates, [0.25, 0.5, 0.75, 1.0, 1.0, 0.9])


def test_inverse_sqrt_peaks_at_the_end_of_the_warmup():
    rates = schedules.InverseSqrt(0.5, 10)(np.arange(100))
    assert rates.argmax() == 9
    assert rates[9] == 0.5
    assert rates[39] == pytest.approx(0.5 * math.sqrt(10 / 40))


def test_staircase_is_exact_at_every_step():
    # 1 / 49 is not exact in binary; the stairs must not slip by one.
    rates = schedules.Steps(1.0, 0.5, 49)(np.arange(49 * 20))
    np.testing.assert_allclose(rates, 0.5 ** (np.arange(49 * 20) // 49), rtol=1e-13)


@pytest.mark.parametrize(
    "make",
    [
        lambda: schedules.Linear(-1.0, 0.0, 10),
        lambda: schedules.Cosine(1.0, 0.0, 0),
        lambda: schedules.Exponential(1.0, 0.0),
        lambda: schedules.Pieces([5, 3], [1.0, 0.5, 0.1]),
        lambda: schedules.Pieces([5], [1.0]),
        lambda: schedules.OneCycle(1.0, 1),
        lambda: schedules.Warmup(0, 0.1),
    ],
)
def test_wrong_settings_are_refused(make):
    with pytest.raises(InputError, match=r"\[nn\.schedules\."):
        make()
    with pytest.raises(InputTypeError, match="steps"):
        schedules.Linear(1.0, 0.0, 2.5)
