"""Whatever the bytes of a model file, reading it gives a value or a `ModelError`."""

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_nn.config import Source, resolve
from mnist_nn.data import DATASETS, load_dataset
from mnist_nn.errors import ModelError
from mnist_nn.model import (
    Checkpoint,
    Model,
    build_network,
    current_versions,
    load_checkpoint,
    load_model,
    save_checkpoint,
    save_model,
)
from mnist_nn.model.unpickler import read_pickle
from mnist_nn.training import EpochMetrics, fit

PROTO = b"\x80\x04"
CONFIG = {
    "data": {"dataset": "iris"},
    "network": {"layers": [{"units": 3, "activation": "softmax"}]},
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file, small enough that a change seldom hits nothing but a weight."""
    config = resolve([Source("", CONFIG)])
    network = build_network(config, DATASETS["iris"].format, np.random.default_rng(0))
    history = [EpochMetrics(n, 10, 0.5, 0.5, 0.1, 0.01) for n in (1, 2)]
    path = tmp_path_factory.mktemp("fuzz") / "model.pkl"
    save_model(
        path,
        Model(
            config, network, DATASETS["iris"].format, history, {"x_train": "ab"}, current_versions()
        ),
    )
    return path


@pytest.fixture(scope="module")
def checkpoint_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint file, as small."""
    config, rng = resolve([Source("", CONFIG)]), np.random.default_rng(0)
    trainer = fit(
        build_network(config, DATASETS["iris"].format, rng), load_dataset("iris").train, rng=rng
    )
    next(trainer)
    path = tmp_path_factory.mktemp("fuzz") / "model.pkl.ckpt"
    state, versions = trainer.snapshot(), current_versions()
    save_checkpoint(path, Checkpoint(config, "numpy", state, None, {"x_train": "ab"}, versions))
    return path


def read(blob: bytes) -> Any:
    """What the bytes hold, with None where they are refused."""
    try:
        return read_pickle(blob)
    except ModelError as error:
        message = str(error)
    assert len(message) < 200
    assert message.isprintable()
    return None


def check_plain(value: Any) -> None:
    """Assert that a value is made of nothing but what a model is made of."""
    assert type(value) in (dict, list, str, int, float, bool, type(None), np.ndarray)
    if isinstance(value, dict):
        assert all(type(key) is str for key in value)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            check_plain(item)


@given(st.binary(max_size=200))
def test_any_bytes_at_all(blob: bytes) -> None:
    check_plain(read(PROTO + blob))
    check_plain(read(blob))


def _counted(code: bytes, width: int) -> st.SearchStrategy[bytes]:
    """An instruction with a length and so many bytes; a few times with another length."""
    content = st.binary(max_size=12) | st.sampled_from(
        [b"numpy", b"dtype", b"f4", b"<", b"ndarray"]
    )
    wrong = st.sampled_from([0] * 9 + [1, 2, 1 << (8 * width - 1)])
    return st.builds(lambda c, n: code + (len(c) + n).to_bytes(width, "little") + c, content, wrong)


ADMITTED = st.one_of(
    st.sampled_from([bytes([code]) for code in b"NK\x88\x89)]}(tue\x85\x86\x87sa\x94R\x93b."]),
    st.sampled_from(
        [
            b"\x8c\5numpy\x8c\5dtype\x93",
            b"\x8c\2f4\x89\x88\x87R(K\3\x8c\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb",
            b"\x8c\x16numpy._core.multiarray\x8c\x0c_reconstruct\x93",
            b"\x8c\5numpy\x8c\7ndarray\x93K\0\x85C\1b\x87R",
            b"(K\1K\1\x85",
            b"\x89C\4abcdtb",
        ]
    ),
    st.builds(lambda n: b"K" + bytes([n]), st.integers(0, 255)),
    st.builds(lambda n: b"h" + bytes([n]), st.integers(0, 9)),
    st.builds(lambda n: b"M" + struct.pack("<H", n), st.integers(0, 65535)),
    st.builds(lambda n: b"J" + struct.pack("<i", n), st.integers(-(2**31), 2**31 - 1)),
    st.builds(lambda n: b"j" + struct.pack("<I", n), st.integers(0, 9)),
    st.builds(lambda x: b"G" + struct.pack(">d", x), st.floats()),
    *(_counted(code, 1) for code in (b"\x8c", b"C", b"\x8a")),
    *(_counted(code, 4) for code in (b"X", b"B")),
    _counted(b"\x95", 8),
)


@given(st.lists(ADMITTED, max_size=60))
def test_any_sequence_of_the_instructions_that_are_admitted(program: list[bytes]) -> None:
    check_plain(read(PROTO + b"".join(program) + b"."))


@st.composite
def changes(draw: st.DrawFn, blob: bytes) -> bytes:
    """The bytes, changed in one to four places."""
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(blob))] * 2)))
        place = draw(st.integers(0, len(blob)))
        kind = draw(st.sampled_from(["flip", "cut", "remove", "insert", "move", "repeat"]))
        if kind == "flip" and start < len(blob):
            flipped = blob[start] ^ (1 << draw(st.integers(0, 7)))
            blob = blob[:start] + bytes([flipped]) + blob[start + 1 :]
        elif kind == "cut":
            blob = blob[:start]
        elif kind == "remove":
            blob = blob[:start] + blob[start + draw(st.integers(0, 20)) :]
        elif kind == "insert":
            blob = blob[:place] + (draw(ADMITTED | st.binary(max_size=9))) + blob[place:]
        elif kind == "move":
            blob = blob[:place] + blob[start:end] + blob[place:]
        elif kind == "repeat":
            blob = blob[:end] + blob[start:end] * draw(st.integers(1, 30)) + blob[end:]
    return blob


