"""The tour: it ends in time, shows what it promises, and its report needs nothing from outside."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

VOID = {"meta", "br", "circle", "path"}


class _Reader(HTMLParser):
    """Collects tags and checks that each one is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for key, value in attrs if key in {"src", "href", "srcset", "data", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, float, Path]:
    folder = tmp_path_factory.mktemp("tour")
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "stochos", "tour"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout, (folder / "stochos-tour.html").read_text("utf-8"), time.monotonic() - start, folder


def test_tour_takes_less_than_a_minute_and_leaves_one_file(tour: tuple[str, str, float, Path]):
    _, _, seconds, folder = tour
    assert seconds < 60
    assert [path.name for path in folder.iterdir()] == ["stochos-tour.html"]


def test_tour_shows_similar_words_analogies_and_keywords(tour: tuple[str, str, float, Path]):
    out, html, _, _ = tour
    for title in ("Similar words", "Analogies", "Keywords", "The inner product is the PMI"):
        assert title in out
        assert f"<h3>{title}</h3>" in html
    # What any sane fit of this text knows; the neighbours are the text's own.
    assert re.search(r"^\s+gold\s.*\bsilver\b", out, re.MULTILINE)
    assert re.search(r"^\s+mother\s.*\b(sister|daughter|wife|father)\b", out, re.MULTILINE)


def test_report_is_whole_and_asks_the_network_for_nothing(tour: tuple[str, str, float, Path]):
    _, html, _, _ = tour
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    assert reader.tags.count("svg") == 15
    assert reader.links == []
    assert "script" not in reader.tags
    assert "link" not in reader.tags
    assert not re.search(r"url\(|@import|https?://", html)
    assert "default-src 'none'" in html
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html
    assert len(html.encode()) < 500_000


def test_tour_says_the_same_again_with_the_same_seed(tour: tuple[str, str, float, Path], tmp_path: Path):
    out, _, _, _ = tour
    done = subprocess.run(
        [sys.executable, "-m", "stochos", "tour", "--threads", "1", "--json", "-o", str(tmp_path / "t.html")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    facts = json.loads(done.stdout)["words"]
    assert f"{facts['tokens']:,}" in out
    for word, scores in facts["similar"].items():
        assert ", ".join(name for name, _ in scores) in out, word
    asked, first = facts["analogies"]["asked"], facts["analogies"]["first"]
    assert f"{first} of {asked} expected words come first" in " ".join(out.split())
    assert facts["correlation_with_pmi"] > 0.5


def test_tour_compares_the_simulation_with_the_exact_answer():
    # The chapter alone: four standard errors of the mean, and the distribution close to the exact one.
    from stochos.cli.tour import reactions
    from stochos.cli.tour.page import Page

    figures = reactions.run(Page(quiet=True), 2, 0)
    simulated, exact = figures["gene"]["mean"]
    assert abs(simulated - exact) < 4 * figures["gene"]["standard_error"]
    assert figures["gene"]["total_variation"] < 0.03
    assert figures["gene"]["truncation_error"] < 1e-9
    assert 0 < figures["predators"]["extinct"] < 1


def test_tour_trains_cuts_and_rewires_a_classifier():
    # The chapter alone. Shared parameters by hand: 64 * 48 + 48, once 48 * 48 + 48, 48 * 10 + 10; a linear classifier
    # gets about 0.9 of these images right.
    from stochos.cli.tour import nn
    from stochos.cli.tour.page import Page

    figures = nn.run(page := Page(quiet=True), 1, 0)
    first, second = figures["classifier"], figures["rewired"]
    assert first["parameters"] == 64 * 48 + 48 + 48 * 48 + 48 + 48 * 10 + 10
    assert first["parameters_apart"] == first["parameters"] + 2 * (48 * 48 + 48)
    assert first["accuracy"] > 0.9
    assert second["trained"] == 49
    assert second["accuracy"] > 0.85
    assert second["classifier_accuracy_after"] == first["accuracy"]  # the piece was frozen
    html = page.html("t", "f")
    # The layer that is used three times is drawn three times, in a colour of its own.
    graph = html.split("Graph of the classifier")[1].split("</svg>")[0]
    assert graph.count(">again</text>") == 3
    assert graph.count('fill-opacity="0.28"') == 3
    assert "frozen" in html.split("Graph of the rewired model")[1].split("</svg>")[0]


def test_tour_shows_where_gradients_vanish():
    # The chapter alone. What it claims: a closed forget gate loses the gradient and remedies bring it back.
    from stochos.cli.tour import recurrent
    from stochos.cli.tour.page import Page

    figures = recurrent.run(page := Page(quiet=True), 1, 0)
    rows = {row["name"]: row for row in figures["remedies"]}
    assert rows["as it is"]["state"] == "vanishing"
    assert rows["forget_bias=1"]["log_norm"] > rows["as it is"]["log_norm"] + 10
    assert rows["forget_bias=Chrono(64)"]["first_half"] > 0.1
    before, after = figures["trained"]["loss"]
    assert after < before
    assert page.html("t", "f").count("<svg") == 4


def test_tour_estimates_divergences_and_learns_a_ring():
    # The chapter alone: exact values are the formulas', most modes are found, and the audit holds.
    from stochos.cli.tour import gan
    from stochos.cli.tour.page import Page

    figures = gan.run(page := Page(quiet=True), 1, 0)
    for name, found in figures["estimates"].items():
        assert found["low"] < found["exact"] * 1.05, name
        assert abs(found["estimate"] - found["exact"]) < 0.1 * found["exact"], name
    assert figures["ring"]["modes"] >= 7
    assert figures["ring"]["quality"] > 0.6
    assert figures["ring"]["audit_ok"]
    assert page.html("t", "f").split("The ring is learned")[1].split("</svg>")[0].count("step ") == 6
