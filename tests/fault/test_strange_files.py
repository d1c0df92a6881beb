"""Every reader of a file, given what is no such file: an error that names it, soon, in bounded memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stochos import nn, words
from stochos.errors import FileError, FileFormatError, InputError

PREPARE = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
from stochos import albert, jobs, nn, reactions, words
from stochos.albert import config
from stochos.cli import gradient_flow
from stochos.errors import Error
from stochos.gan import _sample_files
from stochos.jobs import _learning

def model():
    return nn.Sequential([nn.Input((2,)), nn.Dense(2)])

def resumed(path):
    x = np.zeros((4, 2), "float32")
    model().fit(x, x[:, 0].astype(int), loss="cross_entropy", optimizer=nn.Adam(), checkpoint=path, resume=True,
        progress=False)

READERS = {
    "load_counts": words.load_counts,
    "load_vectors": words.load_vectors,
    "word2vec text": lambda path: words.from_word2vec(path, binary=False),
    "word2vec binary": lambda path: words.from_word2vec(path, binary=True),
    "load_run": reactions.load_run,
    "nn.load": nn.load,
    "load_weights": lambda path: model().load_weights(path),
    "checkpoint": resumed,
    "samples": lambda path: _sample_files.read_samples(Path(path).with_suffix(".npy"), "test"),
    "array of a job": _learning._array,
    "data of gradient-flow": lambda path: gradient_flow._input({"data": path}),
    "from_bngl_net": reactions.Network.from_bngl_net,
    "from_sbml": lambda path: reactions.Network.from_sbml(path),
    "jobs.load": jobs.load,
    "albert's JSON": lambda path: config.read_json(path, "test"),
}
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
found = {}
for name, kinds in json.loads(sys.argv[1]).items():
    for kind, path in kinds.items():
        begin, error = time.process_time(), None
        try:
            READERS[name](path)
        except Exception as raised:
            error = raised
        good = isinstance(error, Error) and (kind in str(error) or name == "from_sbml")
        good |= name == "checkpoint" and kind in {"absent", "strange"} and error is None  # the run begins
        if not good or time.process_time() - begin > 3:
            found[f"{name}, {kind}"] = f"{error!r} after {time.process_time() - begin:.1f} s"
print(json.dumps(found))
"""
#: These are mapped; the others read on to the end, and may be given a pipe.
MAPPED = (
    "load_counts", "load_vectors", "word2vec text", "word2vec binary", "load_run", "nn.load", "load_weights",
    "checkpoint", "samples", "array of a job", "data of gradient-flow",
)  # fmt: skip
READ = ("from_bngl_net", "from_sbml", "jobs.load", "albert's JSON")


def huge_array() -> bytes:
    """A .npy file that claims half a terabyte."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (2**36,)})
    return file.getvalue()


def test_what_is_no_such_file_is_refused(tmp_path: Path):
    """Links to a file whose every read fails, to devices; folders, pipes; other formats; names that none can be."""
    asked = {}
    for name in (*MAPPED, *READ):
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        paths = {kind: folder / f"{kind}.npy" for kind in ("failing", "endless", "folder", "pipe", "array", "absent")}
        paths["failing"].symlink_to("/proc/self/mem")  # EIO at its beginning
        paths["endless"].symlink_to("/dev/zero")
        paths["folder"].mkdir()
        os.mkfifo(paths["pipe"])
        if name in READ:
            paths.pop("pipe")
        paths["array"].write_bytes(huge_array())
        asked[name] = {kind: str(path) for kind, path in paths.items()}
        asked[name] |= {"a\\": str(folder / "a\0b.npy"), "strange": str(folder / "a\udc80strange.npy")}
    command = [sys.executable, "-c", PREPARE, json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {}


def test_a_name_that_is_no_utf8_is_written_and_read(tmp_path: Path):
    counts = words.count(["a b a c"], min_count=1)
    vectors = words.fit(counts, dim=2, epochs=1)
    model = nn.Sequential([nn.Input((2,)), nn.Dense(2)])
    counts.save(tmp_path / "\udc80counts")
    vectors.to_word2vec(tmp_path / "\udc80vectors")
    model.save(tmp_path / "\udc80model")
    assert words.load_counts(tmp_path / "\udc80counts").vocabulary == counts.vocabulary
    assert words.from_word2vec(tmp_path / "\udc80vectors").vocabulary == vectors.vocabulary
    assert nn.load(tmp_path / "\udc80model").parameter_count == model.parameter_count
    (tmp_path / "\udc80text.txt").write_text("a b a")
    assert words.count(tmp_path / "\udc80text.txt", min_count=1).vocabulary == ["a", "b"]


def test_a_name_with_nul_is_no_other_file(tmp_path: Path):
    """The system would end the name there: another file would be written."""
    counts = words.count(["a b a c"], min_count=1)
    model = nn.Sequential([nn.Input((2,)), nn.Dense(2)])
    x = np.zeros((4, 2), np.float32)
    for write in (
        counts.save, model.save, model.save_weights,
        lambda path: model.fit(
            x, x[:, 0].astype(int), loss="cross_entropy", optimizer=nn.Adam(), checkpoint=path, progress=False
        ),
    ):  # fmt: skip
        with pytest.raises(FileError, match=r"a\\0b"):
            write(str(tmp_path / "a\0b"))
    assert list(tmp_path.iterdir()) == []


def test_what_unpacks_to_far_more_than_vectors_do_is_refused(tmp_path: Path):
    bomb = tmp_path / "bomb.txt.gz"
    bomb.write_bytes(gzip.compress(b"w 0 0\n" + bytes(30 << 20)))
    with pytest.raises(FileFormatError, match="100 times"):
        words.from_word2vec(bomb)
    honest = tmp_path / "vectors.gz"
    honest.write_bytes(gzip.compress(b"a 0.5 0.25\nb 1 2\n"))
    assert words.from_word2vec(honest).vocabulary == ["a", "b"]


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data], ids=["gz", "plain"])
def test_a_text_without_white_space_is_refused(pack: Callable[[bytes], bytes], tmp_path: Path):
    """A packed file of one byte over and over would be a word of any length."""
    path = tmp_path / ("text.gz" if pack is gzip.compress else "text")
    path.write_bytes(pack(b"a b " + b"w" * ((64 << 20) + (1 << 20)) + b" c"))
    with pytest.raises(InputError, match="more than 64 MiB come without white space"):
        words.count(path, min_count=1, threads=2)
    path.write_bytes(pack(b"a b " + b"w" * (1 << 20) + b" c"))
    assert words.count(path, min_count=1).vocabulary[:3] == ["a", "b", "c"]
