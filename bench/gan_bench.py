"""One step of a GAN measured: Stochos, PyTorch and JAX on the same work, in one run and one table.

python bench/gan_bench.py [--threads 1 2] [--samples 9]

Generator 64-128-128-2, discriminator 2-128-128-1, relu, batch 256, Adam for both players, the losses of the first GAN
(the generator's non-saturating). Latent numbers are given, so that no tool is timed drawing them. "single loss" is
    softplus(-D(x)) + softplus(D(sg G)) + softplus(-D(G)) - softplus(-D(sg G))
with one backward pass; "alternating" moves D, then G against the D of now. bench/README.md says more.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys

import numpy as np
import summary
import turns

LATENT, WIDTH, BATCH = 64, 128, 256
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, 2)).astype(np.float32)
Z, Z2 = (RANDOM.normal(size=(BATCH, LATENT)).astype(np.float32) for _ in range(2))


# --- Stochos ---------------------------------------------------------------------------------------------------------


def stochos(update):
    def make():
        from stochos import gan, nn
        from stochos.gan import _steps

        def player(out):
            return nn.Sequential([nn.Dense(WIDTH, "relu"), nn.Dense(WIDTH, "relu"), nn.Dense(out)])

        model = gan.GAN(player(2), player(1), "gan", update, latent=LATENT)
        model.generator(Z), model.discriminator(X)
        move = _steps.STEPS[update]

        @nn.compile
        def step(x, *latent):
            given = iter(latent)
            model._latent = lambda _: next(given)
            return move(model, x)

        x = nn.tensor(X[None] if update == "alternating" else X)
        latent = [nn.tensor(Z), nn.tensor(Z2)] if update == "alternating" else [nn.tensor(Z)]
        return lambda: float(step(x, *latent)[0])

    return make


# --- PyTorch ---------------------------------------------------------------------------------------------------------


def torch_players():
    import torch

    def player(first, out):
        return torch.nn.Sequential(
            torch.nn.Linear(first, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU(),
            torch.nn.Linear(WIDTH, out),
        )  # fmt: skip

    return player(LATENT, 2), player(2, 1), torch.from_numpy(X), torch.from_numpy(Z), torch.from_numpy(Z2)


def torch_single(once):
    def make():
        import torch
        from torch.nn.functional import softplus

        g, d, x, z, _ = torch_players()
        optimizer = torch.optim.Adam([*g.parameters(), *d.parameters()], 1e-3, betas=(0.5, 0.999), fused=True)

        def step():
            optimizer.zero_grad(set_to_none=True)
            fake = g(z)
            still = fake.detach()
            if once:
                real, kept, moving = d(torch.cat([x, still, fake])).split(BATCH)
            else:
                real, kept, moving = d(x), d(still), d(fake)
            loss = (softplus(-real) + softplus(kept) + softplus(-moving) - softplus(-kept)).mean()
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    return make


def torch_alternating():
    import torch
    from torch.nn.functional import softplus

    g, d, x, z, z2 = torch_players()
    for_g, for_d = (torch.optim.Adam(p.parameters(), 1e-3, betas=(0.5, 0.999), fused=True) for p in (g, d))

    def step():
        for_d.zero_grad(set_to_none=True)
        loss = (softplus(-d(x)) + softplus(d(g(z).detach()))).mean()
        loss.backward()
        for_d.step()
        for_g.zero_grad(set_to_none=True)
        wish = softplus(-d(g(z2))).mean()
        # Without this D's gradients are computed for nothing.
        for one, slope in zip(g.parameters(), torch.autograd.grad(wish, list(g.parameters())), strict=True):
            one.grad = slope
        for_g.step()
        return loss.item()

    return step


# --- JAX -------------------------------------------------------------------------------------------------------------


def jax_players():
    import jax.numpy as jnp

    def player(first, out):
        widths = (first, WIDTH, WIDTH, out)
        return [
            (jnp.asarray(RANDOM.normal(size=(a, b)) / np.sqrt(a), jnp.float32), jnp.zeros(b, jnp.float32))
            for a, b in itertools.pairwise(widths)
        ]

    def run(p, x):
        for w, b in p[:-1]:
            x = jnp.maximum(x @ w + b, 0)
        return x @ p[-1][0] + p[-1][1]

    return player(LATENT, 2), player(2, 1), run


def jax_adam(state, slopes):
    import jax
    import jax.numpy as jnp

    p, m, v, t = state
    t = t + 1
    m = jax.tree.map(lambda a, g: 0.5 * a + 0.5 * g, m, slopes)
    v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, slopes)
    c1, c2 = 1 - 0.5**t, 1 - 0.999**t
    p = jax.tree.map(lambda a, b, c: a - 1e-3 * (b / c1) / (jnp.sqrt(c / c2) + 1e-8), p, m, v)
    return p, m, v, t


def jax_start(p):
    import jax
    import jax.numpy as jnp

    return p, jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p), jnp.zeros(())


def jax_single():
    import jax
    import jax.numpy as jnp
    from jax.nn import softplus

    g, d, run = jax_players()
    stop = jax.lax.stop_gradient

    def loss_of(p, x, z):
        fake = run(p[0], z)
        real, kept, moving = run(p[1], x), run(p[1], stop(fake)), run(p[1], fake)
        return (softplus(-real) + softplus(kept) + softplus(-moving) - softplus(-kept)).mean()

    @jax.jit
    def step(state, x, z):
        loss, slopes = jax.value_and_grad(loss_of)(state[0], x, z)
        return jax_adam(state, slopes), loss

    state, x, z = [jax_start((g, d))], jnp.asarray(X), jnp.asarray(Z)

    def one():
        state[0], loss = step(state[0], x, z)
        return float(loss)

    return one


def jax_alternating():
    import jax
    import jax.numpy as jnp
    from jax.nn import softplus

    g, d, run = jax_players()

    @jax.jit
    def step(for_g, for_d, x, z, z2):
        fake = run(for_g[0], z)
        loss, slopes = jax.value_and_grad(lambda p: (softplus(-run(p, x)) + softplus(run(p, fake))).mean())(for_d[0])
        for_d = jax_adam(for_d, slopes)
        slopes = jax.grad(lambda p: softplus(-run(for_d[0], run(p, z2))).mean())(for_g[0])
        return jax_adam(for_g, slopes), for_d, loss

    state, given = [jax_start(g), jax_start(d)], [jnp.asarray(a) for a in (X, Z, Z2)]

    def one():
        *state[:], loss = step(*state, *given)
        return float(loss)

    return one


SINGLE = {
    "stochos": stochos("single-loss"),
    "PyTorch, fused Adam": torch_single(False),
    "PyTorch, D once on all rows": torch_single(True),
    "JAX jit": jax_single,
}
OTHER = {
    "stochos, simultaneous": stochos("simultaneous"),
    "stochos, alternating": stochos("alternating"),
    "PyTorch, alternating": torch_alternating,
    "JAX jit, alternating": jax_alternating,
}


def child(threads: int, samples: int) -> None:
    """Measure with a number of threads that is fixed before anything is imported; print one JSON line."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    if turns.installed("torch"):
        import torch

        torch.set_num_threads(threads)
    ready, rows = {}, {}
    for tool, make in (SINGLE | OTHER).items():
        try:
            ready[tool] = make()
            for _ in range(5):
                ready[tool]()
            rows[tool] = []
        except Exception as error:
            rows[tool] = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:90]}"
    rows |= turns.in_turn(ready, threads, samples)
    sys.stdout.write(json.dumps({"threads": threads, "rows": rows}) + "\n")


