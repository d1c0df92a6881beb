"""The commands from end to end, as a user runs them: what they print, write, and answer with."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stochos import datasets, words

COMMAND = [sys.executable, "-m", "stochos"]


def stochos(*args: object, text: str | bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, args)],
        input=text.encode() if isinstance(text, str) else text,
        cwd=cwd,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def ok(*args: object, **options: object) -> str:
    done = stochos(*args, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a text, its counts and its vectors, all made by the commands."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "text.txt").write_text("\n".join(datasets.load_text("bible-asv")[:4000]) + "\n")
    ok("count", folder / "text.txt", "-o", folder / "counts.stochos", "--window", "4", "--weighting", "harmonic")
    ok("fit", folder / "counts.stochos", "-o", folder / "vectors.stochos", "--dim", "20", "--epochs", "2",
       "--word2vec", folder / "vectors.txt")  # fmt: skip
    return folder


def test_count_is_what_the_library_counts(folder: Path):
    by_command = words.load_counts(folder / "counts.stochos")
    by_library = words.count(folder / "text.txt", window=4, weighting="harmonic")
    assert by_command.vocabulary == by_library.vocabulary
    assert by_command["the", "of"] == by_library["the", "of"] > 0


def test_count_takes_every_option(tmp_path: Path):
    (tmp_path / "stop.txt").write_text("the\nof\n")
    text = "the king of the land and the king of the sea\n" * 3
    facts = json.loads(
        ok("count", "-", "-o", tmp_path / "c", "--min-count", "2", "--max-vocabulary", "3", "--stop-words",
           tmp_path / "stop.txt", "--keep-positions", "--no-diagonal", "--memory", "1GB", "--threads", "2", "--seed",
           "7", "--errors", "replace", "--tokenizer", "whitespace", "--json", text=text)
    )  # fmt: skip
    # king 6 times; and, land, sea 3 times each, of which the two that come first by bytes are kept; 11 words a line.
    assert (facts["vocabulary"], facts["tokens_read"], facts["tokens_kept"]) == (3, 33, 12)
    counts = words.load_counts(tmp_path / "c")
    assert counts.vocabulary == ["king", "and", "land"]
    assert counts["king", "king"] == 0
    assert counts["king", "and"] == 6  # before "and" at distance 4, after it at 2, in each of three lines


def test_count_of_several_files_reads_them_all(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).write_text("a b\n" * 5)
    facts = json.loads(ok("count", tmp_path / "one", tmp_path / "two", "-o", tmp_path / "c", "--json"))
    assert facts["tokens_read"] == 20


def test_fit_of_a_text_is_count_then_fit(folder: Path, tmp_path: Path):
    ok("fit", folder / "text.txt", "-o", tmp_path / "v", "--dim", "20", "--epochs", "2", "--window", "4",
       "--weighting", "harmonic")  # fmt: skip
    one, two = words.load_vectors(tmp_path / "v"), words.load_vectors(folder / "vectors.stochos")
    assert one.vocabulary == two.vocabulary
    assert one.matrix.tobytes() == two.matrix.tobytes()


def test_fit_takes_every_option(folder: Path, tmp_path: Path):
    facts = json.loads(
        ok("fit", folder / "counts.stochos", "-o", tmp_path / "v", "--dim", "8", "--solver", "sgd", "--epochs", "1",
           "--negatives", "2", "--start", "random", "--seed", "3", "--threads", "1", "--word2vec", tmp_path / "v.bin",
           "--json")
    )  # fmt: skip
    assert facts["dim"] == 8
    assert facts["output"] == [str(tmp_path / "v"), str(tmp_path / "v.bin")]
    assert (
        words.from_word2vec(tmp_path / "v.bin", binary=True).vocabulary == words.load_vectors(tmp_path / "v").vocabulary
    )


@pytest.mark.parametrize("name", ["vectors.stochos", "vectors.txt"])
def test_queries_answer_as_the_library_does(folder: Path, name: str):
    vectors = words.load_vectors(folder / "vectors.stochos")
    file = folder / name
    same = pytest.approx

    def scores(answer: list[list[object]]) -> dict[object, object]:
        return {word: same(score, abs=1e-4) for word, score in answer}

    got = json.loads(ok("similar", file, "king", "LAND", "-k", "3", "--metric", "dot", "--lower", "--json"))
    for word in ("king", "land"):
        assert scores(vectors.similar(word, k=3, metric="dot")) == dict(got[word])
    got = json.loads(ok("analogy", file, "king", "-", "man", "+", "woman", "-k", "3", "--json"))
    assert scores(vectors.analogy(["king", "woman"], ["man"], k=3)) == dict(got["words"])
    listed = ok("analogy", file, "--positive", "king", "woman", "--negative", "man", "-k", "3", "--json")
    assert json.loads(listed) == got
    multiplied = json.loads(ok("analogy", file, "king - man + woman", "--method", "multiply", "-k", "3", "--json"))
    assert scores(vectors.analogy(["king", "woman"], ["man"], k=3, method="multiply")) == dict(multiplied["words"])
    got = json.loads(ok("keywords", file, "-k", "2", "--json", text="the king of xyzzy\nthe land\n"))
    assert scores(vectors.keywords(["the", "king", "of", "the", "land"], k=2)) == dict(got["words"])
    assert got["skipped"] == ["xyzzy"]


def test_queries_print_a_word_and_its_score_on_a_line(folder: Path):
    file = folder / "vectors.stochos"
    lines = ok("similar", file, "king", "-k", "4").splitlines()
    assert len(lines) == 4
    assert all(-1 <= float(line.split()[1]) <= 1 for line in lines)
    assert ok("similar", file, "king", "land", "-k", "1").splitlines()[::2] == ["king", "land"]
    done = stochos("keywords", file, "the king of xyzzy", "-k", "1")
    assert "xyzzy" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_config_tells_what_is_installed():
    assert "instruction set" in ok("config")
    assert json.loads(ok("config", "--json"))["threads"] >= 1


def test_wrong_use_and_bad_input_exit_with_2_and_say_why(folder: Path, tmp_path: Path):
    vectors = folder / "vectors.stochos"
    (tmp_path / "broken").write_bytes(vectors.read_bytes()[:-10])
    (tmp_path / "bytes.txt").write_bytes(b"good line\nbad \xff byte\n")
    cases = [
        (["nonsense"], "nonsense"),
        (["count"], "SOURCE"),
        (["count", folder / "absent.txt", "-o", tmp_path / "x"], "absent.txt"),
        (["count", folder / "text.txt", "-o", tmp_path / "x", "--window", "0"], "--window"),
        (["count", folder / "text.txt", "-o", tmp_path / "no" / "x"], str(tmp_path / "no")),
        (["count", folder / "text.txt", "-", "-o", tmp_path / "x"], "standard input"),
        (["count", folder / "text.txt", "-o", tmp_path / "x", "--min-count", "1000000"], "min_count"),
        (["count", folder / "text.txt", "-o", tmp_path / "x", "--memory", "plenty"], "plenty"),
        (["count", tmp_path / "bytes.txt", "-o", tmp_path / "x"], "line 2"),
        (["fit", tmp_path / "broken", "-o", tmp_path / "x"], "broken"),
        (["fit", vectors, "-o", tmp_path / "x"], "counts"),
        (["fit", folder / "counts.stochos", "-o", tmp_path / "x", "--solver", "magic"], "magic"),
        (["similar", folder / "absent", "king"], "absent"),
        (["similar", tmp_path / "broken", "king"], "broken"),
        (["similar", folder / "counts.stochos", "king"], "vectors"),
        (["similar", folder / "text.txt", "king"], "text.txt"),
        (["similar", vectors, "xyzzy"], "'xyzzy'"),
        (["similar", vectors, "KING"], "--lower"),
        (["analogy", vectors], "king - man + woman"),
        (["analogy", vectors, "king", "man"], "'man'"),
        (["analogy", vectors, "king", "-"], "'-'"),
        (["tour", "-o", tmp_path / "no" / "x.html"], str(tmp_path / "no")),
    ]
    for args, told in cases:
        done = stochos(*args)
        assert done.returncode == 2, (args, done.stdout, done.stderr)
        assert told in done.stderr, (args, done.stderr)
        assert "Traceback" not in done.stderr, args
    assert {path.name for path in tmp_path.iterdir()} == {"broken", "bytes.txt"}


def test_an_output_that_cannot_be_written_is_an_error_before_the_work(tmp_path: Path):
    # Standard input stays open: a command that read first would wait for ever.
    process = subprocess.Popen(
        [*COMMAND, "count", "-", "-o", str(tmp_path / "no" / "x")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.wait(30) == 2
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_exits_with_130_and_leaves_nothing_behind(tmp_path: Path, start_child: Callable[..., Any]):
    process = start_child(
        [*COMMAND, "count", "-", "-o", str(tmp_path / "x")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(b"a b c\n" * 1000)
    process.stdin.flush()
    time.sleep(2.0)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert error.decode().strip() == "Stopped."
    assert list(tmp_path.iterdir()) == []


def test_the_progress_bar_is_for_terminals_only(folder: Path, tmp_path: Path, start_child: Callable[..., Any]):
    # The terminal is a pseudo-terminal; without one nothing but the last word may come.
    arguments = [*COMMAND, "fit", str(folder / "counts.stochos"), "-o", str(tmp_path / "v"), "--epochs", "10000"]
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (24, 100))  # a new one has no width, and a bar of no width shows nothing
    seen = b""
    for errors in (subprocess.PIPE, child):
        process = start_child(arguments, stdout=subprocess.PIPE, stderr=errors)
        if errors == child:
            while b"loss" not in seen and select.select([parent], [], [], 60)[0]:
                seen += os.read(parent, 1 << 16)
        else:
            time.sleep(3.0)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        assert process.returncode == 130
        assert error is None or error.strip() == b"Stopped."
    os.close(parent)
    os.close(child)
    assert b"%|" in seen
    assert b"loss" in seen


def test_a_closed_pipe_is_no_crash(folder: Path):
    done = subprocess.run(
        f"{sys.executable} -m stochos similar {folder / 'vectors.stochos'} king -k 4000 | head -1",
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
