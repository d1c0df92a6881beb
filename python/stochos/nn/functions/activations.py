"""Activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stochos import _core
from stochos.errors import InputTypeError, UnknownNameError
from stochos.nn.functions import elementwise
from stochos.nn.functions._dispatch import Tensor, TensorLike, function

__all__ = [
    "activation",
    "elu",
    "gelu",
    "gelu_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

ops = _core.ops


@function
def relu(x: TensorLike) -> Tensor:
    """Return max(x, 0).

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.relu(x)


@function
def sigmoid(x: TensorLike) -> Tensor:
    """Return 1 / (1 + exp(-x)).

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.sigmoid(x)


@function
def tanh(x: TensorLike) -> Tensor:
    """Return the hyperbolic tangent.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.tanh(x)


@function
def softplus(x: TensorLike) -> Tensor:
    """Return log(1 + exp(x)), without overflow.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.softplus(x)


@function
def silu(x: TensorLike) -> Tensor:
    """Return x * sigmoid(x).

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.silu(x)


@function
def gelu(x: TensorLike) -> Tensor:
    """Return x times the normal distribution function of x (Hendrycks & Gimpel 2016).

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.gelu(x)


@function
def gelu_tanh(x: TensorLike) -> Tensor:
    """Return the approximation of `gelu` by a hyperbolic tangent, which BERT and GPT-2 use.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.gelu_tanh(x)


@function
def linear(x: TensorLike) -> Tensor:
    """Return x itself.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.mul(x, 1)


@function
def softsign(x: TensorLike) -> Tensor:
    """Return ``x / (1 + |x|)``.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.div(x, ops.add(ops.abs(x), 1.0))


@function
def relu6(x: TensorLike) -> Tensor:
    """Return min(max(x, 0), 6).

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.minimum(ops.relu(x), 6.0)


@function
def log_sigmoid(x: TensorLike) -> Tensor:
    """Return log(sigmoid(x)), without overflow.

    Parameters
    ----------
    x : tensor of any shape

    Returns
    -------
    Tensor, the same shape
    """
    return ops.neg(ops.softplus(ops.neg(x)))


@function
def leaky_relu(x: TensorLike, slope: float = 0.01) -> Tensor:
    """Return x where it is positive, else slope * x.

    Parameters
    ----------
    x : tensor of any shape
    slope : float

    Returns
    -------
    Tensor, the same shape
    """
    return ops.add(ops.relu(x), ops.mul(ops.minimum(x, 0.0), slope))


@function
def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """Return x where it is positive, else alpha * (exp(x) - 1) (Clevert et al. 2015).

    Parameters
    ----------
    x : tensor of any shape
    alpha : float

    Returns
    -------
    Tensor, the same shape
    """
    return ops.add(ops.relu(x), ops.mul(ops.expm1(ops.minimum(x, 0.0)), alpha))


@function
def softmax(x: TensorLike, axis: int = -1, mask: TensorLike | None = None) -> Tensor:
    """Return exp(x) divided by its sum along an axis.

    Parameters
    ----------
    x : tensor
    axis : int
    mask : tensor of bool, optional
        Broadcasts to `x`; only where it is True does a number count. Where nothing counts the result is 0, and so is
        its derivative.

    Returns
    -------
    Tensor, the same shape
    """
    return ops.softmax(x, axis, mask)


@function
def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Return log(softmax(x)), without overflow.

    Parameters
    ----------
    x : tensor
    axis : int

    Returns
    -------
    Tensor, the same shape
    """
    return ops.log_softmax(x, axis)


_BY_NAME: dict[str, Callable[..., Any]] = {
    one.__name__: one
    for one in (
        relu,
        sigmoid,
        tanh,
        softplus,
        silu,
        gelu,
        gelu_tanh,
        linear,
        softsign,
        relu6,
        log_sigmoid,
        leaky_relu,
        elu,
        softmax,
        log_softmax,
    )
} | {"swish": silu, "gelu_new": gelu_tanh, "exp": elementwise.exp}


def activation(given: Any) -> Callable[..., Any] | None:
    """Return the function that a layer's argument ``activation`` stands for.

    Parameters
    ----------
    given : str, function of tensors, or None

    Returns
    -------
    callable or None
        None for no activation.

    Raises
    ------
    UnknownNameError
        There is no activation of this name.
    InputTypeError
        It is no function.
    """
    if given is None or given == "linear":
        return None
    if isinstance(given, str):
        if given in _BY_NAME:
            return _BY_NAME[given]
        msg = f"[nn.activation] there is no activation {given!r}; there are {', '.join(sorted(_BY_NAME))}"
        raise UnknownNameError(msg)
    if callable(given):
        return given  # type: ignore[no-any-return]
    msg = f"[nn.activation] an activation is {given!r} of type {type(given).__name__}; give a name or a function"
    raise InputTypeError(msg)
