"""Small models, and what transformers computed in float64 for some (tiny random checkpoints, no real weights)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stochos import albert
from stochos.albert import _names

SMALL = {
    "vocab_size": 50, "embedding_size": 8, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2,
    "intermediate_size": 24, "max_position_embeddings": 20, "initializer_range": 0.3,
}  # fmt: skip


@pytest.fixture
def small():
    """Make a small model with some settings; weights are large enough for every part to matter."""

    def make(head: str | None = None, **settings) -> albert.Albert:
        return albert.new(None, head, **{"dtype": "float64", "seed": 3, **SMALL, **settings})

    return make


@pytest.fixture
def batch():
    """Ids, mask and types of 3 texts of 7, 4 and 1 tokens."""
    draw = np.random.default_rng(5)
    ids = draw.integers(5, 50, (3, 7))
    mask = (np.arange(7) < np.array([[7], [4], [1]])).astype(np.int64)
    return np.where(mask == 1, ids, 0), mask, np.where(np.arange(7) < 3, 0, 1) * mask


@pytest.fixture(scope="session")
def tiny(shared: Path) -> Path:
    """Folder of the checkpoints and their expected values."""
    return shared / "albert_tiny"


@pytest.fixture
def gradients_by_name():
    """Return gradients of all parameters under the names of transformers, in its layout."""

    def named(model, gradients):
        found = {v.id: g.numpy() for v, g in zip(model.parameters, gradients, strict=True)}
        entries = _names.entries(model)
        return {e.name: found[e.variable.id].T if e.transposed else found[e.variable.id] for e in entries}

    return named
