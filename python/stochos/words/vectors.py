"""Word vectors: one per word, whose inner products approximate PMI, and the questions to ask them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from numpy import float32
from numpy.typing import NDArray

from stochos._progress import Progress
from stochos.errors import FileFormatError
from stochos.words import _queries, _vector_data
from stochos.words._queries import Keywords

if TYPE_CHECKING:
    from stochos.words.evaluation import Evaluation

__all__ = ["Keywords", "Vectors", "load_vectors"]


class Vectors(_vector_data.VectorData):
    """One vector per word; the inner product of two approximates their PMI.

    Parameters
    ----------
    matrix : array of float, shape (V, d)
        Finite numbers; kept as float32. A float32 array in C order is not copied: do not change it afterwards.
    vocabulary : sequence of str, length V
        The words of the rows, each once.
    frequencies : array of int, shape (V,), optional
        How often each word occurred. Without it the order of the vocabulary counts as the order of frequency.
    total_tokens : int, optional
        Tokens of the corpus that are in the vocabulary.
    settings : mapping, optional
        How the vectors were made; JSON values.
    state : mapping of str to ndarray, optional
        What the optimiser needs to go on.

    Raises
    ------
    InputError
        Shapes do not fit, a number is not finite, a word stands twice.
    InputTypeError
        An argument is of the wrong kind.
    """

    def pmi(self, a: str | Iterable[str], b: str | Iterable[str]) -> float:
        """Return the model's PMI of two words, or of two sets of words.

        PMI(A, B) = sum over a in A and b in B of <v_a, v_b>: the additivity that naive Bayes gives the article's
        model (equation 7). A word given twice counts twice.

        Parameters
        ----------
        a, b : str or iterable of str
            A str is one word.

        Returns
        -------
        float
            In nats; 0 when one of them is empty.

        Raises
        ------
        UnknownNameError
            A word is not in the vocabulary.
        """
        where = "words.pmi"
        left, right = (_queries.rows_of(where, self, _queries.word_list(where, n, g)) for n, g in (("a", a), ("b", b)))
        return float(_queries.sum_of(self, left) @ _queries.sum_of(self, right))

    def similar(
        self,
        target: str | Iterable[str] | NDArray[Any],
        k: int = 10,
        metric: Literal["cosine", "dot", "correlation"] = "cosine",
        *,
        top: int | None = None,
        exclude: bool = True,
        context_words: int = 10_000,
        threads: int | None = None,
    ) -> list[tuple[str, float]]:
        """Return the words nearest to a word, to several, or to a vector.

        Parameters
        ----------
        target : str, iterable of str, or array of shape (d,)
            A str is one word; the vectors of several words are added.
        k : int
            How many, 0 or more.
        metric : {"cosine", "dot", "correlation"}
            ``"dot"`` is the PMI itself and favours rare words. ``"correlation"`` is the article's transform: the
            Pearson correlation of two words' PMI with the `context_words` most frequent words. With a zero vector,
            cosine and correlation are 0.
        top : int, optional
            Look only among the `top` most frequent words.
        exclude : bool
            Leave the given words out of the answer.
        context_words : int, 2 or more
            The article takes 10,000 for meaning and 500 for syntax.
        threads : int, optional
            The answer does not depend on it.

        Returns
        -------
        list of (str, float)
            Largest first, equal ones by row.

        Raises
        ------
        UnknownNameError
            A word is not in the vocabulary.
        InputError, InputTypeError
            An argument is out of range or of the wrong kind.

        Notes
        -----
        O(V d). Source of the transform: J. Su, "A new word vector model" (part 6), see the documentation.
        """
        return _queries.similar(self, target, k, metric, top, exclude, context_words, threads)

    def analogy(
        self,
        positive: str | Iterable[str],
        negative: str | Iterable[str] = (),
        k: int = 10,
        method: Literal["add", "multiply"] = "add",
        *,
        top: int | None = None,
        exclude: bool = True,
        threads: int | None = None,
    ) -> list[tuple[str, float]]:
        """Return the words that are to `positive` what is left when `negative` is taken away.

        ``analogy(["king", "woman"], ["man"])`` asks: man is to king as woman is to what?

        Parameters
        ----------
        positive, negative : str or iterable of str
            At least one positive word.
        k, top, exclude, threads
            As in `similar`; by default no given word is an answer.
        method : {"add", "multiply"}
            ``"add"`` (3CosAdd): cosine with the sum of the unit vectors, negative ones subtracted. ``"multiply"``
            (3CosMul): product of (1 + cos)/2 over the positive words, divided by the product of (1 + cos)/2 + 0.001
            over the negative ones. Levy & Goldberg, CoNLL 2014, doi:10.3115/v1/W14-1618.

        Returns
        -------
        list of (str, float)
            Largest first, equal ones by row.

        Raises
        ------
        UnknownNameError
            A word is not in the vocabulary.
        InputError, InputTypeError
            An argument is out of range or of the wrong kind.
        """
        return _queries.analogy(self, positive, negative, k, method, top, exclude, threads)

    def keywords(
        self,
        tokens: str | Iterable[str],
        k: int = 10,
        *,
        candidates: Literal["given", "vocabulary"] = "given",
        threads: int | None = None,
    ) -> Keywords:
        """Return the words with the largest sum of PMI to the given words.

        A word's own occurrences are left out of its sum, since <v, v> belongs to no pair and would favour rare words.

        Parameters
        ----------
        tokens : str or iterable of str
            A str is split at white space. Repetitions count. Unknown words are skipped and reported.
        k : int
            How many, 0 or more.
        candidates : {"given", "vocabulary"}
            Rank the given words, or every word of the vocabulary.
        threads : int, optional
            The answer does not depend on it.

        Returns
        -------
        Keywords
            A list of (str, float), largest first, with ``skipped``, the unknown words. Empty when no word is known.

        Notes
        -----
        O(n d) for n given words, O(V d) over the vocabulary.
        """
        return _queries.keywords(self, tokens, k, candidates, threads)

    def sentence(self, tokens: str | Iterable[str], kind: Literal["sum", "mean"] = "sum") -> NDArray[float32]:
        """Return the sum or the mean of the vectors of a text's words, shape (d,).

        A str is split at white space. Unknown words are skipped; the zero vector when none is known.
        """
        return _queries.single("words.sentence", _queries.sentence("words.sentence", self, tokens, kind))

    def sentence_similarity(
        self, a: str | Iterable[str], b: str | Iterable[str], metric: Literal["cosine", "dot"] = "cosine"
    ) -> float:
        """Return the cosine of two texts' summed vectors, or their inner product, which is PMI(a, b).

        A str is split at white space, unknown words are skipped; 0 when no word of a text is known.
        """
        where = "words.sentence_similarity"
        left, right = (_queries.sentence(where, self, tokens, "sum") for tokens in (a, b))
        return _queries.compare(where, left, right, metric)

    def evaluate(
        self,
        path: str | os.PathLike[str],
        *,
        kind: Literal["similarity", "analogy"] | None = None,
        top: int | None = None,
        lowercase: bool = True,
        metric: Literal["cosine", "dot"] = "cosine",
        method: Literal["add", "multiply"] = "add",
        threads: int | None = None,
        progress: Progress = None,
    ) -> Evaluation:
        """Score the vectors on a file of human similarity judgements or of analogies.

        `stochos.words.evaluation.evaluate` says what the files hold, what the options mean and what is raised.

        Returns
        -------
        Evaluation
            ``score`` is Spearman's rank correlation or the share of right answers; ``used`` and ``total`` tell how many
            pairs or questions it rests on.
        """
        from stochos.words.evaluation import evaluate  # a module of its own: few calls need it

        return evaluate(
            self,
            path,
            kind=kind,
            top=top,
            lowercase=lowercase,
            metric=metric,
            method=method,
            threads=threads,
            progress=progress,
        )

    def to_word2vec(
        self,
        path: str | os.PathLike[str],
        binary: bool = False,
        header: bool = True,
        *,
        allow_spaces: bool = False,
        progress: Progress = None,
    ) -> None:
        """Write the words and vectors in the text or binary format of word2vec.

        See `stochos.words.word2vec.write_word2vec` for the arguments and for the words that are refused.
        """
        from stochos.words.word2vec import write_word2vec

        write_word2vec(self, path, binary, header, allow_spaces=allow_spaces, progress=progress)


def load_vectors(path: str | os.PathLike[str], verify: bool = True) -> Vectors:
    """Read what `Vectors.save` wrote; the matrix stays in the file, which is mapped.

    Parameters
    ----------
    path : str or path-like
        The file.
    verify : bool
        Compare the checksums, which reads the file once. Without it only the sizes are checked.

    Returns
    -------
    Vectors

    Raises
    ------
    FileError
        The file cannot be read.
    FileFormatError
        The file is damaged or holds something else.
    """
    from stochos import _storage

    where = "words.load_vectors"
    meta, arrays = _storage.read(path, _vector_data.KIND, where, verify=verify)
    try:
        words = _storage.unpack_words(arrays["words"], arrays["word_offsets"], where)
        state = {
            name.removeprefix(_vector_data.STATE): a
            for name, a in arrays.items()
            if name.startswith(_vector_data.STATE)
        }
        made = Vectors.__new__(Vectors)
        made._set(
            arrays["matrix"],
            words,
            arrays.get("frequencies"),
            meta["total_tokens"],
            meta["settings"],
            state,
            check_numbers=verify,
        )
    except FileFormatError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        msg = f"[{where}] {os.fspath(path)} does not hold word vectors as this version writes them ({error})"
        raise FileFormatError(msg) from error
    return made
