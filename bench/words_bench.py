"""Word vectors measured: Stochos, a plain Python dictionary counter and gensim on one text, in one run and one table.

python bench/words_bench.py --corpus FILE [--threads 1 2] [--eval FOLDER] [--quick]

bench/README.md says what the rows mean.
"""

from __future__ import annotations

import argparse
import gc
import lzma
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import summary
import turns

from stochos import config, datasets, words

QUESTIONS = {"WordSim353": "wordsim353.tsv", "SimLex": "simlex999.txt", "Google": "questions-words.txt"}


@dataclass
class Row:
    """One line of the table; a rate is in kept words per second."""

    task: str
    tool: str
    threads: int
    seconds: list[float]
    cpu: list[float]
    rate: float | None = None
    ratio: float | None = None
    note: str = ""

    def cells(self) -> list[str]:
        return [
            self.task,
            self.tool,
            str(self.threads),
            f"{min(self.seconds):.2f}",
            f"{statistics.median(self.seconds):.2f}",
            summary.percent(self.seconds),
            f"{min(self.cpu):.2f}",
            "" if self.rate is None else f"{self.rate / 1e6:.3f} M/s",
            "" if self.ratio is None else f"{self.ratio:.1f}×",
            self.note,
        ]


HEAD = ("task", "tool", "threads", "min s", "median s", "spread", "CPU s", "kept words/s", "to Python", "note")


def timed(function, repeats):
    """Run `function` several times; give its last result, the wall times and the CPU times of the process."""
    seconds, cpu = [], []
    result = None
    for _ in range(repeats):
        result = None
        gc.collect()
        wall, work = time.perf_counter(), time.process_time()
        result = function()
        seconds.append(time.perf_counter() - wall)
        cpu.append(time.process_time() - work)
    return result, seconds, cpu


def lines_of(path: Path):
    """Give the lines of a text as lists of words."""
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as file:
        for line in file:
            yield line.split()


def python_vocabulary(path: Path, min_count: int):
    """Count single words in plain Python; give the kept words and how many tokens they make."""
    frequencies = Counter(word for line in lines_of(path) for word in line)
    kept = {word: n for word, n in frequencies.items() if n >= min_count}
    return kept, sum(kept.values())


def python_pairs(lines, window: int):
    """Count pairs in plain Python, one dictionary entry per pair, each unordered pair of positions once."""
    counts: dict[tuple[str, str], int] = {}
    get = counts.get
    for line in lines:
        for i, word in enumerate(line):
            for other in line[max(0, i - window) : i]:
                pair = (word, other) if word < other else (other, word)
                counts[pair] = get(pair, 0) + 1
    return counts


def kept_lines(path: Path, vocabulary, tokens: int):
    """Give lines of kept words, until `tokens` words have come."""
    made = []
    for line in lines_of(path):
        kept = [word for word in line if word in vocabulary]
        made.append(kept)
        tokens -= len(kept)
        if tokens <= 0:
            break
    return made


def measure_counting(options) -> tuple[list[Row], object]:
    """Count: plain Python on a part, then ours on all with each number of threads."""
    (vocabulary, kept), read_seconds, read_cpu = timed(lambda: python_vocabulary(options.corpus, options.min_count), 1)
    part = kept_lines(options.corpus, vocabulary, options.python_tokens)
    part_tokens = sum(map(len, part))
    pairs, seconds, cpu = timed(lambda: python_pairs(part, options.window), 1)
    scale = kept / part_tokens
    # The vocabulary is read whole; the pairs are counted on a part and scaled by words.
    whole = [read_seconds[0] + seconds[0] * scale]
    base = kept / (seconds[0] * scale)
    whole_rate = kept / whole[0]
    rows = [
        Row("pairs only", "plain Python", 1, [seconds[0] * scale], [cpu[0] * scale], base, 1.0,
            f"{part_tokens:,} words, scaled by {scale:.2f}"),
        Row("text to counts", "plain Python", 1, whole, [read_cpu[0] + cpu[0] * scale], whole_rate, 1.0, "the same"),
    ]  # fmt: skip
    python_cpu = rows[1].cpu[0]
    check = dict(list(pairs.items())[:1000])
    del pairs
    counts = None
    for threads in options.threads:
        counts, seconds, cpu = timed(
            lambda threads=threads: words.count(
                options.corpus, window=options.window, min_count=options.min_count, threads=threads
            ),
            options.repeats,
        )
        rate = counts.total_tokens / min(seconds)
        rows.append(Row("text to counts", "stochos", threads, seconds, cpu, rate, rate / whole_rate,
                        f"CPU {python_cpu / min(cpu):.0f}×; {rate / base:.0f}× the pairs only"))  # fmt: skip
    assert counts.total_tokens == kept, "the two counters keep different words"
    if scale == 1.0:
        wrong = [pair for pair, n in check.items() if counts[pair] != n * (2 if pair[0] == pair[1] else 1)]
        assert not wrong, f"the two counters differ at {wrong[:3]}"
    return rows, counts


def quality(vectors, options) -> str:
    """Score vectors on the question files that are there."""
    if options.eval is None:
        return ""
    told = []
    for name, file in QUESTIONS.items():
        if (options.eval / file).is_file():
            result = vectors.evaluate(options.eval / file, top=30_000 if name == "Google" else None)
            told.append(f"{name} {result.score:.3f} ({result.used}/{result.total})")
    return ", ".join(told)


