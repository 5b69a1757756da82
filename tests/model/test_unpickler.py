"""What a pickle of a model may hold, and how much of it. What it may not do: `test_attacks`."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.errors import ModelError
from mnist_nn.model.unpickler import read_pickle


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.arange(6, dtype=np.float64).reshape(2, 3, order="F"),
        np.arange(6, dtype=">f4"),
        np.arange(6, dtype=np.float16),
        np.array(3.5),
        np.zeros(0),
    ],
    ids=lambda array: f"{array.dtype.str} {array.shape}",
)
def test_arrays_are_read_as_numpy_would(array: np.ndarray) -> None:
    value = read_pickle(pickle.dumps({"a": array}, 4))["a"]
    np.testing.assert_array_equal(value, array)
    assert value.shape == array.shape


def test_many_arrays_of_one_type_are_read() -> None:
    arrays = [np.full(n, n, np.float32) for n in range(1, 300)]
    for value, array in zip(read_pickle(pickle.dumps(arrays, 4)), arrays, strict=True):
        np.testing.assert_array_equal(value, array)


def test_plain_values_are_read_as_they_are() -> None:
    content: dict[str, Any] = {"a": [1, 2.5, None, True, "text", []], "b": {"c": -(2**62)}}
    assert read_pickle(pickle.dumps(content, 4)) == content


def test_the_state_of_a_random_generator_is_read_as_it_is() -> None:
    state = {"state": 2**128 - 1, "inc": 2**127, "has_uint32": 0, "uinteger": 2**32 - 1}
    assert read_pickle(pickle.dumps(state, 4)) == state


def test_numpy_1_named_its_modules_differently() -> None:
    blob = pickle.dumps(np.ones(3, np.float32), 4).replace(
        b"\x16numpy._core.multiarray", b"\x15numpy.core.multiarray"
    )
    np.testing.assert_array_equal(read_pickle(blob), [1, 1, 1])


def test_the_longest_history_is_read() -> None:
    epoch = dict.fromkeys(("loss", "accuracy", "seconds", "learning_rate", "validation_loss"), 0.5)
    history: list[dict[str, Any]] = [
        {"epoch": n, "samples": 60_000 * n, **epoch} for n in range(100_000)
    ]
    for figures in history:
        figures |= {"validation_accuracy": None, "more": 1 / 3}
    assert read_pickle(pickle.dumps({"history": history}, 4)) == {"history": history}


def nested(depth: int) -> list[Any]:
    """Lists in a list, so many deep."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_containers_may_be_nested_as_in_a_config_but_not_without_end() -> None:
    assert read_pickle(pickle.dumps(nested(20), 4)) == nested(20)
    with pytest.raises(ModelError, match="more than 20 nested containers"):
        read_pickle(pickle.dumps(nested(21), 4))


DTYPE = b"\x8c\x05numpy\x8c\x05dtype\x93\x94"  # with number 0 in the memo
LONG_TEXT = b"X" + (10_000).to_bytes(4, "little") + "🌻".encode() + b"a" * 9996
KEPT, COUNTED = "its stack and memo hold", "more than 250,000 containers, texts and arrays"
ENDLESS, KEY = "more than 5,000,000 instructions", "a key that is not text"
BOMBS = {
    "a stack of millions": (b"N" * 20_000_000, KEPT),
    "a stack of millions, in parts": (b"(" + (b"N" * 900 + b"(") * 20_000, ENDLESS),
    "millions of empty tuples": (b")" * 20_000_000, KEPT),
    "millions of numbers": (b"K\1" * 20_000_000, KEPT),
    "millions of marks": (b"(" * 20_000_000, KEPT),
    "a memo of millions": (b"N" + b"\x94" * 20_000_000, KEPT),
    "a list of many millions": (b"](" + (b"N" * 1000 + b"e(") * 20_000, ENDLESS),
    "a value put in a place again and again": (b"}" + b"\x8c\1aNs" * 5_000_000, COUNTED),
    "more dicts than memory": (b"](" + (b"}" * 1000 + b"e(") * 3000, COUNTED),
    "more lists than memory": (b"](" + (b"]" * 1000 + b"e(") * 3000, COUNTED),
    "more bytes than memory": (b"](" + (b"C\1a" * 1000 + b"e(") * 3000, COUNTED),
    "more texts than memory": (b"](" + (b"\x8c\1a" * 1000 + b"e(") * 3000, COUNTED),
    "more text than memory": (b"](" + (LONG_TEXT * 100 + b"e(") * 30, COUNTED),
    "more tuples than memory": (b"](" + (b"N\x85" * 1000 + b"e(") * 3000, COUNTED),
    "more types than memory": (
        (DTYPE + b"\x8c\2f4\x94](" + (b"h\0h\1\x85R" * 1000 + b"e(") * 300),
        COUNTED,
    ),
    "a text of megabytes": (b"X@KL\0" + b"a" * 5_000_000, "a text of 5,000,000 bytes"),
    "a call with each character of a text": (
        (DTYPE + LONG_TEXT + b"\x94" + b"h\0h\1R" * 1_000_000),
        "a call that a model does not contain",
    ),
    "a memo of sixteen gigabytes": (b"Nr\xff\xff\xff\x7f", "not a pickle"),
    "a key that takes 2^36 steps to hash": (b"})" + b"2\x86" * 36 + b"K\1s", "not a pickle"),
    "a tuple too deep to hash": (b"})" + b"\x85" * 150_000 + b"Ns", KEY),
    "a tuple as long as a shape can never be": (
        b"(" + b"K\xff" * 9000 + b"t",
        "a value that a model does not",
    ),
    "a tuple too deep to print": (b")" + b"\x85" * 150_000, "a value that a model does not"),
    "a name too deep to print": (b")" + b"\x85" * 150_000 + b"\x8c\1a\x93", "a name that is no"),
    "a key that is a number of many": (b"}(" + b"M\0\1N" * 4000 + b"u", KEY),
    "keys that all have one hash": (b"}(" + b"\x8a\x08" + bytes(8) + b"Nu", KEY),
    "a number of 255 bytes": (b"\x8a\xff" + b"\x7f" * 255, "a whole number of 2,039 bits"),
    "lists too deep to print": (b"]" * 9000 + b"a" * 8999, "more than 20 nested containers"),
    "a dict of more keys than can be complained of": (
        b"}(" + b"".join(b"\x8c\4%04dN" % n for n in range(1001)) + b"u",
        "a dict of more than 1,000 keys",
    ),
    "the same, key by key": (
        b"}" + b"".join(b"\x8c\4%04dNs" % n for n in range(1001)),
        "a dict of more than 1,000 keys",
    ),
    "dicts too deep to print": (
        b"}" + b"\x8c\1a}" * 4000 + b"s" * 4000,
        "more than 20 nested containers",
    ),
}


