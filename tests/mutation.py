"""A sample of mutations: small changes of the sources, each of which the tests of that source should notice.

python tests/mutation.py --python 60                      # 60 changes of Python, drawn by --seed
python tests/mutation.py --cpp 30 --build build/python    # 30 changes of C++; the folder of a build with its tests
python tests/mutation.py --list                           # the sources that are drawn from, and their tests

A change swaps an operator or moves a number by one. It is made in a copy; a test that fails, or takes four times as
much of a processor as without the change, or hangs, has killed it; tests of how soon an interrupt comes are left out,
as a busy machine fails them too. What survives is printed: a hole in the tests, or a change of nothing.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LEAST = 0.75  # that must be killed
HANG = 1800.0  # seconds
PYTHON = {
    "_storage.py": ["test_storage.py", "test_released_files.py"],
    "_checks.py": ["base/test_base.py", "words/test_counts.py", "nn/test_wrong_input.py"],
    "words/evaluation.py": ["words/test_evaluation.py"],
    "words/_merge.py": ["words/test_counts.py"],
    "words/word2vec.py": ["words/test_word2vec.py"],
    "words/_queries.py": ["words/test_queries.py"],
    "reactions/_bngl.py": ["reactions/test_bngl.py"],
    "reactions/_reaction_text.py": [
        "reactions/test_network.py",
        "reactions/test_network_bad_input.py",
        "reactions/test_delays.py",
    ],
    "reactions/studies.py": ["reactions/test_studies.py"],
    "reactions/_xml_guard.py": ["reactions/test_sbml_hostile.py"],
    "nn/metrics.py": ["nn/test_metrics.py"],
    "nn/schedules.py": ["nn/test_schedules.py"],
    "nn/clipping.py": ["nn/test_clipping.py"],
    "nn/callbacks.py": ["nn/test_callbacks.py"],
    "nn/_safetensors.py": ["nn/test_safetensors_files.py"],
    "gan/_gaussian.py": ["gan/test_divergences.py"],
    "gan/metrics.py": ["gan/test_metrics.py"],
    "jobs/_sweep.py": ["jobs/test_run.py"],
    "jobs/_records.py": ["jobs/test_run.py"],
    "albert/_batches.py": ["albert/test_tasks.py", "albert/test_tokenizer.py"],
}
CPP = {
    "base/file.cpp": [
        "base/test_files.py",
        "fault/test_rounds.py::test_what_a_kill_left_while_replacing_goes_with_the_next_file",
    ],
    "expr/simplify.cpp": ["expr"],
    "expr/derivative.cpp": ["expr", "gan/test_divergences.py"],
    "expr/lexer.cpp": ["expr"],
    "expr/interval.cpp": ["expr", "reactions/test_time.py"],
    "random/distributions.cpp": ["reactions/test_draws.py"],
    "reactions/moments.cpp": ["reactions/test_core_runs.py", "reactions/test_run.py"],
    "reactions/master.cpp": ["reactions/test_master.py"],
    "reactions/methods/next.cpp": ["reactions/test_core_runs.py", "reactions/test_core_laws.py"],
    "tensor/shape.cpp": ["tensor/test_values.py", "tensor/test_operations.py"],
    "tensor/buffer.cpp": ["tensor/test_values.py"],
    "words/merge.cpp": ["words/test_counts.py"],
    "words/pmi.cpp": ["words/test_pmi.py"],
    "words/word2vec_text.cpp": ["words/test_word2vec.py"],
    "words/queries.cpp": ["words/test_queries.py"],
}
SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+", "*": "/", "/": "*",
    "&&": "||", "||": "&&", "and": "or", "or": "and", "+=": "-=", "-=": "+=", "++": "--", "%": "+",
}  # fmt: skip
_PYTHON_NAMES: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Add: "+", ast.Sub: "-",
    ast.Mult: "*", ast.Div: "/", ast.And: "and", ast.Or: "or", ast.Mod: "%",
}  # fmt: skip
_CPP = re.compile(r" (<|<=|>|>=|==|!=|\+|-|\*|/|&&|\|\||\+=|-=) |(\+\+)|(?<![\w.\"'])(\d+)(?![\w.\"'])")


@dataclass(frozen=True)
class Mutant:
    """One change: `text` instead of what stands in `source` from byte `start` to `end`."""

    source: str
    start: int
    end: int
    text: str

    def apply(self, content: bytes) -> bytes:
        return content[: self.start] + self.text.encode() + content[self.end :]

    def told(self, content: bytes) -> str:
        line = content.count(b"\n", 0, self.start)
        shown = content.split(b"\n")[line].decode().strip()
        return f"{self.source}:{line + 1}: {content[self.start : self.end].decode()} → {self.text}: {shown}"


def of_python(source: str, content: bytes) -> list[Mutant]:
    """Operators and whole numbers; what stands in texts and annotations is left alone."""
    starts = [0]
    for line in content.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    tree = ast.parse(content)
    aside = {id(part) for node in ast.walk(tree) for part in _aside(node)}
    made = []

    def between(left: ast.expr, right: ast.expr, name: str) -> None:
        assert left.end_lineno is not None
        assert left.end_col_offset is not None
        a, b = starts[left.end_lineno - 1] + left.end_col_offset, starts[right.lineno - 1] + right.col_offset
        at = content.find(name.encode(), a, b)
        if at >= 0 and b"#" not in content[a:b]:
            made.append(Mutant(source, at, at + len(name), SWAPS[name]))

    for node in ast.walk(tree):
        if id(node) in aside:
            continue
        if isinstance(node, ast.Compare):
            for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
                if (name := _PYTHON_NAMES.get(type(op))) is not None:
                    between(left, right, name)
        elif isinstance(node, ast.BinOp) and (name := _PYTHON_NAMES.get(type(node.op))) is not None:
            between(node.left, node.right, name)
        elif isinstance(node, ast.BoolOp):
            between(node.values[0], node.values[1], _PYTHON_NAMES[type(node.op)])
        elif isinstance(node, ast.Constant) and type(node.value) is int and node.end_col_offset is not None:
            start = starts[node.lineno - 1] + node.col_offset
            made.append(Mutant(source, start, start + node.end_col_offset - node.col_offset, str(node.value + 1)))
    return made


def _aside(node: ast.AST) -> list[ast.AST]:
    """Return what is no work: annotations, and the messages of errors."""
    parts: list[ast.AST | None] = []
    if isinstance(node, (ast.arg, ast.AnnAssign)):
        parts = [node.annotation]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        parts = [node.returns]
    elif isinstance(node, ast.JoinedStr):
        parts = [node]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "msg":
        parts = [node.value]
    return [inner for part in parts if part is not None for inner in ast.walk(part)]


def of_cpp(source: str, content: bytes) -> list[Mutant]:
    """Operators between blanks, increments and whole numbers, outside of comments, texts and directives."""
    made, at = [], 0
    for line in content.split(b"\n"):
        code = line.split(b"//")[0].decode()
        if '"' not in code and not code.lstrip().startswith(("#", "template", "using", "case", "static_assert")):
            for found in _CPP.finditer(code):
                which = next(n for n in (1, 2, 3) if found.group(n) is not None)
                old = found.group(which)
                if which != 3 and old in {"<", ">", "*"} and "<" in code and ">" in code:
                    continue  # perhaps a template or a pointer
                start = at + len(code[: found.start(which)].encode())
                made.append(Mutant(source, start, start + len(old), SWAPS.get(old) or str(int(old) + 1)))
        at += len(line) + 1
    return made


class Tests:
    """Run the tests of a source, in a copy of the package."""

    def __init__(self, folder: Path) -> None:
        self.package = folder / "stochos"
        shutil.copytree(ROOT / "python" / "stochos", self.package, ignore=shutil.ignore_patterns("__pycache__"))
        self._environment = os.environ | {
            "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_PROFILE": "dev", "MPLBACKEND": "Agg",
        }  # fmt: skip
        self._usual: dict[tuple[str, ...], float] = {}

    def fail(self, names: list[str]) -> bool:
        """Whether one of them fails, or takes four times as much of a processor as it should."""
        if tuple(names) not in self._usual:
            self._usual[tuple(names)] = HANG
            begin = resource.getrusage(resource.RUSAGE_CHILDREN)
            if self.fail(names):
                sys.exit(f"{' '.join(names)} fail without any change")
            end = resource.getrusage(resource.RUSAGE_CHILDREN)
            self._usual[tuple(names)] = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
        places = [str(ROOT / "tests" / name) for name in names]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *places]
        command += ["-k", "not (fifth or interrupt or ctrl_c or at_once)"]
        return ended_badly(command, 4 * self._usual[tuple(names)] + 10, env=self._environment, cwd=ROOT)

    def usual(self, names: list[str]) -> None:
        """Make sure that they pass without a change."""
        if tuple(names) not in self._usual:
            self.fail(names)


def ended_badly(command: list[Any], seconds: float, **options: Any) -> bool:
    """Run a program; true where it fails, takes more seconds of a processor, or hangs."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))  # noqa: E731
    try:
        done = subprocess.run(command, capture_output=True, timeout=HANG, preexec_fn=limit, **options)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def python_killed(mutant: Mutant, tests: Tests) -> bool:
    path = tests.package / mutant.source
    names = PYTHON[mutant.source]
    tests.usual(names)
    before = path.read_bytes()
    path.write_bytes(mutant.apply(before))
    try:
        return tests.fail(names)
    finally:
        path.write_bytes(before)


