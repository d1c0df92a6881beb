"""The page of a tour: what a chapter says goes to the terminal at once and into one self-contained HTML file."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING

import click

from stochos.cli._common import pad, width

if TYPE_CHECKING:
    from collections.abc import Sequence

_STYLE = """
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #23262b; --soft: #5d646e; --line: #d9d6cd; --card: #fff;
  --accent: #0b62a8; --good: #1b7a3d; --g0: #0b62a8; --g1: #b4452c; --g2: #1b7a3d; --g3: #8a5a00; --g4: #7a3fa0;
  --g5: #00727c; --g6: #b0307a; --g7: #56606b; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e6e4df; --soft: #a2a8b1; --line: #363a41;
  --card: #1e2126; --accent: #74b6ef; --good: #7ccf95; --g0: #74b6ef; --g1: #f0937d; --g2: #7ccf95; --g3: #e0b25a;
  --g4: #c9a0ea; --g5: #67cbd4; --g6: #f08cc2; --g7: #b3bac3; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.55;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.35rem; margin: 2.5rem 0 .5rem; border-top: 3px solid var(--accent); padding-top: .8rem; }
h3 { font-size: 1.08rem; margin: 2rem 0 .3rem; }
p { margin: .5rem 0; }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: .85rem; white-space: nowrap; }
td:first-child { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.hit { color: var(--good); font-weight: 600; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.6rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .7rem; }
.facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: 0; font-size: 1.2rem; font-weight: 600; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem; }
figure svg { display: block; width: 100%; height: auto; margin: 0 auto; }
figcaption { color: var(--soft); font-size: .88rem; margin-top: .4rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem; overflow-x: auto;
  font-size: .85rem; line-height: 1.45; }
footer { color: var(--soft); font-size: .85rem; margin-top: 3rem;
  border-top: 1px solid var(--line); padding-top: .8rem; }
svg text { fill: var(--ink); font-family: inherit; }
svg .soft { fill: var(--soft); } svg .grid { stroke: var(--line); } svg .rule { stroke: var(--g1); }
svg .axis { stroke: var(--soft); }
.g0 { color: var(--g0); } .g1 { color: var(--g1); } .g2 { color: var(--g2); } .g3 { color: var(--g3); }
.g4 { color: var(--g4); } .g5 { color: var(--g5); } .g6 { color: var(--g6); } .g7 { color: var(--g7); }
svg .mark { fill: currentColor; } svg text.mark { font-weight: 600; }
@media (max-width: 30rem) { th, td { padding-right: .55rem; } table { font-size: .86rem; } figure { padding: .25rem; } }
@media print { :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; } main { max-width: none; }
  figure, table, .facts, pre { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll { overflow: visible; } }
"""


class Page:
    """One tour: text to the terminal, HTML kept for the report.

    Parameters
    ----------
    quiet : bool
        Print nothing; only the report is made.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._parts: list[str] = []

    def _say(self, text: str = "") -> None:
        if not self._quiet:
            click.echo(text)

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self._say()
        self._say(click.style(title, bold=True))
        self._say("=" * width(title))
        self._parts.append(f"<h2>{escape(title)}</h2>")

    def section(self, title: str, text: str = "") -> None:
        """Begin a section, with a paragraph under its title."""
        self._say()
        self._say(click.style(title, bold=True))
        self._parts.append(f"<h3>{escape(title)}</h3>")
        if text:
            self.paragraph(text)

    def paragraph(self, text: str) -> None:
        """Say a paragraph."""
        self._say(textwrap.fill(text, 100))
        self._parts.append(f"<p>{escape(text)}</p>")

    def facts(self, values: dict[str, str]) -> None:
        """Show a few names with their values."""
        first = max(map(width, values))
        for name, value in values.items():
            self._say(f"  {pad(name, first)}  {value}")
        cells = "".join(f"<div><dt>{escape(n)}</dt><dd>{escape(v)}</dd></div>" for n, v in values.items())
        self._parts.append(f'<dl class="facts">{cells}</dl>')

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = (), hits: int = -1
    ) -> None:
        """Show a table.

        Parameters
        ----------
        columns : sequence of str
            The heads.
        rows : sequence of sequences of str
            The cells, as text.
        numbers : sequence of int
            Columns that hold numbers and are set to the right.
        hits : int
            A column whose cells that begin with a tick are set in green; -1 for none.
        """
        widths = [max(width(cell) for cell in column) for column in zip(columns, *rows, strict=True)]

        def line(cells: Sequence[str]) -> str:
            laid = [
                " " * (w - width(cell)) + cell if i in numbers else pad(cell, w)
                for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
            ]
            return "  " + "  ".join(laid).rstrip()

        self._say(click.style(line(columns), dim=True))
        for row in rows:
            self._say(line(row))

        def cells(tag: str, row: Sequence[str]) -> str:
            made = []
            for i, cell in enumerate(row):
                names = ["number"] * (i in numbers) + ["hit"] * (i == hits and cell.startswith("✓"))
                attribute = f' class="{" ".join(names)}"' if names else ""
                made.append(f"<{tag}{attribute}>{escape(cell)}</{tag}>")
            return f"<tr>{''.join(made)}</tr>"

        head, body = cells("th", columns), "".join(cells("td", row) for row in rows)
        self._parts.append(
            f'<div class="scroll" tabindex="0"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'
        )

    def figure(self, svg: str, caption: str) -> None:
        """Show a figure, in the report only."""
        self._parts.append(f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>")

    def code(self, text: str) -> None:
        """Show lines of a program."""
        self._say(textwrap.indent(text, "  "))
        self._parts.append(f'<pre tabindex="0"><code>{escape(text)}</code></pre>')

    def html(self, title: str, footer: str) -> str:
        """Return the report: one HTML file that asks the network for nothing."""
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
            f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
            + "\n".join(self._parts)
            + f"\n<footer>{escape(footer)}</footer>\n</main>\n</body>\n</html>\n"
        )
