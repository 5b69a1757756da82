"""What a stranger's pickle may try. Nothing may run, whatever it asks for."""

import copyreg
import functools
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.errors import ModelError
from mnist_nn.model.unpickler import read_pickle

PROTO = b"\x80\x04"
F4 = np.dtype("f4")
EXTENSION = 240  # a code that is registered for os.system while these tests run


class Calls:
    """Pickles as a call of any function with any arguments, and what may follow it."""

    def __init__(
        self, function: Callable[..., Any], *arguments: object, then: tuple[Any, ...] = ()
    ) -> None:
        self.call = (function, arguments, *then)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


class Forged:
    """Pickles as an array whose content is described by a state of our choice."""

    def __init__(self, state: object) -> None:
        function, arguments, _ = tuple(np.zeros(1, np.float32).__reduce__())
        self.call = (function, arguments, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def text(words: str) -> bytes:
    """The instruction that puts a text on the stack."""
    return b"X" + len(words).to_bytes(4, "little") + words.encode()


def name(module: str, attribute: str) -> bytes:
    """The instructions that put what a module calls by a name on the stack."""
    return text(module) + text(attribute) + b"\x93"


ARRAY = name("numpy._core.multiarray", "_reconstruct")
DTYPE = name("numpy", "dtype")
SYSTEM = name("os", "system")
MEMMAP = name("numpy", "memmap")


def as_state(call: Calls) -> Calls:
    return Calls(Exception, then=({"x": call},))


def touching(path: Path) -> dict[str, bytes]:
    """Pickles each of which makes a file of its own when it is loaded: in the folder, by name."""
    made: dict[str, bytes] = {}

    def attack(title: str, make: Callable[[str, str], object]) -> None:
        target = str(path / title.replace(" ", "-"))
        what = make(f"touch {target}", target)
        made[title] = what if isinstance(what, bytes) else pickle.dumps(what, 4)

    def system(shell: str) -> Calls:
        return Calls(os.system, shell)

    attack("os.system", lambda shell, file: system(shell))
    attack(
        "posix.system", lambda shell, file: PROTO + b"cposix\nsystem\n" + text(shell) + b"\x85R."
    )
    attack("subprocess.Popen", lambda shell, file: Calls(subprocess.Popen, ["touch", file]))
    attack("subprocess.call", lambda shell, file: Calls(subprocess.call, shell.split()))
    attack("builtins.eval", lambda shell, file: Calls(eval, f"open({file!r}, 'w').close()"))
    attack("builtins.exec", lambda shell, file: Calls(exec, f"open({file!r}, 'w').close()"))
    attack("builtins.open", lambda shell, file: Calls(open, file, "w"))
    attack("functools.partial", lambda shell, file: Calls(functools.partial(os.system, shell)))
    attack("a bound method", lambda shell, file: Calls(Path(file).touch))
    attack(
        "another unpickler", lambda shell, file: Calls(pickle.loads, pickle.dumps(system(shell)))
    )
    attack("a call in an argument", lambda shell, file: Calls(print, system(shell)))
    attack("a call in a state", lambda shell, file: as_state(system(shell)))
    attack("a call in a list", lambda shell, file: Calls(list, then=(None, iter([system(shell)]))))
    attack("a call in a value", lambda shell, file: {"parameters": [{"w": system(shell)}]})
    attack("a call in a key", lambda shell, file: PROTO + b"}" + SYSTEM + text(shell) + b"\x85RNs.")
    attack("a call in an object array", lambda shell, file: np.array([system(shell)], object))
    attack(
        "a call in the state of an array", lambda shell, file: Forged((1, (1,), F4, system(shell)))
    )
    for protocol in (0, 1, 2, 3, 5):
        attack(
            f"protocol {protocol}",
            lambda shell, file, p=protocol: pickle.dumps(system(shell), p),  # type: ignore[misc]
        )

    call = b"\x85R."
    programs: dict[str, Callable[[bytes, bytes], bytes]] = {
        "GLOBAL": lambda shell, file: b"cos\nsystem\n" + shell + call,
        "getattr": lambda shell, file: (
            (name("builtins", "getattr") + name("builtins", "__import__") + text("os") + call[:-1])
            + (text("system") + b"\x86R" + shell + call)
        ),
        "INST": lambda shell, file: b"(" + shell + b"ios\nsystem\n.",
        "OBJ": lambda shell, file: b"(" + SYSTEM + shell + b"o.",
        "NEWOBJ": lambda shell, file: (
            MEMMAP + b"(" + file + text("u1") + text("w+") + b"K\0K\1t\x81."
        ),
        "NEWOBJ_EX": lambda shell, file: (
            MEMMAP + file + b"\x85}(" + text("mode") + text("w+") + text("shape") + b"K\1u\x92."
        ),
        "EXT1": lambda shell, file: b"\x82" + bytes([EXTENSION]) + shell + call,
        "EXT2": lambda shell, file: b"\x83" + bytes([EXTENSION, 0]) + shell + call,
        "EXT4": lambda shell, file: b"\x84" + bytes([EXTENSION, 0, 0, 0]) + shell + call,
        "STACK_GLOBAL of memoized names": lambda shell, file: (
            text("system") + b"\x94" + text("os") + b"\x94h\1h\0\x93" + shell + call
        ),
        "STACK_GLOBAL of far memos": lambda shell, file: (
            text("system") + b"\x94" + text("os") + b"\x94j\1\0\0\0j\0\0\0\0\x93" + shell + call
        ),
        "STACK_GLOBAL of a memo that changed": lambda shell, file: (
            text("numpy")
            + b"q\0"
            + text("os")
            + b"q\0h\0"
            + text("system")
            + b"\x93"
            + shell
            + call
        ),
        "STACK_GLOBAL of PUT and GET": lambda shell, file: (
            text("os") + b"p7\n0g7\n" + text("system") + b"\x93" + shell + call
        ),
        "a dotted name": lambda shell, file: name("shutil", "os.system") + shell + call,
        "a dotted name in NumPy": lambda shell, file: (
            name("numpy", "lib._npyio_impl.os.system") + shell + call
        ),
        "a decoy that is popped": lambda shell, file: DTYPE + b"0" + SYSTEM + shell + call,
        "a decoy of marks": lambda shell, file: b"(" + DTYPE + b"1" + SYSTEM + shell + call,
        "a duplicate": lambda shell, file: SYSTEM + b"2" + shell + call,
        "BUILD that gives a class a method": lambda shell, file: (
            name("argparse", "Namespace")
            + (b"N}" + text("__setstate__") + SYSTEM + b"s\x86b" + shell + b"b.")
        ),
    }
    for title, program in programs.items():
        attack(
            title,
            lambda shell, file, p=program: PROTO + p(text(shell), text(file)),  # type: ignore[misc]
        )
    return made


ATTACKS = tuple(touching(Path()))


@pytest.fixture
def _extension() -> Iterator[None]:
    copyreg.add_extension("os", "system", EXTENSION)
    yield
    copyreg.remove_extension("os", "system", EXTENSION)


@pytest.mark.usefixtures("_extension")
@pytest.mark.parametrize("title", ATTACKS)
def test_nothing_runs(title: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_pickle(touching(tmp_path)[title])
    assert list(tmp_path.iterdir()) == []
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


def test_the_attacks_above_are_real(tmp_path: Path) -> None:
    program = f"""
import contextlib, copyreg, numpy, pickle, sys
copyreg.add_extension("os", "system", {EXTENSION})
for blob in pickle.load(sys.stdin.buffer):
    with contextlib.suppress(Exception):
        pickle.loads(blob)
"""
    blobs = pickle.dumps(list(touching(tmp_path).values()))
    subprocess.run([sys.executable, "-c", program], input=blobs, check=True, stdout=subprocess.PIPE)
    made = {file.name for file in tmp_path.iterdir()}
    assert made == {title.replace(" ", "-") for title in ATTACKS}


def length(size: int, width: int) -> bytes:
    return size.to_bytes(width, "little")


NEEDLESS = {  # instructions and values that no model has, though they run nothing
    "PERSID": b"Pname\n.",
    "BINPERSID": text("name") + b"Q.",
    "NEXT_BUFFER": b"\x97.",
    "READONLY_BUFFER": b"C\1a\x98.",
    "EMPTY_SET": b"\x8f.",
    "ADDITEMS": b"\x8f(K\1\x90.",
    "FROZENSET": b"(K\1\x91.",
    "LIST": b"(l.",
    "DICT": b"(d.",
    "INT": b"I1\n.",
    "LONG": b"L1L\n.",
    "LONG of many digits": b"L" + b"9" * 100_000 + b"L\n.",
    "FLOAT": b"F1\n.",
    "STRING": b"S'a'\n.",
    "UNICODE": b"Va\n.",
    "BINSTRING": b"T\1\0\0\0a.",
    "SHORT_BINSTRING": b"U\1a.",
    "BYTEARRAY8": b"\x96" + length(1, 8) + b"a.",
    "BINBYTES8": b"\x8e" + length(1, 8) + b"a.",
    "BINUNICODE8": b"\x8d" + length(1, 8) + b"a.",
    "LONG4": b"\x8b" + length(1, 4) + b"\1.",
    "LONG1 of 255 bytes": b"\x8a\xff" + b"\x7f" * 255 + b".",
    "LONG1 of 129 bits": b"\x8a\x11" + b"\xff" * 16 + b"\1.",
    "a key that is a number": b"}K\1Ns.",
    "a key that is bytes": b"}(C\1aNu.",
    "bytes by themselves": b"](C\1aK\1e.",
    "a tuple by itself": b"}" + text("a") + b"K\1K\2\x86s.",
    "a type by itself": DTYPE + text("f4") + b"\x85R.",
    "a name by itself": b"]" + ARRAY + b"a.",
    "a list in a tuple": b"]\x85.",
    "a tuple in a tuple in a tuple": b")\x85\x85.",
    "a tuple that is called": b"))R.",
    "a text that is called": text("os") + b")R.",
    "an array that is called": ARRAY + text("ndarray") + b"K\0\x85C\1b\x87R)R.",
    "a call with a text for arguments": DTYPE + text("f4") + b"R.",
    "a call with bytes for arguments": ARRAY + b"B" + length(1000, 4) + bytes(1000) + b"R.",
    "a call with a list for arguments": DTYPE + b"]" + text("f4") + b"aR.",
    "a name that is bytes": text("numpy") + b"C\x05dtype\x93.",
    "a name that is a name": DTYPE + text("dtype") + b"\x93.",
    "a name that could steer a terminal": name("numpy", "\x1b[2J\ue000\n") + b".",
    # Python's unpickler, reading a file, drops what is left of a frame that ends in an instruction
    "a call hidden by a frame": (
        b"\x95" + length(5, 8) + text("A" * 60)[:5] + b"A" * 60 + SYSTEM + text("true") + b"\x85R."
    ),
    "a frame longer than the file": b"\x95" + length(20, 8) + b"N.",
    "a frame of exabytes": b"\x95" + length(2**63, 8) + b"N.",
    "a memo that is not there": b"h\0.",
    "a protocol that is not there": b"\x80\x06.",
    "a pop below a mark": b"K\1(\x85.",
    "a mark that is not there": b"]K\1e.",
    "a key without a value": b"}(" + text("a") + b"u.",
    "an item of a text": text("a") + b"Na.",
    "an item of an array": ARRAY + b"Na.",
    "a key of a list": b"]" + text("a") + b"Ns.",
    "a key that is a name": b"}" + DTYPE + b"Ns.",
    "a name of a name": text("numpy.core") + text("multiarray") + b"\x93.",
    "a name of thousands of characters": name("numpy", "d" * 9_999) + b".",
}
LENGTHS = {  # more than there is
    f"{title} of {size:,} bytes": code + length(size, width) + b"abc."
    for title, code, width, sizes in [
        ("BYTEARRAY8", b"\x96", 8, (2**31, 2**40, 2**63 - 1, 2**63, 2**64 - 1)),
        ("BINBYTES8", b"\x8e", 8, (2**31, 2**40, 2**63 - 1, 2**63, 2**64 - 1)),
        ("BINUNICODE8", b"\x8d", 8, (2**31, 2**40, 2**63 - 1, 2**63, 2**64 - 1)),
        ("FRAME", b"\x95", 8, (2**31, 2**40, 2**63 - 1, 2**63, 2**64 - 1)),
        ("LONG4", b"\x8b", 4, (2**31 - 1, 2**31, 2**32 - 1)),
        ("BINBYTES", b"B", 4, (5, 2**31, 2**32 - 1)),
        ("BINUNICODE", b"X", 4, (5, 2**31, 2**32 - 1)),
        ("BINSTRING", b"T", 4, (5, 2**31 - 1, 2**31)),
        ("LONG_BINPUT", b"Nr", 4, (2**31, 2**32 - 1)),
        ("LONG_BINGET", b"Nj", 4, (1, 2**31, 2**32 - 1)),
        ("SHORT_BINBYTES", b"C", 1, (5, 255)),
        ("SHORT_BINUNICODE", b"\x8c", 1, (5, 255)),
        ("LONG1", b"\x8a", 1, (5, 255)),
    ]
    for size in sizes
}
PROGRAMS = NEEDLESS | LENGTHS


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_what_no_model_needs_is_refused(program: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        read_pickle(PROTO + program)
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


ODD: tuple[Any, ...] = (
    None,
    True,
    3,
    -1,
    2.5,
    "O",
    "f4,O",
    b"f4",
    (),
    ("f4",),
    [],
    {},
    object,
    F4,
    "f" * 5000,
)


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("function", [np.dtype, np.zeros(1).__reduce__()[0]])
def test_an_admitted_name_is_no_use_with_other_arguments(
    function: Callable[..., Any], odd: object
) -> None:
    for arguments in ((), (odd,), (odd, odd, odd), (odd,) * 4, (np.ndarray, (0,), odd)):
        with pytest.raises(ModelError):
            read_pickle(pickle.dumps(Calls(function, *arguments), 4))


@pytest.mark.parametrize("odd", ODD[1:], ids=repr)  # for None there is no BUILD
def test_a_state_of_another_kind_is_refused(odd: object) -> None:
    for forged in (Forged(odd), Calls(np.dtype, "f4", then=(odd,))):
        with pytest.raises(ModelError):
            read_pickle(pickle.dumps(forged, 4))
    for i in (1, 2, 3, 4):
        state = [3, "<", None, None, None, -1, -1, 0]
        state[i] = odd
        with pytest.raises(ModelError):
            read_pickle(pickle.dumps(Calls(np.dtype, "f4", then=(tuple(state),)), 4))


@pytest.mark.parametrize("target", [b"}", b"]", b"N", b"K\1", b")", text("a"), ARRAY, DTYPE])
@pytest.mark.parametrize(
    "state", [b"N", b"}", b")", b"}" + text("a") + b"Ns", b"N}\x86", b"))\x86"]
)
def test_nothing_else_has_a_state(target: bytes, state: bytes) -> None:
    with pytest.raises(ModelError):
        read_pickle(PROTO + target + state + b"b.")


@pytest.mark.parametrize(
    "state",
    [
        (1, (10**12,), F4, False, b"1234"),  # more than its bytes
        (1, (-1,), F4, False, b"1234"),
        (1, (-1, -1), F4, False, b"1234"),
        (1, (True,), F4, False, b"1234"),
        (1, (1.0,), F4, False, b"1234"),
        (1, (2, 2**62), F4, False, b"12345678"),
        (1, (2**32, 2**32), F4, False, b""),
        (1, (0, 2**60), F4, False, b""),
        (1, (1,) * 9, F4, False, b"1234"),
        (1, (1,) * 3, F4, False, b"1234"),
        (1, (1, ((((1,),),),)), F4, False, b"1234"),
        (1, (1,), "O", False, b"1234"),
        (1, (1,), F4, False, [object]),
        (1, (1,), F4, False, "1234"),
        (1, (1,), F4, False, b"123"),
        (2, (1,), F4, False, b"1234"),
        (1, "1", F4, False, b"1234"),
        (1, (1,), F4, 1, b"1234"),
        (1, (1,), F4, False, b"1234", None),
        (),
    ],
)
def test_forged_arrays_are_refused(state: tuple[Any, ...]) -> None:
    with pytest.raises(ModelError):
        read_pickle(pickle.dumps(Forged(state), 4))


@pytest.mark.parametrize(
    "state",
    [
        (3, "|", None, None, None, -1, -1, 0),
        (3, "<", None, None, None, -1, -1),
        (3, "<", None, ("a",), {}, 8, 1, 0),
        (3, "<", (F4, (2,)), None, None, -1, -1, 0),
        (4, "<", None, None, None, -1, -1, 0, {}),
        (),
    ],
)
def test_arrays_of_forged_types_are_refused(state: tuple[Any, ...]) -> None:
    for kind in (Calls(np.dtype, "f4", False, True, then=(state,)), np.dtype, "f4", None):
        with pytest.raises(ModelError):
            read_pickle(pickle.dumps(Forged((1, (1,), kind, False, b"1234")), 4))
    odd: list[tuple[Any, ...]] = [
        ("f4",),
        ("f4", True, True),
        ("O", False, True),
        ("f4", False, True, {}),
    ]
    for arguments in odd:
        kind = Calls(np.dtype, *arguments, then=((3, "<", None, None, None, -1, -1, 0),))
        with pytest.raises(ModelError):
            read_pickle(pickle.dumps(Forged((1, (1,), kind, False, b"1234")), 4))


def test_the_states_above_are_nearly_right() -> None:
    kind = Calls(np.dtype, "f4", False, True, then=((3, ">", None, None, None, -1, -1, 0),))
    value = read_pickle(pickle.dumps(Forged((1, (1,), kind, False, b"\x3f\x80\0\0")), 4))
    np.testing.assert_array_equal(value, [1])


def test_an_array_in_a_hundred_places_is_refused() -> None:
    array = np.ones(1000)
    with pytest.raises(ModelError, match="an array in two places"):
        read_pickle(pickle.dumps([array] * 100, 4))
    content = array.tobytes()
    forged = [Forged((1, (1000,), np.dtype("f8"), False, content)) for _ in range(100)]
    with pytest.raises(ModelError, match="an array in two places"):
        read_pickle(pickle.dumps(forged, 4))
