"""`count`: from text of any kind to exact co-occurrence counts."""

from __future__ import annotations

import math
import re
import sys
import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from stochos import _checks, _core
from stochos._progress import Progress, progress_callback
from stochos.errors import InputError, InputTypeError
from stochos.random import seed_of, stream_version
from stochos.words import _shards, _sources, _tokenizers
from stochos.words._parts import Parts
from stochos.words.counts import Counts, CountSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["count"]

_WHERE = "words.count"
_LARGEST_WINDOW = 10_000
_UNITS = {"": 1, "B": 1} | {
    prefix + ending: base**power
    for power, prefix in enumerate("KMGT", 1)
    for ending, base in (("B", 1000), ("", 1000), ("iB", 1024))
}


def count(
    source: Any,
    *,
    window: int = 5,
    min_count: int = 5,
    weighting: Literal["flat", "harmonic", "linear"] = "flat",
    tokenizer: str | Callable[[str], Sequence[str]] | None = None,
    stop_words: Iterable[str] = (),
    keep_positions: bool = False,
    diagonal: bool = True,
    max_vocabulary: int | None = None,
    subsample: float | None = None,
    vocabulary: Iterable[str] | None = None,
    errors: Literal["strict", "replace"] = "strict",
    memory: int | str | None = None,
    threads: int | None = None,
    seed: int | np.random.Generator | np.random.SeedSequence = 0,
    progress: Progress = None,
    executor: Any = None,
) -> Counts:
    r"""Count which words stand near which, exactly.

    Every unordered pair of places of one line that are at most `window` words apart is counted once in each order, so
    that a pair of equal words adds 2 to its diagonal element; windows stop at line ends. The source is read once.

    Parameters
    ----------
    source : path, list, iterable or open file
        - ``str``: path of a file or folder, never a text (pass a text as ``[text]``). Of a folder, all regular files
          below it that are not hidden, sorted by path. Files that end in ``.gz``, ``.xz``, ``.bz2`` or ``.zst`` are
          decompressed on the way. A ``pathlib.Path`` or a list of those likewise.
        - list or other iterable (also a generator) of ``str``: each is a line of text, or several.
        - list or other iterable of token lists: each is a line; tokens are taken as they are, also with white space
          inside, and are not tokenised again.
        - open file, text or binary, from where it stands.

        Bytes are UTF-8. ``\n`` ends a line (the ``\r`` of ``\r\n`` is white space). A byte order mark at the start
        of a file is left out. There is no limit on the length of a token, line or file, and NUL is a character like
        others.
    window : int
        Largest distance of two words, in words, from 1 to 10,000. With ``weighting="harmonic"`` at most 28 for
        10 million tokens, since its sums are exact whole numbers below 2**63; the error names the largest.
    min_count : int
        Words that are rarer are dropped, >= 1.
    weighting : {"flat", "harmonic", "linear"}
        What a pair at distance d adds: 1, 1/d, or (window - d + 1)/window.
    tokenizer : {None, "whitespace", "characters", "jieba"} or callable
        - None or ``"whitespace"``: tokens stand between ASCII white space (space, ``\t``, ``\r``, ``\v``, ``\f``).
          A no-break space U+00A0, an ideographic space U+3000 and U+0085 are part of a token.
        - ``"characters"``: every character is a token, except Unicode white space (that of ``str.isspace``).
        - ``"jieba"``: Chinese words by jieba's ``cut``; tokens of white space alone are dropped.
        - a callable ``str -> list[str]``: called with each line, without its end.
    stop_words : iterable of str
        Words to drop, whatever their frequency.
    keep_positions : bool
        A word that is not in the vocabulary vanishes before windows are taken, so that its neighbours move together
        (False), or keeps its place (True).
    diagonal : bool
        Whether pairs of equal words are counted.
    max_vocabulary : int, optional
        Keep at most so many words, the most frequent; ties by their UTF-8 bytes.
    subsample : float, optional
        Threshold t in (0, 1], for example 1e-5: of the places of a word whose share of the kept words is f, a part
        min(1, sqrt(t/f) + t/f) is kept and the others are treated like dropped words, as word2vec does [1]_. Whether
        a place is kept depends on `seed` and on the number of the token in the source alone. `Counts.frequencies`
        are those before subsampling.
    vocabulary : iterable of str, optional
        Count exactly these words, in this order, whatever their frequency; `min_count` is not looked at then, and
        `max_vocabulary` and `stop_words` must not be given.
    errors : {"strict", "replace"}
        What to do with bytes that are not UTF-8 and with lone surrogates: an error, or U+FFFD, as
        ``bytes.decode(errors="replace")`` does.
    memory : int or str, optional
        Bytes, or text such as ``"2GB"``, ``"500MB"``, ``"1GiB"``: about so much is used for the places of the words,
        and what is more goes to unnamed files in the folder for temporary files, gone at the end however it comes.
        None: all in memory. The vocabulary and the counts themselves are always in memory.
    threads : int, optional
        From 1; by default what `stochos.config` says. The result does not depend on it.
    seed : int, numpy.random.Generator or numpy.random.SeedSequence
        For `subsample` only.
    progress : None, bool or callable
        None shows a bar on a terminal when the call takes long, True always, False never. A callable is called with
        ``(done, total)``, first of the reading (bytes, or items of a list; total 0 if unknown), then of the
        counting (tokens); it stops the call by returning False. With `executor`, both are counted in bytes or items.
    executor : concurrent.futures.Executor, optional
        Counts parts of the source elsewhere, with `threads` threads each: of the standard library, ``loky``, Dask's
        ``client.get_executor()`` or ``mpi4py.futures``; the result is the same to the last bit. Every part is read
        twice, first for the frequencies of the words and then for their pairs, so that paths must mean the same
        regular files to all workers, and an open file is refused; a list or other iterable is sent in parts. A
        callable `tokenizer` must stand in a module that the workers can import. A line is never cut.

    Returns
    -------
    Counts
        Vocabulary in the order (frequency descending, UTF-8 bytes ascending), or that of `vocabulary`; frequencies,
        and the symmetric counts.

    Raises
    ------
    InputError
        A value is out of range; the text is not UTF-8 (the message names source, line and byte offset); no word
        stays ("vocabulary is empty"); sums could pass 2**63.
    InputTypeError
        An argument, an item of the source or a token is of a kind that is not taken.
    FileError
        A file cannot be read, or the disk for temporary files is full.
    FileFormatError
        A compressed file is damaged or cut off.
    MissingPartError
        jieba or zstandard is needed and not installed.
    StoppedError
        The progress callback returned False.
    Error
        The executor lost a part of the work with its worker, three times or for good.

    Notes
    -----
    Time is O(tokens x window). Memory is at most 12 bytes a token, one row of the vocabulary's length a thread, the
    vocabulary, and the result; with `memory`, the first of these is bounded.

    References
    ----------
    .. [1] T. Mikolov, I. Sutskever, K. Chen, G. Corrado, J. Dean, "Distributed representations of words and phrases
       and their compositionality", 2013, arXiv:1310.4546; the formula is that of its program, word2vec.c.

    Examples
    --------
    >>> from stochos import words
    >>> counts = words.count(["a b a c", "b c d"], window=2, min_count=1)
    >>> counts.vocabulary
    ['a', 'b', 'c', 'd']
    """
    window = _checks.whole(_WHERE, "window", window, 1, _LARGEST_WINDOW)
    weighting = _checks.choice(_WHERE, "weighting", weighting, ("flat", "harmonic", "linear"))  # type: ignore[assignment]
    weights, unit = _weights(window, weighting)
    _check_sums(weights, window, weighting, 1)
    min_count = _checks.whole(_WHERE, "min_count", min_count, 1, 2**63 - 1)
    if max_vocabulary is not None:
        max_vocabulary = _checks.whole(_WHERE, "max_vocabulary", max_vocabulary, 1, 2**31)
    if subsample is not None:
        subsample = _checks.real(_WHERE, "subsample", subsample, 0, 1)
        if subsample == 0:
            msg = f"[{_WHERE}] subsample is 0, which would keep no word; give a threshold such as 1e-5, or None"
            raise InputError(msg)
    keep_positions = _flag("keep_positions", keep_positions)
    diagonal = _flag("diagonal", diagonal)
    errors = _checks.choice(_WHERE, "errors", errors, ("strict", "replace"))  # type: ignore[assignment]
    stops = tuple(sorted(set(_word_list("stop_words", stop_words))))
    fixed = None if vocabulary is None else _fixed(vocabulary, max_vocabulary, stops)
    threads = _checks.threads(_WHERE, threads)
    limit = _bytes(memory)
    seed = seed_of(seed, _WHERE)
    name, core_tokenizer, tokenize = _tokenizers.resolve(_WHERE, tokenizer)

    weights_array = np.array(weights, np.uint64)
    if executor is None:
        corpus = _core.Corpus(core_tokenizer, errors == "replace", limit, tempfile.gettempdir())
        with progress_callback(progress, "reading", _sources.unit_of(source), _WHERE) as callback:
            _sources.read(corpus, source, tokenize, errors, threads, callback)
        corpus.finish(min_count, max_vocabulary, list(stops), fixed, keep_positions, subsample, seed)
        frequencies = corpus.frequencies()
        _check_sums(weights, window, weighting, int(frequencies.sum()))
        with progress_callback(progress, "counting", "tokens", _WHERE) as callback:
            triangle = corpus.count_pairs(weights_array, diagonal, threads, callback)
        parts, tokens_read = Parts(corpus.words(), frequencies, *triangle), corpus.tokens_read
    else:
        parts, tokens_read = _shards.count(
            executor,
            source,
            _shards.Reading(tokenizer, errors, limit, threads),
            _shards.Choice(
                min_count, max_vocabulary, stops, fixed, keep_positions, subsample, seed, weights_array, diagonal
            ),
            progress,
            lambda tokens: _check_sums(weights, window, weighting, tokens),
        )
    settings = CountSettings(
        window=window,
        weighting=weighting,
        diagonal=diagonal,
        keep_positions=keep_positions,
        min_count=min_count,
        max_vocabulary=max_vocabulary,
        subsample=subsample,
        tokenizer=name,
        stop_words=stops,
        fixed_vocabulary=fixed is not None,
        seed=seed,
        stream_version=stream_version,
    )
    return Counts(
        parts.vocabulary,
        parts.frequencies,
        parts.row_start,
        parts.column,
        parts.value,
        unit=unit,
        settings=settings,
        tokens_read=tokens_read,
    )


