"""Reading of untrusted ``.npz`` archives whose arrays are stored, not compressed."""

import io
import os
import zipfile

import numpy as np
from numpy.typing import DTypeLike

from ..errors import DataError, shown

ZIP_SLACK = 1 << 16  # bytes that an archive may have besides its arrays; about 1,000 are needed
NPY_HEADER = 256  # bytes; 118 are used, and a hostile header of 9,000 costs megabytes to parse
END, LOCATOR, END_64 = 22, 20, 56  # bytes of the records at the end of an archive
COUNT_64 = 40  # where the third of them has the length of the directory


def check_directory(opened: io.BufferedIOBase) -> int:
    """Refuse an archive whose directory would take much memory; return the size of the file.

    The last 22 bytes of an archive without a comment have the directory's length; of one of more
    than 2 GB, another record before them, which would count in a smaller one, too.
    """
    size = opened.seek(0, os.SEEK_END)
    opened.seek(max(0, size - END - LOCATOR - END_64))
    tail = opened.read(END + LOCATOR + END_64)
    end, locator = tail[-END:], tail[-END - LOCATOR : -END]
    length = int.from_bytes(end[12:16], "little")
    complete = end.startswith(b"PK\5\6") and not any(end[20:])
    if locator.startswith(b"PK\6\7"):
        end_64 = tail[: -END - LOCATOR]
        length = int.from_bytes(end_64[COUNT_64 : COUNT_64 + 8], "little")
        at = int.from_bytes(locator[8:16], "little")
        needed = size > zipfile.ZIP64_LIMIT and at == size - len(tail)
        complete = complete and needed and end_64.startswith(b"PK\6\6")
    if not complete:
        raise DataError("it is not a complete zip archive")
    if length > ZIP_SLACK:
        raise DataError(f"its directory has {length:,} bytes")
    return size


def check_members(archive: zipfile.ZipFile, expected: list[str]) -> None:
    """Refuse an archive of other members than these, or of compressed ones."""
    members = archive.namelist()
    if sorted(members) != sorted(expected):
        raise DataError(f"it holds {shown(members)} instead of {', '.join(expected)}")
    if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
        raise DataError("its arrays are compressed")


def seek_stored(opened: io.BufferedReader, archive: zipfile.ZipFile, name: str) -> None:
    """Seek to the content of a stored member, to read it without zipfile's copies."""
    opened.seek(archive.getinfo(name).header_offset)
    local = opened.read(30)
    lengths = int.from_bytes(local[26:28], "little"), int.from_bytes(local[28:], "little")
    opened.seek(sum(lengths), os.SEEK_CUR)  # past the member's name and extra field


def check_array(
    member: io.BufferedIOBase, key: str, shape: tuple[int, ...], dtype: DTypeLike
) -> None:
    """Read the header of an array, which could claim any size; refuse another shape or type."""
    if np.lib.format.read_magic(member) != (1, 0):
        raise DataError(f"{key} is not an array in NumPy's format 1.0")
    its_shape, fortran, its_dtype = np.lib.format.read_array_header_1_0(member, NPY_HEADER)
    if its_shape != shape or its_dtype != dtype or (fortran and len(shape) > 1):
        raise DataError(f"{key} is not {shape} {np.dtype(dtype)}")
