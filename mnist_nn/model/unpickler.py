"""An unpickler that cannot be talked into anything.

A pickle is a program: it may name any function and call it. This reader lets it name three things,
the ones NumPy's arrays are pickled with, and gives it a harmless recorder for each, so that not
even NumPy's own code runs on what a stranger wrote. Everything else a pickle can make without
naming anything: numbers, text, lists, tuples, sets and dicts.
"""

import math
import pickle
from typing import IO, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError


class PickledType:
    """Stands in for ``numpy.dtype``: takes down which type an array claims."""

    admitted: ClassVar = {"f4", "f8"}

    def __init__(self, name: object, align: object = False, copy: object = False) -> None:
        if name not in self.admitted:
            raise ModelError(f"an array of type {name!r} has no place in a model")
        self.name = name
        self.order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if len(state) != 8 or state[1] not in ("<", ">", "=") or state[2:5] != (None, None, None):
            raise ModelError("an array's type is damaged")
        self.order = state[1]


class PickledArray:
    """Stands in for the function that makes an empty array: takes down the array's content."""

    def __init__(self, *arguments: object) -> None:
        self.array: NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        version, shape, dtype, fortran, data = state
        good = (
            version == 1
            and isinstance(shape, tuple)
            and all(type(n) is int and 0 <= n <= len(data) for n in shape)
            and isinstance(dtype, PickledType)
            and isinstance(fortran, bool)
            and isinstance(data, bytes)
        )
        if not good or len(data) != math.prod(shape) * int(dtype.name[1]):
            raise ModelError("an array is damaged")
        flat = np.frombuffer(data, dtype.order + dtype.name)
        self.array = flat.reshape(shape, order="F" if fortran else "C")


class SafeUnpickler(pickle.Unpickler):
    """Reads containers, plain values and arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Hand out the recorders, or refuse."""
        if module in ("numpy._core.multiarray", "numpy.core.multiarray"):
            if name == "_reconstruct":
                return PickledArray
        elif module == "numpy":
            if name == "ndarray":
                return "ndarray"  # only ever an argument of _reconstruct
            if name == "dtype":
                return PickledType
        raise ModelError(f"it asks for {module}.{name}, which no model needs")


def read_pickle(file: IO[bytes]) -> Any:
    """Read one pickle without executing anything in it.

    Parameters
    ----------
    file
        Open for reading.

    Returns
    -------
    object
        Made of builtin values and containers, and of `PickledArray` where an array stood.

    Raises
    ------
    ModelError
        If it asks for anything else, ends too soon or is no pickle at all.
    """
    try:
        return SafeUnpickler(file).load()
    except ModelError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way that Python knows
        raise ModelError(f"it is damaged or no pickle ({type(error).__name__}: {error})") from error
