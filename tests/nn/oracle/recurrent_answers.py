"""What PyTorch's recurrent layers answer on small fixed inputs, in float64; the keys are those of answers.py.

"lengths" stands where the input was packed; "h" and, of LSTMs, "s" are the last states (layers and directions, B, H).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

B, T, C, H = 3, 5, 4, 6
# name: class, options, whether the sequences have lengths of their own
CASES: dict[str, tuple[type[nn.RNNBase], dict[str, object], bool]] = {
    "tanh": (nn.RNN, {}, False),
    "relu": (nn.RNN, {"nonlinearity": "relu"}, False),
    "lstm": (nn.LSTM, {}, False),
    "gru": (nn.GRU, {}, False),
    "lstm_plain": (nn.LSTM, {"bias": False}, False),
    "lstm_both": (nn.LSTM, {"bidirectional": True}, True),
    "gru_both": (nn.GRU, {"bidirectional": True}, True),
    "tanh_both": (nn.RNN, {"bidirectional": True}, True),
    "lstm_stack": (nn.LSTM, {"num_layers": 2}, True),
    "gru_stack": (nn.GRU, {"num_layers": 2, "bidirectional": True}, True),
}


def answer(name: str) -> dict[str, np.ndarray]:
    """Return input, weights, results, and the gradients of sum(c * y)."""
    kind, options, packed = CASES[name]
    generator = np.random.default_rng(sum(map(ord, name)))
    layer = kind(C, H, batch_first=True, dtype=torch.float64, **options)  # type: ignore[arg-type]
    for parameter in layer.parameters():
        parameter.data = torch.tensor(generator.normal(size=parameter.shape) * 0.5)
    x = torch.tensor(generator.normal(size=(B, T, C)), requires_grad=True)
    out: dict[str, np.ndarray] = {"x": x.detach().numpy()}
    if packed:
        lengths = torch.tensor([5, 2, 4])
        out["lengths"] = lengths.numpy()
        rows = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        result, last = layer(rows)
        y, _ = nn.utils.rnn.pad_packed_sequence(result, batch_first=True, total_length=T)
    else:
        y, last = layer(x)
    c = torch.tensor(generator.normal(size=y.shape))
    (c * y).sum().backward()
    out |= {"y": y.detach().numpy(), "c": c.numpy(), "g/x": x.grad.numpy()}  # type: ignore[union-attr]
    out["h"] = (last[0] if isinstance(last, tuple) else last).detach().numpy()
    if isinstance(last, tuple):
        out["s"] = last[1].detach().numpy()
    for weight, parameter in layer.named_parameters():
        out[f"p/{weight}"] = parameter.detach().numpy()
        out[f"g/{weight}"] = parameter.grad.numpy()  # type: ignore[union-attr]
    return out


RECURRENT = {name: (lambda name=name: answer(name)) for name in CASES}
