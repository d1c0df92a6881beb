"""What each page says about itself: tags, the other language, how to cite it; and the archive of all."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from feed import build_date
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = ("guide", "howto", "reference", "api")
#: The words of the templates and of the archive in Chinese; in English they stand for themselves.
CHINESE = {
    "networks": "神经网络",
    "guide": "指南",
    "howto": "操作方法",
    "reference": "参考",
    "api": "API",
    "Guides": "指南",
    "Recipes": "操作方法",
    "Reference": "参考",
    "Programming interface": "编程接口",
    "By tag": "按标签",
    "words": "词向量",
    "reactions": "反应网络",
    "start": "入门",
    "mathematics": "数学",
    "files": "文件",
    "large data": "大数据",
    "interoperation": "互操作",
    "SBML": "SBML",
    "project": "项目",
    "speed": "性能",
    "site": "本站",
    "Tags": "标签",
    "Cite this page": "引用本页",
    "Share": "分享",
    "Print": "打印",
    "Copy": "复制",
    "Copied": "已复制",
    "Licence": "许可",
    "Last changed": "最后修改",
    "The whole guide as a PDF": "整本指南的 PDF",
    "Changes as a feed": "更新订阅（Atom）",
    "Search": "搜索",
    "Search the documentation": "搜索文档",
    "A question or a few words": "输入一句话或几个词",
    "results": "条结果",
    "Nothing found. The archive lists every page:": "没有找到。所有页面都列在归档中：",
    "Searching": "正在搜索",
    "Archive": "归档",
    "The search needs the site to be served over HTTP; the archive lists every page:": (
        "搜索需要通过 HTTP 打开本站；所有页面都列在归档中："
    ),
    "The search needs JavaScript. Without it, the archive lists every page:": (
        "搜索需要 JavaScript。没有它时，可在归档中查看所有页面："
    ),
    "LaTeX copied": "LaTeX 已复制",
    "Link copied": "链接已复制",
    "Text, pictures and code: BSD-3-Clause": "文字、图片与代码：BSD-3-Clause",
    "This text is in English.": "以下正文为英文。",
    "Open the navigation": "打开导航",
    "Open the contents of this page": "打开本页目录",
    "Site navigation": "网站导航",
    "Contents of this page": "本页目录",
}
HEADINGS = {"guide": "Guides", "howto": "Recipes", "reference": "Reference", "api": "Programming interface"}
PAPER = HEADINGS | {"meta": "Licence"}


def translator(language: str | None) -> Any:
    """Return the function that says a word of the templates in the site's language."""
    return (lambda text: CHINESE[text]) if language == "zh_CN" else (lambda text: text)


def tags_of(metadata: dict[str, Any]) -> list[str]:
    """Return the tags in a page's front matter."""
    return [tag.strip() for tag in str(metadata.get("tags", "")).split(",") if tag.strip()]


def slug(tag: str) -> str:
    """Return the anchor of a tag in the archive."""
    return "tag-" + re.sub(r"\W+", "-", tag.lower())


def last_change(path: Path) -> str:
    """Return the day of the last commit of a file, or that of the build where there is no history."""
    command = ["git", "log", "-1", "--format=%cs", "--", path.name]
    try:
        done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    except OSError:
        return build_date()
    return done.stdout.strip() or build_date()


def bibtex(title: str, pagename: str, version: str, day: str, url: str) -> str:
    """Return the BibTeX entry of a page."""
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    author = re.findall(r'- name: "?([^"\n]+)', citation)[0]
    key = "stochos-" + re.sub(r"\W+", "-", pagename)
    return "\n".join(
        [
            f"@misc{{{key},",
            f"  title = {{{title}}},",
            f"  author = {{{{{author}}}}},",
            f"  year = {{{day[:4]}}},",
            f"  howpublished = {{Documentation of Stochos {version}}},",
            f"  note = {{Last changed {day}}},",
            f"  url = {{{url}}}",
            "}",
        ]
    )


class ArchiveList(nodes.General, nodes.Element):
    """Stands for the list until all pages are known."""


class Archive(SphinxDirective):
    """Every page with its tags, by section and by tag."""

    def run(self) -> list[nodes.Node]:
        """Leave the place."""
        return [ArchiveList()]


def _entry(app: Any, origin: str, docname: str) -> nodes.list_item:
    environment = app.env
    title = environment.titles[docname].astext()
    link = nodes.reference("", title, internal=True, refuri=app.builder.get_relative_uri(origin, docname))
    paragraph = nodes.paragraph("", "", link)
    metadata = environment.metadata.get(docname, {})
    key = "description_zh" if app.config.language == "zh_CN" else "description"
    if metadata.get(key):
        paragraph += nodes.Text(("：" if key.endswith("zh") else ": ") + metadata[key])
    return nodes.list_item("", paragraph)


def _section(title: str, anchor: str, items: list[nodes.list_item]) -> nodes.section:
    return nodes.section("", nodes.title(title, title), nodes.bullet_list("", *items), ids=[anchor], names=[anchor])


