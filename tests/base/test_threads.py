"""Many Python threads use one object at once: the answers are those of one thread, whether Python has a lock or not."""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from stochos import _core, executors, nn, reactions, words
from stochos.errors import InputError, StoppedError
from stochos.nn import registry

THREADS = 8


@pytest.fixture(autouse=True)
def quick_switches() -> Iterator[None]:
    """Let threads take turns 250 times as often as by default, so that what is not safe is more likely seen."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(2e-5)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """Run work(0 ... threads - 1), all beginning at the same moment; return the answers."""
    start = threading.Barrier(threads)

    def begin(number: int) -> Any:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python always has its lock")
def test_the_module_does_not_bring_the_lock_back():
    assert not sys._is_gil_enabled()


def test_one_network_is_built_and_simulated_by_all():
    net = reactions.Network({"A": 50, "B": 0}, ["A -> B @ 1", "B -> A @ 0.5"])
    right = reactions.simulate(reactions.Network({"A": 50, "B": 0}, ["A -> B @ 1", "B -> A @ 0.5"]), [0, 1, 2], 20)
    for run in at_once(lambda _: reactions.simulate(net, [0, 1, 2], 20)):
        np.testing.assert_array_equal(run.values, right.values)


def test_calls_in_shards_do_not_take_each_others_network():
    # A pool of threads runs the shards of several calls in one process, turn by turn.
    nets = [reactions.Network({"X": 10 * (i + 1)}, ["X -> @ 1"]) for i in range(4)]
    right = [reactions.simulate(net, [0, 0.5], 64).values for net in nets]
    with ThreadPoolExecutor(4) as pool:

        def work(number: int) -> None:
            for _ in range(5):
                i = number % len(nets)
                got = reactions.simulate(nets[i], [0, 0.5], 64, executor=pool)
                np.testing.assert_array_equal(got.values, right[i])

        at_once(work)


def test_calls_that_ended_are_forgotten_whichever_thread_ends_the_last_shard():
    def stopped(done: int, total: int) -> bool:
        return False

    net = reactions.Network({"X": 100}, ["X -> @ 1"])
    with ThreadPoolExecutor(4) as pool:

        def work(_: int) -> None:
            with pytest.raises(StoppedError):
                reactions.simulate(net, [0, 1], 200, executor=pool, progress=stopped)

        at_once(work)
    assert executors._ended == set()


def test_one_compiled_step_is_traced_and_replayed_by_all():
    @nn.compile
    def step(x: Any) -> Any:
        return nn.sum(nn.tanh(x) * x)

    sizes = list(range(1, 41))  # more shapes than traces are kept
    right = {n: float(step(np.arange(n, dtype=np.float32))) for n in sizes}

    def work(number: int) -> None:
        for n in np.random.default_rng(number).permutation(sizes):
            assert float(step(np.arange(n, dtype=np.float32))) == right[n]
            step.statistics()

    at_once(work)
    assert len(step.statistics()) <= 32


def test_one_layer_is_built_once():
    nn.seed(0)
    layer = nn.Sequential([nn.Dense(8, activation="tanh", seed=1), nn.Dense(3, seed=2)])
    x = np.ones((4, 5), dtype=np.float32)
    answers = at_once(lambda _: np.asarray(layer(x)))
    assert len(layer.parameters) == 4
    for answer in answers:
        np.testing.assert_array_equal(answer, answers[0])


def test_a_variable_is_named_read_and_assigned_by_all():
    variable = nn.Variable(np.zeros(1000, dtype=np.float32), name="start")
    names = {"start", *(f"name {i}" * 20 for i in range(THREADS))}

    def work(number: int) -> None:
        for i in range(200):
            if number % 2:
                variable.name = f"name {number}" * 20
                variable.assign(np.full(1000, i, dtype=np.float32))
                variable.trainable = i % 2 == 0
            else:
                assert variable.name in names
                assert repr(variable).startswith("<stochos.nn.Variable '")
                values = np.asarray(variable.value)
                assert values.min() == values.max()

    at_once(work)
    assert variable.version == 200 * (THREADS // 2)


def test_one_tensor_is_computed_once_and_seen_by_all():
    for _ in range(20):
        x = nn.tensor(np.linspace(0, 1, 50_000, dtype=np.float32))
        y = nn.sum(nn.exp(x) * x)
        z = y + nn.sum(x)
        answers = at_once(lambda number, y=y, z=z: float(y if number % 2 else z))
        assert len(set(answers[1::2])) == len(set(answers[::2])) == 1


def test_a_list_that_another_thread_changes_is_read_as_it_was():
    tokens = [f"word{i}" for i in range(2000)]
    ended = threading.Event()

    def change() -> None:
        while not ended.is_set():
            tokens.append("more" * 5)
            tokens.pop()
            tokens[0] = "a" * (1 + len(tokens) % 7)

    other = threading.Thread(target=change)
    other.start()
    try:
        for _ in range(50):
            corpus = _core.Corpus("whitespace", False, 1 << 20, ".")
            assert corpus.add_tokens(tokens) == -1
    finally:
        ended.set()
        other.join()


def test_a_corpus_is_for_one_thread_at_a_time():
    corpus = _core.Corpus("whitespace", False, 1 << 20, ".")
    corpus.start_source("text", False)
    corpus.add_bytes(b"a b a c " * 1000)
    corpus.end_source()
    refused: list[str] = []

    def progress(done: int, total: int) -> bool:
        with pytest.raises(InputError, match="is under way") as caught:
            corpus.words()
        refused.append(str(caught.value))
        return True

    corpus.finish(1, None, [], None, False, None, 0, progress=progress)
    assert refused, "the callback was never called"
    assert corpus.words() == ["a", "b", "c"]


def test_one_label_and_one_recording_are_entered_by_all():
    label, recording = _core.label("shared"), _core.Recording()

    def work(_: int) -> int:
        for _ in range(300):
            with label, recording:
                nn.tensor([1.0]) + nn.tensor([2.0])
        return _core.recording_depth()

    at_once(work)


def test_names_are_registered_by_all():
    def work(number: int) -> None:
        for i in range(50):

            def f(x: Any) -> Any:
                return x

            f.__qualname__ = f"f_{number}_{i}"
            registry.register(f"threads {number} {i}")(f)
            assert registry.find(f"threads {number} {i}", "test") is f

    at_once(work)


def test_words_are_counted_by_all():
    text = ["the king made a throne of gold", "the queen made a throne of silver"] * 50
    right = words.count(text, window=2, min_count=1)
    for counts in at_once(lambda _: words.count(text, window=2, min_count=1)):
        assert counts.vocabulary == right.vocabulary
        assert counts["the", "king"] == right["the", "king"]