def table(lines: list[dict]) -> None:
    print("| threads | step | min | median | spread | our single loss is faster by (min / median) |")
    print("| --- | --- | --- | --- | --- | --- |")
    for line in lines:
        ours = line["rows"]["stochos"]
        if isinstance(ours, list):
            peers = {tool: line["rows"][tool] for tool in SINGLE if tool != "stochos"}
            summary.note("training step of a GAN", line["threads"], ours, peers)
        for tool, times in line["rows"].items():
            name = f"{tool}, single loss" if tool in SINGLE else tool
            if isinstance(times, str):
                print(f"| {line['threads']} | {name} | failed | {times} | | |")
                continue
            least, middle = min(times), statistics.median(times)
            ratio = ""
            if tool != "stochos" and isinstance(ours, list):
                ratio = f"{least / min(ours):.2f}× / {middle / statistics.median(ours):.2f}×"
            cells = [str(line["threads"]), name, f"{least * 1e3:.3f} ms", f"{middle * 1e3:.3f} ms"]
            print(f"| {' | '.join([*cells, summary.percent(times), ratio])} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--samples", type=int, default=9, help="samples of each tool, taken in turn")
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.samples)
        return
    lines = turns.children(__file__, options.threads, ["--samples", str(options.samples)])
    print(turns.machine("stochos", "torch", "jax"))
    print("One thread: CPU time of the process. More: wall time.\n")
    table(lines)


if __name__ == "__main__":
    main()
