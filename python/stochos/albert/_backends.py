"""The libraries behind `Tokenizer`: `sentencepiece`, and `tokenizers` for WordPiece and for ``tokenizer.json``."""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import repeat
from typing import Any

from stochos import _checks
from stochos.errors import FileFormatError

__all__ = ["make", "train"]

_WHERE = "albert.Tokenizer"
_UNDER = "▁"
_TOGETHER = 1000  # words of a text made up for the library
Encoded = tuple[list[int], list[tuple[int, int]]]
_SPECIAL = re.compile(r"\s*(\[MASK\])|(\[CLS\]|\[SEP\]|<pad>|<unk>)")


def make(kind: str, content: bytes, lowercase: bool, settings: dict[str, Any]) -> Any:
    """Return the backend for a file of a kind.

    Raises
    ------
    FileFormatError
        The file is damaged.
    MissingPartError
        The library is not installed.
    """
    if kind == "spiece.model":
        return Pieces(content, lowercase, keep_accents=bool(settings.get("keep_accents", False)))
    return Words(kind, content, lowercase, settings)


def _wordpiece(texts: Iterator[str], size: int, lowercase: bool, where: str) -> bytes:
    """Train by the library, which numbers the pieces by chance and breaks ties by their numbers: we number them."""
    tokenizers = _checks.optional(where, "tokenizers", "albert")
    made = tokenizers.BertWordPieceTokenizer(lowercase=lowercase)
    words: Counter[str] = Counter()
    for text in texts:
        normal = made.normalizer.normalize_str(text)
        words.update(word for word, _ in made.pre_tokenizer.pre_tokenize_str(normal))
    characters: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            characters[character] += count
    # The rest of the vocabulary, or 200 pieces of it, is for what is longer.
    kept = sorted(characters, key=lambda character: (-characters[character], character))[: max(size - 200, 200)]
    inner = {character for word in words for character in word[1:]}.intersection(kept)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = sorted(kept) + [f"##{character}" for character in sorted(inner)]
    made.train_from_iterator(
        (" ".join(repeat(word, min(count - done, _TOGETHER))) for word, count in sorted(words.items())
         for done in range(0, count, _TOGETHER)),
        vocab_size=size, min_frequency=2, show_progress=False, special_tokens=special + pieces, initial_alphabet=kept,
        limit_alphabet=len(kept),
    )  # fmt: skip
    order = sorted(made.get_vocab().items(), key=lambda pair: pair[1])
    return "".join(f"{token}\n" for token, _ in order).encode()


def train(texts: Iterator[str], size: int, kind: str, lowercase: bool, where: str) -> bytes:
    """Return the file of a vocabulary made from texts."""
    if kind == "wordpiece":
        return _wordpiece(texts, size, lowercase, where)
    sentencepiece = _checks.optional(where, "sentencepiece", "albert")
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(_normal(text, lowercase, False)[0] for text in texts),
        model_writer=out, vocab_size=size, model_type="unigram", hard_vocab_limit=False, minloglevel=2,
        pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, pad_piece="<pad>", unk_piece="<unk>",
        control_symbols=["[CLS]", "[SEP]", "[MASK]"], num_threads=1,
    )  # fmt: skip
    return out.getvalue()


