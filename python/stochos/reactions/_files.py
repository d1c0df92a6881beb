"""Files whose ending names the format: models to read, runs to write."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks, _writing
from stochos.errors import InputError, MissingPartError
from stochos.reactions import _tables

if TYPE_CHECKING:
    from stochos.reactions.network import Network
    from stochos.reactions.run import Run

__all__ = ["load_model", "netcdf", "npz", "parquet", "write"]


def load_model(path: Path, where: str, *, round_initial: bool = False) -> Network:
    """Read a network: SBML from .xml and .sbml, BioNetGen's from .net."""
    from stochos.reactions.network import Network

    ending = path.suffix.lower()
    if ending in {".xml", ".sbml"}:
        return Network.from_sbml(path, round_initial=round_initial)
    if ending == ".net":
        return Network.from_bngl_net(path, round_initial=round_initial)
    msg = f"[{where}] {path} ends in {ending or 'nothing'}; give an SBML file (.xml, .sbml) or a BioNetGen .net file"
    raise InputError(msg)


def write(run: Run, path: Path, where: str) -> None:
    """Write `run` as the ending of `path` says, whole or not at all; what names no format gets our own."""
    ending = path.suffix.lower()
    if ending == ".csv":
        columns = _tables.columns(run)
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        lines = [",".join(columns), *(",".join(map(_cell, row)) for row in rows)]
        _writing.whole(path, ("\n".join(lines) + "\n").encode(), where)
    elif ending == ".npz":
        arrays: dict[str, Any] = {"times": run.times, "species": np.array(run.species), **run._arrays}
        npz(arrays, path, where)
    elif ending == ".nc":
        netcdf(run.to_xarray(), path, where)
    elif ending == ".parquet":
        parquet(run.to_pandas(), path, where)
    else:
        run.save(path)


def npz(arrays: dict[str, Any], path: Path, where: str) -> None:
    """Write arrays as NumPy's compressed archive; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    _writing.whole(path, buffer.getbuffer(), where)


def netcdf(dataset: Any, path: Path, where: str) -> None:
    """Write an xarray Dataset as NetCDF with the best engine that is installed."""
    for engine in ("netcdf4", "h5netcdf", "scipy"):
        try:
            _checks.optional(where, {"netcdf4": "netCDF4"}.get(engine, engine), "data")
        except MissingPartError:
            continue
        if engine == "scipy":  # in memory; the other two want a file
            _writing.whole(path, bytes(dataset.to_netcdf(engine=engine)), where)
            return
        with tempfile.TemporaryDirectory(prefix="stochos-") as folder:  # not beside the target: a kill would leave it
            made = Path(folder) / "made.nc"
            dataset.to_netcdf(made, engine=engine)
            _writing.whole(path, made.read_bytes(), where)
        return
    msg = f"[{where}] NetCDF needs h5netcdf, netCDF4 or scipy; pip install h5netcdf"
    raise MissingPartError(msg)


def parquet(frame: Any, path: Path, where: str) -> None:
    """Write a pandas DataFrame as Parquet."""
    _checks.optional(where, "pyarrow", "arrow")
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False)
    _writing.whole(path, buffer.getbuffer(), where)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if set(value) & set(',"\n\r') else value
    return f"{value:.17g}" if isinstance(value, float) else str(value)
