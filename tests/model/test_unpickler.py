"""What a stranger's pickle may try. Nothing may run, whatever it asks for."""

import io
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.errors import ModelError
from mnist_nn.model.unpickler import read_pickle


class Calls:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, function, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "make",
    [
        lambda path: Calls(os.system, f"touch {path}"),
        lambda path: Calls(subprocess.Popen, ["touch", str(path)]),
        lambda path: Calls(eval, f"open({str(path)!r}, 'w')"),
        lambda path: Calls(exec, f"open({str(path)!r}, 'w')"),
        lambda path: Calls(getattr, Path(path), "touch"),
        lambda path: Calls(open, str(path), "w"),
        lambda path: np.array([Calls(os.system, f"touch {path}")], object),
        lambda path: {"parameters": [Calls(Calls, os.system, f"touch {path}")]},
    ],
)
@pytest.mark.parametrize("protocol", [0, 4])  # 4 is the one whose instructions are admitted
def test_nothing_runs(make, protocol: int, tmp_path: Path) -> None:
    blob = pickle.dumps(make(tmp_path / "ran"), protocol)
    with pytest.raises(ModelError):
        read_pickle(blob)
    assert not (tmp_path / "ran").exists()


def test_the_attacks_above_are_real(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Calls(os.system, f"touch {tmp_path / 'ran'}")))
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.arange(6, dtype=np.float64).reshape(2, 3, order="F"),
        np.arange(6, dtype=">f4"),
        np.array(3.5),
    ],
)
def test_arrays_are_read_as_numpy_would(array: np.ndarray) -> None:
    value = read_pickle(pickle.dumps({"a": array}, 4))["a"].array
    np.testing.assert_array_equal(value, array)
    assert value.shape == array.shape


def test_plain_values_are_read_as_they_are() -> None:
    content = {"a": [1, 2.5, None, True, "text", b"bytes", (1, 2)], "b": {"c": -(2**62)}}
    assert read_pickle(pickle.dumps(content, 4)) == content


def test_numpy_1_named_its_modules_differently() -> None:
    blob = pickle.dumps(np.ones(3, np.float32), 4).replace(
        b"\x16numpy._core.multiarray", b"\x15numpy.core.multiarray"
    )
    blob = blob[:2] + blob[11:]  # without the frame, whose length is now wrong
    np.testing.assert_array_equal(read_pickle(blob).array, [1, 1, 1])


@pytest.mark.parametrize(
    "array", [np.array(["text"]), np.array([1 + 2j]), np.ones(2, [("a", "f4")])]
)
def test_arrays_of_other_types_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ModelError):
        read_pickle(pickle.dumps(array, 4))


def rebuilt(state: tuple) -> bytes:
    """A pickled array whose content is described by a state of our choice."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 4)
    array = np.zeros(1, np.float32)

    class Forged:
        def __reduce__(self):
            function, arguments, _ = array.__reduce__()
            return function, arguments, state

    pickler.dump(Forged())
    return stream.getvalue()


F4 = np.dtype("f4")


@pytest.mark.parametrize(
    "state",
    [
        (1, (10**12,), F4, False, b"1234"),  # more than its bytes
        (1, (-1,), F4, False, b"1234"),
        (1, (2, 2**62), F4, False, b"12345678"),
        (1, (1,), "O", False, b"1234"),
        (1, (1,), F4, False, [object]),
        (2, (1,), F4, False, b"1234"),
        (1, "1", F4, False, b"1234"),
        (1, (1,), F4, 1, b"1234"),
        (),
    ],
)
def test_forged_arrays_are_refused(state: tuple) -> None:
    with pytest.raises(ModelError):
        read_pickle(rebuilt(state))


BOMBS = {
    "a memo of sixteen gigabytes": b"Nr\xff\xff\xff\x7f.",
    "a key that takes 2³⁶ steps to hash": b"})" + b"2\x86" * 36 + b"K\x01s.",
    "a tuple too deep to hash": b"})" + b"\x85" * 150_000 + b"Ns.",
    "keys that all have one hash": b"}(" + b"\x8a\x08" + bytes(8) + b"Nu.",
    "a tuple as long as a shape can never be": b"(" + b"K\xff" * 800_000 + b"t.",
    "a text of megabytes": b"X" + (5_000_000).to_bytes(4, "little") + b"a" * 5_000_000 + b".",
    "more dicts than memory": b"}" * 3_000_000 + b".",
    "bytes that are not there": b"B\xff\xff\xff\x7f.",
    "something persistent": b"Vname\nQ.",
    "an extension": b"\x82\x01.",
}


@pytest.mark.parametrize("program", BOMBS.values(), ids=BOMBS)
def test_what_would_fill_memory_or_time_is_refused(program: bytes) -> None:
    with pytest.raises(ModelError):
        read_pickle(b"\x80\x04" + program)


def test_containers_that_hold_each_other_twice_are_refused() -> None:
    nested: list = []
    for _ in range(40):
        nested = [nested, nested]
    with pytest.raises(ModelError, match="a container in two places"):
        read_pickle(pickle.dumps(nested, 4))


def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(ModelError, match="something follows its end"):
        read_pickle(pickle.dumps({}, 4) + b"more")


@pytest.mark.parametrize("blob", [b"", b"text", b"\x80\x04", b"\x80\xff.", b"cos\nsystem\n."])
def test_what_is_no_pickle_is_refused(blob: bytes) -> None:
    with pytest.raises(ModelError):
        read_pickle(blob)
