"""What is asked of an import, and what a reader makes of a source."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .table_layout import Layout

MakeBar = Callable[[int, str], AbstractContextManager[Any]]
"""Function of a total and a unit that makes a progress bar, with a method ``update(n)``."""


class Part(NamedTuple):
    """Samples, (n, …), and their labels, (n,): whole numbers or text."""

    x: NDArray[Any]
    y: NDArray[Any]


@dataclass
class Source:
    """A source that was read: its samples as they are there, with labels of any kind.

    Attributes
    ----------
    parts
        Its samples: ``train``, and perhaps ``test``.
    files
        Names of the files.
    notes
        What the reader decided, for the user.
    layout
        Layout of its table, of a CSV.
    are_pictures
        Whether its samples are pictures that were read: bytes, to which all options are applied.
    """

    parts: dict[str, Part]
    files: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    layout: Layout | None = None
    are_pictures: bool = False


@dataclass(frozen=True)
class ImportOptions:
    """How a source is to be read.

    Attributes
    ----------
    test
        Another source, of the test samples.
    test_split
        Share of the samples that becomes the test part, if there is no other.
    label
        Column of a CSV that has the labels: its name, or its number from 1.
    labels_from
        Number from which labels count.
    classes
        Names of the classes, in the order of their labels.
    scale
        How measurements are normalized: ``standardize``, ``0-1`` or ``none``.
    shape
        Height and width of the images in a table.
    resize
        Height and width that images are resized to.
    prepare
        Whether images are prepared as MNIST's were.
    transpose
        Whether rows and columns of images are exchanged.
    invert
        Whether dark and light are exchanged.
    """

    test: Path | None = None
    test_split: float | None = None
    label: str | None = None
    labels_from: int = 0
    classes: tuple[str, ...] | None = None
    scale: str | None = None
    shape: tuple[int, int] | None = None
    resize: tuple[int, int] | None = None
    prepare: bool = False
    transpose: bool = False
    invert: bool = False
