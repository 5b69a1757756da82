"""Records of datasets: everything that is known of one before it is read.

Of a `DataFile` what is pinned is the SHA-256 of its *decompressed IDX payload*, not of the ``.gz``:
mirrors recompress files, and HTTP layers unpack them. Of a `PackedFile` the payload's hash was not
to be had, so the file is pinned as its publisher serves it.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .format import SampleFormat
from .idx import header


class Samples(NamedTuple):
    """Labelled samples.

    Attributes
    ----------
    x
        Array of shape (n, n_inputs): uint8 pixels, or float64 measurements. Of an imported dataset
        that is large for the memory it is a `MappedRows`, which stays in the file: it is read like
        an array, by ``x[a:b]`` or an array of indices, and ``x[:]`` reads all of it.
    y
        Array of shape (n,), uint8: the number of each sample's class.
    """

    x: NDArray[Any]
    y: NDArray[np.uint8]

    def take(self, indices: NDArray[np.intp]) -> "Samples":
        """Return the samples at these indices, copied unless they stay in a file."""
        return Samples(self.x.take(indices, axis=0), self.y[indices])


@dataclass(frozen=True)
class DataFile:
    """A file of a dataset; mirrors serve ``<name>.gz``.

    `key` names its array in the cache, such as ``x_train``; `sha256` is that of its payload.
    """

    key: str
    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return len(header(self.shape)) + math.prod(self.shape)

    def matches(self, array: NDArray[np.uint8]) -> bool:
        """Return whether the payload of an array has the pinned SHA-256."""
        digest = hashlib.sha256(header(array.shape), usedforsecurity=False)
        digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest() == self.sha256


@dataclass(frozen=True)
class PackedFile:
    """A file of a dataset, of at most `size` bytes, whose `digest` is that of all of them."""

    name: str
    size: int
    digest: str
    algorithm: str = "SHA256"

    def verify(self, file: IO[bytes]) -> None:
        """Read a file from its start; DataError if it has another hash."""
        file.seek(0)
        digest = hashlib.new(self.algorithm, usedforsecurity=False)
        while block := file.read(1 << 20):
            digest.update(block)
        if digest.hexdigest() != self.digest:
            raise DataError(f"its {self.algorithm} is not the pinned {self.digest[:12]}…")


@dataclass(frozen=True)
class PackedSource:
    """The packed files of a dataset, and how samples are read from them.

    Attributes
    ----------
    folder
        Sub-folder of the data folder that they are kept in: datasets of one archive share it.
    files
        The files.
    read
        Function of the paths of verified files, by name, and a part, that returns its samples.
    """

    folder: str
    files: tuple[PackedFile, ...]
    read: Callable[[Mapping[str, Path], str], Samples]


@dataclass(frozen=True)
class DatasetInfo:
    """Record of a dataset.

    Attributes
    ----------
    name
        Name in configs and commands; the cache is ``<name>.npz``.
    format
        What its samples look like, and what their classes mean.
    licence
        Short name of the licence; None for generated data.
    load
        Function of this record, the data folder and a part, ``train`` or ``test``, that returns the
        part's samples.
    parts
        Number of samples of each part, ``train`` and mostly ``test``.
    files
        Files to download; none if the dataset comes with this program.
    packed
        Packed files to download instead; what is made of them is written as an imported dataset.
    mirrors
        Base addresses in the order in which they are tried; each serves ``<base>/<name>.gz``, or
        the packed files by their names.
    sha256
        SHA-256 of each array's bytes, by its key such as ``x_train``, of an imported dataset.
    """

    name: str
    format: SampleFormat
    licence: str | None
    load: Callable[["DatasetInfo", Path, str], Samples]
    parts: Mapping[str, int]
    files: tuple[DataFile, ...] = ()
    packed: PackedSource | None = None
    mirrors: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_folder(self) -> bool:
        """Whether it is in the data folder: downloaded or imported."""
        return bool(self.files or self.packed or self.sha256)

    def read(self, folder: Path, part: str) -> Samples:
        """Read the samples of a part; DataError if files are missing or damaged."""
        return self.load(self, folder, part)
