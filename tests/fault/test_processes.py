"""Children by fork, spawn and forkserver work; a program may end in the midst of a call; threads call all at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from stochos import datasets, gan, nn, reactions, words

TEXT = datasets.load_text("bible-asv")[:300]
NET = reactions.Network({"S": 50}, ["S -> @ 0.3", "-> S @ 2"])
MODEL = nn.Sequential([nn.Input((30,)), nn.Dense(200, "tanh", seed=1), nn.Dense(3, seed=2)])


def every_room(seed: int = 0) -> list[object]:
    """Call each room, with two threads; plain answers."""
    counts = words.count(TEXT, min_count=2, threads=2)
    vectors = words.fit(counts, dim=8, epochs=1, seed=seed, threads=2)
    run = reactions.simulate(NET, [0, 1, 2], 200, keep="moments", seed=seed, threads=2)
    x = np.random.default_rng(seed).normal(size=(300, 30)).astype(np.float32)
    slope = nn.grad(lambda x: nn.sum(nn.square(MODEL(x))))(x)
    return [
        int(counts.frequencies.sum()),
        vectors.matrix.tobytes(),
        run.mean.tolist(),
        np.asarray(slope).tobytes(),
        gan.divergence("js").between([0.2, 0.8], [0.5, 0.5]),
    ]


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_children(how: str):
    if how not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {how}")
    here = every_room()  # the pools of the parent are at work before the child is made
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(how)) as pool:
        assert list(pool.map(every_room, [0, 0, 0])) == [here] * 3


@pytest.mark.parametrize("times", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_eight_threads_call_every_room_at_once(times: int):
    wanted = [every_room(seed) for seed in range(4)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(every_room, [0, 1, 2, 3] * 2 * times))
    assert found == wanted * 2 * times


LONG = {
    "count": "words.count(['a b c d ' * 50] * 10**6, min_count=1, threads=2)",
    "simulate": "reactions.simulate(reactions.Network({'S': 0}, ['-> S @ 1000', 'S -> @ 1']), [1e7], 64, threads=2)",
    "tensor": "[(x := nn.tensor(np.ones((700, 700))) @ nn.tensor(np.ones((700, 700)))).numpy() for _ in range(10**6)]",
    "fit": "nn.Sequential([nn.Input((3,)), nn.Dense(2)]).fit(np.ones((9, 3)), np.zeros(9, int), loss='cross_entropy', "
    "optimizer=nn.Adam(), epochs=10**7)",
}


@pytest.mark.parametrize("room", LONG)
@pytest.mark.parametrize("ending", ["return", "sys.exit(3)"])
def test_the_program_ends_while_a_thread_is_in_a_call(room: str, ending: str):
    script = (
        "import sys, threading, time\nimport numpy as np\nfrom stochos import nn, reactions, words\n"
        f"threading.Thread(target=lambda: {LONG[room]}, daemon=True).start()\n"
        "time.sleep(0.4)\n"
        f"{'' if ending == 'return' else ending}\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == (0 if ending == "return" else 3), done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("room", LONG)
def test_sigterm_ends_it_at_once(room: str):
    script = f"import numpy as np\nfrom stochos import nn, reactions, words\nprint('ready', flush=True)\n{LONG[room]}\n"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.3)
        begin = time.monotonic()
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(10) == -signal.SIGTERM
        assert time.monotonic() - begin < 2
