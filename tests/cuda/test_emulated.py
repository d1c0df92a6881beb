"""On the card that tests/cuda/emulator emulates: what a card at hand does seldom, or never when it is wanted."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from stochos import cuda, reactions, words
from stochos.errors import DeviceError, OutOfMemoryError

EMULATED = any(device.name.startswith("emulated card") for device in cuda.devices())
pytestmark = pytest.mark.skipif(not EMULATED, reason="no build for the emulated card: cmake --preset emulated")

NET = reactions.Network({"A": 40, "B": 0}, ["A -> B @ k*A/(1+B)", "B -> A @ 0.1*B"], {"k": 2.0})
TIMES = [0.5, 1.0]


@contextmanager
def emulated(**settings: object) -> Iterator[None]:
    """A card of these settings, which its calls read from the environment."""
    names = {f"STOCHOS_EMULATED_{name.upper()}": str(value) for name, value in settings.items()}
    os.environ.update(names)
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


def taken() -> int:
    """Bytes of the card that are in use."""
    return int(re.search(r"(\d+) bytes taken", cuda.devices()[0].name)[1])


def simulate(keep: str, n: int = 300, **more: object) -> reactions.Run:
    return reactions.simulate(NET, TIMES, n, keep=keep, seed=3, device="cuda", progress=False, **more)


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(0)
    return words.count([[f"w{k}" for k in rng.integers(12, size=9)] for _ in range(30)], window=2, min_count=1)


@pytest.fixture(scope="module")
def calls(counts) -> dict[str, Callable[[], np.ndarray]]:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 20, 20))
    return {
        "trajectories": lambda: simulate("trajectories", 40).values,
        "moments": lambda: simulate("moments", 40).mean,
        "covariance": lambda: simulate("moments", 40, covariance=True).covariance,
        "final": lambda: simulate("final", 40).final,
        "fit": lambda: words.fit(counts, dim=3, epochs=2, seed=1, device="cuda", progress=False).matrix,
        "product": lambda: cuda.matmul(a, b),
        "expression": lambda: cuda.evaluate("k*x*x-y", k=2.0, x=a, y=b),
    }


@pytest.mark.parametrize("name", ["trajectories", "moments", "covariance", "final", "fit", "product", "expression"])
def test_each_call_to_cuda_that_fails_is_told_and_leaves_nothing_behind(calls, name):
    want = calls[name]()
    before, told, failure = taken(), set(), 0
    while True:
        failure += 1
        with emulated(failure=failure):
            try:
                got = calls[name]()
            except (DeviceError, OutOfMemoryError) as error:
                told.add(re.sub(r"\d+", "n", str(error)))
            else:
                break  # it makes fewer calls than that
        assert taken() == before, failure
    if name != "fit":  # whose rows move at once
        np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(calls[name](), want)
    assert failure >= 10
    assert any("taking memory" in text or "bytes were asked of the device" in text for text in told)
    assert any("CUDA answered 'unknown error' to copying to the device" in text for text in told)
    assert any("copying from the device" in text for text in told)
    assert all(text.startswith(("[reactions.simulate] ", "[words.fit] ", "[cuda.matmul] ", "[cuda.evaluate] "))
               for text in told)  # fmt: skip


def test_an_ensemble_goes_in_batches_that_fit_the_card():
    parts = {"trajectories": ["values"], "moments": ["mean", "std"], "final": ["final"]}
    whole = {keep: simulate(keep, 5000) for keep in parts}
    with emulated(memory=200_000):
        for keep, want in whole.items():
            got = simulate(keep, 5000)
            for part in parts[keep]:
                np.testing.assert_array_equal(getattr(got, part), getattr(want, part))
    with emulated(memory=1000), pytest.raises(OutOfMemoryError, match="bytes"):
        simulate("moments", 5000)
    assert taken() == 0


def test_what_does_not_fit_is_told_with_its_size(counts):
    with emulated(memory=500):
        with pytest.raises(OutOfMemoryError, match=r"\[words\.fit\] \d+ bytes were asked of the device, where \d+ of"):
            words.fit(counts, dim=3, device="cuda", progress=False)
        with pytest.raises(OutOfMemoryError, match=r"\[cuda\.matmul\] 3200 bytes were asked of the device, where 500"):
            cuda.matmul(np.zeros((20, 20)), np.zeros((20, 20)))
        with pytest.raises(OutOfMemoryError, match=r"\[cuda\.evaluate\] "):
            cuda.evaluate("x+1", x=np.zeros(1000))
    assert taken() == 0


def test_products_are_the_same_with_cublas_and_without():
    rng = np.random.default_rng(1)
    a, b = rng.integers(-9, 9, size=(2, 50, 50)).astype(float)
    assert cuda.product_library() == "cuBLAS of the emulated card"
    with_library = cuda.matmul(a, b)
    with emulated(cublas=0):
        assert cuda.product_library() == ""
        np.testing.assert_array_equal(cuda.matmul(a, b), with_library)
    np.testing.assert_array_equal(with_library, a @ b)


def test_without_a_card_the_answer_of_cuda_is_told():
    with emulated(cards=0):
        assert cuda.is_built()
        assert not cuda.is_available()
        with pytest.raises(DeviceError, match="CUDA answered 'no CUDA-capable device is detected'"):
            simulate("final")
    assert cuda.is_available()
