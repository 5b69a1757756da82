"""The tests that need the real MNIST find it in each of the forms in which it may be there."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.data import DATASETS, Samples, idx
from mnist_nn.data.cache import read_cache, write_cache
from mnist_nn.data.download import import_folder
from mnist_nn.data.record import DataFile, DatasetInfo

from .mnist import BESIDE, find_files, places

Files = tuple[DatasetInfo, dict[str, bytes]]


@pytest.fixture
def tiny(digits: Samples) -> Files:
    """A source of one file with 20 digits, and its payload by name."""
    images = digits.x[:20].reshape(-1, 28, 28)
    payload = idx.header(images.shape) + images.tobytes()
    digest = hashlib.sha256(payload).hexdigest()
    file = DataFile("x_train", "train-images-idx3-ubyte", images.shape, digest)
    return replace(DATASETS["mnist"], name="tiny", files=(file,)), {file.name: payload}


def make(kind: str, tiny: Files, folder: Path) -> None:
    """Put the files into a folder: packed, not packed, or as a cache beside it."""
    source, payloads = tiny
    folder.mkdir()
    for name, payload in payloads.items():
        match kind:
            case "packed":
                (folder / f"{name}.gz").write_bytes(gzip.compress(payload))
            case "raw":
                (folder / name).write_bytes(payload)
            case "cache":
                array = idx.parse(payload, source.files[0].shape)
                write_cache(folder.with_suffix(".npz"), {"x_train": array})


@pytest.mark.parametrize("kind", ["packed", "raw", "cache"])
def test_the_files_are_found(kind: str, tiny: Files, tmp_path: Path) -> None:
    make(kind, tiny, tmp_path / "tiny")
    folders, caches = [tmp_path / "none", tmp_path / "tiny"], [tmp_path / "tiny.npz"]
    found = find_files(tiny[0], folders, caches, tmp_path / "spare")
    assert found == tmp_path / ("tiny" if kind == "packed" else "spare")
    shape = tiny[0].files[0].shape
    (content,) = tiny[1].values()
    expected = idx.parse(content, shape)
    cache = import_folder(tiny[0], found, tmp_path / "proof").path  # which verifies the files
    np.testing.assert_array_equal(read_cache(cache, tiny[0])["x_train"], expected)


def test_files_that_are_nowhere_are_not_found(tiny: Files, tmp_path: Path) -> None:
    assert find_files(tiny[0], [tmp_path / "none"], [tmp_path / "no"], tmp_path / "spare") is None


def test_what_is_named_comes_first_and_what_was_downloaded_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MNIST_NN_TEST_FILES", "named")
    monkeypatch.setenv("MNIST_NN_DATA_DIR", "data")
    assert places("mnist") == (
        [Path("named"), BESIDE, Path("data/mnist")],
        [Path("data/mnist.npz")],
    )
