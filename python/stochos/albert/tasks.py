"""Tasks on top of a model: classes of texts, tags of words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from stochos import _checks
from stochos.albert import _training, files
from stochos.albert._batches import TextData
from stochos.albert._encoded import Encoding, arrays
from stochos.albert.model import Albert
from stochos.albert.tokenizer import Tokenizer
from stochos.errors import InputError, InputTypeError
from stochos.nn import losses, training

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Classifier", "Tagger", "Task"]


class Task:
    """What the tasks share: a model with a head, a tokenizer, training.

    Attributes
    ----------
    model : Albert
    tokenizer : Tokenizer
    labels : list
        Names of the classes.
    """

    head = ""
    _aligned = False

    def __init__(
        self,
        model: Albert,
        classes: int | Sequence[Any] | None,
        tokenizer: Tokenizer | None,
        max_length: int | None,
        seed: int | np.random.Generator | np.random.SeedSequence,
        new_pooler: bool = False,
    ) -> None:
        where = self._where("")
        _checks.instance(where, "model", model, Albert, "give one from albert.load, albert.new or albert.pretrain")
        found = tokenizer if tokenizer is not None else model.tokenizer
        if found is None:
            msg = f"[{where}] the model has no tokenizer; give tokenizer=albert.Tokenizer.from_file(...)"
            raise InputError(msg)
        self.tokenizer: Tokenizer = found
        longest = model.config.max_position_embeddings
        self.max_length = longest if max_length is None else _checks.whole(where, "max_length", max_length, 4, longest)
        if classes is None:
            if model.head_kind != self.head:
                msg = f"[{where}] the model has the head {model.head_kind!r}; say how many classes a fresh one has"
                raise InputError(msg)
            self.model = model
        elif isinstance(classes, (int, np.integer)):
            self.model = model.with_head(self.head, classes=int(classes), seed=seed, new_pooler=new_pooler)
        else:
            names = [str(one) for one in classes]
            self.model = model.with_head(self.head, labels=names, seed=seed, new_pooler=new_pooler)
        self.model.tokenizer = self.tokenizer
        self.labels: list[Any] = self._label_names(classes)
        self._trained = _training.AlbertScores(self.model)
        self._run = _training.Runner(self.model, self._trained)

    def _label_names(self, classes: Any) -> list[Any]:
        if isinstance(classes, (list, tuple)):
            return list(classes)
        count = self.model.config.num_labels
        names = self.model.config.other.get("id2label") or {}
        said = [str(names.get(str(n), names.get(n, f"LABEL_{n}"))) for n in range(count)]
        plain = all(name == f"LABEL_{n}" for n, name in enumerate(said))
        return list(range(count)) if plain else said

    @classmethod
    def _where(cls, verb: str) -> str:
        return f"albert.{cls.__name__}" + (f".{verb}" if verb else "")

    @classmethod
    def load(cls, folder: str | os.PathLike[str], **options: Any) -> Self:
        """Read what `save` wrote, or a folder of transformers for the same task.

        Parameters
        ----------
        folder : str or path-like
        **options
            ``max_length`` and ``tokenizer``.
        """
        return cls(files.load(folder), None, **options)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write model, labels and tokenizer to a folder that transformers opens."""
        files.save(self.model, folder)

    def _numbers(self, labels: Iterable[Any], where: str) -> NDArray[np.int64]:
        known = {label: number for number, label in enumerate(self.labels)}
        found = []
        for label in labels:
            key = label.item() if isinstance(label, np.generic) else label
            if key not in known:
                msg = f"[{where}] {key!r} is none of the labels {', '.join(map(repr, self.labels[:20]))}"
                raise InputError(msg)
            found.append(known[key])
        return np.array(found, np.int64)

    def _examples(self, texts: Any, targets: Any, where: str) -> TextData:
        """Return texts and targets as data; override it."""
        msg = f"[{where}] the task makes no examples of {type(texts).__name__} and {type(targets).__name__}"
        raise InputTypeError(msg)

    def _loss(self, scores: Any, target: Any, **more: Any) -> Any:
        return losses.cross_entropy(scores, target, **more)

    def fit(self, texts: Any, targets: Any, *, validation: Any = None, bucket: bool = True, **options: Any) -> Any:
        """Train model and head.

        Parameters
        ----------
        texts, targets
            As the task says.
        validation : float or tuple, optional
            Share of the texts, the last ones, or (texts, targets): measured after each epoch.
        bucket : bool
            Batches of texts of about the same length, which need less padding.
        **options
            ``epochs`` (3), ``batch_size`` (32), ``learning_rate`` (3e-5), ``warmup`` (0.1, share of the updates),
            ``decay`` ("linear", "cosine", "none"), ``layer_decay`` (1.0: factor of the rate from each layer to the one
            below), ``weight_decay`` (0.01), ``clip_norm`` (1.0), ``freeze`` ("embeddings", "encoder", numbers of
            layers), ``optimizer`` (in place of all these), and those of `nn.fit`: ``accumulate``, ``metrics``,
            ``callbacks``, ``checkpoint``, ``resume``, ``seed``, ``progress``.

        Returns
        -------
        History
        """
        where = self._where("fit")
        data = self._examples(texts, targets, where)
        data.bucket = bool(bucket)
        held = validation
        if isinstance(validation, (tuple, list)):
            if len(validation) != 2:
                msg = f"[{where}] validation has {len(validation)} parts; give (texts, targets) or a share"
                raise InputError(msg)
            held = self._examples(validation[0], validation[1], where)
        options = {"metrics": ["accuracy"], **options} if self.head != "span" else options
        return _training.fit(self.model, self._trained, data, held, self._loss, where, **options)

    def evaluate(self, texts: Any, targets: Any, *, batch_size: int = 64) -> dict[str, float]:
        """Return loss, and accuracy where the task has classes.

        Parameters
        ----------
        texts, targets
            As for `fit`.
        batch_size : int
        """
        data = self._examples(texts, targets, self._where("evaluate"))
        metrics = () if self.head == "span" else ("accuracy",)
        return training.evaluate(self._trained, data, loss=self._loss, metrics=metrics, batch_size=batch_size)

    def _scores(self, data: TextData, batch_size: int) -> list[Any]:
        """Return the scores of each text, as arrays."""
        batch_size = _checks.whole(self._where("predict"), "batch_size", batch_size, 1)
        found: list[Any] = [None] * data.count
        for index, result in self._run(data, batch_size):
            arrays = [part.numpy() for part in (result if isinstance(result, tuple) else (result,))]
            for row, example in enumerate(index):
                found[example] = [array[row] for array in arrays]
        return found


