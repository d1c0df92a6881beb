"""The verdict in words: vanishing, healthy or exploding, which gate closes where, and what to try."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stochos.nn.flow._weights import Array

if TYPE_CHECKING:
    from stochos.nn.flow.report import GradientFlow

__all__ = ["LOST", "Verdict", "judge", "profile_lags"]

#: Of a norm of 1 this much is left where we call a past step lost, and the inverse where it has exploded.
LOST, EXPLODED = 1e-2, 1e2
_CLOSED, _OPEN = 0.1, 0.9
_SATURATED = 0.1  # 1 - h^2 below this: |h| > 0.95


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the numbers say.

    Attributes
    ----------
    state : {"vanishing", "healthy", "exploding"}
        Of the geometric mean over the sequences of the norm of the product of Jacobians: above 100 at some lag it
        explodes; below 1/100 at the longest lag it vanishes.
    lag : int
        The longest lag.
    norm : float
        Geometric mean over sequences of the norm at that lag.
    lost_after : int or None
        Lag from which the norm stays below 1/100; None where it does not.
    sentences : tuple of str
    advice : tuple of str
    """

    state: str
    lag: int
    norm: float
    lost_after: int | None
    sentences: tuple[str, ...]
    advice: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((*self.sentences, *self.advice))


def profile_lags(length: int) -> list[int]:
    """Return lags 1, 2, 3, 5, 7, 10, 15, ... up to the length."""
    some = {round(10 ** (k / 8)) for k in range(8 * int(math.log10(length) + 1) + 1)}
    return sorted({lag for lag in some if lag <= length} | {length})


def judge(flow: GradientFlow) -> Verdict:
    """Write the verdict."""
    lags, logs = flow.profile
    longest, last, peak = int(lags[-1]), float(logs[-1]), int(np.argmax(logs))
    state = "exploding" if logs[peak] > math.log(EXPLODED) else "vanishing" if last < math.log(LOST) else "healthy"
    lost = _lost(lags, logs)
    sentences = [_first(flow, state, lags, logs, lost)]
    if longest >= 4:
        half = float(np.nanmean(flow.shares[:, : flow.steps // 2].sum(axis=1)))
        sentences.append(f"The first half of the steps gives {_percent(half)} of the gradient of the weights.")
    sentences += _gates(flow)
    return Verdict(state, longest, _exp(last), lost, tuple(sentences), tuple(_advice(flow, state, longest)))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _lost(lags: NDArray[np.int64], logs: Array) -> int | None:
    below = logs < math.log(LOST)
    if not below[-1]:
        return None
    above = np.flatnonzero(~below)
    k = int(above[-1]) + 1 if above.size else 0
    if k == 0 or not np.isfinite(logs[k]):
        return int(lags[k])
    part = float((logs[k - 1] - math.log(LOST)) / (logs[k - 1] - logs[k]))
    return math.ceil(int(lags[k - 1]) + part * int(lags[k] - lags[k - 1]))


def _power(log: float) -> str:
    """Write e^log for a person."""
    if log == -math.inf:
        return "0"
    if -4.6 < log < 9.2:
        return f"{math.exp(log):.3g}"
    digits = log / math.log(10)
    exponent = math.floor(digits)
    return f"{10 ** (digits - exponent):.1f}e{exponent:+d}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 or share == 0 else f"{share * 100:.1g}%"


def _first(flow: GradientFlow, state: str, lags: NDArray[np.int64], logs: Array, lost: int | None) -> str:
    longest, last = int(lags[-1]), float(logs[-1])
    what = f"d{flow.chain_state}(t)/d{flow.chain_state}(t-{longest})"
    text = f"{state.capitalize()}: the norm of {what} is {_power(last)}"
    if state == "exploding":
        peak = int(np.argmax(logs))
        if lags[peak] < longest:
            text += f", and {_power(float(logs[peak]))} over {int(lags[peak])} steps"
        return text + "."
    if lost is not None:
        return text + f"; over {lost} steps less than 1/100 is left."
    rate = last / longest
    return text + (f"; it halves in {math.log(2) / -rate:.0f} steps." if rate < -1e-6 else ".")


def _gates(flow: GradientFlow) -> list[str]:
    if flow.kind == "SimpleRNN":
        slope = flow.cell.slope[flow.real]  # type: ignore[attr-defined] # a SimpleCell
        if not slope.size:
            return ["No step is real."]
        dead = float((slope < _SATURATED).mean())
        what = "switched off" if flow.weights.activation == "relu" else "saturated (|h| > 0.95)"
        norm = math.sqrt(float(np.linalg.eigvalsh(flow.weights.recurrent.T @ flow.weights.recurrent)[-1]))
        return [f"{_percent(dead)} of the units are {what}; the largest singular value of U is {norm:.3g}."]
    name, values = (
        ("forget gate f", flow.gates["f"]) if flow.kind == "LSTM" else ("keep gate 1 - z", 1.0 - flow.gates["z"])
    )
    real = flow.real
    held = values[real]
    if not held.size:
        return ["No step is real."]
    count = real.sum(axis=0)
    middle = np.where(real[:, :, None], values, 0.0).sum(axis=(0, 2)) / np.maximum(count * flow.units, 1)
    middle[count == 0] = np.nan
    closed = float((held < _CLOSED).mean())
    low = int(np.nanargmin(middle))
    text = f"The {name} is {held.mean():.2f} on average"
    text += f", below {_CLOSED:g} for {_percent(closed)} of units and steps" if closed > 0 else ""
    text += f", lowest at step {low} ({middle[low]:.2f})."
    found = [text]
    spans = _spans(np.nan_to_num(middle, nan=1.0) < min(0.5, 0.6 * float(np.nanmean(middle))))
    if spans:
        found.append(f"It closes in steps {', '.join(spans[:4])}{' and more' if len(spans) > 4 else ''}.")
    unit = held.mean(axis=0)
    shut, wide = int((unit < _CLOSED).sum()), int((unit > _OPEN).sum())
    if shut or wide:
        found.append(f"{shut} of {flow.units} units forget at once (mean below 0.1), {wide} remember (above 0.9).")
    if flow.kind == "GRU":
        reset = float((flow.gates["r"][real] < _CLOSED).mean())
        if reset > 0.05:
            found.append(f"The reset gate r is below 0.1 for {_percent(reset)} of units and steps.")
    return found


def _spans(low: Array) -> list[str]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(low, dtype=np.int8), [0]])))
    return [f"{a}" if b - a == 1 else f"{a}-{b - 1}" for a, b in edges.reshape(-1, 2)]


