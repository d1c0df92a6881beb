"""Counts: hand-made values, sums of shards, pruning, saving."""

from __future__ import annotations

import dataclasses
import errno
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import _core, _storage
from stochos.errors import FileError, FileFormatError, InputError, InputTypeError, UnknownNameError
from stochos.words.counts import Counts, CountSettings, load_counts

sys.path.insert(0, str(Path(__file__).parent))
from reference import count_lines, same, toy

PYTHON = Path(_core.__file__).parents[1]


def test_toy_counts_by_hand():
    """ "a b a c / b c d / d a", window 2. Pairs of positions at distance 1 and 2:

    a b a c: ab aa ba bc ac = 5;  b c d: bc bd cd = 3;  d a: da = 1;  9 pairs in all, each in both orders: sum 18.
    GloVe writes 4.0 for (a, a), counting it from both ends and in both orders; the one pair adds 2.
    """
    counts = toy()
    assert counts.vocabulary == ["a", "b", "c", "d"]  # frequencies 3 2 2 2, then by bytes
    assert counts.frequencies.tolist() == [3, 2, 2, 2]
    assert (counts.total_tokens, counts.tokens_read, len(counts)) == (9, 9, 4)
    x = [[2, 2, 1, 1], [2, 0, 2, 1], [1, 2, 0, 1], [1, 1, 1, 0]]
    assert [[counts[a, b] for b in "abcd"] for a in "abcd"] == x
    assert counts.marginals().tolist() == [6, 5, 4, 3]
    assert counts.total == 18
    assert counts.row("a") == [("a", 2.0), ("b", 2.0), ("c", 1.0), ("d", 1.0)]
    assert counts.row("d") == [("a", 1.0), ("b", 1.0), ("c", 1.0)]
    without = toy(diagonal=False)
    assert without["a", "a"] == 0.0
    assert without.total == 16


def test_toy_counts_with_weights():
    """Linear, window 2: weights 1 and 1/2. (a,b) twice at 1; (a,a) once at 2: 2 * 1/2; (b,c) once at 1, once at 2."""
    linear = toy(weighting="linear")
    assert linear.unit == 2
    assert (linear["a", "b"], linear["a", "a"], linear["b", "c"]) == (2.0, 1.0, 1.5)
    # Harmonic, window 3: lcm 6. a b a c: (a, c) at distance 1 and 3.
    harmonic = toy(window=3, weighting="harmonic")
    assert harmonic.unit == 6
    assert harmonic["c", "a"] == pytest.approx(1 + 1 / 3, abs=1e-15)


def test_unknown_words_and_wrong_keys():
    counts = toy()
    with pytest.raises(UnknownNameError, match="'zebra'"):
        counts["a", "zebra"]
    with pytest.raises(KeyError):
        counts.row("zebra")
    with pytest.raises(UnknownNameError):
        counts["a", ["b"]]
    with pytest.raises(InputTypeError, match="pair of words"):
        counts["a"]
    assert "a" in counts
    assert "zebra" not in counts
    assert "4 words" in repr(counts)
    assert "7 pairs" in repr(counts)


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        toy().frequencies[0] = 7


def test_to_scipy_is_the_full_matrix():
    pytest.importorskip("scipy.sparse")
    for counts in (toy(), toy(weighting="linear")):
        matrix = counts.to_scipy()
        assert matrix.dtype == (np.int64 if counts.unit == 1 else np.float64)
        assert matrix.has_sorted_indices
        assert matrix.toarray().tolist() == [[counts[a, b] for b in "abcd"] for a in "abcd"]
        assert matrix.sum(axis=0).tolist() == counts.marginals().tolist()
        np.testing.assert_array_equal(matrix.indptr, matrix.copy().indptr)


def random_lines(seed, n=400, words=60):
    draw = random.Random(seed)
    names = [f"w{i}" for i in range(words)] + ["日本", "a b", "\0", "😀", "", "\ud800"]
    return [[names[int(len(names) ** draw.random()) - 1] for _ in range(draw.randrange(30))] for _ in range(n)]


