"""Weights of every kind of cell, one step of each written in nn's own operations, and differences in float64."""

from __future__ import annotations

import numpy as np

from stochos import nn
from stochos._core import ops
from stochos.nn import initializers
from stochos.nn.flow import Weights

GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
LENGTH_EPSILON = 1e-5


def weights(kind, seed=0, units=5, channels=3, scale=0.7, **settings):
    """Random weights; `settings` name what is on: activation, reset, peephole, layer_norm."""
    random = np.random.default_rng([seed, units, GATES[kind]])
    wide = GATES[kind] * units

    def draw(*shape, by=scale):
        return by * random.normal(size=shape)

    extras = {}
    if settings.pop("peephole", False):
        extras["peephole"] = draw(3, units)
    if settings.pop("layer_norm", False):
        extras |= {"kernel_gain": 1 + draw(wide, by=0.2), "recurrent_gain": 1 + draw(wide, by=0.2)}
        extras |= {"state_gain": 1 + draw(units, by=0.2), "state_bias": draw(units, by=0.2)}
    if kind == "GRU" and settings.get("reset", "after") == "after":
        extras["recurrent_bias"] = draw(units)
    return Weights(kind, draw(channels, wide), draw(units, wide), draw(wide), extras, **settings)


CASES = {
    "tanh": ("SimpleRNN", {}),
    "relu": ("SimpleRNN", {"activation": "relu"}),
    "lstm": ("LSTM", {}),
    "peephole": ("LSTM", {"peephole": True}),
    "layer_norm": ("LSTM", {"layer_norm": True}),
    "peephole and layer_norm": ("LSTM", {"peephole": True, "layer_norm": True}),
    "gru after": ("GRU", {}),
    "gru before": ("GRU", {"reset": "before"}),
    "gru output": ("GRU", {"reset": "output"}),
}


def started(kind, units, seed, bias=0.0, recurrent="orthogonal", channels=4):
    """Weights as a layer starts with them, gate by gate; `bias` of the forget gate (LSTM) or of z (GRU)."""
    gates = GATES[kind]
    w = [initializers.GlorotUniform()((channels, units), seed * 100 + k) for k in range(gates)]
    u = [initializers.get(recurrent)((units, units), seed * 100 + 50 + k) for k in range(gates)]
    b = np.zeros((gates, units))
    b[{"LSTM": 1, "GRU": 0, "SimpleRNN": 0}[kind]] = bias
    settings = {"reset": "before"} if kind == "GRU" else {}
    return Weights(kind, np.concatenate(w, 1), np.concatenate(u, 1), b.ravel(), **settings)


def _unit(values):
    middle = values - ops.mean(values, axis=-1, keepdims=True)
    return middle / ops.sqrt(ops.mean(middle * middle, axis=-1, keepdims=True) + LENGTH_EPSILON)


def step(w, x, state):
    """One step of nn's operations for any kind of cell: x (C,), state {"h": (H,), "c": (H,)} -> new state."""
    size, h = w.units, state["h"]
    extras = w.extras
    given, own = x @ w.kernel, h @ w.recurrent
    if w.layer_norm:
        given, own = _unit(given) * extras["kernel_gain"], _unit(own) * extras["recurrent_gain"]
    given = given + w.bias
    block = [slice(k * size, (k + 1) * size) for k in range(4)]
    if w.kind == "SimpleRNN":
        return {"h": (ops.relu if w.activation == "relu" else ops.tanh)(given + own)}
    if w.kind == "LSTM":
        c, peep = state["c"], extras.get("peephole", np.zeros((3, size)))
        before = given + own
        i = ops.sigmoid(before[block[0]] + peep[0] * c)
        f = ops.sigmoid(before[block[1]] + peep[1] * c)
        c = f * c + i * ops.tanh(before[block[2]])
        o = ops.sigmoid(before[block[3]] + peep[2] * c)
        inner = _unit(c) * extras["state_gain"] + extras["state_bias"] if w.layer_norm else c
        return {"c": c, "h": o * ops.tanh(inner)}
    z = ops.sigmoid(given[block[0]] + own[block[0]])
    r = ops.sigmoid(given[block[1]] + own[block[1]])
    candidate = w.recurrent[:, block[2]]
    if w.reset == "before":
        n = ops.tanh(given[block[2]] + (r * h) @ candidate)
    else:
        q = h @ candidate + extras.get("recurrent_bias", 0.0)
        n = ops.tanh(given[block[2]] + (r * q if w.reset == "after" else q))
    old = state.get("c", h)
    new = (1 - z) * old + z * n
    return {"h": new} if w.reset != "output" else {"c": new, "h": r * new}


def chained(w, x, earlier, state):
    """c -> next c (or h -> next h) with h = o tanh(c), r c of the earlier gate held, as nn functions of one vector.

    `earlier` has the arrays with which h is made from c.
    """

    def run(v):
        if not w.two_states:
            return step(w, x, {"h": v})["h"]
        if w.kind == "GRU":
            return step(w, x, {"c": v, "h": earlier["r"] * v})["c"]
        gate = earlier["o"]
        if "peephole" in w.extras:
            gate = ops.sigmoid(earlier["before_o"] + w.extras["peephole"][2] * v)
        inner = _unit(v) * w.extras["state_gain"] + w.extras["state_bias"] if w.layer_norm else v
        return step(w, x, {"c": v, "h": gate * ops.tanh(inner)})["c"]

    return nn.jacobian(run)(nn.tensor(state))


def differences(f, at, by=1e-5):
    """Central differences of fourth order of f (n,) -> (m,): (m, n)."""
    columns = []
    for k in range(at.size):
        unit = np.zeros_like(at)
        unit[k] = by
        columns.append((8 * (f(at + unit) - f(at - unit)) - f(at + 2 * unit) + f(at - 2 * unit)) / (12 * by))
    return np.stack(columns, axis=1)
