"""What the tests of imports need: real digits in everybody's layouts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_nn.cli.bars import progress_bar
from mnist_nn.data import Samples
from mnist_nn.importing import ImportedData, ImportOptions, import_data

Few = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@pytest.fixture
def few(digits: Samples) -> Few:
    """Images (60, 28, 28) and labels of 60 real digits."""
    return digits.x[:60].reshape(-1, 28, 28), digits.y[:60]


@pytest.fixture
def import_() -> Callable[..., ImportedData]:
    """Import a source with some options."""

    def imported(source: Path, **options: Any) -> ImportedData:
        return import_data(source, ImportOptions(**options), progress_bar)

    return imported


def write_csv(path: Path, rows: NDArray[Any] | list[list[Any]], header: str = "") -> Path:
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join([*([header] if header else []), *lines]) + "\n")
    return path


def images_of(data: ImportedData, part: str = "train") -> NDArray[np.uint8]:
    """The images of a part, (n, h, w)."""
    x: NDArray[np.uint8] = data.parts[part].x[:]
    return x.reshape(len(x), *data.format.sample_shape)
