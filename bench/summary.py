"""The page's first table: each work once, Stochos beside the quickest peer; README quotes it.

A script notes what it has measured; `python -m bench` collects the notes of all scripts and makes the table of them.
"""

from __future__ import annotations

import json
import os
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Names the file that notes go to; without it nothing is noted.
VARIABLE = "STOCHOS_BENCH_NOTES"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
_BLOCK = re.compile(f"{re.escape(BEGIN)}\n(.*?)\n{re.escape(END)}", re.DOTALL)
HEAD = ("work", "threads", "Stochos min", "median", "spread", "quickest peer", "min", "median", "spread", "ratio")
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))
#: What is Chinese in README.zh.md; longer phrases first. What stands nowhere here is the same in both.
CHINESE = {
    "Stochos min": "Stochos 最短",
    "quickest peer": "最快的同类",
    "elementwise chain, 10⁶ numbers": "逐元素运算链，10⁶ 个数",
    "training step of an MLP": "MLP 的一步训练",
    "one small operation": "一次小运算",
    "product of matrices": "矩阵乘积",
    "training step of a GAN": "GAN 的一步训练",
    "forward and backward": "前向与反向",
    "Jacobians of an LSTM": "LSTM 的雅可比矩阵",
    "from text to counts": "从文本到计数",
    "from text to vectors": "从文本到词向量",
    "Python dictionary": "Python 字典",
    "one event of": "一次事件",
    "steps": "步",
    "units": "个单元",
    "forward": "前向",
    "threads": "线程",
    "median": "中位数",
    "spread": "离散",
    "ratio": "倍数",
    "work": "任务",
    "min": "最短",
}


def spread(seconds: Sequence[float]) -> float | None:
    """Return the width of the middle half of the samples as a share of their median; None of a single sample."""
    if len(seconds) < 2:
        return None
    low, middle, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return (high - low) / middle


def percent(seconds: Sequence[float]) -> str:
    """Return the spread as tables have it."""
    share = spread(seconds)
    return "–" if share is None else f"{share:.1%}"


def note(work: str, threads: int, ours: Sequence[float], peers: Mapping[str, object]) -> None:
    """Keep the samples of a work, in seconds, for the table; peers that gave none are left out."""
    target = os.environ.get(VARIABLE)
    if not target or not ours:
        return
    measured = {name: list(found) for name, found in peers.items() if isinstance(found, (list, tuple)) and found}
    with Path(target).open("a", encoding="utf-8") as file:
        line = {"work": work, "threads": threads, "ours": list(ours), "peers": measured}
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def table(notes: Sequence[Mapping[str, object]]) -> str:
    """Return the Markdown table of all notes."""
    lines = [HEAD, ("---",) * len(HEAD)]
    for one in notes:
        ours: list[float] = one["ours"]
        cells = [str(one["work"]), str(one["threads"]), *_figures(ours)]
        if one["peers"]:
            name, theirs = min(one["peers"].items(), key=lambda item: min(item[1]))
            cells += [name, *_figures(theirs), f"{min(theirs) / min(ours):.2f}×"]
        lines.append((*cells, *["–"] * (len(HEAD) - len(cells))))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _figures(seconds: Sequence[float]) -> tuple[str, str, str]:
    return _time(min(seconds)), _time(statistics.median(seconds)), percent(seconds)


def _time(seconds: float) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size)
    return f"{seconds / (size or 1e-9):.3g} {unit}"


def block(text: str, place: str) -> str:
    """Return what stands between the marks of a page.

    Raises
    ------
    ValueError
        They are not there once each.
    """
    found = _BLOCK.findall(text)
    if len(found) != 1:
        msg = f"{place} holds {len(found)} blocks between {BEGIN} and {END}; one is needed"
        raise ValueError(msg)
    return found[0]


def with_block(text: str, made: str, place: str) -> str:
    """Return the page with another block."""
    block(text, place)  # there is exactly one
    return _BLOCK.sub(lambda _: f"{BEGIN}\n{made}\n{END}", text)


def chinese(made: str) -> str:
    """Return the block with the words of README.zh.md in its table."""

    def told(line: str) -> str:
        if line.startswith("|"):
            for english, other in CHINESE.items():
                line = re.sub(rf"(?<!\w){re.escape(english)}(?!\w)", other, line)
        return line

    return "\n".join(map(told, made.split("\n")))


def quote(page: Path, readme: Path, readme_zh: Path) -> None:
    """Write the table of the page into both READMEs."""
    made = block(page.read_text(encoding="utf-8"), str(page))
    for path, text in ((readme, made), (readme_zh, chinese(made))):
        path.write_text(with_block(path.read_text(encoding="utf-8"), text, str(path)), encoding="utf-8")
