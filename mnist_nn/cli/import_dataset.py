"""``mnist-nn import``: make a dataset of one's own files."""

import re
from pathlib import Path
from typing import Annotated

import typer

from ..data import DATASETS, NAME_RULE, is_name, required_data_folder, write_dataset
from ..data.download import unwritable
from ..data.format import DIGITS, MAX_INPUTS
from ..errors import ConfigError, DataError, shell_command, shown
from ..files import read_bounded
from ..importing import ImportedData, ImportOptions, import_data
from .bars import progress_bar
from .guard import eprint, print_path
from .options import DataDir, Debug

SCALES = ("standardize", "0-1", "none")
PRESET = "fast"  # for a first try: three layers, of which the last has a unit for each digit
MAX_CLASSES_FILE = 1 << 16  # bytes
LABELS, NUMBERS, IMAGES = "Labels", "Measurements", "Images"


def import_dataset(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="CSV, .npz, .npy or IDX file, or a folder of IDX files or of pictures, with a "
            "sub-folder for each class. Recognized by its content.",
        ),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the dataset to make.")],
    test: Annotated[
        Path | None,
        typer.Option(metavar="SOURCE2", help="The same of test samples.", show_default="SOURCE's"),
    ] = None,
    test_split: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of each class to hold out as test samples, if there are none: 0.1.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a dataset of this name.")] = False,
    label: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of a CSV with the labels: its name, or its number from 1.",
            show_default="a column named label, class or target; the one of text; the first or "
            "the last",
            rich_help_panel=LABELS,
        ),
    ] = None,
    labels_from: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Labels count from N: with 1, label 1 is class 0.",
            rich_help_panel=LABELS,
        ),
    ] = 0,
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C|FILE",
            help="Names of the classes in the order of their labels, or a text file of them, one "
            "a line.",
            show_default="the labels",
            rich_help_panel=LABELS,
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(SCALES),
            help="How measurements are scaled, as the training samples say; kept in the model.",
            show_default="standardize",
            rich_help_panel=NUMBERS,
        ),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            help="Height and width of the images in a table, if they are not square.",
            rich_help_panel=IMAGES,
        ),
    ] = None,
    resize: Annotated[
        str | None,
        typer.Option(
            metavar="HxW", help="Resize images to this height and width.", rich_help_panel=IMAGES
        ),
    ] = None,
    prepare: Annotated[
        bool,
        typer.Option(
            "--prepare",
            help="Prepare images of single characters as MNIST's were, to 28×28 pixels.",
            rich_help_panel=IMAGES,
        ),
    ] = False,
    transpose: Annotated[
        bool,
        typer.Option(
            "--transpose",
            help="Exchange rows and columns: EMNIST's images lie so.",
            rich_help_panel=IMAGES,
        ),
    ] = False,
    invert: Annotated[
        bool, typer.Option("--invert", help="Exchange dark and light.", rich_help_panel=IMAGES)
    ] = False,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Make a dataset of your own files: CSV, NumPy, IDX or pictures.

    Everything is read and checked, and then written as NAME.npz to the data folder, whole or not at
    all; the path is printed. Train on it with: mnist-nn train --set data.dataset=NAME. A CSV has a
    row for each sample; rows of as many whole numbers, 0 to 255, as a square has pixels are images,
    others are measurements. Pictures need Pillow (extra: images).
    """
    _check_name(name)
    options = ImportOptions(
        test=test,
        test_split=_share(test_split, test),
        label=label,
        labels_from=labels_from,
        classes=_class_names(classes),
        scale=_scale(scale),
        shape=_side_lengths("--shape", shape),
        resize=_side_lengths("--resize", resize),
        prepare=prepare,
        transpose=transpose,
        invert=invert,
    )
    if prepare and resize:
        raise ConfigError("--prepare and --resize cannot be combined; choose one")
    path = (data_dir or required_data_folder()) / f"{name}.npz"
    if path.exists() and not force:
        raise ConfigError(f"{path} exists already; choose another --name, or replace it: --force")
    _write(path, name, import_data(source, options, progress_bar), data_dir)


def _write(path: Path, name: str, data: ImportedData, data_dir: Path | None) -> None:
    """Write a dataset, and say what it is."""
    for note in data.notes:
        eprint(f"note: {note}")
    try:
        with progress_bar(sum(len(part.y) for part in data.parts.values()), "samples") as bar:
            write_dataset(path, data.format, data.parts, source=data.files, progress=bar.update)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    counts = " and ".join(
        f"{len(part.y):,} {kind} samples"
        for kind, part in zip(("training", "test"), data.parts.values(), strict=False)
    )
    shape, names = data.format.sample_shape, data.format.class_names
    what = f"images of {shape[0]}×{shape[1]}" if len(shape) == 2 else f"{shape[0]} measurements"
    known = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    eprint(f"{name}: {counts}, {what}, {len(names)} classes: {known}")
    if "test" not in data.parts:
        eprint("note: there are no test samples; --test-split 0.1 holds some out")
    print_path(path)
    eprint(f"next: {_train_command(name, len(names), data_dir)}")


def _train_command(name: str, n_classes: int, data_dir: Path | None) -> str:
    """Write the command that trains on a dataset, with a preset whose third layer is the last."""
    words = ["mnist-nn", "train", PRESET, "--set", f"data.dataset={name}"]
    if n_classes != len(DIGITS):
        words += ["--set", f"network.layers.2.units={n_classes}"]
    return shell_command([*words, "--data-dir", str(data_dir)] if data_dir else words)


def _check_name(name: str) -> None:
    if not is_name(name):
        raise ConfigError(f"--name: must be {NAME_RULE}, got {shown(name)}")
    if name in DATASETS:
        raise ConfigError(f"--name: {name} is a dataset that mnist-nn knows; choose another name")


def _share(share: float | None, test: Path | None) -> float | None:
    if share is not None and test is not None:
        raise ConfigError("--test and --test-split cannot be combined; choose one")
    if share is not None and not 0 < share < 1:
        raise ConfigError(f"--test-split: must be between 0 and 1, such as 0.1, got {share:g}")
    return share


def _scale(scale: str | None) -> str | None:
    if scale is not None and scale not in SCALES:
        raise ConfigError(f"--scale: must be {', '.join(SCALES[:-1])} or none, got {shown(scale)}")
    return scale


def _side_lengths(option: str, text: str | None) -> tuple[int, int] | None:
    """Read a height and a width: ``28x28``."""
    if text is None:
        return None
    sides = re.fullmatch(r"([1-9][0-9]{0,3})[x×*]([1-9][0-9]{0,3})", text)
    if sides is None:
        raise ConfigError(
            f"{option}: must be a height and a width, such as 28x28, got {shown(text)}"
        )
    height, width = int(sides[1]), int(sides[2])
    if height * width > MAX_INPUTS:
        raise ConfigError(f"{option}: must be at most {MAX_INPUTS:,} pixels, got {shown(text)}")
    return height, width


def _class_names(text: str | None) -> tuple[str, ...] | None:
    """Read names of classes, ``a,b,c``, or those in a file, one a line."""
    if text is None:
        return None
    names = text.split(",")
    if len(names) == 1:
        try:
            content = read_bounded(text, MAX_CLASSES_FILE, DataError).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError, DataError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(
                f"--classes: must be names, a,b,c, or a text file with one a line; {shown(text)}: "
                f"{reason}"
            ) from error
        names = content.strip().splitlines()
    names = [name.strip() for name in names]
    if len(set(names)) < len(names) or "" in names or not 2 <= len(names) <= 256:
        raise ConfigError(
            f"--classes: must be 2 to 256 different names, got {shown(', '.join(names))}"
        )
    return tuple(names)
