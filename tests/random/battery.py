"""Statistical tests of the random streams, and of many streams side by side.

python tests/random/battery.py                    # 2 chunks of a million words for each way to take words: seconds
python tests/random/battery.py --chunks 500       # the full size: 5e8 words for each way
python tests/random/battery.py --seed 7 --chunks 20 --only "neighbouring seeds"

Each way to take words (one stream; words of many records, seeds or purposes in turn; streams that differ in one bit,
and the exclusive or of neighbours) is looked at by tests of one chunk, whose p-values are exact or nearly so; over the
chunks, the p-values of a test must be uniform (Kolmogorov-Smirnov). Of a good generator a whole call fails once in
10,000 times, whatever its size: the least p-value must not be below 1e-4 divided by the number of p-values. The tests
are those of D. E. Knuth, "The Art of Computer Programming" 2, 3.3.2 (frequency, serial, gap, runs, permutation),
G. Marsaglia's Diehard (ranks, birthday spacings) and D. Blackman and S. Vigna, arXiv:1805.01407 (Hamming weights).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from stochos import _core

Words = NDArray[np.uint32]
CHUNK = 1 << 20  # words
FALSE_ALARM = 1e-4  # of a whole call


def both_sides(upper: float) -> float:
    """Return the p-value of a statistic that is wrong when it is too large and when it is too small."""
    return float(min(1.0, 2 * min(upper, 1 - upper)))


def chi2(seen: NDArray[np.int64], chance: NDArray[np.float64]) -> float:
    """Pearson's test of counts against chances that sum to 1; at least 5 are expected in each cell."""
    expected = chance * seen.sum()
    statistic = float(((seen - expected) ** 2 / expected).sum())
    return both_sides(float(stats.chi2.sf(statistic, len(chance) - 1)))


def frequency(words: Words) -> float:
    """Ones at each of the 32 places: half, and the sum of the 32 squares is chi-square."""
    ones = np.array([int(((words >> np.uint32(bit)) & np.uint32(1)).sum()) for bit in range(32)])
    return both_sides(float(stats.chi2.sf(float(((2 * ones - words.size) ** 2 / words.size).sum()), 32)))


def serial(words: Words, shift: int) -> float:
    """Pairs of six bits of two words that follow each other: 4,096 cells."""
    pieces = ((words >> np.uint32(shift)) & np.uint32(63)).astype(np.int64)
    return chi2(np.bincount(pieces[::2] * 64 + pieces[1::2], minlength=4096), np.full(4096, 1 / 4096))


def gap(words: Words) -> float:
    """Words between two below an eighth of the range: geometric."""
    length = np.minimum(np.diff(np.flatnonzero(words < 1 << 29)) - 1, 60)
    chance = np.append(0.125 * 0.875 ** np.arange(60), 0.875**60)
    return chi2(np.bincount(length, minlength=61), chance)


def runs(words: Words) -> float:
    """Changes from one bit to the next, through all words: half."""
    inner = int(np.bitwise_count((words ^ (words >> np.uint32(1))) & np.uint32(0x7FFFFFFF)).sum())
    between = int(((words[:-1] ^ (words[1:] >> np.uint32(31))) & np.uint32(1)).sum())
    tried = 32 * words.size - 1
    return float(2 * stats.norm.sf(abs(2 * (inner + between) - tried) / math.sqrt(tried)))


