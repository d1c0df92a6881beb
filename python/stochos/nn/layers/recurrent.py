"""Recurrent layers: SimpleRNN, LSTM and GRU."""

from __future__ import annotations

from typing import Any

from stochos import _checks
from stochos.nn.layers.recurrent_base import RecurrentLayer
from stochos.nn.layers.recurrent_kinds import GRUKind, LSTMKind, SimpleKind

__all__ = ["GRU", "LSTM", "SimpleRNN"]


class SimpleRNN(SimpleKind, RecurrentLayer):
    """The plain recurrent layer: ``h = act(x W + h' U + b)``, h' being the state before (Elman 1990).

    Parameters
    ----------
    units : int
        H.
    activation : {"tanh", "relu"}
        With "relu", ``recurrent_initializer="identity"`` is the IRNN of Le, Jaitly & Hinton (arXiv:1504.00941).
    use_bias : bool
    return_sequences : bool
        Whether the result has every step, (B, T, H), or the last alone, (B, H).
    return_state : bool
        Whether the last state comes too: ``(y, h)``.
    reverse : bool
        From the last step to the first; results stay at their own steps.
    stateful : bool
        Each call begins where the one before ended; the batch is fixed. See `reset_states`.
    kernel_initializer, recurrent_initializer, bias_initializer : str or callable
    kernel_regularizer, recurrent_regularizer, bias_regularizer : Regularizer, optional
    implementation : {"fused", "composed"}
        One kernel for all steps, or ordinary operations step by step, which is slower; results agree to rounding.
    **settings
        Those of `Layer`.

    Attributes
    ----------
    kernel : Variable, shape (C, H)
    recurrent_kernel : Variable, shape (H, H)
    bias : Variable, shape (H,)

    Notes
    -----
    Called as ``layer(x, lengths=None, mask=None, initial_state=None)`` with x (B, T, C). Steps from ``lengths[b]`` on,
    and those where ``mask`` (B, T) is False, are skipped: x is not read there (it may hold NaN), the state stays, the
    result is 0.

    Examples
    --------
    >>> x = np.zeros((2, 5, 8), "float32")
    >>> h = nn.SimpleRNN(32)(x, lengths=[5, 3])
    """

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        *,
        use_bias: bool = True,
        return_sequences: bool = False,
        return_state: bool = False,
        reverse: bool = False,
        stateful: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        implementation: str = "fused",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        penalties = kernel_regularizer, recurrent_regularizer, bias_regularizer
        self._settle(units, use_bias, starts, penalties, implementation)
        self._settle_sequences(return_sequences, return_state, reverse, stateful)
        self.activation = _checks.choice("nn.SimpleRNN", "activation", activation, ("tanh", "relu"))


