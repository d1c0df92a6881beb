"""Tables, text, pictures and pages of a flow hold its numbers."""

from __future__ import annotations

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from stochos import nn
from stochos.errors import FileError, InputError
from stochos.nn.flow import _svg

_spec = importlib.util.spec_from_file_location("flow_cases", Path(__file__).with_name("flow_cases.py"))
cases = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)

X = np.random.default_rng(3).normal(size=(3, 30, 4))


@pytest.fixture(params=["LSTM", "GRU", "SimpleRNN"])
def flow(request):
    return nn.gradient_flow(cases.started(request.param, 6, 0), X, lengths=[30, 17, 30])


class Tags(HTMLParser):
    """Check that every tag is closed, and keep which there were."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    return tags


def test_table_has_a_row_for_each_real_step(flow):
    table = flow.to_pandas()
    assert len(table) == 30 + 17 + 30
    first = table[(table.sequence == 1) & (table.step == 4)].iloc[0]
    assert first.lag == 13
    assert first.log_norm == flow.log_norms[1, 12]
    assert first.gradient_norm == flow.gradient_norms[1, 4]
    assert first[f"size of {flow.term_names[0]}"] == flow.term_sizes[flow.term_names[0]][1, 4]
    for name, gate in flow.gates.items():
        assert first[f"mean of {name}"] == pytest.approx(gate[1, 4].mean())
    assert table.share.sum() == pytest.approx(3)
    assert not table.isna().any().any()


def test_term_sizes_are_rms_singular_values(flow):
    for name, sizes in flow.term_sizes.items():
        singular = np.linalg.svd(flow.terms[name], compute_uv=False)
        np.testing.assert_allclose(sizes[flow.real], np.sqrt((singular**2).mean(axis=-1))[flow.real], rtol=1e-10)


def test_gate_histogram_counts_every_real_step(flow):
    for name, gate in flow.gates.items():
        edges, shares = flow.gate_histogram(name, 8)
        right = np.histogram(gate[flow.real], edges)[0] / (77 * 6)
        np.testing.assert_allclose(shares, right)
        assert shares.sum() == pytest.approx(1)


def test_text_and_summary_say_the_same(flow):
    text, figures = str(flow), flow.summary()
    assert figures["state"] in repr(flow)
    assert all(sentence in text for sentence in flow.verdict.sentences)
    assert figures["verdict"] == str(flow.verdict)
    assert figures["profile"]["lags"][-1] == 30
    assert figures["log_norm"] == pytest.approx(flow.log_norms[[0, 2], 29].mean())
    assert f"{flow.kind}" in text


def test_page_is_whole_and_alone(flow, tmp_path: Path):
    path = tmp_path / "flow.html"
    text = flow.to_html(path)
    assert path.read_text("utf-8") == text
    tags = parsed(text)
    assert tags.seen.count("svg") == 5 + bool(flow.gates) + 1
    assert flow.verdict.state in text
    assert not re.search(r"(src|href)=|https?:|@import|url\(", text)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).lower().replace("nanum", "")
    parsed(flow._repr_html_())
    with pytest.raises(FileError):
        flow.to_html(tmp_path / "none" / "flow.html")


@pytest.mark.parametrize("kind", ["LSTM", "SimpleRNN"])
def test_page_of_pictures(kind: str, tmp_path: Path):
    flow = nn.gradient_flow(cases.started(kind, 6, 0), X)
    figure = flow.plot(tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 4 + bool(flow.gates)


def test_single_pictures(tmp_path: Path):
    flow = nn.gradient_flow(cases.started("GRU", 6, 0), X)
    for kind in ("products", "terms", "gradients", "gates"):
        flow.plot(tmp_path / f"{kind}.svg", kind=kind)
        assert (tmp_path / f"{kind}.svg").read_text("utf-8").rstrip().endswith("</svg>")
    axes = flow.plot(tmp_path / "x.pdf", kind="norms")
    lags, norms = axes.lines[0].get_data()
    np.testing.assert_allclose(norms, np.exp(flow.profile[1]))
    np.testing.assert_array_equal(lags, flow.profile[0])
    with pytest.raises(InputError, match=r"must end in \.png"):
        flow.plot(tmp_path / "flow.gif")
    with pytest.raises(InputError, match="kind is 'pie'"):
        flow.plot(kind="pie")


def test_comparison_before_and_after(tmp_path: Path):
    before = nn.gradient_flow(cases.started("LSTM", 6, 0, -1.0), X)
    after = nn.gradient_flow(cases.started("LSTM", 6, 0, 2.0), X)
    found = before.compare(after)
    rows = found.to_pandas()
    assert list(rows.name) == ["before", "after"]
    assert rows.log_norm[1] > rows.log_norm[0]
    axes = found.plot(tmp_path / "both.png")
    for line, flow in zip(axes.lines, (before, after), strict=True):
        np.testing.assert_allclose(line.get_ydata(), np.exp(np.log(flow.gradient_norms).mean(axis=0)))
    parsed(found.to_html(tmp_path / "both.html"))
    parsed(found._repr_html_())
    lines = repr(found).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["before", "after"]


def test_heat_map_has_a_rectangle_for_each_known_norm():
    grid = nn.gradient_flow(cases.started("LSTM", 4, 0), X).product_norms(stride=3)
    svg = _svg.heat(grid.ends, grid.lags, grid.log_norms[0], "t")
    legend = 41
    assert svg.count("<rect") == np.isfinite(grid.log_norms[0]).sum() + legend
    assert _svg.colour(0.0) == "#f7f7f7"
    assert (_svg.colour(-1.0), _svg.colour(5.0)) == ("#053061", "#67001f")


def test_one_step_and_one_unit_are_enough(tmp_path: Path):
    for kind in ("LSTM", "GRU", "SimpleRNN"):
        flow = nn.gradient_flow(cases.started(kind, 1, 0), X[:1, :1])
        parsed(flow.to_html())
        flow.plot(tmp_path / "one.svg", kind="products")
        assert flow.verdict.lag == 1
        assert len(flow.to_pandas()) == 1


def test_no_real_step_is_no_error():
    for kind in ("LSTM", "SimpleRNN"):
        flow = nn.gradient_flow(cases.started(kind, 3, 0), X, lengths=[0, 0, 0])
        assert np.isnan(flow.norms).all()
        assert (flow.shares == 0).all()
        assert "No step is real." in str(flow)
        assert flow.gradient_norm == 0
