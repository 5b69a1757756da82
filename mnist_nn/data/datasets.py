"""A dataset is labelled samples: some to learn from, and some that are only ever tested on."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import platformdirs
from numpy.typing import NDArray

from ..errors import ConfigError, DataError, hint, shell_command
from ..files import StrPath
from .cache import read_cache
from .moons import moons
from .sources import SOURCES

PIXEL_SCALE = 1 / 255


class Samples(NamedTuple):
    """Samples and what they are.

    Attributes
    ----------
    x
        Of shape (n, n_inputs): uint8 pixels, or float64 measurements.
    y
        Number of the class of each, of shape (n,), uint8.
    """

    x: NDArray[Any]
    y: NDArray[np.uint8]

    def take(self, indices: NDArray[np.intp]) -> "Samples":
        """Copy the samples at these indices."""
        return Samples(self.x[indices], self.y[indices])


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset before it is read.

    Attributes
    ----------
    n_inputs
        Numbers per sample.
    class_names
        Names of the classes, in the order of their labels.
    input_scale
        What a network multiplies the numbers by: 1/255 brings pixels to 0..1.
    load
        Reads the samples of a part, ``train`` or ``test``, given the data folder.
    parts
        Which there are.
    """

    n_inputs: int
    class_names: tuple[str, ...]
    input_scale: float
    load: Callable[[Path, str], Samples]
    parts: tuple[str, ...] = ("train", "test")


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset, of which the test samples are read when they are first asked for.

    So that a program that trains does not even have them.

    Attributes
    ----------
    name
        A key of `DATASETS`.
    info
        The entry.
    folder
        Where downloaded data lie.
    train
        To learn from.
    """

    name: str
    info: DatasetInfo
    folder: Path
    train: Samples

    @cached_property
    def test(self) -> Samples | None:
        """Never to be learnt from; None where the dataset has none.

        Raises
        ------
        DataError
            If its files are damaged or gone.
        """
        return self.info.load(self.folder, "test") if "test" in self.info.parts else None

    @property
    def sha256(self) -> dict[str, str]:
        """What proves the data that a model was trained on, in hexadecimal.

        Of a downloaded dataset the SHA-256 of each IDX payload, as verified on reading; of the
        others that of each array's bytes.
        """
        return self.train_sha256 | self._sha256_of("test", lambda: self.test)

    @property
    def train_sha256(self) -> dict[str, str]:
        """The same of the training samples alone, for which no other is read."""
        return self._sha256_of("train", lambda: self.train)

    def _sha256_of(self, part: str, samples: Callable[[], Samples | None]) -> dict[str, str]:
        if self.name in SOURCES:
            files = SOURCES[self.name].files
            return {file.key: file.sha256 for file in files if file.key.endswith(part)}
        return {
            f"{axis}_{part}": hashlib.sha256(
                np.ascontiguousarray(array).data, usedforsecurity=False
            ).hexdigest()
            for axis, array in zip("xy", samples() or (), strict=False)
        }


def data_folder() -> Path:
    """Return the default folder of data: ``$MNIST_NN_DATA_DIR``, else the user's cache folder.

    It begins with ``~`` if that user has no home folder, which `required_data_folder` refuses.
    """
    named = os.environ.get("MNIST_NN_DATA_DIR")
    try:
        if named:
            return Path(named).expanduser()
        return Path(platformdirs.user_cache_dir("mnist-nn", appauthor=False))
    except RuntimeError:  # older versions of platformdirs return a path with ~
        return Path(named or "~")


def required_data_folder() -> Path:
    """Return `data_folder` for data that must be read from it or written to it.

    Raises
    ------
    ConfigError
        If it would be in the home folder of a user who has none.
    """
    folder = data_folder()
    if not str(folder).startswith("~"):
        return folder
    named = os.environ.get("MNIST_NN_DATA_DIR")
    wrong = (
        f"MNIST_NN_DATA_DIR: {named} begins with a home folder that does not exist"
        if named
        else "this user has no home folder, so there is no default for the data folder"
    )
    raise ConfigError(f"{wrong}; name one with --data-dir DIR or MNIST_NN_DATA_DIR")


def _flat(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images.reshape(len(images), -1)


def _download(name: str, folder: Path) -> str:
    """Write the command that would fetch a dataset into a folder."""
    place = "" if folder == data_folder() else f" --data-dir {shell_command([str(folder)])}"
    return f"mnist-nn download --dataset {name}{place}"


def _load_source(name: str, folder: Path, part: str) -> Samples:
    try:
        arrays = read_cache(folder / f"{name}.npz", SOURCES[name], part)
    except FileNotFoundError as error:
        raise DataError(
            f"{name} is not in {folder}; fetch it with: {_download(name, folder)}\n"
            "or use mnist-sample, the dataset of digits that ships with mnist-nn"
        ) from error
    except DataError as error:
        raise DataError(f"{error}\nfix it with: {_download(name, folder)}") from error
    return Samples(_flat(arrays[f"x_{part}"]), arrays[f"y_{part}"])


def _load_sample(folder: Path, part: str) -> Samples:
    with (
        as_file(files(__package__) / "mnist-sample.npz") as path,
        np.load(path, allow_pickle=False) as npz,
    ):
        return Samples(_flat(npz[f"x_{part}"]), npz[f"y_{part}"])


def _load_iris(folder: Path, part: str) -> Samples:
    text = (files(__package__) / "iris.csv").read_text()
    rows = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1)
    return Samples(rows[:, :4], rows[:, 4].astype(np.uint8))


def _load_moons(folder: Path, part: str) -> Samples:
    samples = Samples(*moons(1000, 0.2, np.random.default_rng(20)))  # a dataset is always the same
    return samples.take(np.arange(900) if part == "train" else np.arange(900, 1000))


_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

DATASETS = {
    "mnist": DatasetInfo(784, _DIGITS, PIXEL_SCALE, partial(_load_source, "mnist")),
    "fashion-mnist": DatasetInfo(
        784, _CLOTHES, PIXEL_SCALE, partial(_load_source, "fashion-mnist")
    ),
    "mnist-sample": DatasetInfo(784, _DIGITS, PIXEL_SCALE, _load_sample),
    "iris": DatasetInfo(4, ("setosa", "versicolor", "virginica"), 1.0, _load_iris, ("train",)),
    "moons": DatasetInfo(2, ("upper", "lower"), 1.0, _load_moons),
}


def dataset_info(name: str) -> DatasetInfo:
    """Look a dataset up.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in DATASETS:
        raise ConfigError(f"unknown dataset '{name}' {hint(name, DATASETS)}")
    return DATASETS[name]


