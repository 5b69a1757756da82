"""A dataset of this program, made of a source that was read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Preparation, SampleFormat, Samples, stratified_split
from ..data.format import DIGITS, MAX_INPUTS
from ..errors import ConfigError, DataError, escaped, shown
from ..files import StrPath
from ..images import PREPARED_SHAPE
from ..nn import InputNormalization
from .labels import encode_labels
from .pixels import Images, find_factor, make_converter, result_shape, without_colours
from .recognition import read_source
from .source import ImportOptions, MakeBar, Part, Source

SMALLEST = 4  # pixels of a side: fewer whole numbers are measurements
LOOKED_AT = 1000  # images
BLANK = 32  # of 255
LARGEST = 1e100  # number of a measurement: its square is a number, too
SPLIT_SEED = 0  # of the samples that are held out: always the same
Rows = dict[str, tuple[str, NDArray[np.intp] | None]]
"""Of each part, the part of the source that has its samples, and their indices; None for all."""
IMAGES_ONLY = ("shape", "resize", "prepare", "transpose", "invert")  # options


@dataclass(frozen=True)
class ImportedData:
    """A dataset that was read, as `write_dataset` takes it.

    Attributes
    ----------
    format
        What its samples look like.
    parts
        Its samples: ``train``, and perhaps ``test``. Images are converted when they are sliced.
    files
        Names of the files that it was made from.
    notes
        What was decided, for the user.
    """

    format: SampleFormat
    parts: dict[str, Samples]
    files: tuple[str, ...]
    notes: list[str]


def import_data(source: StrPath, options: ImportOptions, make_bar: MakeBar) -> ImportedData:
    """Read a source, recognized by its content, and make a dataset of it.

    Parameters
    ----------
    source
        Path of a CSV, ``.npz``, ``.npy`` or IDX file, or of a folder of IDX files or pictures.
    options
        How it is to be read.
    make_bar
        Function of a total and a unit that makes a progress bar.

    Raises
    ------
    DataError
        If a file is missing or wrong, or the samples are.
    ConfigError
        If an option does not suit the source.
    """
    read = _read(source, options, make_bar)
    if options.label is not None and read.layout is None:
        raise ConfigError("--label is of a CSV, whose labels are in a column; leave it out")
    try:
        return _dataset(read, options)
    except DataError as error:
        raise DataError(f"{escaped(str(source))}: {error}") from error


def _dataset(read: Source, options: ImportOptions) -> ImportedData:
    """Make a dataset of a source: classes of its labels, images or measurements of its samples."""
    names, labels = encode_labels(
        {name: part.y for name, part in read.parts.items()},
        labels_from=options.labels_from,
        classes=options.classes,
    )
    arrays, notes = {name: part.x for name, part in read.parts.items()}, read.notes
    rows: Rows = {part: (part, None) for part in arrays}
    if options.test_split is not None:
        if "test" in arrays:
            notes.append("it has a test part of its own, so --test-split was not needed")
        else:
            rows = _split(labels["train"], names, options.test_split)
    shape = _image_shape(arrays, options)
    if shape is None:
        x, format = _measurements(arrays, rows, names, options)
    else:
        x, format = _images(read, shape, rows, names, options)
    y = _taken(labels, rows)
    samples = {part: Samples(x[part], y[part]) for part in rows}
    return ImportedData(format, samples, read.files, notes)


def _taken(arrays: Mapping[str, NDArray[Any]], rows: Rows) -> dict[str, NDArray[Any]]:
    """Return of each part its rows."""
    return {
        part: arrays[source] if chosen is None else arrays[source][chosen]
        for part, (source, chosen) in rows.items()
    }


def _read(source: StrPath, options: ImportOptions, make_bar: MakeBar) -> Source:
    """Read the source and, if there is one, that of the test samples."""
    read = read_source(Path(source), options, make_bar)
    if options.test is None:
        return read
    other = read_source(options.test, options, make_bar, read.layout)
    if read.are_pictures != other.are_pictures:
        raise DataError(f"{escaped(str(options.test))}: pictures and arrays cannot be combined")
    test = other.parts.get("test", other.parts["train"])
    notes = read.notes + [note for note in other.notes if note not in read.notes]
    return Source(
        {"train": read.parts["train"], "test": test},
        (*read.files, *other.files),
        notes,
        read.layout or other.layout,
        read.are_pictures,
    )


def _image_shape(
    arrays: Mapping[str, NDArray[Any]], options: ImportOptions
) -> tuple[int, int] | None:
    """Return the height and width of images, as they lie in the source; None of measurements."""
    train = arrays["train"]
    for part, array in arrays.items():
        if array.shape[1:] != train.shape[1:]:
            raise DataError(
                f"a sample of {part} is {array.shape[1:]}, one of train {train.shape[1:]}; they "
                "must be alike"
            )
    if train.ndim > 2:
        found = _shape_with_sides(train.shape[1:], options)
    elif options.shape:
        if math.prod(options.shape) != train.shape[1]:
            height, width = options.shape
            raise ConfigError(
                f"--shape {height}x{width} is {height * width:,} pixels, but a sample has "
                f"{train.shape[1]:,} numbers"
            )
        found = options.shape
    else:
        side = math.isqrt(train.shape[1])
        if options.scale or side < SMALLEST or side * side != train.shape[1]:
            found = None
        else:
            is_pixels = {part: _is_bytes(array) for part, array in arrays.items()}
            if len(set(is_pixels.values())) > 1:
                raise DataError(
                    "the numbers of one part are whole, 0 to 255, as pixels are, and those of the "
                    "other are not; convert one of them, or, if they are measurements, say so: "
                    "--scale standardize"
                )
            found = (side, side) if is_pixels["train"] else None
    if found is None:
        given = [name for name in IMAGES_ONLY if getattr(options, name)]
        if given:
            raise ConfigError(
                f"--{given[0]} is for images, but the samples are {train.shape[1]:,} measurements; "
                "if they are images, say so: --shape HxW"
            )
    return found


def _shape_with_sides(shape: tuple[int, ...], options: ImportOptions) -> tuple[int, int]:
    """Return the height and width of images that do not lie in rows."""
    if len(shape) == 3 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise DataError(
            f"a sample is {shape}; an image is (height, width), with 1, 3 or 4 colours as a third "
            "number"
        )
    height, width = shape[:2]
    if options.scale:
        raise ConfigError("--scale is of measurements; pixels are always read as 0 to 1")
    if options.shape:
        raise ConfigError(
            f"--shape is of images in rows, but these are {height}×{width} already; leave it out, "
            "or resize them: --resize"
        )
    return height, width


def _is_bytes(x: NDArray[Any]) -> bool:
    """Return whether all numbers are whole and from 0 to 255."""
    if x.dtype == np.uint8:
        return True
    with np.errstate(invalid="ignore"):
        return bool(((x >= 0) & (x <= 255) & (x == np.floor(x))).all())


def _measurements(
    arrays: Mapping[str, NDArray[Any]], rows: Rows, names: tuple[str, ...], options: ImportOptions
) -> tuple[dict[str, Any], SampleFormat]:
    """Return measurements as floats, and their format: normalized as those of training say."""
    floats = {part: np.asarray(array, np.float64) for part, array in arrays.items()}
    for part, array in floats.items():
        if not np.isfinite(array).all():
            row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
            raise DataError(
                f"sample {row + 1:,} of {part} has a missing value (NaN) or an infinite one; fill "
                "it in, or leave the sample out"
            )
        if np.abs(array).max() > LARGEST:
            row, column = (int(i[0]) for i in np.nonzero(np.abs(array) > LARGEST))
            raise DataError(
                f"measurement {column + 1:,} of sample {row + 1:,} of {part} is "
                f"{array[row, column]:g}; numbers must be from {-LARGEST:g} to {LARGEST:g}: choose "
                "another unit, or leave the column out"
            )
    x, normalization = _taken(floats, rows), None
    if options.scale == "0-1":
        normalization = InputNormalization.to_unit_range(x["train"])
    elif options.scale != "none":
        normalization = InputNormalization.standardize(x["train"])
    return x, SampleFormat((x["train"].shape[1],), names, normalization)


def _images(
    read: Source, shape: tuple[int, int], rows: Rows, names: tuple[str, ...], options: ImportOptions
) -> tuple[dict[str, Any], SampleFormat]:
    """Return images that are converted when they are sliced, and their format; note decisions."""
    arrays = {part: _upright(samples, shape) for part, samples in read.parts.items()}
    coloured = {part: array for part, array in arrays.items() if array.ndim == 4}
    if coloured:
        read.notes.append("colours were mixed to grey")
        arrays |= {part: without_colours(array) for part, array in coloured.items()}
    factor, left, note = 1.0, ImportOptions(), None  # of pictures, to which nothing is left to do
    if not read.are_pictures:
        left, (factor, note) = options, find_factor(arrays)
    if note:
        read.notes.append(note)
    shape = result_shape(shape, left)
    if math.prod(shape) > MAX_INPUTS:
        raise DataError(f"an image has {math.prod(shape):,} pixels, more than {MAX_INPUTS:,}")
    images = {
        part: Images(arrays[source], make_converter(left, factor, source), shape, chosen)
        for part, (source, chosen) in rows.items()
    }
    preparation = Preparation("mnist") if options.prepare else Preparation("resize", options.invert)
    if not (options.prepare or read.are_pictures):
        preparation, note = _preparation(images["train"], shape, names)
        read.notes += [note] if note else []
    return images, SampleFormat(shape, names, preparation=preparation)


def _upright(part: Part, shape: tuple[int, int]) -> NDArray[Any]:
    """Return images as (n, h, w), or (n, h, w, 3 or 4)."""
    x = part.x
    colours = x.shape[3:] if x.ndim == 4 and x.shape[3] in (3, 4) else ()
    return x.reshape(len(x), *shape, *colours)


def _preparation(
    images: Images, shape: tuple[int, int], names: tuple[str, ...]
) -> tuple[Preparation, str | None]:
    """Return how pictures become samples like those of an array, and what to say of it.

    They are prepared as MNIST's were where images are digits, 28×28 and light on dark. They are
    light on dark if most pixels of the first are nearly 0, as the paper of MNIST is.
    """
    is_negative = bool(np.median(images[:LOOKED_AT]) < BLANK)
    are_digits = shape == PREPARED_SHAPE and names == DIGITS
    if are_digits and is_negative:
        return Preparation("mnist"), None
    note = None
    if is_negative:
        note = "images are light on dark; predict and draw exchange dark and light"
    elif are_digits:
        note = "images are not light on dark, as MNIST's are; predict only resizes pictures"
    return Preparation("resize", invert=is_negative), note


def _split(labels: NDArray[np.uint8], names: tuple[str, ...], share: float) -> Rows:
    """Hold out a share of the samples of each class for the test part."""
    n = len(labels)
    held_out = round(share * n)
    if not 1 <= held_out < n:
        raise DataError(f"--test-split {share:g} of {n:,} samples leaves one part empty")
    rest, test = stratified_split(labels, held_out, np.random.default_rng(SPLIT_SEED))
    lost = np.setdiff1d(labels[test], labels[rest])
    if len(lost):
        raise DataError(
            f"--test-split {share:g} would leave no training sample of {shown(names[lost[0]])}, "
            f"which has {np.count_nonzero(labels == lost[0]):,}; hold out less, or remove the class"
        )
    return {"train": ("train", rest), "test": ("train", test)}
