"""What is fuzzed: every reader of texts and files, with inputs to begin from."""

from __future__ import annotations

import atexit
import io
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochos import _core, _reading, _storage, jobs, nn, reactions, words
from stochos.albert import config
from stochos.gan import _sample_files
from stochos.nn import _safetensors
from stochos.reactions import _xml_guard


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes
    ----------
    run
        Reads an input; whatever is wrong with it, the error is a `stochos.Error`.
    seeds
        Good inputs.
    tokens
        Words of the format.
    """

    name: str
    run: Callable[[bytes], object]
    seeds: list[bytes]
    tokens: list[bytes] = field(default_factory=list)


EXPRESSIONS = [
    b"k*S/(Km + S)",
    b"-x^2 + 3e-1*y",
    b"piecewise(1, x > 2 && y < 3, 4)",
    b"u*log(u) - (u - 1)",
    b"exp(tanh(a*b + a)*0.5 + 1)",
    b"if(t >= 3, sin(t), max(a, b, 2))",
    b"normal(0, 1) + poisson(3)",
    b"((((1))))",
    b"a^b^c",
    b"not (a == b or c != d)",
]
EXPRESSION_WORDS = [
    b"(",
    b")",
    b"^",
    b"**",
    b"&&",
    b"||",
    b"!",
    b"==",
    b"<=",
    b"piecewise(",
    b"log(",
    b"exp(",
    b"abs(",
    b"floor(",
    b"time",
    b"pi",
    b"min(",
    b"max(",
    b"normal(",
    b"uniform(",
    b"poisson(",
    b",",
    b"e",
    b"`a b`",
    b"1e400",
]
NET = b"""begin parameters
  1 kf 0.5
  2 kr kf*2
end parameters
begin species
  1 A(b) 100
  2 $B() 20
end species
begin reactions
  1 1,2 1 kf #rule
  2 1 2,2 2*kr
end reactions
begin groups
  1 Total 1,2*2
end groups
"""
SBML = b"""<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m">
<listOfCompartments><compartment id="c" size="1" constant="true"/></listOfCompartments>
<listOfSpecies><species id="S" compartment="c" initialAmount="10" hasOnlySubstanceUnits="true" boundaryCondition="false"
 constant="false"/></listOfSpecies><listOfParameters><parameter id="k" value="0.1" constant="true"/></listOfParameters>
<listOfReactions><reaction id="r" reversible="false" fast="false"><listOfReactants><speciesReference species="S"
 stoichiometry="1" constant="true"/></listOfReactants><kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML"><apply>