@pytest.mark.parametrize("shards", [1, 7])
@pytest.mark.parametrize("weighting", ["flat", "harmonic"])
@pytest.mark.parametrize("keep_positions", [False, True])
def test_shards_add_up_to_the_whole(shards, weighting, keep_positions):
    lines = random_lines(3)
    whole = count_lines(lines, 5, weighting, keep_positions=keep_positions)
    parts = [count_lines(lines[i::shards], 5, weighting, keep_positions=keep_positions) for i in range(shards)]
    assert same(sum(parts), whole)
    if shards > 1:
        assert same(sum(reversed(parts)), whole)
        assert parts[0].vocabulary != whole.vocabulary  # ids differ between shards, so that something was at stake


@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=8), max_size=6), st.integers(0, 6), st.integers(1, 4))
def test_sum_is_the_count_of_both(lines, cut, window):
    parts = [count_lines(part, window) for part in (lines[:cut], lines[cut:])]
    assert same(parts[0] + parts[1], count_lines(lines, window))


def changed(counts, **settings):
    return Counts(
        counts.vocabulary, counts.frequencies, counts._row_start, counts._column, counts._value, unit=counts.unit,
        settings=dataclasses.replace(counts.settings, **settings), tokens_read=counts.tokens_read,
    )  # fmt: skip


def test_sums_that_would_not_be_exact_are_refused():
    a = toy()
    for other in (
        {"window": 3}, {"weighting": "linear"}, {"diagonal": False}, {"keep_positions": True}, {"tokenizer": "jieba"},
        {"stop_words": ("x",)}, {"fixed_vocabulary": True},
    ):  # fmt: skip
        with pytest.raises(InputError, match=next(iter(other))):
            a + changed(a, **other)
    for both, word in (
        ({"min_count": 2}, "min_count=1"),
        ({"max_vocabulary": 9}, "fixed"),
        ({"subsample": 1e-3}, "subsample"),
    ):
        with pytest.raises(InputError, match=word):
            changed(a, **both) + changed(a, **both)
    fixed = changed(a, fixed_vocabulary=True, min_count=5)
    assert (fixed + fixed)["a", "b"] == 4
    b = Counts(
        ["a", "b", "c", "x"], a.frequencies, a._row_start, a._column, a._value, unit=1,
        settings=fixed.settings, tokens_read=9,
    )  # fmt: skip
    with pytest.raises(InputError, match="vocabular"):
        fixed + b
    with pytest.raises(TypeError):
        a + 1
    with pytest.raises(TypeError):
        1 + a


def test_sum_that_overflows_is_refused():
    big = Counts(
        ["a", "b"], np.array([1, 1]), np.array([0, 1, 1]), np.array([1], np.uint32), np.array([2**63], np.uint64),
        unit=1, settings=CountSettings(window=1), tokens_read=2,
    )  # fmt: skip
    assert big.total == 2.0**64  # the sum of both halves, beyond 64 bits
    with pytest.raises(InputError, match="2\\^64"):
        big + big


def test_prune_equals_counting_again():
    lines = random_lines(8)
    everything = count_lines(lines, 4, keep_positions=True)
    pruned = everything.prune(min_count=30)
    again = count_lines(lines, 4, keep_positions=True, min_count=30)
    assert same(pruned, again)
    assert pruned.settings == again.settings
    few = everything.prune(min_count=2, max_vocabulary=5)
    assert few.vocabulary == everything.vocabulary[:5]
    assert few.settings.max_vocabulary == 5
    with pytest.raises(InputError, match="vocabulary is empty: 0 of"):
        everything.prune(min_count=10**9)


def test_prune_is_refused_where_it_would_not_be_the_same():
    with pytest.raises(InputError, match="keep_positions"):
        toy().prune(min_count=2)
    for settings in ({"fixed_vocabulary": True}, {"subsample": 0.1}):
        with pytest.raises(InputError, match="count again"):
            changed(toy(), keep_positions=True, **settings).prune(min_count=2)


