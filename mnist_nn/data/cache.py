"""The cache is one ``.npz`` per data set, built of verified files and verified again when read."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files import replacing
from . import idx
from .sources import Source, SourceFile

Arrays = dict[str, NDArray[np.uint8]]


def verified(file: SourceFile, blob: bytes) -> NDArray[np.uint8]:
    """Read one of a source's files, as a mirror or a folder holds it, if it is what it should be.

    Parameters
    ----------
    file
        Which.
    blob
        Its content, gzip or not.

    Returns
    -------
    ndarray of uint8
        Of ``file.shape``.

    Raises
    ------
    DataError
        If the gzip wrapping is damaged, the IDX header claims something else, or the payload's
        SHA-256 is not the pinned one.
    """
    array = idx.parse(idx.decompress(blob, file.size), file.shape)
    if not file.matches(array):
        raise DataError(f"the SHA-256 of its payload is not the pinned {file.sha256[:12]}…")
    return array


def find(folder: Path, file: SourceFile) -> Path | None:
    """Locate a source's file in a folder, as ``.gz`` or raw."""
    candidates = (folder / f"{file.name}.gz", folder / file.name)
    return next((path for path in candidates if path.is_file()), None)


def read_folder(folder: Path, source: Source) -> Arrays:
    """Read and verify all of a source's files in a folder.

    Raises
    ------
    DataError
        Naming the first file that is missing or wrong.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    arrays = {}
    for file in source.files:
        path = find(folder, file)
        if path is None:
            raise DataError(f"{folder} has neither {file.name}.gz nor {file.name}")
        try:
            arrays[file.key] = verified(file, path.read_bytes())
        except (DataError, OSError) as error:
            raise DataError(f"{path}: {error}") from error
    return arrays


def write_cache(path: Path, arrays: Arrays) -> None:
    """Write verified arrays as one ``.npz``, whole or not at all."""
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_cache(path: Path, source: Source, part: str = "") -> Arrays:
    """Read arrays of a cache and verify them.

    Parameters
    ----------
    path
        Of the cache.
    source
        What it was made of.
    part
        ``train`` or ``test`` to read nothing else.

    Raises
    ------
    OSError
        If there is none, or it cannot be read.
    DataError
        If it is no such archive, or one of these arrays' type, shape or SHA-256 is wrong.
    """
    files = [file for file in source.files if file.key.endswith(part)]
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as npz:
            arrays = {file.key: npz[file.key] for file in files}
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a damaged archive may fail in any way that zip and NumPy know
        raise DataError(f"{path} is damaged ({type(error).__name__})") from error
    for file in files:
        array = arrays[file.key]
        if (np.shape(array), getattr(array, "dtype", None)) != (file.shape, np.uint8):
            raise DataError(f"{path} is damaged: {file.key} is not {file.shape} uint8")
        if not file.matches(array):
            raise DataError(f"{path} is damaged: {file.key} does not have the pinned SHA-256")
    return arrays
