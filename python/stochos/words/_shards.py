"""Counting a corpus in shards, anywhere: first the frequencies of all, then the pairs of the words that stay."""

from __future__ import annotations

import dataclasses
import errno
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core, _reading, executors
from stochos._progress import Callback, Progress, progress_callback
from stochos.errors import InputError, InputTypeError
from stochos.words import _files, _merge, _sources, _tokenizers
from stochos.words._parts import Parts

_WHERE = "words.count"


@dataclasses.dataclass(frozen=True)
class Reading:
    """How the text is read; the same for every shard."""

    tokenizer: Any
    errors: str
    memory: int
    threads: int


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which words stay, and what is counted of them; as `words.count` has it."""

    min_count: int
    max_vocabulary: int | None
    stop_words: tuple[str, ...]
    vocabulary: list[str] | None
    keep_positions: bool
    subsample: float | None
    seed: int
    weights: NDArray[np.uint64]
    diagonal: bool


@dataclasses.dataclass(frozen=True)
class _Shard:
    call: str
    pieces: list[_sources.Piece]
    reading: Reading
    choice: Choice
    frequencies: NDArray[np.int64] | None = None  # of the whole text
    first_token: int = 0  # of this shard, among all of the text


def count(
    executor: Any,
    source: object,
    reading: Reading,
    choice: Choice,
    progress: Progress,
    check_sums: Callable[[int], None],
) -> tuple[Parts, int]:
    """Count by the executor what one call would count; the parts, and the number of tokens read.

    `check_sums` is called with the number of tokens that stay, before pairs are counted.
    """
    executors.check_executor(_WHERE, executor)
    _tokenizers.resolve(_WHERE, reading.tokenizer)
    call = executors.new_call()
    cut = pieces(source, executors.shard_count(executor))
    shards = [_Shard(call, group, reading, choice) for group in cut]
    sizes = [sum(piece.size for piece in group) for group in cut]
    unit = _sources.unit_of(source)

    def run(work: Callable[[_Shard], Any], shards: list[_Shard], name: str) -> list[Any]:
        with progress_callback(progress, name, unit, _WHERE) as callback:
            return executors.run_shards(executor, work, shards, sizes, call, callback, _WHERE)

    counted = run(_frequencies, shards, "reading")
    vocabulary, frequencies = _vocabulary(counted, choice)
    check_sums(int(frequencies.sum()))
    starts = np.cumsum([0, *(tokens for _, tokens in counted)]).tolist()
    choice = dataclasses.replace(choice, vocabulary=vocabulary)
    shards = [
        dataclasses.replace(shard, choice=choice, frequencies=frequencies, first_token=start)
        for shard, start in zip(shards, starts[:-1], strict=True)
    ]
    answers = run(_pairs, shards, "counting")
    again = [tokens for _, _, tokens in answers]
    if again != [tokens for _, tokens in counted] or (sum(f for _, f, _ in answers) != frequencies).any():
        msg = f"[{_WHERE}] the source changed while it was read; count again when nothing writes to it"
        raise InputError(msg)
    identity = np.arange(len(vocabulary), dtype=np.uint32)
    triangle = _core.words_merge_upper([(*triangle, identity) for triangle, _, _ in answers], len(vocabulary))
    return Parts(vocabulary, frequencies, *triangle), starts[-1]


def _vocabulary(counted: list[tuple[dict[str, int], int]], choice: Choice) -> tuple[list[str], NDArray[np.int64]]:
    """Words that stay in the order of `words.count`, with their frequencies in the whole text."""
    total: Counter[str] = Counter()
    for frequencies, _ in counted:
        total.update(frequencies)
    if choice.vocabulary is not None:
        vocabulary = choice.vocabulary
    else:
        stops = set(choice.stop_words)
        kept = {word: n for word, n in total.items() if n >= choice.min_count and word not in stops}
        vocabulary = _merge.in_order(kept)[: choice.max_vocabulary]
        if not vocabulary:
            also = f" ({len(stops & total.keys())} are stop words)" if stops & total.keys() else ""
            msg = (
                f"[{_WHERE}] vocabulary is empty: 0 of {len(total)} types reach min_count={choice.min_count}{also}; "
                "lower min_count or give more text"
            )
            raise InputError(msg)
    return vocabulary, np.array([total[word] for word in vocabulary], dtype=np.int64)


# --- in the worker ----------------------------------------------------------------------------------------------------


def _read(shard: _Shard) -> tuple[_core.Corpus, Callback]:
    _, core_tokenizer, tokenize = _tokenizers.resolve(_WHERE, shard.reading.tokenizer)
    how = shard.reading
    corpus = _core.Corpus(core_tokenizer, how.errors == "replace", how.memory, tempfile.gettempdir())

    def go_on(_done: int, _total: int) -> bool:
        return not executors.is_ended(shard.call)

    _sources.read_pieces(corpus, shard.pieces, tokenize, how.errors, how.threads, go_on)
    return corpus, go_on


def _frequencies(shard: _Shard) -> tuple[dict[str, int], int]:
    """Frequency of every word of a shard that may stay, and its number of tokens."""
    corpus, go_on = _read(shard)
    corpus.finish(0, None, [], shard.choice.vocabulary, False, None, 0, progress=go_on)
    return dict(zip(corpus.words(), corpus.frequencies().tolist(), strict=True)), corpus.tokens_read


def _pairs(shard: _Shard) -> tuple[tuple[Any, ...], NDArray[np.int64], int]:
    """Pairs of a shard's words, its own frequencies of them, and its number of tokens."""
    corpus, go_on = _read(shard)
    choice = shard.choice
    corpus.finish(
        0,
        None,
        [],
        choice.vocabulary,
        choice.keep_positions,
        choice.subsample,
        choice.seed,
        frequencies=shard.frequencies,
        first_token=shard.first_token,
        progress=go_on,
    )
    triangle = corpus.count_pairs(choice.weights, choice.diagonal, shard.reading.threads, go_on)
    return triangle, corpus.frequencies(), corpus.tokens_read


