"""Pictures of a flow with matplotlib."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks, _figures
from stochos.errors import InputError
from stochos.nn.flow import _tables
from stochos.nn.flow._weights import WHERE

if TYPE_CHECKING:
    from stochos.nn.flow.comparison import Comparison
    from stochos.nn.flow.report import GradientFlow

__all__ = ["plot", "plot_comparison"]

_WHERE = f"{WHERE}.plot"
_KINDS = ("all", "products", "terms", "gates", "gradients", "norms")
_FLOOR = 1e-300


def plot(flow: GradientFlow, path: str | os.PathLike[str] | None, kind: str, ax: Any) -> Any:
    """Do the work of `GradientFlow.plot`."""
    _checks.choice(_WHERE, "kind", kind, _KINDS)
    if kind == "gates" and not flow.gates:
        msg = f"[{_WHERE}] a SimpleRNN has no gates; draw 'terms', 'products', 'norms' or 'gradients'"
        raise InputError(msg)
    drawers = {"products": _products, "terms": _terms, "gates": _gates, "gradients": _gradients, "norms": _norms}
    if kind == "all":
        if ax is not None:
            msg = f"[{_WHERE}] kind='all' draws several axes and takes no ax; choose one of {', '.join(_KINDS[1:])}"
            raise InputError(msg)
        chosen = [name for name in drawers if name != "gates" or flow.gates]
        figure = _figures.new(_WHERE, path, (12, 7.2))
        grid = figure.subplots(2, 3).ravel()
        for place, name in zip(grid, chosen, strict=False):
            drawers[name](flow, place)
        for place in grid[len(chosen) :]:
            place.axis("off")
        lines = (*flow.verdict.sentences, *flow.verdict.advice)
        words = "\n\n".join(textwrap.fill(line, 44) for line in lines)
        told = grid[len(chosen)].text(0.0, 0.98, words, va="top", fontsize=9, transform=grid[len(chosen)].transAxes)
        told.set_in_layout(False)
        figure.suptitle(f"{_tables.title(flow)}: {flow.verdict.state}")
        _figures.keep(figure, path, _WHERE)
        return figure
    ax = _figures.axes(_WHERE, path, ax, (7, 4.3))
    drawers[kind](flow, ax)
    _figures.keep(ax.figure, path, _WHERE)
    return ax


def plot_comparison(found: Comparison, path: str | os.PathLike[str] | None, ax: Any) -> Any:
    """Do the work of `Comparison.plot`."""
    ax = _figures.axes(_WHERE, path, ax, (7, 4.3))
    for name, flow in found.flows.items():
        ax.semilogy(_typical(flow.gradient_norms), label=name)
    ax.set(xlabel="step t", ylabel="gradient norm")
    ax.legend(frameon=False)
    _figures.keep(ax.figure, path, _WHERE)
    return ax


def _typical(values: Any) -> Any:
    """Return the geometric mean over sequences; what has vanished entirely is not drawn."""
    from stochos.nn.flow._html import _mean_log

    made = np.exp(_mean_log(values))
    made[made < _FLOOR] = np.nan
    return made


def _products(flow: GradientFlow, ax: Any) -> None:
    from matplotlib.colors import TwoSlopeNorm

    grid = flow.product_norms()
    values = grid.log_norms[0].T / np.log(10)
    known = values[np.isfinite(values)]
    most = min(6.0, max(1.0, float(np.ceil(np.abs(known).max())) if known.size else 1.0))
    values = np.ma.masked_invalid(np.where(np.isneginf(values), -most, values))
    first = grid.ends[0] - (grid.ends[1] - grid.ends[0] if len(grid.ends) > 1 else 1)
    edges = np.concatenate([[max(-1, first)], grid.ends])
    mesh = ax.pcolormesh(
        edges,
        np.concatenate([[0], grid.lags]),
        values,
        cmap="RdBu_r",
        norm=TwoSlopeNorm(0.0, -most, most),
        rasterized=True,
    )
    ax.set(xlabel="step t", ylabel="lag k", title=f"norm of d{flow.chain_state}(t)/d{flow.chain_state}(t-k)")
    ax.figure.colorbar(mesh, ax=ax, label="log10 norm", extend="both")


def _terms(flow: GradientFlow, ax: Any) -> None:
    from stochos.nn.flow._html import _mean

    sizes = [_mean(size) for size in flow.term_sizes.values()]
    ax.stackplot(np.arange(flow.steps), *sizes, labels=list(flow.term_sizes), alpha=0.8)
    ax.set(xlabel="step t", ylabel="size", title="terms (rms singular value)")
    ax.margins(x=0)
    ax.legend(frameon=False, fontsize=8)


def _gates(flow: GradientFlow, ax: Any) -> None:
    for k, name in enumerate(flow.gates):
        edges, shares = flow.gate_histogram(name)
        ax.stairs(shares, edges, fill=True, alpha=0.3, color=f"C{k}")
        ax.stairs(shares, edges, color=f"C{k}", label=name)
    ax.set(xlabel="value", ylabel="share", title="gates")
    ax.legend(frameon=False, fontsize=8)


def _gradients(flow: GradientFlow, ax: Any) -> None:
    ax.semilogy(_typical(flow.gradient_norms), color="C0", label=f"gradient by {flow.chain_state}(t)")
    shares = flow.shares.mean(axis=0)
    ax.semilogy(np.where(shares > _FLOOR, shares, np.nan), color="C1", label="share of the step")
    ax.set(xlabel="step t", title="gradient of the loss")
    ax.legend(frameon=False, fontsize=8)


def _norms(flow: GradientFlow, ax: Any) -> None:
    lags, logs = flow.profile
    norms = np.exp(np.minimum(logs, 700.0))
    ax.semilogy(lags, np.where(norms > _FLOOR, norms, np.nan), marker=".", color="C2")
    ax.axhline(1.0, color="0.6", linewidth=0.8)
    ax.set(xlabel="lag k", ylabel="norm", title="norm of the last k Jacobians")