class Build:
    """Compile one changed source and link the tests and the extension module with it."""

    def __init__(self, build: Path, folder: Path) -> None:
        self._build, self._folder = build.resolve(), folder
        commands = json.loads(self._ninja("-t", "compdb"))
        self._compile = {
            command["file"]: command["command"] for command in commands if command["file"].endswith(".cpp")
        }
        self._links = {name: self._link(name) for name in ("stochos_tests", "_core")}

    def _ninja(self, *arguments: str) -> str:
        return subprocess.run(
            ["ninja", "-C", self._build, *arguments], capture_output=True, text=True, check=True
        ).stdout

    def _link(self, name: str) -> str:
        target = next(self._build.glob(f"{name}*.so"), self._build / name).name
        return self._ninja("-t", "commands", target).strip().split("\n")[-1]

    def made(self, mutant: Mutant, content: bytes, tests: Tests) -> bool | None:
        """Put the changed module into the package; None where it does not compile, else whether the C++ tests fail."""
        source = ROOT / "cpp" / mutant.source
        changed = self._folder / source.name
        changed.write_bytes(mutant.apply(content))
        name = next(file for file in self._compile if (self._build / file).resolve() == source)
        match = re.search(r" -o (\S+) ", self._compile[name])
        assert match is not None
        made = self._folder / Path(match.group(1)).name
        command = (
            self._compile[name].replace(f" -o {match.group(1)} ", f" -o {made} ").replace(f"-c {name}", f"-c {changed}")
        )
        if subprocess.run(command, shell=True, cwd=self._build, capture_output=True).returncode != 0:
            return None
        library = self._folder / "libstochos_core.a"
        shutil.copy(self._build / library.name, library)
        subprocess.run(["ar", "r", library, made], check=True, capture_output=True)
        for target, link in self._links.items():
            out = self._folder / target
            text = re.sub(r" -o \S+ ", f" -o {out} ", link).replace(" libstochos_core.a", f" {library}")
            subprocess.run(text, shell=True, cwd=self._build, check=True, capture_output=True)
        for module in tests.package.glob("_core*.so"):
            shutil.copy(self._folder / "_core", module)
        return ended_badly([self._folder / "stochos_tests"], 120)


