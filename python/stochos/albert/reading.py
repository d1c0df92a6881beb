"""Answers to questions, as stretches of texts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from stochos import _checks
from stochos.albert import files
from stochos.albert._batches import TextData
from stochos.albert.tasks import Task
from stochos.errors import InputError
from stochos.nn import losses

if TYPE_CHECKING:
    from stochos.albert.model import Albert
    from stochos.albert.tokenizer import Encoding, Tokenizer

__all__ = ["Answer", "Reader"]


class Answer(NamedTuple):
    """An answer in a text.

    Attributes
    ----------
    text : str
    begin, end : int
        Place in the text, in characters.
    score : float
        Sum of the scores of begin and end, less those of "no answer"; above 0 an answer is likelier.
    """

    text: str
    begin: int
    end: int
    score: float


class Reader(Task):
    """Answers to questions, as parts of texts: the model scores each token as begin and as end.

    Parameters
    ----------
    model, tokenizer, max_length, seed
        See `Classifier`. Texts too long lose their end; an answer there counts as none, which is begin and end at
        [CLS]. Give a model that has been trained for it as it is.
    """

    head = "span"

    def __init__(
        self,
        model: Albert,
        *,
        tokenizer: Tokenizer | None = None,
        max_length: int | None = None,
        seed: int | np.random.Generator | np.random.SeedSequence = 0,
    ) -> None:
        super().__init__(model, None if model.head_kind == "span" else 2, tokenizer, max_length, seed)

    @classmethod
    def load(cls, folder: str | os.PathLike[str], **options: Any) -> Self:
        """Read what `save` wrote, or a folder of transformers for the same task."""
        return cls(files.load(folder), **options)

    def _encode(self, pairs: Any) -> Encoding:
        return self.tokenizer(
            [tuple(pair) for pair in pairs], max_length=self.max_length, truncation="only_second", offsets=True
        )

    def _examples(self, texts: Any, targets: Any, where: str) -> TextData:
        """Return (question, text) pairs and (begin, end) of the answers, in characters; None: there is none."""
        found = self._encode(texts)
        if targets is None:
            return TextData(found.inputs, where=where)
        spans = np.zeros((len(found), 2), np.int64)
        assert found.offsets is not None
        for number, target in enumerate(targets):
            if target is None:
                continue
            begin, end = target
            if not 0 <= begin < end <= len(texts[number][1]):
                msg = f"[{where}] answer {number} is at {begin} to {end}, outside of a text of {len(texts[number][1])}"
                raise InputError(msg)
            inside = (found.token_type_ids[number] == 1) & (found.offsets[number, :, 1] > found.offsets[number, :, 0])
            first = np.flatnonzero(inside & (found.offsets[number, :, 1] > begin))
            last = np.flatnonzero(inside & (found.offsets[number, :, 0] < end))
            if len(first) and len(last) and found.offsets[number, last[-1], 1] >= end:
                spans[number] = first[0], last[-1]
        return TextData(found.inputs, spans, where=where)

    def _loss(self, scores: Any, target: Any, **more: Any) -> Any:
        ends = [losses.cross_entropy(one, target[:, n], **more) for n, one in enumerate(scores)]
        return (ends[0] + ends[1]) * 0.5

    def predict(self, pairs: Sequence[tuple[str, str]], *, longest: int = 30, batch_size: int = 64) -> list[Answer]:
        """Return the likeliest answer in each text.

        Parameters
        ----------
        pairs : sequence of (question, text)
        longest : int
            Tokens of an answer.
        batch_size : int
        """
        longest = _checks.whole(self._where("predict"), "longest", longest, 1)
        found = self._encode(pairs)
        assert found.offsets is not None
        answers = []
        for number, (begins, ends) in enumerate(self._scores(TextData(found.inputs), batch_size)):
            spans = found.offsets[number, : len(begins)]
            inside = np.flatnonzero((found.token_type_ids[number, : len(begins)] == 1) & (spans[:, 1] > spans[:, 0]))
            if not len(inside):
                answers.append(Answer("", 0, 0, -np.inf))
                continue
            total = begins[inside][:, None] + ends[inside][None, :]
            ahead = inside[None, :] - inside[:, None]
            total = np.where((ahead >= 0) & (ahead < longest), total, -np.inf)
            one, two = np.unravel_index(int(total.argmax()), total.shape)
            begin, end = int(spans[inside[one], 0]), int(spans[inside[two], 1])
            score = float(total[one, two] - begins[0] - ends[0])
            answers.append(Answer(pairs[number][1][begin:end], begin, end, score))
        return answers
