"""The operations behind layers: values and gradients as PyTorch gives them on small fixed inputs (fixtures)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stochos import _core
from stochos._core import ops

FIXTURES = Path(__file__).parent / "fixtures"


def fixture(case: str) -> dict[str, np.ndarray]:
    with np.load(FIXTURES / "layers.npz") as kept:
        return {key.partition("/")[2]: kept[key] for key in kept.files if key.partition("/")[0] == case}


def compare(function: Callable, case: str, moved: bool = False, dtype: str = "float64") -> None:
    """Compare value and every gradient; `moved`: PyTorch keeps the channels second, ours last."""
    kept = fixture(case)
    last = (lambda a: np.moveaxis(a, 1, -1)) if moved else (lambda a: a)
    # Linear keeps (out, in), convolutions (out, in, …); ours are (in, out) and (…, in, out).
    ours = {
        "x": last,
        "p/weight": lambda a: np.moveaxis(a, (0, 1), (-1, -2)) if a.ndim > 1 else a,
        "p/bias": lambda a: a,
    }
    names = [name for name in ours if name in kept]
    tolerance = {"rtol": 1e-11, "atol": 1e-13} if dtype == "float64" else {"rtol": 2e-5, "atol": 2e-5}
    variables = {name: _core.Variable(np.ascontiguousarray(ours[name](kept[name])).astype(dtype)) for name in names}
    with _core.Recording():
        y = function(**{name.removeprefix("p/"): variable for name, variable in variables.items()})
        c = _core.tensor(np.ascontiguousarray(last(kept["c"])).astype(dtype))
        found = _core.gradients([y], [c], list(variables.values()))
    assert y.dtype == dtype
    np.testing.assert_allclose(y.numpy(), last(kept["y"]), **tolerance)
    for name, gradient in zip(names, found, strict=True):
        expected = ours[name](kept["g/" + name.removeprefix("p/")])
        np.testing.assert_allclose(gradient.numpy(), expected, **tolerance, err_msg=name)


def padded(x, count: int):
    widths = [(0, 0), *[(count, count)] * (x.ndim - 2), (0, 0)]
    return ops.pad(x, widths)


FUNCTIONS: dict[str, Callable] = {
    "gelu": ops.gelu,
    "gelu_tanh": ops.gelu_tanh,
    "relu": ops.relu,
    "silu": ops.silu,
    "softplus": ops.softplus,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "softmax": ops.softmax,
    "log_softmax": ops.log_softmax,
    "logsumexp": ops.logsumexp,
}
LAYERS: dict[str, tuple[Callable, bool]] = {
    "linear": (lambda x, weight, bias: x @ weight + bias, False),
    "linear_3d": (lambda x, weight: x @ weight, False),
    "layer_norm": (lambda x, weight, bias: ops.layer_norm(x, weight, bias, 1e-5), False),
    "layer_norm_small": (lambda x, weight, bias: ops.layer_norm(x, weight, bias, 1e-12), False),
    "conv1d": (lambda x, weight, bias: ops.conv1d(x, weight) + bias, True),
    "conv1d_stride": (lambda x, weight, bias: ops.conv1d(padded(x, 1), weight, 2, dilation=2) + bias, True),
    "conv1d_same": (lambda x, weight, bias: ops.conv1d(x, weight, padding="same") + bias, True),
    "conv2d": (lambda x, weight, bias: ops.conv2d(x, weight) + bias, True),
    "conv2d_stride": (lambda x, weight: ops.conv2d(padded(x, 1), weight, 2), True),
    "conv2d_dilation": (lambda x, weight, bias: ops.conv2d(x, weight, dilation=2) + bias, True),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", list(FUNCTIONS))
def test_functions_are_pytorchs(case: str, dtype: str):
    compare(lambda x: FUNCTIONS[case](x), case, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", [name for name in LAYERS if name != "layer_norm_small"])
def test_layers_are_pytorchs(case: str, dtype: str):
    compare(*(LAYERS[case][0], case, LAYERS[case][1]), dtype=dtype)


def test_layer_norm_of_small_numbers():
    # Rows of about 1e-3 with an epsilon of 1e-12, as ALBERT has it: float64 alone has the digits.
    compare(LAYERS["layer_norm_small"][0], "layer_norm_small")


def test_looking_up_rows_is_pytorchs_embedding():
    kept = fixture("embedding")
    table = _core.Variable(kept["p/weight"])
    with _core.Recording():
        y = ops.take(table, _core.tensor(kept["x"]), axis=0)
        (gradient,) = _core.gradients([y], [_core.tensor(kept["c"])], [table])
    assert np.array_equal(y.numpy(), kept["y"])
    np.testing.assert_allclose(gradient.numpy(), kept["g/weight"], rtol=1e-13)
