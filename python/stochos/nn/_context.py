"""What the layers of one thread know while they run: training or not, who called whom, the seed of new layers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from stochos import random

if TYPE_CHECKING:
    from stochos.nn.layer import Layer

__all__ = ["current", "next_seed", "no_updates", "seed", "training_mode"]


class _Current(threading.local):
    """One per thread; the class attributes are what a new thread starts with."""

    training: bool = False
    updates: bool = True
    inferring: bool = False
    base_seed: int = 0
    seeds_taken: int = 0

    def __init__(self) -> None:
        self.stack: list[Layer] = []


current = _Current()


@contextmanager
def training_mode(on: bool = True) -> Iterator[None]:
    """Let every layer called inside train (dropout drops, statistics move) unless its call says otherwise.

    Parameters
    ----------
    on : bool
        False brings inference back inside an outer ``training_mode``.

    Examples
    --------
    >>> x = nn.Input((8,))
    >>> model = nn.Model(x, nn.Dropout(0.5)(x))
    >>> with nn.training_mode():
    ...     y = model(np.ones((4, 8)))  # the same as model(..., training=True)
    """
    before = current.training
    current.training = bool(on)
    try:
        yield
    finally:
        current.training = before


@contextmanager
def no_updates() -> Iterator[None]:
    """Let layers run without moving their statistics, such as the moving mean of `BatchNorm`.

    Of use where one batch passes twice through a layer in training, and should count once.
    """
    before = current.updates
    current.updates = False
    try:
        yield
    finally:
        current.updates = before


@contextmanager
def inferring() -> Iterator[None]:
    """Run on placeholders: nothing may be updated and nothing has a value."""
    before = current.inferring, current.updates, current.training
    current.inferring, current.updates, current.training = True, False, False
    try:
        yield
    finally:
        current.inferring, current.updates, current.training = before


@contextmanager
def inside(layer: Layer, training: bool) -> Iterator[None]:
    """Run the body of `layer`; what it calls inherits `training`."""
    before = current.training
    current.training = training
    current.stack.append(layer)
    try:
        yield
    finally:
        current.stack.pop()
        current.training = before


def seed(value: int | np.random.Generator | np.random.SeedSequence) -> None:
    """Set the seed from which layers made afterwards in this thread take theirs, one after another.

    A layer made with ``seed=`` does not ask. A program that never calls this starts at seed 0, so that a model is a
    function of the program alone.

    Parameters
    ----------
    value : int, numpy.random.Generator or numpy.random.SeedSequence
        As everywhere in Stochos.

    Examples
    --------
    >>> nn.seed(1)
    >>> model = nn.Sequential([nn.Dense(64, activation="relu"), nn.Dense(10)])
    """
    current.base_seed = random.seed_of(value, "nn.seed")
    current.seeds_taken = 0


@contextmanager
def seeded(value: int) -> Iterator[None]:
    """Let layers made inside take their seeds as after ``seed(value)``, and leave those made afterwards alone."""
    before = current.base_seed, current.seeds_taken
    current.base_seed, current.seeds_taken = value, 0
    try:
        yield
    finally:
        current.base_seed, current.seeds_taken = before


def next_seed() -> int:
    """Return the seed of the next layer."""
    current.seeds_taken += 1
    return sub_seed(current.base_seed, current.seeds_taken)


def sub_seed(parent: int, label: int | str) -> int:
    """Return a 64-bit seed that is a function of the parent's and of a label."""
    text = f"{parent}\x1f{type(label).__name__}:{label}"
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")
