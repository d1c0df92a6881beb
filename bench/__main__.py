"""All of bench/ on one page: every room beside the peers that are installed, each in a process of its own.

python -m bench                          # all rooms, an hour or two, into bench/results.md
python -m bench words nn --quick         # some, with few samples
python -m bench --readme                 # nothing is measured: README quotes the page that is kept, bench/results.md
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))  # the scripts import one another as neighbours

import summary  # noqa: E402
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


KEPT = FOLDER / "results.md"
ABOUT = (
    "One run, tools in turn. min is the least of the samples, spread the width of their middle half as a share of the "
    "median; a ratio is of minima, the peer's by Stochos's. One thread: CPU time; more: wall time.\n"
)


def head(notes: list[dict]) -> str:
    """Return the top of the page: where the figures come from, and the table that README quotes."""
    found = config.describe()
    peers = ", ".join(f"{name} {version}" for name in PEERS if (version := installed(name)))
    return (
        f"# Measurements\n\n{ABOUT}\n{summary.BEGIN}\n{processor()}, {platform.system()} {platform.machine()}, "
        f"{found['instruction_set']}; {time.strftime('%Y-%m-%d')}; Stochos {found['version']}, "
        f"Python {platform.python_version()}, {peers}\n\n{summary.table(notes)}\n{summary.END}\n"
    )


def section(room: str, quick: bool, more: list[str], notes: Path) -> tuple[str, bool]:
    """Run a room's script, which adds to `notes`; return its section, and whether the script came to its end."""
    title, script, given, short = ROOMS[room]
    arguments = [*given, *(short if quick else []), *more]
    begin = time.monotonic()
    command = [sys.executable, str(FOLDER / script), *arguments]
    environment = os.environ | {summary.VARIABLE: str(notes)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    minutes = (time.monotonic() - begin) / 60
    text = done.stdout.strip()
    if "|--" not in text.replace(" ", "").replace("-:", "--"):
        text = f"```text\n{text}\n```"
    # Of a path its name: where a folder lies is the matter of one machine.
    shown = " ".join(["python", f"bench/{script}", *(Path(given).name for given in arguments)])
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
    parser.add_argument("--output", type=Path, help="the page (bench/results.md; with --quick bench-results.md)")
    parser.add_argument("--readme", action="store_true", help="measure nothing; let README quote bench/results.md")
    parser.add_argument("--corpus", type=Path, help="a text for the room words")
    parser.add_argument("--eval", type=Path, help="folder with the data of evaluation, for the room words")
    parser.add_argument("--networks", type=Path, help="folder with .net files, for the room reactions")
    options = parser.parse_args()
    if options.readme:
        summary.quote(KEPT, FOLDER.parent / "README.md", FOLDER.parent / "README.zh.md")
        return 0
    output = options.output or (Path("bench-results.md") if options.quick or options.rooms else KEPT)
    if unknown := set(options.rooms) - set(ROOMS):
        parser.error(f"no room {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}")
    more: dict[str, list[str]] = {}
    for room, name in (("words", "corpus"), ("words", "eval"), ("reactions", "networks")):
        if given := getattr(options, name):
            more.setdefault(room, []).extend([f"--{name}", str(given)])
    sections: list[str] = []
    good = True
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        notes.touch()
        for room in options.rooms or ROOMS:
            print(f"{room} …", flush=True)
            text, ended = section(room, options.quick, more.get(room, []), notes)
            print(text, flush=True)
            sections.append(text)
            good = good and ended
            noted = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
            output.write_text("\n".join([head(noted), *sections]), encoding="utf-8")
    print(f"→ {output}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
