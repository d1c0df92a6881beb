"""Layers that make one tensor of several."""

from __future__ import annotations

from functools import reduce
from typing import Any

from stochos import _checks, _core
from stochos.nn import _trees
from stochos.nn.layer import Layer

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]

ops = _core.ops


class _Merge(Layer):
    """What they share: called as ``layer(a, b, ...)`` or ``layer([a, b, ...])``."""

    exactly: int | None = None

    def check(self, *inputs: Any) -> None:
        """Look at the number of inputs and their shapes."""
        given = [x for x in _trees.leaves(inputs) if hasattr(x, "shape")]
        if len(given) < 1 or (self.exactly is not None and len(given) != self.exactly):
            self.refuse(f"{self.exactly or 'one or more'} inputs", f"{len(given)}")
        self.check_shapes([tuple(x.shape) for x in given])

    def check_shapes(self, shapes: list[Any]) -> None:
        """Refuse shapes that do not broadcast."""
        for shape in shapes[1:]:
            pairs = zip(reversed(shapes[0]), reversed(shape), strict=False)
            if any(a is not None and b is not None and a != b and 1 not in (a, b) for a, b in pairs):
                self.refuse("inputs of one shape", f"{', '.join(map(str, shapes))}")


class Add(_Merge):
    """The sum of the inputs: ``layer(a, b, ...)`` or ``layer([a, b, ...])``."""

    def call(self, *inputs: Any) -> Any:
        """Compute."""
        return reduce(ops.add, _trees.leaves(inputs))


class Subtract(_Merge):
    """The first input without the second."""

    exactly = 2

    def call(self, *inputs: Any) -> Any:
        """Compute."""
        return reduce(ops.sub, _trees.leaves(inputs))


class Multiply(_Merge):
    """The product of the inputs, number by number."""

    def call(self, *inputs: Any) -> Any:
        """Compute."""
        return reduce(ops.mul, _trees.leaves(inputs))


class Average(_Merge):
    """The mean of the inputs, number by number."""

    def call(self, *inputs: Any) -> Any:
        """Compute."""
        given = list(_trees.leaves(inputs))
        return ops.div(reduce(ops.add, given), float(len(given)))


class Maximum(_Merge):
    """The largest of the inputs, number by number."""

    def call(self, *inputs: Any) -> Any:
        """Compute."""
        return reduce(ops.maximum, _trees.leaves(inputs))


class Minimum(_Merge):
    """The smallest of the inputs, number by number."""

    def call(self, *inputs: Any) -> Any:
        """Compute."""
        return reduce(ops.minimum, _trees.leaves(inputs))


class Concatenate(_Merge):
    """The inputs joined along an axis.

    Parameters
    ----------
    axis : int
    **settings
        Those of `Layer`.
    """

    def __init__(self, axis: int = -1, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis = _checks.whole("nn.Concatenate", "axis", axis, -8, 7)

    def check_shapes(self, shapes: list[Any]) -> None:
        """Refuse shapes that differ elsewhere than on the axis."""
        rank = len(shapes[0])
        if not -rank <= self.axis < rank:
            self.refuse(f"inputs with an axis {self.axis}", f"{', '.join(map(str, shapes))}")
        for shape in shapes[1:]:
            others = [
                (a, b) for place, (a, b) in enumerate(zip(shapes[0], shape, strict=False)) if place != self.axis % rank
            ]
            if len(shape) != rank or any(a is not None and b is not None and a != b for a, b in others):
                self.refuse(f"inputs equal in all axes but {self.axis}", f"{', '.join(map(str, shapes))}")

    def call(self, *inputs: Any) -> Any:
        """Compute."""
        return ops.concat(list(_trees.leaves(inputs)), self.axis)


class Dot(_Merge):
    """The inner product of two inputs over their last axis: (..., C) and (..., C) to (..., 1).

    Parameters
    ----------
    normalize : bool
        Bring both to length 1 first: the cosine.
    **settings
        Those of `Layer`.
    """

    exactly = 2

    def __init__(self, normalize: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self.normalize = bool(normalize)

    def call(self, *inputs: Any) -> Any:
        """Compute."""
        a, b = _trees.leaves(inputs)
        product = ops.sum(ops.mul(a, b), axis=-1, keepdims=True)
        if not self.normalize:
            return product
        squares = [ops.sum(ops.square(x), axis=-1, keepdims=True) for x in (a, b)]
        return ops.mul(product, ops.rsqrt(ops.maximum(ops.mul(*squares), 1e-30)))
