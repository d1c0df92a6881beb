"""gensim's names over our vectors: the answers of gensim itself, and the errors that are ours."""

from __future__ import annotations

import numpy as np
import pytest

from stochos import words
from stochos.errors import InputError, InputTypeError, UnknownNameError

NAMES = [f"w{i}" for i in range(300)]


@pytest.fixture(scope="module")
def matrix():
    return np.random.default_rng(3).normal(size=(300, 12)).astype(np.float32)


@pytest.fixture(scope="module")
def ours(matrix):
    return words.KeyedVectors(words.Vectors(matrix, NAMES, frequencies=np.arange(300, 0, -1), total_tokens=50_000))


@pytest.fixture(scope="module")
def theirs(matrix):
    made = pytest.importorskip("gensim.models").KeyedVectors(12)
    made.add_vectors(NAMES, matrix)
    made.set_vecattr("w2", "count", 298)
    return made


def pairs_close(one, other):
    assert [word for word, _ in one] == [word for word, _ in other]
    np.testing.assert_allclose([x for _, x in one], [x for _, x in other], atol=2e-6)


#: What a program written for gensim does with `wv`; each line is asked of both.
CALLS = """
len(wv)
wv.index_to_key
dict(wv.key_to_index)
wv.vectors
wv.vector_size
"w5" in wv, "nobody" in wv
wv["w5"]
wv[7]
wv[["w5", "w9", 3]]
wv.get_vector("w5", norm=True)
wv.get_normed_vectors()
wv.get_index("w5"), wv.get_index("nobody", default=-3), wv.get_index(12)
wv.has_index_for("w5"), wv.has_index_for("nobody")
wv.get_vecattr("w2", "count")
wv.get_mean_vector(["w1", "w2", "nobody"])
wv.get_mean_vector(["w1", "w2"], weights=[0.3, -2.0], pre_normalize=False, post_normalize=True)
wv.get_mean_vector([wv["w4"] * 3, "w2", 8])
wv.most_similar("w3")
wv.most_similar("w3", topn=0)
wv.most_similar("w3", topn=None)
wv.most_similar(["w3", "w4"], ["w9"], topn=25)
wv.most_similar(positive=["w3", "w4"], negative="w9", restrict_vocab=40)
wv.most_similar(negative=["w9"], topn=4)
wv.most_similar([("w3", 0.5), ("w7", -1.5), "w8"], topn=6)
wv.most_similar([wv["w4"] * 5, "w8"], topn=6)
wv.most_similar(wv["w4"], topn=3)
wv.most_similar(17, topn=3)
wv.similar_by_word("w6", topn=3)
wv.similar_by_key("w6", topn=3, restrict_vocab=30)
wv.similar_by_vector(wv["w6"] + wv["w7"], topn=3)
wv.similarity("w1", "w2")
wv.distance("w1", "w2")
wv.distances("w1")
wv.distances("w1", ["w4", "w9"])
wv.distances(wv["w1"] * 2, ["w4", "w9"])
wv.n_similarity(["w1", "w2"], ["w3", "nobody"])
wv.doesnt_match(["w1", "w2", "w3", "w4"])
[(b, a) for a, b in wv.rank_by_centrality(["w1", "w2", "w3", "w4"])]
[(b, a) for a, b in wv.rank_by_centrality(["w1", "w2", "w3"], use_norm=False)]
wv.closer_than("w1", "w2")
wv.rank("w1", "w2")
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_answers_are_gensims(ours, theirs, call):
    one, other = (eval(call, {"wv": wv}) for wv in (ours, theirs))
    if isinstance(other, list) and other and isinstance(other[0], tuple):
        pairs_close(one, other)
    elif isinstance(other, (np.ndarray, float, np.floating)):
        np.testing.assert_allclose(one, other, atol=2e-6)
    else:
        assert one == other


@pytest.mark.filterwarnings("ignore:Call to deprecated `init_sims`:DeprecationWarning")
def test_products_are_gensims_up_to_what_keeps_them_finite(ours, theirs):
    one = ours.most_similar_cosmul(["w3", "w4"], ["w9"], topn=12)
    other = theirs.most_similar_cosmul(["w3", "w4"], ["w9"], topn=12)
    assert [word for word, _ in one] == [word for word, _ in other]
    np.testing.assert_allclose([x for _, x in one], [x for _, x in other], rtol=0.01)


def test_files_go_both_ways(ours, theirs, tmp_path):
    for binary in (False, True):
        ours.save_word2vec_format(tmp_path / "v", binary=binary)
        read = words.KeyedVectors.load_word2vec_format(tmp_path / "v", binary=binary)
        np.testing.assert_array_equal(read.vectors, ours.vectors)
        assert read.index_to_key == NAMES
        again = type(theirs).load_word2vec_format(str(tmp_path / "v"), binary=binary)
        np.testing.assert_array_equal(again.vectors, ours.vectors)
    ours.save_word2vec_format(tmp_path / "v", write_header=False)
    assert len(words.KeyedVectors.load_word2vec_format(tmp_path / "v", no_header=True, limit=5)) == 5


def test_it_holds_nothing_of_its_own(ours):
    assert ours.vectors is ours.model.matrix
    assert repr(ours) == "<KeyedVectors: 300 words, 12 dimensions>"
    with pytest.raises(TypeError):
        ours.key_to_index["new"] = 1
    with pytest.raises(ValueError, match="read-only"):
        ours["w1"][0] = 1
    np.testing.assert_array_equal(ours.norms, ours.model.norms)


def test_a_zero_vector_is_like_nothing():
    wv = words.KeyedVectors(words.Vectors([[0.0, 0.0], [1.0, 0.0], [0.6, 0.8]], ["o", "a", "b"]))
    assert wv.similarity("o", "a") == 0
    assert wv.get_vector("o", norm=True).tolist() == [0, 0]
    assert wv.most_similar("o", topn=1) == [("a", 0.0)]
    np.testing.assert_allclose(wv.distances("a"), [1, 0, 0.4], atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            "wv['nobody']",
            UnknownNameError,
            r"\[words\.KeyedVectors\.get_index\] the word 'nobody' is not among",
        ),
        ("wv.get_index('W5')", UnknownNameError, "did you mean 'w5'"),
        ("wv[300]", UnknownNameError, "no row 300; rows go from 0 to 299"),
        ("wv[-1]", UnknownNameError, "no row -1"),
        ("wv.get_index(1.5)", InputTypeError, "give a word or a row"),
        ("wv.get_vecattr('w5', 'weight')", UnknownNameError, "no 'weight' is kept"),
        ("wv.get_mean_vector([])", InputError, "give a key"),
        ("wv.get_mean_vector(['w1'], weights=[1, 2])", InputError, "1 keys and 2 weights"),
        ("wv.get_mean_vector(['nobody'], ignore_missing=False)", UnknownNameError, "'nobody'"),
        ("wv.most_similar()", InputError, "nothing to be similar to"),
        ("wv.most_similar(3.5)", InputTypeError, "give a word, a row, a vector"),
        ("wv.most_similar([('w1', 'much')])", InputTypeError, "a weight is 'much'"),
        ("wv.most_similar('w1', topn=-1)", InputError, "topn is -1"),
        ("wv.similar_by_vector(np.ones(3))", InputError, r"shape \(3,\); give \(12,\)"),
        ("wv.n_similarity([], ['w1'])", InputError, "ws1 is empty"),
        ("wv.doesnt_match(['nobody'])", InputError, "none of the words is known"),
        ("words.KeyedVectors(wv)", InputTypeError, "give a stochos.words.Vectors"),
    ],
)
def test_wrong_questions_are_told(ours, call, error, text):
    with pytest.raises(error, match=text):
        eval(call, {"wv": ours, "np": np, "words": words})
