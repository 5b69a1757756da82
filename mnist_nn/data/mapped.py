"""Rows of an array in a file, mapped into memory, and verified when they are read."""

import mmap
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import DataError
from .digests import digest, wrong_block

Indices = NDArray[np.intp]


class MappedFile:
    """The bytes of rows in a file, and which of their blocks have been verified."""

    def __init__(
        self,
        file: BinaryIO,
        offset: int,
        shape: tuple[int, int],
        *,
        key: str,
        block_rows: int,
        digests: NDArray[np.uint8],
    ) -> None:
        self.name, self.key = file.name, key
        self.block_rows, self.digests = block_rows, digests
        self.verified = np.zeros(len(digests), bool)
        self._end = offset + shape[0] * shape[1]
        self._offset, self._row = offset, shape[1]
        try:
            self._map = mmap.mmap(file.fileno(), self._end, access=mmap.ACCESS_READ)
        except (OSError, OverflowError) as error:  # as with ulimit -v
            raise MemoryError(str(error)) from error
        self._advise("MADV_RANDOM", 0, self._end)  # no reading around a row
        self.rows = np.ndarray(shape, np.uint8, self._map, offset)  # (n, bytes of a row)

    def verify(self, blocks: NDArray[np.intp]) -> None:
        """Verify those of some blocks that have not been yet; DataError if the file is damaged."""
        if self._map.size() < self._end:  # touching it would end the process
            raise DataError(f"{self.name} was cut short while it was in use")
        new = np.unique(blocks[~self.verified[blocks]])
        for block in new.tolist():
            self.fetch(block * self.block_rows, self.block_rows)
        for block in new.tolist():
            start = block * self.block_rows
            if digest(self.rows[start : start + self.block_rows]) != self.digests[block].tobytes():
                raise DataError(f"{self.name} is damaged: {wrong_block(self.key, start)}")
            self.verified[block] = True

    def fetch(self, start: int, count: int) -> None:
        """Have the system read some rows, from `start` on, while the caller does something else."""
        self._advise("MADV_WILLNEED", self._offset + start * self._row, count * self._row)

    def _advise(self, advice: str, start: int, size: int) -> None:
        """Tell the system how bytes are going to be read, where it takes such advice."""
        if hasattr(mmap, advice):
            first = start // mmap.PAGESIZE * mmap.PAGESIZE
            self._map.madvise(getattr(mmap, advice), first, min(start + size, self._end) - first)


class MappedRows:
    """Samples of shape (n, n_inputs) that stay in a file: its rows, or some of them.

    It is read like an array: by a slice, an array of indices, or the number of a row, which give
    arrays, copies. A block of rows is verified when it is first read, and DataError raised if the
    file is damaged.

    Attributes
    ----------
    shape
        Shape of the array.
    dtype
        Type of its numbers.
    """

    ndim = 2

    def __init__(self, file: MappedFile, dtype: DTypeLike, indices: Indices | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self._file, self._indices = file, indices
        n, row = file.rows.shape
        self.shape = (n if indices is None else len(indices), row // self.dtype.itemsize)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all rows, for `numpy.asarray`."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def __getitem__(self, index: slice | int | NDArray[Any] | list[int]) -> NDArray[Any]:
        if isinstance(index, slice):
            rows: Any = range(*index.indices(len(self)))
            if rows.step == 1 and self._indices is None:
                return self._read_slice(rows.start, max(rows.stop, rows.start))
            index = np.arange(rows.start, rows.stop, rows.step)
        elif isinstance(index, int | np.integer):
            row: NDArray[Any] = self[[range(len(self))[index]]][0]
            return row
        else:
            index = np.asarray(index)
            index = np.flatnonzero(index) if index.dtype == bool else index.astype(np.intp)
        if self._indices is not None:
            index = self._indices[index]
        return self._read(index)

    def take(self, indices: Indices, axis: int = 0) -> "MappedRows":
        """Return some of the rows, which stay in the file, too."""
        chosen = indices if self._indices is None else self._indices[indices]
        return MappedRows(self._file, self.dtype, chosen)

    def _read_slice(self, start: int, stop: int) -> NDArray[Any]:
        file, size = self._file, self._file.block_rows
        if stop > start:
            file.fetch(start, stop - start)
        file.verify(np.arange(start // size, -(-stop // size)))
        rows: NDArray[Any] = file.rows[start:stop].copy()
        return rows.view(self.dtype)

    def _read(self, indices: Indices) -> NDArray[Any]:
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(self._file.rows):
            raise IndexError(f"indices of rows must be 0 to {len(self._file.rows) - 1}")
        self._file.verify(indices // self._file.block_rows)
        rows: NDArray[Any] = self._file.rows.take(indices, axis=0)
        return rows.view(self.dtype)
