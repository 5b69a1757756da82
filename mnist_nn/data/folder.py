"""Finds a data set's files in a folder by their content, whatever their names.

A dataset's files lie about in many forms: as mirrors serve them, unpacked, with dots in their names
(``train-images.idx3-ubyte``), in torchvision's ``MNIST/raw``, or together in Keras's ``mnist.npz``.
What has the pinned SHA-256 is taken; the names only tell which files to complain about.
"""

import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files import read_bounded
from . import idx
from .cache import Arrays, check_directory, read_array
from .record import DataFile, DatasetInfo

MAX_FILES = 10_000  # that are looked at
DEPTH = 2  # sub-folders deep; torchvision's MNIST/raw is that far below the folder it was given
ZIP_MAGIC = b"PK\3\4"


def verified(file: DataFile, blob: bytes) -> NDArray[np.uint8]:
    """Read one of a dataset's files, gzip or not; DataError unless it is what was pinned."""
    array = idx.parse(idx.decompress(blob, file.size), file.shape)
    if not file.matches(array):
        raise DataError(f"the SHA-256 of its payload is not the pinned {file.sha256[:12]}…")
    return array


def read_folder(origin: Path, info: DatasetInfo) -> Arrays:
    """Find and verify all files of a dataset in a folder, two sub-folders deep, or an ``.npz``.

    DataError names the first that is missing or wrong, and what is wrong with those of its name.
    """
    if not origin.exists():
        raise DataError(f"there is no folder {origin}")
    arrays: Arrays = {}
    reasons: dict[str, list[str]] = {file.key: [] for file in info.files}
    for path in _plain_files(origin):
        missing = [file for file in info.files if file.key not in arrays]
        if not missing:
            break
        for file, outcome in _read(path, info, missing):
            if isinstance(outcome, str):
                reasons[file.key].append(f"{path}: {outcome}")
            else:
                arrays[file.key] = outcome
    for file in info.files:
        if file.key not in arrays:
            wrong = "".join(f"\n  {reason}" for reason in reasons[file.key][:3])
            raise DataError(
                f"{origin} has no {file.name} with the right SHA-256: neither as .gz, nor raw, "
                f"nor in an .npz{wrong}"
            )
    return arrays


def _plain_files(origin: Path) -> list[Path]:
    """List the plain files of a folder, and of its sub-folders after them."""
    if not origin.is_dir():
        return [origin] if origin.is_file() else []
    found = list(islice(_walk(origin, DEPTH), MAX_FILES))
    return sorted(found, key=lambda path: (len(path.parts), path))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Go through a folder; what may not be read is skipped."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return
    paths = [folder / entry.name for entry in entries]
    yield from (path for path in paths if path.is_file())
    for entry in entries:
        if depth and entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, depth - 1)


def _read(
    path: Path, info: DatasetInfo, missing: Iterable[DataFile]
) -> Iterator[tuple[DataFile, NDArray[np.uint8] | str]]:
    """Read from a file whichever of the missing ones it holds: each an array, or what is wrong."""
    named = [file for file in missing if _is_named(path, file)]
    try:
        is_archive, size = _kind(path)
    except OSError as error:
        yield from ((file, error.strerror or str(error)) for file in named)
        return
    if is_archive:
        yield from _read_archive(path, info, missing)
        return
    for file in missing:
        if file in named or size == file.size:
            try:
                blob = read_bounded(path, file.size + idx.GZIP_SLACK, DataError)
                yield file, verified(file, blob)
            except (DataError, OSError) as error:
                if file in named:
                    yield file, str(error)


def _kind(path: Path) -> tuple[bool, int]:
    """Tell whether a file is a zip archive, and how long its content is; of gzip, as it claims."""
    with path.open("rb") as file:
        magic = file.read(4)
        size = file.seek(0, os.SEEK_END)
        if magic.startswith(idx.GZIP_MAGIC) and size >= 4:
            file.seek(-4, os.SEEK_END)
            size = int.from_bytes(file.read(4), "little")  # of the payload, as gzip's last field
    return magic == ZIP_MAGIC, size


def _is_named(path: Path, file: DataFile) -> bool:
    """Tell whether a file is called what a file is, packed or not, with dots or dashes."""
    return path.name.removesuffix(".gz").replace(".", "-") == file.name


def _read_archive(
    path: Path, info: DatasetInfo, missing: Iterable[DataFile]
) -> Iterator[tuple[DataFile, NDArray[np.uint8] | str]]:
    """Read arrays of an ``.npz``, packed or not, as Keras and this program name them."""
    with path.open("rb") as opened:
        for file in missing:
            try:
                check_directory(opened, info)
                with zipfile.ZipFile(opened) as archive:
                    if f"{file.key}.npy" not in archive.namelist():
                        continue
                    packing = archive.getinfo(f"{file.key}.npy").compress_type
                    if packing not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                        yield file, f"{file.key} is packed in a way that is not read"
                    else:
                        with archive.open(f"{file.key}.npy") as member:
                            yield file, read_array(cast(io.BufferedIOBase, member), file)
            except DataError as error:
                yield file, str(error)
            except Exception as error:  # a damaged archive may fail in any way zip and NumPy know
                yield file, f"{file.key} cannot be read ({type(error).__name__})"
