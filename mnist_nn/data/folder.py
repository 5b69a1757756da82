"""Reading a dataset's files from a folder or an archive, recognized by their SHA-256.

They may be as mirrors serve them, unpacked, with dots in their names, in torchvision's
``MNIST/raw``, or together in Keras's ``mnist.npz``. Names only decide what an error is about.
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
from .cache import Arrays, check_size, read_array
from .record import DataFile, DatasetInfo

MAX_FILES = 10_000  # of a folder
MAX_DEPTH = 2  # of sub-folders: torchvision's MNIST/raw is that far below the folder it is given


def verified(file: DataFile, blob: bytes) -> NDArray[np.uint8]:
    """Read one of a dataset's files, gzip or not; DataError if its SHA-256 is wrong."""
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
    for path in plain_files(origin):
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


def plain_files(origin: Path, depth: int = MAX_DEPTH) -> list[Path]:
    """List the plain files of a folder, and of its sub-folders to that depth after them."""
    if not origin.is_dir():
        return [origin] if origin.is_file() else []
    found = list(islice(_walk(origin, depth), MAX_FILES))
    return sorted(found, key=lambda path: (len(path.parts), path))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the plain files of a folder, skipping what cannot be read."""
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
    """Yield those of the missing files that a file holds: each an array, or what is wrong."""
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
    """Return whether a file is a zip archive, and its size; of gzip, that of the payload."""
    with path.open("rb") as file:
        magic = file.read(4)
        size = file.seek(0, os.SEEK_END)
        if magic.startswith(idx.GZIP_MAGIC) and size >= 4:
            file.seek(-4, os.SEEK_END)
            size = int.from_bytes(file.read(4), "little")
    return magic == b"PK\3\4", size


def _is_named(path: Path, file: DataFile) -> bool:
    """Return whether a file has a data file's name, compressed or not, with dots or dashes."""
    return path.name.removesuffix(".gz").replace(".", "-") == file.name


def _read_archive(
    path: Path, info: DatasetInfo, missing: Iterable[DataFile]
) -> Iterator[tuple[DataFile, NDArray[np.uint8] | str]]:
    """Read arrays of an ``.npz``, compressed or not, named as by Keras and this program."""
    with path.open("rb") as opened:
        for file in missing:
            member_name = f"{file.key}.npy"
            try:
                check_size(opened, info)
                with zipfile.ZipFile(opened) as archive:
                    if member_name not in archive.namelist():
                        continue
                    method = archive.getinfo(member_name).compress_type
                    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                        raise DataError(f"{file.key} has an unknown compression")
                    with archive.open(member_name) as member:
                        yield file, read_array(cast(io.BufferedIOBase, member), file)
            except DataError as error:
                yield file, str(error)
            except Exception as error:  # zipfile and NumPy raise all kinds for damaged archives
                yield file, f"{file.key} cannot be read ({type(error).__name__})"
