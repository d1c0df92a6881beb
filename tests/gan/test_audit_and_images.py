"""What an audit says and refuses, and samples that are images in one picture."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from stochos import gan, nn
from stochos.errors import InputError, InputTypeError

mpl.use("Agg")
from matplotlib import pyplot


def test_an_audit_of_terms_of_ones_own_finds_the_leak_and_says_it():
    a, b = nn.Variable(np.array([3.0, 4.0]), name="a"), nn.Variable(np.array(2.0), name="b")
    terms = {"first": lambda: nn.sum(nn.square(a)), "both": lambda: nn.sum(a) * b}
    found = gan.audit(terms, players={"one": a, "other": [b]}, owners={"first": "one", "both": "other"})
    assert found.values == {"first": 25.0, "both": 14.0}
    assert found.norms["first", "one"] == pytest.approx(10)  # |2a|
    assert found.norms["first", "other"] == 0
    assert found.norms["both", "one"] == pytest.approx(np.sqrt(8))  # |(b, b)|
    assert found.norms["both", "other"] == pytest.approx(7)
    assert not found.ok
    assert len(found.problems) == 1
    text = str(found)
    assert "by one" in text
    assert "'both' reaches the one" in text
    right = gan.audit({"first": terms["first"]}, players={"one": a, "other": b}, owners={"first": "one"})
    assert right.ok
    assert repr(right).endswith("each term reaches its own player alone")


def test_what_cannot_be_audited_is_refused():
    a = nn.Variable(np.ones(2))
    terms = {"term": lambda: nn.sum(a)}
    with pytest.raises(InputError, match="need players="):
        gan.audit(terms)
    with pytest.raises(InputTypeError, match="int is no GAN"):
        gan.audit(3)
    with pytest.raises(InputError, match="owner of 'term' is 'two'; the players are 'one'"):
        gan.audit(terms, players={"one": a}, owners={"term": "two"})
    with pytest.raises(InputError, match="it must be one number"):
        gan.audit({"term": lambda: a * 2.0}, players={"one": a})
    with pytest.raises(InputError, match="has no parameters"):
        gan.audit(terms, players={"one": nn.Dense(2)})


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 4, 3, 1), (5, 9)])
def test_images_stand_in_a_grid_in_their_order(shape: tuple[int, ...]):
    samples = np.random.default_rng(0).uniform(size=shape)
    images = samples.reshape(5, *((3, 3) if len(shape) == 2 else shape[1:3]))
    axes = gan.samples_plot(samples)
    grid = np.ma.filled(axes.images[0].get_array(), np.nan)
    height, width = images.shape[1:]
    assert grid.shape == (2 * height + 1, 3 * width + 2)
    for i, image in enumerate(images):
        row, column = divmod(i, 3)
        part = grid[row * (height + 1) :, column * (width + 1) :][:height, :width]
        np.testing.assert_array_equal(part, image)
    assert np.isnan(grid[height]).all()
    pyplot.close(axes.figure)


@pytest.mark.parametrize("shape", [(0, 2), (3, 5), (2, 2, 2, 3), (4,)])
def test_what_no_picture_can_be_made_of_is_refused(shape: tuple[int, ...]):
    with pytest.raises(InputError, match="a picture needs points"):
        gan.samples_plot(np.zeros(shape))
