"""What PyTorch answers on small fixed inputs, in float64: the cases behind the fixtures.

A case is a dict of arrays, keys "x", "p/<parameter>" (PyTorch's own layout), "y", "c" (a cotangent for y), "g/x" and
"g/<parameter>" (gradients of sum(c * y)), and whatever else the case says. Only torch and NumPy are used.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

Arrays = dict[str, np.ndarray]

# name → options of the class in torch.optim; the names in `tests/nn/test_optimizers.py` map them to ours.
OPTIMIZERS: dict[str, tuple[str, dict[str, object]]] = {
    "sgd": ("SGD", {"lr": 0.1}),
    "sgd_decay": ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    "momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "momentum_dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    "nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_options": ("RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.8}),
    "rmsprop_centered": ("RMSprop", {"lr": 0.02, "centered": True}),
    "adagrad": ("Adagrad", {}),
    "adagrad_options": (
        "Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-4},
    ),
    "adam": ("Adam", {}),
    "adam_options": ("Adam", {"lr": 0.05, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    "adam_amsgrad": ("Adam", {"lr": 0.05, "betas": (0.5, 0.9), "amsgrad": True}),
    "adamw": ("AdamW", {}),
    "adamw_options": ("AdamW", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.3}),
    "adamw_amsgrad": ("AdamW", {"lr": 0.05, "amsgrad": True}),
}  # fmt: skip
STEPS = 10


def optimizer(name: str) -> Arrays:
    """Return ten steps of an optimiser on five numbers, with gradients that depend on nothing."""
    kind, options = OPTIMIZERS[name]
    generator = np.random.default_rng(11)
    start = generator.normal(size=5)
    gradients = generator.normal(size=(STEPS, 5)) * np.array([1.0, 1e-3, 1e3, 1.0, 0.0])
    parameter = torch.tensor(start, requires_grad=True)
    made = getattr(torch.optim, kind)([parameter], **options)
    path = []
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        made.step()
        path.append(parameter.detach().numpy().copy())
    return {"start": start, "gradients": gradients, "path": np.stack(path)}


def _differentiated(y: torch.Tensor, leaves: dict[str, torch.Tensor], seed: int) -> Arrays:
    c = torch.from_numpy(np.random.default_rng(seed).normal(size=tuple(y.shape)))
    wanted = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
    found = torch.autograd.grad(y, list(wanted.values()), c, allow_unused=True)
    out = {name: leaf.detach().numpy().copy() for name, leaf in leaves.items()}
    out |= {"y": y.detach().numpy().copy(), "c": c.numpy()}
    return out | {
        f"g/{name.removeprefix('p/')}": (np.zeros(leaf.shape) if gradient is None else gradient.numpy().copy())
        for (name, leaf), gradient in zip(wanted.items(), found, strict=True)
    }


def _input(*shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape) * scale, requires_grad=True)


def _layer(module: nn.Module, x: torch.Tensor, call: Callable[..., torch.Tensor] | None = None) -> Arrays:
    """Fill the parameters with fixed numbers, run, differentiate."""
    generator = np.random.default_rng(5)
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(generator.normal(size=tuple(parameter.shape)) * 0.5))
    leaves = {"x": x} | {f"p/{name}": parameter for name, parameter in module.named_parameters()}
    return _differentiated((call or module)(x), leaves, 6)


def _batch_norm(kind: Callable[..., nn.Module], shape: tuple[int, ...]) -> Arrays:
    """Two batches in training, with the statistics they leave, then one in inference."""
    module = kind(shape[1], eps=1e-3, momentum=0.2).double()
    first = _layer(module, _input(*shape, seed=1))
    second = _layer(module, _input(*shape, seed=2, scale=3.0))
    module.eval()
    third = _layer(module, _input(*shape, seed=3))
    out = {
        f"{number}/{key}": value for number, part in enumerate((first, second, third)) for key, value in part.items()
    }
    return out | {"mean": module.running_mean.numpy(), "variance": module.running_var.numpy()}


def _optimizer_groups() -> Arrays:
    """Return ten steps of two optimisers on three parameters, the second and third with options of their own."""
    generator = np.random.default_rng(12)
    start = {name: generator.normal(size=(2, 3)) for name in ("kernel", "bias", "table")}
    gradients = {name: generator.normal(size=(STEPS, 2, 3)) for name in start}
    out: Arrays = {f"start/{name}": value for name, value in start.items()}
    out |= {f"gradients/{name}": value for name, value in gradients.items()}
    for kind, common, own in (
        ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}, {"lr": 0.02, "momentum": 0.5}),
        ("AdamW", {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.01, "betas": (0.7, 0.9)}),
    ):
        p = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
        groups = [
            {"params": [p["kernel"]]},
            {"params": [p["bias"]], "weight_decay": 0.0},
            {"params": [p["table"]], **own},
        ]
        made = getattr(torch.optim, kind)(groups, **common)
        for step in range(STEPS):
            for name, parameter in p.items():
                parameter.grad = torch.tensor(gradients[name][step])
            made.step()
        out |= {f"{kind}/{name}": parameter.detach().numpy().copy() for name, parameter in p.items()}
    return out


def _penalty() -> Arrays:
    """Return the gradients of a gradient penalty: second derivatives through tanh, sigmoid and layer norm."""
    module = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.LayerNorm(6), nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 1))
    module = module.double()
    generator = np.random.default_rng(3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(generator.normal(size=tuple(parameter.shape))))
    x = _input(7, 4)
    (slope,) = torch.autograd.grad(module(x).sum(), x, create_graph=True)
    penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
    found = torch.autograd.grad(penalty, list(module.parameters()), allow_unused=True)
    out: Arrays = {"x": x.detach().numpy(), "slope": slope.detach().numpy(), "penalty": penalty.detach().numpy()}
    for (name, parameter), gradient in zip(module.named_parameters(), found, strict=True):
        out[f"p/{name}"] = parameter.detach().numpy().copy()
        out[f"g/{name}"] = np.zeros(parameter.shape) if gradient is None else gradient.numpy().copy()
    return out


def _attention(mask: str) -> Arrays:
    module = nn.MultiheadAttention(8, 2, batch_first=True)
    hidden = np.zeros((2, 5), dtype=bool)
    hidden[1, 3:] = True
    causal = np.triu(np.ones((5, 5), dtype=bool), 1)
    options: dict[str, object] = {"need_weights": False}
    if mask in ("padding", "both"):
        options["key_padding_mask"] = torch.from_numpy(hidden)
    if mask in ("causal", "both"):
        options["attn_mask"] = torch.from_numpy(causal)
    out = _layer(module, _input(2, 5, 8), lambda x: module(x, x, x, **options)[0])
    return out | {"hidden_keys": hidden, "forbidden": causal}


def _embedding() -> Arrays:
    module = nn.Embedding(7, 3).double()
    index = torch.tensor([[1, 2, 2], [0, 6, 2]])
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(np.random.default_rng(5).normal(size=(7, 3))))
    return {"x": index.numpy()} | _differentiated(module(index), {"p/weight": module.weight}, 6)


def _function(call: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[], Arrays]:
    def run() -> Arrays:
        x = _input(4, 6, scale=3.0)
        return _differentiated(call(x), {"x": x}, 6)

    return run


LAYERS: dict[str, Callable[[], Arrays]] = {
    "linear": lambda: _layer(nn.Linear(4, 3), _input(5, 4)),
    "linear_3d": lambda: _layer(nn.Linear(4, 3, bias=False), _input(2, 5, 4)),
    "conv1d": lambda: _layer(nn.Conv1d(3, 4, 3), _input(2, 3, 9)),
    "conv1d_stride": lambda: _layer(nn.Conv1d(3, 4, 3, stride=2, padding=1, dilation=2), _input(2, 3, 9)),
    "conv1d_same": lambda: _layer(nn.Conv1d(3, 4, 3, padding="same"), _input(2, 3, 9)),
    "conv2d": lambda: _layer(nn.Conv2d(2, 3, (3, 2)), _input(2, 2, 6, 5)),
    "conv2d_stride": lambda: _layer(nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False), _input(2, 2, 7, 6)),
    "conv2d_dilation": lambda: _layer(nn.Conv2d(2, 3, 3, dilation=2), _input(2, 2, 7, 6)),
    "conv1d_groups": lambda: _layer(nn.Conv1d(4, 6, 3, groups=2), _input(2, 4, 8)),
    "conv2d_groups": lambda: _layer(nn.Conv2d(4, 8, (2, 3), stride=(2, 1), groups=4), _input(2, 4, 6, 5)),
    "max_pool2d": _function(lambda x: functional.max_pool2d(x.reshape(1, 1, 4, 6), 2)),
    "avg_pool2d": _function(lambda x: functional.avg_pool2d(x.reshape(1, 1, 4, 6), 2)),
    "layer_norm": lambda: _layer(nn.LayerNorm(6, eps=1e-5), _input(2, 3, 6)),
    "layer_norm_small": lambda: _layer(nn.LayerNorm(4, eps=1e-12), _input(3, 4, scale=1e-3)),
    "batch_norm": lambda: _batch_norm(nn.BatchNorm1d, (6, 3)),
    "batch_norm_2d": lambda: _batch_norm(nn.BatchNorm2d, (3, 2, 4, 2)),
    "embedding": _embedding,
    "attention": lambda: _attention("none"),
    "attention_padding": lambda: _attention("padding"),
    "attention_causal": lambda: _attention("causal"),
    "attention_both": lambda: _attention("both"),
    "gelu": _function(functional.gelu),
    "gelu_tanh": _function(lambda x: functional.gelu(x, approximate="tanh")),
    "relu": _function(functional.relu),
    "silu": _function(functional.silu),
    "softplus": _function(functional.softplus),
    "elu": _function(functional.elu),
    "leaky_relu": _function(lambda x: functional.leaky_relu(x, 0.1)),
    "sigmoid": _function(torch.sigmoid),
    "tanh": _function(torch.tanh),
    "softmax": _function(lambda x: functional.softmax(x, dim=-1)),
    "log_softmax": _function(lambda x: functional.log_softmax(x, dim=-1)),
    "logsumexp": _function(lambda x: torch.logsumexp(x, dim=-1)),
}


def _loss(call: Callable[..., torch.Tensor], target: np.ndarray | None = None) -> Callable[[], Arrays]:
    """Run with each reduction; "g/x" is that of the mean."""

    def run() -> Arrays:
        x = _input(6, 4, scale=2.0)
        wanted = np.random.default_rng(9).normal(size=(6, 4)) if target is None else target
        y = torch.from_numpy(wanted)
        mean = call(x, y, reduction="mean")
        (gradient,) = torch.autograd.grad(mean, x)
        return {
            "x": x.detach().numpy(), "target": wanted, "mean": mean.detach().numpy(), "g/x": gradient.numpy(),
            "sum": call(x, y, reduction="sum").detach().numpy(), "none": call(x, y, reduction="none").detach().numpy(),
        }  # fmt: skip

    return run


CLASSES = np.array([0, 3, 1, 1, 2, 3])
SOME = np.array([0, -100, 1, -100, 2, 3])
ZERO_ONE = (np.arange(24).reshape(6, 4) % 3 == 0).astype(np.float64)
SHARES = np.exp(np.random.default_rng(4).normal(size=(6, 4)))
SHARES /= SHARES.sum(axis=1, keepdims=True)
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)

LOSSES: dict[str, Callable[[], Arrays]] = {
    "mse": _loss(functional.mse_loss),
    "mae": _loss(functional.l1_loss),
    "huber": _loss(lambda x, y, **how: functional.huber_loss(x, y, delta=0.7, **how)),
    "bce": _loss(functional.binary_cross_entropy_with_logits, ZERO_ONE),
    "bce_weighted": _loss(
        lambda x, y, **how: functional.binary_cross_entropy_with_logits(x, y, pos_weight=WEIGHTS, **how), ZERO_ONE
    ),
    "cross_entropy": _loss(functional.cross_entropy, CLASSES),
    "cross_entropy_soft": _loss(functional.cross_entropy, SHARES),
    "cross_entropy_smooth": _loss(
        lambda x, y, **how: functional.cross_entropy(x, y, label_smoothing=0.1, **how), CLASSES
    ),
    "cross_entropy_soft_smooth": _loss(
        lambda x, y, **how: functional.cross_entropy(x, y, label_smoothing=0.1, **how), SHARES
    ),
    "cross_entropy_ignore": _loss(functional.cross_entropy, SOME),
    "cross_entropy_weights": _loss(lambda x, y, **how: functional.cross_entropy(x, y, weight=WEIGHTS, **how), SOME),
    "kl": _loss(
        lambda x, y, **how: functional.kl_div(
            functional.log_softmax(x, -1), y, reduction="batchmean" if how["reduction"] == "mean" else how["reduction"]
        ),
        SHARES,
    ),
    "poisson": _loss(lambda x, y, **how: functional.poisson_nll_loss(x, y.abs(), **how)),
}


def schedules() -> Arrays:
    """Return the rates of 25 steps under PyTorch's schedulers, from a rate of 0.5."""
    kinds = torch.optim.lr_scheduler
    made: dict[str, Callable[[torch.optim.Optimizer], object]] = {
        "step": lambda o: kinds.StepLR(o, 7, 0.3),
        "pieces": lambda o: kinds.MultiStepLR(o, [3, 11], 0.1),
        "exponential": lambda o: kinds.ExponentialLR(o, 0.9),
        "cosine": lambda o: kinds.CosineAnnealingLR(o, 20, 0.05),
        "linear": lambda o: kinds.LinearLR(o, 1.0, 0.2, 10),
        "polynomial": lambda o: kinds.PolynomialLR(o, 12, 2.0),
        "one_cycle": lambda o: kinds.OneCycleLR(o, 0.5, total_steps=25, anneal_strategy="cos"),
    }
    out: Arrays = {}
    for name, make in made.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        scheduler = make(optimizer)
        rates = []
        for step in range(25):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if step < 24:
                scheduler.step()  # type: ignore[attr-defined]
        out[name] = np.array(rates)
    return out


