"""`nn.gradient_flow`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from stochos import _checks
from stochos.errors import InputError
from stochos.nn.flow import _capture
from stochos.nn.flow._weights import WHERE, Weights
from stochos.nn.flow.report import GradientFlow

__all__ = ["gradient_flow"]

_MEMORY = 2**30
_DTYPES: dict[str, type[np.floating[Any]]] = {"float64": np.float64, "float32": np.float32}


def gradient_flow(
    model: Any,
    x: Any,
    *,
    layer: Any = None,
    loss: Callable[[Any], Any] | None = None,
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    initial_state: Any = None,
    dtype: str = "float64",
    memory: int = _MEMORY,
) -> GradientFlow:
    """Show where the gradients of a recurrent layer vanish or explode, exactly and term by term.

    The layer is run in float64 over `x`; every Jacobian dh_t/dh_{t-1} (SimpleRNN, GRU) or dc_t/dc_{t-1} (LSTM, GRU
    with reset "output") is known in closed form from its gates, split into the terms of kexue.fm/archives/7888. Nothing
    is estimated, and nothing is computed before it is asked for.

    Parameters
    ----------
    model : Layer, cell, Model or Weights
        A recurrent layer, or a model that holds one.
    x : array, shape (B, T, C)
        The input; of a model, whatever it takes (a tuple of several inputs).
    layer : str or Layer, optional
        Which recurrent layer of a model that has several.
    loss : callable, optional
        From the model's output to one number. By default the sum of the last outputs of the recurrent layer.
    lengths : array of int, shape (B,), optional
        Steps from there on are padding: their Jacobian is the identity, and nothing counts them.
    mask : bool array, shape (B, T), optional
        True for real steps.
    initial_state : array (B, H), or two of them (h, c), optional
        Zero by default; a stateful layer's own state is not used.
    dtype : {"float64", "float32"}
        Of the matrices. The layer runs in float64 either way, and norms and exponents are float64.
    memory : int
        Bytes that one array of results may take (1 GiB by default).

    Returns
    -------
    GradientFlow

    Raises
    ------
    InputError
        An array does not fit, holds NaN or infinity, or the model has several recurrent layers.
    InputTypeError
        There is no recurrent layer.
    UnknownNameError
        No layer has the name.

    Examples
    --------
    >>> flow = nn.gradient_flow(nn.LSTM(32, forget_bias=1.0, seed=0), x)  # doctest: +SKIP
    >>> flow.norms.shape, flow.terms["forget gate"].shape  # doctest: +SKIP
    ((8, 100), (8, 100, 32, 32))
    >>> print(flow.verdict)  # doctest: +SKIP
    """
    memory = _checks.whole(WHERE, "memory", memory, 2**20)
    kind = _DTYPES[_checks.choice(WHERE, "dtype", dtype, tuple(_DTYPES))]
    told: Any = loss
    if told is not None and not callable(told):
        msg = f"[{WHERE}] loss is {loss!r}; give a function from the model's output to one number"
        raise InputError(msg)
    given = {"lengths": lengths, "mask": mask, "initial_state": initial_state}
    if isinstance(model, Weights):
        if loss is not None:
            msg = f"[{WHERE}] a loss needs a layer or model, not bare Weights"
            raise InputError(msg)
        return GradientFlow(_capture.last(_capture.build(model, x, lengths, mask, initial_state)), memory, kind)
    options = {name: value for name, value in given.items() if value is not None}
    found = _capture.find(model, layer)
    return GradientFlow(_capture.capture(model, found, x, loss, options), memory, kind)
