"""An unpickler that cannot be talked into anything.

A pickle is a program: it may name any function and call it. Here a program may use only the
instructions that a pickled model consists of, and may name only three things, the ones NumPy's
arrays are pickled with. For each of the three it is given a harmless recorder, so that not even
NumPy's own code runs on what a stranger wrote. What it builds is as simple as a model is: keys are
short texts, tuples are short and flat, and no container is in two places, for a few bytes can
otherwise describe what takes for ever to hash, compare or print.
"""

import io
import math
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

MAX_TEXT = 10_000  # characters
MAX_TUPLE = 8  # items, as many as the state of a pickled type has
MAX_CONTAINERS = 2_000_000  # dicts and lists: the history has a dict per epoch


class PickledType:
    """Stands in for ``numpy.dtype``: takes down which type an array claims."""

    def __init__(self, name: object, align: object = False, copy: object = False) -> None:
        if not isinstance(name, str) or name not in ("f4", "f8"):
            raise ModelError("an array of such a type has no place in a model")
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


_ALL: dict[int, Any] = pickle._Unpickler.dispatch
Load = Callable[[Any], None]  # an instruction: what it does to the machine


class SafeUnpickler(pickle._Unpickler):
    """Reads containers, plain values and arrays, and nothing else.

    Its base is the unpickler that Python's library has in Python, because that one's table of
    instructions can be replaced; the one in C is closed.
    """

    dispatch: ClassVar[dict[int, Any]] = {}  # filled in below
    stack: list[Any]
    containers = 0

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


def _after(load: Load, check: Callable[[SafeUnpickler, Any], None]) -> Load:
    """Make an instruction that checks what it has put on the stack."""

    def load_and_check(machine: SafeUnpickler) -> None:
        load(machine)
        check(machine, machine.stack[-1])

    return load_and_check


def _check_text(machine: SafeUnpickler, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise ModelError(f"it has a text of {len(text):,} characters")


def _check_tuple(machine: SafeUnpickler, items: tuple[Any, ...]) -> None:
    """Admit what arrays are described with: plain items, or flat tuples of them."""
    inner = [item for item in items if isinstance(item, tuple)]
    if len(items) > MAX_TUPLE or any(isinstance(i, tuple | list | dict) for t in inner for i in t):
        raise ModelError("it has a tuple that no model needs")
    if any(isinstance(item, list | dict) for item in items):
        raise ModelError("it has a tuple that no model needs")


def _check_shared(machine: SafeUnpickler, value: object) -> None:
    if isinstance(value, tuple | list | dict):
        raise ModelError("it has a container in two places, which no model needs")


def _count_container(machine: SafeUnpickler, container: object) -> None:
    machine.containers += 1
    if machine.containers > MAX_CONTAINERS:
        raise ModelError(f"it has more than {MAX_CONTAINERS:,} lists and dicts")


def _set_items(machine: SafeUnpickler) -> None:
    """Put what stands above the last mark, keys and values in turn, into the dict below it."""
    if not all(type(key) is str for key in machine.stack[::2]):
        raise ModelError("it has a key that is no text")
    _ALL[pickle.SETITEMS[0]](machine)


def _set_item(machine: SafeUnpickler) -> None:
    if type(machine.stack[-2]) is not str:
        raise ModelError("it has a key that is no text")
    _ALL[pickle.SETITEM[0]](machine)


def _instructions() -> dict[int, Load]:
    """List the instructions of pickle protocol 4 that a model consists of."""
    plain = (
        *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.MEMOIZE),
        *(pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD, pickle.APPEND, pickle.APPENDS),
        *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.BINFLOAT, pickle.EMPTY_TUPLE),
        *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1),
        *(pickle.SHORT_BINBYTES, pickle.BINBYTES),
    )
    checked: dict[Callable[[SafeUnpickler, Any], None], tuple[bytes, ...]] = {
        _check_text: (pickle.SHORT_BINUNICODE, pickle.BINUNICODE),
        _check_tuple: (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
        _check_shared: (pickle.BINGET, pickle.LONG_BINGET),
        _count_container: (pickle.EMPTY_DICT, pickle.EMPTY_LIST),
    }
    table = {code[0]: _ALL[code[0]] for code in plain}
    for check, codes in checked.items():
        table |= {code[0]: _after(_ALL[code[0]], check) for code in codes}
    return table | {pickle.SETITEMS[0]: _set_items, pickle.SETITEM[0]: _set_item}


SafeUnpickler.dispatch = _instructions()


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
    file = io.BytesIO(blob)
    try:
        value = SafeUnpickler(file).load()
    except ModelError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way that Python knows
        raise ModelError(f"it is damaged or no pickle ({type(error).__name__})") from error
    if file.read(1):
        raise ModelError("something follows its end")
    return value
