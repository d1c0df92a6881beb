"""A flow as text, as figures for machines, and as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stochos import _checks
from stochos.nn.flow._verdict import _percent, _power
from stochos.nn.flow._weights import WHERE, Array

if TYPE_CHECKING:
    from stochos.nn.flow.comparison import Comparison
    from stochos.nn.flow.report import GradientFlow

__all__ = ["columns", "comparison_cells", "comparison_text", "facts", "frame", "pandas", "summary", "text", "title"]


def title(flow: GradientFlow) -> str:
    """Return kind and name of the layer."""
    return flow.kind if flow.name == flow.kind else f"{flow.kind} {flow.name!r}"


def pandas() -> Any:
    """Return pandas, or say which pip line brings it."""
    return _checks.optional(f"{WHERE}.to_pandas", "pandas", "data")


def columns(flow: GradientFlow) -> dict[str, Any]:
    """Return the columns of `GradientFlow.to_pandas`."""
    b, t = np.nonzero(flow.real)
    lag = flow.real.sum(axis=1)[b] - (np.cumsum(flow.real, axis=1)[b, t] - 1)
    made: dict[str, Any] = {
        "sequence": b, "step": t, "gradient_norm": flow.gradient_norms[b, t], "share": flow.shares[b, t],
        "spectral_norm": flow.spectral_norms[b, t],
    }  # fmt: skip
    made |= {f"size of {name}": sizes[b, t] for name, sizes in flow.term_sizes.items()}
    made |= {f"mean of {name}": gate[b, t].mean(axis=1) for name, gate in flow.gates.items()}
    return made | {"lag": lag, "log_norm": flow.log_norms[b, lag - 1]}


def frame(flow: GradientFlow) -> Any:
    """Do the work of `GradientFlow.to_pandas`."""
    return pandas().DataFrame(columns(flow))


def facts(flow: GradientFlow) -> dict[str, str]:
    """Return the main figures in words."""
    verdict = flow.verdict
    lags, logs = flow.profile
    sizes = {name: _mean(size, flow) for name, size in flow.term_sizes.items()}
    held = {
        "sequences, steps, units": f"{flow.sequences}, {flow.steps}, {flow.units}",
        f"norm over {int(lags[-1])} steps": _power(float(logs[-1])),
        "below 1/100 after": "never" if verdict.lost_after is None else f"{verdict.lost_after} steps",
        "gradient of the weights": f"{flow.gradient_norm:.4g}",
    }
    if flow.loss is not None:
        held["loss"] = f"{flow.loss:.4g}"
    return held | {f"size of {name!r}": f"{size:.3f}" for name, size in sizes.items()}


def summary(flow: GradientFlow) -> dict[str, Any]:
    """Do the work of `GradientFlow.summary`."""
    verdict = flow.verdict
    lags, logs = flow.profile

    def number(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    return {
        "kind": flow.kind, "name": flow.name, "sequences": flow.sequences, "steps": flow.steps, "units": flow.units,
        "state": verdict.state, "verdict": str(verdict), "lag": verdict.lag, "log_norm": number(float(logs[-1])),
        "lost_after": verdict.lost_after,
        "profile": {"lags": lags.tolist(), "log_norms": [number(v) for v in logs]},
        "term_sizes": {name: number(_mean(size, flow)) for name, size in flow.term_sizes.items()},
        "gate_means": {name: _mean(gate, flow) for name, gate in flow.gates.items()},
        "gradient_norm": number(flow.gradient_norm), "loss": flow.loss,
        "shares": flow.shares.mean(axis=0).tolist(),
    }  # fmt: skip


def _mean(values: Array, flow: GradientFlow) -> float:
    """Return the mean over real steps, 0 where there are none."""
    return float(values[flow.real].mean()) if flow.real.any() else 0.0


def text(flow: GradientFlow) -> str:
    """Return the flow as text for a person."""
    held = facts(flow)
    first = max(map(len, held))
    lines = [f"{title(flow)}, chain of {flow.chain_state}"]
    lines += [f"  {name:<{first}}  {value}" for name, value in held.items()]
    return "\n".join([*lines, *flow.verdict.sentences, *flow.verdict.advice])


def comparison_cells(found: Comparison) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the heads and the rows of the table of a comparison."""
    rows = found.rows()
    heads = ("", "verdict", f"norm over {rows[0]['lag']} steps", "1/100 after", "first half", "gradient")
    cells: list[tuple[str, ...]] = [
        (
            row["name"], row["state"], _power(row["log_norm"]),
            "never" if row["lost_after"] is None else f"{row['lost_after']} steps", _percent(row["first_half"]),
            f"{row['gradient_norm']:.3g}",
        )
        for row in rows
    ]  # fmt: skip
    return heads, cells


def comparison_text(found: Comparison) -> str:
    """Return a comparison as text."""
    heads, rows = comparison_cells(found)
    wide = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{w}}" if k < 2 else f"{cell:>{w}}" for k, (cell, w) in enumerate(zip(row, wide, strict=True))
        )
        for row in (heads, *rows)
    )
