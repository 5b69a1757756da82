"""Table of the datasets; a new one needs a record here and nothing else."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib.resources import as_file, files
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError, escaped, hint, shell_command
from ..files import StrPath
from .cache import read_cache
from .format import DIGITS, Preparation, SampleFormat
from .location import data_folder
from .packed import emnist, kmnist, qmnist
from .record import DataFile, DatasetInfo, Samples
from .store import imported_names, read_info


def _flat(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images.reshape(len(images), -1)


def _download(name: str, folder: Path) -> str:
    """Return the command that downloads a dataset into a folder."""
    place = "" if folder == data_folder() else f" --data-dir {shell_command([str(folder)])}"
    return f"mnist-nn download --dataset {name}{place}"


def _load_cache(info: DatasetInfo, folder: Path, part: str) -> Samples:
    try:
        arrays = read_cache(folder / f"{info.name}.npz", info, part)
    except FileNotFoundError as error:
        raise DataError(
            f"{info.name} is not in {folder}; fetch it with: {_download(info.name, folder)}\n"
            "or use mnist-sample, the dataset of digits that ships with mnist-nn"
        ) from error
    except DataError as error:
        raise DataError(f"{error}\nfix it with: {_download(info.name, folder)}") from error
    return Samples(_flat(arrays[f"x_{part}"]), arrays[f"y_{part}"])


def _load_packed(info: DatasetInfo, folder: Path, part: str) -> Samples:
    path = folder / f"{info.name}.npz"
    try:
        found = read_info(path)
        if (found.format, found.parts) != (info.format, info.parts):
            raise DataError(f"{path} is another dataset than {info.name}")
        return found.read(folder, part)
    except DataError as error:
        raise DataError(f"{error}\nfetch it with: {_download(info.name, folder)}") from error


def _load_sample(info: DatasetInfo, folder: Path, part: str) -> Samples:
    with (
        as_file(files(__package__) / "mnist-sample.npz") as path,
        np.load(path, allow_pickle=False) as npz,
    ):
        return Samples(_flat(npz[f"x_{part}"]), npz[f"y_{part}"])


def _load_iris(info: DatasetInfo, folder: Path, part: str) -> Samples:
    text = (files(__package__) / "iris.csv").read_text()
    rows = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1)
    return Samples(rows[:, :4], rows[:, 4].astype(np.uint8))


def _load_moons(info: DatasetInfo, folder: Path, part: str) -> Samples:
    samples = Samples(*moons(1000, 0.2, np.random.default_rng(20)))  # always the same
    return samples.take(np.arange(900) if part == "train" else np.arange(900, 1000))


def moons(
    n: int, noise: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Make n points around two interleaving half circles; x has shape (n, 2), y (n,).

    The upper moon, class 0, is the half circle of radius 1 around (0, 0) with y ≥ 0; the lower one,
    class 1, that around (1, ½) with y ≤ ½. `noise` is the standard deviation of each coordinate.
    """
    y = rng.permutation(np.arange(n) % 2).astype(np.uint8)
    angle = rng.uniform(0, np.pi, n)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    x = np.where(y[:, None] == 0, upper, lower)
    return x + rng.normal(0, noise, x.shape), y


def sizes(n_train: int, n_test: int) -> dict[str, int]:
    """Return the parts of a dataset and their numbers of samples."""
    return {"train": n_train, "test": n_test}


def _idx_files(*sha256: str) -> tuple[DataFile, ...]:
    """Return the four files of a dataset with MNIST's names and shapes."""
    layout: list[tuple[str, str, tuple[int, ...]]] = [
        ("x_train", "train-images-idx3-ubyte", (60000, 28, 28)),
        ("y_train", "train-labels-idx1-ubyte", (60000,)),
        ("x_test", "t10k-images-idx3-ubyte", (10000, 28, 28)),
        ("y_test", "t10k-labels-idx1-ubyte", (10000,)),
    ]
    return tuple(DataFile(*row, digest) for row, digest in zip(layout, sha256, strict=True))


