"""Questions to vectors; the right answers are computed here by plain NumPy in double precision."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import _core, words
from stochos.errors import InputError, InputTypeError, UnknownNameError

V, D = 700, 23
RANDOM = np.random.default_rng(20)
MATRIX = (RANDOM.normal(size=(V, D)) * RANDOM.uniform(0.2, 3, size=(V, 1)) + 0.2).astype(np.float32)
VOCABULARY = [f"w{i}" for i in range(V)]
WIDE = MATRIX.astype(np.float64)
UNIT = WIDE / np.linalg.norm(WIDE, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def vectors():
    return words.Vectors(MATRIX, VOCABULARY)


def check(answer, scores, k, allowed=None):
    """The k largest of `scores` among `allowed`; ties and rounding aside the order is fixed by the data."""
    allowed = np.arange(len(scores)) if allowed is None else np.array(sorted(allowed))
    order = allowed[np.lexsort((allowed, -scores[allowed]))][:k]
    assert [w for w, _ in answer] == [VOCABULARY[i] for i in order]
    np.testing.assert_allclose([s for _, s in answer], scores[order], rtol=2e-5, atol=2e-6)


def without(*rows):
    return set(range(V)) - set(rows)


# --- similar -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 10, V - 1])
def test_similar_by_cosine_and_dot(vectors, k):
    check(vectors.similar("w5", k), UNIT @ UNIT[5], k, without(5))
    check(vectors.similar("w5", k, "dot"), WIDE @ WIDE[5], k, without(5))


def test_similar_can_keep_the_word_and_then_finds_it_first(vectors):
    word, score = vectors.similar("w5", 1, exclude=False)[0]
    assert word == "w5"
    assert score == pytest.approx(1, abs=1e-6)
    assert score <= 1


def test_similar_to_several_words_adds_their_vectors(vectors):
    total = WIDE[[1, 2, 2]].sum(axis=0)
    check(vectors.similar(["w1", "w2", "w2"], 9, "dot"), WIDE @ total, 9, without(1, 2))
    check(vectors.similar(("w1", "w2", "w2"), 9), UNIT @ (total / np.linalg.norm(total)), 9, without(1, 2))


def test_similar_to_a_vector_excludes_nothing(vectors):
    check(vectors.similar(MATRIX[7], 4), UNIT @ UNIT[7], 4)
    check(vectors.similar(WIDE[7], 4, "dot"), WIDE @ WIDE[7], 4)


def test_similar_among_the_most_frequent_words(vectors):
    check(vectors.similar("w5", 8, top=30), UNIT @ UNIT[5], 8, set(range(30)) - {5})
    check(vectors.similar("w500", 8, top=30), UNIT @ UNIT[500], 8, set(range(30)))
    assert vectors.similar("w5", 8, top=10**9) == vectors.similar("w5", 8)
    assert vectors.similar("w5", 10**30) == vectors.similar("w5", V)
    assert vectors.analogy("w5", "w6", 10**30) == vectors.analogy("w5", "w6", V)
    assert vectors.analogy("w5", "w6", 10**30, "multiply") == vectors.analogy("w5", "w6", V, "multiply")
    assert len(vectors.similar("w1", 8, top=3)) == 2


def test_frequent_words_are_told_by_frequency_when_rows_are_not_in_that_order():
    frequencies = np.arange(V)
    v = words.Vectors(MATRIX, VOCABULARY, frequencies=frequencies)
    check(v.similar("w5", 8, top=30), UNIT @ UNIT[5], 8, set(range(V - 30, V)))
    check(v.similar(f"w{V - 1}", 8, top=30), UNIT @ UNIT[V - 1], 8, set(range(V - 30, V - 1)))


@pytest.mark.parametrize("context", [2, 50, 10_000])
def test_correlation_is_pearson_of_the_pmi_profiles(vectors, context):
    # The definition itself: profiles <v_i, v_k> over the context words, correlated by numpy.
    profiles = WIDE @ WIDE[:context].T
    scores = np.corrcoef(profiles)[5]
    answer = vectors.similar("w5", 12, "correlation", context_words=context)
    if context == 2:  # two points correlate by +1 or -1: only the scores are fixed
        assert all(s == pytest.approx(1, abs=1e-4) for _, s in answer)
    else:
        check(answer, scores, 12, without(5))


def test_correlation_takes_the_frequent_words_as_context():
    frequencies = np.arange(V)
    v = words.Vectors(MATRIX, VOCABULARY, frequencies=frequencies)
    scores = np.corrcoef(WIDE @ WIDE[V - 50 :].T)[5]
    check(v.similar("w5", 12, "correlation", context_words=50), scores, 12, without(5))


@pytest.mark.parametrize("scale", [1e-25, 1e15])
def test_correlation_and_cosine_do_not_know_the_scale(vectors, scale):
    v = words.Vectors(WIDE * scale, VOCABULARY)
    for metric in ("cosine", "correlation"):
        a, b = vectors.similar("w5", 10, metric), v.similar("w5", 10, metric)
        assert [w for w, _ in a] == [w for w, _ in b]
        np.testing.assert_allclose([s for _, s in a], [s for _, s in b], rtol=1e-4)


def test_zero_vectors_have_cosine_zero_and_ties_go_by_row():
    v = words.Vectors([[0, 0], [1, 1], [1, 1], [-1, -1], [0, 0]], list("abcde"))
    assert v.similar("a", 4) == [("b", 0.0), ("c", 0.0), ("d", 0.0), ("e", 0.0)]
    assert [w for w, _ in v.similar("b", 4)] == ["c", "a", "e", "d"]
    assert v.similar("a", 3, "correlation") == [("b", 0.0), ("c", 0.0), ("d", 0.0)]
    assert v.similar(np.zeros(2), 1) == [("a", 0.0)]


def test_vectors_too_small_to_invert_count_as_zero():
    v = words.Vectors([[1e-44, 0], [1, 1]], ["tiny", "b"])
    assert v.similar("b", 1) == [("tiny", 0.0)]


@pytest.mark.parametrize("k", [1, 2, 3, 7, 40, 300, 699, 700, 5000])
def test_many_equal_scores_keep_the_order_of_rows(k):
    v = words.Vectors((np.arange(V) % 3)[:, None] + np.zeros((V, 2)), VOCABULARY)
    order = sorted(range(V), key=lambda i: (-(i % 3), i))[:k]
    assert [w for w, _ in v.similar(np.ones(2), k, "dot")] == [VOCABULARY[i] for i in order]


def test_k_zero_is_an_empty_list(vectors):
    assert vectors.similar("w5", 0) == []
    assert vectors.analogy("w1", "w2", 0) == []
    assert vectors.analogy("w1", "w2", 0, "multiply") == []
    assert vectors.keywords(["w1"], 0) == []


def test_products_beyond_float32_are_an_error_and_never_nan():
    v = words.Vectors([[1e30, -1e30], [1e30, 1e30]], ["a", "b"])
    with pytest.raises(InputError, match="exceed float32"):
        v.similar("a", metric="dot")
    assert v.similar("a") == [("b", 0.0)]
    assert v.pmi("a", "a") == pytest.approx(2e60)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda v: v.similar("nope"), UnknownNameError, r"\[words.similar\].*'nope'"),
        (lambda v: v.similar(["w1", "nope"]), UnknownNameError, "'nope'"),
        (lambda v: v.similar([]), InputError, "empty"),
        (lambda v: v.similar(3), InputTypeError, "int"),
        (lambda v: v.similar(b"w1"), InputTypeError, "bytes"),
        (lambda v: v.similar(np.zeros(3)), InputError, r"shape \(3,\)"),
        (lambda v: v.similar(np.full(D, np.nan)), InputError, "NaN"),
        (lambda v: v.similar("w1", -1), InputError, "k is -1"),
        (lambda v: v.similar("w1", 2.0), InputTypeError, "k is 2.0"),
        (lambda v: v.similar("w1", True), InputTypeError, "k is True"),
        (lambda v: v.similar("w1", metric="euclid"), InputError, "'euclid'"),
        (lambda v: v.similar("w1", top=0), InputError, "top is 0"),
        (lambda v: v.similar("w1", metric="correlation", context_words=1), InputError, "context_words"),
        (lambda v: v.similar("w1", threads=0), InputError, "threads"),
        (lambda v: v.analogy([], ["w1"]), InputError, "positive is empty"),
        (lambda v: v.analogy(["w1"], ["nope"]), UnknownNameError, r"\[words.analogy\].*'nope'"),
        (lambda v: v.analogy(["w1"], ["w2"], method="divide"), InputError, "'divide'"),
        (lambda v: v.pmi("w1", "nope"), UnknownNameError, r"\[words.pmi\].*'nope'"),
        (lambda v: v.pmi("w1", 4), InputTypeError, "b is of type int"),
        (lambda v: v.keywords(["w1", 4]), InputTypeError, "holds 4"),
        (lambda v: v.keywords(7), InputTypeError, "int"),
        (lambda v: v.keywords(["w1"], candidates="all"), InputError, "'all'"),
        (lambda v: v.sentence(["w1"], "max"), InputError, "'max'"),
        (lambda v: v.sentence_similarity("w1", "w2", "euclid"), InputError, "'euclid'"),
    ],
)
def test_wrong_arguments_are_refused(vectors, call, error, text):
    with pytest.raises(error, match=text):
        call(vectors)


# --- analogy -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exclude", [True, False])
def test_analogy_add_is_the_cosine_with_the_sum_of_unit_vectors(vectors, exclude):
    target = UNIT[1] + UNIT[2] - UNIT[3]
    scores = UNIT @ (target / np.linalg.norm(target))
    answer = vectors.analogy(["w1", "w2"], ["w3"], 10, exclude=exclude)
    check(answer, scores, 10, without(1, 2, 3) if exclude else None)


@pytest.mark.parametrize("exclude", [True, False])
def test_analogy_multiply_is_levy_and_goldbergs(vectors, exclude):
    near = (1 + UNIT @ UNIT.T) / 2
    scores = near[1] * near[2] / (near[3] + 0.001)
    answer = vectors.analogy(["w1", "w2"], "w3", 10, "multiply", exclude=exclude)
    check(answer, scores, 10, without(1, 2, 3) if exclude else None)


def test_analogy_among_the_most_frequent_words(vectors):
    target = UNIT[1] - UNIT[600]
    check(vectors.analogy("w1", "w600", 5, top=20), UNIT @ (target / np.linalg.norm(target)), 5, set(range(20)) - {1})


def test_analogy_finds_the_fourth_corner_of_a_parallelogram():
    rows = {
        "man": [1, 0, 0, 1],
        "woman": [0, 1, 0, 1],
        "king": [1, 0, 1, 1],
        "queen": [0, 1, 1, 1],
        "far": [0, 0, 0, -1],
    }
    v = words.Vectors(list(rows.values()), list(rows))
    for method in ("add", "multiply"):
        assert v.analogy(["king", "woman"], ["man"], 1, method)[0][0] == "queen"


# --- PMI, keywords, sentences ------------------------------------------------------------------------------------


def test_pmi_is_the_inner_product_and_adds_over_pairs(vectors):
    assert vectors.pmi("w1", "w2") == pytest.approx(WIDE[1] @ WIDE[2], rel=1e-12)
    pairs = sum(WIDE[i] @ WIDE[j] for i in (1, 2, 2) for j in (3, 4))
    assert vectors.pmi(["w1", "w2", "w2"], ("w3", "w4")) == pytest.approx(pairs, rel=1e-12)
    assert vectors.pmi([], "w1") == 0


def reference_keywords(tokens, candidates):
    """Sum of <v_w, v_t> over the places of the text, places of w itself left out."""
    known = [t for t in tokens if t in VOCABULARY]
    rows = [VOCABULARY.index(t) for t in known]
    scores = {
        w: sum(WIDE[VOCABULARY.index(w)] @ WIDE[r] for t, r in zip(known, rows, strict=True) if t != w)
        for w in candidates
    }
    return sorted(scores.items(), key=lambda pair: (-pair[1], VOCABULARY.index(pair[0])))


TEXT = ["w3", "oov", "w9", "w3", "w100", "zzz", "oov", "w9", "w3", "w50"]


def test_keywords_leave_a_words_own_occurrences_out(vectors):
    answer = vectors.keywords(TEXT, 10)
    expected = reference_keywords(TEXT, {"w3", "w9", "w100", "w50"})
    assert [w for w, _ in answer] == [w for w, _ in expected]
    np.testing.assert_allclose([s for _, s in answer], [s for _, s in expected], rtol=1e-5)
    assert answer.skipped == ["oov", "zzz"]
    assert vectors.keywords(TEXT, 2) == answer[:2]
    assert vectors.keywords(" ".join(TEXT)) == answer


def test_keywords_over_the_whole_vocabulary(vectors):
    answer = vectors.keywords(TEXT, 25, candidates="vocabulary")
    expected = reference_keywords(TEXT, VOCABULARY)[:25]
    assert [w for w, _ in answer] == [w for w, _ in expected]
    np.testing.assert_allclose([s for _, s in answer], [s for _, s in expected], rtol=1e-4)
    assert answer.skipped == ["oov", "zzz"]


def test_keywords_of_nothing_are_an_empty_list(vectors):
    assert vectors.keywords([]) == []
    assert vectors.keywords("") == []
    answer = vectors.keywords(["x", "y", "x"])
    assert answer == []
    assert answer.skipped == ["x", "y"]


def test_the_keyword_of_one_word_is_that_word(vectors):
    assert vectors.keywords(["w8"]) == [("w8", 0.0)]


@given(st.lists(st.sampled_from(["w1", "w2", "w3", "w400", "oov"]), max_size=12))
def test_keywords_agree_with_the_definition(tokens):
    v = words.Vectors(MATRIX, VOCABULARY)
    answer = dict(v.keywords(tokens, 100))
    expected = dict(reference_keywords(tokens, set(tokens) - {"oov"}))
    assert answer.keys() == expected.keys()
    for word, score in expected.items():
        assert answer[word] == pytest.approx(score, rel=1e-9, abs=1e-9)


def test_sentences_add_or_average_the_known_words(vectors):
    total = vectors.sentence(["w1", "w2", "oov", "w2"])
    assert total.dtype == np.float32
    assert total.shape == (D,)
    np.testing.assert_allclose(total, WIDE[[1, 2, 2]].sum(axis=0), rtol=1e-6)
    np.testing.assert_allclose(vectors.sentence("w1 w2\tw2", "mean"), WIDE[[1, 2, 2]].mean(axis=0), rtol=1e-6)
    for nothing in ([], "", ["oov"]):
        for kind in ("sum", "mean"):
            np.testing.assert_array_equal(vectors.sentence(nothing, kind), np.zeros(D, np.float32))


def test_sentences_compare_by_cosine_and_by_pmi(vectors):
    a, b = WIDE[[1, 2]].sum(axis=0), WIDE[[3, 4, 5]].sum(axis=0)
    assert vectors.sentence_similarity("w1 w2", ["w3", "w4", "w5"], "dot") == pytest.approx(a @ b)
    assert vectors.sentence_similarity("w1 w2", "w3 w4 w5") == pytest.approx(
        a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    )
    assert vectors.sentence_similarity("w1 oov", "w1") == pytest.approx(1)
    assert vectors.sentence_similarity("oov", "w1") == 0


# --- the same answer everywhere ----------------------------------------------------------------------------------


def big():
    matrix = np.random.default_rng(3).normal(size=(45_000, 100)).astype(np.float32)
    return words.Vectors(matrix, [f"w{i}" for i in range(45_000)])


def test_answers_do_not_depend_on_threads():
    v = big()  # large enough for the pool: 4.5 M multiply-adds
    for ask in (
        lambda t: v.similar("w5", 50, threads=t),
        lambda t: v.similar("w5", 50, "dot", threads=t),
        lambda t: v.analogy(["w5", "w6"], ["w7"], 50, threads=t),
        lambda t: v.analogy(["w5", "w6"], ["w7"], 50, "multiply", threads=t),
        lambda t: v.keywords(["w5", "w6"], 50, candidates="vocabulary", threads=t),
    ):
        assert ask(1) == ask(2) == ask(8)

    def correlation(threads):
        return big().similar("w5", 50, "correlation", threads=threads)

    assert correlation(1) == correlation(2) == correlation(8)


SCRIPT = """
import json, numpy as np
from stochos import words
m = np.random.default_rng(3).normal(size=(45_000, 100)).astype(np.float32)
v = words.Vectors(m, [f"w{i}" for i in range(45_000)])
print(json.dumps([v.similar("w5", 20), v.similar("w5", 20, "dot"), v.analogy(["w5", "w6"], ["w7"], 20, "multiply")]))
"""
LEVELS = ("baseline", "avx2", "avx512")


@pytest.mark.parametrize("level", LEVELS)
def test_answers_agree_between_instruction_sets(level):
    if LEVELS.index(level) > LEVELS.index(_core.detected_cpu_level()):
        pytest.skip(f"this machine has no {level}")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**os.environ, "STOCHOS_CPU": level}, capture_output=True, check=True
    )
    v = big()
    here = [v.similar("w5", 20), v.similar("w5", 20, "dot"), v.analogy(["w5", "w6"], ["w7"], 20, "multiply")]
    for ours, theirs in zip(here, json.loads(done.stdout), strict=True):
        assert [w for w, _ in ours] == [w for w, _ in theirs]
        np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], rtol=1e-5)
