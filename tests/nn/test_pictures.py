"""The table and the picture of a model."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from stochos import nn
from stochos.errors import InputError, MissingPartError
from stochos.nn import _layout, _names


def siamese() -> nn.Model:
    a, b = nn.Input((4,), name="left"), nn.Input((4,), name="right")
    encoder = nn.Sequential([nn.Input((4,)), nn.Dense(8, name="in"), nn.Dropout(0.1), nn.Dense(3)], name="encoder")
    u, v = encoder(a), encoder(b)
    head = nn.Dense(2, name="head")(nn.Concatenate()([u, v, u * v, nn.abs(u - v)]))
    return nn.Model([a, b], head, name="pair").freeze("head")


def test_the_table_of_a_model():
    # Worked out by hand: 4*8 + 8 + 8*3 + 3 = 67 in the encoder, 12*2 + 2 = 26 in the head.
    assert str(siamese().summary()).splitlines() == [
        "Model 'pair'",
        "-" * 101,
        "layer                  class        output shape  parameters  from",
        "-" * 101,
        "left                   Input        (?, 4)                 0",
        "right                  Input        (?, 4)                 0",
        "encoder (call 1 of 2)  Sequential   (?, 3)                67  left",
        "encoder (call 2 of 2)  Sequential   (?, 3)          0 shared  right",
        "multiply               function     (?, 3)                 0  encoder (1), encoder (2)",
        "subtract               function     (?, 3)                 0  encoder (1), encoder (2)",
        "abs                    function     (?, 3)                 0  subtract",
        "concatenate            Concatenate  (?, 12)                0  encoder (1), encoder (2), multiply, abs",
        "head                   Dense        (?, 2)         26 frozen  concatenate",
        "-" * 101,
        "93 parameters, each shared one counted once: 67 train, 26 are frozen",
        "kept but not trained (moving statistics, counters): 1",
    ]


def test_the_table_with_what_is_inside():
    text = siamese().summary(nested=True)
    assert repr(text) == str(text)
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("encoder (call 1"))
    inner = [line.split() for line in lines[start + 1 : start + 5]]
    assert [cells[0] for cells in inner[1:]] == ["in", "dropout", "dense"]
    assert [cells[-2] for cells in inner[1:]] == ["40", "0", "27"]


def test_long_names_ties_and_what_is_not_built():
    words = nn.Input((5,), dtype="int64", name="w" * 90)
    table, scores = nn.Embedding(9, 4), nn.Dense(9, name="scores")
    nn.tie(scores, table, "transpose")
    text = nn.Model(words, scores(table(words))).summary()
    assert max(map(len, text.splitlines())) < 150
    assert "9 tied" in text
    assert "45 parameters" in text
    assert "not built" in nn.Sequential([nn.Dense(2)]).summary()


def test_places_of_boxes_keep_their_distance_and_edges_go_down():
    # A ladder with an edge over three rows: rows are longest ways, boxes of a row do not overlap.
    edges = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)]
    widths = [1.0, 2.0, 3.0, 1.0, 1.0]
    places, ways = _layout.arranged(widths, edges, gap=0.5)
    assert [row for _, row in places] == [0, 1, 1, 2, 3]
    assert abs(places[1][0] - places[2][0]) >= 2.5 + 0.5 - 1e-9
    assert [len(way) for way in ways] == [0, 0, 0, 0, 0, 2]
    for row in (1, 2):
        boxes = [(x, w) for (x, r), w in zip(places, widths, strict=True) if r == row]
        x = {r: x for x, r in ways[5]}[row]
        assert all(abs(x - middle) >= width / 2 + 0.15 + 0.5 - 1e-9 for middle, width in boxes)


def test_layout_has_no_needless_crossings():
    # Two chains that are given crosswise.
    edges = [(0, 3), (1, 2), (2, 4), (3, 5)]
    places, _ = _layout.arranged([1.0] * 6, edges, gap=0.2)
    x = [place for place, _ in places]
    assert (x[0] < x[1]) == (x[3] < x[2]) == (x[5] < x[4])


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_pictures_are_written(tmp_path: Path, ending: str, nested: bool):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"model{ending}"
    axes = siamese().plot(path, nested=nested)
    assert path.stat().st_size > 1000
    texts = [text.get_text() for text in axes.texts]
    shared = [text for text in texts if text.startswith("shared: call")]
    assert len(shared) == (6 if nested else 2)
    assert any("frozen" in text for text in texts)
    boxes = [patch.get_window_extent() for patch in axes.patches if hasattr(patch, "get_boxstyle")]
    assert not [(a, b) for n, a in enumerate(boxes) for b in boxes[n + 1 :] if a.overlaps(b)]


def test_every_line_stays_inside_its_box(tmp_path: Path):
    pytest.importorskip("matplotlib")
    x = nn.Input((4,), name="an_input_with_a_name_that_is_much_longer_than_any_box_would_be_wide")
    layer = nn.Dense(4, name="MMMMMMMMMMMMMMMMMMMMMMMMMMMM")
    axes = nn.Model(x, nn.MultiHeadAttention(2)(nn.Reshape((1, 4))(layer(layer(x))))).plot(tmp_path / "m.png")
    canvas = pytest.importorskip("matplotlib.backends.backend_agg").FigureCanvasAgg(axes.figure)
    canvas.draw()
    renderer = canvas.get_renderer()  # the one that wrote the file had other pixels
    boxes = [patch.get_window_extent() for patch in axes.patches if hasattr(patch, "get_boxstyle")]
    for text in axes.texts:
        if text.get_text() and text.get_ha() == "center":
            extent = text.get_window_extent(renderer)
            assert any(
                b.x0 <= extent.x0 and extent.x1 <= b.x1 and b.y0 <= extent.y0 and extent.y1 <= b.y1 for b in boxes
            )


def test_wrong_pictures_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match="must end in"):
        siamese().plot(tmp_path / "model.gif")
    with pytest.raises(InputError, match="has no graph yet"):
        nn.Sequential([nn.Dense(2)]).plot()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPartError, match=r"pip install 'stochos\[plot\]'"):
        siamese().plot()


def test_a_picture_on_given_axes():
    figure_module = pytest.importorskip("matplotlib.figure")
    axes = figure_module.Figure(figsize=(4, 3)).add_subplot()
    assert siamese().plot(ax=axes) is axes
    assert np.isfinite(axes.get_xlim()).all()


def test_layers_and_models_say_what_they_are():
    x = nn.Input((5,), name="x")
    layer = nn.Dense(3, activation="relu", name="hidden")
    assert repr(layer) == "<nn.Dense 'hidden' (3, activation='relu'), not built>"
    model = nn.Model(x, layer(x), name="net")
    assert repr(layer) == "<nn.Dense 'hidden' (3, activation='relu')>"
    assert repr(model) == "<nn.Model 'net': x (?, 5) → hidden (?, 3); 1 layer, 18 parameters>"
    assert len(repr(nn.Lambda(lambda x: x * 2))) < 80
    assert repr(nn.Sequential([nn.Dense(2)], name="s")) == "<nn.Sequential 's', not built>"


def test_automatic_names_are_words():
    kinds = {nn.Conv2D: "conv2d", nn.MaxPool2D: "max_pool2d", nn.ReLU: "relu", nn.LeakyReLU: "leaky_relu",
             nn.SiLU: "silu", nn.MultiHeadAttention: "multi_head_attention", nn.LayerNorm: "layer_norm",
             nn.GlobalAveragePool: "global_average_pool"}  # fmt: skip
    assert {kind: _names.kind_name(kind) for kind in kinds} == kinds


def test_outputs_with_names_are_called_so():
    x = nn.Input((4,))
    model = nn.Model(x, {"class": nn.Dense(3)(x), "value": nn.Dense(1)(x)})
    ax = model.plot(ax=pytest.importorskip("matplotlib.figure").Figure().add_axes((0, 0, 1, 1)))
    assert {"output class", "output value"} <= {text.get_text() for text in ax.texts}
