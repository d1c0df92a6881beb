"""Dense layers and embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stochos import _checks, _core
from stochos.nn import regularizers
from stochos.nn.functions import activation as activation_of
from stochos.nn.layer import Layer
from stochos.nn.regularizers import Regularizer

__all__ = ["Dense", "Embedding"]

ops = _core.ops


class Dense(Layer):
    """A matrix product and a bias: ``activation(x @ kernel + bias)``.

    Parameters
    ----------
    units : int
        Length of the result's last axis.
    activation : str or function of tensors, optional
    use_bias : bool
    kernel_initializer, bias_initializer : str or callable
        As in `nn.initializers`.
    kernel_regularizer, bias_regularizer : Regularizer, optional
    **settings
        Those of `Layer`.

    Attributes
    ----------
    kernel : Variable, shape (C, units)
    bias : Variable, shape (units,)

    Notes
    -----
    Takes (..., C), returns (..., units).

    Examples
    --------
    >>> x, layer = nn.Input((784,)), nn.Dense(784, activation="relu")
    >>> y = layer(layer(layer(x)))  # one kernel, used three times
    """

    main_weight = "kernel"

    def __init__(
        self,
        units: int,
        activation: str | Callable[..., Any] | None = None,
        *,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.units = _checks.whole("nn.Dense", "units", units, 1)
        self.use_bias = bool(use_bias)
        self._activation = activation_of(activation)
        self._initializers = kernel_initializer, bias_initializer
        self._penalties = regularizers.get(kernel_regularizer), regularizers.get(bias_regularizer)

    def build(self, *shapes: Any) -> None:
        """Make kernel and bias."""
        shape = shapes[0]
        if not shape:
            self.refuse("an input with at least one axis", f"shape {shape}")
        self.add_weight("kernel", (shape[-1], self.units), self._initializers[0], regularizer=self._penalties[0])
        if self.use_bias:
            self.add_weight("bias", (self.units,), self._initializers[1], regularizer=self._penalties[1])

    def check(self, *inputs: Any) -> None:
        """Look at the last axis and the dtype."""
        x = self.single(inputs)
        self.expect_float(x)
        width = self.kernel.shape[0]
        if not x.shape or x.shape[-1] != width:
            self.refuse(f"last axis {width}", f"input of shape {tuple(x.shape)}")

    def call(self, x: Any) -> Any:
        """Compute."""
        y = ops.matmul(x, self.kernel)
        if self.use_bias:
            y = ops.add(y, self.bias)
        return y if self._activation is None else self._activation(y)


class Embedding(Layer):
    """A table with one row for each index.

    Parameters
    ----------
    size : int
        Number of rows.
    units : int
        Length of a row.
    mask_zero : bool
        Row 0 stands for padding: its result is 0, and nothing goes back to it from here. A layer tied to the table
        still sees and moves the row.
    table_initializer : str or callable
    table_regularizer : Regularizer, optional
    **settings
        Those of `Layer`.

    Attributes
    ----------
    table : Variable, shape (size, units)

    Notes
    -----
    Takes integers of any shape S, returns ``(*S, units)``. An index outside of the table is an error when it is
    computed.
    """

    main_weight = "table"

    def __init__(
        self,
        size: int,
        units: int,
        *,
        mask_zero: bool = False,
        table_initializer: Any = "uniform",
        table_regularizer: str | Regularizer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.size = _checks.whole("nn.Embedding", "size", size, 1)
        self.units = _checks.whole("nn.Embedding", "units", units, 1)
        self.mask_zero = bool(mask_zero)
        self._initializer = table_initializer
        self._penalty = regularizers.get(table_regularizer)

    def build(self, *shapes: Any) -> None:  # noqa: ARG002
        """Make the table."""
        self.add_weight("table", (self.size, self.units), self._initializer, regularizer=self._penalty)

    def check(self, *inputs: Any) -> None:
        """Look at the dtype."""
        x = self.single(inputs)
        if x.dtype not in ("int32", "int64"):
            self.refuse_kind("indices of dtype int32 or int64", f"{x.dtype} of shape {tuple(x.shape)}")

    def call(self, x: Any) -> Any:
        """Look up the rows."""
        rows = ops.take(self.table, x, 0)
        if not self.mask_zero:
            return rows
        seen = ops.not_equal(x, 0)
        return ops.where(ops.reshape(seen, (*seen.shape, 1)), rows, 0.0)
