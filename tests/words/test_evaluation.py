"""Evaluation files: parsing, accounting of unknown words, Spearman against SciPy, analogies against NumPy."""

from __future__ import annotations

import collections
import dataclasses
import lzma
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stochos import words
from stochos.errors import FileError, FileFormatError, InputError, InputTypeError, StoppedError
from stochos.words.evaluation import spearman

RANDOM = np.random.default_rng(8)


def vectors_of(vocabulary, dim=12, seed=1, **options):
    return words.Vectors(np.random.default_rng(seed).normal(size=(len(vocabulary), dim)), vocabulary, **options)


def write(tmp_path, text):
    path = tmp_path / "file.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# --- rank correlation --------------------------------------------------------------------------------------------


@given(st.integers(2, 40).flatmap(lambda n: hnp.arrays(np.float64, (2, n), elements=st.integers(-5, 5).map(float))))
def test_spearman_is_scipys_with_ties(xy):
    stats = pytest.importorskip("scipy.stats")
    x, y = xy
    ours = spearman(x, y)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_spearman_by_hand():
    # Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: deviations -1.5 0 0 1.5 and -1.5 .5 -.5 1.5; 4.5 / sqrt(4.5 * 5).
    assert spearman([1, 5, 5, 9], [10, 30, 20, 40]) == pytest.approx(4.5 / math.sqrt(22.5))
    assert math.isnan(spearman([1], [2]))
    assert math.isnan(spearman([], []))


# --- similarity --------------------------------------------------------------------------------------------------


def test_similarity_scores_are_numpys(tmp_path):
    vocabulary = [f"w{i}" for i in range(40)]
    v = vectors_of(vocabulary)
    pairs = [(f"w{i}", f"w{(i * 7 + 3) % 40}", round(float(RANDOM.uniform(0, 10)), 1)) for i in range(40)]
    path = write(tmp_path, "".join(f"{a}\t{b}\t{s}\n" for a, b, s in pairs))
    stats = pytest.importorskip("scipy.stats")
    m = v.matrix.astype(float)
    truth = [s for _, _, s in pairs]
    dots = [m[v.index(a)] @ m[v.index(b)] for a, b, _ in pairs]
    length = np.linalg.norm(m, axis=1)
    cosines = [d / (length[v.index(a)] * length[v.index(b)]) for d, (a, b, _) in zip(dots, pairs, strict=True)]
    for metric, scores in (("dot", dots), ("cosine", cosines)):
        result = v.evaluate(path, metric=metric)
        assert result.score == pytest.approx(stats.spearmanr(scores, truth).statistic, abs=1e-9)
        assert result.pearson == pytest.approx(stats.pearsonr(scores, truth).statistic, abs=1e-6)
        assert (result.kind, result.metric, result.used, result.total) == ("similarity", metric, 40, 40)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.score = 1
    assert "40 of 40" in str(result)


@pytest.mark.parametrize(
    "text",
    [
        "a\tb\t1\na\tc\t2\nb\tc\t3\n",
        "a,b,1\na,c,2\nb,c,3",
        "a b 1\na   c 2\n\n  b c 3  \n",
        "\ufeffWord 1,Word 2,Human (mean)\r\na,b,1\r\na, c ,2\r\nb,c,3\r\n",
        "# comment\n# Word 1\tWord 2\tmean\na\tb\t1\textra\na\tc\t2\n#x\nb\tc\t3\n",
    ],
)
def test_similarity_files_of_many_looks_say_the_same(tmp_path, text):
    v = vectors_of(["a", "b", "c"])
    result = v.evaluate(write(tmp_path, text))
    assert (result.used, result.total, result.kind) == (3, 3, "similarity")
    plain = v.evaluate(write(tmp_path, "a b 1\na c 2\nb c 3\n"))
    assert result == plain


def test_unknown_words_are_counted_and_named(tmp_path):
    path = write(tmp_path, "a b 1\nA b 2\na x 3\ny x 4\nb c 5\n")
    v = vectors_of(["a", "b", "c"])
    result = v.evaluate(path)
    assert (result.used, result.total, result.skipped) == (3, 5, ("x", "y"))
    result = v.evaluate(path, lowercase=False)
    assert (result.used, result.total, result.skipped) == (2, 5, ("A", "x", "y"))
    result = v.evaluate(path, top=2)
    assert (result.used, result.skipped) == (2, ("x", "y", "c"))
    # The least frequent word is the one that top=2 leaves out, wherever its row is.
    result = vectors_of(["a", "b", "c"], frequencies=[1, 5, 9]).evaluate(path, top=2)
    assert (result.used, result.skipped) == (1, ("a", "A", "x", "y"))


