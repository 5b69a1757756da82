"""Records of datasets: everything that is known of one before it is read.

What is pinned is the SHA-256 of each *decompressed IDX payload*, not of the ``.gz``: mirrors
recompress files, and HTTP layers unpack them.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .idx import header

DIGITS = tuple("0123456789")
PIXEL_SCALE = 1 / 255


class Samples(NamedTuple):
    """Labelled samples.

    Attributes
    ----------
    x
        Array of shape (n, n_inputs): uint8 pixels, or float64 measurements.
    y
        Array of shape (n,), uint8: the number of each sample's class.
    """

    x: NDArray[Any]
    y: NDArray[np.uint8]

    def take(self, indices: NDArray[np.intp]) -> "Samples":
        """Copy the samples at these indices."""
        return Samples(self.x[indices], self.y[indices])


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
class DatasetInfo:
    """Record of a dataset.

    Attributes
    ----------
    name
        Name in configs and commands; the cache is ``<name>.npz``.
    sample_shape
        Shape of a sample: (height, width) of an image, (n,) of n measurements.
    class_names
        Names of the classes, in the order of their labels.
    licence
        Short name of the licence; None for generated data.
    load
        Function of this record, the data folder and a part, ``train`` or ``test``, that returns the
        part's samples.
    parts
        Parts of the dataset.
    files
        Files to download; none if the dataset comes with this program.
    mirrors
        Base addresses in the order in which they are tried; each serves ``<base>/<name>.gz``.
    """

    name: str
    sample_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    licence: str | None
    load: Callable[["DatasetInfo", Path, str], Samples]
    parts: tuple[str, ...] = ("train", "test")
    files: tuple[DataFile, ...] = ()
    mirrors: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width of its images; None if its samples are not images."""
        if len(self.sample_shape) != 2:
            return None
        height, width = self.sample_shape
        return height, width

    @property
    def n_inputs(self) -> int:
        """Numbers per sample."""
        return math.prod(self.sample_shape)

    @property
    def input_scale(self) -> float:
        """Factor by which a network multiplies the numbers: 1/255 for pixels."""
        return PIXEL_SCALE if self.image_shape else 1.0

    @property
    def holds_digits(self) -> bool:
        """Whether it holds images of the digits 0 to 9."""
        return self.image_shape is not None and self.class_names == DIGITS

    def read(self, folder: Path, part: str) -> Samples:
        """Read the samples of a part; DataError if files are missing or damaged."""
        return self.load(self, folder, part)