class LSTM(LSTMKind, RecurrentLayer):
    """Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    With ``a = x W + h' U + b`` in blocks: ``i, f, o = sigmoid(a)``, ``g = tanh(a)``, ``c = f c' + i g``,
    ``h = o tanh(c)``.

    Parameters
    ----------
    units : int
        H.
    peephole : bool
        Gates see the cell: i and f that before the step, o that after it (Gers & Schmidhuber 2000).
    layer_norm : bool
        Normalise x W, h' U and c, each with a gain (Ba, Kiros & Hinton, arXiv:1607.06450, equations 20 to 22).
    forget_bias : float or Initializer
        Where the bias of f starts; 1 keeps the cell at first (Jozefowicz et al. 2015). With `initializers.Chrono` the
        bias of i starts at the negative of it.
    use_bias, return_sequences, return_state, reverse, stateful
        As in `SimpleRNN`; with ``return_state`` the result is ``(y, h, c)``.
    kernel_initializer, recurrent_initializer, bias_initializer : str or callable
        Kernels are drawn gate by gate.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : Regularizer, optional
    implementation : {"fused", "composed"}
        As in `SimpleRNN`.
    **settings
        Those of `Layer`.

    Attributes
    ----------
    kernel : Variable, shape (C, 4 H)
        Columns in the blocks i, f, g, o, as in PyTorch and Keras.
    recurrent_kernel : Variable, shape (H, 4 H)
    bias : Variable, shape (4 H,)
    peephole : Variable, shape (3, H)
        With ``peephole=True``; rows i, f, o.
    kernel_gain, recurrent_gain : Variable, shape (4 H,)
    state_gain, state_bias : Variable, shape (H,)
        With ``layer_norm=True``.

    Notes
    -----
    Called as `SimpleRNN` is; ``initial_state`` is ``(h, c)``.

    Examples
    --------
    >>> x = np.zeros((2, 5, 8), "float32")
    >>> y, h, c = nn.LSTM(128, return_sequences=True, return_state=True)(x)
    """

    def __init__(
        self,
        units: int,
        *,
        peephole: bool = False,
        layer_norm: bool = False,
        forget_bias: Any = 1.0,
        use_bias: bool = True,
        return_sequences: bool = False,
        return_state: bool = False,
        reverse: bool = False,
        stateful: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        implementation: str = "fused",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        penalties = kernel_regularizer, recurrent_regularizer, bias_regularizer
        self._settle(units, use_bias, starts, penalties, implementation)
        self._settle_sequences(return_sequences, return_state, reverse, stateful)
        self._settle_lstm(peephole, layer_norm, forget_bias)


class GRU(GRUKind, RecurrentLayer):
    """Gated recurrent unit (Cho et al. 2014): ``z, r = sigmoid(a)``, ``h = (1 - z) h' + z n``.

    z is the share of the new value n; PyTorch and Keras name 1 - z so, which `recurrent_weights` knows.

    Parameters
    ----------
    units : int
        H.
    reset : {"after", "before", "output"}
        "after": ``n = tanh(x W_n + b_n + r (h' U_n + recurrent_bias))``, as PyTorch, cuDNN and Keras have it.
        "before": ``n = tanh(x W_n + b_n + (r h') U_n)``, as in the paper.
        "output": ``n = tanh(x W_n + b_n + h' U_n)``, ``c = (1 - z) c' + z n``, ``h = r c``: a cell like that of
        `LSTM`, whose gradient goes through 1 - z alone (kexue.fm/archives/7888). The states are h and c.
    update_bias : float or Initializer
        Where the bias of z starts; a negative one keeps the state at first. With `initializers.Chrono` it is the
        negative of what that gives.
    use_bias, return_sequences, return_state, reverse, stateful
        As in `SimpleRNN`.
    kernel_initializer, recurrent_initializer, bias_initializer : str or callable
        Kernels are drawn gate by gate.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : Regularizer, optional
    implementation : {"fused", "composed"}
        As in `SimpleRNN`.
    **settings
        Those of `Layer`.

    Attributes
    ----------
    kernel : Variable, shape (C, 3 H)
        Columns in the blocks z, r, n.
    recurrent_kernel : Variable, shape (H, 3 H)
    bias : Variable, shape (3 H,)
    recurrent_bias : Variable, shape (H,)
        With ``reset="after"``.

    Notes
    -----
    Called as `SimpleRNN` is.

    Examples
    --------
    >>> x = np.zeros((2, 200, 8), "float32")
    >>> y = nn.GRU(64, update_bias=nn.initializers.Chrono(200))(x)
    """

    def __init__(
        self,
        units: int,
        *,
        reset: str = "after",
        update_bias: Any = 0.0,
        use_bias: bool = True,
        return_sequences: bool = False,
        return_state: bool = False,
        reverse: bool = False,
        stateful: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        implementation: str = "fused",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        penalties = kernel_regularizer, recurrent_regularizer, bias_regularizer
        self._settle(units, use_bias, starts, penalties, implementation)
        self._settle_sequences(return_sequences, return_state, reverse, stateful)
        self._settle_gru(reset, update_bias)

    def _kept_names(self) -> tuple[str, ...]:
        return (*self.gates, "q") if self.reset == "after" else self.gates