def measure_fitting(counts, options) -> list[Row]:
    """Fit with the defaults, one epoch of sgd, and the spectral solver."""
    rows = []
    last = max(options.threads)
    for threads in options.threads:
        ends = [(time.perf_counter(), time.process_time())]
        words.fit(
            counts,
            dim=options.dim,
            epochs=options.repeats + 1,
            start="random",
            threads=threads,
            callback=lambda _, ends=ends: ends.append((time.perf_counter(), time.process_time())),
        )
        steps = list(pairwise(ends))[1:]  # the first holds the preparations as well
        seconds, cpu = [b[0] - a[0] for a, b in steps], [b[1] - a[1] for a, b in steps]
        rows.append(Row("one epoch of sgd", "stochos", threads, seconds, cpu, note="5 zeros per pair"))
    better = words.count(
        options.corpus, window=options.fit_window, min_count=options.min_count, weighting="harmonic", threads=last
    )
    _, count_seconds, count_cpu = timed(
        lambda: words.count(
            options.corpus, window=options.fit_window, min_count=options.min_count, weighting="harmonic", threads=last
        ),
        options.repeats,
    )
    rate = better.total_tokens / min(count_seconds)
    note = f"window {options.fit_window}; {better._column.size / 1e6:.1f} M different pairs"
    rows.append(Row("harmonic counts", "stochos", last, count_seconds, count_cpu, rate, note=note))
    note = "of the harmonic counts"
    for name, arguments in (("default fit", {}), ("spectral fit", {"solver": "spectral"})):
        vectors, seconds, cpu = timed(
            lambda arguments=arguments: words.fit(better, dim=options.dim, threads=last, **arguments), options.repeats
        )
        told = quality(vectors, options)
        rows.append(Row(name, "stochos", last, seconds, cpu, note="; ".join(filter(None, [note, told]))))
    return rows


def measure_gensim(options) -> list[Row]:
    """Train gensim's skip-gram, where it is installed."""
    try:
        from gensim.models import Word2Vec
    except ImportError:
        return []
    sentences = [line for line in lines_of(options.corpus) if line]
    threads = max(options.threads)
    model = Word2Vec(
        vector_size=options.dim, window=5, min_count=options.min_count, sg=1, negative=5, sample=1e-4, workers=threads
    )
    _, seconds, cpu = timed(lambda: model.build_vocab(sentences), 1)
    rows = [Row("vocabulary", "gensim", threads, seconds, cpu)]
    epochs, total = options.gensim_epochs, model.corpus_total_words
    _, seconds, cpu = timed(
        lambda: model.train(sentences, total_examples=len(sentences), total_words=total, epochs=epochs), 1
    )
    rows.append(Row("one epoch of skip-gram", "gensim", threads, [seconds[0] / epochs], [cpu[0] / epochs]))
    vectors = words.Vectors(
        np.ascontiguousarray(model.wv.vectors, dtype=np.float32), list(model.wv.index_to_key),
        frequencies=None, total_tokens=None, settings={}, state={},
    )  # fmt: skip
    told = quality(vectors, options)
    note = "; ".join(filter(None, [f"{epochs} epochs, window 5, negative 5", told]))
    rows.append(Row("whole training", "gensim", threads, seconds, cpu, note=note))
    return rows


def print_table(rows: list[Row]) -> None:
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for i, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |")
        if i == 0:
            print("| " + " | ".join("-" * w for w in widths) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="a text, .txt or .xz; by default the one that the package ships")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, config.describe()["threads"]])
    parser.add_argument("--eval", type=Path, help="folder of wordsim353.tsv, simlex999.txt, questions-words.txt")
    parser.add_argument("--window", type=int, default=10, help="for counting (10)")
    parser.add_argument("--fit-window", type=int, default=20, help="of the harmonic counts that are fitted (20)")
    parser.add_argument("--min-count", type=int, default=10)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python-tokens", type=int, default=1_000_000, help="words that the plain counter counts")
    parser.add_argument("--gensim-epochs", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="one repeat, 200,000 words for Python, one gensim epoch")
    options = parser.parse_args()
    options.corpus = options.corpus or datasets.path("bible-asv")
    options.threads = sorted(set(options.threads))
    if options.quick:
        options.repeats, options.python_tokens, options.gensim_epochs = 1, 200_000, 1
    facts = config.describe()
    print(f"Machine: {turns.machine('stochos', 'gensim', 'numpy')}; instruction set {facts['instruction_set']}.  ")
    print(f"Text: {options.corpus.name}; window {options.window}, min_count {options.min_count}, dim {options.dim}, "
          f"{options.repeats} repeats.\n")  # fmt: skip
    sys.stdout.flush()
    rows, counts = measure_counting(options)
    rows += measure_fitting(counts, options)
    rows += measure_gensim(options)
    print_table(rows)
    for row in rows:
        if (row.task, row.tool) == ("text to counts", "stochos"):
            summary.note("from text to counts", row.threads, row.seconds, {"Python dictionary": rows[1].seconds})
    ours = {row.task: row for row in rows if row.tool == "stochos"}
    theirs = {row.task: row for row in rows if row.tool == "gensim"}
    if theirs:
        # Both from the text to the vectors whose scores stand in the table.
        mine = min(ours["harmonic counts"].seconds) + min(ours["default fit"].seconds)
        other = min(theirs["vocabulary"].seconds) + min(theirs["whole training"].seconds)
        both = [a + b for a, b in zip(ours["harmonic counts"].seconds, ours["default fit"].seconds, strict=True)]
        summary.note("from text to vectors", max(options.threads), both, {"gensim skip-gram": [other]})
        print(f"\nCounting and default fit {mine:.1f} s, gensim {other:.1f} s: {mine / other:.3f} of its time.")
    print(f"\nKept: {counts.total_tokens:,} words, {len(counts.vocabulary):,} different.")


if __name__ == "__main__":
    main()
