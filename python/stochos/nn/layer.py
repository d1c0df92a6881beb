"""The base of every layer: settings, weights made on the first call, and the layers inside it."""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from stochos import _core, random
from stochos.errors import InputError, InputTypeError
from stochos.nn import _context, _names, _trees, registry
from stochos.nn._holder import Holder
from stochos.nn._weights import Tie, make_variable
from stochos.nn.random_stream import RandomStream
from stochos.nn.symbols import Shape, has_symbol, record

if TYPE_CHECKING:
    from stochos.nn.regularizers import Regularizer

__all__ = ["Layer"]


class Layer(Holder):
    """A function of tensors with weights of its own.

    Call a layer on tensors or arrays to compute, or on symbols (`Input`) to build a model. The weights are made on
    the first call, from the shapes. A layer called n times has one set of weights, which is counted, regularised and
    updated once.

    Derive from it to make your own: take settings in ``__init__`` (and pass ``**settings`` on), make weights with
    `add_weight` in ``build``, compute in ``call``. Layers that are attributes, or stand in lists, tuples and dicts
    that are attributes, belong to the layer; so do layers that ``call`` reaches otherwise.

    Parameters
    ----------
    name : str, optional
        Shown in summaries and errors; the default is the class in small letters and a number.
    dtype : {"float32", "float64"}
        Of the weights. Floating inputs of a layer with weights are converted to it.
    seed : int, numpy.random.Generator or numpy.random.SeedSequence, optional
        Of the initial weights and of dropout; default: the next one of `nn.seed`.
    trainable : bool
        False for a frozen layer.

    Attributes
    ----------
    name : str
    built : bool
        Whether the weights have been made.

    Examples
    --------
    >>> @nn.register
    ... class Scale(nn.Layer):
    ...     def build(self, shape):
    ...         self.add_weight("factor", shape[-1:], "ones")
    ...
    ...     def call(self, x):
    ...         return x * self.factor
    """

    #: Name of the weight that the layer stands for in `nn.tie`.
    main_weight: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("stochos."):
            registry.register(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: D102
        layer = super().__new__(cls)
        # What the layer was made with, so that an architecture file can say it.
        layer._arguments = (args, kwargs)
        return layer

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: str = "float32",
        seed: int | np.random.Generator | np.random.SeedSequence | None = None,
        trainable: bool = True,
    ) -> None:
        where = f"nn.{type(self).__name__}"
        wrong: object = name
        if wrong is not None and (not isinstance(wrong, str) or not wrong or "/" in wrong):
            msg = f"[{where}] name is {name!r}; give a text without '/'"
            raise InputError(msg)
        if dtype not in ("float32", "float64"):
            msg = f"[{where}] dtype is {dtype!r}; weights are 'float32' or 'float64'"
            raise InputError(msg)
        self._named = name is not None
        self._uid, automatic = _names.new(type(self))
        self.name: str = name if name is not None else automatic
        self._dtype = dtype
        self._seed = _context.next_seed() if seed is None else random.seed_of(seed, where)
        self._trainable = bool(trainable)
        self._init_store()

    def _init_store(self) -> None:
        """Begin without weights."""
        self._weights: dict[str, _core.Variable | Tie] = {}
        self._buffers: dict[str, _core.Variable] = {}
        self._regularizers: dict[str, Regularizer] = {}
        self._reached: dict[int, Layer] = {}  # layers that call reaches without an attribute
        self._met: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._built_shapes: tuple[Any, ...] | None = None
        self._lock = threading.RLock()

    # --- weights ------------------------------------------------------------------------------------------------

    def add_weight(
        self,
        name: str,
        shape: Sequence[int | None],
        initializer: Any = "glorot_uniform",
        *,
        regularizer: Regularizer | None = None,
        trainable: bool = True,
    ) -> None:
        """Make a weight; afterwards it is the attribute `name` of the layer.

        Call it in ``build``. A weight that `nn.tie` has bound to another is not made.

        Parameters
        ----------
        name : str
        shape : sequence of int
        initializer : str or callable
            As in `nn.initializers`.
        regularizer : Regularizer, optional
        trainable : bool

        Raises
        ------
        InputError
            A length is not known, or the weight is tied to one of another shape.
        """
        lengths = self._known(name, shape)
        if regularizer is not None:
            self._regularizers[name] = regularizer
        tied = self._weights.get(name)
        if isinstance(tied, Tie):
            tied.check(self, name, lengths)
            self._weights[name] = self._weights.pop(name)  # in the order of build
            return
        value = make_variable(self, name, lengths, initializer)
        value.trainable = trainable and self._trainable
        self._weights[name] = value

    def add_buffer(self, name: str, shape: Sequence[int | None], initializer: Any = "zeros") -> None:
        """Make a tensor that is saved with the weights but never trained, such as a moving mean.

        Parameters
        ----------
        name : str
        shape : sequence of int
        initializer : str or callable
        """
        value = make_variable(self, name, self._known(name, shape), initializer)
        value.trainable = False
        self._buffers[name] = value

    def random_stream(self, name: str = "stream") -> RandomStream:
        """Return a stream of random numbers that follows the layer's seed; keep it as the attribute `name`.

        Parameters
        ----------
        name : str
            Layers with several streams need several names.
        """
        return RandomStream(_context.sub_seed(self._seed, name))

    def _reseed(self, seed: int) -> None:
        """Take another seed, for the streams too that follow it."""
        for path, leaf in self._attributes():
            if isinstance(leaf, RandomStream) and leaf.seed == _context.sub_seed(self._seed, path):
                leaf.seed = _context.sub_seed(seed, path)
        self._seed = seed

    def update(self, name: str, value: Any) -> None:
        """Give a buffer a new value, unless updates are off (`nn.no_updates`, or shapes are being inferred).

        Parameters
        ----------
        name : str
        value : Tensor
        """
        if _context.current.updates:
            self._buffers[name].assign(value)

    def _known(self, name: str, shape: Sequence[int | None]) -> tuple[int, ...]:
        lengths = tuple(shape)
        if any(length is None for length in lengths):
            msg = f"[{self.title}] the shape {lengths} of {name!r} has an open length; give nn.Input a whole shape"
            raise InputError(msg)
        return tuple(int(length) for length in lengths if length is not None)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            weights = self.__dict__.get("_weights", {})
            if name in weights:
                return weights[name].value if isinstance(weights[name], Tie) else weights[name]
            buffers = self.__dict__.get("_buffers", {})
            if name in buffers:
                return buffers[name]
        msg = f"{type(self).__name__!r} object has no attribute {name!r}"
        if not name.startswith("_") and self.__dict__.get("_built_shapes") is None:
            msg += "; the weights are made on the first call"
        raise AttributeError(msg)

    # --- calling ------------------------------------------------------------------------------------------------

    def build(self, *shapes: Any) -> None:
        """Make the weights; override it.

        Parameters
        ----------
        *shapes : tuple of int or None
            One for each positional argument of the first call; for a list of tensors, a list of shapes.
        """

    def call(self, *inputs: Any, **options: Any) -> Any:  # noqa: ARG002
        """Compute; override it. Take ``training`` as a keyword to know whether the layer trains."""
        msg = f"[{self.title}] the class defines no call(); write one"
        raise InputError(msg)

    def __call__(self, *inputs: Any, **options: Any) -> Any:  # noqa: D102
        if has_symbol(inputs, options):
            self._ensure_built(inputs)
            return record(self, inputs, options)
        return self.run(*inputs, **options)

    def run(self, *inputs: Any, **options: Any) -> Any:
        """Compute on tensors and arrays; calling the layer does the same."""
        current = _context.current
        asked = options.pop("training", None)
        training = current.training if asked is None else bool(asked)
        inputs = _trees.mapped(_as_tensor, inputs)
        options = {key: _trees.mapped(_as_tensor, value) for key, value in options.items()}
        self._ensure_built(inputs)
        if current.stack:
            current.stack[-1]._reach(self)
        if self._weights:
            inputs = _trees.mapped(self._in_own_dtype, inputs)
        if "training" in _parameters_of_call(type(self)):
            options["training"] = training
        with _core.label(self.name), _context.inside(self, training):
            return self.call(*inputs, **options)

    def _ensure_built(self, inputs: tuple[Any, ...]) -> None:
        if self._built_shapes is None:
            with self._lock:
                if self._built_shapes is None:
                    shapes = _trees.mapped(_shape_of, inputs)
                    self.build(*shapes)
                    self._built_shapes = shapes
        self.check(*inputs)

    def check(self, *inputs: Any) -> None:
        """Look at the inputs' shapes and dtypes, and say which layer they do not fit; override it.

        Parameters
        ----------
        *inputs : Tensor or Symbol
            With ``shape`` and ``dtype``.
        """

    def _in_own_dtype(self, value: Any) -> Any:
        if isinstance(value, (_core.Tensor, _core.Variable)) and value.dtype in ("float32", "float64"):
            return value if value.dtype == self._dtype else _core.ops.cast(value, self._dtype)
        return value

    def _reach(self, layer: Layer) -> None:
        """Take in a layer that runs inside this one, unless it is known to belong to it."""
        if layer not in self._met:
            with self._lock:
                self._met.add(layer)
                if all(child is not layer for _, child in self.children()):
                    self._reached[id(layer)] = layer

    # --- copies and descriptions ----------------------------------------------------------------------------------

    def copy(self) -> Self:
        """Return a copy with the same values in weights of its own; what is shared inside stays shared inside."""
        from stochos.nn import copying

        return copying.copy(self, {})  # type: ignore[no-any-return]

    def clone(self, seed: int | None = None) -> Self:
        """Return a copy with fresh weights; what is shared inside stays shared inside.

        Parameters
        ----------
        seed : int, optional
            Of the fresh weights; default: the next ones of `nn.seed`.
        """
        from stochos.nn import copying

        return copying.clone(self, seed)  # type: ignore[no-any-return]

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from stochos.nn import copying

        return copying.copy(self, memo)  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        # Names and numbers travel, code does not.
        from stochos.nn import architecture

        return architecture.restore, (architecture.describe(self), self.state())

    def __repr__(self) -> str:
        told = _settings_told(self._arguments) if type(self)._settings is Layer._settings else ""
        return f"<{self.title}{told}>" if self.built else f"<{self.title}{told}, not built>"

    def get_config(self) -> dict[str, Any]:
        """Return the architecture as JSON values: settings, layers inside, and what is shared; see `nn.from_config`."""
        from stochos.nn import architecture

        return architecture.describe(self)

    def _settings(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with which a layer like this one is made."""
        return self._arguments

    def single(self, inputs: tuple[Any, ...]) -> Any:
        """Return the one input, or say how many there are."""
        if len(inputs) != 1 or not hasattr(inputs[0], "shape"):
            given = f"{len(inputs)} inputs" if len(inputs) != 1 else f"{inputs[0]!r}"
            self.refuse_kind("one tensor, array or symbol", given)
        return inputs[0]

    def expect_float(self, x: Any) -> None:
        """Refuse an input that is not floating."""
        if x.dtype not in ("float32", "float64"):
            self.refuse_kind("a floating input", f"{x.dtype} of shape {tuple(x.shape)}; use nn.cast or nn.Embedding")

    def refuse(self, expected: str, given: str) -> NoReturn:
        """Raise the error that says what the layer expects and what it got.

        Raises
        ------
        InputError
        """
        msg = f"[{self.title}] expects {expected}, got {given}"
        raise InputError(msg)

    def refuse_kind(self, expected: str, given: str) -> NoReturn:
        """Raise the error that says which dtype or kind the layer expects and what it got.

        Raises
        ------
        InputTypeError
        """
        msg = f"[{self.title}] expects {expected}, got {given}"
        raise InputTypeError(msg)


_CALL_PARAMETERS: dict[type, frozenset[str]] = {}


def _parameters_of_call(kind: type[Layer]) -> frozenset[str]:
    if kind not in _CALL_PARAMETERS:
        _CALL_PARAMETERS[kind] = frozenset(inspect.signature(kind.call).parameters)
    return _CALL_PARAMETERS[kind]


def _settings_told(arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> str:
    """Return the settings of a layer as they were written, without its name."""
    places, words = arguments
    told = [_cut(value) for value in places]
    told += [f"{key}={_cut(value)}" for key, value in words.items() if key != "name"]
    return f" ({', '.join(told)})" if told else ""


def _cut(value: Any) -> str:
    text = getattr(value, "__name__", "") or repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _as_tensor(value: Any) -> Any:
    return _core.tensor(np.asarray(value)) if isinstance(value, (np.ndarray, np.generic)) else value


def _shape_of(value: Any) -> Shape | None:
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(shape)