# --- cutting ----------------------------------------------------------------------------------------------------------


def pieces(source: object, wanted: int) -> list[list[_sources.Piece]]:
    """Cut a source into at most about `wanted` shards, at line ends and in its own order."""
    paths = _sources.paths_of(source)
    if paths is not None:
        return _file_pieces(paths, wanted)
    if hasattr(source, "read"):
        msg = f"[{_WHERE}] source is an open file, which other processes cannot read; give its path, or executor=None"
        raise InputTypeError(msg)
    items = list(_sources.iterable(source))
    paths = _sources.paths_of(items)
    if paths is not None:
        return _file_pieces(paths, wanted)
    size = max(1, -(-len(items) // wanted))
    return [
        [_sources.Piece(items[i : i + size], i, min(i + size, len(items)))] for i in range(0, max(1, len(items)), size)
    ]


def _file_pieces(paths: list[Path], wanted: int) -> list[list[_sources.Piece]]:
    for path in paths:
        if not path.is_file():
            msg = (
                f"[{_WHERE}] {_reading.shown(path)} is a pipe or device, which can be read only once; "
                "give a regular file, or executor=None"
            )
            raise InputError(msg)
    sizes = [path.stat().st_size for path in paths]
    target = max(1, -(-sum(sizes) // wanted))
    shards: list[list[_sources.Piece]] = [[]]
    room = target
    for path, size in zip(paths, sizes, strict=True):
        begin = 0
        absolute = os.path.abspath(path)  # a worker may stand in another folder
        while begin < size or (size == 0 and begin == 0):
            if room <= 0:
                shards.append([])
                room = target
            end = size if _files.is_compressed(path) else _line_end(path, begin + room, size)
            shards[-1].append(_sources.Piece(absolute, begin, end, _reading.shown(path)))
            room -= end - begin
            begin = max(end, 1)
    return shards


def _line_end(path: Path, at: int, size: int) -> int:
    """Return the place behind the line end at or after byte `at`."""
    if at >= size:
        return size
    try:
        with path.open("rb") as file:
            file.seek(at - 1)
            while block := file.read(_files.BLOCK):
                found = block.find(b"\n")
                if found >= 0:
                    return min(file.tell() - len(block) + found + 1, size)
    except OSError as error:
        raise _files.unreadable(_WHERE, path, error.errno or errno.EIO) from error
    return size
