"""With PyTorch installed: the same layers, masks and training runs beside it, over many settings.

The fixtures hold one small case of each; here settings are drawn, so that their combinations are met too.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stochos import nn

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")
functional = torch.nn.functional
CLOSE = {"rtol": 1e-9, "atol": 1e-11}


def drawn(*shape: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=shape)


def leaf(array):
    return torch.tensor(np.ascontiguousarray(array), requires_grad=True)


SETTINGS = list(itertools.product([1, 2, (2, 3)], ["valid", "same"], [1, 2, (1, 2)], [1, 2], [(3, 3), (2, 4)]))


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups", "size"), SETTINGS)
def test_convolutions(stride, padding, dilation, groups, size):
    x, kernel, bias = drawn(2, 9, 10, 4), drawn(*size, 4 // groups, 6, seed=1), drawn(6, seed=2)
    layer = nn.Conv2D(
        6, size, stride=stride, padding=padding, dilation=dilation, groups=groups, dtype="float64", seed=0
    )
    layer(x)
    layer.set_state({"kernel": kernel, "bias": bias})
    a, w, b = leaf(np.moveaxis(x, -1, 1)), leaf(np.moveaxis(kernel, (-1, -2), (0, 1))), leaf(bias)
    given = a
    if padding == "same":
        # ceil(n / stride) results; what is missing stands around, the odd one after (as TensorFlow has it).
        widths = []
        pairs = [(v, v) if isinstance(v, int) else v for v in (stride, dilation)]
        for n, k, s, d in reversed(list(zip(x.shape[1:3], size, *pairs, strict=True))):
            lack = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
            widths += [lack // 2, lack - lack // 2]
        given = functional.pad(a, widths)
    y = functional.conv2d(given, w, b, stride=stride, dilation=dilation, groups=groups)
    c = drawn(*y.shape, seed=3)
    y.backward(torch.tensor(c))
    ours = np.moveaxis(c, 1, -1)
    np.testing.assert_allclose(layer(x).numpy(), np.moveaxis(y.detach().numpy(), 1, -1), **CLOSE)
    by_x = nn.grad(lambda t: nn.sum(layer(t) * ours))(x)
    by_kernel, by_bias = nn.grad(lambda: nn.sum(layer(x) * ours), wrt=[layer.kernel, layer.bias])()
    np.testing.assert_allclose(by_x.numpy(), np.moveaxis(a.grad.numpy(), 1, -1), **CLOSE)
    np.testing.assert_allclose(by_kernel.numpy(), np.moveaxis(w.grad.numpy(), (0, 1), (-1, -2)), **CLOSE)
    np.testing.assert_allclose(by_bias.numpy(), b.grad.numpy(), **CLOSE)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("causal", [False, True])
def test_attention_with_masks(seed: int, causal: bool):
    q, k, v = (drawn(2, 3, 5, 8, seed=3 * seed + n) for n in range(3))
    mask = np.random.default_rng(seed).random((2, 1, 5, 5)) < 0.6
    mask |= np.eye(5, dtype=bool)  # PyTorch gives NaN for a query that may look nowhere
    whole = mask & np.tril(np.ones((5, 5), bool)) if causal else mask
    given = [leaf(a) for a in (q, k, v)]
    y = functional.scaled_dot_product_attention(*given, attn_mask=torch.tensor(whole))
    y.sum().backward()
    np.testing.assert_allclose(nn.attention(q, k, v, mask=mask, causal=causal).numpy(), y.detach().numpy(), **CLOSE)
    found = nn.grad(lambda *t: nn.sum(nn.attention(*t, mask=mask, causal=causal)), argnums=(0, 1, 2))(q, k, v)
    for gradient, theirs in zip(found, given, strict=True):
        np.testing.assert_allclose(gradient.numpy(), theirs.grad.numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("momentum", [0.01, 0.3])
def test_running_statistics_and_second_derivatives_of_batch_norm(momentum: float):
    theirs = torch.nn.BatchNorm1d(3, eps=1e-4, momentum=momentum).double()
    ours = nn.BatchNorm(1 - momentum, 1e-4, dtype="float64")
    for seed in range(5):
        x = drawn(8, 3, seed=seed) * (1 + seed) + seed
        np.testing.assert_allclose(
            ours(x, training=True).numpy(), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-8, atol=1e-10
        )
    np.testing.assert_allclose(ours.moving_mean.numpy(), theirs.running_mean.numpy(), **CLOSE)
    np.testing.assert_allclose(ours.moving_variance.numpy(), theirs.running_var.numpy(), **CLOSE)
    theirs.eval()
    np.testing.assert_allclose(ours(x).numpy(), theirs(torch.tensor(x)).detach().numpy(), **CLOSE)
    theirs.train()
    t = leaf(x)
    (slope,) = torch.autograd.grad((theirs(t) ** 3).sum(), t, create_graph=True)
    (curve,) = torch.autograd.grad((slope**2).sum(), t)
    with nn.no_updates():
        inner = nn.grad(lambda z: nn.sum(ours(z, training=True) ** 3))
        found = nn.grad(lambda z: nn.sum(inner(z) ** 2))(x)
    np.testing.assert_allclose(found.numpy(), curve.numpy(), rtol=1e-7, atol=1e-8)


RUNS = {
    "sgd": (
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
        lambda: nn.SGD(0.1, momentum=0.9, nesterov=True),
    ),
    "rmsprop": (lambda p: torch.optim.RMSprop(p, 1e-2), lambda: nn.RMSprop(1e-2)),
    "adagrad": (lambda p: torch.optim.Adagrad(p, 0.1), lambda: nn.Adagrad(0.1)),
    "adam": (lambda p: torch.optim.Adam(p, 1e-2), lambda: nn.Adam(1e-2)),
    "adamw": (lambda p: torch.optim.AdamW(p, 1e-2), lambda: nn.AdamW(1e-2)),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", list(RUNS))
def test_forty_steps_of_a_network_that_shares_a_layer(name: str, compiled: bool):
    # In double precision the runs stay together: each loss, and the weights at the end.
    x, y = drawn(32, 5), np.arange(32) % 3
    again, head = nn.Dense(5, activation="tanh", dtype="float64", seed=1), nn.Dense(3, dtype="float64", seed=2)
    start = nn.Input((5,), dtype="float64")
    model = nn.Model(start, head(again(again(again(start)))))
    w = [leaf(np.array(v.numpy())) for v in (again.kernel, again.bias, head.kernel, head.bias)]
    theirs, optimizer = RUNS[name][0](w), RUNS[name][1]()
    expected = []
    for _ in range(40):
        h = torch.tensor(x)
        for _ in range(3):
            h = torch.tanh(h @ w[0] + w[1])
        loss = functional.cross_entropy(h @ w[2] + w[3], torch.tensor(y))
        theirs.zero_grad()
        loss.backward()
        theirs.step()
        expected.append(loss.item())
    history = model.fit(
        x, y, loss="cross_entropy", optimizer=optimizer, epochs=40, batch_size=32, shuffle=False, compile=compiled
    )
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-8)
    for ours, its in zip((again.kernel, again.bias, head.kernel, head.bias), w, strict=True):
        np.testing.assert_allclose(ours.numpy(), its.detach().numpy(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("shape", "groups"), [((4, 200, 300), 1), ((3, 3, 40, 60), 2)])
def test_default_kernels_have_the_spread_of_xavier(shape, groups: int):
    # Four standard errors of a standard deviation of 10^4 and more uniform numbers.
    layer = (nn.Conv1D if len(shape) == 3 else nn.Conv2D)(shape[-1], shape[:-2], seed=0, groups=groups)
    layer(np.zeros((1, *(8 for _ in shape[:-2]), shape[-2])))
    reference = torch.empty(shape[-1], shape[-2] // groups, *shape[:-2])
    torch.manual_seed(0)
    torch.nn.init.xavier_uniform_(reference)
    values = layer.kernel.numpy()
    assert values.shape == (*shape[:-2], shape[-2] // groups, shape[-1])
    assert values.std() == pytest.approx(reference.numpy().std(), rel=4 / np.sqrt(values.size))
    assert np.abs(values).max() == pytest.approx(np.abs(reference.numpy()).max(), rel=1e-2)