def _weights(window: int, weighting: str) -> tuple[list[int], int]:
    """Whole numbers for the distances 1..window, and the unit of which they are multiples."""
    distances = range(1, window + 1)
    if weighting == "flat":
        return [1] * window, 1
    if weighting == "linear":
        return [window - d + 1 for d in distances], window
    unit = math.lcm(*distances)
    return [unit // d for d in distances], unit


def _check_sums(weights: list[int], window: int, weighting: str, tokens: int) -> None:
    """Refuse what could pass 2**63: a token has at most sum(weights) on either side."""

    def fits(values: list[int]) -> bool:
        return 2 * max(tokens, 1) * sum(values) < 2**63

    if fits(weights):
        return
    best = window
    while best > 1 and not fits(_weights(best, weighting)[0]):
        # lcm(1..w) has passed 2**63 long before w = 64.
        best = min(best - 1, 64) if weighting == "harmonic" else best // 2
    over = f" over {tokens:,} tokens" if tokens > 1 else ""
    msg = (
        f"[{_WHERE}] window is {window} with weighting='{weighting}': exact sums{over} could pass 2**63; "
        f"give a window of {best} or less" + (", or weighting='linear'" if weighting == "harmonic" else "")
    )
    raise InputError(msg)


def _flag(name: str, value: object) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    msg = f"[{_WHERE}] {name} is {value!r} of type {type(value).__name__}; give True or False"
    raise InputTypeError(msg)


def _word_list(name: str, values: object) -> list[str]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        msg = f"[{_WHERE}] {name} is {values!r} of type {type(values).__name__}; give a list of str"
        raise InputTypeError(msg)
    result = []
    for index, word in enumerate(values):
        if not isinstance(word, str):
            msg = f"[{_WHERE}] {name}: item {index} is {word!r} of type {type(word).__name__}; words are str"
            raise InputTypeError(msg)
        try:
            word.encode()
        except UnicodeEncodeError:
            msg = f"[{_WHERE}] {name}: item {index}, {word!r}, holds a lone surrogate, which is no character"
            raise InputError(msg) from None
        if not word:
            msg = f"[{_WHERE}] {name}: item {index} is an empty str, which is never a word; leave it out"
            raise InputError(msg)
        result.append(str(word))
    return result


def _fixed(vocabulary: Iterable[str], max_vocabulary: int | None, stop_words: tuple[str, ...]) -> list[str]:
    words = _word_list("vocabulary", vocabulary)
    if max_vocabulary is not None or stop_words:
        other = "stop_words" if stop_words else "max_vocabulary"
        msg = (
            f"[{_WHERE}] vocabulary and {other} are both given; the vocabulary says which words stay: leave {other} out"
        )
        raise InputError(msg)
    if not words:
        msg = f"[{_WHERE}] vocabulary is empty; give at least one word"
        raise InputError(msg)
    place: dict[str, int] = {}
    for index, word in enumerate(words):
        if (first := place.setdefault(word, index)) != index:
            msg = f"[{_WHERE}] vocabulary has {word!r} twice, as items {first} and {index}; leave one out"
            raise InputError(msg)
    return words


def _bytes(memory: object) -> int:
    """Bytes that `memory` stands for."""
    if memory is None:
        return sys.maxsize
    if not isinstance(memory, str):
        return min(_checks.whole(_WHERE, "memory", memory, 1), sys.maxsize)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", memory, re.ASCII)
    units = {unit.lower(): size for unit, size in _UNITS.items()}
    if match is None or match[2].lower() not in units or float(match[1]) <= 0:
        msg = f"[{_WHERE}] memory is {memory!r}; give bytes, or a text such as '2GB', '500MB' or '1GiB'"
        raise InputError(msg)
    return max(1, min(int(float(match[1]) * units[match[2].lower()]), sys.maxsize))
