"""Tokenizers: ids, places in the text, pairs, cuts and padding; the laws need no reference program."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stochos import albert, datasets
from stochos.albert._encoded import cut
from stochos.errors import FileError, FileFormatError, InputError, InputTypeError, UnknownNameError

LINES = ["The year 1999, and 2,000 more words.", "``Quoted'' naïve café words", "我喜欢这部电影", "one two three"] * 30


@pytest.fixture(scope="module", params=["wordpiece", "sentencepiece"])
def tokenizer(request):
    pytest.importorskip("tokenizers")
    pytest.importorskip("sentencepiece")
    return albert.Tokenizer.train(LINES, 140, kind=request.param)


def plain(text: str) -> str:
    """The text without accents, cases and blanks, as both tokenizers compare it."""
    forms = unicodedata.normalize("NFKD", text)
    return "".join(c for c in forms if not unicodedata.combining(c) and not c.isspace()).lower()


def test_offsets_lead_back_to_the_text(tokenizer):
    text = "  The naïve  café, 1999 words 我喜欢 three"
    found = tokenizer(text, offsets=True)
    spans = found.offsets[0]
    inner = [(int(a), int(b)) for a, b in spans if b > a]
    assert inner == sorted(inner)
    assert plain("".join(text[a:b] for a, b in inner)) == plain(text)
    for number, (a, b) in zip(found.input_ids[0], spans, strict=True):
        token = tokenizer.token(int(number)).removeprefix("##").removeprefix("▁")
        if b > a and token not in ("[UNK]", "<unk>"):
            assert plain(text[a:b]) == plain(token)


def test_masks_in_the_text_are_one_token(tokenizer):
    found = tokenizer("the [MASK] words [MASK].", offsets=True)
    at = np.flatnonzero(found.input_ids[0] == tokenizer.mask_id)
    assert [tuple(found.offsets[0, n]) for n in at] == [(4, 10), (17, 23)]


def test_pairs_have_their_types_and_batches_their_padding(tokenizer):
    found = tokenizer([("one two", "three"), ("one", "words one two three")], pad_to=18)
    assert found.input_ids.shape == (2, 18)
    for row, mask, types in zip(*found.inputs, strict=True):
        length = int(mask.sum())
        ends = np.flatnonzero(row == tokenizer.sep_id)
        assert row[0] == tokenizer.cls_id
        assert len(ends) == 2
        assert ends[1] == length - 1
        assert (row[length:] == tokenizer.pad_id).all()
        assert types.tolist() == [0] * (ends[0] + 1) + [1] * (ends[1] - ends[0]) + [0] * (18 - length)
    same = tokenizer(["one two", "one"], ["three", "words one two three"], pad_to=18)
    np.testing.assert_array_equal(same.input_ids, found.input_ids)


def test_special_ids_stand_where_albert_has_them():
    # <pad>=0 <unk>=1 [CLS]=2 [SEP]=3 [MASK]=4, as in the vocabulary of the published English models.
    made = albert.Tokenizer.train(LINES, 140, kind="sentencepiece")
    assert (made.pad_id, made.unk_id, made.cls_id, made.sep_id, made.mask_id) == (0, 1, 2, 3, 4)


def test_decoding_gives_the_words_back(tokenizer):
    assert tokenizer.decode(tokenizer("one two three words").input_ids[0]) == "one two three words"


def test_numbers_are_cut_before_the_comma():
    # "1999," is the piece "1999" and the piece ",", never one piece: the rule of ALBERT's tokenizer.
    made = albert.Tokenizer.train(["in 1999, in 1999, on"] * 50, 30, kind="sentencepiece")
    found = made.tokens("in 1999, on")
    assert "," in found
    assert not any(len(token) > 1 and token.endswith(",") for token in found)


def test_files_keep_the_tokenizer(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    again = albert.Tokenizer.from_file(tmp_path)
    text = "The naïve 1999, words"
    np.testing.assert_array_equal(again(text).input_ids, tokenizer(text).input_ids)
    assert again.size == tokenizer.size


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_of_lines_are_tokens_of_a_vocabulary(end: str, tmp_path):
    # The rule of BERT's vocab.txt: a token a line, lines ending as in a file; U+2028 and U+0085 are characters of one.
    held = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2028", "\x85", "one", "two"]
    (tmp_path / "vocab.txt").write_bytes("".join(token + end for token in held).encode())
    made = albert.Tokenizer.from_file(tmp_path / "vocab.txt")
    assert made.size == len(held)
    assert [made.token(number) for number in range(made.size)] == held
    assert made.ids(["one two"]) == [[7, 8]]


def test_case_is_kept_where_the_settings_say_so(tmp_path):
    made = albert.Tokenizer.train(LINES, 140, lowercase=False)
    assert made.tokens("The") != made.tokens("the")
    made.save(tmp_path)
    assert albert.Tokenizer.from_file(tmp_path).tokens("The") == made.tokens("The")


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 50))
def test_longest_first_takes_token_by_token_from_the_longer(first: int, second: int, room: int):
    # The definition, one token at a time.
    one, two = first, second
    while one + two > room:
        if one > two:
            one -= 1
        else:
            two -= 1
    assert cut(first, second, room, "longest_first", 0, "") == (one, two)


def test_cuts_that_cannot_be_made_are_refused(tokenizer):
    words = "one two three " * 10
    assert tokenizer(words, max_length=8).input_ids.shape == (1, 8)
    with pytest.raises(InputError, match="tokens too many, and truncation='none'"):
        tokenizer(words, max_length=8, truncation="none")
    with pytest.raises(InputError, match="only_second"):
        tokenizer([(words, "one")], max_length=8, truncation="only_second")
    kept = tokenizer([("one", words)], max_length=12, truncation="only_second")
    assert (kept.token_type_ids == 0).sum() == tokenizer(["one"]).input_ids.shape[1]


@pytest.mark.parametrize("settings", ["{", "[1]", '"x"', "[" * 100_000], ids=["cut", "list", "text", "deep"])
def test_settings_that_are_no_object_are_refused(tokenizer, tmp_path, settings):
    tokenizer.save(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(settings)
    with pytest.raises(InputError, match=r"tokenizer_config.json (is no JSON file|holds a (list|str); it must be)"):
        albert.Tokenizer.from_file(tmp_path)(["one"])


def test_wrong_input_is_told(tokenizer, tmp_path):
    with pytest.raises(InputTypeError, match="3 is of type int"):
        tokenizer(["one", 3])
    with pytest.raises(InputError, match="2 first texts and 1 second"):
        tokenizer(["one", "two"], ["three"])
    with pytest.raises(UnknownNameError, match="nonsense"):
        tokenizer.token_id("nonsense")
    with pytest.raises(FileError, match="has none of"):
        albert.Tokenizer.from_file(tmp_path)
    (tmp_path / "spiece.model").write_bytes(b"no model")
    with pytest.raises(FileFormatError, match="damaged"):
        albert.Tokenizer.from_file(tmp_path)(["one"])
    (tmp_path / "tokenizer.json").write_bytes(b"{")
    with pytest.raises(FileFormatError, match="damaged"):
        albert.Tokenizer.from_file(tmp_path)(["one"])


def test_no_texts_give_empty_arrays(tokenizer):
    assert tokenizer([]).input_ids.shape == (0, 0)


def test_the_same_texts_train_the_same_vocabulary_in_every_process():
    # The library numbers the inner pieces in the order of a hash table, and breaks ties between merges by the numbers.
    script = (
        "from stochos import albert, datasets\nimport hashlib\n"
        "texts = datasets.load_text('bible-asv')[:400] + ['中文 与 文字', 'Ünïcödé strasse']\n"
        "for size in (60, 300, 8000):\n"
        "    made = albert.Tokenizer.train(iter(texts), size)\n"
        "    print(hashlib.sha256(made._content('vocab.txt')).hexdigest())"
    )
    told = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        for _ in range(4)
    }
    assert len(told) == 1


def test_training_cuts_texts_as_short_as_the_library_does():
    tokenizers = pytest.importorskip("tokenizers")
    texts = datasets.load_text("bible-asv")[:400]
    theirs = tokenizers.BertWordPieceTokenizer(lowercase=True)
    for size in (150, 600, 8000):
        theirs.train_from_iterator(texts, vocab_size=size, min_frequency=2, show_progress=False)
        ours = albert.Tokenizer.train(texts, size)
        # Where merges are equally frequent, either may come first: the pieces differ a little.
        wanted = sum(len(one.ids) for one in theirs.encode_batch(texts, add_special_tokens=False))
        assert sum(map(len, ours.ids(texts))) == pytest.approx(wanted, rel=0.01)
