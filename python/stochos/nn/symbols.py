"""The functional graph: symbols stand for tensors to come, calls remember which layer made which from which."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NoReturn, Protocol

from stochos import _core
from stochos.errors import Error, InputError, InputTypeError
from stochos.nn import _context, _trees

__all__ = ["Call", "Input", "Symbol", "record"]

DTYPES = ("float32", "float64", "int32", "int64", "bool")
Shape = tuple[int | None, ...]

# What stands for an unknown length, by axis, in the two runs that find out which lengths of the results move.
# Numbers with many divisors, so that reshapes that would work for some batch also work here.
_FIRST = (2520, 1680, 720, 840)
_SECOND = (5040, 3360, 1440, 1260)
_names = itertools.count(1)


class Target(Protocol):
    """What a call may call: a layer, or a function of tensors."""

    @property
    def name(self) -> str:
        """The name shown in summaries and pictures."""

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Compute on tensors."""


class Symbol:
    """A tensor to come: what `Input` and every layer called on a symbol return.

    It has a shape, in which None is a length known only at run time, and a dtype, but no values. Operators and the
    functions of `stochos.nn` take symbols as they take tensors, and remember the call.

    Attributes
    ----------
    shape : tuple of int or None
    dtype : str
        ``"float32"``, ``"float64"``, ``"int32"``, ``"int64"`` or ``"bool"``.
    name : str
    call : Call or None
        What makes it; None for an `Input`.
    index : int
        Its place among the results of the call.
    """

    __slots__ = ("__weakref__", "call", "dtype", "index", "name", "origin", "shape")
    __stochos_symbol__ = True  # operators of Tensor and Variable step aside for it
    __array_ufunc__ = None  # and so do those of NumPy arrays

    def __init__(
        self, shape: Shape, dtype: str, name: str, call: Call | None, index: int, origin: Symbol | None = None
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self.call = call
        self.index = index
        self.origin = self if origin is None else origin  # the symbol of which surgery or copying made this one

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def T(self) -> Any:
        """The symbol with its axes in reverse order."""
        return _function("transpose")(self)

    def __repr__(self) -> str:
        return f"Symbol({self.name!r}, shape={self.shape}, dtype={self.dtype!r})"

    def reshape(self, *shape: Any) -> Any:
        """Return the symbol in another shape; see `nn.reshape`."""
        return _function("reshape")(self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)

    def transpose(self, *axes: Any) -> Any:
        """Return the symbol with its axes permuted; see `nn.transpose`."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return _function("transpose")(self, tuple(order) if order else None)

    def astype(self, dtype: str) -> Any:
        """Return the symbol in another dtype; see `nn.cast`."""
        return _function("cast")(self, dtype)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the sum over `axis`; see `nn.sum`."""
        return _function("sum")(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the mean over `axis`; see `nn.mean`."""
        return _function("mean")(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the largest over `axis`; see `nn.max`."""
        return _function("max")(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the smallest over `axis`; see `nn.min`."""
        return _function("min")(self, axis=axis, keepdims=keepdims)

    def __getitem__(self, key: Any) -> Any:
        return _function("getitem")(self, key)

    def __neg__(self) -> Any:
        return _function("negative")(self)

    def __abs__(self) -> Any:
        return _function("abs")(self)

    def __invert__(self) -> Any:
        return _function("logical_not")(self)

    def __add__(self, other: Any) -> Any:
        return _function("add")(self, other)

    def __radd__(self, other: Any) -> Any:
        return _function("add")(other, self)

    def __sub__(self, other: Any) -> Any:
        return _function("subtract")(self, other)

    def __rsub__(self, other: Any) -> Any:
        return _function("subtract")(other, self)

    def __mul__(self, other: Any) -> Any:
        return _function("multiply")(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _function("multiply")(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _function("divide")(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _function("divide")(other, self)

    def __pow__(self, other: Any) -> Any:
        return _function("power")(self, other)

    def __rpow__(self, other: Any) -> Any:
        return _function("power")(other, self)

    def __mod__(self, other: Any) -> Any:
        return _function("mod")(self, other)

    def __rmod__(self, other: Any) -> Any:
        return _function("mod")(other, self)

    def __matmul__(self, other: Any) -> Any:
        return _function("matmul")(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _function("matmul")(other, self)

    def __lt__(self, other: Any) -> Any:
        return _function("less")(self, other)

    def __le__(self, other: Any) -> Any:
        return _function("less_equal")(self, other)

    def __gt__(self, other: Any) -> Any:
        return _function("greater")(self, other)

    def __ge__(self, other: Any) -> Any:
        return _function("greater_equal")(self, other)

    def __bool__(self) -> NoReturn:
        self._has_no_value("a truth value")

    def __float__(self) -> NoReturn:
        self._has_no_value("a number")

    def __int__(self) -> NoReturn:
        self._has_no_value("a number")

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        self._has_no_value("an array")

    def __iter__(self) -> NoReturn:
        self._has_no_value("a sequence")

    def _has_no_value(self, wanted: str) -> NoReturn:
        msg = (
            f"[nn.Symbol] {self!r} has no values, so it cannot become {wanted}; make a model of it, "
            "nn.Model(inputs, outputs), and call that on an array"
        )
        raise InputTypeError(msg)


class Call:
    """One call of a layer or function on symbols.

    Attributes
    ----------
    target : Layer or Function
    arguments : tuple
        Positional arguments as given, symbols among them.
    keywords : dict
        Keyword arguments as given.
    inputs : tuple of Symbol
        The symbols among the arguments, in order, each place once.
    outputs : tuple of Symbol
    result : nested lists, tuples and dicts of Symbol
        What the call returned.
    """

    __slots__ = ("arguments", "inputs", "keywords", "outputs", "result", "target")

    def __init__(self, target: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self.target = target
        self.arguments = arguments
        self.keywords = keywords
        self.inputs = tuple(x for x in _trees.leaves((arguments, keywords)) if isinstance(x, Symbol))
        self.outputs: tuple[Symbol, ...] = ()
        self.result: Any = None

    def __repr__(self) -> str:
        return f"Call({self.target.name!r}, {', '.join(x.name for x in self.inputs)})"


def Input(
    shape: int | Sequence[int | None], dtype: str = "float32", name: str | None = None, batch: int | None = None
) -> Symbol:
    """Begin a model: return the symbol of an input.

    Parameters
    ----------
    shape : int or sequence of int or None
        Lengths without the batch; None where the length is known only at run time. ``784`` means ``(784,)``.
    dtype : {"float32", "float64", "int32", "int64", "bool"}
    name : str, optional
    batch : int, optional
        Length of the first axis when it is fixed.

    Returns
    -------
    Symbol
        Of shape ``(batch, *shape)``.

    Raises
    ------
    InputError, InputTypeError
        A length is negative or no whole number, the dtype is unknown.

    Examples
    --------
    >>> x = nn.Input((784,))
    >>> y = nn.Dense(10, activation="softmax")(x)
    >>> model = nn.Model(x, y)
    """
    lengths = (shape,) if isinstance(shape, int) else tuple(shape)
    for length in (batch, *lengths):
        if length is not None and (isinstance(length, bool) or not hasattr(length, "__index__")):
            msg = f"[nn.Input] shape is {shape!r}; give whole numbers, or None where the length is open"
            raise InputTypeError(msg)
        if length is not None and int(length) < 0:
            msg = f"[nn.Input] shape is {shape!r}; a length cannot be negative"
            raise InputError(msg)
    if dtype not in DTYPES:
        msg = f"[nn.Input] dtype is {dtype!r}; give one of {', '.join(DTYPES)}"
        raise InputError(msg)
    whole = tuple(None if length is None else int(length) for length in (batch, *lengths))
    return Symbol(whole, dtype, name or f"input_{next(_names)}", None, 0)


def has_symbol(*tree: Any) -> bool:
    """Tell whether a symbol hangs in the arguments."""
    return any(type(leaf) is Symbol for leaf in _trees.leaves(tree))


def record(target: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Remember a call of `target` and return its result as symbols.

    Parameters
    ----------
    target : Layer or Function
        Has a ``name`` and ``run(*args, **kwargs)`` for tensors.
    arguments, keywords
        At least one symbol among them.

    Returns
    -------
    nested lists, tuples and dicts of Symbol

    Raises
    ------
    Error
        What the target itself says of shapes and dtypes that do not fit.
    """
    call = Call(target, arguments, keywords)
    return finish(call, infer(call))


def finish(call: Call, specs: Any, origins: Sequence[Symbol] | None = None) -> Any:
    """Give a call its results: one symbol for each (shape, dtype) in `specs`."""
    outputs: list[Symbol] = []
    several = sum(1 for _ in _trees.leaves(specs)) > 1

    def symbol(spec: Spec) -> Symbol:
        number = len(outputs)
        name = f"{call.target.name}:{number}" if several else str(call.target.name)
        origin = origins[number].origin if origins is not None and number < len(origins) else None
        outputs.append(Symbol(spec.shape, spec.dtype, name, call, number, origin))
        return outputs[-1]

    call.result = _trees.mapped(symbol, specs)
    call.outputs = tuple(outputs)
    return call.result


class Spec:
    """Shape and dtype of a result; a class of its own, so that it is a leaf."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Shape, dtype: str) -> None:
        self.shape = shape
        self.dtype = dtype


def infer(call: Call) -> Any:
    """Find the shapes of the results by running the target on placeholders, with two lengths for each open axis."""
    runs = [_run_on_placeholders(call, _FIRST)]
    if any(None in symbol.shape for symbol in call.inputs):
        runs.append(_run_on_placeholders(call, _SECOND))
    found = [list(_trees.leaves(run)) for run in runs]
    specs = []
    for number, first in enumerate(found[0]):
        if not hasattr(first, "shape") or not hasattr(first, "dtype"):
            msg = (
                f"[nn.{_title(call)}] returned {first!r}; "
                "a layer or function returns tensors, in lists, tuples or dicts"
            )
            raise InputTypeError(msg)
        shapes = [tuple(run[number].shape) for run in found]
        specs.append(
            Spec(tuple(a if a == b else None for a, b in zip(shapes[0], shapes[-1], strict=True)), first.dtype)
        )
    remaining = iter(specs)
    return _trees.mapped(lambda _: next(remaining), runs[0])


def _run_on_placeholders(call: Call, lengths: tuple[int, ...]) -> Any:
    def place(leaf: Any) -> Any:
        if not isinstance(leaf, Symbol):
            return leaf
        shape = [lengths[min(axis, 3)] if n is None else n for axis, n in enumerate(leaf.shape)]
        return _core.placeholder(tuple(shape), leaf.dtype)

    try:
        with _context.inferring():
            return call.target.run(*_trees.mapped(place, call.arguments), **_trees.mapped(place, call.keywords))
    except Error as error:
        shown = ", ".join(f"{x.name} {x.shape} {x.dtype}" for x in call.inputs)
        error.add_note(f"while {call.target.name!r} was called on {shown}; numbers such as 2520 stand for None")
        raise


def _title(call: Call) -> str:
    kind = type(call.target).__name__
    return str(call.target.name) if kind == "Function" else f"{kind} {call.target.name!r}"


def _function(name: str) -> Any:
    # The functions import this module, so they are looked up when they are used.
    from stochos.nn import functions

    return getattr(functions, name)
