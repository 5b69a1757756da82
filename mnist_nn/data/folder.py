"""Reading a dataset's files from a folder or an archive, recognized by their SHA-256.

They may be as mirrors serve them, unpacked, with dots in their names, in torchvision's
``MNIST/raw``, or arrays of NumPy's, flat or not, alone or together as in Keras's ``mnist.npz``.
Names only decide what an error is about.
"""

import math
import os
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files import read_bounded
from . import idx
from .archive import NPY_HEADER, check_directory
from .cache import Arrays
from .record import DataFile, DatasetInfo

MAX_FILES = 10_000  # of a folder
MAX_MEMBERS = 64  # of an archive
NPY, ZIP = b"\x93NUM", b"PK\3\4"  # first four bytes
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
                f"nor in an .npy or .npz{wrong}"
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
    path: Path, info: DatasetInfo, missing: Sequence[DataFile]
) -> Iterator[tuple[DataFile, NDArray[np.uint8] | str]]:
    """Yield those of the missing files that a file holds: each an array, or what is wrong."""
    named = [file for file in missing if _is_named(path, file)]
    try:
        magic, size = _kind(path)
    except OSError as error:
        yield from ((file, error.strerror or str(error)) for file in named)
        return
    if magic == ZIP:
        yield from _read_archive(path, missing)
        return
    if magic == NPY:
        with path.open("rb") as opened:
            yield from _read_array(opened, path.name, missing)
        return
    for file in missing:
        if file in named or size == file.size:
            try:
                blob = read_bounded(path, file.size + idx.GZIP_SLACK, DataError)
                yield file, verified(file, blob)
            except (DataError, OSError) as error:
                if file in named:
                    yield file, str(error)


def _kind(path: Path) -> tuple[bytes, int]:
    """Return how a file begins, and its size; of gzip, that of the payload."""
    with path.open("rb") as file:
        magic = file.read(4)
        size = file.seek(0, os.SEEK_END)
        if magic.startswith(idx.GZIP_MAGIC) and size >= 4:
            file.seek(-4, os.SEEK_END)
            size = int.from_bytes(file.read(4), "little")
    return magic, size


def _is_named(path: Path, file: DataFile) -> bool:
    """Return whether a file has a data file's name, compressed or not, with dots or dashes."""
    return path.name.removesuffix(".gz").replace(".", "-") == file.name


def _read_archive(
    path: Path, missing: Sequence[DataFile]
) -> Iterator[tuple[DataFile, NDArray[np.uint8] | str]]:
    """Read arrays of an ``.npz``, compressed or not, whatever their names."""
    with path.open("rb") as opened:
        try:
            check_directory(opened)
            with zipfile.ZipFile(opened) as archive:
                for member in archive.infolist()[:MAX_MEMBERS]:
                    with archive.open(member) as array:
                        yield from _read_array(array, member.filename, missing)
        except DataError as error:
            yield from ((file, str(error)) for file in missing)
        except Exception as error:  # zipfile raises all kinds for damaged archives
            yield from ((file, f"it cannot be read ({type(error).__name__})") for file in missing)


def _read_array(
    opened: IO[bytes], name: str, missing: Sequence[DataFile]
) -> Iterator[tuple[DataFile, NDArray[np.uint8] | str]]:
    """Read an array in NumPy's format, of any shape: what counts is the hash of its bytes."""
    named = [file for file in missing if name == f"{file.key}.npy"]
    try:
        if np.lib.format.read_magic(opened) != (1, 0):
            raise DataError(f"{name} is not an array in NumPy's format 1.0")
        shape, _, dtype = np.lib.format.read_array_header_1_0(opened, NPY_HEADER)
        n = math.prod(shape)
        alike = [file for file in missing if math.prod(file.shape) == n and dtype == np.uint8]
        if not alike:
            yield from ((file, f"{file.key} is not {file.shape} uint8") for file in named)
            return
        blob = opened.read(n)
        if len(blob) != n:
            raise DataError(f"{name} is cut short")
    except DataError as error:
        yield from ((file, str(error)) for file in named)
        return
    except Exception as error:  # NumPy raises all kinds for damaged headers, zipfile for the rest
        kind = type(error).__name__
        yield from ((file, f"{file.key} cannot be read ({kind})") for file in named)
        return
    for file in alike:
        array = np.frombuffer(blob, np.uint8).reshape(file.shape)
        if file.matches(array):
            yield file, array
        elif file in named:
            yield file, f"{file.key} does not have the pinned SHA-256"
