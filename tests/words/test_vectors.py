"""Vectors: what is kept, checked and refused; files of our own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stochos import words
from stochos.errors import FileError, FileFormatError, InputError, InputTypeError, UnknownNameError

MATRIX = np.array([[1, 0], [0, 2], [3, 4], [0, 0]], np.float32)
VOCABULARY = ["the", "King", "queen", "nil"]


def make(**options):
    return words.Vectors(MATRIX, VOCABULARY, **options)


def test_the_parts_come_back_and_cannot_be_written():
    v = make(frequencies=[9, 5, 2, 1], total_tokens=17, settings={"solver": "sgd", "dim": 2})
    assert v.vocabulary == VOCABULARY
    assert (len(v), v.dim, v.total_tokens) == (4, 2, 17)
    assert v.settings == {"solver": "sgd", "dim": 2}
    assert v.matrix.dtype == np.float32
    assert v.frequencies.dtype == np.int64
    np.testing.assert_array_equal(v["queen"], [3, 4])
    assert v.index("queen") == 2
    assert "queen" in v
    assert "Queen" not in v
    assert 3 not in v
    assert "4 words" in repr(v)
    assert "2 dimensions" in repr(v)
    for array in (v.matrix, v["queen"], v.frequencies, v.norms):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_matrix_is_shared_and_stays_writable_for_its_owner():
    own = MATRIX.copy()
    v = words.Vectors(own, VOCABULARY)
    assert np.shares_memory(own, v.matrix)
    assert own.flags.writeable


def test_changing_the_settings_given_or_returned_changes_nothing_inside():
    given = {"list": [1]}
    v = make(settings=given)
    given["list"].append(2)
    v.settings["list"].append(3)
    assert v.settings == {"list": [1]}


def test_norms_are_euclidean_and_of_one_array():
    v = make()
    np.testing.assert_array_equal(v.norms, np.array([1, 2, 5, 0], np.float32))
    assert v.norms is v.norms


def test_norms_do_not_overflow_between():
    # Squares of 1e30 leave float32, their root does not.
    v = words.Vectors(np.array([[3e30, 4e30], [3e-30, 4e-30]], np.float32), ["a", "b"])
    np.testing.assert_allclose(v.norms, [5e30, 5e-30], rtol=1e-6)


def test_a_norm_beyond_float32_is_an_error_that_names_the_word():
    v = words.Vectors(np.array([[1, 1], [3e38, 3e38]], np.float32), ["a", "big"])
    with pytest.raises(InputError, match=r"\[words.norms\].*'big'"):
        _ = v.norms


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"matrix": np.zeros((4,))}, InputError, r"shape \(4,\)"),
        ({"matrix": np.zeros((4, 0))}, InputError, r"shape \(4, 0\)"),
        ({"matrix": np.zeros((0, 2)), "vocabulary": []}, InputError, r"shape \(0, 2\)"),
        ({"matrix": np.zeros((4, 2), complex)}, InputTypeError, "complex"),
        ({"matrix": [["1", "2"]] * 4}, InputTypeError, "real numbers"),
        ({"matrix": np.array([[1, 2], [3, np.nan], [1, 1], [1, 1]])}, InputError, "row 1 .*NaN"),
        ({"matrix": np.array([[1, 2], [3, 1], [-np.inf, 1], [1, 1]])}, InputError, "row 2"),
        ({"matrix": np.array([[1e39, 2], [3, 1], [1, 1], [1, 1]])}, InputError, "row 0"),
        ({"vocabulary": ["a", "b", "c"]}, InputError, "4 rows and 3 words"),
        ({"vocabulary": ["a", "b", "a", "c"]}, InputError, "'a' stands twice"),
        ({"vocabulary": "abcd"}, InputError, "give a word for each row"),
        ({"vocabulary": ["a", "b", 3, "c"]}, InputTypeError, "holds 3"),
        ({"frequencies": [1, 2, 3]}, InputError, r"shape \(3,\)"),
        ({"frequencies": [1, 2, 3, -1]}, InputError, "none negative"),
        ({"frequencies": [1.0, 2, 3, 4]}, InputTypeError, "whole numbers"),
        ({"total_tokens": 1.5}, InputTypeError, "total_tokens"),
    ],
)
def test_wrong_arguments_are_refused(change, error, text):
    with pytest.raises(error, match=text):
        words.Vectors(**{"matrix": MATRIX, "vocabulary": VOCABULARY, **change})


def test_an_unknown_word_is_named_with_close_spellings():
    v = make()
    with pytest.raises(UnknownNameError, match=r"\[words.index\].*'quean'.*did you mean 'queen'"):
        v["quean"]
    with pytest.raises(KeyError, match="did you mean 'King'"):
        v["king"]
    with pytest.raises(KeyError, match="'zzz' is not among the 4"):
        v["zzz"]
    with pytest.raises(KeyError):
        v["x" * 100_000]
    with pytest.raises(InputTypeError, match="give a str"):
        v[0]


# --- own files ---------------------------------------------------------------------------------------------------


def test_saved_vectors_come_back_whole_and_mapped(tmp_path):
    state = {"accumulator": np.array([1.5, 2.5, 3.5, 4.5], np.float32), "records": np.array([7], np.int64)}
    odd = [
        "naïve",
        "東京",
        "a b",
        "\u0085",
    ]
    v = words.Vectors(
        MATRIX, odd, frequencies=[9, 5, 2, 1], total_tokens=17, settings={"solver": "sgd", "n": [1, None]}, state=state
    )
    v.save(tmp_path / "v.stochos")
    for verify in (True, False):
        w = words.load_vectors(tmp_path / "v.stochos", verify=verify)
        assert w.vocabulary == odd
        assert w.matrix.tobytes() == MATRIX.tobytes()
        np.testing.assert_array_equal(w.frequencies, [9, 5, 2, 1])
        assert w.total_tokens == 17
        assert w.settings == v.settings
        assert {k: a.tolist() for k, a in w.state.items()} == {k: a.tolist() for k, a in state.items()}
        # Mapped, not copied: the address lies in a mapping of the file.
        address = w.matrix.ctypes.data
        spans = [
            line.split()[0].split("-")
            for line in Path("/proc/self/maps").read_text().splitlines()
            if "v.stochos" in line
        ]
        assert any(int(low, 16) <= address < int(high, 16) for low, high in spans)
        assert w.similar("a b") == v.similar("a b")


def test_vectors_without_frequencies_come_back(tmp_path):
    make().save(tmp_path / "v")
    v = words.load_vectors(tmp_path / "v")
    assert v.frequencies is None
    assert v.total_tokens is None


def test_files_that_are_not_ours_or_damaged_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"words.load_vectors"):
        words.load_vectors(tmp_path / "missing")
    (tmp_path / "text").write_text(json.dumps({"matrix": [1]}))
    with pytest.raises(FileFormatError, match=r"words.load_vectors"):
        words.load_vectors(tmp_path / "text")
    make().save(tmp_path / "v")
    good = (tmp_path / "v").read_bytes()
    (tmp_path / "cut").write_bytes(good[:-3])
    with pytest.raises(FileFormatError, match=r"words.load_vectors"):
        words.load_vectors(tmp_path / "cut")
    flipped = bytearray(good)
    flipped[good.rindex(MATRIX.tobytes()) + 5] ^= 1
    (tmp_path / "flipped").write_bytes(flipped)
    with pytest.raises(FileFormatError, match=r"words.load_vectors"):
        words.load_vectors(tmp_path / "flipped")


def test_a_file_of_the_right_kind_with_parts_missing_is_refused(tmp_path):
    from stochos import _storage

    _storage.write(tmp_path / "v", "word vectors", {"settings": {}}, {"matrix": MATRIX}, "test")
    with pytest.raises(FileFormatError, match="does not hold word vectors"):
        words.load_vectors(tmp_path / "v")


@pytest.mark.parametrize("meta", [{"settings": "abc", "total_tokens": 1}, {"settings": {}, "total_tokens": -1}, {}])
def test_impossible_settings_in_a_file_are_refused(tmp_path, meta):
    from stochos import _storage

    blob, offsets = _storage.pack_words(VOCABULARY)
    arrays = {"matrix": MATRIX, "words": blob, "word_offsets": offsets}
    _storage.write(tmp_path / "v", "word vectors", meta, arrays, "test")
    with pytest.raises(FileFormatError, match="does not hold word vectors"):
        words.load_vectors(tmp_path / "v")


def test_a_file_with_nan_is_refused_at_once_or_at_the_first_question(tmp_path):
    from stochos import _storage

    blob, offsets = _storage.pack_words(VOCABULARY)
    bad = MATRIX.copy()
    bad[2, 1] = np.nan
    arrays = {"matrix": bad, "words": blob, "word_offsets": offsets}
    _storage.write(tmp_path / "v", "word vectors", {"settings": {}, "total_tokens": None}, arrays, "test")
    with pytest.raises(FileFormatError, match="row 2"):
        words.load_vectors(tmp_path / "v")
    with pytest.raises(InputError, match="'queen'"):
        words.load_vectors(tmp_path / "v", verify=False).similar("the")