@pytest.mark.parametrize(("program", "complaint"), BOMBS.values(), ids=BOMBS)
def test_what_would_fill_memory_or_time_is_refused(program: bytes, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        read_pickle(b"\x80\x04" + program + b".")


WORST = b"]" + b"\x94" * 499_000  # a memo as large as may be, and then lists of all that may be
WORST += (b"(" + b"\x8c\4\xf0\x9f\x8c\xbb" * 5000 + b"e") * 49
WORST += (b"(" + b"\x8a\x08\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f" * 9000 + b"e") * 471


def peak_of_reading(program: bytes) -> tuple[int, int]:
    """How many bytes reading a pickle takes, and how many the pickle has."""
    code = """
import contextlib, re, sys
from pathlib import Path
from mnist_nn.errors import ModelError
from mnist_nn.model.unpickler import read_pickle
def peak():
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
blob = sys.stdin.buffer.read()
with contextlib.suppress(ModelError):
    read_pickle(blob)
print(peak() - before)
"""
    blob = b"\x80\x04" + program + b"."
    done = subprocess.run([sys.executable, "-c", code], input=blob, check=True, capture_output=True)
    return int(done.stdout), len(blob)


only_on_linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="Linux alone tells the peak"
)


@only_on_linux
def test_the_worst_that_is_read_takes_no_more_memory_than_stated() -> None:
    taken, size = peak_of_reading(WORST)
    assert 200e6 < taken < 2 * size + 300e6


@only_on_linux
def test_a_long_text_is_refused_before_it_takes_four_times_its_size() -> None:
    size = 150_000_000
    taken, size = peak_of_reading(
        b"X" + size.to_bytes(4, "little") + "🌻".encode() + b"a" * (size - 4)
    )
    assert taken < 2 * size


def test_a_dict_may_have_a_thousand_keys() -> None:
    content = {str(n): n for n in range(1000)}
    assert read_pickle(pickle.dumps(content, 4)) == content


def test_containers_that_hold_each_other_twice_are_refused() -> None:
    content: list[Any] = []
    for _ in range(40):
        content = [content, content]
    with pytest.raises(ModelError, match="a container or an array in two places"):
        read_pickle(pickle.dumps(content, 4))


def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(ModelError, match="there is data after its end"):
        read_pickle(pickle.dumps({}, 4) + b"more")


@pytest.mark.parametrize("blob", [b"", b"text", b"\x80\x04", b"\x80\xff.", b"\x80\x04.", b"PK\3\4"])
def test_what_is_no_pickle_is_refused(blob: bytes) -> None:
    with pytest.raises(ModelError, match="damaged or not a pickle"):
        read_pickle(blob)


@pytest.mark.parametrize(
    "array",
    [
        np.array(["text"]),
        np.array([b"text"]),
        np.array([1 + 2j]),
        np.ones(2, [("a", "f4")]),
        np.ones(2, np.int64),
        np.ones(2, bool),
        np.array(["2020-01-01"], "M8[D]"),
        np.array([None]),
        np.ma.array([1.0], mask=[True]),
        np.float64(1),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays_of_other_types_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ModelError):
        read_pickle(pickle.dumps(array, 4))


def test_arrays_whose_bytes_are_elsewhere_are_refused() -> None:
    aside: list[pickle.PickleBuffer] = []
    for blob in (
        pickle.dumps(np.ones(3), 5),
        pickle.dumps(np.ones(3), 5, buffer_callback=aside.append),
    ):
        with pytest.raises(ModelError):
            read_pickle(blob)
    assert len(aside) == 1
