"""The picture of f as the envelope of its tangents."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import gan
from stochos.errors import InputError

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("name", ["kl", "pearson", "js", "triangular"])
def test_tangents_lie_below_f_and_touch_it(name: str):
    from matplotlib import pyplot

    ax = gan.local_variational_plot(name, tangents=9)
    lines = ax.get_lines()
    u, f = lines[9].get_xdata(), lines[9].get_ydata()
    np.testing.assert_allclose(f, gan.divergence(name).f(u))
    gaps = np.array([f - line.get_ydata() for line in lines[:9]])
    assert (gaps >= -1e-12).all()
    # Each touches within the distance of two points of the curve.
    assert (gaps.min(axis=1) < 1e-3 * np.ptp(f)).all()
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {
        "tangents",
        f"f of {gan.divergence(name).name}",
    }
    pyplot.close(ax.figure)


def test_bad_ranges_are_named():
    with pytest.raises(InputError, match="low is 3 and high 2"):
        gan.local_variational_plot("kl", low=3, high=2)
    with pytest.raises(InputError, match="tangents is 0"):
        gan.local_variational_plot("kl", tangents=0)
