"""A data set's files are found by their content, whatever they are called and wherever they lie."""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.data import DATASETS, DatasetInfo, idx
from mnist_nn.data.download import import_folder
from mnist_nn.data.folder import read_folder
from mnist_nn.errors import DataError

Tiny = tuple[DatasetInfo, dict[str, bytes]]


@pytest.fixture
def folder(tiny: Tiny, tmp_path: Path) -> Path:
    """A folder with the four files as mirrors serve them."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name, blob in tiny[1].items():
        (folder / name).write_bytes(blob)
    return folder


def test_gz_and_raw_files_are_read_alike(tiny: Tiny, folder: Path) -> None:
    before = read_folder(folder, tiny[0])
    for path in list(folder.iterdir()):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    after = read_folder(folder, tiny[0])
    for key, array in before.items():
        np.testing.assert_array_equal(array, after[key])


def test_the_first_missing_file_is_named(tiny: Tiny, folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"has no t10k-labels-idx1-ubyte with the right"):
        read_folder(folder, tiny[0])


def unpacked(folder: Path, name: Callable[[str], str]) -> None:
    """Unpack all files of a folder and rename them."""
    for path in list(folder.iterdir()):
        (folder / name(path.stem)).write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def as_torchvision(folder: Path) -> None:
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in list(folder.glob("*.gz")):
        (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        path.rename(raw / path.name)


def arrays_of(folder: Path) -> dict[str, np.ndarray]:
    """Read the four files, and remove them."""
    arrays = {
        key: idx.parse(gzip.decompress((folder / f"{name}.gz").read_bytes()), shape)
        for key, name, shape in (
            ("x_train", "train-images-idx3-ubyte", (20, 28, 28)),
            ("y_train", "train-labels-idx1-ubyte", (20,)),
            ("x_test", "t10k-images-idx3-ubyte", (10, 28, 28)),
            ("y_test", "t10k-labels-idx1-ubyte", (10,)),
        )
    }
    for path in list(folder.iterdir()):
        path.unlink()
    return arrays


def as_keras(folder: Path) -> None:
    np.savez_compressed(folder / "mnist.npz", allow_pickle=False, **arrays_of(folder))


def as_flat_arrays(folder: Path) -> None:
    flat = [array.reshape(len(array), -1) for array in arrays_of(folder).values()]
    np.savez(folder / "mnist.zip", np.zeros(10**6), *flat, allow_pickle=False)
    (folder / "mnist.zip.npz").rename(folder / "data")


def as_npy(folder: Path) -> None:
    for i, array in enumerate(arrays_of(folder).values()):
        np.save(folder / f"{i}.npy", array)


@pytest.mark.parametrize(
    "rearranged",
    [
        lambda folder: unpacked(folder, lambda name: name.replace("-idx", ".idx")),
        lambda folder: unpacked(folder, lambda name: f"{name[::-1]}.bin"),
        as_torchvision,
        as_keras,
        as_flat_arrays,
        as_npy,
    ],
    ids=["dots in their names", "any names", "torchvision", "Keras", "flat arrays", ".npy"],
)
def test_files_are_found_by_their_content(
    tiny: Tiny, folder: Path, rearranged: Callable[[Path], None]
) -> None:
    expected = read_folder(folder, tiny[0])
    rearranged(folder)
    found = read_folder(folder, tiny[0])
    assert set(found) == set(expected)
    for key, array in expected.items():
        np.testing.assert_array_equal(found[key], array)


def test_an_archive_can_be_given_by_itself(tiny: Tiny, folder: Path, tmp_path: Path) -> None:
    as_keras(folder)
    cache = import_folder(tiny[0], str(folder / "mnist.npz"), str(tmp_path / "data")).path
    assert cache == tmp_path / "data" / "tiny.npz"


def test_a_damaged_gz_does_not_hide_a_good_raw_file(tiny: Tiny, folder: Path) -> None:
    packed = folder / "train-images-idx3-ubyte.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.write_bytes(packed.read_bytes()[:-9])
    assert read_folder(folder, tiny[0])["x_train"].shape == (20, 28, 28)


def test_what_is_wrong_with_a_file_of_the_right_name_is_said(tiny: Tiny, folder: Path) -> None:
    packed = folder / "train-images-idx3-ubyte.gz"
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"train-images.*\n.*ubyte\.gz: damaged gzip data"):
        read_folder(folder, tiny[0])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of POSIX")
def test_what_else_lies_there_is_passed_over(tiny: Tiny, folder: Path) -> None:
    os.mkfifo(folder / "a-pipe")
    (folder / "a-loop").symlink_to("a-loop")
    (folder / "empty").touch()
    (folder / "notes.zip").write_bytes(b"PK\3\4 no archive")
    (folder / "too" / "deep" / "down").mkdir(parents=True)
    labels = "t10k-labels-idx1-ubyte.gz"
    assert len(read_folder(folder, tiny[0])) == 4
    shutil.move(folder / labels, folder / "too" / "deep" / "down" / labels)
    with pytest.raises(DataError, match="has no t10k-labels-idx1-ubyte"):
        read_folder(folder, tiny[0])


def test_an_archive_of_something_else_is_named(tiny: Tiny, folder: Path) -> None:
    (folder / "train-images-idx3-ubyte.gz").unlink()
    np.savez(folder / "mnist.npz", x_train=np.zeros((20, 28, 28), np.uint8))
    with pytest.raises(DataError, match=r"mnist\.npz: x_train does not have the pinned SHA-256"):
        read_folder(folder, tiny[0])


def test_real_files_are_found_under_other_names(mnist_files: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(mnist_files.glob("*.gz"))):
        (tmp_path / f"part{number}").symlink_to(path)
    arrays = read_folder(tmp_path, DATASETS["mnist"])
    assert arrays["x_train"].shape == (60000, 28, 28)
