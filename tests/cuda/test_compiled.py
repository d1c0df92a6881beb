"""What nvcc makes of the kernels, where it is there: no card is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NVCC = shutil.which("nvcc")


def flags() -> list[str]:
    """The flags of the build that decide on bits, from its own file."""
    text = (ROOT / "cmake" / "CUDA.cmake").read_text("utf-8")
    given = re.search(r'APPEND CMAKE_CUDA_FLAGS "([^"]*)"', text)[1].split()
    return [flag for flag in given if not flag.startswith("-Xcompiler")]


@pytest.mark.skipif(NVCC is None, reason="nvcc is not on the path")
def test_no_product_of_a_trajectory_is_fused_with_a_sum(tmp_path):
    """One rounding less would give other bits than the processor's: of the kernels that run mass action and moments.

    Those that run programs hold the library's exp, log and pow, which fuse on purpose.
    """
    out = tmp_path / "ssa.ptx"
    command = [NVCC, "-std=c++20", "-O3", *flags(), "-arch=compute_90", "-ptx", "-I", str(ROOT / "cpp")]
    subprocess.run([*command, str(ROOT / "cpp" / "cuda" / "ssa.cu"), "-o", str(out)], check=True, timeout=300)
    bodies = re.split(r"(?m)^(?=\.(?:visible |weak )*(?:entry|func))", out.read_text())
    names = {"ssa_slice_kernelILb0ELb0EE": 0, "ssa_slice_kernelILb0ELb1EE": 0, "ssa_moments_kernel": 0}
    for body in bodies:
        for name in names:
            if name in body.partition("(")[0]:
                names[name] += body.count(".f64")
                assert "fma." not in body, name
    assert all(names.values())  # each was found, and computes
