"""Where the gradients of a recurrent network vanish or explode: Jacobians term by term, their products and spectra."""

from __future__ import annotations

from stochos.nn.flow._verdict import Verdict
from stochos.nn.flow._weights import Weights
from stochos.nn.flow.analysis import gradient_flow
from stochos.nn.flow.chain import Chain, ProductNorms
from stochos.nn.flow.comparison import Comparison, Remedies
from stochos.nn.flow.report import GradientFlow

__all__ = ["Chain", "Comparison", "GradientFlow", "ProductNorms", "Remedies", "Verdict", "Weights", "gradient_flow"]
