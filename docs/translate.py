"""Keep the Chinese of the guides whole: `python docs/translate.py` takes new paragraphs up, `--check` looks for gaps.

Translated is every paragraph that stands in a page of this folder: the guides, the recipes, and the summaries above the
reference. The reference texts that those pages include, and docstrings, stay English.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).resolve().parent
POT = HERE / "_build" / "gettext"
PO = HERE / "locale" / "zh_CN" / "LC_MESSAGES"


def extract() -> None:
    """Have Sphinx write the paragraphs of every page."""
    shutil.rmtree(POT, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "gettext", "-d", str(HERE / "_build" / "trees" / "gettext")]
    done = subprocess.run([*command, str(HERE), str(POT)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)


def is_ours(location: str, domain: str) -> bool:
    """Tell whether a paragraph stands in the page itself, not in a docstring or a text that the page includes."""
    place = os.path.normpath(POT / location)
    stem = os.path.splitext(place)[0]
    return "docstring of" not in location and stem == str(HERE / domain)


def is_same(text: str, source: str) -> bool:
    """Tell whether a text needs no translation: a formula, or a piece of code."""
    return f"$$\n{text}\n$$" in source or bool(re.fullmatch(r"`[^`]+`|\$[^$]+\$|stochos\.\w+", text))


def template(path: Path) -> Catalog:
    """Return what is to be translated of a page."""
    domain = path.relative_to(POT).with_suffix("").as_posix()
    page = next(found for ending in (".md", ".rst") if (found := HERE / (domain + ending)).exists())
    source = page.read_text("utf-8")
    paragraphs = {" ".join(part.split()).removeprefix("# ") for part in source.split("\n\n")}
    with path.open("rb") as file:
        extracted = read_po(file)
    wanted = Catalog(locale="zh_CN", fuzzy=False)
    for message in extracted:
        text = str(message.id)
        if not text or not any(is_ours(place, domain) for place, _ in message.locations) or is_same(text, source):
            continue
        if domain.startswith("reference/") and " ".join(text.split()) not in paragraphs:
            continue  # a cell of a table of the included text, which Sphinx takes for one of this page
        wanted.add(message.id)
    return wanted


def known(path: Path) -> dict[str, str]:
    """Return the translations that a file has; fuzzy ones do not count."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale="zh_CN") if m.id and m.string and not m.fuzzy}


def pages() -> list[tuple[str, Catalog]]:
    """Return (page, paragraphs) of all pages."""
    paths = [path for path in sorted(POT.rglob("*.pot")) if path != POT / "sphinx.pot"]  # that one is the templates'
    found = [(path.relative_to(POT).with_suffix("").as_posix(), template(path)) for path in paths]
    return [(name, catalog) for name, catalog in found if len(catalog)]


def update() -> int:
    """Write each page's file anew with what is translated already; return how many paragraphs wait."""
    waiting = 0
    for name, catalog in pages():
        path = PO / f"{name}.po"
        have = known(path)
        for message in catalog:
            if message.id:
                message.string = have.get(str(message.id), "")
                waiting += not message.string
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=120, no_location=True, omit_header=True)
    return waiting


def gaps() -> list[str]:
    """Return the paragraphs without translation, and those that no page has any more."""
    found = []
    for name, catalog in pages():
        have = known(PO / f"{name}.po")
        wanted = {str(message.id) for message in catalog if message.id}
        found += [f"{name}: not translated: {text!r}" for text in sorted(wanted - set(have))]
        found += [f"{name}: no longer there: {text!r}" for text in sorted(set(have) - wanted)]
    return found


def main() -> None:
    """Update or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--check", action="store_true", help="end with an error where a translation is missing or left over"
    )
    options = parser.parse_args()
    extract()
    if options.check:
        sys.exit("\n".join(gaps()) or None)
    sys.stdout.write(f"{update()} paragraphs wait for a translation\n")


if __name__ == "__main__":
    main()
