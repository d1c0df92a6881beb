"""Jacobians of an LSTM at every step: nn.gradient_flow beside torch.func.jacrev over a loop of LSTMCell, in one run.

    python bench/gradient_flow_bench.py

All make the whole (c, h) Jacobian of every step and sequence as one array, on one thread, from float32 weights; another
row makes dc_t/dc_{t-1} and its four terms. CPU time, least and median of the repetitions, which take turns. The last
rows time the parts of the report at T = 1000, H = 256.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import summary  # noqa: E402
import turns  # noqa: E402

from stochos import nn  # noqa: E402
from stochos.nn.flow import Weights  # noqa: E402

SHAPES = ((16, 50, 32, 64), (16, 25, 64, 128))  # B, T, C, H


def values(batch, steps, channels, units):
    random = np.random.default_rng(0)
    bound = units**-0.5

    def draw(*shape):
        return random.uniform(-bound, bound, size=shape).astype(np.float32)

    x = random.normal(size=(batch, steps, channels)).astype(np.float32)
    return x, draw(channels, 4 * units), draw(units, 4 * units), draw(4 * units)


def ours(x, kernel, recurrent, bias, what, dtype):
    flow = nn.gradient_flow(Weights("LSTM", kernel, recurrent, bias), x, dtype=dtype)
    if what == "whole":
        return flow.whole.jacobians
    return [flow.jacobians, *(flow.terms[name] for name in flow.term_names)]


def torch_cell(x, kernel, recurrent, bias):
    import torch

    torch.set_num_threads(1)
    cell = torch.nn.LSTMCell(kernel.shape[0], recurrent.shape[0])
    with torch.no_grad():
        cell.weight_ih.copy_(torch.from_numpy(kernel.T.copy()))
        cell.weight_hh.copy_(torch.from_numpy(recurrent.T.copy()))
        cell.bias_ih.copy_(torch.from_numpy(bias))
        cell.bias_hh.zero_()
    inputs, size = torch.from_numpy(x), recurrent.shape[0]
    held = {name: value.detach() for name, value in cell.named_parameters()}

    def step(state, given):
        h, c = torch.func.functional_call(cell, held, (given[None], (state[None, size:], state[None, :size])))
        return torch.cat([c[0], h[0]])

    # One Jacobian a sequence by reverse mode, all sequences at once.
    batched = torch.func.vmap(torch.func.jacrev(step))

    def run():
        state = torch.zeros(x.shape[0], 2 * size)
        made = []
        for t in range(x.shape[1]):
            made.append(batched(state, inputs[:, t]))
            with torch.no_grad():
                h, c = cell(inputs[:, t], (state[:, size:], state[:, :size]))
            state = torch.cat([c, h], dim=1)
        return torch.stack(made, dim=1).numpy()

    return run


def timed(run):
    begin = time.process_time()
    result = run()
    return time.process_time() - begin, result


def compare(shape, repeat, peers):
    x, kernel, recurrent, bias = values(*shape)
    runs = {
        "nn.gradient_flow, float32": lambda: ours(x, kernel, recurrent, bias, "whole", "float32"),
        "nn.gradient_flow, float64": lambda: ours(x, kernel, recurrent, bias, "whole", "float64"),
        "nn.gradient_flow, dc/dc' and its terms, float32": lambda: ours(x, kernel, recurrent, bias, "terms", "float32"),
    }
    if peers:
        runs["torch.func.jacrev over LSTMCell, float32"] = torch_cell(x, kernel, recurrent, bias)
    seconds = {name: [] for name in runs}
    found = {}
    for _ in range(repeat):
        for name, run in runs.items():
            spent, found[name] = timed(run)
            seconds[name].append(spent)
    names = list(runs)
    mine, theirs = seconds[names[0]], {"PyTorch": seconds[names[3]]} if peers else {}
    place = f"{shape[0]} × {shape[1]} steps, {shape[3]} units"
    summary.note(f"Jacobians of an LSTM, {place}", 1, mine, theirs)
    for name, spent in seconds.items():
        ratio = f"{min(spent) / min(mine):.1f}× / {statistics.median(spent) / statistics.median(mine):.1f}×"
        figures = [f"{least(spent) * 1e3:.2f} ms" for least in (min, statistics.median)]
        print(f"| {' | '.join([place, name, *figures, summary.percent(spent), ratio])} |")
    if peers:
        return f"{place}: largest difference of the Jacobians {np.abs(found[names[0]] - found[names[3]]).max():.1e}"
    return ""


def report(steps, units):
    x, kernel, recurrent, bias = values(1, steps, 16, units)
    weights = Weights("LSTM", kernel, recurrent, bias + np.repeat([0, 3, 0, 0], units))
    spent, flow = timed(lambda: nn.gradient_flow(weights, x))
    parts = {
        "run in float64": spent,
        "verdict": timed(lambda: flow.verdict)[0],
        "norms of the last 1 ... T Jacobians' product": timed(lambda: flow.norms)[0],
        "spectral norms of all steps": timed(lambda: flow.spectral_norms)[0],
        "product norms over (end, lag), 32 ends": timed(lambda: flow.product_norms())[0],
        "spectral radii, 64 steps": timed(lambda: flow.spectral_radii())[0],
        "Lyapunov exponents of c's chain": timed(lambda: flow.chain.lyapunov)[0],
    }
    print(f"\n| parts of a report, 1 × {steps} steps, {units} units | s |\n| --- | --- |")
    for name, value in parts.items():
        print(f"| {name} | {value:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--no-peers", action="store_true", help="without PyTorch")
    parser.add_argument("--no-report", action="store_true", help="without the rows at T = 1000, H = 256")
    arguments = parser.parse_args()
    peers = not arguments.no_peers and bool(turns.installed("torch"))
    print(turns.machine("stochos", "torch", "numpy"))
    print("One thread, CPU time.\n")
    print("| sequences | tool | min | median | spread | of the first line's time (min / median) |")
    print("| --- | --- | --- | --- | --- | --- |")
    told = [compare(shape, arguments.repeat, peers) for shape in SHAPES]
    print("\n" + "  \n".join(filter(None, told)))
    if not arguments.no_report:
        report(1000, 256)


if __name__ == "__main__":
    main()
