"""Whole layers: values, gradients of inputs and weights, and moving statistics as PyTorch gives them (fixtures)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stochos import nn

FIXTURES = Path(__file__).parent / "fixtures" / "layers.npz"
CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def fixture(case: str) -> dict[str, np.ndarray]:
    with np.load(FIXTURES) as kept:
        return {key.partition("/")[2]: kept[key] for key in kept.files if key.partition("/")[0] == case}


def last(a: np.ndarray) -> np.ndarray:
    """PyTorch keeps the channels second, ours stand last."""
    return np.moveaxis(a, 1, -1)


def kernel(a: np.ndarray) -> np.ndarray:
    """PyTorch keeps (out, in, …), ours are (…, in, out)."""
    return np.moveaxis(a, (0, 1), (-1, -2))


def compare(layer: nn.Layer, kept: dict, weights: dict, channels: bool, **options) -> None:
    """Set the weights, then compare the value and all gradients of sum(c * y)."""
    turn = last if channels else np.asarray
    x, c = np.ascontiguousarray(turn(kept["x"])), np.ascontiguousarray(turn(kept["c"]))
    layer(x, **options)
    layer.set_state(layer.state() | {name: np.ascontiguousarray(value) for name, (value, _) in weights.items()})
    np.testing.assert_allclose(layer(x, **options).numpy(), turn(kept["y"]), **CLOSE)
    found = nn.grad(lambda: nn.sum(layer(x, **options) * c), wrt={name: getattr(layer, name) for name in weights})()
    for name, (_, expected) in weights.items():
        np.testing.assert_allclose(found[name].numpy(), expected, **CLOSE, err_msg=name)
    if "g/x" in kept:
        of_x = nn.grad(lambda t: nn.sum(layer(t, **options) * c))(x)
        np.testing.assert_allclose(of_x.numpy(), turn(kept["g/x"]), **CLOSE)


DOUBLE = {"dtype": "float64"}
LAYERS = {
    "linear": lambda: nn.Dense(3, **DOUBLE),
    "linear_3d": lambda: nn.Dense(3, use_bias=False, **DOUBLE),
    "conv1d": lambda: nn.Conv1D(4, 3, **DOUBLE),
    "conv1d_same": lambda: nn.Conv1D(4, 3, padding="same", **DOUBLE),
    "conv2d": lambda: nn.Conv2D(3, (3, 2), **DOUBLE),
    "conv2d_dilation": lambda: nn.Conv2D(3, 3, dilation=2, **DOUBLE),
    "conv1d_groups": lambda: nn.Conv1D(6, 3, groups=2, **DOUBLE),
    "conv2d_groups": lambda: nn.Conv2D(8, (2, 3), stride=(2, 1), groups=4, **DOUBLE),
}


@pytest.mark.parametrize("case", LAYERS)
def test_dense_layers_and_convolutions(case: str):
    kept = fixture(case)
    weights = {"kernel": (kernel(kept["p/weight"]), kernel(kept["g/weight"]))}
    if "p/bias" in kept:
        weights["bias"] = kept["p/bias"], kept["g/bias"]
    layer = LAYERS[case]()
    compare(layer, kept, weights, channels=case.startswith("conv"))


def test_embedding():
    kept = fixture("embedding")
    compare(nn.Embedding(7, 3, **DOUBLE), kept, {"table": (kept["p/weight"], kept["g/weight"])}, channels=False)


def test_layer_norm():
    kept = fixture("layer_norm")
    weights = {ours: (kept[f"p/{its}"], kept[f"g/{its}"]) for ours, its in (("gain", "weight"), ("bias", "bias"))}
    compare(nn.LayerNorm(**DOUBLE), kept, weights, channels=False)


@pytest.mark.parametrize("case", ["batch_norm", "batch_norm_2d"])
def test_batch_norm_over_three_batches(case: str):
    kept = fixture(case)
    layer = nn.BatchNorm(0.8, 1e-3, **DOUBLE)  # PyTorch's momentum is the other share, 0.2
    turn = last if case.endswith("2d") else np.asarray
    for number in range(3):
        part = {key.partition("/")[2]: value for key, value in kept.items() if key.startswith(f"{number}/")}
        x, c = np.ascontiguousarray(turn(part["x"])), np.ascontiguousarray(turn(part["c"]))
        if number == 0:
            layer(x)
        layer.gain.assign(part["p/weight"])
        layer.bias.assign(part["p/bias"])
        training = number < 2  # the third is inference
        with nn.no_updates():
            found = nn.grad(lambda t, c=c, on=training: nn.sum(layer(t, training=on) * c))(x)
        np.testing.assert_allclose(found.numpy(), turn(part["g/x"]), **CLOSE)
        np.testing.assert_allclose(layer(x, training=training).numpy(), turn(part["y"]), **CLOSE)
    np.testing.assert_allclose(layer.moving_mean.numpy(), kept["mean"], **CLOSE)
    np.testing.assert_allclose(layer.moving_variance.numpy(), kept["variance"], **CLOSE)


@pytest.mark.parametrize("case", ["attention", "attention_causal", "attention_padding", "attention_both"])
def test_attention_with_heads(case: str):
    kept = fixture(case)
    layer = nn.MultiHeadAttention(2, **DOUBLE)
    weights = {}
    for kind in "pg":
        for place, name in enumerate(("query", "key", "value")):
            rows = slice(8 * place, 8 * place + 8)
            weights.setdefault(f"{name}_kernel", []).append(kept[f"{kind}/in_proj_weight"][rows].T)
            weights.setdefault(f"{name}_bias", []).append(kept[f"{kind}/in_proj_bias"][rows])
        weights.setdefault("output_kernel", []).append(kept[f"{kind}/out_proj.weight"].T)
        weights.setdefault("output_bias", []).append(kept[f"{kind}/out_proj.bias"])
    padding = {"mask": ~kept["hidden_keys"].astype(bool)}  # PyTorch marks what is hidden
    options = {"causal": True} if case in ("attention_causal", "attention_both") else {}
    options |= padding if case in ("attention_padding", "attention_both") else {}
    compare(layer, kept, weights, channels=False, **options)


def others(case: str) -> dict[str, np.ndarray]:
    with np.load(FIXTURES.with_name("others.npz")) as kept:
        return {key.partition("/")[2]: kept[key] for key in kept.files if key.partition("/")[0] == case}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_groups_of_parameters_under_an_optimizer(kind: str, compiled: bool):
    kept = others("groups")
    names = ("kernel", "bias", "table")
    variables = [nn.Variable(kept[f"start/{name}"], name=f"layer/{name}") for name in names]
    plain = {"parameters": "*/bias", "weight_decay": 0.0}
    if kind == "SGD":
        own = {"parameters": variables[2], "learning_rate": 0.02, "momentum": 0.5}
        optimizer: nn.Optimizer = nn.SGD(0.1, momentum=0.9, weight_decay=0.01, groups=[plain, own])
    else:
        own = {"parameters": variables[2], "learning_rate": 0.01, "beta1": 0.7, "beta2": 0.9}
        optimizer = nn.AdamW(0.05, weight_decay=0.1, groups=[plain, own])
    step = lambda gradients: optimizer.update(variables, gradients)  # noqa: E731
    step = nn.compile(step) if compiled else step
    for number in range(10):
        step([kept[f"gradients/{name}"][number] for name in names])
    for name, variable in zip(names, variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), kept[f"{kind}/{name}"], rtol=1e-11, atol=1e-13, err_msg=name)


def test_a_gradient_penalty_through_three_layers():
    kept = others("penalty")
    layers = [nn.Dense(6, activation="tanh", **DOUBLE), nn.LayerNorm(epsilon=1e-5, **DOUBLE),
              nn.Dense(5, activation="sigmoid", **DOUBLE), nn.Dense(1, **DOUBLE)]  # fmt: skip
    model = nn.Sequential([nn.Input((4,), dtype="float64"), *layers])
    ours = {}
    for place, layer in zip((0, 2, 3, 5), layers, strict=True):
        for name, its in (("kernel", "weight"), ("gain", "weight"), ("bias", "bias")):
            if hasattr(layer, name):
                turn = np.transpose if name == "kernel" else np.asarray
                getattr(layer, name).assign(np.ascontiguousarray(turn(kept[f"p/{place}.{its}"])))
                ours[f"{place}.{its}"] = getattr(layer, name), turn

    def penalty():
        slope = nn.grad(lambda x: nn.sum(model(x)))(kept["x"])
        return nn.mean((nn.norm(slope, axis=1) - 1.0) ** 2)

    value, found = nn.value_and_grad(penalty, wrt={name: variable for name, (variable, _) in ours.items()})()
    np.testing.assert_allclose(float(value), kept["penalty"], **CLOSE)
    for name, gradient in found.items():
        np.testing.assert_allclose(gradient.numpy(), ours[name][1](kept[f"g/{name}"]), **CLOSE, err_msg=name)
