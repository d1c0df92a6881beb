"""Examples for pretraining: two stretches of a text, in order or swapped, with words masked anew in each epoch."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stochos.albert._batches import rounded
from stochos.errors import InputError
from stochos.nn import _philox
from stochos.nn._data import Data

if TYPE_CHECKING:
    from stochos.albert.tokenizer import Tokenizer

__all__ = ["PretrainingData", "stretches"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|\n+")


def stretches(texts: Iterable[str], tokenizer: Tokenizer, length: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield pairs of neighbouring stretches of one text, of up to `length` tokens together.

    Sentences are gathered until they fill the length; the pair parts at the sentence end nearest to the middle, or in
    the middle of a sentence that stands alone.
    """
    batch: list[list[str]] = []
    for text in texts:
        batch.append([one for one in _SENTENCE.split(text) if one.strip()])
        if len(batch) == 256:
            yield from _of_batch(batch, tokenizer, length)
            batch = []
    yield from _of_batch(batch, tokenizer, length)


def _of_batch(batch: list[list[str]], tokenizer: Tokenizer, length: int) -> Iterator[tuple[list[int], list[int]]]:
    ids = iter(tokenizer.ids([sentence for text in batch for sentence in text]))
    for text in batch:
        held: list[list[int]] = []
        size = 0
        for _ in text:
            sentence = next(ids)[:length]
            if held and size + len(sentence) > length:
                yield from _pair(held)
                held, size = [], 0
            if sentence:
                held.append(sentence)
                size += len(sentence)
        yield from _pair(held)


def _pair(held: list[list[int]]) -> Iterator[tuple[list[int], list[int]]]:
    whole = [token for sentence in held for token in sentence]
    if len(whole) < 4:
        return
    ends = np.cumsum([len(sentence) for sentence in held])[:-1]
    middle = len(whole) // 2
    cut = int(ends[np.abs(ends - middle).argmin()]) if len(ends) else middle
    yield whole[:cut], whole[cut:]


class PretrainingData(Data):
    """Pairs of stretches as examples for `nn.fit`; masks and order are drawn anew for each order of the examples.

    Parameters
    ----------
    pairs : list of (list of int, list of int)
    tokenizer : Tokenizer
    seed : int
    rate : float
        Share of the tokens to be guessed.
    longest : int
        Words masked together: n of them with a probability in proportion to 1 / n (Lan et al. 2020).
    length : int
        Longest example.
    """

    def __init__(
        self,
        pairs: list[tuple[list[int], list[int]]],
        tokenizer: Tokenizer,
        seed: int,
        *,
        rate: float = 0.15,
        longest: int = 3,
        length: int = 512,
        vocab_size: int | None = None,
    ) -> None:
        if not pairs:
            msg = "[albert.pretrain] the texts have no stretch of 4 tokens or more"
            raise InputError(msg)
        self.pairs, self.seed, self.rate, self.longest = pairs, seed, rate, longest
        self.count = len(pairs)
        self.length = length
        self.lengths = np.array([len(a) + len(b) + 3 for a, b in pairs])
        self.guesses = max(1, round(rate * length))
        self.special = (tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id, tokenizer.mask_id)
        banned = np.array(sorted(tokenizer.special_ids))
        self.words = np.setdiff1d(np.arange(vocab_size or tokenizer.size), banned)
        chance = 1.0 / np.arange(1, longest + 1)
        self.chances = np.cumsum(chance / chance.sum())

    def take(self, index: slice | NDArray[np.int64]) -> tuple[Any, Any, None]:
        """Return the examples in `index` with the masks of no epoch."""
        chosen = np.arange(self.count)[index]
        return (*self._made(chosen, 0), None)

    def batches(
        self, size: int, order: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[int, Any, Any, NDArray[Any] | None]]:
        """Yield (number of examples, inputs, targets, None)."""
        # Each epoch has its own order, so that it names the masks; a resumed run draws the same.
        record = 0 if order is None else 1 + zlib.crc32(order.tobytes())
        order = np.argsort(self.lengths, kind="stable") if order is None else order
        for start in range(0, self.count, size * 16):
            chunk = order[start : start + size * 16]
            place = chunk[np.argsort(self.lengths[chunk], kind="stable")]
            rank = {int(example): number for number, example in enumerate(chunk)}
            here = [place[begin : begin + size] for begin in range(0, len(place), size)]
            for index in sorted(here, key=lambda one: rank[int(one[0])]):
                yield (len(index), *self._made(index, record), None)

    def _made(self, index: NDArray[np.int64], record: int) -> tuple[Any, Any]:
        length = rounded(int(self.lengths[index].max()), self.length)
        cls, sep, pad, _ = self.special
        ids = np.full((len(index), length), pad, np.int64)
        mask, types = np.zeros_like(ids), np.zeros_like(ids)
        guesses = max(1, round(self.rate * length))
        places = np.zeros((len(index), guesses), np.int64)
        labels = np.full((len(index), guesses), -100, np.int64)
        orders = np.zeros(len(index), np.int64)
        for row, number in enumerate(index):
            draws = _philox.uniform(_philox.child_seed(self.seed, int(number)), 4 * length + 1, record)
            first, second = self.pairs[number]
            if draws[0] < 0.5:
                first, second = second, first
                orders[row] = 1
            tokens = [cls, *first, sep, *second, sep]
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
            types[row, len(first) + 2 : len(tokens)] = 1
            at, words, seen = self._masked(tokens, len(first), draws[1:], guesses)
            places[row, : len(at)], labels[row, : len(at)] = at, words
            ids[row, at] = seen
        return (ids, mask, types, places), (labels, orders)

    def _masked(
        self, tokens: list[int], cut: int, draws: NDArray[np.float64], guesses: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the places to guess, the words there, and what the model sees in their stead."""
        size = len(tokens)
        free = np.ones(size, bool)
        free[[0, cut + 1, size - 1]] = False
        wanted = min(guesses, max(1, round(self.rate * (size - 3))))
        chosen: list[int] = []
        starts = np.argsort(draws[:size], kind="stable")
        spans = 1 + np.searchsorted(self.chances, draws[size : 2 * size])
        for start, span in zip(starts, spans, strict=True):
            stretch = range(start, min(start + int(span), size))
            if len(chosen) + len(stretch) <= wanted and all(free[place] for place in stretch):
                chosen += stretch
                free[list(stretch)] = False
            if len(chosen) >= wanted:
                break
        at = np.array(sorted(chosen), np.int64)
        words = np.array(tokens, np.int64)[at]
        kind, word = draws[2 * size : 2 * size + len(at)], draws[3 * size : 3 * size + len(at)]
        others = self.words[(word * len(self.words)).astype(np.int64)]
        # 8 of 10 are hidden, 1 is another word, 1 stays (Devlin et al. 2019).
        seen = np.where(kind < 0.8, self.special[3], np.where(kind < 0.9, others, words))
        return at, words, seen
