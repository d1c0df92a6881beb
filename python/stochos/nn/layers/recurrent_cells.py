"""Single steps of the recurrent layers."""

from __future__ import annotations

from typing import Any

from stochos import _checks
from stochos.nn.layers.recurrent_base import RecurrentCell
from stochos.nn.layers.recurrent_kinds import GRUKind, LSTMKind, SimpleKind

__all__ = ["GRUCell", "LSTMCell", "SimpleRNNCell"]


class SimpleRNNCell(SimpleKind, RecurrentCell):
    """One step of `SimpleRNN`: ``cell(x, state) -> (h,)`` with x (B, C).

    Parameters
    ----------
    units : int
    activation : {"tanh", "relu"}
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : str or callable
    implementation : {"fused", "composed"}
    **settings
        Those of `Layer`.

    Notes
    -----
    The weights are those of `SimpleRNN`. A state is a tuple of tensors (B, H); None stands for zeros.
    """

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        *,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        implementation: str = "fused",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        self._settle(units, use_bias, starts, (None, None, None), implementation)
        self.activation = _checks.choice("nn.SimpleRNNCell", "activation", activation, ("tanh", "relu"))


class LSTMCell(LSTMKind, RecurrentCell):
    """One step of `LSTM`: ``cell(x, (h, c)) -> (h, c)`` with x (B, C).

    Parameters
    ----------
    units : int
    peephole, layer_norm : bool
    forget_bias : float or Initializer
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : str or callable
    implementation : {"fused", "composed"}
    **settings
        Those of `Layer`.

    Notes
    -----
    The weights are those of `LSTM`. A state is a tuple of tensors (B, H); None stands for zeros.
    """

    def __init__(
        self,
        units: int,
        *,
        peephole: bool = False,
        layer_norm: bool = False,
        forget_bias: Any = 1.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        implementation: str = "fused",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        self._settle(units, use_bias, starts, (None, None, None), implementation)
        self._settle_lstm(peephole, layer_norm, forget_bias)


class GRUCell(GRUKind, RecurrentCell):
    """One step of `GRU`: ``cell(x, state) -> (h,)`` with x (B, C); ``(h, c)`` for ``reset="output"``.

    Parameters
    ----------
    units : int
    reset : {"after", "before", "output"}
    update_bias : float or Initializer
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : str or callable
    implementation : {"fused", "composed"}
    **settings
        Those of `Layer`.

    Notes
    -----
    The weights are those of `GRU`. A state is a tuple of tensors (B, H); None stands for zeros.
    """

    def __init__(
        self,
        units: int,
        *,
        reset: str = "after",
        update_bias: Any = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        implementation: str = "fused",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        self._settle(units, use_bias, starts, (None, None, None), implementation)
        self._settle_gru(reset, update_bias)
