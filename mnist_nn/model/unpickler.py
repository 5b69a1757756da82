"""An unpickler that cannot be talked into anything.

A pickle is a program: it may name any function and call it. Here a program may use only the
instructions that a pickled model consists of, and may name only three things, the ones NumPy's
arrays are pickled with. For each of the three it is given a harmless recorder, so that not even
NumPy's own code runs on what a stranger wrote. What it builds is as simple as a model is: keys are
short texts, tuples are short and flat, and nothing large is in two places, for a few bytes can
otherwise describe what takes for ever to hash, compare, print or copy. In the end there are plain
values, lists, dicts and arrays.

Reading takes at most twice the file's size, for the file itself and its arrays, and 300 MB more.
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
MAX_INTEGER = 128  # bits: the state of a random generator
MAX_KEYS = 1_000  # of a dict: the largest model has 200 arrays
MAX_DEPTH = 20  # containers in each other; a config's layer is the sixth

# The longest history has 100,000 epochs: a dict of at most 9 items each, in 22 instructions, one of
# which puts the dict into the memo. All else, 200 arrays and a config, is ten thousand.
MAX_INSTRUCTIONS = 5_000_000
MAX_MEMO = 500_000
MAX_OBJECTS = 250_000  # whatever takes much more memory than instructions; see _count
MAX_MARKS = 100  # a mark is a container begun
MAX_HEIGHT = 10_000  # of the stack: a pickler empties each of them after 1,000 items
SLICE = 1_000  # instructions between two looks at the machine


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
        if arguments != ("ndarray", (0,), b"b"):  # what NumPy always begins with
            raise ModelError("an array is damaged")
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


class Ended(Exception):
    """The program is at its end; the argument is what it has built."""


KINDS = {type(None), bool, int, float, str, list, dict, PickledArray}  # in the end
_ALL: dict[int, Any] = pickle._Unpickler.dispatch
Load = Callable[[Any], None]  # an instruction: what it does to the machine


class SafeUnpickler(pickle._Unpickler):
    """Reads containers, plain values and arrays, and nothing else.

    Its base is the unpickler that Python's library has in Python, because that one's table of
    instructions can be replaced; the one in C is closed.

    Parameters
    ----------
    blob
        The whole pickle.
    """

    dispatch: ClassVar[dict[int, Any]] = {}  # filled in below

    def __init__(self, blob: bytes) -> None:
        self.file = io.BytesIO(blob)
        super().__init__(self.file)
        self.read = self.file.read  # no instruction needs the library's, which copies frames
        self.size = len(blob)
        self.stack: list[Any] = []
        self.metastack: list[list[Any]] = []
        self.append = self.stack.append
        self.memo: dict[int, Any] = {}
        self.objects = 0

    def load(self) -> Any:
        """Run the program, looking at what has become of the machine after every slice."""
        read, dispatch = self.read, self.dispatch
        try:
            for _ in range(MAX_INSTRUCTIONS // SLICE):
                for _ in range(SLICE):
                    dispatch[read(1)[0]](self)
                self._check()
        except Ended as end:
            return end.args[0]
        raise ModelError(f"it has more than {MAX_INSTRUCTIONS:,} instructions")

    def _check(self) -> None:
        """Refuse a program that has laid up more than a model's does."""
        if (
            len(self.memo) > MAX_MEMO
            or len(self.metastack) > MAX_MARKS
            or len(self.stack) + sum(map(len, self.metastack)) > MAX_HEIGHT
        ):
            raise ModelError("it keeps more at hand than a model needs")

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


