"""Restricted unpickler: only dicts, lists, scalars and arrays, and it runs nothing.

A pickle is a program for a stack machine, which may name any function and call it. The machine here
knows only the instructions and names of a pickled model, and makes no call: it records what NumPy
would be asked, and takes the array out of the record. Keys are short texts, and no container or
array is in two places, since a few bytes could otherwise describe what takes forever to hash,
compare, print or copy. Reading takes at most twice the file's size and 300 MB more.

`pickletools.genops` followed by Python's own unpickler would be shorter but is less safe: a frame
that ends within an instruction hides other instructions from the list. So each instruction is
checked where it is carried out.
"""

import enum
import io
import math
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

MAX_TEXT = 10_000  # bytes
MAX_INTEGER = 128  # bits: the state of a random generator
MAX_KEYS = 1_000  # of a dict: the largest model has 200 arrays
MAX_DEPTH = 20  # containers in each other; a config's layer is the sixth

# The longest history has 100,000 epochs: a dict of at most 9 items each, in 22 instructions, one of
# which puts the dict into the memo. All else, 200 arrays and a config, is ten thousand.
MAX_INSTRUCTIONS = 5_000_000
MAX_KEPT = 600_000  # values on the stack and in the memo, and containers begun
MAX_OBJECTS = 250_000  # texts, containers and calls, which take more memory than instructions


class Name(enum.Enum):
    """What pickled arrays name."""

    RECONSTRUCT = "numpy._core.multiarray._reconstruct"  # makes an empty array
    NDARRAY = "numpy.ndarray"
    DTYPE = "numpy.dtype"


@dataclass(eq=False)
class Call:
    """A call that a pickle asks for, and the state that it gives to the result."""

    function: Name
    arguments: tuple[Any, ...]
    state: tuple[Any, ...] = ()


KINDS = {type(None), bool, int, float, str, list, dict, np.ndarray}  # in the end


