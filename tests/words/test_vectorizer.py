"""`PMIVectorizer` is a scikit-learn transformer, and adds up what `words.fit` gives."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from stochos import datasets, words
from stochos.errors import InputError, InputTypeError

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")
estimator_checks = pytest.importorskip("sklearn.utils.estimator_checks")

VERSES = datasets.load_text("bible-asv")[:2000]


# Those of its checks that make no matrix of numbers; of texts, `check_estimator` runs only the first.
CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


@pytest.mark.filterwarnings("ignore:Can't test estimator:UserWarning")  # it tells that texts skip the rest
def test_it_passes_the_checks_of_scikit_learn():
    results = estimator_checks.check_estimator(words.PMIVectorizer())
    assert [result["status"] for result in results] == ["passed"] * len(results)
    assert results


@pytest.mark.parametrize("name", CHECKS)
def test_it_passes_each_check_that_texts_allow(name: str):
    getattr(estimator_checks, name)("PMIVectorizer", words.PMIVectorizer())


def test_before_fit_it_says_so():
    with pytest.raises(sklearn.exceptions.NotFittedError, match="PMIVectorizer"):
        words.PMIVectorizer().transform(["a text"])


@pytest.mark.parametrize("tokenizer", [None, "characters", str.split])
def test_documents_are_the_sums_of_their_words(tokenizer: Any):
    vectorizer = words.PMIVectorizer(dim=8, tokenizer=tokenizer, pooling="sum").fit(VERSES)
    counts = words.count(VERSES, tokenizer=tokenizer)
    vectors = words.fit(counts, dim=8)
    assert vectorizer.vectors_.matrix.tobytes() == vectors.matrix.tobytes()
    documents = ["In the\nbeginning  God\r\nunheardof", "", VERSES[7]]
    cut = list if tokenizer == "characters" else str.split
    wanted = [vectors.sentence([w for w in cut(d) if w in vectors]) for d in documents]
    assert np.allclose(vectorizer.transform(documents), wanted, atol=1e-6)
    mean = vectorizer.set_params(pooling="mean").transform(documents)
    known = [max(1, sum(w in vectors for w in cut(d))) for d in documents]
    assert np.allclose(mean * np.array(known)[:, None], wanted, atol=1e-5)


def test_in_a_pipeline_it_separates_books_better_than_latent_semantic_analysis():
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # Verses of Genesis against verses of the Psalms.
    everything = datasets.load_text("bible-asv")
    texts = everything[:1000] + everything[14_000:15_000]
    labels = [0] * 1000 + [1] * 1000
    after = (StandardScaler(), LogisticRegression(C=0.1))
    ours = make_pipeline(words.PMIVectorizer(min_count=2), *after)
    search = GridSearchCV(ours, {"pmivectorizer__dim": [5, 20]}, cv=3).fit(texts, labels)
    peer = make_pipeline(TfidfVectorizer(min_df=2), TruncatedSVD(20, random_state=0), *after)
    assert search.best_score_ > cross_val_score(peer, texts, labels, cv=3).mean()
    names = search.best_estimator_[0].get_feature_names_out()
    assert names[0] == "pmivectorizer0"
    assert len(names) == search.best_params_["pmivectorizer__dim"]


def test_the_seed_decides():
    def matrix(seed: Any) -> bytes:
        return words.PMIVectorizer(dim=4, solver="sgd", random_state=seed).fit(VERSES[:300]).vectors_.matrix.tobytes()

    assert matrix(1) == matrix(1) == matrix(np.int64(1))
    assert matrix(1) != matrix(2)
    assert matrix(np.random.RandomState(3)) == matrix(np.random.RandomState(3))


@pytest.mark.parametrize(
    ("documents", "error", "text"),
    [
        ("one text", InputTypeError, "give a list of texts"),
        (3, InputTypeError, "give a list of texts"),
        (["a", 3.5], InputTypeError, "item 1 of X is 3.5"),
        ([], InputError, "vocabulary is empty"),
    ],
)
def test_bad_documents_are_refused(documents: Any, error: type[Exception], text: str):
    with pytest.raises(error, match=text):
        words.PMIVectorizer().fit(documents)


def test_without_scikit_learn_the_error_names_the_pip_line():
    script = (
        "import sys\nsys.modules['sklearn'] = None\nfrom stochos import words\n"
        "try:\n    words.PMIVectorizer\nexcept ImportError as error:\n    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "pip install 'stochos[sklearn]'" in told
