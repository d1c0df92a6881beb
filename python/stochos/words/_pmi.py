"""PMI of counted pairs: the options that a single value and the whole matrix share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stochos import _checks
from stochos.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from stochos.words.counts import Counts

NORMALIZATIONS = ("tokens", "pairs")


@dataclass(frozen=True)
class PmiOptions:
    """Checked options of PMI."""

    normalization: str
    smoothing: float
    shift: float
    positive: bool
    npmi: bool

    @classmethod
    def checked(
        cls, where: str, normalization: object, smoothing: object, shift: object, positive: object, npmi: object
    ) -> PmiOptions:
        """Check what the user gave."""
        for name, flag in (("positive", positive), ("npmi", npmi)):
            if not isinstance(flag, (bool, np.bool_)):
                msg = f"[{where}] {name} is {flag!r} of type {type(flag).__name__}; give True or False"
                raise InputTypeError(msg)
        options = cls(
            _checks.choice(where, "normalization", normalization, NORMALIZATIONS),
            _checks.real(where, "smoothing", smoothing, 0.0, 1.0),
            _checks.real(where, "shift", shift),
            bool(positive),
            bool(npmi),
        )
        if options.npmi and (options.shift != 0.0 or options.smoothing != 1.0):
            msg = (
                f"[{where}] npmi=True with shift={options.shift:g} and smoothing={options.smoothing:g}; "
                "NPMI is defined without them, leave both out"
            )
            raise InputError(msg)
        return options


def log_probabilities(counts: Counts, normalization: str, smoothing: float) -> NDArray[np.float64]:
    """Log of P(word), or of P(word)^smoothing over its sum; -inf for a word of probability 0."""
    mass = counts.frequencies.astype(np.float64) if normalization == "tokens" else counts.marginals()
    with np.errstate(divide="ignore"):
        logs = np.log(mass)
    if smoothing != 1.0:
        # A word that never occurs stays impossible, also with smoothing 0 (where -inf times 0 would be NaN).
        logs = np.where(mass > 0, smoothing * np.where(mass > 0, logs, 0.0), -np.inf)
        mass = np.exp(logs)
    total = float(mass.sum())
    return logs - math.log(total) if total > 0 else logs


def log_probability_of(counts: Counts, word: int, normalization: str, smoothing: float) -> float:
    """Log probability of one word, where possible without a pass over the vocabulary."""
    if smoothing == 1.0 and normalization == "tokens":
        frequency = int(counts.frequencies[word])
        return math.log(frequency) - math.log(counts.total_tokens) if frequency else -math.inf
    return float(log_probabilities(counts, normalization, smoothing)[word])


def pmi_of_pair(x: float, total: float, log_first: float, log_second: float, options: PmiOptions) -> float:
    """PMI of a pair seen `x` times (weighted) among `total`."""
    if x == 0:
        least = -1.0 if options.npmi else -math.inf
        return 0.0 if options.positive else least
    log_pair = math.log(x) - math.log(total)
    value = log_pair - (log_first + log_second) - options.shift  # symmetric to the last bit
    if options.npmi:
        value = value / -log_pair if log_pair < 0 else 1.0  # 1: the only pair there is
    return max(value, 0.0) if options.positive else value
