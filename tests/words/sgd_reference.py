"""The SGD of ``words.fit`` written once more in plain NumPy and float64, from its description alone.

It follows docs/words.md: which side of a pair is its row, stripes, the tournament, the order inside a block, the draws
of zeros, two records of a row at a time, Adagrad with one accumulator a word.
"""

from __future__ import annotations

import numpy as np

from stochos import _core

MASK = (1 << 64) - 1


def mix(x: int) -> int:
    """splitmix64's finaliser."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


def stream_key(seed: int, purpose: int) -> tuple[int, int]:
    k = mix(mix(seed + 0x9E3779B97F4A7C15 & MASK) ^ (purpose * 0xD1342543DE82EF95 & MASK))
    return k & 0xFFFFFFFF, k >> 32


def philox(counter: list[int], key: tuple[int, int]) -> list[int]:
    words = _core.philox(np.array(counter, np.uint32), np.array(key, np.uint32))
    return [int(w) for w in words]


def is_row(row: int, other: int) -> bool:
    low, high = min(row, other), max(row, other)
    return ((mix(low << 32 | high) & 1) == 0) == (row < other)


def stripe_count(words: int) -> int:
    small = min(max(words // 32, 2), 64)
    return max(small, (words + 4095) // 4096 + 1) & ~1


def rounds_of(stripes: int, key: tuple[int, int], epoch: int) -> list[list[tuple[int, int]]]:
    order = list(range(stripes))
    for k in range(stripes - 1, 0, -1):
        record = ~k & MASK
        bits = philox([epoch, 0, record & 0xFFFFFFFF, record >> 32], key)[0]
        at = bits * (k + 1) >> 32
        order[k], order[at] = order[at], order[k]
    rounds = []
    for r in order:
        if r == stripes - 1:
            rounds.append([(s, s) for s in range(stripes)])
        else:
            m = stripes - 1
            pairs = [(r, m)] + [((r + k) % m, (r + m - k) % m) for k in range(1, stripes // 2)]
            rounds.append(pairs)
    return rounds


class Reference:
    """One set of pairs with its vectors; `x` is the dense matrix of counts, `total` its sum."""

    def __init__(self, x, log_probability, weighting, dim):
        self.x, self.lp, self.dim = np.asarray(x, float), np.asarray(log_probability, float), dim
        self.total = self.x.sum()
        self.base, self.scale, self.power, self.cap = weighting
        self.words = len(self.x)
        self.stripes = stripe_count(self.words)
        self.blocks = {}
        number = 0
        for a in range(self.stripes):
            for b in range(self.stripes):
                records = []
                for i in range(a, self.words, self.stripes):
                    row = [
                        j for j in range(b, self.words, self.stripes) if j != i and self.x[i, j] > 0 and is_row(i, j)
                    ]
                    if row:
                        records.append((i, row))
                self.blocks[a, b] = (number, records)
                number += sum(len(row) for _, row in records)
        self.records = number

    def pmi(self, i, j, x):
        return np.log(x) - np.log(self.total) - self.lp[i] - self.lp[j]

    def zeros(self, i, b, key, number, epoch, negatives):
        c = philox([epoch, 0, number & 0xFFFFFFFF, number >> 32], key)
        state, found = c[1] << 32 | c[0], []
        size = len(range(b, self.words, self.stripes))
        for _ in range(6 * negatives):
            if len(found) == negatives:
                break
            j = ((state >> 32) * size >> 32) * self.stripes + b
            state = (state * 6364136223846793005 + 1442695040888963407) & MASK
            if j != i and self.x[i, j] == 0:
                found.append(j)
        return found

    def epoch(self, v, g, *, seed, epoch, rate, zero_weight, negatives):
        """Move v (words, dim) and g (words,) in place; return the two losses."""
        key = stream_key(seed, 3)
        observed_loss = zero_loss = 0.0
        for pairs in rounds_of(self.stripes, key, epoch):
            for a, b in pairs:
                for side in [(a, b)] if a == b else [(a, b), (b, a)]:
                    first, records = self.blocks[side]
                    for i, row in records:
                        for at in range(0, len(row), 2):
                            batch = []
                            for r, j in enumerate(row[at : at + 2]):
                                zs = self.zeros(i, side[1], key, first + at + r, epoch, negatives)
                                batch += [(j, True)] + [(z, False) for z in zs]
                            slopes = []
                            for j, seen in batch:
                                dot = v[i] @ v[j]
                                if seen:
                                    x = self.x[i, j]
                                    weight = min(self.cap, self.base + self.scale * x**self.power)
                                    error = dot - self.pmi(i, j, x)
                                    slopes.append(weight * error)
                                    observed_loss += weight * error * error
                                else:
                                    z = dot - self.pmi(i, j, 1.0)
                                    slopes.append(zero_weight / (1.0 + np.exp(-z)))
                                    zero_loss += zero_weight * np.log1p(np.exp(z))
                            square = v[i] @ v[i] / self.dim
                            gradient = np.zeros(self.dim)
                            before = g.copy()
                            for (j, _), slope in zip(batch, slopes, strict=True):
                                # A word met twice in a batch: both steps start from the same accumulator.
                                g[j] = before[j] + slope * slope * square
                                gradient += slope * v[j]
                                v[j] -= rate * slope / np.sqrt(g[j]) * v[i]
                            g[i] += gradient @ gradient / self.dim
                            v[i] -= rate / np.sqrt(g[i]) * gradient
                        first += len(row)
        return observed_loss, zero_loss
