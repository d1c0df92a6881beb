"""The tour's chapter on reaction networks: write a model, simulate it, and compare with the exact answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from stochos import reactions
from stochos.cli.tour.curves import Panel

if TYPE_CHECKING:
    from stochos.cli.tour.page import Page
    from stochos.reactions import Run

TITLE = "Chemical reactions, one molecule at a time"

# A gene that switches on and off and is copied in bursts (the telegraph model; J. Peccoud and B. Ycart, Theor. Popul.
# Biol. 48 (1995) 222). Only the ratios of the rates matter: the time is in lifetimes of an mRNA.
GENE_SPECIES = {"off": 1, "on": 0, "mRNA": 0}
GENE = ("off <-> on @ activate, silence", "on -> on + mRNA @ copy", "mRNA -> @ decay")
GENE_RATES = {"activate": 0.3, "silence": 0.5, "copy": 25.0, "decay": 1.0}
GENE_UNTIL, GENE_RUNS, GENE_MOST = 20.0, 20_000, 80

# A. J. Lotka and V. Volterra's predators and prey, whose numbers are whole here and may die out.
HUNT_SPECIES = {"prey": 120, "predator": 80}
HUNT = ("prey -> 2 prey @ 1.0", "prey + predator -> 2 predator @ 0.01", "predator -> @ 0.8")
HUNT_UNTIL, HUNT_RUNS = 30.0, 2_000


def run(page: Page, threads: int | None, seed: int) -> dict[str, object]:
    """Write the chapter and return its figures."""
    page.paragraph(
        "In a cell there may be one copy of a gene and ten of its messenger: chance rules, and an equation for the "
        "mean tells half the story. Stochos draws each reaction at its random moment, exactly as the law of chemistry "
        "has it (Gillespie's algorithm), and for small networks it computes the probabilities themselves."
    )
    gene = _gene(page, threads, seed)
    hunt = _hunt(page, threads, seed)
    page.section("Do it yourself")
    lines = "\n".join(f'     "{text}",' for text in GENE)
    page.code(
        "import numpy\nfrom stochos import reactions\n\n"
        f"net = reactions.Network({GENE_SPECIES}, [\n{lines}\n], {GENE_RATES})\n"
        f"times = numpy.linspace(0, {GENE_UNTIL:g}, 101)\n"
        f"run = reactions.simulate(net, times, n={GENE_RUNS})\n"
        'run.mean, run.std, run.to_pandas(), run.plot("band")\n'
        f'exact = reactions.master_equation(net, {{"mRNA": {GENE_MOST}}}, times)\n'
        'exact.marginal("mRNA"), exact.truncation_error'
    )
    return {"gene": gene, "predators": hunt}


def _speed(done: Run) -> float:
    return done.events / max(float(done.settings["seconds"]), 1e-9)


def _gene(page: Page, threads: int | None, seed: int) -> dict[str, object]:
    page.section(
        "A gene in bursts",
        "Three lines of text are the model: a gene switches on and off, is copied while it is on, and its messengers "
        "decay.",
    )
    page.code("\n".join(GENE))
    net = reactions.Network(GENE_SPECIES, GENE, GENE_RATES)
    times = np.linspace(0.0, GENE_UNTIL, 101)
    done = reactions.simulate(net, times, GENE_RUNS, seed=seed, threads=threads)
    start = time.perf_counter()
    exact = reactions.master_equation(net, {"mRNA": GENE_MOST}, times, threads=threads)
    seconds = time.perf_counter() - start
    page.facts(
        {
            "trajectories": f"{GENE_RUNS:,}",
            "reactions fired": f"{done.events:,}",
            "simulating": f"{done.settings['seconds']:.2f} s",
            "reactions a second": f"{_speed(done) / 1e6:.1f} million",
            "exact answer": f"{seconds * 1e3:.0f} ms",
        }
    )
    place = done.index("mRNA")
    mean, std, paths = done.mean[:, place], done.std[:, place], done["mRNA"][:3]
    top = max(float((mean + std).max()), float(paths.max())) * 1.05
    panel = Panel((0, GENE_UNTIL), (0, top), "time (lifetimes of an mRNA)", "mRNA molecules", "mRNA over time")
    panel.band(times, np.maximum(mean - std, 0.0), mean + std, 0)
    for group, path in enumerate(paths, start=1):
        panel.curve(times, path, group, steps=True)
    panel.curve(times, mean, 0, wide=True)
    panel.name("mean ± sd", 0)
    panel.name("three single cells", 1)
    page.figure(panel.svg(), f"Mean and standard deviation of {GENE_RUNS:,} cells, and three of them.")

    probabilities = exact.marginal("mRNA")[-1]
    counts = np.bincount(done["mRNA"][:, -1].astype(np.int64), minlength=GENE_MOST + 1)
    frequencies = counts / counts.sum()
    distance = 0.5 * float(np.abs(frequencies[: probabilities.size] - probabilities).sum())
    page.section(
        "Against the exact answer",
        f"The network has {len(exact.states):,} states with at most {GENE_MOST} messengers. The master equation gives "
        "the probability of each, without a random number.",
    )
    at = place, exact.species.index("mRNA")
    error = float(std[-1]) / np.sqrt(GENE_RUNS)
    page.table(
        ("at the end", "simulated", "exact"),
        [
            ("mean", f"{mean[-1]:.3f} ± {error:.3f}", f"{exact.mean[-1, at[1]]:.3f}"),
            ("standard deviation", f"{std[-1]:.3f}", f"{exact.std[-1, at[1]]:.3f}"),
            ("probability of none", f"{frequencies[0]:.4f}", f"{probabilities[0]:.4f}"),
            ("outside the states kept", "", f"{exact.truncation_error[-1]:.1e}"),
        ],
        numbers=(1, 2),
    )
    shown = int(np.flatnonzero(np.cumsum(probabilities) > 0.9995)[0]) + 1
    top = 1.08 * max(float(frequencies.max()), float(probabilities.max()))
    panel = Panel((-0.5, shown), (0, top), "mRNA molecules at the end", "probability", "Distribution of mRNA")
    panel.bars(frequencies[:shown], 0)
    panel.curve(np.arange(shown, dtype=np.float64), probabilities[:shown], 1, wide=True)
    panel.name("simulated", 0)
    panel.name("master equation", 1)
    page.figure(
        panel.svg(),
        "Cells whose gene is off have few messengers, cells whose gene is on have many: no bell curve. The line is the "
        f"exact distribution; the two differ by {distance:.3f} in total variation.",
    )
    return {
        "runs": GENE_RUNS,
        "events": done.events,
        "events_per_second": round(_speed(done)),
        "mean": [round(float(mean[-1]), 4), round(float(exact.mean[-1, at[1]]), 4)],
        "standard_error": round(float(error), 4),
        "total_variation": round(distance, 4),
        "truncation_error": float(exact.truncation_error[-1]),
    }


def _hunt(page: Page, threads: int | None, seed: int) -> dict[str, object]:
    page.section(
        "Predators and prey",
        "Lotka and Volterra's equations go round for ever. With whole animals the swings grow by chance until one kind "
        "dies out.",
    )
    page.code("\n".join(HUNT))
    net = reactions.Network(HUNT_SPECIES, HUNT, {})
    times = np.linspace(0.0, HUNT_UNTIL, 301)
    one = reactions.simulate(net, times, seed=seed, threads=threads)
    # Without predators the prey grow without end, so each trajectory has a limit.
    many = reactions.simulate(
        net, [HUNT_UNTIL], HUNT_RUNS, seed=seed, threads=threads, keep="final", max_events=100_000
    )
    final = many.final
    assert final is not None  # keep="final" holds it
    extinct = float((final[:, many.index("predator")] == 0).mean())
    values = one["prey"][0], one["predator"][0]
    top = 1.05 * max(float(v[~np.isnan(v)].max()) for v in values)
    panel = Panel((0, HUNT_UNTIL), (0, top), "time", "animals", "Predators and prey over time")
    for group, (name, path) in enumerate(zip(("prey", "predators"), values, strict=True)):
        panel.curve(times, path, group, steps=True)
        panel.name(name, group)
    page.figure(panel.svg(), "One trajectory.")
    page.facts(
        {
            "trajectories": f"{HUNT_RUNS:,}",
            "reactions fired": f"{many.events:,}",
            "simulating": f"{many.settings['seconds']:.2f} s",
            "reactions a second": f"{_speed(many) / 1e6:.1f} million",
            f"predators died out by {HUNT_UNTIL:g}": f"{100 * extinct:.1f} %",
        }
    )
    return {"runs": HUNT_RUNS, "events": many.events, "events_per_second": round(_speed(many)), "extinct": extinct}
