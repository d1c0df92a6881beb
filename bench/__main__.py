"""All of bench/ on one page: every room beside the peers that are installed, each in a process of its own.

python -m bench                          # all rooms, an hour or two
python -m bench words nn --quick         # some, with few samples
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))  # the scripts import one another as neighbours

from turns import installed, processor  # noqa: E402

from stochos import config  # noqa: E402

#: Title, script, its arguments, and what makes it quick.
ROOMS: dict[str, tuple[str, str, list[str], list[str]]] = {
    "words": ("Word vectors", "words_bench.py", [], ["--quick"]),
    "reactions": ("Simulation", "reactions_bench.py", [], ["--seconds", "0.2", "--patience", "20"]),
    "nn": ("Networks", "nn_bench.py", [], ["--samples", "3"]),
    "gan": ("GANs", "gan_bench.py", [], ["--samples", "3"]),
    "rnn": ("Recurrent layers", "rnn_bench.py", [], ["--rounds", "3"]),
    "gradient_flow": ("Gradient flow", "gradient_flow_bench.py", [], ["--repeat", "2", "--no-report"]),
    "cuda": ("Graphics cards", "cuda_bench.py", [], ["--samples", "1", "--quick"]),
    "albert": ("ALBERT", "albert_bench.py", [], ["--samples", "1", "--layers", "2"]),
}
PEERS = (
    "numpy", "scipy", "gensim", "numba", "bioscrape", "bngsim", "rebop", "copasi-basico", "libroadrunner", "gillespy2",
    "torch", "jax", "transformers",
)  # fmt: skip


def head() -> str:
    """Return the lines that say where the figures come from."""
    found = config.describe()
    peers = ", ".join(f"{name} {version}" for name in PEERS if (version := installed(name)))
    return (
        f"# Measurements\n\n{processor()}, {platform.system()} {platform.machine()}, {found['instruction_set']}; "
        f"{time.strftime('%Y-%m-%d')}.\nStochos {found['version']}, Python {platform.python_version()}, {peers}.\n\n"
        "Every section is one run, tools in turn; min is the least of the samples, and ratios are of minima.\n"
    )


def section(room: str, quick: bool, more: list[str]) -> tuple[str, bool]:
    """Run a room's script; return its section of the page, and whether the script came to its end."""
    title, script, given, short = ROOMS[room]
    arguments = [*given, *(short if quick else []), *more]
    begin = time.monotonic()
    command = [sys.executable, str(FOLDER / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    minutes = (time.monotonic() - begin) / 60
    text = done.stdout.strip()
    if "|--" not in text.replace(" ", "").replace("-:", "--"):
        text = f"```text\n{text}\n```"
    shown = " ".join(["python", f"bench/{script}", *arguments])
    lines = [f"## {title}", f"`{shown}`, {minutes:.1f} minutes", text]
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        lines.append(f"**Ended with exit code {done.returncode}:**\n\n```text\n{last}\n```")
    return "\n\n".join(lines) + "\n", done.returncode == 0


def main() -> int:
    """Run the rooms and write the page; what is measured is on disk after each room."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; by default all")
    parser.add_argument("--quick", action="store_true", help="few samples, small sizes")
    parser.add_argument("--output", type=Path, default=Path("bench-results.md"), help="the page (bench-results.md)")
    parser.add_argument("--corpus", type=Path, help="a text for the room words")
    parser.add_argument("--eval", type=Path, help="folder with the data of evaluation, for the room words")
    parser.add_argument("--networks", type=Path, help="folder with .net files, for the room reactions")
    options = parser.parse_args()
    if unknown := set(options.rooms) - set(ROOMS):
        parser.error(f"no room {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}")
    more: dict[str, list[str]] = {}
    for room, name in (("words", "corpus"), ("words", "eval"), ("reactions", "networks")):
        if given := getattr(options, name):
            more.setdefault(room, []).extend([f"--{name}", str(given)])
    page, good = head(), True
    for room in options.rooms or ROOMS:
        print(f"{room} …", flush=True)
        text, ended = section(room, options.quick, more.get(room, []))
        print(text, flush=True)
        page, good = f"{page}\n{text}", good and ended
        options.output.write_text(page)
    print(f"→ {options.output}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
