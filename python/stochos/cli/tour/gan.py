"""The tour's chapter on divergences and GANs: an estimate from samples, and a mixture that is learned."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from stochos import gan
from stochos.cli.tour import panels
from stochos.cli.tour.curves import Panel
from stochos.gan import _ready

if TYPE_CHECKING:
    from stochos.cli.tour.page import Page

TITLE = "Divergences, and a GAN from one loss"

SAMPLES, STEPS = 5000, 2400
LOOKS = (60, 240, 600, 1200, 1800, STEPS)
NAMES = ("kl", "js", "squared_hellinger", "total_variation")


def run(page: Page, threads: int | None, seed: int) -> dict[str, object]:  # noqa: ARG001 - the work is too small for threads
    """Write the chapter and return its figures."""
    page.paragraph(
        "Every convex f with f(1) = 0 makes a divergence between two laws, and each is a maximum over functions: a "
        "network that looks for the maximum estimates it from samples alone. A GAN plays against such a network. In "
        "Stochos one f is enough for all of it, one of your own too, and both players learn from one loss."
    )
    estimates = _estimates(page, seed)
    ring = _ring(page, seed)
    page.section("Do it yourself")
    page.code(
        "from stochos import gan, nn\n\n"
        'd = gan.divergence("kl")                              # or gan.Divergence.from_expression("u*log(u)")\n'
        "d.estimate(x, y), d.gaussian(0, 1, 1, 2), d.between(p, q)\n\n"
        'g = nn.Sequential([nn.Dense(128, "relu"), nn.Dense(128, "relu"), nn.Dense(2)])\n'
        'c = nn.Sequential([nn.Dense(128, "relu"), nn.Dense(128, "relu"), nn.Dense(1)])\n'
        'model = gan.GAN(g, c, "squared_hellinger", latent=2, gradient_penalty=0.1, penalty_center=0)\n'
        "model.fit(gan.ring(8, deviation=0.1), steps=5000)\n"
        "print(gan.audit(model)); model.sample(1000)"
    )
    return {"estimates": estimates, "ring": ring}


def _estimates(page: Page, seed: int) -> dict[str, object]:
    page.section(
        "A divergence from samples",
        f"{SAMPLES:,} points of each of two Gaussians, N(0, 1) and N(1, 2). The estimate is a lower bound, measured on "
        "points that the network was not trained on; the exact value comes from the formulas of the laws.",
    )
    random = np.random.default_rng(seed)
    x, y = random.normal(0.0, 1.0, SAMPLES), random.normal(1.0, 2.0, SAMPLES)
    rows: list[tuple[str, ...]] = []
    figures: dict[str, object] = {}
    for name in NAMES:
        d = gan.divergence(name)
        found = d.estimate(x, y, steps=300, batch_size=256, learning_rate=1e-2, seed=seed, progress=False)
        exact = d.gaussian(0.0, 1.0, 1.0, 2.0)
        rows.append(
            (name.replace("_", " "), f"{exact:.4f}", f"{found.value:.4f}", f"{found.low:.4f} to {found.high:.4f}")
        )
        figures[name] = {"exact": exact, "estimate": found.value, "low": found.low, "high": found.high}
    page.table(("divergence", "exact", "estimate", "95 % interval"), rows, numbers=(1, 2, 3))
    return figures


def _ring(page: Page, seed: int) -> dict[str, object]:
    law = gan.ring(8, deviation=0.1)
    page.section(
        "A mixture is learned",
        "The generator turns two normal numbers into a point; the real points lie on eight small Gaussians in a ring. "
        "Squared Hellinger distance, both players moved by one backward pass of one loss.",
    )
    model = _ready.plain(2, "squared_hellinger", steps=STEPS, seed=seed)
    pictures: dict[int, object] = {}

    def look(model: gan.GAN) -> None:
        if model.steps in LOOKS:
            pictures[model.steps] = model.sample(400, seed=seed)

    start = time.perf_counter()
    history = model.fit(law, steps=STEPS, seed=seed, log_every=20, callbacks=[look], progress=False)
    seconds = time.perf_counter() - start
    made = model.sample(5000, seed=seed)
    found = gan.metrics.coverage(made, law)
    page.facts(
        {
            "steps": f"{STEPS:,}",
            "training": f"{seconds:.1f} s",
            "modes found": f"{found.modes} of 8",
            "within 3 deviations": f"{found.quality:.1%}",
        }
    )
    shown = {step: np.asarray(points, dtype=np.float64) for step, points in sorted(pictures.items())}
    beneath = np.array(law.sample(300, seed), dtype=np.float64)
    titles = [f"step {step:,}" for step in shown]
    page.figure(
        panels.clouds(beneath, list(shown.values()), titles, 3.0, "The ring is learned"),
        "What the generator makes, over real points, as it learns.",
    )
    steps, estimate = np.array(history["step"]), np.array(history["estimate"])
    curve = Panel(
        (0.0, float(STEPS)), (min(0.0, float(estimate.min())), float(estimate.max()) * 1.05), "step",
        "bound on the divergence", "The divergence while the ring is learned",
    )  # fmt: skip
    curve.curve(steps, estimate, 0)
    page.figure(
        curve.svg(),
        "The discriminator's lower bound on the squared Hellinger distance: it rises while the discriminator learns to "
        "tell, and falls as there is less to be told.",
    )
    audit = gan.audit(model, law.sample(64, seed))
    page.paragraph(
        "Which term of the loss reaches which player, as norms of gradients: the generator's term leaves the "
        "discriminator alone, exactly."
    )
    page.table(
        ("term", "by discriminator", "by generator"),
        [
            (term, f"{audit.norms[term, 'discriminator']:.4g}", f"{audit.norms[term, 'generator']:.4g}")
            for term in audit.values
        ],
        numbers=(1, 2),
    )
    return {
        "modes": found.modes,
        "quality": round(found.quality, 4),
        "estimate": history["estimate"][-1],
        "seconds": round(seconds, 3),
        "audit_ok": audit.ok,
    }
