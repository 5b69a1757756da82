from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import MappedRows, SampleFormat, Samples, load_dataset, write_dataset
from mnist_nn.data.scale import check_scale
from mnist_nn.errors import DataError
from mnist_nn.evaluation import evaluate
from mnist_nn.nn import Network, block

DIGITS = SampleFormat((28, 28), tuple("0123456789"))
NUMBERS = SampleFormat((3,), ("low", "high"))
N = 1000  # digits, in 50 blocks


@pytest.fixture(autouse=True)
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnist_nn.data.store.available_memory", lambda: 1000)


@pytest.fixture
def path(digits: Samples, tmp_path: Path) -> Path:
    parts = {"train": digits.take(np.arange(N)), "test": digits.take(np.arange(50))}
    write_dataset(tmp_path / "mine.npz", DIGITS, parts, source=[])
    return tmp_path / "mine.npz"


def mapped(path: Path) -> MappedRows:
    x: Any = load_dataset("mine", path.parent).train.x
    assert isinstance(x, MappedRows)
    return x


@pytest.mark.parametrize(
    "index",
    [
        slice(None),
        slice(3, 500),
        slice(990, 2000),
        slice(-5, None),
        slice(0, N, 7),
        slice(9, 2, -1),
        slice(5, 5),
        0,
        -1,
        np.int64(77),
        np.array([5, 5, 999, 0]),
        [3, 1],
        np.array([], np.intp),
        np.arange(N) % 3 == 0,
    ],
)
@pytest.mark.parametrize("part", [False, True], ids=["all", "part"])
def test_rows_are_read_as_those_of_an_array(
    index: Any, part: bool, path: Path, digits: Samples
) -> None:
    x, array = mapped(path), digits.x[:N]
    if part:
        order = np.random.default_rng(0).permutation(N)
        x, array = x.take(order), array[order]
    assert (x.shape, x.dtype, len(x), x.ndim) == (array.shape, array.dtype, N, 2)
    np.testing.assert_array_equal(x[index], array[index])


def test_parts_of_parts_and_all_rows_at_once(path: Path, digits: Samples) -> None:
    some = mapped(path).take(np.arange(0, N, 2)).take(np.arange(10, 20))
    np.testing.assert_array_equal(np.asarray(some), digits.x[:N:2][10:20])
    np.testing.assert_array_equal(np.concatenate([some, some])[10:], np.asarray(some, float))
    np.testing.assert_array_equal(np.stack([some[i] for i in range(len(some))]), np.asarray(some))
    with pytest.raises(IndexError):
        mapped(path)[np.array([N])]
    with pytest.raises(IndexError):
        mapped(path)[np.array([-1])]
    with pytest.raises(IndexError):
        mapped(path)[N]


def test_numbers_are_those_that_were_written(tmp_path: Path) -> None:
    samples = Samples(np.random.default_rng(0).normal(size=(5000, 3)), np.arange(5000) % 2 == 1)
    labelled = Samples(samples.x, samples.y.astype(np.uint8))
    write_dataset(tmp_path / "mine.npz", NUMBERS, {"train": labelled}, source=[])
    x = mapped(tmp_path / "mine.npz")
    assert x[:].flags.aligned
    np.testing.assert_array_equal(x[:], samples.x)
    np.testing.assert_array_equal(x[np.array([4999, 3])], samples.x[[4999, 3]])


def test_only_what_is_large_for_the_memory_stays_in_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for memory in (None, N * 784 * 4):
        monkeypatch.setattr("mnist_nn.data.store.available_memory", lambda memory=memory: memory)
        assert isinstance(load_dataset("mine", path.parent).train.x, np.ndarray)
    monkeypatch.setattr("mnist_nn.data.store.available_memory", lambda: N * 784 * 4 - 1)
    dataset = load_dataset("mine", path.parent)
    assert isinstance(dataset.train.x, MappedRows)
    assert dataset.test is not None
    assert isinstance(dataset.test.x, np.ndarray)


def test_damage_is_noticed_where_it_is_read(path: Path) -> None:
    blob = bytearray(path.read_bytes())
    blob[500 * 784] ^= 1
    path.write_bytes(blob)
    x = mapped(path)
    assert x[:400].shape == (400, 784)
    for index in (slice(450, 550), np.array([999, 499]), slice(None)):
        with pytest.raises(DataError, match=r"mine\.npz is damaged: the rows of x_train from 4"):
            x[index]
    assert x[600:].shape == (400, 784)


def test_a_file_cut_short_while_it_is_read_ends_in_an_error(path: Path) -> None:
    x = mapped(path)
    with path.open("r+b") as file:
        file.truncate(500 * 784)
    with pytest.raises(DataError, match=r"mine\.npz was cut short while it was in use"):
        x[700:]


def test_a_file_replaced_while_it_is_read_stays_what_it_was(path: Path, digits: Samples) -> None:
    x = mapped(path)
    write_dataset(path, DIGITS, {"train": digits.take(np.arange(50))}, source=[])
    np.testing.assert_array_equal(x[:], digits.x[:N])


def test_a_network_is_evaluated_on_them(path: Path, digits: Samples) -> None:
    network = Network(784, [*block(10, "softmax")], rng=np.random.default_rng(0))
    samples = load_dataset("mine", path.parent).train
    check_scale(samples.x, network.input_scale)
    in_memory = evaluate(network, digits.take(np.arange(N)))
    assert evaluate(network, samples).loss == in_memory.loss
