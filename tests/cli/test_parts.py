"""The parts of the command line that can be checked alone: expressions, columns, charts, the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import click
import numpy as np
import pytest

from stochos.cli._common import pad, plural, width
from stochos.cli.analogy import parse
from stochos.cli.tour import chart
from stochos.cli.tour.page import Page

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> ET.Element:
    """Parse a chart as a strict XML reader does."""
    return ET.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


@pytest.mark.parametrize(
    ("terms", "positive", "negative"),
    [
        (("king", "-", "man", "+", "woman"), ["king", "woman"], ["man"]),
        (("king - man + woman",), ["king", "woman"], ["man"]),
        (("-", "man", "+", "well-known"), ["well-known"], ["man"]),
        (("c++",), ["c++"], []),
        ((), [], []),
    ],
)
def test_parse_reads_signs_between_blanks(terms: tuple[str, ...], positive: list[str], negative: list[str]):
    assert parse(terms) == (positive, negative)


@pytest.mark.parametrize("terms", [("king", "man"), ("king", "-"), ("king", "-", "+", "man"), ("+", "+", "a")])
def test_parse_refuses_what_is_no_expression(terms: tuple[str, ...]):
    with pytest.raises(click.UsageError, match=r"king - man \+ woman"):
        parse(terms)


def test_width_counts_two_columns_for_a_chinese_character():
    assert width("ab") == 2
    assert width("词向量") == 6
    assert width("e\u0301") == 1  # a combining accent takes no column
    assert pad("词", 4) == "词  "


def test_scatter_puts_points_where_they_belong():
    root = drawn(chart.scatter([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], "x", "y & z", "<t>"))
    points = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    # Equal x and y lie on the drawn diagonal, in order, evenly.
    assert points[0][0] < points[1][0] < points[2][0]
    assert points[0][1] > points[1][1] > points[2][1]
    assert points[1][0] - points[0][0] == pytest.approx(points[2][0] - points[1][0], abs=0.2)
    assert [t.text for t in root.iter(f"{SVG}text")][-2:] == ["x", "y & z"]


def test_scatter_of_one_point_is_no_division_by_zero():
    drawn(chart.scatter([3.0], [3.0], "x", "y", "t"))


def test_word_map_keeps_labels_apart_and_inside():
    words = [f"word{i}" for i in range(12)]
    root = drawn(chart.word_map(words, [0.0] * 6 + [1.0] * 6, [0.0] * 12, [i % 8 for i in range(12)], "t"))
    labels = [(float(t.get("x")), float(t.get("y"))) for t in root.iter(f"{SVG}text")]
    assert [t.text for t in root.iter(f"{SVG}text")] == words
    assert all(0 <= x <= 480 and 10 <= y <= 480 for x, y in labels)
    for i, (x, y) in enumerate(labels):
        assert all(abs(x - u) > 40 or abs(y - v) > 11 for u, v in labels[:i])


def test_neighbours_map_keeps_neighbours_together():
    # Two groups, near within (0.1) and far between (1): each point's nearest neighbours are of its own group.
    group = np.repeat([0, 1], 10)
    distances = np.where(group[:, None] == group, 0.1, 1.0)
    np.fill_diagonal(distances, 0.0)
    distances += np.random.default_rng(0).uniform(0, 0.01, (20, 20)) * (distances > 0)
    distances = (distances + distances.T) / 2
    places = chart.neighbours_map(distances)
    assert np.isfinite(places).all()
    gaps = np.linalg.norm(places[:, None] - places, axis=2) + np.eye(20) * 1e9
    assert all((group[np.argsort(row)[:5]] == own).all() for row, own in zip(gaps, group, strict=True))
    assert (chart.neighbours_map(distances) == places).all()


def test_page_escapes_what_it_is_given():
    page = Page(quiet=True)
    page.chapter("<b>")
    page.section("a & b", "<script>")
    page.facts({"<x>": "<y>"})
    page.table(("<h>",), [("<c>",), ("✓ good",)], hits=0)
    page.code("if a < b:")
    html = page.html("<title>", "<foot>")
    assert not re.search(r"<(b|script|x|y|h|c|foot)>", html)
    assert '<td class="hit">✓ good</td>' in html


def test_page_prints_columns_that_line_up(capsys: pytest.CaptureFixture[str]):
    page = Page()
    page.table(("word", "n"), [("词向量", "1"), ("a", "100")], numbers=(1,))
    assert capsys.readouterr().out.splitlines() == ["  word      n", "  词向量    1", "  a       100"]


def test_one_thing_is_not_several():
    assert plural(1, "run") == "1 run"
    assert plural(0, "run") == "0 runs"
    assert plural(2000, "run") == "2,000 runs"
    assert plural(1, "trajectory", "trajectories") == "1 trajectory"
    assert plural(2, "trajectory", "trajectories") == "2 trajectories"
