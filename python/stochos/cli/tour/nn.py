"""The tour's chapter on networks: a classifier of digits, with a layer used three times, cut and rewired."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from stochos import datasets, nn
from stochos.cli.tour import chart, diagram

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from stochos.cli.tour.page import Page

TITLE = "Networks that share, cut and rewire"

TRAIN, EPOCHS, BATCH = 1300, 20, 32
WIDTH = 48
SHOWN = 8  # of each digit on the map


def run(page: Page, threads: int | None, seed: int) -> dict[str, object]:  # noqa: ARG001 - the work is too small for threads
    """Write the chapter and return its figures."""
    images, labels = datasets.load_digits()
    x = (images.reshape(-1, 64) / 16).astype(np.float32)
    nn.seed(seed)
    page.paragraph(
        "In Stochos a network is a graph of layers. Call a layer twice and it is the same layer: one set of weights, "
        "counted once, trained once. Any model can be cut at any inner tensor and its parts wired into another; the "
        "parts keep their weights. Here a classifier learns handwritten digits (E. Alpaydin and C. Kaynak), then lends "
        "its inside to a second task."
    )
    model, hidden = _model()
    first = _classify(page, model, x, labels, images, seed)
    _map(page, model, hidden, x[TRAIN:], labels[TRAIN:])
    second = _rewire(page, model, hidden, x, labels, seed)
    page.section("Do it yourself")
    page.code(
        "from stochos import datasets, nn\n\n"
        "images, labels = datasets.load_digits()\n"
        'x = images.reshape(-1, 64).astype("float32") / 16\n'
        "pixels = nn.Input((64,))\n"
        f'start = nn.Dense({WIDTH}, activation="relu")(pixels)\n'
        f'again = nn.Dense({WIDTH}, activation="relu")\n'
        "inside = again(again(again(start)))\n"
        "model = nn.Model(pixels, nn.Dense(10)(inside))\n"
        'model.fit(x, labels, loss="cross_entropy", optimizer=nn.Adam(3e-3), epochs=20, validation=0.25,\n'
        '          metrics=["accuracy"])\n'
        "features = model.between(pixels, inside).freeze()\n"
        "other = nn.Model(pixels, nn.Dense(1)(features(pixels)))\n"
        'model.summary(), model.plot("model.png"), model.save("digits.safetensors")'
    )
    return {"classifier": first, "rewired": second}


def _model() -> tuple[Any, Any]:
    pixels = nn.Input((64,), name="pixels")
    start = nn.Dense(WIDTH, activation="relu", name="first")(pixels)
    again = nn.Dense(WIDTH, activation="relu", name="again")
    inside = again(again(again(start)))
    return nn.Model(pixels, nn.Dense(10, name="scores")(inside), name="digits"), inside


def _classify(
    page: Page, model: Any, x: NDArray[np.float32], labels: NDArray[np.int64], images: NDArray[np.uint8], seed: int
) -> dict[str, object]:
    page.section(
        "One layer, three times",
        f"64 pixels go through a layer, then three times through one and the same layer of {WIDTH} units, then to ten "
        f"scores. Trained on {TRAIN:,} images, tested on the {len(x) - TRAIN} others.",
    )
    begin = time.perf_counter()
    history = model.fit(
        x[:TRAIN], labels[:TRAIN], loss="cross_entropy", optimizer=nn.Adam(3e-3), epochs=EPOCHS, batch_size=BATCH,
        metrics=["accuracy"], validation=(x[TRAIN:], labels[TRAIN:]), seed=seed, progress=False,
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    steps = EPOCHS * -(-TRAIN // BATCH)
    apart = model.parameter_count + 2 * model.layer("again").parameter_count
    page.facts(
        {
            "parameters": f"{model.parameter_count:,}",
            "if not shared": f"{apart:,}",
            "training": f"{seconds:.2f} s",
            "a step": f"{seconds / steps * 1e3:.2f} ms",
            "right on new images": f"{history['val_accuracy'][-1]:.1%}",
        }
    )
    chosen = [e for e in (1, 2, 5, 10, EPOCHS) if e <= EPOCHS]
    page.table(
        ("epoch", "loss", "loss on new images", "right on new images"),
        [
            (
                str(epoch), f"{history['loss'][epoch - 1]:.3f}", f"{history['val_loss'][epoch - 1]:.3f}",
                f"{history['val_accuracy'][epoch - 1]:.1%}",
            )
            for epoch in chosen
        ],
        numbers=(0, 1, 2, 3),
    )  # fmt: skip
    page.figure(
        diagram.graph(model, title="Graph of the classifier"),
        "The graph of the model. Boxes of one strong colour are one layer: its weights stand in the file once.",
    )
    answers = model.predict(x[TRAIN:]).argmax(axis=1)
    wrong = np.flatnonzero(answers != labels[TRAIN:])[:8]
    if len(wrong):
        page.figure(
            diagram.digits(
                images[TRAIN:][wrong], [f"{labels[TRAIN:][i]}, not {answers[i]}" for i in wrong], "Digits misread"
            ),
            "Some of the images that it misreads: what was written, and what the model says.",
        )
    return {
        "parameters": model.parameter_count,
        "parameters_apart": apart,
        "accuracy": round(history["val_accuracy"][-1], 4),
        "loss": history["loss"],
        "seconds": round(seconds, 3),
    }


def _map(page: Page, model: Any, hidden: Any, x: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    page.section(
        "Look inside", "A model whose output is an inner tensor of another is one line: model.outputs_of([tensor])."
    )
    inside = model.outputs_of([hidden]).predict(x)
    rows = np.asarray(inside[0] if isinstance(inside, (list, tuple)) else inside, dtype=np.float64)
    chosen = np.concatenate([np.flatnonzero(labels == digit)[:SHOWN] for digit in range(10)])
    rows = rows[chosen] / (np.linalg.norm(rows[chosen], axis=1, keepdims=True) + 1e-12)
    across, up = chart.neighbours_map(1 - rows @ rows.T, 8.0).T
    names = [str(labels[i]) for i in chosen]
    page.figure(
        chart.word_map(names, across, up, [int(labels[i]) % 8 for i in chosen], "Map of digits"),
        f"{len(chosen)} new images, laid out so that near neighbours in the last hidden layer stay near (t-SNE). The "
        "model never saw them; the digits gather all the same.",
    )


def _rewire(
    page: Page, model: Any, hidden: Any, x: NDArray[np.float32], labels: NDArray[np.int64], seed: int
) -> dict[str, object]:
    page.section(
        "Cut and rewire",
        "The model is cut between its input and the inner tensor; the piece is frozen and becomes a layer of a second "
        "model that tells odd from even. Only the new layer trains, on 200 images.",
    )
    features = model.between(model.input, hidden, name="features").freeze()
    pixels = nn.Input((64,), name="pixels")
    other = nn.Model(pixels, nn.Dense(1, name="odd")(features(pixels)), name="parity")
    odd = (labels % 2).astype(np.float32)[:, None]
    history = other.fit(
        x[:200], odd[:200], loss="binary_cross_entropy", optimizer=nn.Adam(2e-2), epochs=15, batch_size=BATCH,
        metrics=["accuracy"], validation=(x[TRAIN:], odd[TRAIN:]), seed=seed, progress=False,
    )  # fmt: skip
    trained = sum(int(np.prod(v.shape)) for v in other.trainable_parameters)
    before = model.predict(x[TRAIN:]).argmax(axis=1)
    page.facts(
        {
            "parameters": f"{other.parameter_count:,}",
            "of which train": f"{trained:,}",
            "right on new images": f"{history['val_accuracy'][-1]:.1%}",
        }
    )
    page.figure(
        diagram.graph(other.expand(), {id(layer): "frozen" for layer in features.layers}, "Graph of the rewired model"),
        "The second model, with the piece of the first drawn open. The frozen layers are those of the classifier "
        "itself: nothing was copied, and the classifier still works.",
    )
    return {
        "parameters": other.parameter_count,
        "trained": trained,
        "accuracy": round(history["val_accuracy"][-1], 4),
        "classifier_accuracy_after": round(float((before == labels[TRAIN:]).mean()), 4),
    }
