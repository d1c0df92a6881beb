"""Every writer, when the disk is full or fails: an error that names the file, the old file intact, nothing left behind.

The limit of the size of a file (RLIMIT_FSIZE) stands for the disk: writing beyond it fails as on a full one. A library
that is loaded before the system's has each call that reads, writes or names a file fail in its turn.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OLD = b"what was there before"
PREPARE = """
import resource, signal, sys, warnings
import numpy as np
from stochos import albert, gan, jobs, nn, reactions, words
from stochos.errors import Error
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = sys.argv[1]
rng = np.random.default_rng(0)
text = [" ".join(f"w{i}" for i in rng.integers(0, 400, 50)) for _ in range(100)]
"""
LIMIT = """
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
try:
    write()
except Error as error:
    print(type(error).__name__, error)
"""
_NET = 'run = reactions.simulate(reactions.Network({"S": 50}, ["S -> @ 1"]), np.arange(400.0), 20)\n'
_MODEL = "model = nn.Sequential([nn.Input((40,)), nn.Dense(90)])\n"
_COUNTS = "counts = words.count(text, min_count=1)\n"
_VECTORS = _COUNTS + "vectors = words.fit(counts, dim=8, epochs=1)\n"
WRITERS = {
    "counts.stochos": _COUNTS + "write = lambda: counts.save(path)",
    "vectors.stochos": _VECTORS + "write = lambda: vectors.save(path)",
    "vectors.txt": _VECTORS + "write = lambda: vectors.to_word2vec(path)",
    "vectors.bin": _VECTORS + "write = lambda: vectors.to_word2vec(path, binary=True)",
    "run.stochos": _NET + "write = lambda: run.save(path)",
    "run.npz": _NET + "from pathlib import Path\nfrom stochos.reactions import _files\n"
    "write = lambda: _files.write(run, Path(path), 'test')",
    "run.csv": _NET + "from pathlib import Path\nfrom stochos.reactions import _files\n"
    "write = lambda: _files.write(run, Path(path), 'test')",
    "run.parquet": _NET + "from pathlib import Path\nfrom stochos.reactions import _files\n"
    "run.to_pandas()\nwrite = lambda: _files.write(run, Path(path), 'test')",
    "model.safetensors": _MODEL + "write = lambda: model.save(path)",
    "weights.safetensors": _MODEL + "write = lambda: model.save_weights(path)",
    "fit.checkpoint": _MODEL + "x = np.zeros((8, 40), 'float32')\n"
    "write = lambda: model.fit(x, x[:, 0].astype(int), loss='cross_entropy', optimizer=nn.Adam(), checkpoint=path)",
    "gan.checkpoint": "g = nn.Sequential([nn.Input((9,)), nn.Dense(90), nn.Dense(2)])\n"
    "d = nn.Sequential([nn.Input((2,)), nn.Dense(90), nn.Dense(1)])\nmodel = gan.GAN(g, d, latent=9)\n"
    "write = lambda: model.fit(rng.normal(size=(64, 2)), steps=2, batch_size=32, checkpoint=path)",
    "flow.html": "flow = nn.gradient_flow(nn.LSTM(6, seed=0), rng.normal(size=(2, 9, 3)))\nflow.verdict\n"
    "write = lambda: flow.to_html(path)",
}


FAILING = """
import ctypes
from pathlib import Path
library = ctypes.CDLL(None)
folder, target = Path(path).parent, Path(path)
write()
tried, wrong, n = 0, [], 0
while True:
    target.write_bytes(b"what was there before")
    n += 1
    library.fail_at(n)
    error = None
    try:
        write()
    except Exception as raised:
        error = raised
    hit = library.has_failed()
    library.fail_at(0)
    if not hit:
        break
    tried += 1
    old = target.read_bytes() == b"what was there before"
    left = [other.name for other in folder.iterdir() if other != target and other.name != "mpl"]
    if left or (error is not None and not (isinstance(error, Error) and old)) or (error is None and old):
        wrong.append((n, repr(error), old, left))
        for name in left:
            (folder / name).unlink()
print(tried, wrong)
"""


def run(name: str, folder: Path, script: str, then: str = LIMIT, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PREPARE + script + then, str(folder / name)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"MPLBACKEND": "Agg", "MPLCONFIGDIR": str(folder / "mpl")} | more,
    )


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Compile the library whose calls fail."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        pytest.skip("there is no C compiler for the calls that fail, or no Linux")
    made = tmp_path_factory.mktemp("failing") / "failing.so"
    source = Path(__file__).with_name("failing.c")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return str(made)


@pytest.mark.parametrize("name", WRITERS)
def test_a_call_that_fails_leaves_the_old_file_or_the_new_one(name: str, tmp_path: Path, failing: str):
    done = run(name, tmp_path, WRITERS[name], FAILING, LD_PRELOAD=failing, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    tried, _, wrong = done.stdout.splitlines()[-1].partition(" ")
    assert (wrong, int(tried) >= 4) == ("[]", True), done.stdout


@pytest.mark.parametrize("name", WRITERS)
def test_the_old_file_stays_and_nothing_is_left(name: str, tmp_path: Path):
    (tmp_path / "mpl").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_bytes(OLD)
    before = sorted((tmp_path / "out").iterdir())
    done = run(name, tmp_path / "out", WRITERS[name])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("FileError ["), done.stdout
    assert name in done.stdout
    assert (tmp_path / "out" / name).read_bytes() == OLD
    assert sorted(path for path in (tmp_path / "out").iterdir() if path.name != "mpl") == before


def test_without_the_limit_each_writes(tmp_path: Path):
    """The scripts are right: it is the limit that stops them."""
    script = "".join(
        f"path = {str(tmp_path / name)!r}\n{text}\nwrite()\nassert open(path, 'rb').read()\n"
        for name, text in WRITERS.items()
    )
    done = subprocess.run(
        [sys.executable, "-c", PREPARE + script, "unused"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_albert_leaves_the_old_folder(tmp_path: Path, shared: Path):
    source = next(folder for folder in sorted((shared / "albert_tiny").iterdir()) if (folder / "config.json").exists())
    out = tmp_path / "model"
    script = f"model = albert.load({str(source)!r})\nmodel.save(path)\nwrite = lambda: model.save(path)\n"
    done = run("model", tmp_path, script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("FileError ["), done.stdout
    again = f"a, b = albert.load({str(source)!r}), albert.load({str(out)!r})\nwrite = lambda: None\n"
    checked = run("model", tmp_path, again)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
