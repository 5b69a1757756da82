"""The real MNIST, wherever this machine has it."""

import contextlib
import gzip
import os
from collections.abc import Sequence
from pathlib import Path

from mnist_nn.data import DatasetInfo, data_folder, idx
from mnist_nn.data.cache import Arrays, read_cache
from mnist_nn.data.download import import_folder
from mnist_nn.errors import MnistNNError

BESIDE = Path(__file__).parents[2] / "shared" / "data" / "mnist"  # the clone


def places(name: str) -> tuple[list[Path], list[Path]]:
    """Where a dataset's files may be, and its cache: named, beside the clone, or downloaded."""
    named = os.environ.get("MNIST_NN_TEST_FILES")
    folders, caches = [*([Path(named)] if named else []), BESIDE], []
    with contextlib.suppress(MnistNNError):  # there is no data folder
        folders.append(data_folder() / name)
        caches.append(data_folder() / f"{name}.npz")
    return folders, caches


def find_files(
    source: DatasetInfo, folders: Sequence[Path], caches: Sequence[Path], spare: Path
) -> Path | None:
    """Find a folder with a dataset's ``.gz`` files, or pack what is there in a spare one."""
    names = [f"{file.name}.gz" for file in source.files]
    for folder in folders:
        if all((folder / name).is_file() for name in names):
            return folder
    arrays = _read_others(source, folders, caches, spare)
    if arrays is None:
        return None
    spare.mkdir(exist_ok=True)
    for file, name in zip(source.files, names, strict=True):
        payload = idx.header(file.shape) + arrays[file.key].tobytes()
        (spare / name).write_bytes(gzip.compress(payload, 1))
    return spare


def _read_others(
    source: DatasetInfo, folders: Sequence[Path], caches: Sequence[Path], spare: Path
) -> Arrays | None:
    """Read files that are not packed, or else a cache."""
    for folder in folders:
        with contextlib.suppress(MnistNNError):
            return read_cache(import_folder(source, folder, spare).path, source)
    for cache in caches:
        with contextlib.suppress(MnistNNError, OSError):
            return read_cache(cache, source)
    return None
