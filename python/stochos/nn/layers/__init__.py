"""Layers, one family a file."""

from __future__ import annotations

from stochos.nn.layers.activations import (
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from stochos.nn.layers.attention import MultiHeadAttention
from stochos.nn.layers.convolution import Conv1D, Conv2D
from stochos.nn.layers.core import Dense, Embedding
from stochos.nn.layers.dropout import Dropout
from stochos.nn.layers.lambdas import Lambda
from stochos.nn.layers.merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from stochos.nn.layers.normalization import BatchNorm, LayerNorm
from stochos.nn.layers.pooling import (
    AveragePool1D,
    AveragePool2D,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool1D,
    MaxPool2D,
)
from stochos.nn.layers.recurrent import GRU, LSTM, SimpleRNN
from stochos.nn.layers.recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell
from stochos.nn.layers.recurrent_wrappers import Bidirectional, StackedRNN
from stochos.nn.layers.shaping import Flatten, Permute, Reshape

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "Activation",
    "Add",
    "Average",
    "AveragePool1D",
    "AveragePool2D",
    "BatchNorm",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "LSTMCell",
    "Lambda",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool1D",
    "MaxPool2D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Permute",
    "ReLU",
    "Reshape",
    "SiLU",
    "Sigmoid",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Softplus",
    "StackedRNN",
    "Subtract",
    "Tanh",
]
