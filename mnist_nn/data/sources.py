"""A source is a data set that can be downloaded: its files, what proves them, and who serves them.

What is pinned is the SHA-256 of each *decompressed IDX payload*, never of the ``.gz``: mirrors
recompress files, and HTTP layers unpack them on the way.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .idx import header


@dataclass(frozen=True)
class SourceFile:
    """One of a source's files.

    Attributes
    ----------
    key
        Its array's name in the cache: ``x_train`` and so on.
    name
        Its name, without ``.gz``.
    shape
        Of the array it holds.
    sha256
        Of its payload, in hexadecimal.
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
        """Tell whether an array is this file's, by the hash of the payload it would be."""
        digest = hashlib.sha256(header(array.shape), usedforsecurity=False)
        digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest() == self.sha256


@dataclass(frozen=True)
class Source:
    """A downloadable data set.

    Attributes
    ----------
    name
        As in a config's ``data.dataset``.
    files
        Training images and labels, then test images and labels.
    mirrors
        Base addresses, each serving ``<base>/<file name>.gz``, in the order they are tried.
    """

    name: str
    files: tuple[SourceFile, ...]
    mirrors: tuple[str, ...]


def _files(*sha256: str) -> tuple[SourceFile, ...]:
    """Both sources have four files of the same names and shapes."""
    layout: list[tuple[str, str, tuple[int, ...]]] = [
        ("x_train", "train-images-idx3-ubyte", (60000, 28, 28)),
        ("y_train", "train-labels-idx1-ubyte", (60000,)),
        ("x_test", "t10k-images-idx3-ubyte", (10000, 28, 28)),
        ("y_test", "t10k-labels-idx1-ubyte", (10000,)),
    ]
    return tuple(SourceFile(*row, digest) for row, digest in zip(layout, sha256, strict=True))


SOURCES = {
    source.name: source
    for source in (
        Source(
            "mnist",
            _files(
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://raw.githubusercontent.com/fgnt/mnist/master/",
            ),
        ),
        Source(
            "fashion-mnist",
            _files(
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
            (
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
        ),
    )
}
