"""Streams, seeds, argument checks, errors, configuration and files, as seen from Python."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stochos import _core, config, errors, random
from stochos._checks import choice, optional, real, whole


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


# The known answers of Random123 1.09 (file kat_vectors, philox4x32 10): counter, key, block.
KNOWN = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "block"), KNOWN)
def test_philox_gives_the_known_answers(counter: list[int], key: list[int], block: list[int]):
    made = _core.philox(np.array(counter, np.uint32), np.array(key, np.uint32))
    assert made.dtype == np.uint32
    assert made.tolist() == block


def test_philox_takes_exact_types_only():
    with pytest.raises(TypeError):
        _core.philox(np.zeros(4, np.int64), np.zeros(2, np.uint32))
    with pytest.raises(errors.InputError):
        _core.philox(np.zeros(3, np.uint32), np.zeros(2, np.uint32))


def test_seed_of_takes_ints_generators_and_sequences():
    assert random.seed_of(2**64 - 1) == 2**64 - 1
    assert random.seed_of(np.int64(7)) == 7
    sequence = np.random.SeedSequence(5)
    assert random.seed_of(sequence) == random.seed_of(sequence)
    generator = np.random.default_rng(5)
    assert random.seed_of(generator) != random.seed_of(generator)
    assert random.seed_of(np.random.default_rng(5)) == random.seed_of(np.random.default_rng(5))


@pytest.mark.parametrize(
    ("seed", "error"),
    [(-1, errors.InputError), (2**64, errors.InputError), (1.5, errors.InputTypeError), (True, errors.InputTypeError),
     ("7", errors.InputTypeError), (None, errors.InputTypeError)],
)  # fmt: skip
def test_seed_of_refuses(seed: object, error: type[Exception]):
    with pytest.raises(error, match=r"^\[here\] seed is"):
        random.seed_of(seed, "here")


def test_whole_takes_whole_numbers_only():
    assert whole("f", "n", np.uint8(3), 1) == 3
    assert [whole("f", "n", value, 1, 10) for value in (1, 10)] == [1, 10]
    for value in (True, 1.0, "1", None, np.float64(1)):
        with pytest.raises(errors.InputTypeError, match=r"^\[f\] n is"):
            whole("f", "n", value, 1)
    for value in (0, 11):
        with pytest.raises(errors.InputError, match=f"n is {value}; give a whole number, from 1 to 10"):
            whole("f", "n", value, 1, 10)


def test_real_takes_finite_numbers_only():
    assert real("f", "x", np.float32(0.5)) == 0.5
    for value in (float("nan"), float("inf"), -0.1, 1.1):
        with pytest.raises(errors.InputError, match=r"^\[f\] x is"):
            real("f", "x", value, 0, 1)
    for value in ("1", True, None, 1j):
        with pytest.raises(errors.InputTypeError, match=r"^\[f\] x is"):
            real("f", "x", value)
    for value, shown in ((10**400, "inf"), (-(10**400), "-inf")):
        with pytest.raises(errors.InputError, match=f"x is {shown}; give a finite number"):
            real("f", "x", value)


def test_choice_names_what_it_takes():
    assert choice("f", "mode", "a", ("a", "b")) == "a"
    for value in ("c", 1, None):
        with pytest.raises(errors.InputError, match="'a', 'b'"):
            choice("f", "mode", value, ("a", "b"))


def test_missing_part_prints_the_pip_line():
    with pytest.raises(errors.MissingPartError, match=r"pip install 'stochos\[extra\]'"):
        optional("f", "no_such_module_anywhere", "extra")


@pytest.mark.parametrize("name", [n for n in errors.__all__ if n != "Error"])
def test_every_error_is_ours_and_a_built_in(name: str):
    cls = getattr(errors, name)
    assert issubclass(cls, errors.Error)
    built_in = [base for base in cls.__mro__ if base.__module__ == "builtins"]
    assert len(built_in) > 3, "only Exception, BaseException and object"


def test_messages_begin_with_the_bracket():
    assert str(errors.UnknownNameError("[f] no 'x'")) == "[f] no 'x'"
    error = errors.FileError(errno.ENOENT, "[f] no file")
    assert str(error) == "[f] no file"
    assert error.errno == errno.ENOENT


def test_atomic_file_writes_whole_or_not_at_all(tmp_path: Path):
    target = tmp_path / "a"
    target.write_bytes(b"old")
    file = _core.AtomicFile(str(target), "here")
    file.write(b"new")
    assert target.read_bytes() == b"old"
    file.discard()
    assert target.read_bytes() == b"old"
    file = _core.AtomicFile(str(target), "here")
    file.write(np.arange(3, dtype=np.uint16))
    file.commit()
    assert target.read_bytes() == bytes([0, 0, 1, 0, 2, 0])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(errors.FileError, match=r"^\[here\].*missing") as caught:
        _core.AtomicFile(str(tmp_path / "missing" / "a"), "here")
    assert caught.value.errno == errno.ENOENT


def test_describe_tells_what_is_installed():
    facts = config.describe()
    assert facts["version"] == _core.__version__
    assert facts["instruction_set"] in {"baseline", "avx2", "avx512"}
    assert facts["optional"]["sparse"]["scipy"] is not None  # the tests need it
    json.dumps(facts)


def test_instruction_set_can_be_lowered_and_a_wrong_one_is_an_error():
    show = "from stochos import _core; print(_core.cpu_level())"
    assert run(show, STOCHOS_CPU="baseline").stdout.strip() == "baseline"
    wrong = run(show, STOCHOS_CPU="sse9")
    assert wrong.returncode == 1
    assert "STOCHOS_CPU" in wrong.stderr
    assert "sse9" in wrong.stderr
    assert "InputError" in wrong.stderr


def test_threads_come_from_the_variable_else_from_what_the_process_may_use():
    show = "from stochos import _core; print(_core.default_threads())"
    assert run(show, STOCHOS_NUM_THREADS="3").stdout.strip() == "3"
    for value in ("0", "-1", "many", "1.5"):
        wrong = run(show, STOCHOS_NUM_THREADS=value)
        assert wrong.returncode == 1, value
        assert "STOCHOS_NUM_THREADS" in wrong.stderr
    one = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); " + show
    environment = {k: v for k, v in os.environ.items() if k != "STOCHOS_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", one], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
