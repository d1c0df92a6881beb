"""Text to token ids and back: SentencePiece (English ALBERT) and WordPiece (albert_zh, BERT)."""

from __future__ import annotations

import functools
import json
import os
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from stochos import _checks, _writing
from stochos.albert import _backends
from stochos.albert._encoded import Encoding, arrays, cut, sides
from stochos.errors import FileError, InputError, UnknownNameError

if TYPE_CHECKING:
    from stochos.albert.config import Config

__all__ = ["Encoding", "Tokenizer"]

#: Files in which a tokenizer may lie, the first that is there being used, and what travels with them.
FILES = ("tokenizer.json", "spiece.model", "vocab.txt")
SETTINGS = ("tokenizer_config.json", "special_tokens_map.json")
_ROLES = {"pad": ("<pad>", "[PAD]"), "unk": ("<unk>", "[UNK]"), "cls": ("[CLS]",), "sep": ("[SEP]",)}
_TRUNCATIONS = ("longest_first", "only_first", "only_second", "none")

Text = str
Pair = tuple[str, str]


class Tokenizer:
    """From text to ids; made by `from_file`, `train`, or `stochos.albert.load`.

    Parameters
    ----------
    files : dict of str to bytes or str
        Name (one of ``tokenizer.json``, ``spiece.model``, ``vocab.txt``, and the settings beside it) → content, or the
        path of a file that has it.
    lowercase : bool, optional
        Default: as ``tokenizer_config.json`` says, else True.

    Attributes
    ----------
    pad_id, unk_id, cls_id, sep_id, mask_id : int
    size : int
        Tokens of the vocabulary.
    """

    def __init__(self, files: dict[str, bytes | str], *, lowercase: bool | None = None) -> None:
        where = "albert.Tokenizer"
        self._files = dict(files)
        self._kind = next((name for name in FILES if name in files), None)
        if self._kind is None:
            msg = f"[{where}] there is none of {', '.join(FILES)} among {', '.join(files) or 'no files'}"
            raise InputError(msg)
        self._lowercase = lowercase
        self._lock = threading.Lock()

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, lowercase: bool | None = None) -> Tokenizer:
        """Read a tokenizer.

        Parameters
        ----------
        path : str or path-like
            A SentencePiece model (``*.model``), a ``vocab.txt``, a ``tokenizer.json``, or a folder with one of them.
        lowercase : bool, optional
            See `Tokenizer`.

        Raises
        ------
        FileError
            There is none.
        """
        name = os.fsdecode(path)
        if os.path.isdir(name):
            found = {one: os.path.join(name, one) for one in (*FILES, *SETTINGS) if cls._is_file(name, one)}
        elif os.path.isfile(name):
            ending = os.path.splitext(name)[1]
            kind = {".model": "spiece.model", ".txt": "vocab.txt", ".json": "tokenizer.json"}.get(ending)
            found = {} if kind is None else {kind: name}
        else:
            found = {}
        if not any(one in FILES for one in found):
            msg = f"[albert.Tokenizer.from_file] {name!r} is and has none of {', '.join(FILES)}"
            raise FileError(2, msg)
        return cls(dict(found), lowercase=lowercase)

    @staticmethod
    def _is_file(folder: str, name: str) -> bool:
        return os.path.isfile(os.path.join(folder, name))

    @classmethod
    def find(cls, folder: str | os.PathLike[str], config: Config) -> Tokenizer | None:  # noqa: ARG003
        """Return the tokenizer of a model's folder, or None; its library is only loaded when it is used."""
        name = os.fsdecode(folder)
        return cls.from_file(name) if any(cls._is_file(name, one) for one in FILES) else None

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        size: int = 8000,
        *,
        kind: str = "wordpiece",
        lowercase: bool = True,
    ) -> Tokenizer:
        """Make a vocabulary from texts.

        Parameters
        ----------
        texts : iterable of str
        size : int
            Tokens, the special ones included; texts with little in them give fewer.
        kind : {"wordpiece", "sentencepiece"}
            WordPiece takes each Chinese character by itself; SentencePiece is the unigram model of English ALBERT.
        lowercase : bool

        Returns
        -------
        Tokenizer

        Raises
        ------
        MissingPartError
            The library is not installed.
        """
        where = "albert.Tokenizer.train"
        _checks.choice(where, "kind", kind, ("wordpiece", "sentencepiece"))
        size = _checks.whole(where, "size", size, 16)
        settings = json.dumps({"do_lower_case": bool(lowercase), "keep_accents": not lowercase}).encode()
        made = _backends.train(iter(texts), size, kind, bool(lowercase), where)
        name = "vocab.txt" if kind == "wordpiece" else "spiece.model"
        return cls({name: made, "tokenizer_config.json": settings}, lowercase=lowercase)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the tokenizer's files into a folder."""
        for name, content in self._files.items():
            target = os.path.join(folder, name)
            if isinstance(content, str) and os.path.abspath(content) == os.path.abspath(target):
                continue
            _writing.whole(target, self._content(name), "albert.Tokenizer.save")

    def _content(self, name: str) -> bytes:
        held = self._files[name]
        if isinstance(held, bytes):
            return held
        try:
            with open(held, "rb") as file:
                return file.read()
        except OSError as error:
            msg = f"[albert.Tokenizer] cannot read {held!r}: {error.strerror or error}"
            raise FileError(error.errno, msg) from error

    # --- the vocabulary -----------------------------------------------------------------------------------------

    @property
    def _backend(self) -> Any:
        with self._lock:
            return self._made

    @functools.cached_property
    def _made(self) -> Any:
        settings: dict[str, Any] = {}
        if "tokenizer_config.json" in self._files:
            try:
                held: Any = json.loads(self._content("tokenizer_config.json"))
            except (ValueError, RecursionError) as error:
                msg = f"[albert.Tokenizer] tokenizer_config.json is no JSON file: {error}"
                raise InputError(msg) from error
            if not isinstance(held, dict):
                msg = f"[albert.Tokenizer] tokenizer_config.json holds a {type(held).__name__}; it must be an object"
                raise InputError(msg)
            settings = held
        lowercase = bool(settings.get("do_lower_case", True)) if self._lowercase is None else self._lowercase
        assert self._kind is not None
        return _backends.make(self._kind, self._content(self._kind), lowercase, settings)

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""
        return int(self._backend.size)

    def token_id(self, token: str) -> int:
        """Return the id of a token.

        Raises
        ------
        UnknownNameError
            The vocabulary does not have it.
        """
        found = self._backend.token_id(token)
        if found is None:
            msg = f"[albert.Tokenizer.token_id] {token!r} is not among the {self.size} tokens"
            raise UnknownNameError(msg)
        return int(found)

    def token(self, number: int) -> str:
        """Return the token of an id."""
        return str(self._backend.token(_checks.whole("albert.Tokenizer.token", "number", number, 0, self.size - 1)))

    def _special(self, role: str) -> int:
        for name in _ROLES.get(role, ("[MASK]", "<mask>")):
            found = self._backend.token_id(name)
            if found is not None:
                return int(found)
        msg = f"[albert.Tokenizer] the vocabulary has no token for {role!r}"
        raise UnknownNameError(msg)

    @property
    def pad_id(self) -> int:
        """Id of the padding."""
        return self._special("pad")

    @property
    def unk_id(self) -> int:
        """Id of what is not in the vocabulary."""
        return self._special("unk")

    @property
    def cls_id(self) -> int:
        """Id of the begin of a text."""
        return self._special("cls")

    @property
    def sep_id(self) -> int:
        """Id of the end of a text."""
        return self._special("sep")

    @property
    def mask_id(self) -> int:
        """Id of the mask."""
        return self._special("mask")

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids of padding, unknown, begin, end and mask."""
        return frozenset((self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id))

    # --- texts and ids ------------------------------------------------------------------------------------------

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of a text, without [CLS] and [SEP]."""
        return [self.token(number) for number in self.ids([text])[0]]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, without [CLS] and [SEP]."""
        return [ids for ids, _ in self._backend.encode(list(texts), False)]

    def decode(self, ids: Iterable[int], *, skip_special: bool = True) -> str:
        """Return the text of ids.

        Parameters
        ----------
        ids : iterable of int
        skip_special : bool
            Leave out padding, [CLS], [SEP] and [MASK].
        """
        drop = (self.special_ids - {self.unk_id}) if skip_special else frozenset()
        return str(self._backend.decode([int(n) for n in ids if int(n) not in drop]))

    def __call__(
        self,
        texts: Sequence[Text | Pair] | str,
        pairs: Sequence[str] | None = None,
        *,
        max_length: int = 512,
        truncation: str = "longest_first",
        pad_to: int | None = None,
        offsets: bool = False,
    ) -> Encoding:
        """Turn texts, or pairs of texts, into arrays.

        Parameters
        ----------
        texts : str, or sequence of str or of (str, str)
        pairs : sequence of str, optional
            The second texts.
        max_length : int
            Longest result, [CLS] and [SEP] included.
        truncation : {"longest_first", "only_first", "only_second", "none"}
            Which of two texts loses tokens from its end; "none" refuses what is too long.
        pad_to : int, optional
            Length T of the arrays; default: that of the longest text here.
        offsets : bool
            Also tell where in its text each token stands.

        Returns
        -------
        Encoding

        Raises
        ------
        InputError
            A text is too long and must not be cut, or cannot be cut that far.
        InputTypeError
            Something is no text.
        """
        where = "albert.Tokenizer"
        max_length = _checks.whole(where, "max_length", max_length, 4)
        _checks.choice(where, "truncation", truncation, _TRUNCATIONS)
        first, second = sides(texts, pairs, where)
        joined = self._backend.encode([*first, *(second or [])], offsets)
        heads, tails = joined[: len(first)], joined[len(first) :]
        cls, sep = self.cls_id, self.sep_id
        rows: list[list[int]] = []
        types: list[int] = []
        places: list[list[tuple[int, int]]] = []
        for number, (ids, spans) in enumerate(heads):
            other, other_spans = tails[number] if second is not None else ([], [])
            room = max_length - (3 if second is not None else 2)
            one, two = cut(len(ids), len(other), room, truncation, number, where)
            row = [cls, *ids[:one], sep]
            types.append(len(row))
            span = [(0, 0), *spans[:one], (0, 0)] if offsets else []
            if second is not None:
                row += [*other[:two], sep]
                span += [*other_spans[:two], (0, 0)] if offsets else []
            rows.append(row)
            places.append(span)
        longest = max(map(len, rows), default=0)
        length = longest if pad_to is None else _checks.whole(where, "pad_to", pad_to, longest)
        return arrays(rows, types, places if offsets else None, length, self.pad_id)

    def __repr__(self) -> str:
        return f"<albert.Tokenizer of {self._kind}>"
