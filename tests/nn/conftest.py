"""A network in the least that training asks of a model: named variables, state, a call. No layers are needed for it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stochos import _core
from stochos.errors import InputError
from stochos.nn import initializers, training


class SmallNet:
    """Dense layers with tanh between them, and dropout whose stream has its counter in a variable."""

    built = True
    name = "small"

    def __init__(self, widths, seed: int = 0, dropout: float = 0.0, bias: bool = True, kernel="glorot_uniform") -> None:
        self.dropout = dropout
        self.variables = {}
        for number, shape in enumerate(itertools.pairwise(widths)):
            start = initializers.get(kernel)(shape, seed + number)
            self.variables[f"dense_{number}/kernel"] = start
            if bias:
                self.variables[f"dense_{number}/bias"] = np.zeros(shape[1], dtype=np.float32)
        self.variables = {name: _core.Variable(value, name=name) for name, value in self.variables.items()}
        self.count = _core.Variable(np.zeros((), dtype=np.int64), name="dropout/count", trainable=False)

    @property
    def parameters(self):
        return list(self.variables.values())

    def named_variables(self):
        return {**self.variables, "dropout/count": self.count}

    def aliases(self):
        return {}

    def state(self):
        return {name: np.array(variable.numpy()) for name, variable in self.named_variables().items()}

    def set_state(self, state) -> None:
        variables = self.named_variables()
        if set(state) != set(variables) or any(np.shape(state[n]) != tuple(v.shape) for n, v in variables.items()):
            msg = "[small] the state does not fit"
            raise InputError(msg)
        for name, variable in variables.items():
            variable.assign(state[name])

    def __call__(self, x, training: bool = False):
        x = x if isinstance(x, _core.Tensor) else _core.tensor(x)
        stems = sorted({name.partition("/")[0] for name in self.variables})
        for number, stem in enumerate(stems):
            x = x @ self.variables[f"{stem}/kernel"]
            if f"{stem}/bias" in self.variables:
                x = x + self.variables[f"{stem}/bias"]
            if number < len(stems) - 1:
                x = _core.ops.tanh(x)
                if self.dropout and training:
                    drawn = _core.ops.random_uniform(x.shape, 7, self.count)
                    self.count.assign(self.count + 1)
                    x = _core.ops.where(drawn < self.dropout, 0.0, x)
        return x

    def fit(self, *arguments, **options):
        return training.fit(self, *arguments, **options)

    def evaluate(self, *arguments, **options):
        return training.evaluate(self, *arguments, **options)

    def predict(self, *arguments, **options):
        return training.predict(self, *arguments, **options)


@pytest.fixture
def small_net():
    """The class `SmallNet`."""
    return SmallNet
