"""``mnist-nn datasets``: list the datasets that ship, can be downloaded, or were imported."""

from pathlib import Path

import typer

from ..data import DATASETS, DatasetInfo, data_folder, dataset_info, imported_names
from ..errors import DataError
from .guard import eprint
from .options import DataDir, Debug
from .tables import table

HEADINGS = ("dataset", "state", "training", "test", "classes", "sample", "licence")


def datasets(data_dir: DataDir = None, debug: Debug = False) -> None:
    """List datasets: what ships, can be downloaded, or was imported.

    A sample is an image, height × width, or a row of numbers. Train on one by its name:
    mnist-nn train --set data.dataset=NAME.
    """
    folder = data_dir or data_folder()
    rows = [_row(info, _state(info, folder)) for info in DATASETS.values()]
    for name in imported_names(folder):
        if name not in DATASETS:
            try:
                rows.append(_row(dataset_info(name, folder), "imported"))
            except DataError as error:
                eprint(f"note: {error}")
    typer.echo(table(HEADINGS, rows))


def _state(info: DatasetInfo, folder: Path) -> str:
    """Say whether a dataset of the table is there."""
    if not (info.files or info.packed):
        return "ships"
    return "downloaded" if (folder / f"{info.name}.npz").exists() else "to download"


def _row(info: DatasetInfo, state: str) -> tuple[str, ...]:
    """Describe a dataset in a row of the table."""
    shape = "×".join(map(str, info.format.sample_shape))
    counts = (f"{info.parts[part]:,}" if part in info.parts else "–" for part in ("train", "test"))
    classes = str(len(info.format.class_names))
    return info.name, state, *counts, classes, shape, info.licence or "–"
