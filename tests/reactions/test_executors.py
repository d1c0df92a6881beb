"""An ensemble over an executor has the bits of a local one, whatever runs the shards and in whatever order they end."""

from __future__ import annotations

import concurrent.futures
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from stochos import _core, executors, reactions
from stochos.errors import Error, InputError, InputTypeError, StoppedError
from stochos.reactions import _shards, simulate

GENE = reactions.Network(
    {"off": 1, "on": 0, "M": 0},
    ["off <-> on @ 0.7, 0.5", "on -> on + M @ 12", "M -> @ 1"],
    {},
    rules={"twice": "2*M"},
)
TIMES = np.array([0.0, 0.5, 2.0])
KEEPS: dict[str, dict[str, Any]] = {
    "trajectories": {"species": ["twice", "on"]},
    "moments": {},
    "moments of a few": {"keep": "moments", "covariance": False, "max_events": 20},
    "final": {"max_events": 25},
    "histogram": {},
    "first_passage": {"condition": "M >= 6"},
}


class Backwards(ThreadPoolExecutor):
    """Threads that give back the first shards last."""

    def __init__(self) -> None:
        super().__init__(16)
        self.sent = 0

    def submit(self, work: Any, /, *args: Any, **named: Any) -> Future[Any]:
        self.sent += 1
        rest = max(0.0, 0.2 - 0.01 * self.sent)

        def late() -> Any:
            answer = work(*args, **named)
            time.sleep(rest)
            return answer

        return super().submit(late)


@pytest.fixture(scope="module", params=["threads", "processes", "backwards"])
def pool(request: pytest.FixtureRequest, processes: Executor) -> Iterator[Executor]:
    if request.param == "processes":
        yield processes
        return
    with ThreadPoolExecutor(3) if request.param == "threads" else Backwards() as made:
        yield made


def arrays(run: reactions.Run) -> dict[str, Any]:
    return {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in run._arrays.items()}


@pytest.mark.parametrize("kept", KEEPS)
def test_the_bits_are_those_of_a_local_run(pool: Executor, kept: str):
    options = {"keep": kept.split()[0], **KEEPS[kept]}
    n = 64 * 23 + 17  # the last block, and the last shard, are not full
    local = simulate(GENE, TIMES, n, first=5, seed=3, **options)
    spread = simulate(GENE, TIMES, n, first=5, seed=3, executor=pool, **options)
    assert arrays(spread) == arrays(local)
    assert spread.settings | {"seconds": 0, "threads": 0} == local.settings | {"seconds": 0, "threads": 0}


def test_every_event_of_one_trajectory(processes: Executor):
    local, spread = (simulate(GENE, TIMES, keep="events", first=7, executor=e) for e in (None, processes))
    assert arrays(spread) == arrays(local)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 64 * 4, 64 * 5 - 1, 64 * 31 + 1, 64 * 64])
@pytest.mark.parametrize("wanted", [1, 3, 8, 64])
def test_moments_do_not_depend_on_where_shards_are_cut(n: int, wanted: int):
    whole = _shards.Shard("", GENE, frozenset(), TIMES, n, 0, "direct", 1, 1, "moments", {"covariance": True})
    shards = _shards.cut(whole, wanted)
    assert len(shards) <= wanted
    assert [s.first for s in shards] == np.cumsum([0, *(s.n for s in shards[:-1])]).tolist()
    assert sum(s.n for s in shards) == n
    merged = _shards.merged([_shards.simulate(s) for s in shards])
    local = simulate(GENE, TIMES, n, method="direct", seed=1, keep="moments")
    assert merged["covariance"].tobytes() == local.covariance.tobytes()
    assert merged["mean"].tobytes() == local.mean.tobytes()
    assert merged["reached"].tolist() == local.reached.tolist()


def test_few_trajectories_are_work_for_many():
    # Moments are gathered in blocks, and a block by one thread; the size of a block follows from n alone.
    sizes = {n: _core.moments_block(n) for n in (1, 20, 64, 127, 128, 300, 4096, 16_384, 10**9)}
    assert sizes == {1: 1, 20: 1, 64: 1, 127: 1, 128: 2, 300: 4, 4096: 64, 16_384: 256, 10**9: 256}
    one, two = (simulate(GENE, TIMES, 40, seed=1, keep="moments", threads=threads) for threads in (1, 2))
    assert arrays(one) == arrays(two)


