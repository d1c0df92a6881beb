"""Seeds. Every random draw of Stochos is a function of a seed and a counter alone (stream version 1)."""

from __future__ import annotations

import numpy as np

from stochos import _core
from stochos.errors import InputError, InputTypeError

__all__ = ["seed_of", "stream_version"]

#: Version of the random streams; it is written into every saved result.
stream_version: int = _core.stream_version


def seed_of(seed: int | np.random.Generator | np.random.SeedSequence, where: str = "random.seed_of") -> int:
    """Turn what a user gives as `seed` into the 64-bit number that the core takes.

    Parameters
    ----------
    seed : int, numpy.random.Generator or numpy.random.SeedSequence
        An int in [0, 2**64) stands for itself. A SeedSequence gives its first 64-bit word, the same each time.
        A Generator is advanced by one draw, so that two calls with it give different seeds.
    where : str
        Name of the calling function, for the error message.

    Returns
    -------
    int
        In [0, 2**64).

    Raises
    ------
    InputTypeError
        `seed` is none of these kinds.
    InputError
        An int is outside [0, 2**64).
    """
    # The hint promises one of three kinds; a caller may give anything.
    given: object = seed
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(0, 2**64 - 1, dtype=np.uint64, endpoint=True))
    if isinstance(seed, np.random.SeedSequence):
        return int(seed.generate_state(1, np.uint64)[0])
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        if 0 <= int(given) < 2**64:
            return int(given)
        msg = f"[{where}] seed is {seed}; give a whole number from 0 to 2**64 - 1"
        raise InputError(msg)
    msg = f"[{where}] seed is {seed!r} of type {type(seed).__name__}; give an int, a numpy Generator or a SeedSequence"
    raise InputTypeError(msg)
