"""A flow as one HTML page that needs no network."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from stochos import _writing
from stochos.nn.flow import _svg, _tables
from stochos.nn.flow._weights import WHERE

if TYPE_CHECKING:
    from stochos.nn.flow._weights import Array
    from stochos.nn.flow.comparison import Comparison
    from stochos.nn.flow.report import GradientFlow

__all__ = ["comparison_figure", "comparison_fragment", "comparison_page", "figures", "fragment", "page"]

_STYLE = (
    _svg.STYLE
    + """
.flow { color: var(--ink); font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  line-height: 1.5; max-width: 62rem; }
.flow h1 { font-size: 1.5rem; margin: .3rem 0; } .flow h2 { font-size: 1.15rem; margin: 1.6rem 0 .3rem; }
.flow .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: .8rem; }
.flow figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .6rem; }
.flow figure svg { display: block; width: 100%; height: auto; }
.flow figcaption { color: var(--soft); font-size: .86rem; margin-top: .3rem; }
.flow .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .5rem; margin: .8rem 0; }
.flow .facts div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .6rem; }
.flow dt { color: var(--soft); font-size: .78rem; } .flow dd { margin: 0; font-weight: 600; }
.flow figure.one { max-width: 36rem; margin-top: .8rem; }
.flow .scroll { overflow-x: auto; } .flow table { border-collapse: collapse; font-size: .92rem; }
.flow th, .flow td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); }
.flow .verdict { border-left: 4px solid var(--accent); padding: .1rem .8rem; }
"""
)
_PAGE = "body { margin: 0; padding: 1.2rem; background: var(--paper); }"


def _mean_log(values: Array) -> Array:
    """Return the mean over sequences of the logarithm, NaN where there is none."""
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    there = np.isfinite(logs)
    return np.asarray(np.where(there, logs, 0.0).sum(axis=0) / np.where(there.any(axis=0), there.sum(axis=0), np.nan))


def _mean(values: Array) -> Array:
    there = np.isfinite(values)
    return np.asarray(np.where(there, values, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1))


def figures(flow: GradientFlow) -> dict[str, tuple[str, str]]:
    """Return the charts of a flow as SVG with captions."""
    state = flow.chain_state
    lags, logs = flow.profile
    grid = flow.product_norms()
    steps = np.arange(flow.steps, dtype=np.float64)
    made = {
        "products": (
            _svg.heat(grid.ends, grid.lags, grid.log_norms[0], "Norms of products of Jacobians"),
            f"Norm of d{state}(t)/d{state}(t-k) of sequence {int(grid.sequences[0])}: blue vanishes, red explodes.",
        ),
        "norms": (
            _svg.curves({"norm": (lags, logs)}, "Norm over the lag", ("lag k", "norm"), log=True),
            "Norm of the product of the last k Jacobians.",
        ),
        "terms": (
            _svg.stacked({name: _mean(size) for name, size in flow.term_sizes.items()}, "Terms", ("step t", "size")),
            f"The terms of d{state}(t)/d{state}(t-1): root mean square of their singular values.",
        ),
        "gradients": (
            _svg.curves(
                {"gradient": (steps, _mean_log(flow.gradient_norms))}, "Gradient", ("step t", "norm"), log=True
            ),
            f"Norm of the gradient of the loss by {state}(t).",
        ),
        "shares": (
            _svg.curves({"share": (steps, flow.shares.mean(axis=0))}, "Shares", ("step t", "share")),
            "Share of each step in the gradient of the weights.",
        ),
    }
    if flow.gates:
        held = {name: flow.gate_histogram(name) for name in flow.gates}
        made["gates"] = (_svg.bars(held, "Gates", ("value", "share")), "How often the gates have which value.")
    return made


def fragment(flow: GradientFlow) -> str:
    """Return the report without the page around it, for a notebook."""
    facts = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in _tables.facts(flow).items())
    verdict = "".join(f"<p>{escape(line)}</p>" for line in (*flow.verdict.sentences, *flow.verdict.advice))
    pictures = "".join(
        f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>" for svg, caption in figures(flow).values()
    )
    title = f"{_tables.title(flow)}: {flow.verdict.state}"
    return (
        f'<style>{_STYLE}</style><div class="flow"><h1>{escape(title)}</h1><div class="verdict">{verdict}</div>'
        f'<dl class="facts">{facts}</dl><div class="pair">{pictures}</div></div>'
    )


def page(flow: GradientFlow, path: str | os.PathLike[str] | None) -> str:
    """Do the work of `GradientFlow.to_html`."""
    body = fragment(flow) + comparison_fragment(flow.remedies(), "Remedies over the same input")
    return _written(_whole(f"Gradient flow of {flow.name}", body), path)


def comparison_figure(found: Comparison) -> str:
    """Return the gradient norm by step of each flow as SVG."""
    lines = {
        name: (np.arange(flow.steps, dtype=np.float64), _mean_log(flow.gradient_norms))
        for name, flow in found.flows.items()
    }
    return _svg.curves(lines, "Gradient norm by step", ("step t", "gradient norm"), log=True)


def comparison_fragment(found: Comparison, title: str = "Gradient flow") -> str:
    """Return a comparison without the page around it."""
    heads, rows = _tables.comparison_cells(found)
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<style>{_STYLE}</style><div class="flow"><h2>{escape(title)}</h2>'
        f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'
        f'<figure class="one">{comparison_figure(found)}<figcaption>'
        "Norm of the gradient of the loss by the state after each step."
        "</figcaption></figure></div>"
    )


def comparison_page(found: Comparison, path: str | os.PathLike[str] | None) -> str:
    """Do the work of `Comparison.to_html`."""
    return _written(_whole("Gradient flow", comparison_fragment(found)), path)


def _whole(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_PAGE}</style></head><body>{body}</body></html>\n"
    )


def _written(text: str, path: str | os.PathLike[str] | None) -> str:
    if path is not None:
        _writing.whole(path, text.encode("utf-8"), f"{WHERE}.to_html")
    return text
