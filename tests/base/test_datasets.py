"""The shipped text: it is what its description says, within the size that was promised."""

from __future__ import annotations

import hashlib
import lzma
import re

import numpy as np
import pytest

from stochos import datasets
from stochos.errors import InputError, UnknownNameError


def test_text_is_what_its_description_says():
    lines = datasets.load_text("bible-asv")
    description = datasets.available()["bible-asv"]
    stated = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) (?:verses|words)", description)]
    assert [len(lines), sum(len(line.split()) for line in lines)] == stated
    assert all(re.fullmatch(r"[a-z]+( [a-z]+)*", line) for line in lines)


def test_text_is_the_one_that_the_build_script_makes():
    # The sha256 that docs/build_dataset.py printed when it made the file.
    data = lzma.decompress(datasets.path("bible-asv").read_bytes())
    assert hashlib.sha256(data).hexdigest() == "d1835a8c34bc83e0ea2527cd339a37421da2134d5197e6e443aae20f94654576"


@pytest.mark.parametrize("name", list(datasets.available()))
def test_every_text_is_small_and_has_its_licence(name: str):
    assert datasets.path(name).stat().st_size <= 2_000_000
    licence = datasets.licence(name)
    assert "public domain" in licence or "CC BY 4.0" in licence


def test_digits_are_what_their_description_says():
    # UCI's own count of the digits in the test part, from its page.
    images, labels = datasets.load_digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.uint8
    assert images.max() == 16
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    # The first line of UCI's file is a 0: 0,0,5,13,9,1,0,0,...
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    data = lzma.decompress(datasets.path("digits").read_bytes())
    assert (
        hashlib.sha256(data).hexdigest() == "e6f8a51fa62c6dd5529498bdafaa6eddfec0a7374a68da33dc761af0a8b90eeb"
    )  # printed by docs/build_digits.py


def test_digits_are_no_text():
    with pytest.raises(InputError, match="load_digits"):
        datasets.load_text("digits")


def test_unknown_name_lists_what_there_is():
    for function in (datasets.path, datasets.load_text, datasets.licence):
        with pytest.raises(UnknownNameError, match=r"'nothing'.*bible-asv"):
            function("nothing")
