"""Neural networks: tensors with derivatives of any order."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stochos._core import Tensor, Variable, check_numerics, from_dlpack, tensor
    from stochos.nn import (
        callbacks,
        functions,
        initializers,
        layers,
        losses,
        metrics,
        recurrent_weights,
        regularizers,
        schedules,
    )
    from stochos.nn._context import no_updates, seed, training_mode
    from stochos.nn.architecture import from_config
    from stochos.nn.clipping import clip_by_norm, clip_by_value, global_norm
    from stochos.nn.compiling import compile
    from stochos.nn.flow import GradientFlow, gradient_flow
    from stochos.nn.functions import (
        abs,
        activation,
        add,
        all,
        any,
        argmax,
        argmin,
        attention,
        broadcast_to,
        cast,
        ceil,
        clip,
        concatenate,
        cos,
        cumsum,
        divide,
        elu,
        equal,
        erf,
        exp,
        expand_dims,
        expm1,
        floor,
        gelu,
        gelu_tanh,
        getitem,
        greater,
        greater_equal,
        isfinite,
        leaky_relu,
        less,
        less_equal,
        linear,
        log,
        log1p,
        log_sigmoid,
        log_softmax,
        logical_and,
        logical_not,
        logical_or,
        logical_xor,
        logsumexp,
        matmul,
        max,
        maximum,
        mean,
        min,
        minimum,
        mod,
        multiply,
        negative,
        norm,
        not_equal,
        one_hot,
        pad,
        power,
        prod,
        reciprocal,
        relu,
        relu6,
        reshape,
        round,
        rsqrt,
        sigmoid,
        sign,
        silu,
        sin,
        softmax,
        softplus,
        softsign,
        split,
        sqrt,
        square,
        squeeze,
        stack,
        std,
        stop_gradient,
        subtract,
        sum,
        swapaxes,
        take,
        take_along_axis,
        tanh,
        transpose,
        var,
        where,
    )
    from stochos.nn.history import History
    from stochos.nn.layer import Layer
    from stochos.nn.layers import (
        ELU,
        GELU,
        GRU,
        LSTM,
        Activation,
        Add,
        Average,
        AveragePool1D,
        AveragePool2D,
        BatchNorm,
        Bidirectional,
        Concatenate,
        Conv1D,
        Conv2D,
        Dense,
        Dot,
        Dropout,
        Embedding,
        Flatten,
        GlobalAveragePool,
        GlobalMaxPool,
        GRUCell,
        Lambda,
        LayerNorm,
        LeakyReLU,
        LSTMCell,
        Maximum,
        MaxPool1D,
        MaxPool2D,
        Minimum,
        MultiHeadAttention,
        Multiply,
        Permute,
        ReLU,
        Reshape,
        Sigmoid,
        SiLU,
        SimpleRNN,
        SimpleRNNCell,
        Softmax,
        Softplus,
        StackedRNN,
        Subtract,
        Tanh,
    )
    from stochos.nn.model import Model
    from stochos.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
    from stochos.nn.random_stream import RandomStream
    from stochos.nn.registry import register
    from stochos.nn.regularizers import L1, L1L2, L2, Regularizer, regularization_loss
    from stochos.nn.saving import LoadReport, load, load_weights, save, save_weights
    from stochos.nn.sequential import Sequential
    from stochos.nn.symbols import Input, Symbol
    from stochos.nn.ties import tie, untie
    from stochos.nn.training import fit, predict
    from stochos.nn.transforms import evaluate, grad, hessian, jacobian, value_and_grad

#: Where each name lives; a module is loaded when a name of it is first used.
_HOMES = {
    "stochos._core": ("Tensor Variable check_numerics from_dlpack tensor"),
    "stochos.nn._context": ("no_updates seed training_mode"),
    "stochos.nn.architecture": ("from_config"),
    "stochos.nn.clipping": ("clip_by_norm clip_by_value global_norm"),
    "stochos.nn.compiling": ("compile"),
    "stochos.nn.functions": (
        "abs activation add all any argmax argmin attention broadcast_to cast ceil clip concatenate cos "
        "cumsum divide elu equal erf exp expand_dims expm1 floor gelu gelu_tanh getitem greater greater_equal "
        "isfinite leaky_relu less less_equal linear log log1p log_sigmoid log_softmax logical_and logical_not "
        "logical_or logical_xor logsumexp matmul max maximum mean min minimum mod multiply negative norm "
        "not_equal one_hot pad power prod reciprocal relu relu6 reshape round rsqrt sigmoid sign silu sin "
        "softmax softplus softsign split sqrt square squeeze stack std stop_gradient subtract sum swapaxes "
        "take take_along_axis tanh transpose var where "
    ),
    "stochos.nn.flow": ("GradientFlow gradient_flow"),
    "stochos.nn.history": ("History"),
    "stochos.nn.layer": ("Layer"),
    "stochos.nn.layers": (
        "Activation Add Average AveragePool1D AveragePool2D BatchNorm Bidirectional Concatenate Conv1D Conv2D Dense "
        "Dot Dropout ELU Embedding Flatten GELU GRU GRUCell LSTM LSTMCell SimpleRNN SimpleRNNCell StackedRNN "
        "GlobalAveragePool GlobalMaxPool Lambda LayerNorm LeakyReLU "
        "MaxPool1D MaxPool2D Maximum Minimum MultiHeadAttention Multiply Permute ReLU Reshape SiLU Sigmoid "
        "Softmax Softplus Subtract Tanh "
    ),
    "stochos.nn.model": ("Model"),
    "stochos.nn.optimizers": ("Adagrad Adam AdamW Optimizer RMSprop SGD"),
    "stochos.nn.random_stream": ("RandomStream"),
    "stochos.nn.registry": ("register"),
    "stochos.nn.regularizers": ("L1 L1L2 L2 Regularizer regularization_loss"),
    "stochos.nn.saving": ("LoadReport load load_weights save save_weights"),
    "stochos.nn.sequential": ("Sequential"),
    "stochos.nn.symbols": ("Input Symbol"),
    "stochos.nn.ties": ("tie untie"),
    "stochos.nn.training": ("fit predict"),
    "stochos.nn.transforms": ("evaluate grad hessian jacobian value_and_grad"),
}
_MODULES = (
    "callbacks",
    "functions",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "recurrent_weights",
    "regularizers",
    "schedules",
)
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

# fmt: off
__all__ = [  # noqa: RUF022 - by the alphabet, many a line
    "Activation", "Adagrad", "Adam", "AdamW", "Add", "Average", "AveragePool1D", "AveragePool2D", "BatchNorm",
    "Bidirectional", "Concatenate", "Conv1D", "Conv2D", "Dense", "Dot", "Dropout", "ELU", "Embedding", "Flatten",
    "GELU", "GRU", "GRUCell", "GlobalAveragePool", "GlobalMaxPool", "GradientFlow", "History", "Input", "L1", "L1L2",
    "L2", "LSTM", "LSTMCell", "Lambda", "Layer", "LayerNorm", "LeakyReLU", "LoadReport", "MaxPool1D", "MaxPool2D",
    "Maximum", "Minimum", "Model", "MultiHeadAttention", "Multiply", "Optimizer", "Permute", "RMSprop", "RandomStream",
    "ReLU", "Regularizer", "Reshape", "SGD", "Sequential", "SiLU", "Sigmoid", "SimpleRNN", "SimpleRNNCell", "Softmax",
    "Softplus", "StackedRNN", "Subtract", "Symbol", "Tanh", "Tensor", "Variable", "abs", "activation", "add", "all",
    "any", "argmax", "argmin", "attention", "broadcast_to", "callbacks", "cast", "ceil", "check_numerics", "clip",
    "clip_by_norm", "clip_by_value", "compile", "concatenate", "cos", "cumsum", "divide", "elu", "equal", "erf",
    "evaluate", "exp", "expand_dims", "expm1", "fit", "floor", "from_config", "from_dlpack", "functions", "gelu",
    "gelu_tanh", "getitem", "global_norm", "grad", "gradient_flow", "greater", "greater_equal", "hessian",
    "initializers", "isfinite", "jacobian", "layers", "leaky_relu", "less", "less_equal", "linear", "load",
    "load_weights", "log", "log1p", "log_sigmoid", "log_softmax", "logical_and", "logical_not", "logical_or",
    "logical_xor", "logsumexp", "losses", "matmul", "max", "maximum", "mean", "metrics", "min", "minimum", "mod",
    "multiply", "negative", "no_updates", "norm", "not_equal", "one_hot", "pad", "power", "predict", "prod",
    "reciprocal", "recurrent_weights", "register", "regularization_loss", "regularizers", "relu", "relu6", "reshape",
    "round", "rsqrt", "save", "save_weights", "schedules", "seed", "sigmoid", "sign", "silu", "sin", "softmax",
    "softplus", "softsign", "split", "sqrt", "square", "squeeze", "stack", "std", "stop_gradient", "subtract", "sum",
    "swapaxes", "take", "take_along_axis", "tanh", "tensor", "tie", "training_mode", "transpose", "untie",
    "value_and_grad", "var", "where",
]
# fmt: on


def __getattr__(name: str) -> object:
    # Loaded on first use, so that `import stochos` stays quick.
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"stochos.nn.{name}")
    msg = f"module 'stochos.nn' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
