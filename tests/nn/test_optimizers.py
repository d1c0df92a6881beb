"""Optimizers: ten steps as PyTorch takes them (fixtures), each option; sharing, groups, rates, state, bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stochos import _core, nn
from stochos.errors import InputError, InputTypeError
from stochos.nn import optimizers, schedules

FIXTURES = Path(__file__).parent / "fixtures"
CASES: dict[str, Callable[[], optimizers.Optimizer]] = {
    "sgd": lambda: nn.SGD(0.1),
    "sgd_decay": lambda: nn.SGD(0.1, weight_decay=0.05),
    "momentum": lambda: nn.SGD(0.1, momentum=0.9),
    "momentum_dampening": lambda: nn.SGD(0.1, momentum=0.9, dampening=0.3),
    "nesterov": lambda: nn.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "rmsprop": lambda: nn.RMSprop(),
    "rmsprop_options": lambda: nn.RMSprop(0.02, decay=0.9, epsilon=1e-3, weight_decay=0.1, momentum=0.8),
    "rmsprop_centered": lambda: nn.RMSprop(0.02, centered=True),
    "adagrad": lambda: nn.Adagrad(),
    "adagrad_options": lambda: nn.Adagrad(0.1, rate_decay=0.1, weight_decay=0.1, start=0.5, epsilon=1e-4),
    "adam": lambda: nn.Adam(),
    "adam_options": lambda: nn.Adam(0.05, beta1=0.5, beta2=0.9, epsilon=1e-3, weight_decay=0.1),
    "adam_amsgrad": lambda: nn.Adam(0.05, beta1=0.5, beta2=0.9, amsgrad=True),
    "adamw": lambda: nn.AdamW(),
    "adamw_options": lambda: nn.AdamW(0.05, beta1=0.8, beta2=0.95, epsilon=1e-6, weight_decay=0.3),
    "adamw_amsgrad": lambda: nn.AdamW(0.05, amsgrad=True),
}


def fixture(case: str) -> dict[str, np.ndarray]:
    with np.load(FIXTURES / "optimizers.npz") as kept:
        return {key: kept[f"{case}/{key}"] for key in ("start", "gradients", "path")}


def variable(values, name: str = "p") -> _core.Variable:
    return _core.Variable(np.array(values), name=name)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 2e-5)])
@pytest.mark.parametrize("case", list(CASES))
def test_ten_steps_are_those_of_pytorch(case: str, dtype: str, tolerance: float, compiled: bool):
    kept, optimizer = fixture(case), CASES[case]()
    p = variable(kept["start"].astype(dtype))

    def step(gradient):
        optimizer.update([p], [gradient])

    if compiled:
        step = nn.compile(step)
    for gradient, expected in zip(kept["gradients"].astype(dtype), kept["path"], strict=True):
        step(gradient)
        np.testing.assert_allclose(p.numpy(), expected, rtol=tolerance, atol=tolerance * 1e-2)
    assert p.dtype == dtype
    assert optimizer.steps == 10


def test_every_option_of_the_fixtures_is_checked():
    with np.load(FIXTURES / "optimizers.npz") as kept:
        assert {key.partition("/")[0] for key in kept.files} == set(CASES)


def test_a_parameter_given_twice_moves_once():
    # pytorch#40967, mlx#197: SGD at 0.1 with [x, x] and gradient 1 gives -0.1, not -0.2.
    x = variable([0.0])
    nn.SGD(0.1).update([x, x], [np.array([1.0])] * 2)
    assert x.numpy().tolist() == [-0.1]


def test_momentum_of_a_shared_parameter_gathers_once():
    x, alone = variable([0.0]), variable([0.0])
    twice, once = nn.SGD(0.1, momentum=0.9), nn.SGD(0.1, momentum=0.9)
    for _ in range(3):
        twice.update([x, x], [np.array([1.0])] * 2)
        once.update([alone], [np.array([1.0])])
    assert np.array_equal(x.numpy(), alone.numpy())


def test_frozen_parameters_stay():
    x, y = variable([1.0], "x"), variable([1.0], "y")
    y.trainable = False
    nn.AdamW(0.1, weight_decay=0.5).update([x, y], [np.array([1.0])] * 2)
    assert x.numpy()[0] != 1.0
    assert y.numpy()[0] == 1.0


def test_groups_have_their_own_options():
    # By pattern, by variable, by function: the first that holds counts; the rest takes the defaults. SGD by hand.
    names = ("a/kernel", "a/bias", "b/kernel", "b/bias")
    variables = [variable([1.0], name) for name in names]
    optimizer = nn.SGD(
        0.1,
        weight_decay=1.0,
        groups=[
            {"parameters": "*/bias", "weight_decay": 0.0},
            {"parameters": [variables[2]], "learning_rate": 0.5},
            {"parameters": lambda v: v.name.startswith("b/"), "learning_rate": 100.0},
        ],
    )
    optimizer.update(variables, [np.array([2.0])] * 4)
    np.testing.assert_allclose([float(v.numpy()[0]) for v in variables], [1 - 0.3, 1 - 0.2, 1 - 1.5, 1 - 0.2])


def test_groups_can_be_a_model(small_net):
    first, second = small_net((1, 1), bias=False), small_net((1, 1), bias=False)
    variables = [*first.parameters, *second.parameters]
    before = [v.numpy().item() for v in variables]
    optimizer = nn.SGD(0.1, groups=[{"parameters": second, "learning_rate": 1.0}])
    optimizer.update([first, second], [np.ones((1, 1), dtype=np.float32)] * 2)
    moved = [b - v.numpy().item() for b, v in zip(before, variables, strict=True)]
    assert moved == pytest.approx([0.1, 1.0], rel=1e-5)


def test_the_rate_of_a_compiled_step_can_be_set():
    x, optimizer = variable([0.0]), nn.SGD(0.5)
    step = nn.compile(lambda g: optimizer.update([x], [g]))
    step(np.array([1.0]))
    optimizer.learning_rate = 2.0
    assert optimizer.learning_rate == 2.0
    step(np.array([1.0]))
    assert x.numpy().tolist() == [-2.5]


def test_a_schedule_moves_within_a_compiled_step():
    x, optimizer = variable([0.0]), nn.SGD(schedules.Linear(1.0, 0.0, 4))
    step = nn.compile(lambda g: optimizer.update([x], [g]))
    found = []
    for _ in range(6):
        step(np.array([1.0]))
        found.append(float(x.numpy()[0]))
    np.testing.assert_allclose(-np.diff([0.0, *found]), [1.0, 0.75, 0.5, 0.25, 0, 0], atol=1e-15)
    with pytest.raises(InputError, match="Linear"):
        optimizer.learning_rate = 0.1


def test_clipping_comes_before_the_step():
    # Values first, to (3, 1); then the norm, from sqrt(10) to 1.
    x = variable([0.0, 0.0])
    nn.SGD(1.0, clip_value=3.0, clip_norm=1.0).update([x], [np.array([30.0, 1.0])])
    np.testing.assert_allclose(x.numpy(), -np.array([3.0, 1.0]) / 10**0.5)


@pytest.mark.parametrize("case", ["momentum", "rmsprop_options", "adagrad_options", "adam_amsgrad", "adamw"])
def test_state_carries_a_run_over_exactly(case: str):
    gradients = fixture(case)["gradients"]
    whole, first, second = (variable(fixture(case)["start"]) for _ in range(3))
    one, two, three = CASES[case](), CASES[case](), CASES[case]()
    for gradient in gradients:
        one.update([whole], [gradient])
    for gradient in gradients[:4]:
        two.update([first], [gradient])
    state = two.state({"p": first})
    assert all(isinstance(value, np.ndarray) for value in state.values())
    second.assign(first.numpy())
    three.update([variable([0.0])], [np.array([1.0])])  # its own past must not show
    three.set_state({"p": second}, state)
    assert three.steps == 4
    for gradient in gradients[4:]:
        three.update([second], [gradient])
    assert np.array_equal(second.numpy(), whole.numpy())


def test_set_state_goes_back_to_before_the_first_update():
    p, optimizer = variable([0.0]), nn.SGD(0.1, momentum=0.9)
    start = optimizer.state({"p": p})
    optimizer.update([p], [np.array([1.0])])
    optimizer.set_state({"p": p}, start)
    p.assign(np.array([0.0]))
    optimizer.update([p], [np.array([1.0])])
    assert p.numpy().tolist() == [-0.1]


def test_a_state_that_does_not_fit_changes_nothing():
    p, optimizer = variable([1.0, 2.0]), nn.Adam(0.1)
    optimizer.update([p], [np.ones(2)])
    before = optimizer.state({"p": p})
    wrong = [
        ({**before, "mean/q": np.ones(2)}, "unexpected.*mean/q"),
        ({key: value for key, value in before.items() if key != "square/p"}, "missing.*square/p"),
        ({**before, "mean/p": np.ones(3)}, r"mean/p.*\(3,\)"),
    ]
    for state, text in wrong:
        with pytest.raises(InputError, match=text):
            optimizer.set_state({"p": p}, state)
        after = optimizer.state({"p": p})
        assert set(after) == set(before)
        assert all(np.array_equal(after[key], before[key]) for key in before)


def test_wrong_input_is_named_and_nothing_moves():
    p = variable([1.0, 2.0], "layer/kernel")
    optimizer = nn.SGD(0.1)
    with pytest.raises(InputError, match=r"layer/kernel.*\(2,\).*\(3,\)"):
        optimizer.update([p], [np.ones(3)])
    with pytest.raises(InputError, match="1 parameters and 2 gradients"):
        optimizer.update([p], [np.ones(2), np.ones(2)])
    with pytest.raises(InputTypeError, match="str"):
        optimizer.update("kernel", [np.ones(2)])
    assert p.numpy().tolist() == [1.0, 2.0]
    assert optimizer.steps == 0
    with pytest.raises(InputError, match="momentum"):
        nn.SGD(0.1, momentum=1.5)
    with pytest.raises(InputError, match="nesterov"):
        nn.SGD(0.1, nesterov=True)
    with pytest.raises(InputError, match="beta2"):
        nn.Adam(0.1, beta2=1.0)
    with pytest.raises(InputError, match="learning_rate"):
        nn.SGD(float("nan"))
    with pytest.raises(InputError, match="'betas'"):
        nn.Adam(0.1, groups=[{"parameters": "*", "betas": (0, 0)}])
    with pytest.raises(InputTypeError, match="'parameters'"):
        nn.Adam(0.1, groups=[{"learning_rate": 0.1}])
