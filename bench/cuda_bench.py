"""A graphics card beside all processor cores: ensembles, SGD and products, in one run and one table.

python bench/cuda_bench.py [--samples 5] [--threads N] [--quick]

bench/README.md says what the rows mean. Without a card, or in a build without CUDA, it says so and ends well.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import turns

from stochos import _core, cuda, datasets, reactions, words

NETWORKS = {
    "birth-death": (reactions.Network({"X": 0}, ["-> X @ 10", "X -> @ 0.1"], {}), 50.0),
    "dimerisation": (reactions.Network({"P": 300, "D": 0}, ["2 P -> D @ 0.002", "D -> 2 P @ 0.05"], {}), 20.0),
    "chain of 40": (
        reactions.Network(
            {f"S{i}": 20 for i in range(41)}, [f"S{i} -> S{i + 1} @ 0.5" for i in range(40)] + ["S40 -> S0 @ 0.5"], {}
        ),
        20.0,
    ),
}


def ensembles(quick: bool, threads: int):
    """Moments at 51 times, of so many trajectories that a card is full."""
    n = 20_000 if quick else 1_000_000
    for name, (net, until) in NETWORKS.items():
        times = np.linspace(0.0, until, 51)

        def run(device: str, net=net, times=times) -> None:
            reactions.simulate(net, times, n, keep="moments", threads=threads, device=device, progress=False)

        yield f"ensemble, {name}, {n:,} trajectories", run


def fits(quick: bool, threads: int):
    """Epochs of SGD from a random start, so that nothing else is timed but the preparation of the pairs."""
    counts = words.count(datasets.path("bible-asv"), window=10, min_count=5, threads=threads, progress=False)
    for dim in (100,) if quick else (100, 300):

        def run(device: str, dim=dim) -> None:
            words.fit(
                counts, dim=dim, epochs=1 if quick else 10, start="random", flatten=0.0, threads=threads, device=device,
                progress=False,
            )  # fmt: skip

        yield f"SGD, {len(counts):,} words, dimension {dim}", run


def products(quick: bool, threads: int):  # noqa: ARG001 - the tensors take what STOCHOS_NUM_THREADS allows
    """Square float32 products, with the way over the bus; the processor's by the tensors of stochos.nn."""
    from stochos import nn

    for size in (1024,) if quick else (1024, 4096, 8192):
        rng = np.random.default_rng(0)
        a, b = (rng.normal(size=(size, size)).astype(np.float32) for _ in range(2))

        def run(device: str, a=a, b=b) -> None:
            if device == "cuda":
                cuda.matmul(a, b)
            else:
                np.asarray(nn.matmul(nn.tensor(a), nn.tensor(b)))

        yield f"product {size} ({cuda.product_library() or 'own kernel'})", run


def elementwise(quick: bool, threads: int):  # noqa: ARG001 - the processor's expression runs on one thread
    """One expression of five functions over many numbers; the processor's on one thread."""
    n = 1_000_000 if quick else 50_000_000
    x = np.linspace(-3.0, 3.0, n)
    text = "exp(-x*x)*sin(3*x)+tanh(x)/(1+log(1+x*x))+sqrt(abs(x))"

    def run(device: str) -> None:
        if device == "cuda":
            cuda.evaluate(text, x=x)
        else:
            _core.Expression(text, "bench").evaluate({"x": x})

    yield f"expression over {n:,} numbers (processor: one thread)", run


def seconds(run: Callable[[str], None], samples: int) -> dict[str, list[float]]:
    """Return the wall times on the processor and on the card, taken in turn after one call that does not count."""
    taken: dict[str, list[float]] = {"cpu": [], "cuda": []}
    for device in taken:
        run(device)
    for _ in range(samples):
        for device, times in taken.items():
            start = time.perf_counter()
            run(device)
            times.append(time.perf_counter() - start)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=5, help="samples of each, taken in turn")
    parser.add_argument("--threads", type=int, default=_core.default_threads(), help="threads of the processor's side")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    options = parser.parse_args()
    print(turns.machine("stochos"))
    if not cuda.is_available():
        print("no GPU: the build has no CUDA" if not cuda.is_built() else "no GPU: CUDA shows no card")
        return
    card = cuda.devices()[0]
    print(
        f"{card.name}, {card.processors} multiprocessors, {card.memory / 2**30:.0f} GiB; {options.threads} threads.\n"
    )
    print("| work | processor, min / median | card, min / median | card is faster by (min / median) |")
    print("| --- | --- | --- | --- |")
    for make in (ensembles, fits, products, elementwise):
        for name, run in make(options.quick, options.threads):
            times = seconds(run, options.samples)
            least = {device: min(taken) for device, taken in times.items()}
            middle = {device: statistics.median(taken) for device, taken in times.items()}
            cells = [f"{least[d] * 1e3:.1f} / {middle[d] * 1e3:.1f} ms" for d in ("cpu", "cuda")]
            ratio = f"{least['cpu'] / least['cuda']:.1f}× / {middle['cpu'] / middle['cuda']:.1f}×"
            print("| " + " | ".join([name, *cells, ratio]) + " |", flush=True)


if __name__ == "__main__":
    main()