def permutation(words: Words) -> float:
    """The order of five words: 120 orders, one as likely as the other."""
    fives = words[: words.size // 5 * 5].reshape(-1, 5)
    code = np.zeros(len(fives), np.int64)
    for i in range(1, 5):
        code = code * (i + 1) + (fives[:, :i] < fives[:, i : i + 1]).sum(1)
    return chi2(np.bincount(code, minlength=120), np.full(120, 1 / 120))


def birthdays(words: Words) -> float:
    """Spacings of 4,096 birthdays in 2^32 days that occur again: Poisson of mean m^3 / (4 n) = 4 in each group."""
    groups = np.sort(words.reshape(-1, 4096), 1)
    spacings = np.sort(np.diff(groups.astype(np.int64), axis=1), 1)
    again = int((spacings[:, 1:] == spacings[:, :-1]).sum())
    mean = 4.0 * len(groups)
    return float(min(1.0, 2 * min(stats.poisson.cdf(again, mean), stats.poisson.sf(again - 1, mean))))


def rank(words: Words) -> float:
    """Ranks of 32 by 32 matrices of bits."""
    rows = words[: words.size // 32 * 32].reshape(-1, 32)[:8192].copy()
    place = np.zeros(len(rows), np.int64)  # rows that have a pivot, and so the rank
    index = np.arange(32)
    for bit in range(32):
        has = ((rows >> np.uint32(bit)) & np.uint32(1)).astype(bool) & (index >= place[:, None])
        found = has.any(1)
        which = np.flatnonzero(found)
        pivot, at = has.argmax(1)[which], place[which]
        top = rows[which, pivot]
        rows[which, pivot] = rows[which, at]
        has[which, pivot] = has[which, at]
        rows[which, at] = top
        below = has[which] & (index > at[:, None])
        rows[which] ^= np.where(below, top[:, None], np.uint32(0))
        place[which] += 1
    lost = np.minimum(32 - place, 3)  # P(rank 32 - d) = 2^(-d^2) prod (1 - 2^-i)^2 / prod (1 - 2^-i)
    chance = []
    for d in range(3):
        r = 32 - d
        terms = sum(2 * math.log1p(-(2.0 ** (i - 32))) - math.log1p(-(2.0 ** (i - r))) for i in range(r))
        chance.append(math.exp(terms - d * d * math.log(2)))
    return chi2(np.bincount(lost, minlength=4), np.array([*chance, 1 - sum(chance)]))


def hamming(words: Words) -> float:
    """Numbers of ones in three words that follow each other, in four classes each: 64 cells."""
    law = stats.binom.pmf(np.arange(33), 32, 0.5)
    classes = np.digitize(np.arange(33), [14, 16, 18])
    one = np.bincount(classes, weights=law)
    kind = classes[np.bitwise_count(words)].astype(np.int64)[: words.size // 3 * 3].reshape(-1, 3)
    chance = (one[:, None, None] * one[:, None] * one).reshape(-1)
    return chi2(np.bincount(kind @ np.array([16, 4, 1]), minlength=64), chance)


def collisions(words: Words) -> float:
    """Two words together are drawn twice: of 2^19 pairs a false alarm once in 130 million, taken as none."""
    pairs = np.sort(words.view(np.uint64))
    return float((pairs[1:] != pairs[:-1]).all())


TESTS: dict[str, Callable[[Words], float]] = {
    "frequency": frequency,
    "serial, upper bits": lambda words: serial(words, 26),
    "serial, lower bits": lambda words: serial(words, 0),
    "gap": gap,
    "runs": runs,
    "permutation": permutation,
    "birthday spacings": birthdays,
    "ranks": rank,
    "Hamming weights": hamming,
    "collisions": collisions,
}

SEQUENCE, RECORDS = 5, 256  # the stream of trajectories; how many streams side by side


def _in_turn(streams: list[Words]) -> Words:
    """One block of four words of each stream, then the next block of each."""
    return np.stack([stream.reshape(-1, 4) for stream in streams], 1).reshape(-1)


def one_stream(seed: int, chunk: int) -> Words:
    """Return the words of one record."""
    return _core.random_words(seed, SEQUENCE, chunk, CHUNK)


def neighbouring_records(seed: int, chunk: int) -> Words:
    """Return words of 256 trajectories in turn."""
    return _in_turn([_core.random_words(seed, SEQUENCE, RECORDS * chunk + k, CHUNK // RECORDS) for k in range(RECORDS)])


def first_blocks(seed: int, chunk: int) -> Words:
    """Return the first words of many trajectories: one block each."""
    many = range(chunk * CHUNK // 4, (chunk + 1) * CHUNK // 4)
    return np.concatenate([_core.random_words(seed, SEQUENCE, record, 4) for record in many])


def neighbouring_seeds(seed: int, chunk: int) -> Words:
    """Return words of 256 seeds in turn."""
    start = (seed << 20) + RECORDS * chunk
    return _in_turn([_core.random_words(start + k, SEQUENCE, 0, CHUNK // RECORDS) for k in range(RECORDS)])


def neighbouring_purposes(seed: int, chunk: int) -> Words:
    """Return words of all eight purposes in turn."""
    return _in_turn([_core.random_words(seed, purpose, chunk, CHUNK // 8) for purpose in range(1, 9)])


def one_bit_apart(seed: int, chunk: int) -> Words:
    """Return words of 64 seeds and 64 records that differ from a first one in a single bit each, in turn."""
    seeds = [_core.random_words(seed ^ (1 << bit), SEQUENCE, chunk, CHUNK // 128) for bit in range(64)]
    records = [_core.random_words(seed, SEQUENCE, chunk ^ (1 << bit), CHUNK // 128) for bit in range(64)]
    return _in_turn(seeds + records)


def differences(seed: int, chunk: int) -> Words:
    """Return the exclusive or of what neighbours draw at the same place: half records, half seeds."""
    half, start = CHUNK // 2, (seed << 20) + 2 * chunk
    a, b = (_core.random_words(seed, SEQUENCE, 2 * chunk + k, half) for k in range(2))
    c, d = (_core.random_words(start + k, SEQUENCE, 1, half) for k in range(2))
    return np.concatenate([a ^ b, c ^ d])


WAYS: dict[str, Callable[[int, int], Words]] = {
    "one stream": one_stream,
    "neighbouring records": neighbouring_records,
    "first blocks": first_blocks,
    "neighbouring seeds": neighbouring_seeds,
    "neighbouring purposes": neighbouring_purposes,
    "one bit apart": one_bit_apart,
    "differences": differences,
}


def p_values(take: Callable[[int, int], Words], seed: int, chunks: int) -> Iterator[tuple[str, float]]:
    """Yield a name and a p-value for each test of each chunk, and for each test over all chunks."""
    of: dict[str, list[float]] = {name: [] for name in TESTS}
    for chunk in range(chunks):
        words = np.ascontiguousarray(take(seed, chunk))
        for name, test in TESTS.items():
            of[name].append(test(words))
            yield f"{name}, chunk {chunk}", of[name][-1]
    if chunks >= 10:
        for name, found in of.items():
            if name != "collisions":  # nearly always 1
                yield f"{name}, over all chunks", float(stats.kstest(found, "uniform").pvalue)


def main() -> int:
    """Report a line for each way; 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=2, help="of a million words, for each way to take them (2)")
    parser.add_argument("--seed", type=int, default=0, help="below 2^40")
    parser.add_argument("--only", choices=WAYS)
    options = parser.parse_args()
    ways = [options.only] if options.only else list(WAYS)
    limit = FALSE_ALARM / (len(ways) * len(TESTS) * (options.chunks + 1))
    bad = 0
    for way in ways:
        found = list(p_values(WAYS[way], options.seed, options.chunks))
        wrong = [(name, p) for name, p in found if p < limit]
        name, p = min(found, key=lambda pair: pair[1])
        print(f"{way:<22} {len(found):>6} p-values, least {p:.2e} ({name}), {len(wrong)} below {limit:.1e}", flush=True)
        for name, p in wrong:
            print(f"  {name}: {p:.2e}")
        bad += len(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
