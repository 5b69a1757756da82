import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import DATASETS, DatasetInfo
from mnist_nn.data.cache import read_cache, write_cache
from mnist_nn.data.folder import read_folder, verified
from mnist_nn.errors import DataError

Tiny = tuple[DatasetInfo, dict[str, bytes]]


@pytest.fixture
def folder(tiny: Tiny, tmp_path: Path) -> Path:
    for name, blob in tiny[1].items():
        (tmp_path / name).write_bytes(blob)
    return tmp_path


def test_one_wrong_pixel_is_noticed(tiny: Tiny) -> None:
    source, blobs = tiny
    payload = bytearray(gzip.decompress(blobs["train-images-idx3-ubyte.gz"]))
    payload[500] ^= 1
    with pytest.raises(DataError, match="is not the pinned"):
        verified(source.files[0], bytes(payload))


def test_a_cache_reads_back_what_was_written(tiny: Tiny, folder: Path) -> None:
    arrays = read_folder(folder, tiny[0])
    write_cache(folder / "tiny.npz", arrays)
    for key, array in read_cache(folder / "tiny.npz", tiny[0]).items():
        np.testing.assert_array_equal(array, arrays[key])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda a: a | {"x_train": a["x_train"] ^ 1}, "x_train does not have the pinned SHA-256"),
        (lambda a: a | {"y_test": a["y_test"].astype(int)}, r"y_test is not \(10,\) uint8"),
        (lambda a: a | {"y_test": a["y_test"][:5]}, r"y_test is not \(10,\) uint8"),
        (
            lambda a: {k: v for k, v in a.items() if k != "y_test"},
            r"it holds .* instead of x_train",
        ),
        (lambda a: a | {"more": a["y_test"]}, r"it holds .* instead of x_train"),
        (lambda a: a | {"y_test": a["y_test"].astype(object)}, r"y_test is not \(10,\) uint8"),
    ],
)
def test_a_cache_that_was_tampered_with_is_refused(
    tiny: Tiny, folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]], complaint: str
) -> None:
    np.savez(folder / "tiny.npz", **change(read_folder(folder, tiny[0])))
    with pytest.raises(DataError, match=complaint):
        read_cache(folder / "tiny.npz", tiny[0])


def test_a_part_is_read_and_verified_by_itself(tiny: Tiny, folder: Path) -> None:
    arrays = read_folder(folder, tiny[0])
    write_cache(
        folder / "tiny.npz", arrays | {"y_test": np.bitwise_xor(arrays["y_test"], np.uint8(1))}
    )
    assert set(read_cache(folder / "tiny.npz", tiny[0], "train")) == {"x_train", "y_train"}
    with pytest.raises(DataError, match="y_test does not have the pinned SHA-256"):
        read_cache(folder / "tiny.npz", tiny[0], "test")


def test_objects_in_a_cache_are_never_unpickled(tiny: Tiny, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    np.savez(tmp_path / "tiny.npz", x_train=np.array([Bomb()], object))
    with pytest.raises(DataError, match="damaged"):
        read_cache(tmp_path / "tiny.npz", tiny[0])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x80\x04K\x01.", b"text"])
def test_a_file_that_is_no_cache_is_refused(tiny: Tiny, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tiny.npz").write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_cache(tmp_path / "tiny.npz", tiny[0])


def test_the_real_files_are_the_pinned_ones(mnist_files: Path) -> None:
    arrays = read_folder(mnist_files, DATASETS["mnist"])
    assert arrays["x_train"].shape == (60000, 28, 28)
    assert np.bincount(arrays["y_train"]).tolist()[:3] == [5923, 6742, 5958]


def test_archives_broken_in_other_ways_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "tiny.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))  # an array, no archive
    with pytest.raises(DataError, match="damaged"):
        read_cache(path, tiny[0])
    with zipfile.ZipFile(path, "w") as archive:
        for wanted in tiny[0].files:
            archive.writestr(wanted.key, b"no array")
    with pytest.raises(DataError, match="damaged"):
        read_cache(path, tiny[0])
    with zipfile.ZipFile(path, "w") as archive:
        for wanted in tiny[0].files:
            archive.writestr(f"{wanted.key}.npy", b"\x93NUMPY\x01\x00\x06\x00{bad(\n")
    with pytest.raises(DataError, match="damaged"):
        read_cache(path, tiny[0])
