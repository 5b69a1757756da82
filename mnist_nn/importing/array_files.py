"""Reading of arrays: ``.npz`` archives, ``.npy`` files and IDX files."""

import math
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import idx
from ..data.archive import check_directory
from ..errors import DataError, shown
from ..files import read_bounded
from ..limits import available_memory
from .pairing import pair_up
from .source import Part, Source

MAX_ARRAYS = 64  # of an archive
MAX_HEADER = 10_000  # bytes of a header of NumPy's
NUMBERS = "buif"  # kinds of types
Opener = Callable[[Path], NDArray[Any]]


def read_npz(path: Path) -> Source:
    """Read an archive of Keras's layout, or of two arrays."""
    arrays = read_archive(path)
    parts, used = pair_up(arrays)
    return Source(_checked(parts), (path.name,), _left_out(arrays, used))


def read_archive(
    path: Path, most: int = MAX_ARRAYS, *, scalars: bool = False, max_bytes: int | None = None
) -> dict[str, NDArray[Any]]:
    """Read the arrays of an archive, at most so many; those without axes only with `scalars`.

    Unpacked, they may have at most `max_bytes`, or else half of the memory.
    """
    try:
        with path.open("rb") as opened:
            check_directory(opened)
            with zipfile.ZipFile(opened) as archive:
                _check_members(archive.infolist(), most, max_bytes)
                return _members(archive, scalars)
    except (DataError, OSError, MemoryError):
        raise
    except Exception as error:  # zipfile and NumPy raise all kinds for damaged archives
        raise DataError(f"it is damaged ({type(error).__name__})") from error


def read_array_files(paths: Iterable[Path], opener: Opener, chosen: Path | None) -> Source:
    """Read those of the files that belong together; of several datasets, that of the file `chosen`.

    Of a file that is there packed and unpacked, the unpacked one is read.
    """
    files = {path.name.removesuffix(".gz"): path for path in sorted(paths, reverse=True)}
    arrays = {}
    for name, path in files.items():
        try:
            arrays[name] = opener(path)
        except DataError as error:
            where = "" if path == chosen else f"{path.name}: "
            raise DataError(f"{where}{error}") from error
    parts, used = pair_up(arrays, None if chosen is None else chosen.name.removesuffix(".gz"))
    return Source(
        _checked(parts), tuple(files[name].name for name in used), _left_out(arrays, used)
    )


def open_npy(path: Path) -> NDArray[Any]:
    """Map an array of a ``.npy`` file into memory."""
    with path.open("rb") as file:
        shape, fortran, dtype = _header(file)
        if path.stat().st_size < file.tell() + dtype.itemsize * math.prod(shape):
            raise DataError("it is cut short")
        order = "F" if fortran else "C"
        return np.memmap(path, dtype, "r", file.tell(), shape, order)  # type: ignore[no-any-return,call-overload]


def open_idx(path: Path) -> NDArray[Any]:
    """Map an array of an IDX file into memory, or unpack it.

    Labels of several numbers each, as QMNIST's, are the first of them.
    """
    with path.open("rb") as file:
        is_packed = file.read(2) == idx.GZIP_MAGIC
        file.seek(0)
        start = peek(path) if is_packed else file.read(64)
    dtype, shape, offset = idx.read_header(start)
    size = offset + dtype.itemsize * math.prod(shape)
    if not math.prod(shape):
        raise DataError("it holds nothing")
    if is_packed:
        check_room(size, "unpack it first (gunzip): an unpacked file need not fit")
        blob = read_bounded(path, size + idx.GZIP_SLACK, DataError)
        return _first_of_labels(idx.parse_any(idx.decompress(blob, size)))
    if path.stat().st_size != size:
        raise DataError(
            f"IDX data of shape {shape} have {size:,} bytes, got {path.stat().st_size:,}"
        )
    return _first_of_labels(np.memmap(path, dtype, "r", offset, shape))


def peek(path: Path) -> bytes:
    """Return the first bytes of a file, or of what is packed in it; of damaged gzip, those."""
    with path.open("rb") as file:
        start = file.read(1 << 12)
    return idx.unpack_start(start) if start.startswith(idx.GZIP_MAGIC) else start