<times/><ci>k</ci><ci>S</ci></apply></math></kineticLaw></reaction></listOfReactions></model></sbml>"""
JOB = b"""seed = 1
[[items]]
name = "a"
task = "simulate"
network = { species = { S = 10 }, reactions = ["S -> @ k*S"], parameters = { k = 0.1 } }
times = { until = 5, points = 6 }
n = 5
sweep = { k = [0.1, 0.2] }
"""


def _folder() -> Path:
    """Make a folder in memory, where there is one, for those that read files."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="stochos-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _by_file(folder: Path, name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    path = folder / name

    def run(data: bytes) -> object:
        path.write_bytes(data)
        return read(path)

    return run


def _expression(data: bytes) -> object:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    made = _core.Expression(text)
    made.simplified()
    names = made.names()
    for name in names[:2]:
        if not made.draws():
            made.derivative(name)
    return made.operations()


def _network(data: bytes) -> object:
    """Reaction texts, one a line."""
    lines = data.decode("utf-8", "replace").split("\n")
    return reactions.Network({"A": 10, "B": 0, "C c": 3}, lines, {"k": 1.0})


def _saved(write: Callable[[Path], Any], folder: Path) -> bytes:
    path = folder / "seed"
    write(path)
    return path.read_bytes()


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _repaired(read: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Make length and checksum of the header right, without which nothing behind them is ever looked at."""
    prefix = _storage._PREFIX

    def run(data: bytes) -> object:
        if len(data) < prefix.size:
            return read(data)
        magic, version, _, length = prefix.unpack_from(data)
        end = data.find(b"\n", prefix.size) if length > len(data) - prefix.size else prefix.size + length
        header = data[prefix.size : end]
        return read(prefix.pack(magic, version, zlib.crc32(header), len(header)) + data[prefix.size :])

    return run


def _word2vec(binary: bool) -> Callable[[bytes], object]:
    return lambda data: _core.words_read_word2vec(data, "input", binary, None, False, None, 1, "fuzz", None)


def targets() -> list[Target]:
    """Return every target, with files in a folder of their own."""
    folder = _folder()
    counts = words.count(["a b a c", "b c d"], window=2, min_count=1)
    vectors = words.fit(counts, dim=2, epochs=1)
    net = reactions.Network({"A": 3}, ["A -> @ 1"])
    run = reactions.simulate(net, [0, 1], 4)
    x = nn.Input((3,), name="x")
    model = nn.Model(x, nn.Dense(2, name="d")(x), name="m")
    tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1], np.int64)}
    settings = {
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "vocab_size": 30,
        "embedding_size": 4,
    }
    own = [(counts, words.load_counts), (vectors, words.load_vectors), (run, reactions.load_run)]
    return [
        Target("rate language", _expression, EXPRESSIONS, EXPRESSION_WORDS),
        Target(
            "reaction texts",
            _network,
            [b"A + B -> 2 A @ k*A", b"r: A <-> B @ 1, k\n-> `C c` @ 3", b"A -> @ k; delay = 2"],
            [b"->", b"<->", b"@", b"+", b":", b";", b"`C c`", *EXPRESSION_WORDS],
        ),
        Target(
            "SBML pre-scan",
            lambda data: _xml_guard.check("fuzz", data),
            [SBML],
            [b"<!DOCTYPE a>", b"<!ENTITY", b"<a>", b"]]>", b"&#0;"],
        ),
        Target(
            "SBML",
            lambda data: reactions.Network.from_sbml(data.decode("utf-8", "replace")),
            [SBML],
            [b"<ci>", b"</apply>", b"<power/>", b'level="2"', b"<piecewise>", b"<csymbol>", b'id="S"'],
        ),
        Target(
            ".net",
            _by_file(folder, "a.net", reactions.Network.from_bngl_net),
            [NET],
            [b"begin ", b"end ", b"$", b"#", b",", b"Sat(", b"functions"],
        ),
        Target(
            "word2vec text", _word2vec(False), [b"2 3\na 1 2 3\nb 4 5 6\n", b"a 1 2\nb 3 -4e-2\n"], [b"\n", b" ", b"\t"]
        ),
        Target(
            "word2vec binary",
            _word2vec(True),
            [b"2 2\na " + bytes(8) + b"\nb " + b"\0\0\x80?" * 2 + b"\n"],
            [b" ", b"\n"],
        ),
        *(
            Target(
                f"own files: {type(thing).__name__}",
                _repaired(_by_file(folder, "a.stochos", partial(load, verify=False))),
                [_saved(thing.save, folder)],
                [b'"dtype"', b'"shape"', b'"bytes"', b'"<f8"', b'"kind"', b"-1", b"[]"],
            )
            for thing, load in own
        ),
        Target(
            "safetensors",
            _by_file(folder, "a.safetensors", lambda path: _safetensors.read(path, "fuzz")),
            [_saved(lambda path: _safetensors.write(path, tensors, {"k": "v"}, "fuzz"), folder)],
            [b'"F64"', b'"shape":[', b'"data_offsets":['],
        ),
        Target(
            "models",
            _by_file(folder, "m.safetensors", nn.load),
            [_saved(model.save, folder)],
            [b'\\"class\\"', b'\\"Dense\\"', b'\\"units\\"', b'\\"$tuple\\"', b'\\"$array\\"', b'\\"$float\\"', b"{}"],
        ),
        Target(
            "arrays of numbers",
            _by_file(folder, "a.npy", partial(_reading.array, where="fuzz")),
            [_npy(array) for array in tensors.values()],
            [b"'<f8'", b"'|O'", b"(", b",", b"True", b"9", b"'shape': ", b"PK"],
        ),
        Target(
            "samples as text",
            _by_file(folder, "a.csv", lambda path: _sample_files.read_samples(path, "fuzz")),
            [b"1 2\n3.5 -4e3\n", b"1,2\n"],
            [b",", b"\n", b" "],
        ),
        Target(
            "configuration",
            _by_file(folder, "config.json", lambda path: config.Config.from_dict(config.read_json(path, "fuzz"))),
            [json.dumps(settings).encode()],
            [b"null", b"true", b"1e9", b"[]", b"{}", *[json.dumps(key).encode() for key in settings]],
        ),
        Target(
            "job file",
            _by_file(folder, "job.toml", jobs.load),
            [JOB],
            [b"[[items]]", b"task", b"sweep", b"= {", b"'''", b"threads = ", b"@a"],
        ),
    ]
