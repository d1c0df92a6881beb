"""The tour's chapter on word vectors: count a real text, fit, and ask."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from stochos import datasets, words
from stochos.cli._common import pair_count
from stochos.cli.tour import chart

if TYPE_CHECKING:
    from stochos.cli.tour.page import Page
    from stochos.words import Counts, Vectors

TITLE = "Word vectors from PMI"

TEXT = "bible-asv"
# Chosen for this text: with them the most analogies of the list below are found.
WINDOW, MIN_COUNT, DIM, EPOCHS = 10, 10, 100, 8

SIMILAR = ("king", "bread", "gold", "mother", "sword", "river", "wisdom", "ship")
PAIRS = (("gold", "silver"), ("shepherd", "flock"), ("bread", "eat"), ("heaven", "earth"), ("king", "babylon"),
         ("wise", "foolish"), ("bread", "sword"), ("ship", "altar"))  # fmt: skip
#: a is to b as c is to …: the answer that a reader expects, found or not.
ANALOGIES = (
    ("man", "woman", "brother", "sister"),
    ("man", "woman", "king", "queen"),
    ("son", "daughter", "father", "mother"),
    ("he", "she", "man", "woman"),
    ("man", "woman", "son", "daughter"),
    ("egypt", "pharaoh", "babylon", "nebuchadnezzar"),
    ("abraham", "isaac", "isaac", "jacob"),
    ("abraham", "sarah", "isaac", "rebekah"),
    ("day", "night", "sun", "moon"),
    ("earth", "heaven", "moon", "sun"),
    ("east", "west", "north", "south"),
    ("eyes", "see", "ears", "hear"),
)
SENTENCES = (
    "the king made a great throne of ivory and overlaid it with gold",
    "the sower went forth to sow his seed and the birds devoured it",
    "they took ship and the wind and the waves of the sea rose",
)
GROUPS = {
    "family": ("father", "mother", "brother", "sister", "wife", "husband", "son", "daughter"),
    "animals": ("sheep", "oxen", "goats", "camels", "lion", "horses", "birds", "lambs"),
    "metals": ("gold", "silver", "brass", "iron", "stones"),
    "war": ("sword", "spear", "shield", "army", "battle", "chariots"),
    "sky and sea": ("sun", "moon", "stars", "sea", "wind", "waves"),
    "food": ("bread", "wine", "oil", "flour", "honey", "fruit"),
    "rulers": ("king", "queen", "prince", "pharaoh", "throne"),
    "mind": ("wisdom", "knowledge", "understanding", "foolish", "wise"),
}


def run(page: Page, threads: int | None, seed: int) -> dict[str, object]:
    """Write the chapter and return its figures."""
    page.paragraph(
        f"The text: {datasets.available()[TEXT]}. Stochos counts how often two words stand near each other, and fits "
        "one vector per word so that the inner product of two vectors is their pointwise mutual information (PMI): "
        "the logarithm of how many times more often the two meet than chance would have it."
    )
    start = time.perf_counter()
    counts = words.count(
        datasets.path(TEXT), window=WINDOW, min_count=MIN_COUNT, weighting="harmonic", threads=threads, seed=seed
    )
    counted = time.perf_counter()
    vectors = words.fit(counts, dim=DIM, epochs=EPOCHS, threads=threads, seed=seed)
    fitted = time.perf_counter()
    page.facts(
        {
            "words read": f"{counts.tokens_read:,}",
            "different words kept": f"{len(counts.vocabulary):,}",
            "different pairs": f"{pair_count(counts):,}",
            "counting": f"{counted - start:.2f} s",
            "fitting": f"{fitted - counted:.2f} s",
        }
    )
    correlation = _pmi(page, counts, vectors)
    _similar(page, vectors)
    right, top = _analogies(page, vectors)
    _keywords(page, vectors)
    _map(page, vectors)
    page.section("Do it yourself")
    page.code(
        "from stochos import datasets, words\n\n"
        f'text = datasets.path("{TEXT}")\n'
        f'counts = words.count(text, window={WINDOW}, min_count={MIN_COUNT}, weighting="harmonic")\n'
        f"vectors = words.fit(counts, dim={DIM}, epochs={EPOCHS})\n"
        'vectors.similar("king"), vectors.analogy(["brother", "woman"], ["man"])\n'
        'counts.pmi("gold", "silver"), vectors.pmi("gold", "silver")'
    )
    return {
        "tokens": counts.tokens_read,
        "vocabulary": len(counts.vocabulary),
        "pairs": pair_count(counts),
        "seconds_counting": round(counted - start, 3),
        "seconds_fitting": round(fitted - counted, 3),
        "correlation_with_pmi": round(correlation, 4),
        "analogies": {"asked": len(ANALOGIES), "first": right, "among_five": top},
        "similar": {word: vectors.similar(word, k=6) for word in SIMILAR},
    }


def _pmi(page: Page, counts: Counts, vectors: Vectors) -> float:
    page.section(
        "The inner product is the PMI",
        "Exact PMI from the counts, and the inner product of the two fitted vectors. Above zero: together more often "
        "than by chance; below: less often. Words that never met have no PMI (minus infinity); the vectors give an "
        "estimate all the same.",
    )
    page.table(
        ("pair", "counted", "PMI", "inner product"),
        [
            (f"{a} · {b}", f"{counts[a, b]:.1f}", f"{counts.pmi(a, b):.2f}", f"{vectors.pmi(a, b):.2f}")
            for a, b in PAIRS
        ],
        numbers=(1, 2, 3),
    )
    # Words frequent enough that their exact PMI is no accident, in a fixed order.
    frequent = counts.vocabulary[50:450]
    order = np.random.default_rng(0).permutation(len(frequent) ** 2)
    exact: list[float] = []
    fitted: list[float] = []
    for index in order:
        a, b = frequent[index // len(frequent)], frequent[index % len(frequent)]
        if a < b and counts[a, b] >= 5:
            exact.append(counts.pmi(a, b))
            fitted.append(vectors.pmi(a, b))
            if len(exact) == 1200:
                break
    correlation = float(np.corrcoef(exact, fitted)[0, 1])
    page.figure(
        chart.scatter(exact, fitted, "exact PMI", "inner product of the vectors", "Inner product against exact PMI"),
        f"{len(exact)} pairs of frequent words that met at least five times, drawn at random. On the line the inner "
        f"product is the exact PMI. Correlation {correlation:.2f}.",
    )
    return correlation


def _similar(page: Page, vectors: Vectors) -> None:
    page.section("Similar words", "The nearest words by the angle between the vectors: words that are used alike.")
    page.table(
        ("word", "nearest"), [(word, ", ".join(name for name, _ in vectors.similar(word, k=6))) for word in SIMILAR]
    )


def _analogies(page: Page, vectors: Vectors) -> tuple[int, int]:
    rows = []
    right = top = 0
    for a, b, c, expected in ANALOGIES:
        found = [word for word, _ in vectors.analogy([b, c], [a], k=5)]
        place = found.index(expected) + 1 if expected in found else 0
        right, top = right + (place == 1), top + (place > 0)
        mark = f"✓ {expected}" if place == 1 else f"{expected}: {('missed', '', '2nd', '3rd', '4th', '5th')[place]}"
        rows.append((f"{c} − {a} + {b}", mark, ", ".join(found[:3])))
    page.section(
        "Analogies",
        "Man is to woman as brother is to …? The vectors answer by adding and subtracting. "
        f"{right} of {len(ANALOGIES)} expected words come first, {top} among the first five. The text is small, and "
        "the settings were chosen with these questions in view: take it as a demonstration, not as a measurement.",
    )
    page.table(("question", "expected", "first three answers"), rows, hits=1)
    return right, top


def _keywords(page: Page, vectors: Vectors) -> None:
    page.section("Keywords", "The words of a sentence that all its other words speak for: the largest sums of PMI.")
    page.table(
        ("sentence", "keywords"),
        [(sentence, ", ".join(word for word, _ in vectors.keywords(sentence.split(), k=4))) for sentence in SENTENCES],
    )


def _map(page: Page, vectors: Vectors) -> None:
    chosen = [(word, group) for group, members in enumerate(GROUPS.values()) for word in members if word in vectors]
    rows = np.stack([vectors[word] for word, _ in chosen]).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    x, y = chart.neighbours_map(1 - rows @ rows.T).T
    names = ", ".join(GROUPS)
    page.figure(
        chart.word_map([word for word, _ in chosen], x, y, [group for _, group in chosen], "Map of words"),
        f"{len(chosen)} words, laid out so that near neighbours by cosine stay near (t-SNE). The colours are eight "
        f"groups that we chose ({names}); the places come from the vectors alone.",
    )
