"""An unpickler that cannot be talked into anything.

A pickle is a program: it may name any function and call it. Here a program may use only the
instructions that a pickled model consists of, and may name only three things, the ones NumPy's
arrays are pickled with. For each of the three it is given a harmless recorder, so that not even
NumPy's own code runs on what a stranger wrote.
"""

import io
import math
import pickle
import pickletools
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

# fmt: off
INSTRUCTIONS = frozenset((
    "PROTO", "FRAME", "STOP", "MARK", "MEMOIZE", "BINGET", "LONG_BINGET",
    "STACK_GLOBAL", "REDUCE", "BUILD",
    "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES",
    "EMPTY_DICT", "SETITEM", "SETITEMS", "EMPTY_LIST", "APPEND", "APPENDS",
    "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3",
))
# fmt: on
"""Of pickle protocol 4. None of them takes much more memory than the file has bytes."""

SHAREABLE = frozenset(
    ("SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "STACK_GLOBAL", "REDUCE")
)
"""What makes the values that may be referred to again. Containers may not: lists that hold each
other twice, thirty levels deep, take a few bytes to write and for ever to compare or print."""


class PickledType:
    """Stands in for ``numpy.dtype``: takes down which type an array claims."""

    admitted: ClassVar = {"f4", "f8"}

    def __init__(self, name: object, align: object = False, copy: object = False) -> None:
        if name not in self.admitted:
            raise ModelError(f"an array of type {name!r:.20} has no place in a model")
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
            and isinstance(dtype, PickledType)
            and isinstance(fortran, bool)
            and isinstance(data, bytes)
            and all(type(n) is int and 0 <= n <= len(data) for n in shape)
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
        raise ModelError(f"it asks for {f'{module}.{name}'!r:.80}, which no model needs")


def read_pickle(blob: bytes) -> Any:
    """Read a pickle without executing anything in it.

    Parameters
    ----------
    blob
        All of it.

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
        _check_instructions(blob)
        return SafeUnpickler(io.BytesIO(blob)).load()
    except ModelError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way that Python knows
        raise ModelError(f"it is damaged or no pickle ({type(error).__name__})") from error


def _check_instructions(blob: bytes) -> None:
    """Read the program without running it, and refuse what no model needs."""
    made_by: list[str] = []  # what made each memoized value
    previous, end = "", 0
    for instruction, argument, position in pickletools.genops(blob):
        name = instruction.name
        if name not in INSTRUCTIONS:
            raise ModelError(f"it has the instruction {name}, which no model needs")
        if name == "MEMOIZE":
            made_by.append(previous)
        elif name in ("BINGET", "LONG_BINGET") and made_by[int(argument or 0)] not in SHAREABLE:
            raise ModelError("it uses a container twice, which no model needs")
        previous, end = name, (position or 0) + 1  # the last instruction, STOP, is one byte
    if end != len(blob):
        raise ModelError("something follows its end")
