"""The pair counter equals a plain reference counter, for all streams, weights, threads and instruction sets."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import _core
from stochos.errors import InputError, StoppedError

sys.path.insert(0, str(Path(__file__).parent))
from reference import HOLE, LINE_END, as_dict, count_plainly, weights_of

PYTHON = Path(_core.__file__).parents[1]


def run_core(ids, vocabulary_size, weights, diagonal=True, threads=1, progress=None):
    return _core.words_count_pairs(
        np.array(ids, np.uint32), vocabulary_size, np.array(weights, np.uint64), diagonal, threads, progress
    )


@st.composite
def streams(draw):
    size = draw(st.sampled_from([1, 2, 3, 20, 300, 70_000]))
    ids = st.integers(0, size - 1)
    if size > 1000:  # mostly few words of a large vocabulary, so that pairs repeat
        ids = st.one_of(st.sampled_from([0, 1, size // 2, size - 1]), ids)
    item = st.one_of(ids, ids, ids, ids, ids, st.just(LINE_END), st.just(HOLE))
    return size, draw(st.lists(item, max_size=150))


@given(
    streams(),
    st.integers(1, 40),
    st.sampled_from(["flat", "linear", "harmonic", "odd"]),
    st.booleans(),
    st.sampled_from([1, 2, 3, 8]),
)
def test_equals_plain_counter(stream, window, weighting, diagonal, threads):
    size, ids = stream
    if weighting == "odd":
        weights = [(d * 7919) % 1009 for d in range(1, window + 1)]  # any weights will do, also 0
        weights = [w + 1 for w in weights]
    else:
        weights = weights_of(min(window, 40), weighting)[0]
    row_start, column, value = run_core(ids, size, weights, diagonal, threads)
    assert as_dict(row_start, column, value) == count_plainly(ids, weights, diagonal)
    assert row_start[0] == 0
    assert row_start[-1] == column.size == value.size
    _core.words_check_upper(row_start, column, value, True, "test")  # ascending columns, positive values


@pytest.mark.parametrize("window", [1, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 64])
@pytest.mark.parametrize("weighting", ["flat", "linear"])
def test_window_edges_in_long_lines(window, weighting):
    """Windows that end at, before and behind a chunk of lanes; lines shorter and longer than the window."""
    rng = np.random.default_rng(window)
    ids = rng.integers(0, 50, 900).astype(np.uint32)
    ids[rng.random(900) < 0.02] = LINE_END
    ids[rng.random(900) < 0.05] = HOLE
    weights = weights_of(window, weighting)[0]
    assert as_dict(*run_core(ids, 50, weights)) == count_plainly(ids.tolist(), weights)


def test_one_endless_line_is_counted_to_its_last_pair():
    """gensim stops at 10,000 tokens without a word (its #2880); the last pair is unique here."""
    n = 300_000
    ids = np.zeros(n, np.uint32)
    ids[-2:] = [1, 2]
    counts = as_dict(*run_core(ids, 3, [1]))
    # n - 1 neighbouring pairs: n - 3 of (0, 0), one of (0, 1), one of (1, 2).
    assert counts == {(0, 0): n - 3, (0, 1): 1, (1, 2): 1}


def test_window_longer_than_the_stream():
    assert as_dict(*run_core([0, 1, 0], 2, [1] * 5000)) == {(0, 1): 2, (0, 0): 1}


def test_empty_streams():
    for ids in ([], [LINE_END], [HOLE, HOLE], [0]):
        row_start, column, value = run_core(ids, 1, [1, 1])
        assert row_start.tolist() == [0, 0]
        assert column.size == value.size == 0


def test_sums_beyond_32_bits():
    """A line of 0 1 0 1 … : n - 1 neighbours, all (0, 1); with weight w the entry is (n - 1) w, here above 2^32."""
    n, w = 3000, 2**31
    ids = np.arange(n) % 2
    assert as_dict(*run_core(ids, 2, [w])) == {(0, 1): (n - 1) * w}
    # Unequal weights take another path: at distance 2 there are n - 2 pairs, half (0, 0) and half (1, 1).
    got = as_dict(*run_core(ids, 2, [w, 3 * w]))
    assert got == {(0, 1): (n - 1) * w, (0, 0): (n // 2 - 1) * 3 * w, (1, 1): (n // 2 - 1) * 3 * w}


def test_sums_that_could_pass_64_bits_are_refused():
    with pytest.raises(InputError, match=r"\[words.count\].*2\^64.*smaller window"):
        run_core([0, 1] * 10, 2, [2**60, 1])


def test_id_beyond_vocabulary_is_refused():
    with pytest.raises(InputError, match="disagree"):
        run_core([0, 5, 1], 3, [1])


def random_text(seed=5, n=200_000, size=3000):
    """Zipf-like ids with line ends, large enough for many blocks."""
    rng = np.random.default_rng(seed)
    ids = np.minimum((size ** rng.random(n)).astype(np.uint32) - 1, size - 1)
    ids[rng.random(n) < 0.05] = LINE_END
    ids[rng.random(n) < 0.02] = HOLE
    return ids


def digest(triangle):
    return hashlib.sha256(b"".join(a.tobytes() for a in triangle)).hexdigest()


@pytest.mark.parametrize("weighting", ["flat", "harmonic"])
def test_threads_do_not_matter(weighting):
    ids, weights = random_text(), weights_of(10, weighting)[0]
    first = digest(run_core(ids, 3000, weights, True, 1))
    assert all(digest(run_core(ids, 3000, weights, True, threads)) == first for threads in (2, 3, 8))


def test_matrix_algebra_oracle():
    """With one line, U off the diagonal is the sum over d of S'D_dS, S being the indicator matrix of positions."""
    sparse = pytest.importorskip("scipy.sparse")
    ids = random_text()
    ids = ids[ids < HOLE][:50_000]
    n, window = ids.size, 6
    s = sparse.csr_array((np.ones(n, np.int64), (np.arange(n), ids)), shape=(n, 3000))
    x = sum(s[:-d].T @ s[d:] for d in range(1, window + 1))
    full = (x + x.T).tocsr()
    row_start, column, value = run_core(ids, 3000, [1] * window)
    upper = sparse.csr_array((value.astype(np.int64), column, row_start), shape=(3000, 3000))
    assert abs(full - (upper + upper.T)).sum() == 0


LEVEL_SCRIPT = """
import sys; sys.path.insert(0, sys.argv[1])
from test_pairs import *
print(json.dumps([digest(run_core(random_text(), 3000, weights_of(w, k)[0], d, 2))
                  for w in (3, 10, 16, 21) for k in ("flat", "harmonic") for d in (True, False)]))
"""


def at_level(level):
    environment = {**os.environ, "STOCHOS_CPU": level, "PYTHONPATH": str(PYTHON)}
    command = [sys.executable, "-c", LEVEL_SCRIPT, str(Path(__file__).parent)]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize("level", ["avx2", "avx512"])
def test_instruction_sets_agree(level):
    order = ["baseline", "avx2", "avx512"]
    if order.index(_core.detected_cpu_level()) < order.index(level):
        pytest.skip(f"this machine lacks {level}")
    assert at_level(level) == at_level("baseline")


def test_progress_reaches_the_end_and_can_stop():
    seen = []
    run_core(random_text(), 3000, [1] * 10, progress=lambda done, total: seen.append((done, total)))
    assert all(0 <= done <= total for done, total in seen)

    def stop(done, total):
        return False

    with pytest.raises(StoppedError):
        run_core(random_text(n=3_000_000), 3000, [1] * 40, progress=stop)


INTERRUPT_SCRIPT = """
import sys, time; sys.path.insert(0, sys.argv[1])
from test_pairs import *
ids = random_text(n=4_000_000)
print("ready", flush=True)
try:
    while True:
        run_core(ids, 3000, [w for w in range(40, 0, -1)], True, 2)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
"""


def test_ctrl_c_stops_within_a_fifth_of_a_second(interrupt_delay):
    assert interrupt_delay(INTERRUPT_SCRIPT, str(Path(__file__).parent)) < 0.2


@pytest.mark.slow
def test_full_corpus(shared):
    """mix10: threads and the algebra of its totals agree. Window 2 pairs = sum over lines of (n - 1) + (n - 2)."""
    lzma = pytest.importorskip("lzma")
    text = lzma.open(shared / "corpora" / "mix10.txt.xz").read()
    index, ids = {}, []
    lengths = []
    for line in text.split(b"\n"):
        words = line.split()
        lengths.append(len(words))
        ids += [index.setdefault(w, len(index)) for w in words]
        ids.append(LINE_END)
    ids = np.array(ids, np.uint32)
    one = run_core(ids, len(index), [1, 1], True, 1)
    assert int(one[2].sum()) == sum(max(n - 1, 0) + max(n - 2, 0) for n in lengths)
    assert digest(one) == digest(run_core(ids, len(index), [1, 1], True, 2))
