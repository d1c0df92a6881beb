"""Flows beside each other: before and after training, and with each remedy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from stochos.errors import InputError
from stochos.nn import initializers
from stochos.nn.flow._capture import Captured
from stochos.nn.flow._weights import Array, Weights
from stochos.nn.flow.report import GradientFlow

__all__ = ["Comparison", "Remedies", "remedies"]

CLIP = 1.0


class Comparison:
    """Several flows by name, in order.

    Parameters
    ----------
    flows : mapping of str to GradientFlow

    Raises
    ------
    InputError
        There are none.
    """

    def __init__(self, flows: Mapping[str, GradientFlow]) -> None:
        if not flows:
            msg = "[nn.gradient_flow.compare] there is no flow to compare"
            raise InputError(msg)
        self.flows = dict(flows)

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict of figures for each flow: name, norm, lag, lost_after, first_half, gradient_norm, state."""
        made = []
        for name, flow in self.flows.items():
            verdict = flow.verdict
            half = float(flow.shares[:, : flow.steps // 2].sum(axis=1).mean())
            made.append(
                {
                    "name": name, "state": verdict.state, "lag": verdict.lag, "norm": verdict.norm,
                    "log_norm": float(flow.profile[1][-1]), "lost_after": verdict.lost_after, "first_half": half,
                    "gradient_norm": flow.gradient_norm,
                }
            )  # fmt: skip
        return made

    def plot(self, path: str | os.PathLike[str] | None = None, *, ax: Any = None) -> Any:
        """Draw the gradient norm by step of each flow with matplotlib.

        Parameters
        ----------
        path : str or path, optional
            Write the picture there (.png, .svg or .pdf).
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        MissingPartError
            matplotlib is not installed.
        """
        from stochos.nn.flow import _plots

        return _plots.plot_comparison(self, path, ax)

    def to_pandas(self) -> Any:
        """Return `rows` as a table.

        Raises
        ------
        MissingPartError
            pandas is not installed.
        """
        from stochos.nn.flow import _tables

        return _tables.pandas().DataFrame(self.rows())

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the comparison as one HTML page; write it to `path` if given."""
        from stochos.nn.flow import _html

        return _html.comparison_page(self, path)

    def __repr__(self) -> str:
        from stochos.nn.flow import _tables

        return _tables.comparison_text(self)

    def _repr_html_(self) -> str:
        from stochos.nn.flow import _html

        return _html.comparison_fragment(self)


class Remedies(Comparison):
    """What each remedy does to the layer's flow over the same input; the first row is the layer as it is.

    Clipping leaves the Jacobians alone: its row has the gradient that the optimizer would see.
    """

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict of figures for each remedy, as `Comparison.rows`, and one for clipping the gradient."""
        made = super().rows()
        first = made[0]
        if first["gradient_norm"] > CLIP:
            made.append({**first, "name": f"clip by norm {CLIP:g}", "gradient_norm": CLIP})
        return made


def remedies(flow: GradientFlow, seed: int) -> Remedies:
    """Run the layer with each remedy."""
    found = {"as it is": flow}
    for name, weights in _variants(flow.weights, flow.steps, seed).items():
        cell = type(flow.cell)(weights, flow.cell.x, flow.real, _initial(flow, weights))
        taken = Captured(cell, flow._captured.to_h, flow._captured.to_c, None)
        found[name] = GradientFlow(taken, flow._memory, flow._cast.dtype)
    return Remedies(found)


def _initial(flow: GradientFlow, weights: Weights) -> list[Array]:
    states = [flow.cell.h[:, 0]]
    if weights.two_states:
        states.append(states[0] if flow.cell.c is None else flow.cell.c[:, 0])
    return states


def _variants(weights: Weights, steps: int, seed: int) -> dict[str, Weights]:
    """Return the weights with each remedy."""
    size = weights.units
    made: dict[str, Weights] = {}
    if weights.kind == "LSTM":
        if not _has_bias(weights, "f", 1.0):
            made["forget_bias=1"] = _biased(weights, {"f": np.ones(size)})
        chrono = _chrono(size, steps, seed)
        made[f"forget_bias=Chrono({steps})"] = _biased(weights, {"f": chrono, "i": -chrono})
    if weights.kind == "GRU":
        if not _has_bias(weights, "z", -1.0):
            made["update_bias=-1"] = _biased(weights, {"z": -np.ones(size)})
        made[f"update_bias=Chrono({steps})"] = _biased(weights, {"z": -_chrono(size, steps, seed)})
        if weights.reset != "output":
            extras = {name: value for name, value in weights.extras.items() if name != "recurrent_bias"}
            made["reset='output'"] = weights.with_(reset="output", extras=extras)
    if not weights.orthogonal:
        made["recurrent_initializer='orthogonal'"] = weights.with_(recurrent=_by_gate(weights, "orthogonal", seed))
    if weights.kind == "SimpleRNN":
        made["recurrent_initializer='identity'"] = weights.with_(recurrent=_by_gate(weights, "identity", seed))
        if weights.activation == "tanh":
            made["activation='relu', identity"] = weights.with_(
                activation="relu", recurrent=_by_gate(weights, "identity", seed)
            )
        else:
            made["activation='tanh'"] = weights.with_(activation="tanh")
    return made


def _by_gate(weights: Weights, name: str, seed: int) -> Array:
    start = initializers.get(name)
    size = weights.units
    return np.concatenate([np.asarray(start((size, size), seed + k)) for k in range(len(weights.gates))], axis=1)


def _has_bias(weights: Weights, gate: str, value: float) -> bool:
    return bool(np.allclose(weights.given_bias[weights.columns(gate)], value))


def _biased(weights: Weights, changes: dict[str, Array]) -> Weights:
    bias = weights.given_bias.copy()
    for gate, value in changes.items():
        bias[weights.columns(gate)] = value
    return weights.with_(bias=bias)


def _chrono(size: int, longest: int, seed: int) -> Array:
    """Return log(u), u uniform in [1, longest - 1] (Tallec and Ollivier 2018)."""
    drawn = np.asarray(initializers.Uniform(1.0, max(2.0, longest - 1.0))((size,), seed), np.float64)
    return np.asarray(np.log(drawn))
