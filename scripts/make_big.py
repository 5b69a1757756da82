"""Make a dataset that is larger than the memory of many a machine: millions of distorted digits.

    python scripts/make_big.py FOLDER --samples 8100000

Writes ``FOLDER/big.npz``, an imported dataset. Its training samples are those of another dataset of
images, again and again, each time distorted anew as `AUGMENTATION` says; its test samples are that
dataset's. 8,100,000 images of 28×28 pixels take 6.4 GB of disk and no more memory than a few.
"""

import argparse
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from mnist_nn.augmentation import Augmentation, Augmenter
from mnist_nn.data import Samples, load_dataset, write_dataset

AUGMENTATION = Augmentation(
    shift=1, rotation=10, scale=0.1, shear=10, elastic_alpha=34, elastic_sigma=4
)
BATCH = 10_000  # images that are distorted at a time


class DistortedRows:
    """Distorted copies of images, made when they are sliced, from the first to the last."""

    ndim = 2

    def __init__(self, x: NDArray[np.uint8], n: int, augmenter: Augmenter) -> None:
        self.x, self.augmenter = x, augmenter
        self.shape, self.dtype = (n, x.shape[1]), x.dtype
        self._start, self._made = 0, x[:0]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        start, stop, _ = rows.indices(len(self))
        parts = [self._made[start - self._start : stop - self._start]]
        end = self._start + len(self._made)
        if stop > end:
            indices = np.arange(end, min(end + BATCH, len(self))) % len(self.x)
            self._start, self._made = end, self.augmenter(self.x[indices])
            parts.append(self._made[: stop - end])
        return np.concatenate(parts)


def main() -> None:
    """Make the dataset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="data folder to write to")
    parser.add_argument("--name", default="big", help="name of the dataset (default: big)")
    parser.add_argument("--samples", type=int, default=8_100_000, help="default: 8,100,000")
    parser.add_argument("--dataset", default="mnist", help="what to distort (default: mnist)")
    given = parser.parse_args()
    data = load_dataset(given.dataset)
    assert data.test is not None
    augmenter = Augmenter(AUGMENTATION, np.random.default_rng(0), compiled=True)
    rows: Any = DistortedRows(data.train.x, given.samples, augmenter)
    labels = data.train.y[np.arange(given.samples) % len(data.train.y)]
    parts = {"train": Samples(cast(NDArray[np.uint8], rows), labels), "test": data.test}
    path = given.folder / f"{given.name}.npz"
    with tqdm(total=given.samples + len(data.test.y), unit=" samples", unit_scale=True) as bar:
        write_dataset(
            path,
            data.info.format,
            parts,
            source=[f"{given.dataset}, distorted"],
            licence=data.info.licence,
            progress=bar.update,
        )
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
