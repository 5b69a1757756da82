"""The file of an imported dataset: an ``.npz`` of arrays, hashes of their blocks and a record.

An archive that `numpy.load` reads, of members that are stored, not compressed, so that they can be
read, or mapped into memory, in place. For each array (``x_train``, of shape (n, n_inputs), and
``y_train``, (n,); the same of ``test``, if there is such a part) there are ``<key>.npy`` and
``<key>.sha256.npy``, (n_blocks, 32), the SHA-256 of each block of rows; ``dataset.json`` is the
record of all, a `StoreRecord`. Nothing in a file is trusted.
"""

import hashlib
import io
import math
import re
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from ..errors import DataError
from ..files import StrPath, atomic_write
from ..limits import available_memory
from .archive import check_array, check_directory, check_members, seek_stored
from .digests import digest, wrong_block
from .format import SampleFormat
from .mapped import MappedFile, MappedRows
from .record import DatasetInfo, Samples
from .store_record import ArrayRecord, StoreRecord, dtype_of

BLOCK_BYTES = 1 << 14  # hashed in 15 µs, which the first access to a sample costs
MEMORY_SHARE = 1 / 4  # of the memory, above which samples stay in the file
MAX_JSON = 1 << 24
JSON = "dataset.json"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
NAME_RULE = "a name of letters (a to z, A to Z), digits, '-', '_' and '.'"

RECORDS = TypeAdapter(StoreRecord)