def _advice(flow: GradientFlow, state: str, longest: int) -> list[str]:
    if state == "healthy":
        return []
    kind = flow.kind
    straight = flow.weights.orthogonal
    turn = [] if straight else ["recurrent_initializer='orthogonal'"]
    if state == "exploding":
        found = ["Try: nn.clip_by_norm, or clip_norm= of the optimizer"]
        if kind == "SimpleRNN":
            found += turn
            found += ["activation='tanh', whose slope falls as U grows"] if flow.weights.activation == "relu" else []
            found.append("nn.LSTM")
        elif kind == "LSTM":
            found += [*turn, "layer_norm=True"]
        else:
            found += [
                *turn,
                *([] if flow.weights.reset == "output" else ["reset='output', which keeps 1 - z in the lead"]),
            ]
        return ["; ".join(found) + "."]
    need = LOST ** (1.0 / longest)
    bias = math.log(need / (1.0 - need))
    if kind == "SimpleRNN":
        found = ["Try: nn.LSTM or nn.GRU", *turn]
        found += ["recurrent_initializer='identity'"] if flow.weights.activation == "relu" else []
    elif kind == "LSTM":
        found = [
            f"Try: forget_bias={bias:.1f} (the gate must stay above {need:.3f} to keep 1/100 over {longest} steps)",
            f"forget_bias=nn.initializers.Chrono({longest})",
        ]
    else:
        found = [
            f"Try: update_bias={-bias:.1f} (1 - z must stay above {need:.3f} to keep 1/100 over {longest} steps), or "
            f"nn.initializers.Chrono({longest})",
            *([] if flow.weights.reset == "output" else ["reset='output'"]),
            "nn.LSTM",
        ]
    found.append("where the task itself says forget, leave it")
    return ["; ".join(found) + "."]
