"""The tour's chapter on recurrent networks: where gradients vanish, what carries them, and what a remedy does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from stochos import datasets, nn
from stochos.nn.flow import Comparison, _html, _tables

if TYPE_CHECKING:
    from typing import Any

    from stochos.cli.tour.page import Page

TITLE = "Where gradients vanish"

UNITS, STEPS, EPOCHS, TRAIN, SHOWN = 32, 64, 10, 600, 16


def run(page: Page, threads: int | None, seed: int) -> dict[str, object]:  # noqa: ARG001 - the work is too small for threads
    """Write the chapter and return its figures."""
    page.paragraph(
        "A recurrent network learns from the past only as far as gradients reach back. In Stochos the Jacobian of each "
        "step is known in closed form and split into its terms, so that one can see what carries the gradient and "
        "where it is lost. The sequences are handwritten digits (E. Alpaydin and C. Kaynak), read pixel by pixel in "
        "64 steps."
    )
    images, labels = datasets.load_digits()
    x = (images.reshape(-1, STEPS, 1) / 16).astype(np.float32)
    cells = _cells(page, x[:SHOWN], seed)
    remedies = _remedies(page, x[:SHOWN], seed)
    trained = _training(page, x, labels, seed)
    page.section("Do it yourself")
    page.code(
        "from stochos import nn\n\n"
        "layer = nn.LSTM(32, forget_bias=1.0)\n"
        "flow = nn.gradient_flow(layer, x)        # x: (sequences, steps, channels)\n"
        "print(flow.verdict)\n"
        'flow.terms["forget gate"], flow.norms    # parts of each Jacobian; norms over all lags\n'
        "print(flow.remedies())                   # what each remedy would do\n"
        'flow.plot("flow.png"), flow.to_html("flow.html")'
    )
    return {"cells": cells, "remedies": remedies, "trained": trained}


def _cells(page: Page, x: Any, seed: int) -> dict[str, object]:
    page.section(
        "Three cells as they start",
        f"{UNITS} units each, with their usual initial weights. The norm is that of the product of all {STEPS} "
        "Jacobians: how much of a change in the first state is left in the last; beside it the share of the gradient "
        "of the weights that the first half of the steps gives.",
    )
    begin = time.perf_counter()
    layers = {
        "SimpleRNN": nn.SimpleRNN(UNITS, seed=seed),
        "GRU": nn.GRU(UNITS, seed=seed),
        "LSTM": nn.LSTM(UNITS, seed=seed),
    }
    flows = {name: nn.gradient_flow(layer, x) for name, layer in layers.items()}
    heads, rows = _tables.comparison_cells(Comparison(flows))
    seconds = time.perf_counter() - begin
    page.table(("cell", *heads[1:]), rows, numbers=(2, 3, 4, 5))
    figures = _html.figures(flows["LSTM"])
    for name in ("terms", "products"):
        page.figure(figures[name][0], f"LSTM. {figures[name][1]}")
    page.paragraph(f"All of it is exact and took {seconds:.2f} s. {flows['LSTM'].verdict}")
    return {name: round(float(flow.profile[1][-1]), 3) for name, flow in flows.items()}


def _remedies(page: Page, x: Any, seed: int) -> list[dict[str, Any]]:
    page.section("Remedies", "The LSTM again with its forget gate at first half closed (bias -1), and what helps it.")
    found = nn.gradient_flow(nn.LSTM(UNITS, forget_bias=-1.0, seed=seed), x).remedies(seed=seed % 2**32)
    heads, rows = _tables.comparison_cells(found)
    page.table(("remedy", *heads[1:]), rows, numbers=(2, 3, 4, 5))
    page.figure(
        _html.comparison_figure(found),
        "Norm of the gradient that reaches each step, with each remedy. Right is the end.",
    )
    return [{name: row[name] for name in ("name", "state", "log_norm", "first_half")} for row in found.rows()]


def _training(page: Page, x: Any, labels: Any, seed: int) -> dict[str, object]:
    page.section(
        "Before and after training",
        f"A GRU reads {TRAIN} digits for {EPOCHS} epochs. What training does to the gradient can be looked at too.",
    )
    model = nn.Sequential(
        [nn.GRU(UNITS, update_bias=nn.initializers.Chrono(STEPS), seed=seed), nn.Dense(10, seed=seed + 1)]
    )

    def loss(output: Any) -> Any:
        return nn.losses.cross_entropy(output, labels[:SHOWN])

    before = nn.gradient_flow(model, x[:SHOWN], loss=loss)
    begin = time.perf_counter()
    history = model.fit(
        x[:TRAIN], labels[:TRAIN], loss="cross_entropy", optimizer=nn.Adam(8e-3, clip_norm=1.0), epochs=EPOCHS,
        batch_size=32, metrics=["accuracy"], seed=seed, progress=False,
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    after = nn.gradient_flow(model, x[:SHOWN], loss=loss)
    found = before.compare(after, names=("before training", "after training"))
    page.facts(
        {
            "loss before": f"{before.loss:.3f}",
            "loss after": f"{after.loss:.3f}",
            "right": f"{history['accuracy'][-1]:.1%}",
            "training": f"{seconds:.1f} s",
        }
    )
    page.figure(_html.comparison_figure(found), "Norm of the gradient of the loss by the state after each step.")
    return {"loss": [before.loss, after.loss], "accuracy": round(history["accuracy"][-1], 4)}