CLOTHES = (
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

NEGATIVE = Preparation("resize", invert=True)  # their publishers made light of dark
KANA = tuple("おきすつなはまやれを")
CAPITALS = tuple(ascii_uppercase)
MERGED = (*DIGITS, *CAPITALS, *"abdefghnqrt")  # the small letters that look unlike capitals
MNIST_DIGITS = SampleFormat((28, 28), DIGITS, preparation=Preparation("mnist"))

DATASETS = {
    info.name: info
    for info in (
        DatasetInfo(
            name="mnist",
            format=MNIST_DIGITS,
            licence="CC BY-SA 3.0",
            load=_load_cache,
            parts=sizes(60_000, 10_000),
            files=_idx_files(
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
            mirrors=(
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://raw.githubusercontent.com/fgnt/mnist/master/",
            ),
        ),
        DatasetInfo(
            name="fashion-mnist",
            format=SampleFormat((28, 28), CLOTHES, preparation=NEGATIVE),
            licence="MIT",
            load=_load_cache,
            parts=sizes(60_000, 10_000),
            files=_idx_files(
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
            mirrors=(
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
        ),
        DatasetInfo(
            name="kmnist",
            format=SampleFormat((28, 28), KANA, preparation=NEGATIVE),
            licence="CC BY-SA 4.0",
            load=_load_packed,
            parts=sizes(60_000, 10_000),
            packed=kmnist(),
            mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        ),
        DatasetInfo(
            name="qmnist",
            format=MNIST_DIGITS,
            licence="BSD",
            load=_load_packed,
            parts=sizes(60_000, 60_000),
            packed=qmnist(),
            mirrors=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
        ),
        *(
            DatasetInfo(
                name=f"emnist-{split}",
                format=SampleFormat((28, 28), names, preparation=Preparation("mnist")),
                licence="not stated",
                load=_load_packed,
                parts=sizes(n_train, n_test),
                packed=emnist(split, first_label),
                mirrors=("https://biometrics.nist.gov/cs_links/EMNIST/",),
            )
            for split, names, first_label, n_train, n_test in (
                ("balanced", MERGED, 0, 112_800, 18_800),
                ("letters", CAPITALS, 1, 124_800, 20_800),
                ("digits", DIGITS, 0, 240_000, 40_000),
                ("byclass", (*DIGITS, *CAPITALS, *ascii_lowercase), 0, 697_932, 116_323),
                ("bymerge", MERGED, 0, 697_932, 116_323),
                ("mnist", DIGITS, 0, 60_000, 10_000),
            )
        ),
        DatasetInfo("mnist-sample", MNIST_DIGITS, "CC BY-SA 3.0", _load_sample, sizes(5000, 1000)),
        DatasetInfo(
            name="iris",
            format=SampleFormat((4,), ("setosa", "versicolor", "virginica")),
            licence="CC BY 4.0",
            load=_load_iris,
            parts={"train": 150},
        ),
        DatasetInfo(
            "moons", SampleFormat((2,), ("upper", "lower")), None, _load_moons, sizes(900, 100)
        ),
    )
}


def dataset_info(name: str, folder: StrPath | None = None) -> DatasetInfo:
    """Return the record of a dataset: one of `DATASETS`, or one that was imported into a folder.

    The folder is `data_folder` if None. ConfigError if there is no dataset of that name, DataError
    if its file is damaged.
    """
    if name in DATASETS:
        return DATASETS[name]
    place = data_folder() if folder is None else Path(folder)
    imported = [known for known in imported_names(place) if known not in DATASETS]
    if name in imported:
        return read_info(place / f"{name}.npz")
    names = [*DATASETS, *imported]
    near = hint(name, names) if get_close_matches(name[:100], names, 1) else ""
    raise ConfigError(
        f"unknown dataset '{escaped(name[:100])}' {near}".rstrip()
        + f"\nknown: {', '.join(DATASETS)}; imported into {place}: {', '.join(imported) or 'none'}"
    )


def datasets_that(suit: Callable[[DatasetInfo], bool], word: str = "or") -> str:
    """List the names of the datasets that suit: ``mnist, iris or moons``."""
    names = [info.name for info in DATASETS.values() if suit(info)]
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