@given(data=st.data())
def test_a_model_file_with_changed_bytes(path: Path, data: st.DataObject) -> None:
    model = loaded(load_model, path, data)
    assert model is None or np.isfinite(model.network.params).all()


@given(data=st.data())
def test_a_checkpoint_file_with_changed_bytes(checkpoint_path: Path, data: st.DataObject) -> None:
    checkpoint = loaded(load_checkpoint, checkpoint_path, data)
    if checkpoint is not None:
        assert np.isfinite(checkpoint.state.params).all()
        assert checkpoint.state.engine.slots.shape == (1, checkpoint.state.params.size)


def loaded(load: Callable[[Path], Any], path: Path, data: st.DataObject) -> Any:
    """What a file holds after some of its bytes have been changed; None where it is refused."""
    changed = path.with_name("changed")
    changed.write_bytes(data.draw(changes(path.read_bytes())))
    try:
        return load(changed)
    except ModelError as error:
        message = str(error)
    assert len(message) < 1000
    return None


TEXTS = st.text(max_size=20)
NUMBERS = st.integers(-(2**127), 2**127) | st.floats()
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)
ODD = st.recursive(
    PLAIN | st.integers() | st.binary() | st.builds(complex) | st.dates() | st.frozensets(TEXTS),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.integers() | TEXTS, inner)
    ),
    max_leaves=30,
)


@given(PLAIN)
def test_what_a_model_is_made_of_is_read_as_the_library_reads_it(value: Any) -> None:
    blob = pickle.dumps(value, 4)
    assert repr(read_pickle(blob)) == repr(pickle.loads(blob))


@given(ODD, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_anything_else_is_refused_or_read_as_the_library_reads_it(
    value: Any, protocol: int
) -> None:
    blob = pickle.dumps(value, protocol)
    read_value = read(blob)
    assert read_value is None or repr(read_value) == repr(pickle.loads(blob))


@given(data=st.data())
def test_pickles_of_anything_with_changed_bytes(data: st.DataObject) -> None:
    check_plain(read(data.draw(changes(pickle.dumps(data.draw(ODD), 4)))))