def test_progress_counts_trajectories_and_can_stop(processes: Executor):
    calls: list[tuple[int, int]] = []
    simulate(GENE, TIMES, 500, executor=processes, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (500, 500)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    begin = time.monotonic()
    with ThreadPoolExecutor(2) as threads, pytest.raises(StoppedError):
        simulate(GENE, [1e9], 8, executor=threads, progress=lambda done, total: False)
    # The shards of 1e9 time units that had begun were stopped too, or leaving the pool would take hours.
    assert time.monotonic() - begin < 5
    assert not executors._ended


def test_ctrl_c_ends_threads_too(interrupt_delay: Callable[[str], float]):
    script = (
        "import time\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from stochos.reactions import Network, simulate\n"
        "net = Network({'X': 0}, ['-> X @ 1000', 'X -> @ 1'])\n"
        "print('ready', flush=True)\n"
        "try:\n"
        "    with ThreadPoolExecutor(2) as threads:\n"
        "        simulate(net, [1e9], 8, executor=threads)\n"
        "except KeyboardInterrupt:\n"
        "    print(time.monotonic())\n"
    )
    # The end of the block waits for the threads: they look up every 0.1 s.
    assert interrupt_delay(script) < 0.5


def test_errors_of_a_shard_are_those_of_a_local_run(processes: Executor):
    bad = reactions.Network({"X": 0}, ["grow: -> X @ 9 - X", "-> X @ 1"], {})
    with pytest.raises(InputError, match=r"'grow' has the propensity -1.* at time"):
        simulate(bad, [100.0], 10, executor=processes)


class Broken(Executor):
    """Loses whatever it is given."""

    def submit(self, work: Any, /, *args: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(concurrent.futures.BrokenExecutor("a worker died"))
        return future


def test_a_lost_shard_is_told():
    with pytest.raises(Error, match=r"\[reactions.simulate\] the executor lost a shard .*a worker died"):
        simulate(GENE, TIMES, 10, executor=Broken())


class Forgetful(ThreadPoolExecutor):
    """Loses the first shards that it is given, and goes on."""

    def __init__(self, how: BaseException, losses: int) -> None:
        super().__init__(2)
        self.how, self.left, self.sent = how, losses, 0

    def submit(self, work: Any, /, *args: Any, **named: Any) -> Future[Any]:
        self.sent += 1
        if self.left:
            self.left -= 1
            future: Future[Any] = Future()
            future.set_exception(self.how)
            return future
        return super().submit(work, *args, **named)


# Dask, when a worker dies while its answer is fetched, takes the answer for an error and fails to unpack it.
@pytest.mark.parametrize(
    "how", [concurrent.futures.BrokenExecutor("died"), ValueError("too many values to unpack"), OSError("no route")]
)
def test_a_lost_shard_is_computed_again(how: BaseException):
    with Forgetful(how, 2) as pool:
        spread = simulate(GENE, TIMES, 500, seed=2, keep="moments", executor=pool)
        assert pool.left == 0
    assert arrays(spread) == arrays(simulate(GENE, TIMES, 500, seed=2, keep="moments"))


@pytest.mark.parametrize("how", [ValueError("too many values to unpack"), concurrent.futures.BrokenExecutor("died")])
def test_a_shard_is_sent_three_times(how: BaseException):
    with Forgetful(how, 10) as pool:
        with pytest.raises(Error, match=r"lost a shard before it was done \((ValueError|Broken).*run again"):
            simulate(GENE, TIMES, 1, executor=pool)
        assert pool.sent == 3


# As Python 3.11, 3.13 and 3.14 say it, and as the other process does.
@pytest.mark.parametrize(
    "how",
    [
        AttributeError("Can't pickle local object 'f.<locals>.<lambda>'"),
        AttributeError("Can't get local object 'f.<locals>.<lambda>'"),
        pickle.PicklingError("Can't pickle local object <function f.<locals>.<lambda> at 0x7f>"),
        TypeError("cannot pickle '_thread.lock' object"),
        AttributeError("Can't get attribute 'f' on <module '__main__' (<class 'BuiltinImporter'>)>"),
    ],
)
def test_what_cannot_be_sent_is_told_in_every_version_of_python(how: Exception):
    with Forgetful(how, 10) as pool, pytest.raises(InputTypeError, match="cannot be sent to another process"):
        simulate(GENE, TIMES, 1, executor=pool)


def stumble(shard: int) -> int:
    return {0: 1}[shard]


def test_an_error_of_the_shard_is_raised_at_once_and_says_where(processes: Executor):
    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyError) as of_thread:
        executors.run_shards(pool, stumble, [0, 1, 0], [1, 1, 1], executors.new_call(), None, "here")
    with pytest.raises(KeyError) as of_process:
        executors.run_shards(processes, stumble, [0, 1, 0], [1, 1, 1], executors.new_call(), None, "here")
    for error in (of_thread.value, of_process.value):
        assert any("in stumble" in note for note in error.__notes__)


def test_two_processes_of_loky():
    loky = pytest.importorskip("loky", reason="loky is not installed")
    pool = loky.get_reusable_executor(max_workers=2)
    try:
        local, spread = (simulate(GENE, TIMES, 64 * 9 + 5, seed=3, keep="moments", executor=e) for e in (None, pool))
    finally:
        pool.shutdown(wait=True)
    assert arrays(spread) == arrays(local)


@pytest.mark.parametrize("given", [4, "threads", object(), ThreadPoolExecutor])
def test_what_is_no_executor_is_refused(given: object):
    if given is ThreadPoolExecutor:
        given = given.map  # a method of one, but no executor
    with pytest.raises(InputTypeError, match="executor is"):
        simulate(GENE, TIMES, executor=given)


def test_a_network_of_files_travels(processes: Executor, shared: Any):
    net = reactions.Network.from_bngl_net(shared / "networks" / "multistate.net")
    local, spread = (simulate(net, [0.01], 70, keep="moments", executor=e) for e in (None, processes))
    assert arrays(spread) == arrays(local)