def write_dataset(
    path: StrPath,
    format: SampleFormat,
    parts: Mapping[str, Samples],
    *,
    source: Sequence[str],
    licence: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Write the file of a dataset, whole or not at all.

    Parameters
    ----------
    path
        Path of the file; its folder is made if there is none.
    format
        What the samples look like.
    parts
        Samples to train on, ``train``, and perhaps to test on, ``test``. They are sliced from the
        first to the last, and may be anything with a shape and a dtype that gives arrays for that.
    source
        Names of the files that it is made from.
    licence
        Short name of its licence.
    progress
        Function that is called with the number of samples that were written since the last call.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the samples are not of that format.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        arrays = {}
        for part, samples in parts.items():
            _check(format, part, samples)
            arrays[f"x_{part}"] = _write_array(archive, f"x_{part}", samples.x, progress)
            arrays[f"y_{part}"] = _write_array(archive, f"y_{part}", samples.y)
        record = StoreRecord("mnist-nn dataset", 1, format, licence, tuple(source), arrays)
        blob = RECORDS.dump_json(record)
        if len(blob) > MAX_JSON or RECORDS.validate_json(blob).arrays != arrays:
            raise ValueError(f"the record of {path} would be too large")
        archive.writestr(zipfile.ZipInfo(JSON), blob)


def _check(format: SampleFormat, part: str, samples: Samples) -> None:
    """Refuse samples that are not of a format."""
    n, labels = len(samples.y), np.asarray(samples.y)
    if n == 0 or samples.x.shape != (n, format.n_inputs) or samples.x.dtype != dtype_of(format):
        raise ValueError(
            f"{part}: samples must be ({n}, {format.n_inputs}) {np.dtype(dtype_of(format))}, got "
            f"{samples.x.shape} {samples.x.dtype}"
        )
    if labels.shape != (n,) or labels.dtype != np.uint8 or labels.max() >= len(format.class_names):
        raise ValueError(f"{part}: labels must be uint8, below {len(format.class_names)}")


def _write_array(
    archive: zipfile.ZipFile,
    key: str,
    array: NDArray[Any],
    progress: Callable[[int], object] | None = None,
) -> ArrayRecord:
    """Write an array and the hashes of its blocks."""
    dtype, row = np.dtype(array.dtype), array.dtype.itemsize * array[:1].size
    block_rows = max(BLOCK_BYTES // row, 1)
    whole, digests = hashlib.sha256(usedforsecurity=False), bytearray()
    with _member(archive, key, array.shape, dtype) as member:
        for start in range(0, len(array), block_rows):
            block = np.ascontiguousarray(array[start : start + block_rows])
            whole.update(block.data)
            digests += digest(block)
            member.write(block.data.cast("B"))
            if progress is not None:
                progress(len(block))
    table = np.frombuffer(digests, np.uint8).reshape(-1, 32)
    with _member(archive, f"{key}.sha256", table.shape, table.dtype) as member:
        member.write(table.data.cast("B"))
    return ArrayRecord(
        shape=array.shape,
        dtype=dtype.str,  # type: ignore[arg-type]
        sha256=whole.hexdigest(),
        block_rows=block_rows,
        digests_sha256=digest(table).hex(),
    )


@contextmanager
def _member(
    archive: zipfile.ZipFile, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Iterator[Any]:
    """Open a member of an archive for an array's bytes, after its header."""
    info, header = zipfile.ZipInfo(f"{key}.npy"), io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": dtype.str, "fortran_order": False, "shape": shape}
    )
    info.file_size = len(header.getvalue()) + dtype.itemsize * math.prod(shape)
    with archive.open(info, "w") as member:  # which leaves room for such a size
        member.write(header.getvalue())
        yield member


def read_info(path: StrPath) -> DatasetInfo:
    """Read the record of an imported dataset, whose name is that of the file; no samples.

    Raises
    ------
    DataError
        If the file is missing, damaged, or of another kind.
    """
    with _opened(path) as (_, archive):
        record = _record(archive)
    return DatasetInfo(
        name=Path(path).name.removesuffix(".npz"),
        format=record.samples,
        licence=record.licence,
        load=_load,
        parts=record.parts,
        sha256=record.sha256,
    )


def read_dataset(path: StrPath, part: str) -> Samples:
    """Read and verify the samples of a part, ``train`` or ``test``, of an imported dataset.

    Samples that take more than a quarter of the memory stay in the file, as `MappedRows`, and are
    verified when they are read.

    Raises
    ------
    DataError
        If the file is missing, damaged, or of another kind.
    """
    with _opened(path) as (opened, archive):
        record = _record(archive)
        return _read_part(opened, archive, record, part)


def is_name(name: object) -> bool:
    """Return whether a dataset may be named so: see `NAME_RULE`."""
    return isinstance(name, str) and re.fullmatch(NAME, name) is not None


def imported_names(folder: StrPath) -> list[str]:
    """List the names of a folder's datasets, downloaded or imported, by the names of its files."""
    try:
        names = [path.name.removesuffix(".npz") for path in Path(folder).glob("*.npz")]
    except OSError:
        return []
    return sorted(filter(is_name, names))


def _load(info: DatasetInfo, folder: Path, part: str) -> Samples:
    path = folder / f"{info.name}.npz"
    with _opened(path) as (opened, archive):
        record = _record(archive)
        if record.sha256 == info.sha256:
            return _read_part(opened, archive, record, part)
    raise DataError(f"{path} was replaced a moment ago; try again")


@contextmanager
def _opened(path: StrPath) -> Generator[tuple[io.BufferedReader, zipfile.ZipFile], None, None]:
    """Open the file of a dataset; what is wrong becomes a DataError that names it."""
    path = Path(path)
    try:
        if path.exists() and not path.is_file():  # opening a pipe could wait forever
            raise DataError(f"{path} is a folder, a pipe or a device, not a plain file")
        file = path.open("rb")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    with file:
        try:
            check_directory(file)
            with zipfile.ZipFile(file) as archive:
                yield file, archive
        except DataError as error:
            raise DataError(f"{path} is damaged: {error}") from error
        except MemoryError as error:
            raise DataError(f"there is not enough memory to read {path}") from error
        except Exception as error:  # zipfile and NumPy raise all kinds for damaged archives
            raise DataError(f"{path} is damaged ({type(error).__name__})") from error


def _record(archive: zipfile.ZipFile) -> StoreRecord:
    """Read and check the record of an archive."""
    if JSON not in archive.namelist():
        raise DataError(f"it has no {JSON}; make a dataset of it with mnist-nn import")
    size = archive.getinfo(JSON).file_size
    if size > MAX_JSON:
        raise DataError(f"{JSON} has {size:,} bytes, more than {MAX_JSON:,}")
    try:
        record = RECORDS.validate_json(archive.read(JSON))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"]))
        raise DataError(f"{JSON}: {where!r:.60} is wrong: {problem['msg']:.200}") from error
    names = [f"{key}{tail}" for key in record.arrays for tail in (".npy", ".sha256.npy")]
    check_members(archive, [*names, JSON])
    return record


def _read_part(
    opened: io.BufferedReader, archive: zipfile.ZipFile, record: StoreRecord, part: str
) -> Samples:
    """Read and verify the samples of a part, or map what is large for the memory."""
    y = _read_array(opened, archive, f"y_{part}", record.arrays[f"y_{part}"])
    if y.max() >= len(record.samples.class_names):
        raise DataError(f"y_{part} has the label {y.max()}, of no class")
    read = _map_array if _is_large(record.arrays[f"x_{part}"]) else _read_array
    x: Any = read(opened, archive, f"x_{part}", record.arrays[f"x_{part}"])
    return Samples(x, y)


def _is_large(record: ArrayRecord) -> bool:
    """Return whether an array is too large for the memory to be read whole."""
    memory = available_memory()
    return memory is not None and record.nbytes > MEMORY_SHARE * memory


def _map_array(
    opened: io.BufferedReader, archive: zipfile.ZipFile, key: str, record: ArrayRecord
) -> MappedRows:
    """Map an array, whose blocks are verified when they are read."""
    digests = _read_digests(opened, archive, key, record)
    offset = _seek(opened, archive, key, record.shape, record.dtype)
    shape = (record.shape[0], record.nbytes // record.shape[0])
    file = MappedFile(opened, offset, shape, key=key, block_rows=record.block_rows, digests=digests)
    return MappedRows(file, record.dtype)


def _read_array(
    opened: io.BufferedReader, archive: zipfile.ZipFile, key: str, record: ArrayRecord
) -> NDArray[Any]:
    """Read an array whole, and verify each of its blocks."""
    digests = _read_digests(opened, archive, key, record)
    array = _read(opened, archive, key, record.shape, record.dtype)
    for i, expected in enumerate(digests):
        rows = slice(i * record.block_rows, (i + 1) * record.block_rows)
        if digest(array[rows]) != expected.tobytes():
            raise DataError(wrong_block(key, rows.start))
    return array


def _read_digests(
    opened: io.BufferedReader, archive: zipfile.ZipFile, key: str, record: ArrayRecord
) -> NDArray[np.uint8]:
    """Read the hashes of an array's blocks."""
    digests = _read(opened, archive, f"{key}.sha256", (record.n_blocks, 32), "|u1")
    if digest(digests).hex() != record.digests_sha256:
        raise DataError(f"the hashes of {key} are not those of {JSON}")
    return digests


def _read(
    opened: io.BufferedReader,
    archive: zipfile.ZipFile,
    key: str,
    shape: tuple[int, ...],
    dtype: str,
) -> NDArray[Any]:
    """Read an array whose shape and type are known, unverified."""
    _seek(opened, archive, key, shape, dtype)
    array = np.empty(shape, dtype)
    if opened.readinto(array.data.cast("B")) != array.nbytes:
        raise DataError(f"{key} is cut short")
    return array


def _seek(
    opened: io.BufferedReader,
    archive: zipfile.ZipFile,
    key: str,
    shape: tuple[int, ...],
    dtype: str,
) -> int:
    """Seek to the bytes of an array, and return where that is; all of them are in the file."""
    seek_stored(opened, archive, f"{key}.npy")
    check_array(opened, key, shape, dtype)
    here, size = opened.tell(), opened.seek(0, io.SEEK_END)
    if here + np.dtype(dtype).itemsize * math.prod(shape) > size:
        raise DataError(f"{key} is cut short")
    return opened.seek(here)