def clipping() -> Arrays:
    """Return three gradients, and what clipping of their common norm and of their values makes of them."""
    generator = np.random.default_rng(2)
    out: Arrays = {}
    parameters = []
    for number, shape in enumerate([(3,), (2, 2), (1, 4)]):
        parameter = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
        out[f"gradient/{number}"] = generator.normal(size=shape) * 3
        parameters.append(parameter)
    for limit in (0.5, 2.0, 100.0):
        for number, parameter in enumerate(parameters):
            parameter.grad = torch.tensor(out[f"gradient/{number}"])
        out[f"norm/{limit}"] = nn.utils.clip_grad_norm_(parameters, limit).numpy()
        out |= {f"clipped/{limit}/{n}": p.grad.numpy().copy() for n, p in enumerate(parameters)}
    return out


def everything() -> dict[str, Arrays]:
    """Return file name → its arrays, keys "case/array"."""
    groups = {
        "layers": {name: run() for name, run in LAYERS.items()},
        "losses": {name: run() for name, run in LOSSES.items()},
        "optimizers": {name: optimizer(name) for name in OPTIMIZERS},
        "others": {
            "schedules": schedules(),
            "clipping": clipping(),
            "groups": _optimizer_groups(),
            "penalty": _penalty(),
        },
    }
    return {
        group: {f"{case}/{key}": np.asarray(value) for case, arrays in cases.items() for key, value in arrays.items()}
        for group, cases in groups.items()
    }
