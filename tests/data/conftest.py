"""The tiny source, as a fixture."""

import gzip
import hashlib

import pytest

from mnist_nn.data import Samples, idx
from mnist_nn.data.sources import Source, SourceFile


@pytest.fixture(scope="session")
def tiny(digits: Samples) -> tuple[Source, dict[str, bytes]]:
    """A source of 20 training and 10 test digits, and its ``.gz`` files by name."""
    images = digits.x.reshape(-1, 28, 28)
    arrays = {
        "x_train": ("train-images-idx3-ubyte", images[:20]),
        "y_train": ("train-labels-idx1-ubyte", digits.y[:20]),
        "x_test": ("t10k-images-idx3-ubyte", images[20:30]),
        "y_test": ("t10k-labels-idx1-ubyte", digits.y[20:30]),
    }
    files, blobs = [], {}
    for key, (name, array) in arrays.items():
        payload = idx.header(array.shape) + array.tobytes()
        blobs[f"{name}.gz"] = gzip.compress(payload)
        files.append(SourceFile(key, name, array.shape, hashlib.sha256(payload).hexdigest()))
    return Source("tiny", tuple(files), ()), blobs
