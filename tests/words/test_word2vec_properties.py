"""word2vec files: any words and numbers come back bit for bit; any damage is an error of ours; gensim agrees."""

from __future__ import annotations

import contextlib
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stochos import words
from stochos.errors import FileFormatError, InputError
from stochos.words import from_word2vec

# Each file is synced to disk, which hundreds of examples need not wait for.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
# Any Unicode, no white space of ASCII and no NUL, which the writer refuses.
ODD = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\v\f\r\0 "), min_size=1, max_size=12)
SPECIAL = st.sampled_from([0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 3.4028235e38, -3.4028235e38, 16777217.0, 0.1])
NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False) | SPECIAL.map(lambda x: float(np.float32(x)))


@st.composite
def tables(draw, vocabulary=ODD):
    names = draw(st.lists(vocabulary, min_size=1, max_size=8, unique=True))
    dim = draw(st.integers(1, 5))
    matrix = draw(hnp.arrays(np.float32, (len(names), dim), elements=NUMBERS))
    return words.Vectors(matrix, names)


def equal(v, w):
    return (
        v.vocabulary == w.vocabulary and v.matrix.tobytes() == w.matrix.tobytes() and v.matrix.shape == w.matrix.shape
    )


@given(tables())
def test_files_come_back_bit_for_bit(v):
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "v"
        v.to_word2vec(path)
        assert equal(v, from_word2vec(path, binary=False))
        assert equal(v, from_word2vec(path, binary=False, header=True))
        v.to_word2vec(path, binary=True)
        assert equal(v, from_word2vec(path, binary=True))
        if not v.vocabulary[0].startswith("\ufeff"):
            v.to_word2vec(path, header=False)
            assert equal(v, from_word2vec(path, header=False))


@given(tables(ODD.map(lambda w: w + "-")))
def test_text_is_told_from_binary_by_its_content(v):
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "v"
        v.to_word2vec(path)
        assert from_word2vec(path).settings == {"source": "word2vec text"}
        assert equal(v, from_word2vec(path))


def test_binary_is_told_from_text_by_its_content(tmp_path):
    # Random numbers of the size that training gives; a row of printable bytes only would be of chance 1e-100.
    for seed in range(20):
        matrix = np.random.default_rng(seed).normal(scale=0.3, size=(3, 30)).astype(np.float32)
        words.Vectors(matrix, ["a", "b", "c"]).to_word2vec(tmp_path / "v", binary=True)
        assert from_word2vec(tmp_path / "v").settings == {"source": "word2vec binary"}


SMALL = words.Vectors([[1.5, -2e-8], [3, 4e20], [0, -0.0]], ["the", "naïve", "東京"])


def content_of(binary):
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        SMALL.to_word2vec(Path(folder) / "v", binary=binary)
        return (Path(folder) / "v").read_bytes()


VALID = [content_of(False), content_of(True)]
INTERESTING = [
    b"\0",
    b"\n",
    b" ",
    b"\r",
    b"\t",
    b"\xff",
    b"\xe6",
    b"9",
    b"-",
    b".",
    b"e",
    b"nan",
    b"\x1f\x8b",
    b"\xef\xbb\xbf",
]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "delete", "copy", "cut"]),
        st.integers(0, 200),
        st.integers(1, 20),
        st.sampled_from(INTERESTING) | st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content, edits):
    for what, place, size, piece in edits:
        place %= len(content) + 1
        if what == "set":
            content = content[:place] + piece + content[place + len(piece) :]
        elif what == "insert":
            content = content[:place] + piece + content[place:]
        elif what == "delete":
            content = content[:place] + content[place + size :]
        elif what == "copy":
            content = content[:place] + content[place : place + size] * 2 + content[place + size :]
        else:
            content = content[:place]
    return content


@given(
    st.integers(0, 1),
    EDITS,
    st.sampled_from([None, True, False]),
    st.sampled_from([None, True, False]),
    st.sampled_from(["strict", "replace"]),
    st.sampled_from([None, 1, 2]),
)
def test_damaged_files_load_or_raise_an_error_of_ours(base, edits, binary, header, errors, limit):
    content = damaged(VALID[base], edits)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "v"
        path.write_bytes(content)
        try:
            v = from_word2vec(path, binary, header, errors, limit)
        except (FileFormatError, InputError):
            return
    assert len(v) == len(set(v.vocabulary)) <= content.count(b" ")
    assert all(v.vocabulary)
    assert np.isfinite(v.matrix).all()


@given(st.binary(max_size=60))
def test_any_bytes_load_or_raise_an_error_of_ours(content):
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "v"
        path.write_bytes(b"2 1\n" + content)
        with contextlib.suppress(FileFormatError):
            assert len(from_word2vec(path)) == 2


# --- gensim ------------------------------------------------------------------------------------------------------

INTEROPERABLE = ["the", "naïve", "東京", "a\u00a0b", "\u3000x", "-", "🙂", "123", "x" * 3000]


@pytest.fixture(scope="module")
def keyed_vectors():
    return pytest.importorskip("gensim.models").KeyedVectors


# gensim forgets to close the file when there is no header.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("binary", [False, True])
def test_gensim_opens_ours(keyed_vectors, tmp_path, binary):
    matrix = np.random.default_rng(5).normal(size=(len(INTEROPERABLE), 7)).astype(np.float32)
    v = words.Vectors(matrix, INTEROPERABLE)
    v.to_word2vec(tmp_path / "v", binary=binary)
    theirs = keyed_vectors.load_word2vec_format(str(tmp_path / "v"), binary=binary)
    assert theirs.index_to_key == INTEROPERABLE
    assert theirs.vectors.tobytes() == matrix.tobytes()
    if not binary:
        v.to_word2vec(tmp_path / "v", header=False)
        theirs = keyed_vectors.load_word2vec_format(str(tmp_path / "v"), no_header=True)
        assert theirs.vectors.tobytes() == matrix.tobytes()


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_ours_opens_gensims(keyed_vectors, tmp_path, binary, suffix):
    matrix = np.random.default_rng(6).normal(size=(len(INTEROPERABLE), 7)).astype(np.float32)
    theirs = keyed_vectors(7)
    theirs.add_vectors(INTEROPERABLE, matrix)
    path = tmp_path / f"v{suffix}"
    theirs.save_word2vec_format(str(path), binary=binary)
    v = from_word2vec(path)
    assert v.vocabulary == INTEROPERABLE
    assert v.matrix.tobytes() == matrix.tobytes()
    assert v.settings == {"source": f"word2vec {'binary' if binary else 'text'}"}


def test_neighbours_and_analogies_are_gensims(keyed_vectors):
    matrix = np.random.default_rng(7).normal(size=(500, 20)).astype(np.float32)
    names = [f"w{i}" for i in range(500)]
    theirs = keyed_vectors(20)
    theirs.add_vectors(names, matrix)
    v = words.Vectors(matrix, names)
    for ours, other in (
        (v.similar("w3", 12), theirs.most_similar("w3", topn=12)),
        (v.analogy(["w1", "w2"], ["w3"], 12), theirs.most_similar(["w1", "w2"], ["w3"], topn=12)),
    ):
        assert [w for w, _ in ours] == [w for w, _ in other]
        np.testing.assert_allclose([s for _, s in ours], [s for _, s in other], atol=1e-5)


def test_binary_numbers_are_little_endian(tmp_path):
    words.Vectors([[1.0]], ["a"]).to_word2vec(tmp_path / "v", binary=True)
    assert (tmp_path / "v").read_bytes() == b"1 1\na " + struct.pack("<f", 1.0) + b"\n"