def test_save_and_load(tmp_path):
    counts = count_lines(random_lines(4), 6, "harmonic", stop_words=("the", "\ud800", "日本"))
    counts.save(tmp_path / "c")
    for verify in (True, False):
        loaded = load_counts(tmp_path / "c", verify=verify)
        assert same(loaded, counts)
        assert loaded.settings == counts.settings
        assert loaded.marginals().tolist() == counts.marginals().tolist()
        assert not loaded._value.flags.writeable
    assert same(pickle.loads(pickle.dumps(loaded)), counts)  # counts travel between processes
    (tmp_path / "d").mkdir()
    with pytest.raises(FileError) as error:
        counts.save(tmp_path / "d")
    assert error.value.errno == errno.EISDIR


def test_load_refuses_what_is_no_counts(tmp_path):
    path = tmp_path / "c"
    counts = toy()
    counts.save(path)
    meta, arrays = _storage.read(path, "counts", "test")
    forged = [
        ({}, {"column": np.array([0, 1, 2, 3, 2, 3, 9], np.uint32)}),  # a word that does not exist
        ({}, {"column": np.array([0, 1, 2, 3, 3, 2, 3], np.uint32)}),  # not ascending
        ({}, {"row_start": np.array([0, 4, 2, 7, 7])}),
        ({}, {"row_start": np.array([0, 4, 6, 7, 8])}),
        ({}, {"row_start": np.array([-1, 4, 6, 7, 7])}),
        ({}, {"value": np.zeros(7, np.uint64)}),
        ({}, {"value": arrays["value"].astype(np.int64)}),
        ({}, {"frequencies": np.array([3, 2, 2])}),
        ({}, {"frequencies": np.array([3, 2, 2, -2])}),
        ({}, {"word_offsets": np.array([0, 1, 2, 3, 400], np.uint64)}),
        ({}, {"word_offsets": np.array([0, 1, 2**63, 3, 4], np.uint64)}),
        ({}, {"words": np.frombuffer(b"aacd", np.uint8)}),
        ({}, {"words": np.frombuffer(b"a\xffcd", np.uint8)}),
        ({"unit": 0}, {}),
        ({"unit": "1"}, {}),
        ({"tokens_read": -1}, {}),
        ({"settings": {}}, {}),
        ({"settings": {**meta["settings"], "window": "2"}}, {}),
        ({"settings": {**meta["settings"], "stop_words": [1]}}, {}),
    ]
    for more_meta, more_arrays in forged:
        _storage.write(path, "counts", {**meta, **more_meta}, {**arrays, **more_arrays}, "test")
        with pytest.raises(FileFormatError, match=r"\[words.load_counts\]"):
            load_counts(path)
    del arrays["value"]
    _storage.write(path, "counts", meta, arrays, "test")
    with pytest.raises(FileFormatError):
        load_counts(path)
    with pytest.raises(FileError) as error:
        load_counts(tmp_path / "missing")
    assert error.value.errno == errno.ENOENT


FULL_DISK_SCRIPT = """
import resource, signal, sys
sys.path.insert(0, sys.argv[1])
from reference import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    toy().save(sys.argv[2])
except OSError as error:
    print(type(error).__name__, error.errno, error)
"""


def test_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "c"
    toy().save(path)
    before = path.read_bytes()
    command = [sys.executable, "-c", FULL_DISK_SCRIPT, str(Path(__file__).parent), str(path)]
    environment = {**os.environ, "PYTHONPATH": str(PYTHON)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"FileError {errno.EFBIG} [words.Counts.save]")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_constructor_checks_its_parts():
    c = toy()
    parts = [c.vocabulary, c.frequencies, c._row_start, c._column, c._value]
    options = {"unit": 1, "settings": c.settings, "tokens_read": 9}
    with pytest.raises(InputError, match="'a' stands twice"):
        Counts(["a", "a", "b", "c"], *parts[1:], **options)
    with pytest.raises(InputError, match="5 words, 4 frequencies"):
        Counts([*"abcde"], *parts[1:], **options)
    with pytest.raises(InputTypeError, match="frequencies is a 1-d array of float64"):
        Counts(parts[0], np.ones(4), *parts[2:], **options)
    with pytest.raises(InputTypeError, match="5 is of type int"):
        Counts([*"abc", 5], *parts[1:], **options)
    with pytest.raises(InputError, match="unit is 0"):
        Counts(*parts, **{**options, "unit": 0})