def cpp_killed(mutant: Mutant, tests: Tests, build: Build) -> bool | None:
    modules = {module: module.read_bytes() for module in tests.package.glob("_core*.so")}
    tests.usual(CPP[mutant.source])
    try:
        made = build.made(mutant, (ROOT / "cpp" / mutant.source).read_bytes(), tests)
        return made if made is None or made else tests.fail(CPP[mutant.source])
    finally:
        for module, content in modules.items():
            module.write_bytes(content)


def drawn(sources: dict[str, list[str]], folder: Path, find, n: int, rng: random.Random) -> list[Mutant]:
    """Return `n` changes, as many of each source as can be."""
    found = {source: find(source, (folder / source).read_bytes()) for source in sources}
    for mutants in found.values():
        rng.shuffle(mutants)
    order = list(found)
    rng.shuffle(order)
    longest = max(map(len, found.values()))
    return [found[source][k] for k in range(longest) for source in order if k < len(found[source])][:n]


def main() -> int:
    """Report what survives; 1 where less than three in four are killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=int, default=0, help="changes of Python")
    parser.add_argument("--cpp", type=int, default=0, help="changes of C++")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "python", help="with its tests, made by Ninja")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    rng, bad = random.Random(options.seed), 0
    rooms = [("Python", options.python, PYTHON, ROOT / "python" / "stochos", of_python),
             ("C++", options.cpp, CPP, ROOT / "cpp", of_cpp)]  # fmt: skip
    for language, wanted, sources, folder, find in rooms:
        if options.list:
            for source, names in sources.items():
                print(f"{source}: {len(find(source, (folder / source).read_bytes()))} changes; {' '.join(names)}")
        if wanted == 0:
            continue
        with tempfile.TemporaryDirectory(prefix="stochos-mutation-") as name:
            tests, killed, tried = Tests(Path(name)), 0, 0
            build = Build(options.build, Path(name)) if language == "C++" else None
            for mutant in drawn(sources, folder, find, wanted, rng):
                dead = python_killed(mutant, tests) if build is None else cpp_killed(mutant, tests, build)
                if dead is None:
                    continue  # no C++
                tried, killed = tried + 1, killed + dead
                if not dead:
                    print(f"survives: {mutant.told((folder / mutant.source).read_bytes())}", flush=True)
        print(f"{language}: {killed} of {tried} killed, {100 * killed / max(tried, 1):.0f} %", flush=True)
        bad += killed < LEAST * tried
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
