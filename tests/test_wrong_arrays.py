"""What is no array of numbers is refused with an error of ours, at every door that takes one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stochos import cuda, gan, nn, reactions, words
from stochos.errors import Error

NET = reactions.Network({"S": 10}, ["S -> @ k"], {"k": 0.1})
RUN = reactions.simulate(NET, [1.0, 2.0], 20)
VECTORS = words.Vectors([[1.0]], ["a"])
KEYED = words.KeyedVectors(VECTORS)
KL = gan.divergence("kl")

WRONG = {
    "text": "much", "none": None, "list of text": ["b"], "beyond floats": [10**400], "objects": np.array([object()]),
    "mapping": {"b": 1}, "ragged": [[1], [2, 3]], "complex": [1j], "bytes": b"abc", "no dimension": np.array("a"),
}  # fmt: skip
DOORS: dict[str, Callable[[object], object]] = {
    "simulate": lambda v: reactions.simulate(NET, v),
    "sweep": lambda v: reactions.sweep(NET, [1.0], {"k": v}, 2),
    "sensitivities": lambda v: reactions.sensitivities(NET, v, n=10),
    "master_equation": lambda v: reactions.master_equation(NET, {"S": 10}, times=v),
    "bounds": lambda v: reactions.master_equation(NET, v or 0, times=[1.0]),
    "compare": lambda v: reactions.compare(RUN, v),
    "Vectors": lambda v: words.Vectors(v, ["a"]),
    "frequencies": lambda v: words.Vectors([[1.0]], ["a"], frequencies=v or "none"),
    "similar": lambda v: VECTORS.similar(v),
    "most_similar": lambda v: KEYED.most_similar(v),
    "distances": lambda v: KEYED.distances(v),
    "item": lambda v: KEYED[v],
    "mean": lambda v: KEYED.get_mean_vector(v, ignore_missing=False),
    "estimate": lambda v: KL.estimate(v, [[1.0]]),
    "tensor": lambda v: nn.matmul(nn.tensor(v), nn.tensor([[1.0]])),
    "evaluate": lambda v: cuda.evaluate("x", x=v),
    "product": lambda v: cuda.matmul(v, v),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_array_is_refused(door, wrong):
    with pytest.raises(Error, match=r"^\[\w+(\.\w+)+\] "):
        DOORS[door](WRONG[wrong])
