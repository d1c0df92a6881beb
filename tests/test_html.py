"""What notebooks show: the line of an object and a table, with everything escaped."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from stochos import nn, reactions, words

COUNTS = words.count(["<b> & <b> c d <b> c"] * 2 + [" ".join(f"w{i}" for i in range(50))], min_count=1)
NET = reactions.Network({"A<": 4, "B": 0}, ["flow: 2 `A<` -> B @ 0.5", "B -> @ 1 + B"])


def model() -> nn.Model:
    x = nn.Input((3,), name="x&y")
    return nn.Model(x, nn.Dense(2, seed=0)(x))


SHOWN: dict[str, tuple[Any, list[str]]] = {
    "counts": (COUNTS, ["<b>", "6", "… and 24 more"]),
    "vectors": (words.fit(COUNTS, dim=2, epochs=1), ["<b>", "… and 24 more"]),
    "network": (NET, ["flow: 2 `A<` -> B @ 0.5", "propensity"]),
    "run": (reactions.simulate(NET, [0, 1], 10), ["A<", "mean at 1"]),
    "final run": (reactions.simulate(NET, [0, 1], 10, keep="final"), []),
    "master": (reactions.master_equation(NET, {"A<": 4, "B": 2}), ["A<", "mean at 1"]),
    "model": (model(), ["x&y", "Dense", "8"]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_line_and_the_table(name: str):
    thing, cells = SHOWN[name]
    html = thing._repr_html_()
    assert unescape(re.sub("<[^>]*>", "", html.split("</p>")[0])) == repr(thing)
    assert set(re.findall("<([a-z]+)", html)) <= {"p", "table", "thead", "tbody", "tr", "th", "td"}
    shown = [unescape(cell) for cell in re.findall("<t[dh][^>]*>(.*?)</t[dh]>", html)]
    assert set(cells) <= set(shown)
