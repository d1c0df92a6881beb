"""An Atom feed of the changelog, `feed.xml`: one entry a version."""

from __future__ import annotations

import datetime
import os
import re
from html import escape
from pathlib import Path
from typing import Any

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"


def build_date() -> str:
    """Return the day of the build, or that of SOURCE_DATE_EPOCH."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC) if epoch else datetime.datetime.now(datetime.UTC)
    return now.date().isoformat()


def entries(text: str) -> list[tuple[str, str, str]]:
    """Return (version, day, text) of each section of a changelog; what is not released yet has the day of the build."""
    found = []
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        version = re.sub(r"[\[\]]", "", heading.split(" - ")[0]).strip()
        day = re.search(r"\d{4}-\d{2}-\d{2}", heading)
        found.append((version, day.group() if day else build_date(), body.strip()))
    return found


def atom(text: str, base: str) -> str:
    """Return the feed of a changelog as XML."""
    found = entries(text)
    updated = max((day for _, day, _ in found), default=build_date())
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en" xml:base="{escape(base)}">',
        "<title>Stochos: changes</title>",
        "<id>tag:stochos,2026:changes</id>",
        f"<updated>{updated}T00:00:00Z</updated>",
        "<author><name>The Stochos developers</name></author>",
        '<link rel="self" href="feed.xml"/>',
        '<link rel="alternate" href="reference/changelog.html"/>',
    ]
    for version, day, body in found:
        lines += [
            "<entry>",
            f"<title>Stochos {escape(version)}</title>",
            f"<id>tag:stochos,2026:changes/{escape(version.lower())}</id>",
            f"<updated>{day}T00:00:00Z</updated>",
            '<link rel="alternate" href="reference/changelog.html"/>',
            f'<content type="text">{escape(body)}</content>',
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>", ""])


def _write(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.name == "html":
        text = atom(CHANGELOG.read_text("utf-8"), app.config.html_baseurl)
        (Path(app.outdir) / "feed.xml").write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Write the feed at the end of the build."""
    app.connect("build-finished", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