def _fill(app: Any, doctree: nodes.document, origin: str) -> None:
    for place in list(doctree.findall(ArchiveList)):
        say = translator(app.config.language)
        names = sorted(app.env.found_docs, key=lambda name: app.env.titles[name].astext().lower())
        filled: list[nodes.Node] = []
        for section in SECTIONS:
            chosen = [_entry(app, origin, name) for name in names if name.startswith(section + "/")]
            if chosen:
                filled.append(_section(say(HEADINGS[section]), f"section-{section}", chosen))
        by_tag: dict[str, list[nodes.list_item]] = {}
        for name in names:
            for tag in tags_of(app.env.metadata.get(name, {})):
                by_tag.setdefault(tag, []).append(_entry(app, origin, name))
        tags = nodes.section("", nodes.title("", say("By tag")), ids=["by-tag"], names=["by-tag"])
        for tag in sorted(by_tag, key=str.lower):
            tags += _section(say(tag), slug(tag), by_tag[tag])
        place.replace_self([*filled, tags])


#: Roles that docutils gives to citations and that ARIA has given up.
OLD_ROLES = re.compile(r' role="doc-biblioentry"|(?<=<div) role="list"(?= class="citation-list")')


def _context(app: Any, pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    language = app.config.language
    say = translator(language)
    metadata = app.env.metadata.get(pagename, {})
    up = context["content_root"]
    archive = up + "meta/archive.html"
    source = Path(app.env.doc2path(pagename)) if pagename in app.env.found_docs else ROOT / "README.md"
    day = last_change(source)
    title = re.sub(r"<[^>]+>", "", context.get("title") or "Stochos")
    url = app.config.html_baseurl + pagename + ".html"
    other = "en" if language == "zh_CN" else "zh"
    key = "description_zh" if language == "zh_CN" else "description"
    tree = context.get("furo_navigation_tree", "").replace('role="heading"', 'role="heading" aria-level="2"')
    context.update(
        say=say,
        furo_navigation_tree=tree,
        body=OLD_ROLES.sub("", context.get("body") or ""),
        is_chinese=language == "zh_CN",
        other_language=other,
        other_link=f"{up}../{other}/{pagename}.html",
        archive_link=archive,
        page_tags=[(say(tag), f"{archive}#{slug(tag)}") for tag in tags_of(metadata)],
        page_description=metadata.get(key, ""),
        page_changed=day,
        bibtex=bibtex(title, pagename, app.config.version, day, url),
        in_search=pagename in app.env.found_docs and pagename != "meta/archive",
        search_weight={"guide": 8, "howto": 8, "reference": 4, "meta": 4}.get(pagename.partition("/")[0], 1),
        text_in_english=language == "zh_CN" and pagename.startswith(("reference/", "api/")),
    )


#: A page within the one page of the PDF.
CHAPTER = re.compile(
    r'<span id="document-(?P<name>[^"]+)"></span><section[^>]* id="(?P<id>[^"]+)">\s*<h2>(?P<title>.*?)'
    r'(?:<a class="headerlink"|</h2>)',
    re.DOTALL,
)


def _paper_contents(app: Any, _pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Put the version, the day and a list of the chapters on the first sheet of the PDF."""
    if app.builder.name != "singlehtml":
        return
    say = translator(app.config.language)
    lines = [f"<p>{app.config.version}, {build_date()}</p>", '<nav class="paper-contents">']
    section = ""
    for found in CHAPTER.finditer(context["body"]):
        folder = found["name"].partition("/")[0]
        if folder != section:
            lines += [*(["</ol>"] if section else []), f"<p><strong>{say(PAPER[folder])}</strong></p>", "<ol>"]
            section = folder
        lines.append(f'<li><a href="#{found["id"]}">{found["title"]}</a></li>')
    before, wrapper, behind = context["body"].partition('<div class="toctree-wrapper')
    context["body"] = "\n".join([before, *lines, "</ol></nav>", wrapper + behind])


#: What the reference texts link to by its place in the repository, and the page that has it here.
PLACES = {"../bench/README.md": "benchmarks.md", "../CHANGELOG.md": "changelog.md", "docs/": "../"}


def _links(_app: Any, _path: Path, _parent: str, content: list[str]) -> None:
    for place, page in PLACES.items():
        content[0] = content[0].replace(f"]({place}", f"]({page}")
    # Other places of the repository have no page; their path is named instead.
    content[0] = re.sub(r"\[([^\]]+)\]\(\.\./((?!guide|howto|api|meta)[^)\s]+)\)", r"\1 (`\2`)", content[0])


#: Behind these a line may break, also where a quotation mark of code follows, before which browsers see no place to.
PAUSE = re.compile(r"[、，；：。！？]$")


def _break_before_code(app: Any, doctree: nodes.document, _name: str) -> None:
    if app.config.language != "zh_CN":
        return
    for code in list(doctree.findall(nodes.literal)):
        parent = code.parent
        place = parent.index(code)
        before = parent[place - 1] if place else None
        if isinstance(before, nodes.Text) and PAUSE.search(before):
            parent.replace(before, nodes.Text(before + "\u200b"))


def _no_index_of_sphinx(app: Any) -> None:
    # The search is Pagefind's; without this, an index that nothing reads is written.
    app.builder.search = False


def setup(app: Any) -> dict[str, Any]:
    """Register the archive and the context of the templates."""
    app.add_node(ArchiveList)
    app.add_directive("archive", Archive)
    app.connect("include-read", _links)
    app.connect("builder-inited", _no_index_of_sphinx)
    app.connect("doctree-resolved", _fill)
    app.connect("doctree-resolved", _break_before_code)
    app.connect("html-page-context", _context, priority=900)  # after the theme's
    app.connect("html-page-context", _paper_contents, priority=910)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
