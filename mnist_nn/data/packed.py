"""Reading of packed files: those of KMNIST, QMNIST and EMNIST."""

import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from . import idx
from .folder import plain_files
from .record import PackedFile, PackedSource, Samples

MAX_PAYLOAD = 1 << 30  # bytes of an IDX file; the largest here is EMNIST's, of 0.55 GB

KMNIST = (
    PackedFile(
        "train-images-idx3-ubyte.gz",
        18165135,
        "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
    ),
    PackedFile(
        "train-labels-idx1-ubyte.gz",
        29497,
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
    ),
    PackedFile(
        "t10k-images-idx3-ubyte.gz",
        3041136,
        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
    ),
    PackedFile(
        "t10k-labels-idx1-ubyte.gz",
        5120,
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    ),
)
QMNIST = (  # whose publisher gives no SHA-256 and no sizes
    PackedFile(
        "qmnist-train-images-idx3-ubyte.gz", 1 << 24, "ed72d4157d28c017586c42bc6afe6370", "MD5"
    ),
    PackedFile(
        "qmnist-train-labels-idx2-int.gz", 1 << 24, "0058f8dd561b90ffdd0f734c6a30e5e4", "MD5"
    ),
    PackedFile(
        "qmnist-test-images-idx3-ubyte.gz", 1 << 24, "1394631089c404de565df7b7aeaf9412", "MD5"
    ),
    PackedFile(
        "qmnist-test-labels-idx2-int.gz", 1 << 24, "5b5b05890a5e13444e108efe57b788aa", "MD5"
    ),
)
EMNIST = PackedFile(
    "gzip.zip", 561753746, "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"
)


def kmnist() -> PackedSource:
    """Return the files of KMNIST."""
    return PackedSource("kmnist", KMNIST, partial(_read_pair, KMNIST))


def qmnist() -> PackedSource:
    """Return the files of QMNIST, whose labels are rows of which the class is the first number."""
    return PackedSource("qmnist", QMNIST, partial(_read_pair, QMNIST))


def emnist(split: str, first_label: int = 0) -> PackedSource:
    """Return the archive of EMNIST, to read a split, whose labels count from `first_label`."""
    return PackedSource("emnist", (EMNIST,), partial(_read_emnist, split, first_label))


def find_packed(origin: Path, source: PackedSource) -> dict[str, Path]:
    """Find the packed files, whatever their names, in a folder, two sub-folders deep, or a file.

    DataError names the first that is missing.
    """
    if not origin.exists():
        raise DataError(f"there is no folder {origin}")
    found: dict[str, Path] = {}
    for path in plain_files(origin):
        for file in source.files:
            if file.name not in found and is_packed(path, file):
                found[file.name] = path
    for file in source.files:
        if file.name not in found:
            raise DataError(
                f"{origin} has no {file.name} with the right {file.algorithm}: it is read only as "
                "its publisher packed it"
            )
    return found


def is_packed(path: Path, file: PackedFile) -> bool:
    """Return whether a path is that of a packed file, whatever its name."""
    try:
        with path.open("rb") as opened:
            if opened.seek(0, 2) > file.size:
                return False
            file.verify(opened)
    except (DataError, OSError):
        return False
    return True


def _read_pair(files: tuple[PackedFile, ...], paths: Mapping[str, Path], part: str) -> Samples:
    """Read the images and labels of a part from two files in the order of a table."""
    images, labels = files[:2] if part == "train" else files[2:]
    return _samples(
        *(
            idx.parse_any(idx.decompress(paths[file.name].read_bytes(), MAX_PAYLOAD))
            for file in (images, labels)
        )
    )


def _read_emnist(split: str, first_label: int, paths: Mapping[str, Path], part: str) -> Samples:
    """Read a split's part from the archive; its images lie transposed."""
    with zipfile.ZipFile(paths[EMNIST.name]) as archive:
        images, labels = (
            idx.parse_any(
                idx.decompress(
                    archive.read(f"gzip/emnist-{split}-{part}-{kind}-ubyte.gz"), MAX_PAYLOAD
                )
            )
            for kind in ("images-idx3", "labels-idx1")
        )
    return _samples(images.swapaxes(1, 2), labels - first_label)


def _samples(images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Samples:
    """Make samples of images (n, height, width) and labels (n,), or (n, 8) as in QMNIST."""
    classes = labels if labels.ndim == 1 else labels[:, 0]
    return Samples(images.reshape(len(images), -1), classes.astype(np.uint8))
