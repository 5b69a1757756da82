"""Cache of a downloaded dataset: one ``.npz`` of verified arrays, verified again when read."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, shown
from ..files import atomic_write
from .record import DataFile, DatasetInfo

Arrays = dict[str, NDArray[np.uint8]]

ZIP_SLACK = 1 << 16  # bytes that an archive may have besides its arrays; about 1,000 are needed
NPY_HEADER = 256  # bytes; 118 are used, and a hostile header of 9,000 costs megabytes to parse


def write_cache(path: Path, arrays: Arrays) -> None:
    """Write verified arrays as one ``.npz``, atomically."""
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for key, array in arrays.items():
            with archive.open(f"{key}.npy", "w") as member:  # savez of NumPy 2.0 adds a member
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_cache(path: Path, info: DatasetInfo, part: str = "") -> Arrays:
    """Read and verify the arrays of a cache, or only those of a part, ``train`` or ``test``.

    OSError if the file is missing or unreadable; DataError if it is not such an archive, or an
    array's type, shape or SHA-256 is wrong.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is a folder, a pipe or a device, not a plain file")
    if path.parent.exists() and not path.parent.is_dir():
        raise DataError(f"{path.parent} is not a folder; name the folder of the data")
    with path.open("rb") as opened:
        try:
            check_directory(opened, info)
            with zipfile.ZipFile(opened) as archive:
                _check_members(archive, info)
                return {
                    file.key: read_array(_stored(opened, archive, file), file)
                    for file in info.files
                    if file.key.endswith(part)
                }
        except DataError as error:
            raise DataError(f"{path} is damaged: {error}") from error
        except MemoryError as error:
            raise DataError(f"there is not enough memory to read {path}") from error
        except Exception as error:  # zipfile and NumPy raise all kinds for damaged archives
            raise DataError(f"{path} is damaged ({type(error).__name__})") from error


def check_directory(opened: io.BufferedIOBase, info: DatasetInfo) -> None:
    """Refuse a file too large to be a cache, or whose directory would take much memory.

    The last 22 bytes of an archive without a comment have the directory's length. The other kind
    of end, which would count instead, is only for archives of more than 4 GB.
    """
    size, limit = opened.seek(0, os.SEEK_END), sum(file.size for file in info.files) + ZIP_SLACK
    if size > limit:
        raise DataError(f"it has {size:,} bytes, more than {limit:,}")
    opened.seek(max(0, size - 42))
    zip64, end = (tail := opened.read(42))[:-22], tail[-22:]
    length = int.from_bytes(end[12:16], "little")
    if not end.startswith(b"PK\5\6") or any(end[20:]) or zip64.startswith(b"PK\6\7"):
        raise DataError("it is not a complete zip archive")
    if length > ZIP_SLACK:
        raise DataError(f"its directory has {length:,} bytes")


def _check_members(archive: zipfile.ZipFile, info: DatasetInfo) -> None:
    """Refuse other members than `write_cache` writes, and compressed ones."""
    members, expected = archive.namelist(), [f"{file.key}.npy" for file in info.files]
    if sorted(members) != sorted(expected):
        raise DataError(f"it holds {shown(members)} instead of {', '.join(expected)}")
    if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
        raise DataError("its arrays are compressed")


def _stored(
    opened: io.BufferedReader, archive: zipfile.ZipFile, file: DataFile
) -> io.BufferedReader:
    """Seek to an uncompressed member, to read it without zipfile's copies."""
    opened.seek(archive.getinfo(f"{file.key}.npy").header_offset)
    local = opened.read(30)
    lengths = int.from_bytes(local[26:28], "little"), int.from_bytes(local[28:], "little")
    opened.seek(sum(lengths), os.SEEK_CUR)  # past the member's name and extra field
    return opened


def read_array(member: io.BufferedIOBase, file: DataFile) -> NDArray[np.uint8]:
    """Read and verify one array; its header, which could claim any size, is checked first."""
    if np.lib.format.read_magic(member) != (1, 0):
        raise DataError(f"{file.key} is not an array in NumPy's format 1.0")
    shape, _, dtype = np.lib.format.read_array_header_1_0(member, NPY_HEADER)
    if shape != file.shape or dtype != np.uint8:
        raise DataError(f"{file.key} is not {file.shape} uint8")
    array = np.empty(file.shape, np.uint8)
    if member.readinto(array.data.cast("B")) != array.size:
        raise DataError(f"{file.key} is cut short")
    if not file.matches(array):
        raise DataError(f"{file.key} does not have the pinned SHA-256")
    return array
