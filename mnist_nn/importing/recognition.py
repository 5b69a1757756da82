"""Recognition of a source by its content, and the reader for it."""

from pathlib import Path

from ..data import idx
from ..data.folder import plain_files
from ..errors import DataError, escaped
from ..images import SUFFIXES
from .array_files import open_idx, open_npy, peek, read_array_files, read_npz
from .pictures import read_pictures, sub_folders
from .source import ImportOptions, MakeBar, Part, Source
from .table import read_table
from .table_layout import Layout

NPY, ZIP = b"\x93NUMPY", b"PK\3\4"
OTHERS = {  # beginnings of files that people try
    b"\x89PNG": "a picture; give the folder that has a sub-folder of pictures for each class",
    b"\xff\xd8\xff": "a picture; give the folder that has a sub-folder of pictures for each class",
    b"%PDF": "a PDF document",
    b"\x80": "a Python pickle, which could run code and is not read; save it with numpy.savez",
    b"\x89HDF": "an HDF5 file; save its arrays with numpy.savez",
    b"MATLAB": "a file of MATLAB's; save its arrays with scipy.io.loadmat and numpy.savez",
    b"PAR1": "a Parquet file; save it as CSV",
    b"ARROW1": "an Arrow file; save it as CSV",
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
    b"7z\xbc\xaf": "packed with 7-Zip; unpack it first",
}


def read_source(
    path: Path, options: ImportOptions, make_bar: MakeBar, like: Layout | None = None
) -> Source:
    """Read a source of any kind; DataError, which names it, if that is not possible.

    A table must have the layout of `like`, if that is given.
    """
    name = escaped(str(path))
    if not path.exists():
        raise DataError(f"there is no file or folder {name}")
    if not path.is_dir() and not path.is_file():
        raise DataError(f"{name} is a pipe or a device, not a file or a folder")
    try:
        if path.is_dir():
            return _read_folder(path, options, make_bar)
        return _read_file(path, options, make_bar, like)
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise DataError(f"{name} needs more memory than there is") from error
    except DataError as error:
        raise error if str(error).startswith(name) else DataError(f"{name}: {error}") from error


def _read_file(
    path: Path, options: ImportOptions, make_bar: MakeBar, like: Layout | None
) -> Source:
    start = peek(path)
    if not start:
        raise DataError("it is empty" if not path.stat().st_size else "damaged gzip data")
    if start.startswith(ZIP):
        return read_npz(path)
    if start.startswith(NPY):
        return read_array_files(_siblings(path, NPY), open_npy, path)
    if idx.is_idx(start):
        return read_array_files(_siblings(path, None), open_idx, path)
    for magic, what in OTHERS.items():
        if start.startswith(magic):
            raise DataError(f"it is {what}")
    is_wide = start[1:2] == b"\0" or start.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16
    if b"\0" in start and not is_wide:
        raise DataError(
            "it is none of the files that can be imported: CSV, .npz, .npy, IDX, or a folder of "
            "pictures"
        )
    table = read_table(path, options.label, make_bar, like)
    part = Part(table.x, table.y)
    return Source({"train": part}, (path.name,), table.notes, table.layout)


def _siblings(path: Path, magic: bytes | None) -> list[Path]:
    """List the files of the same kind in a file's folder: IDX files if there is no magic."""
    return [
        other
        for other in plain_files(path.parent, depth=0)
        if other == path or _is_kind(other, magic)
    ]


def _is_kind(path: Path, magic: bytes | None) -> bool:
    """Return whether a file begins with a magic, or is IDX data if there is none."""
    try:
        start = peek(path)
    except OSError:
        return False
    return idx.is_idx(start) if magic is None else start.startswith(magic)


def _read_folder(path: Path, options: ImportOptions, make_bar: MakeBar) -> Source:
    """Read IDX or ``.npy`` files, however deep they lie, or else pictures."""
    files = [file for file in plain_files(path) if file.suffix.lower() not in SUFFIXES - {".npy"}]
    files = [file for file in files if not file.name.startswith(".")]
    for magic, opener in ((None, open_idx), (NPY, open_npy)):
        found = [file for file in files if _is_kind(file, magic)]
        if found:
            return read_array_files(found, opener, None)
    if sub_folders(path):
        return read_pictures(path, options, make_bar)
    tables = [file for file in files if file.name.endswith((".csv", ".csv.gz", ".npz", ".txt"))]
    if tables:
        raise DataError(f"it is a folder; give the file in it, such as {escaped(str(tables[0]))}")
    raise DataError(
        "there is nothing in it to import: no IDX or .npy files, and no sub-folders of pictures"
    )