def load_dataset(name: str, folder: StrPath | None = None) -> Dataset:
    """Read a dataset.

    Parameters
    ----------
    name
        A key of `DATASETS`.
    folder
        Where downloaded data lie; None for `data_folder`.

    Returns
    -------
    Dataset

    Raises
    ------
    ConfigError
        If there is no dataset of that name, or no data folder that it could be in.
    DataError
        If its files are missing or damaged; the test samples' are looked at when these are read.
    """
    info = dataset_info(name)
    default = required_data_folder if name in SOURCES else data_folder
    place = default() if folder is None else Path(folder)
    return Dataset(name, info, place, info.load(place, "train"))


def load_mnist(
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    *,
    name: str = "mnist",
    folder: StrPath | None = None,
) -> tuple[tuple[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]:
    """Read the digits as plain arrays, the way write-up D's loader does.

    Parameters
    ----------
    normalize
        Pixels as float32 of 0 to 1 instead of bytes of 0 to 255. A network built with
        ``input_scale=1/255`` scales bytes itself and takes floats as they are: it reads both.
    flatten
        Images as rows of 784 instead of (1, 28, 28).
    one_hot_label
        Labels as one-hot rows instead of numbers.
    name
        ``mnist``, ``mnist-sample`` or ``fashion-mnist``.
    folder
        Where downloaded data lie; None for `data_folder`.

    Returns
    -------
    (x_train, t_train), (x_test, t_test)

    Raises
    ------
    ConfigError
        If `name` is no dataset of 28×28 images.
    DataError
        If the data have not been downloaded.
    """

    def convert(samples: Samples) -> tuple[NDArray[Any], NDArray[Any]]:
        x = samples.x if flatten else samples.x.reshape(-1, 1, 28, 28)
        x = x * np.float32(PIXEL_SCALE) if normalize else x
        return x, np.eye(10, dtype=np.uint8)[samples.y] if one_hot_label else samples.y

    dataset = load_dataset(name, folder)
    if dataset.info.n_inputs != 784 or dataset.test is None:
        raise ConfigError(
            f"'{name}' holds no 28×28 images; use mnist, mnist-sample or fashion-mnist"
        )
    return convert(dataset.train), convert(dataset.test)
