"""The work of nn_bench.py, once for each tool: a function that prepares and returns a function to be timed."""

from __future__ import annotations

import numpy as np

NUMBERS = 1_000_000
NODES = 400
RANDOM = np.random.default_rng(0)
A, B = (RANDOM.normal(size=NUMBERS).astype(np.float32) for _ in range(2))
X = RANDOM.normal(size=(64, 784)).astype(np.float32)
Y = RANDOM.integers(0, 10, size=64)
W1 = (RANDOM.normal(size=(784, 128)) * 0.05).astype(np.float32)
W2 = (RANDOM.normal(size=(128, 10)) * 0.1).astype(np.float32)
SMALL = RANDOM.normal(size=(4, 4)).astype(np.float32)


def squares(n):
    return (RANDOM.normal(size=(n, n)).astype(np.float32) for _ in range(2))


# --- Stochos ---------------------------------------------------------------------------------------------------------


def stochos_gemm(n):
    from stochos import nn

    a, b = map(nn.tensor, squares(n))
    return lambda: nn.evaluate(a @ b)


def stochos_chain():
    from stochos import nn
    from stochos._core import ops

    a, b = nn.tensor(A), nn.tensor(B)
    step = nn.compile(lambda a, b: ops.exp(ops.tanh(a * b + a) * 0.5 + 1))
    return lambda: nn.evaluate(step(a, b))


def stochos_mlp():
    from stochos import nn
    from stochos._core import ops

    start = (W1, np.zeros(128, dtype=np.float32), W2, np.zeros(10, dtype=np.float32))
    variables = [nn.Variable(value) for value in start]
    optimizer = nn.Adam(1e-3)

    def loss_of(x, y):
        w1, b1, w2, b2 = variables
        return nn.losses.cross_entropy(ops.relu(x @ w1 + b1) @ w2 + b2, y)

    @nn.compile
    def step(x, y):
        loss, gradients = nn.value_and_grad(lambda: loss_of(x, y), wrt=variables)()
        optimizer.update(variables, gradients)
        return loss

    x, y = nn.tensor(X), nn.tensor(Y)
    return lambda: float(step(x, y))


def stochos_node():
    from stochos import nn
    from stochos._core import ops

    # A chain that cannot be fused: every other node is a product of matrices.
    @nn.compile
    def step(x):
        for _ in range(NODES // 2):
            x = ops.tanh(x @ x)
        return x

    x = nn.tensor(SMALL)
    return lambda: nn.evaluate(step(x))


def stochos_node_eager():
    from stochos import nn
    from stochos._core import ops

    start = nn.tensor(SMALL)

    def run():
        x = start
        for _ in range(NODES // 2):
            x = ops.tanh(x @ x)
        nn.evaluate(x)

    return run


# --- PyTorch ---------------------------------------------------------------------------------------------------------


def torch_gemm(n):
    import torch

    a, b = map(torch.from_numpy, squares(n))
    return lambda: a @ b


def torch_chain(wrap=lambda f: f):
    import torch

    a, b = torch.from_numpy(A), torch.from_numpy(B)
    run = wrap(lambda a, b: torch.exp(torch.tanh(a * b + a) * 0.5 + 1))
    return lambda: run(a, b)


def torch_mlp(wrap=lambda f: f):
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    loss_of = wrap(lambda x, y: torch.nn.functional.cross_entropy(model(x), y))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(x, y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_compiled(make):
    def prepare():
        import torch

        return make(torch.compile)

    return prepare


def torch_node():
    import torch

    start = torch.from_numpy(SMALL)

    def run():
        x = start
        with torch.no_grad():
            for _ in range(NODES // 2):
                x = torch.tanh(x @ x)
        return x

    return run


# --- JAX -------------------------------------------------------------------------------------------------------------


def jax_gemm(n):
    import jax

    a, b = map(jax.numpy.asarray, squares(n))
    run = jax.jit(lambda a, b: a @ b)
    return lambda: run(a, b).block_until_ready()


def jax_chain():
    import jax
    import jax.numpy as jnp

    a, b = jnp.asarray(A), jnp.asarray(B)
    run = jax.jit(lambda a, b: jnp.exp(jnp.tanh(a * b + a) * 0.5 + 1))
    return lambda: run(a, b).block_until_ready()


def jax_mlp():
    import jax
    import jax.numpy as jnp

    def loss_of(p, x, y):
        hidden = jax.nn.relu(x @ p[0] + p[1])
        logs = jax.nn.log_softmax(hidden @ p[2] + p[3])
        return -jnp.mean(jnp.take_along_axis(logs, y[:, None], axis=1))

    def step(state, x, y):
        p, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(p, x, y)
        t = t + 1
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g, strict=True)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g, strict=True)]
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t
        p = [a - 1e-3 * (b / c1) / (jnp.sqrt(c / c2) + 1e-8) for a, b, c in zip(p, m, v, strict=True)]
        return (p, m, v, t), loss

    run = jax.jit(step, donate_argnums=0)
    p = [jnp.asarray(W1), jnp.zeros(128), jnp.asarray(W2), jnp.zeros(10)]
    state = [(p, [jnp.zeros_like(a) for a in p], [jnp.zeros_like(a) for a in p], jnp.zeros(()))]
    x, y = jnp.asarray(X), jnp.asarray(Y)

    def one():
        state[0], loss = run(state[0], x, y)
        return float(loss)

    return one


def jax_node():
    import jax
    import jax.numpy as jnp

    def chain(x):
        for _ in range(NODES // 2):
            x = jnp.tanh(x @ x)
        return x

    run, x = jax.jit(chain), jnp.asarray(SMALL)
    return lambda: run(x).block_until_ready()


# --- NumPy -----------------------------------------------------------------------------------------------------------


def numpy_gemm(n):
    a, b = squares(n)
    return lambda: a @ b


def numpy_chain():
    return lambda: np.exp(np.tanh(A * B + A) * np.float32(0.5) + np.float32(1))


def numpy_node():
    def run():
        x = SMALL
        for _ in range(NODES // 2):
            x = np.tanh(x @ x)
        return x

    return run


TASKS = {
    "gemm": {"stochos": stochos_gemm, "NumPy": numpy_gemm, "PyTorch": torch_gemm, "JAX jit": jax_gemm},
    "chain": {
        "stochos": stochos_chain, "PyTorch": torch_chain, "torch.compile": torch_compiled(torch_chain),
        "JAX jit": jax_chain, "NumPy": numpy_chain,
    },
    "mlp": {
        "stochos": stochos_mlp, "PyTorch, fused Adam": torch_mlp, "torch.compile": torch_compiled(torch_mlp),
        "JAX jit": jax_mlp,
    },
    "node": {
        "stochos": stochos_node, "stochos, not compiled": stochos_node_eager, "PyTorch": torch_node,
        "JAX jit": jax_node, "NumPy": numpy_node,
    },
}  # fmt: skip
