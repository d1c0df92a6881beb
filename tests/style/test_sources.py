"""The house rules that a machine can hold: sizes, arrows between the rooms, what never stands in a source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cpp", "python", "tests", "bench", "docs", "cmake", ".ci")


def files(*suffixes: str, rooms: tuple[str, ...] = ROOMS) -> list[Path]:
    """Return the sources with these endings; what a build leaves behind is not looked at."""
    found = [
        path
        for room in rooms
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix in suffixes and not {"__pycache__", "_build"} & set(path.parts)
    ]
    assert found, f"no {suffixes} under {rooms}"
    return sorted(found)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


CPP = files(".cpp", ".hpp", ".inl", ".cu", ".cuh", rooms=("cpp", "tests"))
PYTHON = files(".py", ".pyi")


def test_cpp_file_stays_below_500_lines_and_python_file_below_400():
    long = {name(p): n for p in CPP if (n := len(p.read_text("utf-8").splitlines())) >= 500}
    long |= {name(p): n for p in PYTHON if (n := len(p.read_text("utf-8").splitlines())) >= 400}
    assert not long


# bind → {words, reactions, tensor} → cuda → {expr, kernels} → random → base, never sideways between the three.
BELOW = {"base": set(), "random": {"base"}, "expr": {"random", "base"}, "kernels": {"random", "base"}}
BELOW |= {room: {"expr", "kernels", "random", "base"} for room in ("words", "reactions", "tensor")}
BELOW["cuda"] = {"expr", "kernels", "random", "base"}
for room in ("words", "reactions"):
    BELOW[room].add("cuda")
BELOW["bind"] = set(BELOW)


def test_includes_follow_the_arrows():
    wrong = []
    for path in files(".cpp", ".hpp", ".inl", ".cu", ".cuh", rooms=("cpp",)):
        room = path.relative_to(ROOT / "cpp").parts[0]
        for target in re.findall(r'^\s*#include\s+"([^"]+)"', path.read_text("utf-8"), re.MULTILINE):
            other = target.split("/")[0]
            if other != room and other not in BELOW[room]:
                wrong.append(f"{name(path)} includes {target}")
    assert not wrong


def test_python_is_seen_in_bind_alone():
    wrong = [
        name(path)
        for path in files(".cpp", ".hpp", ".inl", ".cu", ".cuh", rooms=("cpp",))
        if "bind" not in path.parts and re.search(r"#include\s+[<\"](Python\.h|pybind11/)", path.read_text("utf-8"))
    ]
    assert not wrong


def test_kernels_hold_no_standard_library_code():
    # An inline function of the library compiled with wide instructions could be the copy that the linker keeps.
    plain = {"cstddef", "cstdint", "immintrin.h", "arm_neon.h"}
    types = r"std::(?!size_t|ptrdiff_t|u?int(8|16|32|64|ptr)_t)"
    wrong = []
    for path in files(".inl", rooms=("cpp",)):
        text = re.sub(r"//.*", "", path.read_text("utf-8"))
        wrong += [f"{name(path)}: <{h}>" for h in re.findall(r"#include\s+<([^>]+)>", text) if h not in plain]
        wrong += [f"{name(path)}: {m.group()}…" for m in re.finditer(types, text)]
    assert not wrong


def test_no_code_is_read_from_data():
    banned_modules = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib"}
    wrong = []
    for path in files(".py", rooms=("python",)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                wrong += [f"{name(path)}: {a.name}" for a in node.names if a.name.split(".")[0] in banned_modules]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in banned_modules:
                wrong.append(f"{name(path)}: {node.module}")
            elif isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                allows = any(k.arg == "allow_pickle" and getattr(k.value, "value", True) for k in node.keywords)
                if called in {"eval", "exec", "compile", "__import__"} or allows:
                    wrong.append(f"{name(path)}, line {node.lineno}: {called or 'allow_pickle'}")
    assert not wrong


def test_no_silent_casts_and_no_loose_arithmetic():
    forbidden = re.compile("force" + "cast|-ff" + "ast-math|-Of" + "ast|" + r"pragma\s+GCC\s+optimize")
    paths = [*files(".cpp", ".hpp", ".inl", ".cu", ".cuh", ".cmake", rooms=("cpp", "cmake")), ROOT / "CMakeLists.txt"]
    paths += [ROOT / "pyproject.toml", ROOT / "CMakePresets.json"]
    assert not [name(p) for p in paths if forbidden.search(re.sub(r"//.*", "", p.read_text("utf-8")))]


TEXTS = files(".py", ".pyi", ".cpp", ".hpp", ".inl", ".cu", ".cuh", ".md", ".txt", ".cmake", "")
TEXTS += [path for path in ROOT.glob("*.*") if path.is_file() and path.name != ".git"]


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a path of one machine", r"/(wo" + r"rk|ro" + r"ot|home|Users)/\w|/tmp/(wt|de" + r"v)\b"),
        ("unfinished work", r"\b(TO" + r"DO|FIX" + r"ME|NotImplemented" + r"Error)\b"),
    ],
)
def test_sources_hold_no(what: str, pattern: str):
    wrong = []
    for path in TEXTS:
        wrong += [f"{name(path)}: {m.group()}" for m in re.finditer(pattern, path.read_text("utf-8"))]
    assert not wrong, what


def test_every_python_file_of_the_package_says_what_it_is():
    assert not [
        name(p) for p in files(".py", rooms=("python",)) if not ast.get_docstring(ast.parse(p.read_text("utf-8")))
    ]
