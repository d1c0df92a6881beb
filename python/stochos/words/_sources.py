"""Every kind of source that `words.count` takes, read once into a corpus of the core."""

from __future__ import annotations

import dataclasses
import os
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sized
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from stochos import _core, _reading
from stochos._progress import Callback, report
from stochos.errors import InputError, InputTypeError
from stochos.words import _files

if TYPE_CHECKING:
    from stochos.words._tokenizers import Tokenize

_WHERE = "words.count"
_KINDS = (
    "a path, a list of pathlib.Path, a list of lines, a list of token lists, "
    "an iterable of lines or token lists, or an open file"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
#: Characters of lines that go to the core together.
_BATCH = 1 << 18
#: Tokens that go to the core together, so that Ctrl-C is seen between them.
_TOKENS = 1 << 16


def read(
    corpus: _core.Corpus,
    source: object,
    tokenize: Tokenize | None,
    errors: str,
    threads: int,
    callback: Callback | None,
) -> None:
    """Read `source` to its end, once; plain files on several threads.

    Raises
    ------
    InputError, InputTypeError, FileError, FileFormatError, StoppedError
        As `words.count` says.
    """
    reader = _Reader(corpus, tokenize, errors == "replace", threads, callback)
    paths = paths_of(source)
    if paths is not None:
        reader.files(paths)
    elif hasattr(source, "read"):
        reader.stream(source)
    else:
        reader.items(iterable(source))


@dataclasses.dataclass(frozen=True)
class Piece:
    """A part of a source that ends at a line's end, as another process gets it."""

    what: list[Any] | str  # items (lines or token lists), or the absolute path of a regular file
    begin: int  # number of the first item, or byte
    end: int  # behind the last
    name: str = ""  # of the file, for errors

    @property
    def size(self) -> int:
        """Items, or bytes."""
        return self.end - self.begin


def read_pieces(
    corpus: _core.Corpus,
    pieces: Iterable[Piece],
    tokenize: Tokenize | None,
    errors: str,
    threads: int,
    callback: Callback | None,
) -> None:
    """Read parts of a source, as `read` reads the whole; an error's place in a file counts from the part's first byte.

    Raises
    ------
    InputError, InputTypeError, FileError, FileFormatError, StoppedError
        As `words.count` says.
    """
    reader = _Reader(corpus, tokenize, errors == "replace", threads, callback)
    for piece in pieces:
        if isinstance(piece.what, str):
            reader.range(piece)
        else:
            reader.items(piece.what, piece.begin)


def paths_of(source: object) -> list[Path] | None:
    """Return the files that a source names; None when it is no path and no list of paths."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        msg = f"[{_WHERE}] source is {type(source).__name__}; decode it and pass [text], or pass io.BytesIO(source)"
        raise InputTypeError(msg)
    if isinstance(source, (str, os.PathLike)):
        return _files.find(_WHERE, source if isinstance(source, str) else Path(source))
    if isinstance(source, (list, tuple)) and source and all(isinstance(item, os.PathLike) for item in source):
        return [path for item in source for path in _files.find(_WHERE, Path(item))]
    return None


def iterable(source: object) -> Iterable[Any]:
    """Return a source of items; refuse what is none."""
    if isinstance(source, Mapping) or not isinstance(source, Iterable) or getattr(source, "shape", None) == ():
        msg = f"[{_WHERE}] source is {reprlib.repr(source)} of type {type(source).__name__}; give {_KINDS}"
        raise InputTypeError(msg)
    return source


def unit_of(source: object) -> str:
    """Return what progress counts while this source is read."""
    if isinstance(source, (str, os.PathLike)) or hasattr(source, "read"):
        return "B"
    first = source[0] if isinstance(source, (list, tuple)) and source else None
    return "B" if isinstance(first, os.PathLike) else "items"


class _Reader:
    def __init__(
        self, corpus: _core.Corpus, tokenize: Tokenize | None, replace: bool, threads: int, callback: Callback | None
    ) -> None:
        self._corpus = corpus
        self._tokenize = tokenize
        self._replace = replace
        self._threads = threads
        self._callback = callback

    # --- text -------------------------------------------------------------------------------------------------------
    def _encode(self, text: str, line: int, name: str) -> bytes:
        """Return UTF-8; `line` (from 1) is that of the beginning of `text`."""
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            if self._replace:
                return _SURROGATE.sub("\ufffd", text).encode()
            line += text.count("\n", 0, error.start)
            self._refuse_surrogate(text[error.start], f"{name}, line {line}")

    def _refuse_surrogate(self, character: str, place: str) -> NoReturn:
        msg = (
            f"[{_WHERE}] {place}, holds the lone surrogate U+{ord(character):04X}, which is no character; "
            "give errors='replace', or decode the text with the encoding that it has"
        )
        raise InputError(msg)

    def _tokens(self, tokens: Iterable[Any], place: int | str) -> None:
        """Add one line of tokens that are taken as they are; `place` is the number of the item, or words for it."""
        whole = tokens if isinstance(tokens, list) else list(tokens)
        for start in range(0, len(whole), _TOKENS):
            part = whole if len(whole) <= _TOKENS else whole[start : start + _TOKENS]
            bad = self._corpus.add_tokens(part)
            if bad >= 0 and self._replace:
                part = [_SURROGATE.sub("\ufffd", token) if isinstance(token, str) else token for token in part]
                bad = self._corpus.add_tokens(part)
            if bad >= 0:
                name = f"item {place} of the source" if isinstance(place, int) else place
                self._refuse_token(part[bad], f"token {start + bad} of {name}")
        self._corpus.end_line()

    def _refuse_token(self, token: object, place: str) -> NoReturn:
        if not isinstance(token, str):
            msg = f"[{_WHERE}] {place} is {reprlib.repr(token)} of type {type(token).__name__}; tokens are str"
            raise InputTypeError(msg)
        if not token:
            msg = f"[{_WHERE}] {place} is an empty str; leave such tokens out, as text.split() does"
            raise InputError(msg)
        found = _SURROGATE.search(token)
        self._refuse_surrogate(found[0] if found else token[0], f"{place}, {reprlib.repr(token)}")

    def _cut(self, line: str, name: str) -> None:
        """Add one line by the callable."""
        assert self._tokenize is not None
        tokens = self._tokenize(line.removesuffix("\r"))
        if not isinstance(tokens, (list, tuple)) and not _is_token_list(tokens):
            msg = (
                f"[{_WHERE}] the tokenizer made {reprlib.repr(tokens)} of type {type(tokens).__name__} of {name}; "
                "it must return a list of str"
            )
            raise InputTypeError(msg)
        self._tokens(tokens, f"what the tokenizer made of {name}")

    # --- lines and token lists ----------------------------------------------------------------------------------------
    def items(self, source: Iterable[Any], start: int = 0) -> None:
        """Read an iterable of lines, of token lists or of paths; its first item, number `start`, says which."""
        total = len(source) if isinstance(source, Sized) else 0
        iterator = iter(source)
        try:
            first = next(iterator)
        except StopIteration:
            return
        everything = chain([first], iterator)
        if isinstance(first, str):
            self._lines(everything, total, start)
        elif isinstance(first, os.PathLike):
            for index, item in enumerate(everything, start):
                if not isinstance(item, os.PathLike):
                    self._refuse_item(item, index, "a path")
                self.files(_files.find(_WHERE, Path(item)))
        else:
            for index, item in enumerate(everything, start):
                if not isinstance(item, (list, tuple)) and not _is_token_list(item):
                    self._refuse_item(item, index, "a token list" if index else "")
                self._tokens(item, index)
                if index % 1024 == 1023:
                    report(self._callback, index + 1, total)

    def _refuse_item(self, item: object, index: int, kind: str) -> NoReturn:
        wanted = f"the items before are each {kind}, so give the same kind" if kind else f"give {_KINDS}"
        msg = f"[{_WHERE}] item {index} of the source is {reprlib.repr(item)} of type {type(item).__name__}; {wanted}"
        raise InputTypeError(msg)

    def _lines(self, lines: Iterable[Any], total: int, start: int) -> None:
        self._corpus.start_source("the source", skip_mark=False)
        batch: list[str] = []
        first, size = start, 0
        for index, line in enumerate(lines, start):
            if not isinstance(line, str):
                self._refuse_item(line, index, "a line of text")
            batch.append(line)
            size += len(line) + 1
            if size >= _BATCH:
                self._add_lines(batch, first)
                first, size = index + 1, 0
                batch.clear()
                report(self._callback, first, total)
        self._add_lines(batch, first)
        self._corpus.end_source()

    def _add_lines(self, batch: list[str], first: int) -> None:
        if self._tokenize is not None:
            for index, item in enumerate(batch, first):
                for line in item.split("\n"):
                    self._cut(line, f"line {index + 1} of the source")
            return
        text = "\n".join(batch) + "\n"
        try:
            block = text.encode()
        except UnicodeEncodeError:
            for index, item in enumerate(batch, first):
                found = _SURROGATE.search(item)
                if found and not self._replace:
                    self._refuse_surrogate(found[0], f"line {index + 1} of the source")
            block = _SURROGATE.sub("\ufffd", text).encode()
        self._corpus.add_bytes(block)

    # --- files --------------------------------------------------------------------------------------------------------
    def files(self, paths: list[Path]) -> None:
        """Read files one after another; progress is in bytes of the files themselves."""
        sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
        total, before = sum(sizes), 0
        for path, size in zip(paths, sizes, strict=True):
            name = _reading.shown(path)
            # A pipe or device is read in Python, where a signal interrupts the wait for more.
            if self._tokenize is None and path.is_file() and not _files.is_compressed(path):
                self._corpus.add_file(
                    os.fsencode(path), name, total, self._threads, progress=self._shifted(before, total)
                )
            else:
                self._blocks(self._watched(path, before, total), name)
            before += size

    def range(self, piece: Piece) -> None:
        """Read a part of a regular file."""
        path = Path(cast("str", piece.what))
        name = f"{piece.name} from byte {piece.begin} on" if piece.begin else piece.name
        self._blocks(self._watched(path, 0, piece.size, piece.begin, piece.end), name, skip_mark=piece.begin == 0)

    def _shifted(self, before: int, total: int) -> Callback | None:
        callback = self._callback
        return None if callback is None else lambda done, _: callback(before + done, total)

    def _watched(self, path: Path, before: int, total: int, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
        for block, done in _files.blocks(_WHERE, path, begin, end):
            yield block
            report(self._callback, before + done, total)

    def stream(self, file: Any) -> None:
        """Read an open file, text or binary, from where it stands."""
        name = getattr(file, "name", None)
        self._blocks(self._stream_blocks(file), str(name) if isinstance(name, (str, os.PathLike)) else "the open file")

    def _stream_blocks(self, file: Any) -> Iterator[str | bytes]:
        done = 0
        while True:
            try:
                block = file.read(_files.BLOCK)
            except UnicodeDecodeError as error:
                msg = (
                    f"[{_WHERE}] the open file cannot be decoded ({error}); open it in binary mode ('rb'), "
                    "so that errors= decides and the message names the line"
                )
                raise InputError(msg) from error
            if not isinstance(block, (str, bytes, bytearray)):
                msg = f"[{_WHERE}] read() of the open file gave {type(block).__name__}; it must give str or bytes"
                raise InputTypeError(msg)
            if not block:
                return
            yield bytes(block) if isinstance(block, bytearray) else block
            done += len(block)
            report(self._callback, done, 0)

    def _blocks(self, blocks: Iterator[str | bytes] | Iterator[bytes], name: str, *, skip_mark: bool = True) -> None:
        self._corpus.start_source(name, skip_mark)
        if self._tokenize is not None:
            self._cut_blocks(blocks, name, skip_mark)
            return
        line = 1
        for block in blocks:
            if isinstance(block, str):
                self._corpus.add_bytes(self._encode(block, line, name))
                line += block.count("\n")
            else:
                self._corpus.add_bytes(block)
        self._corpus.end_source()

    def _cut_blocks(self, blocks: Iterable[str | bytes], name: str, skip_mark: bool) -> None:
        offset = 0
        for number, line in enumerate(_split(blocks), 1):
            text = line if isinstance(line, str) else self._decode(line, number, offset, name)
            offset += len(line) + 1
            if number == 1 and skip_mark:
                text = text.removeprefix("\ufeff")
            self._cut(text, f"line {number} of {name}")

    def _decode(self, line: bytes, number: int, offset: int, name: str) -> str:
        try:
            return line.decode(errors="replace" if self._replace else "strict")
        except UnicodeDecodeError as error:
            msg = (
                f"[{_WHERE}] byte 0x{line[error.start]:02x} in {name}, line {number}, byte offset "
                f"{offset + error.start}, is not UTF-8 ({error.reason}); give errors='replace', or convert the text "
                "to UTF-8 first"
            )
            raise InputError(msg) from None


def _is_token_list(item: object) -> bool:
    """Whether this is an iterable of tokens whose order means something."""
    return isinstance(item, Iterable) and not isinstance(item, (str, bytes, os.PathLike, Mapping, AbstractSet))


def _split(blocks: Iterable[str | bytes]) -> Iterator[str | bytes]:
    r"""Cut at ``\n`` only, without the ends; a line may go on over any number of blocks."""
    parts: list[Any] = []
    for block in blocks:
        pieces: list[Any] = block.split("\n") if isinstance(block, str) else block.split(b"\n")
        parts.append(pieces[0])
        if len(pieces) > 1:
            yield pieces[0][:0].join(parts)
            yield from pieces[1:-1]
            parts = [pieces[-1]]
    if parts and any(parts):
        yield parts[0][:0].join(parts)
