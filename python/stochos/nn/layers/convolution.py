"""Convolutions over time and over images, channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stochos import _checks, _core
from stochos.errors import InputError
from stochos.nn import regularizers
from stochos.nn.functions import activation as activation_of
from stochos.nn.layer import Layer
from stochos.nn.regularizers import Regularizer

__all__ = ["Conv1D", "Conv2D"]


class _Conv(Layer):
    """What convolutions share."""

    main_weight = "kernel"
    axes = 0
    layout = ""

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        activation: str | Callable[..., Any] | None = None,
        *,
        stride: int | tuple[int, ...] = 1,
        padding: str = "valid",
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        where = f"nn.{type(self).__name__}"
        self.filters = _checks.whole(where, "filters", filters, 1)
        self.kernel_size = lengths(where, "kernel_size", kernel_size, self.axes)
        self.stride = lengths(where, "stride", stride, self.axes)
        self.dilation = lengths(where, "dilation", dilation, self.axes)
        self.padding = _checks.choice(where, "padding", padding, ("valid", "same"))
        self.groups = _checks.whole(where, "groups", groups, 1)
        if self.filters % self.groups:
            msg = f"[{where}] {self.filters} filters cannot be shared out among groups={self.groups}; give a multiple"
            raise InputError(msg)
        self.use_bias = bool(use_bias)
        self._activation = activation_of(activation)
        self._initializers = kernel_initializer, bias_initializer
        self._penalties = regularizers.get(kernel_regularizer), regularizers.get(bias_regularizer)

    def build(self, *shapes: Any) -> None:
        """Make kernel and bias."""
        shape = shapes[0]
        if shape is None or len(shape) != self.axes + 2:
            self.refuse(f"an input of shape {self.layout}", f"shape {shape}")
        if shape[-1] is not None and shape[-1] % self.groups:
            self.refuse(f"channels that groups={self.groups} divides", f"shape {tuple(shape)}")
        inner = None if shape[-1] is None else shape[-1] // self.groups
        kernel = (*self.kernel_size, inner, self.filters)
        self.add_weight("kernel", kernel, self._initializers[0], regularizer=self._penalties[0])
        if self.use_bias:
            self.add_weight("bias", (self.filters,), self._initializers[1], regularizer=self._penalties[1])

    def check(self, *inputs: Any) -> None:
        """Look at the axes, the channels and the dtype."""
        x = self.single(inputs)
        self.expect_float(x)
        channels = self.kernel.shape[-2] * self.groups
        if len(x.shape) != self.axes + 2 or x.shape[-1] != channels:
            self.refuse(f"an input of shape {self.layout} with C = {channels}", f"shape {tuple(x.shape)}")
        for place, n in enumerate(x.shape[1:-1]):
            span = (self.kernel_size[place] - 1) * self.dilation[place] + 1
            if self.padding == "valid" and n is not None and n < span:
                self.refuse(f"at least {span} places on axis {place + 1}", f"input of shape {tuple(x.shape)}")

    def call(self, x: Any) -> Any:
        """Compute."""
        kernel = self.kernel
        if self.groups == 1:
            y = self._convolved(x, kernel)
        else:
            n, m = kernel.shape[-2], self.filters // self.groups
            parts = [(x[..., g * n : g * n + n], kernel[..., g * m : g * m + m]) for g in range(self.groups)]
            y = _core.ops.concat([self._convolved(*part) for part in parts], -1)
        if self.use_bias:
            y = _core.ops.add(y, self.bias)
        return y if self._activation is None else self._activation(y)

    def _convolved(self, x: Any, kernel: Any) -> Any:
        return _core.ops.conv2d(x, kernel, self.stride, self.padding, self.dilation)


class Conv1D(_Conv):
    """A convolution over time: each filter is a window that slides over (B, T, C).

    Parameters
    ----------
    filters : int
        Channels of the result.
    kernel_size : int
        Length of the window.
    activation : str or function of tensors, optional
    stride : int
    padding : {"valid", "same"}
        ``"valid"``: only whole windows, T becomes (T - span) // stride + 1 with span = (kernel_size - 1) dilation + 1.
        ``"same"``: zeros around, T becomes ceil(T / stride).
    dilation : int
        Distance of the places in a window.
    groups : int
        Channels and filters are shared out among so many convolutions side by side.
    use_bias : bool
    kernel_initializer, bias_initializer : str or callable
    kernel_regularizer, bias_regularizer : Regularizer, optional
    **settings
        Those of `Layer`.

    Attributes
    ----------
    kernel : Variable, shape (kernel_size, C / groups, filters)
    bias : Variable, shape (filters,)

    Notes
    -----
    Takes (B, T, C), returns (B, T', filters). As everywhere in deep learning the kernel is not reversed.
    """

    axes = 1
    layout = "(B, T, C)"

    def _convolved(self, x: Any, kernel: Any) -> Any:
        return _core.ops.conv1d(x, kernel, self.stride[0], self.padding, self.dilation[0])


class Conv2D(_Conv):
    """A convolution over images: each filter is a window that slides over (B, H, W, C).

    Parameters
    ----------
    filters : int
        Channels of the result.
    kernel_size : int or (int, int)
        Height and width of the window.
    activation : str or function of tensors, optional
    stride : int or (int, int)
    padding : {"valid", "same"}
        As in `Conv1D`, on both axes.
    dilation : int or (int, int)
    groups : int
        As in `Conv1D`.
    use_bias : bool
    kernel_initializer, bias_initializer : str or callable
    kernel_regularizer, bias_regularizer : Regularizer, optional
    **settings
        Those of `Layer`.

    Attributes
    ----------
    kernel : Variable, shape (height, width, C / groups, filters)
    bias : Variable, shape (filters,)

    Notes
    -----
    Takes (B, H, W, C), returns (B, H', W', filters).
    """

    axes = 2
    layout = "(B, H, W, C)"


def lengths(where: str, name: str, value: Any, axes: int) -> tuple[int, ...]:
    """Return one whole number of 1 or more for each axis."""
    many = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(many) != axes:
        many = (value,)  # refused below, with the name
    return tuple(_checks.whole(where, name, n, 1) for n in many)