class Words:
    """WordPiece, and whatever a ``tokenizer.json`` describes."""

    def __init__(self, kind: str, content: bytes, lowercase: bool, settings: dict[str, Any]) -> None:
        tokenizers = _checks.optional(_WHERE, "tokenizers", "albert")
        try:
            if kind == "tokenizer.json":
                self._held = tokenizers.Tokenizer.from_str(content.decode())
                self._held.no_padding()
                self._held.no_truncation()
            else:
                # By "\n" alone: str.splitlines would also cut at the line separators that some vocabularies hold.
                lines = content.decode("utf-8-sig").removesuffix("\n").split("\n")
                vocabulary = {line.removesuffix("\r"): number for number, line in enumerate(lines)}
                self._held = tokenizers.BertWordPieceTokenizer(
                    vocabulary, lowercase=lowercase, strip_accents=settings.get("strip_accents"),
                    handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
                )._tokenizer  # fmt: skip
        except Exception as error:  # the library raises the base class
            msg = f"[{_WHERE}] {kind} is damaged: {error}"
            raise FileFormatError(msg) from error
        self.size: int = self._held.get_vocab_size()

    def token_id(self, token: str) -> int | None:
        """Return the id of a token, if there is one."""
        found: int | None = self._held.token_to_id(token)
        return found

    def token(self, number: int) -> str:
        """Return the token of an id."""
        return str(self._held.id_to_token(number))

    def encode(self, texts: list[str], offsets: bool) -> list[Encoded]:
        """Return ids and places of the tokens of each text."""
        # The quick one, of `tokenizers` from 0.20 on, keeps no offsets.
        quick = None if offsets else getattr(self._held, "encode_batch_fast", None)
        found = (quick or self._held.encode_batch)(texts, add_special_tokens=False)
        return [(one.ids, one.offsets if offsets else []) for one in found]

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids."""
        return str(self._held.decode(ids, skip_special_tokens=False))


class Pieces:
    """SentencePiece, with what the tokenizer of ALBERT does before it."""

    def __init__(self, content: bytes, lowercase: bool, *, keep_accents: bool) -> None:
        sentencepiece = _checks.optional(_WHERE, "sentencepiece", "albert")
        self._lowercase, self._keep_accents = lowercase, keep_accents
        self._held = sentencepiece.SentencePieceProcessor()
        try:
            self._held.LoadFromSerializedProto(content)
        except Exception as error:
            msg = f"[{_WHERE}] spiece.model is damaged: {error}"
            raise FileFormatError(msg) from error
        self.size = int(self._held.get_piece_size())
        pieces = [self._held.id_to_piece(n) for n in range(self.size)]
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        # "1999," is cut into number and comma; the library would keep some of these in one piece.
        self._numbers = {
            n for n, piece in enumerate(pieces) if len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()
        }

    def token_id(self, token: str) -> int | None:
        """Return the id of a token, if there is one."""
        return self._ids.get(token)

    def token(self, number: int) -> str:
        """Return the token of an id."""
        return str(self._held.id_to_piece(number))

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids."""
        return str(self._held.decode(ids))

    def encode(self, texts: list[str], offsets: bool) -> list[Encoded]:
        """Return ids and places of the tokens of each text."""
        if not offsets and not any("[" in text or "<" in text for text in texts):
            plain = [_normal(text, self._lowercase, self._keep_accents)[0] for text in texts]
            found = self._held.encode(plain)
            return [
                (ids, []) if self._numbers.isdisjoint(ids) else self._exact(text)
                for ids, text in zip(found, texts, strict=True)
            ]
        return [self._exact(text) for text in texts]

    def _exact(self, text: str) -> Encoded:
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        begin = 0
        for found in [*_SPECIAL.finditer(text), None]:
            end = len(text) if found is None else found.start()
            for number, span in self._plain(text[begin:end]):
                ids.append(number)
                spans.append((span[0] + begin, span[1] + begin))
            if found is not None:
                name = found[1] or found[2]
                ids.append(self._ids[name] if name in self._ids else self._held.unk_id())
                spans.append((found.end() - len(name), found.end()))
                begin = found.end()
        return ids, spans

    def _plain(self, text: str) -> Iterator[tuple[int, tuple[int, int]]]:
        """Yield id and place of the tokens of a text without special ones."""
        normal, places = _normal(text, self._lowercase, self._keep_accents)
        for number, begin, end in self._pieces(normal):
            if number not in self._numbers:
                yield number, _original(places, normal, begin, end)
                continue
            inside = [piece for piece in self._pieces(normal[begin : end - 1].lstrip()) if piece[1] < piece[2]]
            shift = end - 1 - (inside[-1][2] if inside else 0)
            if inside and not self.token(number).startswith(_UNDER):
                # In the middle of a word: the piece must not bring the blank that the library puts first.
                first = self.token(inside[0][0]).removeprefix(_UNDER)
                inside[0] = self._ids.get(first, self._held.unk_id()), inside[0][1], inside[0][2]
            for piece, low, high in inside:
                yield piece, _original(places, normal, low + shift, high + shift)
            yield self._ids.get(",", self._held.unk_id()), _original(places, normal, end - 1, end)

    def _pieces(self, normal: str) -> list[tuple[int, int, int]]:
        if hasattr(self._held, "EncodeAsOffsetMapping"):  # from 0.2.1 on
            found = self._held.EncodeAsOffsetMapping(normal)
            return [(number, *span) for number, span in zip(found["ids"], found["offsets"], strict=True)]
        found = self._held.encode(normal, out_type="immutable_proto")
        return [(piece.id, piece.begin, piece.end) for piece in found.pieces]


def _original(places: list[int], normal: str, begin: int, end: int) -> tuple[int, int]:
    """Return the place in the text of a place in its normal form, without blanks around it."""
    while begin < end and normal[begin] == " ":
        begin += 1
    if begin >= end:
        return (0, 0) if not places else (places[min(begin, len(places) - 1)],) * 2
    return places[begin], places[end - 1] + 1


def _normal(text: str, lowercase: bool, keep_accents: bool) -> tuple[str, list[int]]:
    """Return the text as ALBERT's tokenizer sees it, and for each character of that its place in the text."""
    out: list[str] = []
    places: list[int] = []
    skip = -1
    for place, character in enumerate(text):
        if place == skip:
            continue
        if character.isspace():
            if out and out[-1] != " ":
                out.append(" ")
                places.append(place)
            continue
        if character in "`'" and text[place + 1 : place + 2] == character:
            character, skip = '"', place + 1  # two quotes become one
        forms = character if keep_accents else unicodedata.normalize("NFKD", character)
        for form in forms:
            if keep_accents or not unicodedata.combining(form):
                for one in form.lower() if lowercase else form:
                    out.append(one)
                    places.append(place)
    if out and out[-1] == " ":
        out.pop()
        places.pop()
    return "".join(out), places
