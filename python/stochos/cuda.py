"""Graphics cards of NVIDIA: what is there, and dense work on the first of them.

Ensembles of reactions and the fit of word vectors take ``device="cuda"`` themselves (`reactions.simulate`,
`words.fit`). ``CUDA_VISIBLE_DEVICES`` chooses the card. A build has the kernels when it was made with
``pip install -Ccmake.define.STOCHOS_CUDA=ON``, for which nvcc must be on the path, and no card need be there.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochos import _checks, _core
from stochos.errors import InputError, InputTypeError

__all__ = ["Device", "devices", "evaluate", "is_available", "is_built", "matmul", "product_library"]

_Real = TypeVar("_Real", np.float32, np.float64)


class Device(NamedTuple):
    """One graphics card.

    Attributes
    ----------
    name : str
    capability : tuple of (int, int)
        Generation of its instructions, as ``(9, 0)``.
    processors : int
        How many multiprocessors it has.
    memory : int
        Bytes.
    """

    name: str
    capability: tuple[int, int]
    processors: int
    memory: int


def is_built() -> bool:
    """Tell whether this build of Stochos has kernels for graphics cards.

    Returns
    -------
    bool
    """
    return _core.cuda_built()


def devices() -> list[Device]:
    """List the graphics cards that the driver shows; the first is the one that is used.

    Returns
    -------
    list of Device
        Empty where the build has no CUDA, or the machine no driver or no card.
    """
    return [Device(name, (major, minor), processors, memory) for name, major, minor, processors, memory in
            _core.cuda_devices()]  # fmt: skip


def is_available() -> bool:
    """Tell whether ``device="cuda"`` can work: the build has CUDA, and there is a card.

    Returns
    -------
    bool
    """
    return bool(_core.cuda_devices())


def product_library() -> str:
    """Return which library makes products: the name of cuBLAS's file; nothing where Stochos's own kernel does.

    cuBLAS is looked for when it is first needed, by the names libcublas.so.13, .12 and none, where the system looks for
    libraries (``LD_LIBRARY_PATH``).

    Returns
    -------
    str
    """
    return _core.cuda_product_library()


def matmul(a: NDArray[_Real], b: NDArray[_Real]) -> NDArray[_Real]:
    """Multiply two matrices on the graphics card.

    The matrices go to the card and the product comes back, so that this pays for large ones alone. The product is
    cuBLAS's where it is found (see `product_library`), else that of a plain kernel of Stochos's own.

    Parameters
    ----------
    a : array, shape (M, K)
    b : array, shape (K, N)
        Both float32 or both float64.

    Returns
    -------
    array, shape (M, N)
        Of the same type.

    Raises
    ------
    InputError
        The shapes do not fit together.
    InputTypeError
        The arrays are not both float32 or both float64.
    MissingPartError, DeviceError, OutOfMemoryError
        The build has no CUDA, there is no card, or its memory does not do.
    """
    where = "cuda.matmul"
    left, right = _checks.array(where, "a", a), _checks.array(where, "b", b)
    if left.dtype != right.dtype or left.dtype not in (np.float32, np.float64):
        msg = f"[{where}] the arrays are {left.dtype} and {right.dtype}; give both as float32 or both as float64"
        raise InputTypeError(msg)
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        msg = f"[{where}] the shapes are {left.shape} and {right.shape}; give (M, K) and (K, N)"
        raise InputError(msg)
    _core.cuda_require(where)
    made: Any = _core.cuda_matmul(np.ascontiguousarray(left), np.ascontiguousarray(right), False)
    return made  # type: ignore[no-any-return]


def evaluate(expression: str, **columns: ArrayLike) -> NDArray[np.float64]:
    """Compute an expression for each number of arrays on the graphics card, all operations in one pass.

    Arrays go to the card and the result comes back: this pays where a number takes many operations.

    Parameters
    ----------
    expression : str
        In the language of rates (docs/expressions.md), without random draws and factorials.
    **columns : array or number
        The value of each name, as float64; arrays of one shape, and numbers.

    Returns
    -------
    array of float64
        Of that shape; of shape () when all are numbers. Sums, products, quotients and roots have the bits of the
        processor; the last bits of other functions may differ.

    Raises
    ------
    InputError
        The expression cannot be read or holds what the device does not know, or the shapes differ.
    UnknownNameError
        It reads a name that has no value.
    MissingPartError, DeviceError, OutOfMemoryError
        The build has no CUDA, there is no card, or its memory does not do.
    """
    shape, flat = _columns(columns)
    _checks.instance("cuda.evaluate", "expression", expression, str, "give a text such as 'exp(-x*x)'")
    _core.cuda_require("cuda.evaluate")
    size = int(np.prod(shape))
    return _core.cuda_evaluate(expression, list(flat), list(flat.values()), size, False).reshape(shape)


def _columns(given: dict[str, Any]) -> tuple[tuple[int, ...], dict[str, NDArray[np.float64]]]:
    """Return the shape of the arrays, and each flat; numbers have one value."""
    shape: tuple[int, ...] = ()
    flat = {}
    for name, value in given.items():
        array = _checks.array("cuda.evaluate", f"the value of {name!r}", value)
        if array.dtype.kind not in "fiu":
            msg = f"[cuda.evaluate] the value of {name!r} is of type {array.dtype}; give real numbers"
            raise InputTypeError(msg)
        if array.ndim > 0 and shape not in ((), array.shape):
            msg = f"[cuda.evaluate] {name!r} has shape {array.shape} and others have {shape}; give arrays of one shape"
            raise InputError(msg)
        shape = array.shape or shape
        flat[name] = np.ascontiguousarray(array, dtype=np.float64).ravel()
    return shape, flat