class Machine:
    """Stack machine that carries out the instructions of pickled models only."""

    def __init__(self, blob: bytes) -> None:
        self.size = len(blob)
        self.read = io.BytesIO(blob).read  # the end is no instruction, so no read ends too soon
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # what was on the stack before each mark
        self.memo: list[Any] = []
        self.n_objects = 0

    def run(self) -> Any:
        """Return what the program builds."""
        for count in range(MAX_INSTRUCTIONS):
            code = self.read(1)
            if code == pickle.STOP:
                break
            width, instruction = INSTRUCTIONS[code]
            instruction(self, int.from_bytes(self.read(width), "little") if width else 0)
            if count % 1000 == 0 and self.kept() > MAX_KEPT:
                raise ModelError(f"its stack and memo hold more than {MAX_KEPT:,} values")
        else:
            raise ModelError(f"it has more than {MAX_INSTRUCTIONS:,} instructions")
        if self.read(1):
            raise ModelError("there is data after its end")
        return self.stack.pop()

    def kept(self) -> int:
        """Count what the program has laid up."""
        return len(self.stack) + len(self.outer) + len(self.memo)

    def integer(self, size: int) -> None:
        """Put a whole number onto the stack."""
        number = int.from_bytes(self.read(size), "little", signed=True)
        if number.bit_length() > MAX_INTEGER:
            raise ModelError(f"it has a whole number of {number.bit_length():,} bits")
        self.stack.append(number)

    def text(self, size: int) -> None:
        """Make a text; decoded it may take four times as much memory."""
        if size > MAX_TEXT:
            raise ModelError(f"it has a text of {size:,} bytes")
        self.make(str(self.read(size), "utf-8", "surrogatepass"), 1 + size // 100)

    def get(self, number: int) -> None:
        """Put what was memoized onto the stack; all arrays share the ``b"b"`` of their making."""
        value = self.memo[number]
        is_type = type(value) is Call and value.function is Name.DTYPE
        is_empty = type(value) is bytes and value == b"b"
        if type(value) not in (str, Name) and not is_type and not is_empty:
            raise ModelError("it has a container or an array in two places")
        self.stack.append(value)

    def make(self, value: object, size: int = 1) -> None:
        """Put what takes memory onto the stack, and count it."""
        self.n_objects += size
        if self.n_objects > MAX_OBJECTS:
            raise ModelError(f"it has more than {MAX_OBJECTS:,} containers, texts and arrays")
        self.stack.append(value)

    def mark(self) -> None:
        """Begin a container's items."""
        self.outer.append(self.stack)
        self.stack = []

    def pop(self, n: int | None = None) -> list[Any]:
        """Take so many values off the stack, or all after the last mark."""
        if n is None:
            items, self.stack = self.stack, self.outer.pop()
            return items
        return [self.stack.pop() for _ in range(n)][::-1]


def _bound(number: int, limit: int) -> None:
    """Refuse a number that is too large."""
    if number > limit:
        raise ValueError


def _extend(items: list[Any], target: Any) -> None:
    """Put items into a list."""
    list.extend(target, items)  # of list, so that it is one


def _set_items(items: list[Any], target: Any) -> None:
    """Put keys and values, in turn, into a dict."""
    if any(type(key) is not str for key in items[::2]):
        raise ModelError("it has a key that is not text")
    dict.update(target, zip(items[::2], items[1::2], strict=True))
    if len(target) > MAX_KEYS:
        raise ModelError(f"it has a dict of more than {MAX_KEYS:,} keys")


def _name(module: object, name: object) -> Name:
    """Look a name up; NumPy 1 called its modules differently."""
    if type(module) is not str or type(name) is not str:
        raise ModelError("it has a name that is not text")
    path = f"{module}.{name}"
    try:
        return Name(path.replace("numpy.core.", "numpy._core."))
    except ValueError:
        raise ModelError(f"it asks for {path!r:.80}, which a model does not contain") from None


def _call(function: object, arguments: object) -> Call:
    """Note a call."""
    if type(function) is not Name or type(arguments) is not tuple:
        raise ModelError("it makes a call that a model does not contain")
    return Call(function, arguments)


def _built(call: object, state: object) -> Call | NDArray[Any]:
    """Note the state of a type, or make an array: a view of the pickled bytes."""
    if type(call) is not Call or type(state) is not tuple:
        raise ModelError("it sets a state that a model does not contain")
    call.state = state
    match call:
        case Call(Name.DTYPE):
            return call
        case Call(
            Name.RECONSTRUCT,
            (Name.NDARRAY, (0,), b"b"),
            (1, tuple() as shape, Call() as dtype, bool() as fortran, bytes() as data),
        ) if len(shape) <= 2 and all(type(n) is int and 0 <= n <= len(data) for n in shape):
            array_type = _type(dtype)
            if len(data) == math.prod(shape) * array_type.itemsize:
                array = np.frombuffer(data, array_type)
                return array.reshape(shape, order="F" if fortran else "C")
    raise ModelError("an array is damaged")


def _type(call: Call) -> np.dtype[Any]:
    """Return the type that a call describes: float16, float32 or float64."""
    match call:
        case Call(
            Name.DTYPE,
            ("f2" | "f4" | "f8" as name, False, True),
            (3, "<" | ">" | "=" as order, None, None, None, -1, -1, 0),
        ):
            return np.dtype(f"{order}{name}")
    raise ModelError("it has an array of a type that a model does not contain")


# The instructions of protocol 4 that models consist of: how many bytes the number after each has,
# and what it does.
INSTRUCTIONS: dict[bytes, tuple[int, Callable[[Machine, int], object]]] = {
    pickle.PROTO: (1, lambda m, n: _bound(n, pickle.HIGHEST_PROTOCOL)),
    pickle.FRAME: (8, lambda m, n: _bound(n, m.size)),  # how much to read ahead
    pickle.NONE: (0, lambda m, n: m.stack.append(None)),
    pickle.NEWTRUE: (0, lambda m, n: m.stack.append(True)),
    pickle.NEWFALSE: (0, lambda m, n: m.stack.append(False)),
    pickle.BININT: (0, lambda m, n: m.integer(4)),
    pickle.BININT1: (1, lambda m, n: m.stack.append(n)),
    pickle.BININT2: (2, lambda m, n: m.stack.append(n)),
    pickle.LONG1: (1, Machine.integer),
    pickle.BINFLOAT: (0, lambda m, n: m.stack.extend(struct.unpack(">d", m.read(8)))),
    pickle.SHORT_BINUNICODE: (1, Machine.text),
    pickle.BINUNICODE: (4, Machine.text),
    pickle.SHORT_BINBYTES: (1, lambda m, n: m.make(m.read(n))),
    pickle.BINBYTES: (4, lambda m, n: m.make(m.read(n))),
    pickle.MARK: (0, lambda m, n: m.mark()),
    pickle.EMPTY_TUPLE: (0, lambda m, n: m.stack.append(())),
    pickle.TUPLE1: (0, lambda m, n: m.make(tuple(m.pop(1)))),
    pickle.TUPLE2: (0, lambda m, n: m.make(tuple(m.pop(2)))),
    pickle.TUPLE3: (0, lambda m, n: m.make(tuple(m.pop(3)))),
    pickle.TUPLE: (0, lambda m, n: m.make(tuple(m.pop()))),
    pickle.EMPTY_LIST: (0, lambda m, n: m.make([])),
    pickle.APPEND: (0, lambda m, n: _extend(m.pop(1), m.stack[-1])),
    pickle.APPENDS: (0, lambda m, n: _extend(m.pop(), m.stack[-1])),
    pickle.EMPTY_DICT: (0, lambda m, n: m.make({})),
    pickle.SETITEM: (0, lambda m, n: _set_items(m.pop(2), m.stack[-1])),
    pickle.SETITEMS: (0, lambda m, n: _set_items(m.pop(), m.stack[-1])),
    pickle.MEMOIZE: (0, lambda m, n: m.memo.append(m.stack[-1])),
    pickle.BINGET: (1, Machine.get),
    pickle.LONG_BINGET: (4, Machine.get),
    pickle.STACK_GLOBAL: (0, lambda m, n: m.stack.append(_name(*m.pop(2)))),
    pickle.REDUCE: (0, lambda m, n: m.make(_call(*m.pop(2)))),
    pickle.BUILD: (0, lambda m, n: m.stack.append(_built(*m.pop(2)))),
}


def _check(value: object) -> None:
    """Admit plain values and arrays, and containers of them, but not too deep in each other.

    Code that recurses into it might fail, and bytes become four times more when printed.
    """
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        contents = [c.values() if type(c) is dict else c for c in level]
        if any(type(item) not in KINDS for items in contents for item in items):
            raise ModelError("it has a value that a model does not contain")
        level = [item for items in contents for item in items if type(item) in (list, dict)]
    if level:
        raise ModelError(f"it has more than {MAX_DEPTH} nested containers")


def read_pickle(blob: bytes) -> Any:
    """Read builtin values, containers and arrays; raise `ModelError` for all else."""
    try:
        value = Machine(blob).run()
    except ModelError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way that Python knows
        raise ModelError(f"it is damaged or not a pickle ({type(error).__name__})") from error
    _check(value)
    return value
