"""Settings of the documentation. `python docs/build.py` builds it, brings KaTeX and draws the pictures."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

project = "Stochos"
author = "The Stochos developers"
project_copyright = "The Stochos developers"
version = release = re.findall(r'^version = "(.+)"', (HERE.parent / "pyproject.toml").read_text("utf-8"), re.M)[0]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "formulas",
    "pictures",
    "commands",
    "names",
    "pages",
    "feed",
]
language = "en"
locale_dirs = ["locale"]
gettext_compact = False
gettext_uuid = False
# The texts in this folder itself are the reference; pages in reference/ include them.
exclude_patterns = ["_build", "_generated", "locale", "figures"]
TEXTS = {path.name for path in HERE.glob("*.md")} - {"index.md"}
exclude_patterns += sorted(TEXTS)
# A page of the reference is there as soon as its text is.
INCLUDE = re.compile(r"{include} \.\./(\w+\.md)")
WAITING = {
    f"reference/{page.stem}"
    for page in (HERE / "reference").glob("*.md")
    if set(INCLUDE.findall(page.read_text("utf-8"))) - TEXTS
}
exclude_patterns += [f"{page}.md" for page in sorted(WAITING)]
if tags.has("paper"):  # type: ignore[name-defined]  # noqa: F821 - Sphinx defines it
    # The PDF is for reading; what one looks up stays on the site.
    WAITING |= {"api/index", "meta/archive"}
    exclude_patterns += ["api", "meta/archive.md"]

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist", "attrs_block"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
html_math_renderer = "katex"
math_eqref_format = "({number})"
default_role = "code"
highlight_language = "text"
nitpicky = True
nitpick_ignore_regex = [
    # Types of other packages and type variables: their inventories are on the net, the site is made without it.
    (r"py:.*", r"(numpy|np|NDArray|ArrayLike|scipy|csr_array|xarray|pandas|matplotlib|collections|os|pathlib)\b.*"),
    (r"py:.*", r"(Any|Callable|Sequence|Iterable|Mapping|Literal|Path|Iterator|Axes|dataclass|optional|float32)\b.*"),
    (r"py:obj", r"[a-z_]+"),
    (r"py:mod", r"stochos\.\w+"),
    (r"py:.*", r"stochos\.(_progress|words\._|reactions\._).*"),
]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = "Stochos"
html_baseurl = os.environ.get("STOCHOS_DOCS_URL", "")
html_static_path = ["_static", "_build/assets"]
templates_path = ["_templates"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.svg"
html_js_files = [("site.js", {"defer": "defer"})]
html_additional_pages = {"search": "search.html"}
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_use_index = True
html_domain_indices = False
html_last_updated_fmt = None
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/language.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
FONTS = '"Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei"'
SANS = f'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",{FONTS},sans-serif'
MONO = f'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",{FONTS},monospace'
_LIGHT = {
    "font-stack": SANS,
    "font-stack--headings": SANS,
    "font-stack--monospace": MONO,
    "color-brand-primary": "#0b5c8a",
    "color-brand-content": "#0b5c8a",
    "color-brand-visited": "#6b3fa0",
    "color-foreground-muted": "#55595f",
    "color-foreground-secondary": "#4d5157",
}
_DARK = {
    "color-brand-primary": "#7cc4ee",
    "color-brand-content": "#7cc4ee",
    "color-brand-visited": "#c9a7f5",
    "color-foreground-muted": "#a6abb3",
    "color-foreground-secondary": "#b4b9c0",
}
html_theme_options = {
    "light_css_variables": _LIGHT,
    "dark_css_variables": _DARK,
    "top_of_page_buttons": [],
    "navigation_with_keys": False,
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
suppress_warnings = ["config.cache"]


def setup(app: Any) -> None:
    """Leave pages whose text is not there out of the table of contents."""

    def without_waiting(_app: Any, _name: str, content: list[str]) -> None:
        content[0] = "\n".join(line for line in content[0].split("\n") if line not in WAITING)

    app.connect("source-read", without_waiting)
