"""Datasets: training samples, and test samples that are read only when they are asked for."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..files import StrPath
from .format import PIXEL_SCALE
from .location import data_folder, required_data_folder
from .record import DatasetInfo, Samples
from .table import dataset_info, datasets_that


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset.

    Attributes
    ----------
    name
        Name of the dataset.
    info
        Its record.
    folder
        Folder of downloaded and imported data.
    train
        Training samples.
    """

    name: str
    info: DatasetInfo
    folder: Path
    train: Samples

    @cached_property
    def test(self) -> Samples | None:
        """Test samples, never used in training; None if the dataset has none.

        They are read at the first access, which raises DataError if files are damaged or missing.
        """
        return self.info.read(self.folder, "test") if "test" in self.info.parts else None

    @property
    def sha256(self) -> dict[str, str]:
        """SHA-256 of the data, in hexadecimal.

        Of a downloaded dataset that of each IDX payload, of the others that of each array's bytes.
        Files are verified when they are read.
        """
        return self.train_sha256 | self._sha256_of("test", lambda: self.test)

    @property
    def train_sha256(self) -> dict[str, str]:
        """SHA-256 of the training samples alone; the test samples are not read."""
        return self._sha256_of("train", lambda: self.train)

    def _sha256_of(self, part: str, samples: Callable[[], Samples | None]) -> dict[str, str]:
        known = {f.key: f.sha256 for f in self.info.files} | dict(self.info.sha256)
        if known:
            return {key: sha256 for key, sha256 in known.items() if key.endswith(part)}
        return {
            f"{axis}_{part}": hashlib.sha256(
                np.ascontiguousarray(array).data, usedforsecurity=False
            ).hexdigest()
            for axis, array in zip("xy", samples() or (), strict=False)
        }


def load_dataset(name: str, folder: StrPath | None = None) -> Dataset:
    """Load a dataset.

    Parameters
    ----------
    name
        Name of the dataset, a key of `DATASETS` or that of an imported one.
    folder
        Folder of downloaded and imported data; None for `data_folder`.

    Returns
    -------
    Dataset

    Raises
    ------
    ConfigError
        If there is no dataset of that name, or no default folder of data.
    DataError
        If its files are missing or damaged; those of the test samples are checked when these are
        read.
    """
    info = dataset_info(name, folder)
    default = required_data_folder if info.in_folder else data_folder
    place = default() if folder is None else Path(folder)
    return Dataset(name, info, place, info.read(place, "train"))


def load_mnist(
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    *,
    name: str = "mnist",
    folder: StrPath | None = None,
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Load the images ``(x_train, t_train), (x_test, t_test)`` of a dataset as plain arrays.

    Pixels are float32 from 0 to 1 or, without `normalize`, bytes from 0 to 255; a network with
    ``input_scale=1/255`` scales bytes itself and takes floats as they are. Images are rows of 784
    or, without `flatten`, (1, 28, 28). `name` is that of a dataset of images (ConfigError if it is
    not), in `folder` or `data_folder` (DataError if it has not been downloaded).
    """
    dataset = load_dataset(name, folder)
    shape = dataset.info.format.image_shape
    one_hot = np.eye(len(dataset.info.format.class_names), dtype=np.uint8)
    if shape is None or dataset.test is None:
        known = datasets_that(lambda info: info.format.image_shape is not None)
        raise ConfigError(f"'{name}' holds no images; use {known}")

    def convert(samples: Samples) -> tuple[NDArray[Any], NDArray[Any]]:
        x = samples.x[:] if flatten else samples.x[:].reshape(-1, 1, *shape)
        x = x * np.float32(PIXEL_SCALE) if normalize else x
        return x, one_hot[samples.y] if one_hot_label else samples.y

    return convert(dataset.train), convert(dataset.test)
