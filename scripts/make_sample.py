"""Make ``mnist-sample``, the digits that ship in the package, of the real MNIST files.

    python scripts/make_sample.py FOLDER_WITH_THE_FOUR_IDX_FILES

5,000 training images, 500 of each digit, out of MNIST's 60,000, and 1,000 test images, 100 of each
digit, out of its 10,000. Of each digit they are evenly spaced over the file, first to last, so that
all groups of writers are in; nothing is random, so everybody makes the same file.
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
    """Choose `per_class` places of each class, evenly spaced, in the order of the file."""
    chosen = []
    for k in range(10):
        places = np.flatnonzero(labels == k)
        chosen.append(places[np.arange(per_class) * len(places) // per_class])
    return np.sort(np.concatenate(chosen))


def sample(folder: Path) -> dict[str, NDArray[np.uint8]]:
    """Choose the sample out of the four verified files."""
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
    """Write the sample where the package looks for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with MNIST's four files, .gz or raw")
    arrays = sample(parser.parse_args().folder)
    with atomic_write(TARGET) as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