def _count(machine: SafeUnpickler, made: object) -> None:
    """Count what takes memory; a long text for every 100 characters."""
    machine.objects += 1 + (len(made) // 100 if isinstance(made, str) else 0)
    if machine.objects > MAX_OBJECTS:
        raise ModelError(f"it has more than {MAX_OBJECTS:,} containers, texts and arrays")


def _check_text(machine: SafeUnpickler, text: str) -> None:
    if len(text) > MAX_TEXT:
        raise ModelError(f"it has a text of {len(text):,} characters")
    _count(machine, text)


def _check_tuple(machine: SafeUnpickler, items: tuple[Any, ...]) -> None:
    """Admit what arrays are described with: plain items, or flat tuples of them."""
    inner = [item for item in items if isinstance(item, tuple)]
    if len(items) > MAX_TUPLE or any(isinstance(i, tuple | list | dict) for t in inner for i in t):
        raise ModelError("it has a tuple that no model needs")
    if any(isinstance(item, list | dict) for item in items):
        raise ModelError("it has a tuple that no model needs")
    _count(machine, items)


def _check_integer(machine: SafeUnpickler, number: int) -> None:
    if number.bit_length() > MAX_INTEGER:
        raise ModelError(f"it has a whole number of {number.bit_length():,} bits")


def _check_shared(machine: SafeUnpickler, value: object) -> None:
    """Admit texts and types; and one byte, for all arrays share the b"b" they are made with."""
    if type(value) in (tuple, list, dict, PickledArray) or (
        type(value) is bytes and len(value) > 1
    ):
        raise ModelError("it has a container or an array in two places, which no model needs")


def _check_value(value: object) -> None:
    """Admit plain values and arrays, and containers of them, but not too deep in each other.

    Code that recurses into it might fail, and bytes, whatever prints them, become four times more.
    """
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        contents = [c.values() if type(c) is dict else c for c in level]
        if any(type(item) not in KINDS for items in contents for item in items):
            raise ModelError("it has a value that no model needs")
        level = [item for items in contents for item in items if type(item) in (list, dict)]
    if level:
        raise ModelError(f"it has more than {MAX_DEPTH} containers in each other")


def _stop(machine: SafeUnpickler) -> None:
    raise Ended(machine.stack.pop())


def _skip_frame(machine: SafeUnpickler) -> None:
    """Pass over what says how much to read ahead: all of the file is read."""
    if int.from_bytes(machine.read(8), "little") > machine.size:
        raise ModelError("it is cut off")


def _reduce(machine: SafeUnpickler) -> None:
    """Let a recorder take down what the file would call."""
    arguments = machine.stack.pop()
    function = machine.stack[-1]
    if (function is not PickledArray and function is not PickledType) or (
        type(arguments) is not tuple  # a long text would be taken apart into its characters
    ):
        raise ModelError("it makes a call that no model needs")
    machine.stack[-1] = function(*arguments)
    _count(machine, machine.stack[-1])


def _build(machine: SafeUnpickler) -> None:
    """Let a recorder take down the state of what it stands in for."""
    state = machine.stack.pop()
    recorder = machine.stack[-1]
    if not isinstance(recorder, PickledArray | PickledType) or type(state) is not tuple:
        raise ModelError("it sets a state that no model needs")
    recorder.__setstate__(state)


def _check_keys(machine: SafeUnpickler, container: dict[str, Any]) -> None:
    if len(container) > MAX_KEYS:
        raise ModelError(f"it has a dict of more than {MAX_KEYS:,} keys")


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
        *(pickle.PROTO, pickle.MARK, pickle.MEMOIZE, pickle.STACK_GLOBAL),
        *(pickle.APPEND, pickle.APPENDS, pickle.EMPTY_TUPLE, pickle.BINFLOAT),
        *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
        *(pickle.BININT, pickle.BININT1, pickle.BININT2),
    )
    checked: dict[Callable[[SafeUnpickler, Any], None], tuple[bytes, ...]] = {
        _check_text: (pickle.SHORT_BINUNICODE, pickle.BINUNICODE),
        _check_tuple: (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
        _check_integer: (pickle.LONG1,),
        _check_shared: (pickle.BINGET, pickle.LONG_BINGET),
        _count: (pickle.EMPTY_DICT, pickle.EMPTY_LIST, pickle.SHORT_BINBYTES, pickle.BINBYTES),
    }
    own = {
        pickle.STOP: _stop,
        pickle.FRAME: _skip_frame,
        pickle.REDUCE: _reduce,
        pickle.BUILD: _build,
        pickle.SETITEMS: _after(_set_items, _check_keys),
        pickle.SETITEM: _after(_set_item, _check_keys),
    }
    table = {code[0]: _ALL[code[0]] for code in plain}
    for check, codes in checked.items():
        table |= {code[0]: _after(_ALL[code[0]], check) for code in codes}
    return table | {code[0]: load for code, load in own.items()}


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
    machine = SafeUnpickler(blob)
    try:
        value = machine.load()
    except ModelError:
        raise
    except Exception as error:  # a damaged pickle may fail in any way that Python knows
        raise ModelError(f"it is damaged or no pickle ({type(error).__name__})") from error
    if machine.read(1):
        raise ModelError("something follows its end")
    _check_value(value)
    return value