class Classifier(Task):
    """Classes of texts, or of pairs of texts.

    Parameters
    ----------
    model : Albert
        Its encoder is trained, not a copy of it.
    classes : int or sequence, optional
        How many, or their names; None: the model has a trained head for it.
    tokenizer : Tokenizer, optional
        Default: that of the model.
    max_length : int, optional
        Longer texts are cut; default: what the model allows.
    seed : int, numpy.random.Generator or numpy.random.SeedSequence
        Of the fresh head.
    new_pooler : bool
        Make a fresh pooler where the model has none.

    Examples
    --------
    >>> task = albert.Classifier(albert.load(folder).unshare(), classes=["bad", "good"])  # doctest: +SKIP
    >>> task.fit(texts, labels, epochs=3, validation=(other_texts, other_labels))  # doctest: +SKIP
    >>> task.predict(["what a film", ("first text", "second text")][:1])  # doctest: +SKIP
    """

    head = "classifier"

    def __init__(
        self,
        model: Albert,
        classes: int | Sequence[Any] | None = 2,
        *,
        tokenizer: Tokenizer | None = None,
        max_length: int | None = None,
        seed: int | np.random.Generator | np.random.SeedSequence = 0,
        new_pooler: bool = False,
    ) -> None:
        super().__init__(model, classes, tokenizer, max_length, seed, new_pooler)

    def _examples(self, texts: Any, targets: Any, where: str) -> TextData:
        found = self.tokenizer(texts, max_length=self.max_length)
        numbers = None if targets is None else self._numbers(targets, where)
        return TextData(found.inputs, numbers, where=where)

    def probabilities(self, texts: Any, *, batch_size: int = 64) -> NDArray[np.float64]:
        """Return the probability of each class, shape (N, classes).

        Parameters
        ----------
        texts : sequence of str or of (str, str)
        batch_size : int
        """
        data = self._examples(texts, None, self._where("probabilities"))
        scores = np.array([row[0] for row in self._scores(data, batch_size)], np.float64)
        scores = np.exp(scores.reshape(-1, len(self.labels)) - scores.max(axis=-1, keepdims=True, initial=-np.inf))
        return np.asarray(scores / scores.sum(axis=-1, keepdims=True))

    def predict(self, texts: Any, *, batch_size: int = 64) -> list[Any]:
        """Return the likeliest label of each text; the arguments are those of `probabilities`."""
        return [self.labels[n] for n in self.probabilities(texts, batch_size=batch_size).argmax(axis=-1)]


