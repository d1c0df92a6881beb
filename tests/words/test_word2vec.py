"""The word2vec formats: what other readers let through (dropped rows, NaN, duplicates, cut files) is an error here."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from stochos import words
from stochos.errors import FileError, FileFormatError, InputError, InputTypeError, StoppedError
from stochos.words import from_word2vec


@pytest.fixture
def load(tmp_path):
    def load(content, **options):
        path = tmp_path / "vectors.any"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return from_word2vec(path, **options)

    return load


def binary_of(rows, header=None, newline=b"\n"):
    dim = len(next(iter(rows.values())))
    out = header or f"{len(rows)} {dim}\n".encode()
    for word, numbers in rows.items():
        out += word.encode() + b" " + struct.pack(f"<{dim}f", *numbers) + newline
    return out


ROWS = {"a": (1.0, -2.5), "bé": (0.25, 4.0)}
PLAIN = "2 2\na 1 -2.5\nbé 0.25 4\n"


def is_rows(v):
    assert v.vocabulary == list(ROWS)
    np.testing.assert_array_equal(v.matrix, np.array(list(ROWS.values()), np.float32))
    assert v.frequencies is None
    return True


# --- text that loads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN + "\n \n\t\r\n",
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", " \n"),
        PLAIN.replace("\n", " \t \r\n"),
        "\ufeff" + PLAIN,
        "\ufeff" + PLAIN.removeprefix("2 2\n"),
        PLAIN.removeprefix("2 2\n"),
        PLAIN.replace("2 2\n", "2\t2\n"),
        "2 2\na 1e0 -25e-1\nbé +.25 4.\n",
        "2 2\na 1.00000000000000000000000000000000000000001 -2.5\nbé 0.25 4.0000000\n",
    ],
)
def test_text_of_many_looks_says_the_same(load, content):
    assert is_rows(load(content))
    assert is_rows(load(content, binary=False))
    assert is_rows(load(gzip.compress(content.encode())))


def test_the_header_can_be_forced(load):
    assert is_rows(load(PLAIN, header=True))
    assert is_rows(load(PLAIN.removeprefix("2 2\n"), header=False))
    # One dimension, words that are numbers: only the caller knows.
    v = load("5 3\n7 4\n", header=False)
    assert v.vocabulary == ["5", "7"]
    assert v.matrix.tolist() == [[3], [4]]


def test_limit_reads_the_first_rows(load):
    assert load("3 1\na 1\nb 2\nc x\n", limit=2).vocabulary == ["a", "b"]
    assert load("3 1\na 1\nb 2\n", limit=2).vocabulary == ["a", "b"]
    assert load("a 1\nb 2\nc 3\n", limit=1).vocabulary == ["a"]
    assert load("2 1\na 1\nb 2\n", limit=9).vocabulary == ["a", "b"]
    assert load(binary_of(ROWS) + b"more", limit=1).vocabulary == ["a"]


@pytest.mark.parametrize(
    "word",
    [
        "new york",
        ". . .",
        "a\u00a0b",
        "\u3000",
        "\u0085",
        "a\tb",
        "a\rb",
        " a",
        "a ",
        " ",
        "a  b",
        "\u2028",
        "nan",
        "1",
        "66 route",
    ],
)
def test_only_the_last_fields_are_numbers_and_only_0x20_splits(load, word):
    v = load(f"2 2\n{word} 1 2\nx 3 4\n")
    assert v.vocabulary == [word, "x"]
    assert v.matrix.tolist() == [[1, 2], [3, 4]]


def test_numbers_are_rounded_to_the_nearest_float32(load):
    texts = [
        "0.1",
        "16777217",
        "16777219",
        "3.4028234e38",
        "1e-45",
        "1.17549435e-38",
        "-0",
        "1e-50",
        "-1e-400",
    ]
    v = load("1 9\na " + " ".join(texts) + "\n")
    # NumPy parses as double and rounds once more; none of these is at a double rounding tie.
    with np.errstate(under="ignore"):
        expected = np.array([float(t) for t in texts]).astype(np.float32)
    assert v.matrix[0].tobytes() == expected.tobytes()


def test_numbers_are_rounded_once(load):
    # Half way between the largest float32 and 2**128 is 3.40282356779733661637...e38: below it the number is the
    # largest float32, above it too large. A double in between would round up to half way, and again to infinity.
    assert load("a 3.4028235677973366e38\n").matrix[0, 0] == np.finfo(np.float32).max
    with pytest.raises(FileFormatError, match="too large"):
        load("a 3.4028235677973367e38\n")


# --- text that does not ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "is empty"),
        ("\ufeff", "is empty"),
        ("\n \n", "line 1: the file holds only white space"),
        ("1 2\na 1 2\nb 3 4\n", "line 1: the header says 1 vectors, but 2 lines follow"),
        ("3 2\na 1 2\nb 3 4\n", "line 1: the header says 3 vectors, but 2 lines follow"),
        ("3 2\n", "line 1: the header says 3 vectors, but 0 lines follow"),
        ("0 2\n", "holds no vectors"),
        ("0 2\na 1 2\n", "says 0 vectors, but 1 lines"),
        ("1 0\na\n", "dimension 0"),
        ("99999999999 99999999999\na 1 2\n", "says 99999999999 vectors, but 1 lines"),
        ("1 99999999999\na 1 2\n", "line 2: a word and 99999999999 numbers .* 3 fields"),
        ("2 3\na 1 2 3\nb 1 2\n", r"line 3: a word and 3 numbers should stand here \(by the header\), but there are 3"),
        ("2 2\na 1 2\nb 1 2 3\n", "line 3: a word and 2 numbers .* 4 fields"),
        ("a 1 2\nb 1\n", r"line 2: .*\(as in line 1\), but there are 2 fields"),
        ("a 1 2\nb 1 2 3\n", "line 2: .* 4 fields"),
        ("2 2\na 1 2\n\n", "2 vectors, but 1 lines"),
        ("3 2\na 1 2\n\nb 3 4\n", "line 3: the line is empty"),
        ("2 2\na 1 2\nb 3 x\n", "line 3: 'x' is not a number"),
        ("2 2\na 1 2\nb 0x1 3\n", "line 3: '0x1' is not a number"),
        ("2 2\na 1 2\nb 1_0 3\n", "line 3: '1_0' is not a number"),
        ("2 2\na 1 2\nb +-1 3\n", "line 3: '\\+-1' is not a number"),
        ("2 2\na 1 nan\nb 3 4\n", "line 2: 'nan' is not finite"),
        ("a 1 2\nb -inf 4\n", "line 2: '-inf' is not finite"),
        ("2 2\na 1 2\nb 3 1e39\n", "line 3: '1e39' is too large for float32"),
        ("2 2\na 1 2\nb 3 -1e999\n", "line 3: '-1e999' is too large for float32"),
        ("2 2\na 1\t2\nb 3 4\n", "line 2"),
        ("2 2\na  1 2\nb 1  2\n", "line 3"),
        ("2 2\n 1 2\nb 3 4\n", "line 2: the word is empty"),
        ("2 3\na 1 2 3\n  1 2\n", "line 3: '' is not a number"),
        ("2 2\na 1 2\na 3 4\n", "'a' stands twice, on lines 2 and 3"),
        ("a 1 2\nb 3 4\na 3 4\n", "'a' stands twice, on lines 1 and 3"),
        ("hello world\n", "line 1: neither a header nor a word with numbers"),
        (b"2 2\na 1 2\n\xff\xfe 3 4\n", "line 3: the byte 0xFF at offset 10 is not UTF-8"),
        (b"\xff\xfe 3 4\n", "line 1: the byte 0xFF at offset 0"),
        (b"\xef\xbb\xbfab\xe4\xb8 3 4\n", "line 1: the byte 0xE4 at offset 5"),
        (b"a\xed\xa0\x80 3 4\n", "line 1: the byte 0xED at offset 1"),
        (b"a\xc0\xaf 3 4\n", "line 1: the byte 0xC0 at offset 1"),
        (b"a\xf4\x90\x80\x80 3 4\n", "line 1: the byte 0xF4 at offset 1"),
    ],
)
def test_text_that_does_not_add_up_names_the_line(load, content, text):
    with pytest.raises(FileFormatError, match=rf"\[words.from_word2vec\].*vectors.any.*{text}"):
        load(content)


def test_a_forced_header_must_be_there(load):
    with pytest.raises(FileFormatError, match="line 1: this is no header"):
        load("a 1 2\n", header=True)


def test_the_first_wrong_line_is_reported_whatever_the_threads(load):
    # Over 1 MB, so that several blocks are parsed at once; errors in the first and in the last.
    lines = [f"w{i} {'0.123456789 ' * 9}1" for i in range(30_000)]
    lines[17] = "bad x"
    lines[-2] = "worse y"
    content = "\n".join(lines)
    for threads in (1, 2, 8):
        with pytest.raises(FileFormatError, match="line 18:"):
            load(content, threads=threads)


def test_many_blocks_read_the_same_with_any_threads(load):
    matrix = np.random.default_rng(1).normal(size=(30_000, 10)).astype(np.float32)
    lines = [f"w{i} " + " ".join(map(repr, row.tolist())) for i, row in enumerate(matrix)]
    for threads in (1, 2, 8):
        v = load(f"30000 10\n{chr(10).join(lines)}", threads=threads)
        assert v.vocabulary == [f"w{i}" for i in range(30_000)]
        assert v.matrix.tobytes() == matrix.tobytes()


def test_bad_bytes_can_be_replaced(load):
    v = load(b"a\xffb 1 2\nc 3 4\n", errors="replace")
    assert v.vocabulary == ["a\ufffdb", "c"]
    with pytest.raises(FileFormatError, match="stands twice, on lines 1 and 2"):
        load(b"\xff 1 2\n\xfe 3 4\n", errors="replace")


# --- binary ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", [b"\n", b""])
@pytest.mark.parametrize("header", [None, b"2 2\r\n", b"2 2 \n"])
def test_binary_with_and_without_newlines(load, newline, header):
    content = binary_of(ROWS, header, newline)
    assert is_rows(load(content))
    assert is_rows(load(content, binary=True))
    assert is_rows(load(gzip.compress(content)))
    assert load(content).settings == {"source": "word2vec binary"}


def test_binary_vectors_may_begin_with_the_bytes_of_newline_and_space(load):
    # 0x20 and 0x0A inside of numbers end nothing.
    numbers = struct.unpack("<2f", b"\n \n \n\n  ")
    for newline in (b"\n", b""):
        v = load(binary_of({"a": numbers, "b": numbers}, None, newline), binary=True)
        np.testing.assert_array_equal(v.matrix, np.array([numbers, numbers], np.float32))


WHOLE = binary_of({f"w{i}": (i, i + 0.5, -i) for i in range(5)})


@pytest.mark.parametrize("cut", range(1, len(WHOLE) - 4))
def test_binary_cut_off_anywhere_is_an_error(load, cut):
    # The last row's newline may be missing; everything else may not.
    with pytest.raises(FileFormatError, match=r"\[words.from_word2vec\]"):
        load(WHOLE[: -1 - cut], binary=True)


def test_binary_cut_off_names_the_row(load):
    with pytest.raises(FileFormatError, match="row 5: the file ends inside row 5 of 5"):
        load(WHOLE[:-3])
    with pytest.raises(FileFormatError, match="row 6: the file ends inside row 6 of 6"):
        load(b"6" + WHOLE[1:])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"4" + WHOLE[1:], "row 4: the header says 4 vectors, but 16 bytes follow the last"),
        (binary_of({"a": (1, np.nan)}), "row 1: number 2 is not finite"),
        (binary_of({"a": (1, 2), "b": (np.inf, 2)}), "row 2: number 1 is not finite"),
        (binary_of({"": (1, 2)}), "row 1: the word is empty"),
        (b"2 1\na " + b"\0\0\0\0" + b"\na " + b"\0\0\0\0", "'a' stands twice, on rows 1 and 2"),
        (b"1 1\n\xff\xff \0\0\0\0", "row 1: the byte 0xFF at offset 4"),
        (b"1 1\na\nb \0\0\0\0", "row 1: the word holds a newline"),
        (b"0 3\n", "0 vectors"),
        (b"3 0\n", "dimension 0"),
        (b"18446744073709551615 4611686018427387904\na ", "row 1: the file ends"),
        (b"99999999999999999999 3\na ", "begins with a line of two whole numbers"),
        (b"no header", "begins with a line of two whole numbers"),
    ],
)
def test_binary_that_does_not_add_up_names_the_row(load, content, text):
    with pytest.raises(FileFormatError, match=rf"vectors.any[,:] .*{text}"):
        load(content, binary=True)


# --- files and arguments -----------------------------------------------------------------------------------------


def test_damaged_gzip_and_missing_files_are_errors(load, tmp_path):
    packed = gzip.compress(PLAIN.encode() * 100)
    for content in (packed[:-9], packed[:40] + b"\0" * 20, b"\x1f\x8b"):
        with pytest.raises(FileFormatError, match="damaged gzip"):
            load(content)
    with pytest.raises(FileError, match="cannot read"):
        from_word2vec(tmp_path / "missing")
    with pytest.raises(FileError):
        from_word2vec(tmp_path)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"errors": "ignore"}, InputError),
        ({"limit": 0}, InputError),
        ({"limit": 1.5}, InputTypeError),
        ({"binary": "yes"}, InputTypeError),
        ({"header": 1}, InputTypeError),
        ({"binary": True, "header": False}, InputError),
        ({"threads": 0}, InputError),
    ],
)
def test_wrong_arguments_are_refused(load, options, error):
    with pytest.raises(error, match=r"\[words.from_word2vec\]"):
        load(PLAIN, **options)
    with pytest.raises(InputTypeError):
        from_word2vec(3)
    with pytest.raises(InputError):
        from_word2vec("a\0b")


@pytest.mark.parametrize("progress", [None, False, True])
def test_progress_takes_what_it_takes_everywhere(tmp_path, progress):
    made = words.Vectors(np.array(list(ROWS.values()), np.float32), list(ROWS))
    for binary in (False, True):
        made.to_word2vec(tmp_path / "v", binary=binary, progress=progress)
        assert from_word2vec(tmp_path / "v", progress=progress).vocabulary == made.vocabulary
    with pytest.raises(InputTypeError, match="progress is 3"):
        from_word2vec(tmp_path / "v", progress=3)
    with pytest.raises(InputTypeError, match="progress is 3"):
        made.to_word2vec(tmp_path / "v", progress=3)


def test_progress_can_stop_reading_and_writing(tmp_path):
    matrix = np.random.default_rng(1).normal(size=(150_000, 40)).astype(np.float32)
    v = words.Vectors(matrix, [f"w{i}" for i in range(150_000)])
    path = tmp_path / "v.txt"
    path.write_text("old")
    with pytest.raises(StoppedError):
        v.to_word2vec(path, progress=lambda done, total: False)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    v.to_word2vec(path)
    with pytest.raises(StoppedError):
        from_word2vec(path, threads=1, progress=lambda done, total: False)


# --- writing -----------------------------------------------------------------------------------------------------


def test_the_bytes_written_are_the_format(tmp_path):
    v = words.Vectors([[1, -2.5], [0.1, 1e20]], ["a", "bé"])
    v.to_word2vec(tmp_path / "t")
    assert (tmp_path / "t").read_bytes() == "2 2\na 1 -2.5\nbé 0.1 1e+20\n".encode()
    v.to_word2vec(tmp_path / "t", header=False)
    assert (tmp_path / "t").read_bytes() == "a 1 -2.5\nbé 0.1 1e+20\n".encode()
    v.to_word2vec(tmp_path / "t", binary=True)
    assert (tmp_path / "t").read_bytes() == binary_of({"a": (1, -2.5), "bé": (0.1, 1e20)})


@pytest.mark.parametrize("word", ["", "a b", " a", "a\n", "a\tb", "\r", "a\vb", "a\fb", "a\0b", "\ud800"])
def test_words_that_would_not_come_back_are_refused_before_writing(tmp_path, word):
    v = words.Vectors([[1], [2]], ["a", word])
    for binary in (False, True):
        with pytest.raises(InputError, match=r"\[words.to_word2vec\] the word '"):
            v.to_word2vec(tmp_path / "v", binary=binary)
    assert list(tmp_path.iterdir()) == []


def test_spaces_can_be_allowed(tmp_path):
    names = ["new york", ". . .", " a", "a ", "  ", "66 route"]
    v = words.Vectors(np.arange(12).reshape(6, 2), names)
    v.to_word2vec(tmp_path / "v", allow_spaces=True)
    assert from_word2vec(tmp_path / "v").vocabulary == names
    for word in ("a\n", "", "route 66", "a nan", "a nan(1) -inf"):
        with pytest.raises(InputError, match="the word"):
            words.Vectors([[1]], [word]).to_word2vec(tmp_path / "w", allow_spaces=True)
    with pytest.raises(InputError, match="binary"):
        v.to_word2vec(tmp_path / "w", binary=True, allow_spaces=True)


def test_what_cannot_be_written_is_refused(tmp_path):
    v = words.Vectors([[1]], ["\ufeffa"])
    with pytest.raises(InputError, match="byte order mark"):
        v.to_word2vec(tmp_path / "v", header=False)
    v.to_word2vec(tmp_path / "v")
    assert from_word2vec(tmp_path / "v").vocabulary == ["\ufeffa"]
    with pytest.raises(InputError, match="binary files need the header"):
        v.to_word2vec(tmp_path / "w", binary=True, header=False)
    with pytest.raises(InputError, match="gz"):
        v.to_word2vec(tmp_path / "w.gz")
    with pytest.raises(FileError):
        v.to_word2vec(tmp_path / "none" / "w")
