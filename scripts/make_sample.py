"""Make ``mnist-sample``, the digits that ship with the package, from the MNIST files.

    python scripts/make_sample.py FOLDER_WITH_THE_FOUR_IDX_FILES

500 of MNIST's training images and 100 of its test images for each digit, evenly spaced over the
file to include all groups of writers. Nothing is random, so the result is always the same.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_nn.data import DATASETS
from mnist_nn.data.folder import read_folder
from mnist_nn.files import atomic_write

TARGET = Path(__file__).parents[1] / "mnist_nn" / "data" / "mnist-sample.npz"


def evenly_spaced(labels: NDArray[np.uint8], per_class: int) -> NDArray[np.intp]:
    """Return the indices of `per_class` evenly spaced samples of each class, sorted."""
    chosen = []
    for k in range(10):
        indices = np.flatnonzero(labels == k)
        chosen.append(indices[np.arange(per_class) * len(indices) // per_class])
    return np.sort(np.concatenate(chosen))


def sample(folder: Path) -> dict[str, NDArray[np.uint8]]:
    """Return the sample of the four verified files."""
    arrays = read_folder(folder, DATASETS["mnist"])
    train = evenly_spaced(arrays["y_train"], 500)
    test = evenly_spaced(arrays["y_test"], 100)
    return {
        "x_train": arrays["x_train"][train],
        "y_train": arrays["y_train"][train],
        "x_test": arrays["x_test"][test],
        "y_test": arrays["y_test"][test],
    }


def main() -> None:
    """Write the sample into the package."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with MNIST's four files, gzipped or not")
    arrays = sample(parser.parse_args().folder)
    with atomic_write(TARGET) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
