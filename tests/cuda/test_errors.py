"""What is said where a graphics card cannot be used, and what is refused wherever one is."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from stochos import cuda, jobs, reactions, words
from stochos.errors import DeviceError, InputError, InputTypeError, MissingPartError

without = pytest.mark.skipif(cuda.is_available(), reason="there is a graphics card")
NET = reactions.Network({"X": 10}, ["X -> @ 0.1"], {})
#: The error of this build: it has no CUDA, or there is no card; and words of it.
ERROR = DeviceError if cuda.is_built() else MissingPartError
TEXT = "CUDA answered" if cuda.is_built() else "pip install -Ccmake.define.STOCHOS_CUDA=ON"


def stochos(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stochos", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def counts():
    return words.count(["a b a c", "b c d", "d a"], window=2, min_count=1)


@without
def test_every_door_says_what_is_missing(counts):
    calls = {
        "words.fit": lambda: words.fit(counts, dim=2, device="cuda"),
        "words.resume": lambda: words.resume(words.fit(counts, dim=2, epochs=0), counts, device="cuda"),
        "reactions.simulate": lambda: reactions.simulate(NET, [1.0], device="cuda"),
        "cuda.matmul": lambda: cuda.matmul(np.eye(2), np.eye(2)),
        "cuda.evaluate": lambda: cuda.evaluate("x+1", x=[1.0]),
    }
    for name, call in calls.items():
        with pytest.raises(ERROR) as caught:
            call()
        assert str(caught.value).startswith(f"[{name}] ")
        assert TEXT in str(caught.value), name


@without
def test_the_card_is_asked_for_where_the_work_is():
    """With an executor, its workers need the card: their error comes back."""
    with ThreadPoolExecutor(1) as pool, pytest.raises(ERROR, match=r"\[reactions\.simulate\]"):
        reactions.simulate(NET, [1.0], 4, device="cuda", executor=pool)


@without
def test_commands_say_it_too(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("a b a c\nb c d\nd a\n")
    done = stochos("fit", text, "-o", tmp_path / "v", "--min-count", 1, "--device", "cuda")
    assert done.returncode != 0
    assert TEXT in done.stderr
    assert not (tmp_path / "v").exists()


@without
def test_a_job_is_refused_before_any_work(tmp_path):
    path = tmp_path / "job.toml"
    path.write_text(
        '[[items]]\nname = "run"\ntask = "simulate"\ntimes = [1.0]\ndevice = "cuda"\n'
        '[items.network]\nspecies = { X = 1 }\nreactions = ["X -> @ 1"]\n'
    )
    with pytest.raises((ERROR, InputError)) as caught:
        jobs.run(path)
    assert TEXT in str(caught.value)


@without
def test_there_is_no_device_to_list():
    assert cuda.devices() == []
    assert not cuda.is_available()
    assert json.loads(stochos("config", "--json").stdout)["cuda"] is False


def test_wrong_use_is_told_before_the_card_is_asked_for(counts):
    with pytest.raises(InputError, match="device is 'gpu'; give one of 'cpu', 'cuda'"):
        words.fit(counts, dim=2, device="gpu")
    with pytest.raises(InputError, match="device is 1"):
        reactions.simulate(NET, [1.0], device=1)
    with pytest.raises(InputError, match="device='cuda' is for solver='sgd'"):
        words.fit(counts, dim=2, solver="spectral", device="cuda")
    with pytest.raises(InputTypeError, match="both as float32 or both as float64"):
        cuda.matmul(np.eye(2), np.eye(2, dtype=np.float32))
    with pytest.raises(InputError, match=r"shapes are \(2, 2\) and \(3, 3\)"):
        cuda.matmul(np.eye(2), np.eye(3))
    with pytest.raises(InputError, match=r"'y' has shape \(3,\) and others have \(2,\)"):
        cuda.evaluate("x+y", x=[1.0, 2.0], y=[1.0, 2.0, 3.0])
    with pytest.raises(InputTypeError, match="give real numbers"):
        cuda.evaluate("x", x=["a"])


def test_the_processor_stays_the_default(counts):
    run = reactions.simulate(NET, [1.0, 2.0], 5)
    assert run.settings["device"] == "cpu"
    np.testing.assert_array_equal(run.values, reactions.simulate(NET, [1.0, 2.0], 5, device="cpu").values)
    fitted = words.fit(counts, dim=2)
    np.testing.assert_array_equal(fitted.matrix, words.fit(counts, dim=2, device="cpu").matrix)
