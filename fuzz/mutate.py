"""Changes of inputs, as a fuzzer makes them: a function of the generator alone."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

NUMBERS = [
    b"0",
    b"-1",
    b"1",
    b"9" * 19,
    b"-9223372036854775808",
    b"18446744073709551616",
    b"1e308",
    b"1e-320",
    b"1e999",
    b"nan",
    b"inf",
    b"0x1p3",
    b"1_000",
    b"00",
    b".",
    b"-",
    b"1e",
    b"\xd9\xa1",
    b"\x1e0.5",  # white space to Python's texts, and not to its numbers
    b"51e308",
    b"9" * 400,  # whole numbers beyond the largest float,
    b"9" * 5000,  # and beyond those that int() reads
]
EDGES = [0, 1, 7, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]


def mutated(seed: bytes, other: bytes, tokens: Sequence[bytes], rng: random.Random) -> bytes:
    """Return `seed` after one to eight changes; `other` lends pieces, `tokens` are words of the format."""
    data = bytearray(seed)
    for _ in range(1 + min(int(rng.expovariate(0.7)), 7)):
        _change(data, other, tokens, rng)
    return bytes(data[: 4 * len(seed) + 4096])


def _change(data: bytearray, other: bytes, tokens: Sequence[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + int(rng.expovariate(0.1)))
    kind = rng.randrange(10)
    if kind == 0 and data:  # a bit
        data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
    elif kind == 1:  # leave out
        del data[at:end]
    elif kind == 2:  # twice, or many times
        data[at:at] = data[at:end] * (1 if rng.random() < 0.9 else rng.randrange(2, 50))
    elif kind == 3 and tokens:
        data[at : end if rng.random() < 0.5 else at] = rng.choice(tokens)
    elif kind == 4:
        data[at : end if rng.random() < 0.5 else at] = rng.choice(NUMBERS)
    elif kind == 5:  # a whole number in binary, at the edge of its kind
        size = rng.choice([1, 2, 4, 8])
        value = rng.choice(EDGES) & (2 ** (8 * size) - 1)
        data[at : at + size] = struct.pack("<Q", value)[:size]
    elif kind == 6:  # a piece of another input
        start = rng.randrange(len(other) + 1)
        data[at:end] = other[start : start + int(rng.expovariate(0.05))]
    elif kind == 7:
        data[at:at] = bytes([rng.randrange(256)])
    elif kind == 8:  # cut off
        del data[at:]
    else:  # two lines change places
        lines = bytes(data).split(b"\n")
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[i], lines[j] = lines[j], lines[i]
        data[:] = b"\n".join(lines)