class Tagger(Task):
    """Tags of the words of texts that are given as lists of words.

    A word's tag stands at its first token; the other tokens of it do not count.

    Parameters
    ----------
    model, classes, tokenizer, max_length, seed
        See `Classifier`. Words after the cut get the tag of class 0.
    """

    head = "tagger"

    def __init__(
        self,
        model: Albert,
        classes: int | Sequence[Any] | None = 2,
        *,
        tokenizer: Tokenizer | None = None,
        max_length: int | None = None,
        seed: int | np.random.Generator | np.random.SeedSequence = 0,
    ) -> None:
        super().__init__(model, classes, tokenizer, max_length, seed)

    def _words(self, texts: Sequence[Sequence[str]], where: str) -> tuple[Encoding, list[list[int]]]:
        """Return the encoded texts, and for each the places of the first tokens of its words."""
        for text in texts:
            if isinstance(text, str):
                msg = f"[{where}] {text!r} is one string; give each text as a list of words"
                raise InputTypeError(msg)
        tokenizer = self.tokenizer
        flat = tokenizer.ids([word for text in texts for word in text])
        pieces = iter([piece or [tokenizer.unk_id] for piece in flat])
        rows, places = [], []
        for text in texts:
            row, starts = [tokenizer.cls_id], []
            for _ in text:
                starts.append(len(row))
                row += next(pieces)
            rows.append([*row[: self.max_length - 1], tokenizer.sep_id])
            places.append([place for place in starts if place < self.max_length - 1])
        longest = max(map(len, rows), default=0)
        return arrays(rows, list(map(len, rows)), None, longest, tokenizer.pad_id), places

    def _examples(self, texts: Any, targets: Any, where: str) -> TextData:
        found, places = self._words(texts, where)
        if targets is None:
            return TextData(found.inputs, where=where)
        tags = np.full(found.input_ids.shape, -100, np.int64)
        for number, (text, labels) in enumerate(zip(texts, targets, strict=True)):
            if len(text) != len(labels):
                msg = f"[{where}] text {number} has {len(text)} words and {len(labels)} tags"
                raise InputError(msg)
            tags[number, places[number]] = self._numbers(labels, where)[: len(places[number])]
        return TextData(found.inputs, tags, aligned=True, where=where)

    def predict(self, texts: Sequence[Sequence[str]], *, batch_size: int = 64) -> list[list[Any]]:
        """Return the likeliest tag of each word.

        Parameters
        ----------
        texts : sequence of sequences of str
        batch_size : int
        """
        found, places = self._words(texts, self._where("predict"))
        scores = self._scores(TextData(found.inputs), batch_size)
        tags = [[self.labels[n] for n in row[0][at].argmax(axis=-1)] for row, at in zip(scores, places, strict=True)]
        return [row + [self.labels[0]] * (len(text) - len(row)) for row, text in zip(tags, texts, strict=True)]