def _first_of_labels(array: NDArray[Any]) -> NDArray[Any]:
    """Return the class, which is the first, of labels that are (n, 8) integers, as QMNIST's."""
    are_labels = array.shape[1:] == (8,) and array.dtype.kind == "i"
    return array[:, 0] if are_labels else array


def _check_members(members: list[zipfile.ZipInfo], most: int, max_bytes: int | None) -> None:
    """Look at what the files of an archive claim to be, before any is read."""
    if not members:
        raise DataError("it is an empty archive")
    if len(members) > most:
        raise DataError(f"it holds {len(members):,} files, more than {most:,}")
    others = [member.filename for member in members if not member.filename.endswith(".npy")]
    if others:
        raise DataError(
            f"it is an archive that NumPy did not write, with {shown(others[0])} in it; unpack it, "
            "or save a spreadsheet as CSV"
        )
    size = sum(member.file_size for member in members)
    if max_bytes is not None and size > max_bytes:
        raise DataError(f"unpacked it has {size:,} bytes, more than the limit of {max_bytes:,}")
    check_room(size, "save each as a .npy file instead")


def _members(archive: zipfile.ZipFile, scalars: bool) -> dict[str, NDArray[Any]]:
    """Read the arrays of an archive."""
    arrays = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        try:
            with archive.open(member) as opened:
                arrays[name] = _read_member(opened, member.file_size, scalars)
        except DataError as error:
            raise DataError(f"{shown(name)}: {error}") from error
    return arrays


def _read_member(opened: Any, size: int, scalars: bool) -> NDArray[Any]:
    """Read an array of exactly the size that its header says."""
    shape, fortran, dtype = _header(opened, scalars)
    count = math.prod(shape)
    if count * dtype.itemsize != size - opened.tell():
        raise DataError(f"it is {size:,} bytes, but is said to be {shape} {dtype}")
    array = np.empty(count, dtype)
    view, at = array.view(np.uint8).data, 0
    while at < len(view):
        block = opened.read(min(1 << 20, len(view) - at))
        if not block:
            raise DataError("it is cut short")
        view[at : at + len(block)] = block
        at += len(block)
    return array.reshape(shape, order="F" if fortran else "C")


def _header(file: Any, scalars: bool = False) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of an array, and refuse what is neither numbers nor text."""
    try:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(file, MAX_HEADER)
    except Exception as error:  # a hostile header causes ValueError, SyntaxError, UnicodeError, …
        raise DataError("its header is damaged, or it is no array of NumPy's") from error
    if dtype.hasobject:
        raise DataError(
            "it holds Python objects, which could run code and are not read; save it as numbers, "
            "or text, with numpy.save"
        )
    rows = min(shape, default=int(scalars))
    if dtype.kind not in NUMBERS + "U" or rows < 1:
        raise DataError(f"it is {shape} {dtype}; it must be numbers, or text, of at least one row")
    return shape, fortran, dtype


def check_room(size: int, remedy: str) -> None:
    """Refuse arrays that take more than half of the memory."""
    memory = available_memory()
    if memory is not None and size > memory // 2:
        raise DataError(f"it becomes {size:,} bytes, more than half of the memory; {remedy}")


def _checked(parts: Mapping[str, Part]) -> dict[str, Part]:
    """Return parts with labels of shape (n,); DataError if there are not as many as samples."""
    checked = {}
    for part, (x, y) in parts.items():
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim != 1:
            raise DataError(
                f"the labels of {part} are {y.shape}; there must be one number for each sample: of "
                "one-hot labels, y.argmax(axis=1)"
            )
        if len(x) != len(y):
            raise DataError(f"there are {len(x):,} samples in {part}, but {len(y):,} labels")
        if x.dtype.kind not in NUMBERS:
            raise DataError(f"the samples of {part} are {x.dtype}, not numbers")
        checked[part] = Part(x, y)
    return checked


def _left_out(arrays: Mapping[str, object], used: Iterable[str]) -> list[str]:
    left = [shown(name) for name in arrays if name not in set(used)]
    return [f"left out: {', '.join(left[:5])}"] if left else []
