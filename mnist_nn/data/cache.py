"""Cache of a downloaded dataset: one ``.npz`` of verified arrays, verified again when read."""

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files import atomic_write
from .archive import ZIP_SLACK, check_array, check_directory, check_members, seek_stored
from .record import DataFile, DatasetInfo

Arrays = dict[str, NDArray[np.uint8]]


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
            check_size(opened, info)
            with zipfile.ZipFile(opened) as archive:
                check_members(archive, [f"{file.key}.npy" for file in info.files])
                arrays = {}
                for file in info.files:
                    if file.key.endswith(part):
                        seek_stored(opened, archive, f"{file.key}.npy")
                        arrays[file.key] = read_array(opened, file)
                return arrays
        except DataError as error:
            raise DataError(f"{path} is damaged: {error}") from error
        except MemoryError as error:
            raise DataError(f"there is not enough memory to read {path}") from error
        except Exception as error:  # zipfile and NumPy raise all kinds for damaged archives
            raise DataError(f"{path} is damaged ({type(error).__name__})") from error


def check_size(opened: io.BufferedIOBase, info: DatasetInfo) -> None:
    """Refuse a file too large to be a cache, or whose directory would take much memory."""
    size, limit = check_directory(opened), sum(file.size for file in info.files) + ZIP_SLACK
    if size > limit:
        raise DataError(f"it has {size:,} bytes, more than {limit:,}")


def read_array(member: io.BufferedIOBase, file: DataFile) -> NDArray[np.uint8]:
    """Read and verify one array."""
    check_array(member, file.key, file.shape, np.uint8)
    array = np.empty(file.shape, np.uint8)
    if member.readinto(array.data.cast("B")) != array.size:
        raise DataError(f"{file.key} is cut short")
    if not file.matches(array):
        raise DataError(f"{file.key} does not have the pinned SHA-256")
    return array
