"""What the recurrent examples share: a layer by name, clipped training steps, the flow before and after."""

from __future__ import annotations

import argparse
from pathlib import Path

from stochos import nn


def options(description, **defaults):
    """Read the command line; `defaults` are what an example starts with."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", choices=("simple", "lstm", "gru"), default="lstm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path, help="write the gradient flow before and after training, an HTML page")
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    return parser.parse_args()


def layer(cell, units, *, longest=None, **settings):
    """Return a recurrent layer; `longest` spreads an LSTM's or GRU's biases over memories of up to so many steps."""
    if cell == "simple":
        return nn.SimpleRNN(units, **settings)
    if cell == "lstm":
        return nn.LSTM(units, forget_bias=nn.initializers.Chrono(longest) if longest else 1.0, **settings)
    return nn.GRU(units, update_bias=nn.initializers.Chrono(longest) if longest else 0.0, **settings)


def step_of(model, optimizer, loss, clip=1.0):
    """Return a compiled training step: (x, y) -> loss, with the gradient clipped to a norm."""

    @nn.compile
    def step(x, y):
        value, gradients = nn.value_and_grad(lambda: loss(model(x), y), wrt=model)()
        gradients = nn.clip_by_norm(gradients, clip)
        optimizer.update(model, gradients)
        return value

    return step


def compare(before, after, report):
    """Print both flows side by side, and write them to a page."""
    both = before.compare(after, names=("before training", "after training"))
    print(both)
    print(after.verdict)
    if report is not None:
        both.to_html(report)
        print(f"wrote {report}")
