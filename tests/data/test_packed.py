"""Datasets whose files are pinned as their publishers pack them: small files of their layouts."""

import gzip
import hashlib
import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import DATASETS, DatasetInfo, Samples, load_dataset, write_dataset
from mnist_nn.data.download import CacheReady, download, import_folder
from mnist_nn.data.record import PackedFile
from mnist_nn.data.store import read_dataset, read_info
from mnist_nn.errors import DataError

Blobs = dict[str, bytes]
Mirror = Any  # the server in conftest.py
PACKED = [name for name, info in DATASETS.items() if info.packed]


def idx_blob(array: np.ndarray, code: int = 8) -> bytes:
    """Pack an array as its publisher would, of big-endian numbers."""
    big = array.astype(array.dtype.newbyteorder(">"))
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return gzip.compress(header + big.tobytes())


def pack(name: str, digits: Samples) -> Blobs:
    """Return the files of a dataset, of 20 training and 10 test digits."""
    images, labels = digits.x.reshape(-1, 28, 28), digits.y
    halves = {"train": slice(20), "test": slice(20, 30)}
    if name == "kmnist":
        files = zip(("train", "t10k"), halves.values(), strict=True)
        return {
            f"{part}-{kind}-ubyte.gz": idx_blob(array[half])
            for part, half in files
            for kind, array in (("images-idx3", images), ("labels-idx1", labels))
        }
    if name == "qmnist":
        rows = np.zeros((30, 8), np.int32)
        rows[:, 0], rows[:, 1:] = labels[:30], 70_000  # the writer and so on
        return {
            f"qmnist-{part}-{kind}.gz": idx_blob(array[half], code)
            for part, half in halves.items()
            for kind, array, code in (
                ("images-idx3-ubyte", images, 8),
                ("labels-idx2-int", rows, 12),
            )
        }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for split in (name.removeprefix("emnist-") for name in PACKED if "emnist" in name):
            for part, half in halves.items():
                lying = images[half].swapaxes(1, 2)
                numbers = labels[half] + (split == "letters")
                for kind, array in (("images-idx3", lying), ("labels-idx1", numbers)):
                    member = f"gzip/emnist-{split}-{part}-{kind}-ubyte.gz"
                    packed.writestr(member, idx_blob(np.ascontiguousarray(array)))
    return {"gzip.zip": archive.getvalue()}


def pinned(name: str, blobs: Blobs) -> DatasetInfo:
    """Return the record of a dataset, with these files pinned instead of the real ones."""
    info = DATASETS[name]
    assert info.packed
    files = tuple(
        PackedFile(
            file.name,
            len(blobs[file.name]),
            hashlib.new(file.algorithm, blobs[file.name]).hexdigest(),
            file.algorithm,
        )
        for file in info.packed.files
    )
    parts = {"train": 20, "test": 10}
    return replace(info, parts=parts, packed=replace(info.packed, files=files))


@pytest.mark.parametrize("name", PACKED)
def test_what_is_downloaded_becomes_upright_images_and_their_classes(
    name: str,
    digits: Samples,
    mirror: Mirror,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blobs = pack(name, digits)
    monkeypatch.setattr(mirror, "files", blobs)
    info = pinned(name, blobs)
    events = list(download(info, tmp_path, mirrors=[mirror.url("good")]))
    assert events[-1] == CacheReady(tmp_path / f"{name}.npz", "downloaded")
    for part, half in (("train", slice(20)), ("test", slice(20, 30))):
        samples = info.read(tmp_path, part)
        np.testing.assert_array_equal(samples.x, digits.x[half])
        np.testing.assert_array_equal(samples.y, digits.y[half])
    stored = read_info(tmp_path / f"{name}.npz")
    assert stored.licence == info.licence
    assert stored.format.class_names == info.format.class_names
    again = list(download(info, tmp_path, mirrors=[mirror.url("good")]))
    assert again == [CacheReady(tmp_path / f"{name}.npz", "verified")]
    assert len(mirror.asked) == len(blobs)


def test_another_dataset_in_its_place_is_not_taken_for_it(digits: Samples, tmp_path: Path) -> None:
    format = DATASETS["qmnist"].format
    write_dataset(tmp_path / "qmnist.npz", format, {"train": digits}, source=[])
    with pytest.raises(DataError, match=r"is another dataset than qmnist\nfetch it with: mnist-nn"):
        load_dataset("qmnist", tmp_path)


def test_one_archive_serves_all_splits_of_emnist(
    digits: Samples, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = pack("emnist-digits", digits)
    monkeypatch.setattr(mirror, "files", blobs)
    for name, how in (("emnist-digits", "downloaded"), ("emnist-letters", "rebuilt")):
        events = list(download(pinned(name, blobs), tmp_path, mirrors=[mirror.url("good")]))
        ready = events[-1]
        assert isinstance(ready, CacheReady)
        assert ready.how == how
    assert len(mirror.asked) == 1


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"x" + b[1:], lambda b: b + b"x"])
def test_files_of_another_hash_are_refused(
    damage: Callable[[bytes], bytes],
    digits: Samples,
    mirror: Mirror,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blobs = pack("qmnist", digits)
    info, name = pinned("qmnist", blobs), "qmnist-test-labels-idx2-int.gz"
    monkeypatch.setattr(mirror, "files", blobs | {name: damage(blobs[name])})
    with pytest.raises(DataError, match=f"{name} could not be downloaded"):
        list(download(replace(info, mirrors=()), tmp_path, mirrors=[mirror.url("good")]))
    assert not (tmp_path / "qmnist" / name).exists()


def test_files_at_hand_are_found_whatever_their_names(digits: Samples, tmp_path: Path) -> None:
    blobs = pack("kmnist", digits)
    place = tmp_path / "somewhere" / "else"
    place.mkdir(parents=True)
    for i, blob in enumerate(blobs.values()):
        (place / f"file {i}").write_bytes(blob)
    info = pinned("kmnist", blobs)
    import_folder(info, tmp_path / "somewhere", tmp_path / "data")
    assert (read_dataset(tmp_path / "data" / "kmnist.npz", "test").y == digits.y[20:30]).all()
    (place / "file 2").unlink()
    with pytest.raises(DataError, match=r"no t10k-images-idx3-ubyte\.gz with the right SHA256"):
        import_folder(info, tmp_path / "somewhere", tmp_path / "data")
