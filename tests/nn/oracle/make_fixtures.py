"""Write what PyTorch answers into tests/nn/fixtures, so that the plain test command can compare without it.

    pip install "stochos[oracle]" && python tests/nn/oracle/make_fixtures.py

The marked tests in test_oracle.py check that the files still hold what the installed PyTorch answers.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from answers import everything

FOLDER = Path(__file__).parents[1] / "fixtures"


def main() -> None:
    """Write one file for each group, the same bytes each time."""
    FOLDER.mkdir(exist_ok=True)
    for group, arrays in everything().items():
        # numpy.savez stamps the hour into the file; a fixed date keeps the bytes the same.
        with zipfile.ZipFile(FOLDER / f"{group}.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for key, value in sorted(arrays.items()):
                block = io.BytesIO()
                np.lib.format.write_array(block, np.asarray(value, order="C"), allow_pickle=False)
                archive.writestr(
                    zipfile.ZipInfo(key + ".npy", (2026, 1, 1, 0, 0, 0)), block.getvalue(), zipfile.ZIP_DEFLATED
                )
        size = (FOLDER / f"{group}.npz").stat().st_size
        sys.stdout.write(f"{group}: {len(arrays)} arrays, {size} bytes\n")


if __name__ == "__main__":
    main()
