"""Data sets as they are published, where this machine has them."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.data import DATASETS
from mnist_nn.data.folder import read_folder
from mnist_nn.importing import ImportedData

from .conftest import images_of

Import = Callable[..., ImportedData]
FASHION = Path("/usr/share/datasets/fashion-mnist")  # of Debian's dataset-fashion-mnist


def test_mnist_in_its_own_files(import_: Import, mnist_files: Path) -> None:
    data = import_(mnist_files)
    arrays = read_folder(mnist_files, DATASETS["mnist"])
    for part in ("train", "test"):
        np.testing.assert_array_equal(images_of(data, part), arrays[f"x_{part}"])
        np.testing.assert_array_equal(data.parts[part].y, arrays[f"y_{part}"])


@pytest.mark.skipif(not FASHION.exists(), reason="dataset-fashion-mnist of Debian is not installed")
def test_fashion_mnist_of_debian(import_: Import) -> None:
    info = DATASETS["fashion-mnist"]
    data = import_(FASHION, classes=info.format.class_names)
    arrays = read_folder(FASHION, info)  # whose hashes are verified
    assert data.format.class_names == info.format.class_names
    for part in ("train", "test"):
        np.testing.assert_array_equal(images_of(data, part), arrays[f"x_{part}"])
        np.testing.assert_array_equal(data.parts[part].y, arrays[f"y_{part}"])


def test_digits_of_scikit_learn(import_: Import, tmp_path: Path) -> None:
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    with (tmp_path / "digits.csv").open("w", newline="") as file:  # floats of 0 to 16, labels last
        writer = csv.writer(file)
        writer.writerow([*digits.feature_names, "target"])
        writer.writerows(
            [*row, label] for row, label in zip(digits.data, digits.target, strict=True)
        )
    data = import_(tmp_path / "digits.csv")
    np.testing.assert_array_equal(images_of(data), np.rint(digits.images * (255 / 16)))
    np.testing.assert_array_equal(data.parts["train"].y, digits.target)


def test_wine_of_scikit_learn(import_: Import, tmp_path: Path) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_wine(return_X_y=True)
    with (tmp_path / "wine.data").open("w", newline="") as file:
        csv.writer(file).writerows([label + 1, *row] for label, row in zip(y, x, strict=True))
    data = import_(tmp_path / "wine.data")  # as UCI has it: no header, labels 1 to 3 first
    assert data.format.class_names == ("1", "2", "3")
    np.testing.assert_array_equal(data.parts["train"].x, x)
    np.testing.assert_array_equal(data.parts["train"].y, y)
