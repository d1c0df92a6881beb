"""What this installation is and what it found: version, instruction set, threads, BLAS, CUDA, optional parts."""

from __future__ import annotations

import importlib.util
from importlib import metadata

from stochos import _core, cuda

__all__ = ["describe"]

#: Optional parts by extra: distribution name and importable module.
PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "sbml": (("python-libsbml", "libsbml"),),
    "plot": (("matplotlib", "matplotlib"),),
    "data": (("xarray", "xarray"), ("pandas", "pandas")),
    "sparse": (("scipy", "scipy"),),
    "text": (
        ("jieba", "jieba"),
        ("zstandard", "zstandard"),
        ("tokenizers", "tokenizers"),
        ("sentencepiece", "sentencepiece"),
    ),
    "dist": (("dask", "dask"), ("distributed", "distributed")),
}


def _version_of(distribution: str, module: str) -> str | None:
    if importlib.util.find_spec(module) is None:
        return None
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"


def describe() -> dict[str, object]:
    """Describe this installation.

    Returns
    -------
    dict
        ``version``, ``instruction_set`` (in force) and ``instruction_set_best`` (of this machine), ``threads``
        (default of every call), ``blas``, ``cuda`` (bool: whether a graphics card can be used), ``stream_version`` and
        ``optional``, which maps each extra to ``{distribution: version or None}``.

    Raises
    ------
    InputError
        STOCHOS_CPU or STOCHOS_NUM_THREADS holds something impossible.
    """
    return {
        "version": _core.__version__,
        "instruction_set": _core.cpu_level(),
        "instruction_set_best": _core.detected_cpu_level(),
        "threads": _core.default_threads(),
        "blas": _core.blas_description(),
        "cuda": cuda.is_available(),
        "stream_version": _core.stream_version,
        "optional": {
            extra: {name: _version_of(name, module) for name, module in parts} for extra, parts in PARTS.items()
        },
    }
