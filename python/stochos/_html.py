"""What notebooks show of an object: its line, and a table beneath."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["described"]

#: Rows that are shown.
_SHOWN = 30


def described(thing: object, head: Sequence[str] = (), rows: Iterable[Sequence[object]] = (), total: int = 0) -> str:
    """Return the repr of `thing` and a table as HTML.

    Parameters
    ----------
    thing : object
    head : sequence of str
        Headings of the columns.
    rows : iterable of sequences
        Cells, shown by ``str``; only the first thirty rows are taken.
    total : int
        How many rows there are in all, where that is more.
    """
    made = [
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row, _ in zip(rows, range(_SHOWN), strict=False)
    ]
    text = f"<p>{escape(repr(thing))}</p>"
    if not made:
        return text
    if total > len(made):
        made.append(f'<tr><td colspan="{len(head)}">… and {total - len(made):,} more</td></tr>')
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    return f"{text}<table><thead><tr>{titles}</tr></thead><tbody>{''.join(made)}</tbody></table>"