def test_a_word_is_taken_as_it_stands_before_its_lower_case(tmp_path):
    v = words.Vectors([[1, 0], [0, 1], [1, 1]], ["May", "may", "b"])
    result = v.evaluate(write(tmp_path, "May b 1\nmay b 2\nMAY b 3\n"))
    assert result.used == 3


def test_nothing_usable_gives_nan(tmp_path):
    v = vectors_of(["a", "b", "c"])
    result = v.evaluate(write(tmp_path, "x y 1\nz a 2\n"))
    assert (result.used, result.total) == (0, 2)
    assert math.isnan(result.score)
    assert math.isnan(result.pearson)
    result = v.evaluate(write(tmp_path, ": s\nx y z a\n"))
    assert (result.used, result.total, result.sections) == (0, 1, {"s": (0, 0, 1)})
    assert math.isnan(result.score)


# --- analogies ---------------------------------------------------------------------------------------------------


def reference(v, questions, method, candidates):
    """Brute force in double: the best candidate that is none of the three given words."""
    m = v.matrix.astype(float)
    unit = m / np.linalg.norm(m, axis=1, keepdims=True)
    answers = []
    for a, b, c, _ in questions:
        a, b, c = (v.index(w.lower()) for w in (a, b, c))
        cos = {w: unit @ unit[w] for w in (a, b, c)}
        if method == "add":
            score = cos[b] - cos[a] + cos[c]
        else:
            score = (1 + cos[b]) / 2 * (1 + cos[c]) / 2 / ((1 + cos[a]) / 2 + 0.001)
        score[[a, b, c]] = -np.inf
        score[[i for i in range(len(v)) if i not in candidates]] = -np.inf
        answers.append(v.vocabulary[int(score.argmax())])
    return answers


@pytest.mark.parametrize("method", ["add", "multiply"])
@pytest.mark.parametrize(("top", "order"), [(None, "falling"), (400, "falling"), (400, "rising")])
def test_analogies_are_those_of_brute_force(tmp_path, method, top, order):
    size = 700
    vocabulary = [f"w{i}" for i in range(size)]
    frequencies = np.arange(size)[:: -1 if order == "falling" else 1]
    v = vectors_of(vocabulary, 6, frequencies=frequencies)
    inside = np.argsort(-frequencies, kind="stable")[: top or size].tolist()
    questions = [[f"W{i}" for i in RANDOM.choice(inside, 3, replace=False)] + ["?"] for _ in range(120)]
    answers = reference(v, questions, method, set(inside))
    # A third of the questions get a wrong fourth word.
    lines = [[*q[:3], vocabulary[inside[0]] if i % 3 == 0 else answers[i]] for i, q in enumerate(questions)]
    right = [line[3] == answer for line, answer in zip(lines, answers, strict=True)]
    text = ": one\n" + "".join(" ".join(line) + "\n" for line in lines[:50])
    text += ": two\n" + "".join(" ".join(line) + "\n" for line in lines[50:]) + "w1 w2 w3 unknown\n: none\n"
    path = write(tmp_path, text)
    results = [v.evaluate(path, method=method, top=top, threads=threads) for threads in (1, 2, 8)]
    assert results[0] == results[1] == results[2]
    result = results[0]
    assert result.kind == "analogy"
    assert result.metric == method
    assert (result.used, result.total) == (120, 121)
    assert result.sections == {"one": (sum(right[:50]), 50, 50), "two": (sum(right[50:]), 70, 71), "none": (0, 0, 0)}
    assert result.score == sum(right) / 120
    assert "unknown" in result.skipped
    assert 0.6 < result.score < 0.75


def test_single_analogies_and_the_batch_agree(tmp_path):
    v = vectors_of([f"w{i}" for i in range(300)], 5)
    for method in ("add", "multiply"):
        lines = []
        for i in range(0, 60, 3):
            fourth = v.analogy([f"w{i + 1}", f"w{i + 2}"], [f"w{i}"], 1, method)[0][0]
            lines.append(f"w{i} w{i + 1} w{i + 2} {fourth}")
        assert v.evaluate(write(tmp_path, "\n".join(lines)), method=method).score == 1


def test_the_given_words_are_never_answers(tmp_path):
    v = vectors_of(["a", "b", "c"])
    result = v.evaluate(write(tmp_path, "a b c c\na b b a\n"))
    assert (result.used, result.score) == (2, 0.0)


