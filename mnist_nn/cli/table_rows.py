"""Rows of a CSV file as samples to predict: those that a model reads, without labels."""

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import SampleFormat
from ..errors import DataError, escaped
from ..importing.table import read_table
from .bars import progress_bar
from .guard import eprint

SUFFIXES = (".csv", ".tsv", ".data", ".txt")
BATCH = 1000  # rows that the network reads at a time
FEW = 16  # levels of grey: pixels that reach no more are probably of another unit


def is_table(path: str) -> bool:
    """Return whether a path is that of a table, by its suffix, apart from ``.gz``."""
    return PurePath(path.lower().removesuffix(".gz")).suffix in SUFFIXES


class TableRows:
    """The rows of a table, read whole; or why it cannot be read."""

    def __init__(self, path: str, samples: SampleFormat) -> None:
        self._error: DataError | None = None
        self.names, self._x = [path], np.empty((0, *samples.sample_shape))
        try:
            self._x = _read(path, samples).reshape(-1, *samples.sample_shape)
            self.names = [f"{path}:{i}" for i in range(1, len(self._x) + 1)]
        except DataError as error:
            self._error = error

    def batches(self) -> Iterator[tuple[list[str], NDArray[Any]]]:
        """Yield names of rows, and the samples in them; DataError if the table cannot be read."""
        if self._error:
            raise self._error
        for start in range(0, len(self._x), BATCH):
            rows = slice(start, start + BATCH)
            yield self.names[rows], self._x[rows]


def _read(path: str, samples: SampleFormat) -> NDArray[Any]:
    """Read a table of samples, (n, n_inputs): bytes of images, or measurements.

    DataError, which names the file and the row, if it cannot be read.
    """
    name = escaped(path)
    try:
        x = read_table(Path(path), None, progress_bar, n_inputs=samples.n_inputs).x
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    except MemoryError:
        raise DataError(f"{name} needs more memory than there is; split it") from None
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from None
    if samples.image_shape is None:
        return x.astype(np.float64)
    if x.dtype != np.uint8:
        wrong = (x < 0) | (x > 255) | (x != np.floor(x))
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"{name}:{row + 1}: number {column + 1} is {x[row, column]:g}; pixels are whole "
            "numbers of 0 to 255"
        )
    if x.max() <= FEW:
        eprint(f"note: no pixel of {name} exceeds {x.max()}; they are taken as 0 to 255")
    return x