def test_analogy_progress_can_stop_the_call(tmp_path):
    v = vectors_of([f"w{i}" for i in range(20_000)], 50)
    path = write(tmp_path, "".join(f"w{i} w{i + 1} w{i + 2} w{i + 3}\n" for i in range(6000)))
    with pytest.raises(StoppedError):
        v.evaluate(path, progress=lambda done, total: False, threads=1)


# --- wrong files and arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b 1\na b\n", "line 2: 'a b'"),
        ("a b 1\na b c\n", "line 2: 'a b c'"),
        ("a b nan\n", "line 1"),
        ("x,y,s\nx,y,inf\n", "line 2"),
        ("x,y,s\n,y,1\n", "line 2"),
        (": s\na b c d\na b c\n", "line 3: 3 words"),
        (": s\n\n# c\na b c d e\n", "line 4: 5 words"),
        (b"a b 1\na \xff 2\n", "line 2: byte 2"),
        ("", "neither pairs nor questions"),
        ("# only\n\n", "neither pairs nor questions"),
    ],
)
def test_malformed_files_name_the_line(tmp_path, text, message):
    with pytest.raises(FileFormatError, match=rf"\[words.evaluate\].*{message}"):
        vectors_of(["a", "b"]).evaluate(write(tmp_path, text))


def test_the_kind_can_be_given(tmp_path):
    v = vectors_of(["a", "b", "c", "d"])
    path = write(tmp_path, "a b c d\n")
    assert v.evaluate(path).kind == "analogy"
    with pytest.raises(FileFormatError):
        v.evaluate(write(tmp_path, "x y z\na b 1\na b c d\n"), kind="similarity")
    with pytest.raises(InputError, match="'other'"):
        v.evaluate(path, kind="other")


def test_wrong_arguments_are_refused(tmp_path):
    v = vectors_of(["a", "b"])
    with pytest.raises(FileError, match="cannot read"):
        v.evaluate(tmp_path / "missing")
    with pytest.raises(InputTypeError):
        v.evaluate(3)
    path = write(tmp_path, "a b 1\n")
    for options in ({"metric": "add"}, {"method": "dot"}, {"top": 0}, {"threads": 0}):
        with pytest.raises(InputError):
            v.evaluate(path, **options)


# --- the real files ----------------------------------------------------------------------------------------------


def plain_pairs(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return [line.split("\t") for line in lines]


def test_word_similarity_files_are_counted_exactly(shared):
    for name, total in (("wordsim353.tsv", 353), ("simlex999.txt", 999)):
        pairs = plain_pairs(shared / "eval" / name)
        assert len(pairs) == total
        everything = sorted({w.lower() for a, b, _ in pairs for w in (a, b)})
        vocabulary = everything[::2]
        result = vectors_of(vocabulary).evaluate(shared / "eval" / name)
        known = set(vocabulary)
        assert result.total == total
        assert result.used == sum(a.lower() in known and b.lower() in known for a, b, _ in pairs)
        assert vectors_of(everything).evaluate(shared / "eval" / name).used == total


def test_google_analogies_are_counted_exactly(shared):
    path = shared / "eval" / "questions-words.txt"
    sections: dict[str, list[list[str]]] = {}
    for line in path.read_text().splitlines():
        if line.startswith(":"):
            sections[line[1:].strip()] = current = []
        else:
            current.append(line.lower().split())
    vocabulary = sorted({w for questions in sections.values() for q in questions for w in q})[::3]
    known = set(vocabulary)
    result = vectors_of(vocabulary).evaluate(path)
    assert result.total == 19_544
    assert len(result.sections) == 14
    for name, questions in sections.items():
        assert result.sections[name][1:] == (sum(known.issuperset(q) for q in questions), len(questions))
    assert result.used == sum(used for _, used, _ in result.sections.values())


@pytest.mark.slow
def test_google_questions_of_a_real_vocabulary_are_those_that_others_use(shared):
    # Words of 10 and more occurrences in mix10, the 30,000 most frequent: other tools, measured on the same corpus,
    # answered 1,700 semantic and 8,561 syntactic questions.
    count = collections.Counter()
    with lzma.open(shared / "corpora" / "mix10.txt.xz", "rt", encoding="utf-8") as text:
        for line in text:
            count.update(line.split())
    vocabulary = sorted((w for w, n in count.items() if n >= 10), key=lambda w: (-count[w], w.encode()))
    v = vectors_of(vocabulary, frequencies=[count[w] for w in vocabulary])
    result = v.evaluate(shared / "eval" / "questions-words.txt", top=30_000)
    syntactic = sum(used for name, (_, used, _) in result.sections.items() if name.startswith("gram"))
    assert (result.used - syntactic, syntactic) == (1_700, 8_561)
