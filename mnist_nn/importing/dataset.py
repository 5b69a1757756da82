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
from ..errors import ConfigError, DataError, escaped
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
SPLIT_SEED = 0  # of the samples that are held out: always the same
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
    try:
        return _dataset(read, options)
    except DataError as error:
        raise DataError(f"{escaped(str(source))}: {error}") from error


def _dataset(read: Source, options: ImportOptions) -> ImportedData:
    """Make a dataset of a source: classes of its labels, images or measurements of its samples."""
    parts = read.parts
    names, labels = encode_labels(
        {name: part.y for name, part in parts.items()},
        labels_from=options.labels_from,
        classes=options.classes,
    )
    notes = read.notes
    x: dict[str, Any]
    shape = _image_shape({name: part.x for name, part in parts.items()}, options)
    if shape is None:
        x, normalization = _measurements({n: part.x for n, part in parts.items()}, options)
        format = SampleFormat((x["train"].shape[1],), names, normalization)
    else:
        x, more = _images(read, shape, options)
        notes += more
        shape = shape if read.converted else result_shape(shape, options)
        preparation = _preparation(read, shape, names, options)
        if preparation.method == "resize" and not read.converted and _is_blank(x["train"]):
            preparation = Preparation("resize", invert=True)
            notes.append("images are light on dark; predict and draw exchange dark and light")
        format = SampleFormat(shape, names, preparation=preparation)
    samples = {name: Samples(x[name], labels[name]) for name in parts}
    if options.test_split is not None:
        if "test" in samples:
            notes.append("it has a test part of its own, so --test-split was not needed")
        else:
            samples = _split(samples["train"], options.test_split)
    return ImportedData(format, samples, read.files, notes)


def _read(source: StrPath, options: ImportOptions, make_bar: MakeBar) -> Source:
    """Read the source and, if there is one, that of the test samples."""
    read = read_source(Path(source), options, make_bar)
    if options.test is None:
        return read
    other = read_source(options.test, options, make_bar, read.layout)
    if read.converted != other.converted:
        raise DataError(f"{escaped(str(options.test))}: pictures and arrays cannot be combined")
    test = other.parts.get("test", other.parts["train"])
    notes = read.notes + [note for note in other.notes if note not in read.notes]
    return Source(
        {"train": read.parts["train"], "test": test},
        (*read.files, *other.files),
        notes,
        converted=read.converted,
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
        shape = train.shape[1:]
        if len(shape) == 3 and shape[0] == 1:
            shape = shape[1:]
        if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
            raise DataError(
                f"a sample is {shape}; an image is (height, width), with 1, 3 or 4 colours as a "
                "third number"
            )
        found = shape[:2]
        if options.scale:
            raise ConfigError("--scale is of measurements; pixels are always read as 0 to 1")
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
            is_pixels = all(map(_is_bytes, arrays.values()))
            found = (side, side) if is_pixels else None
    if found is None:
        given = [name for name in IMAGES_ONLY if getattr(options, name)]
        if given:
            raise ConfigError(
                f"--{given[0]} is for images, but the samples are {train.shape[1]:,} measurements; "
                "if they are images, say so: --shape HxW"
            )
    return found


def _is_bytes(x: NDArray[Any]) -> bool:
    """Return whether all numbers are whole and from 0 to 255."""
    if x.dtype == np.uint8:
        return True
    with np.errstate(invalid="ignore"):
        return bool(((x >= 0) & (x <= 255) & (x == np.floor(x))).all())


def _measurements(
    arrays: Mapping[str, NDArray[Any]], options: ImportOptions
) -> tuple[dict[str, Any], InputNormalization | None]:
    """Return measurements as floats, and how they are normalized."""
    x = {part: np.asarray(array, np.float64) for part, array in arrays.items()}
    for part, array in x.items():
        if not np.isfinite(array).all():
            row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
            raise DataError(
                f"sample {row + 1:,} of {part} has a missing value (NaN) or an infinite one; fill "
                "it in, or leave the sample out"
            )
    if options.scale == "none":
        return x, None
    if options.scale == "0-1":
        return x, InputNormalization.to_unit_range(x["train"])
    return x, InputNormalization.standardize(x["train"])


def _images(
    read: Source, shape: tuple[int, int], options: ImportOptions
) -> tuple[dict[str, Any], list[str]]:
    """Return images that are converted when they are sliced, and what was decided."""
    notes, plain = [], ImportOptions()
    arrays = {part: _upright(samples, shape) for part, samples in read.parts.items()}
    coloured = {part: array for part, array in arrays.items() if array.ndim == 4}
    if coloured:
        notes.append("colours were mixed to grey")
        arrays |= {part: without_colours(array) for part, array in coloured.items()}
    factor, note = (1.0, None) if read.converted else find_factor(arrays.values())
    notes += [note] if note else []
    shape = shape if read.converted else result_shape(shape, options)
    if math.prod(shape) > MAX_INPUTS:
        raise DataError(f"an image has {math.prod(shape):,} pixels, more than {MAX_INPUTS:,}")
    applied = plain if read.converted else options
    return {
        part: Images(array, make_converter(applied, factor, part), shape)
        for part, array in arrays.items()
    }, notes


def _upright(part: Part, shape: tuple[int, int]) -> NDArray[Any]:
    """Return images as (n, h, w), or (n, h, w, 3 or 4)."""
    x = part.x
    colours = x.shape[3:] if x.ndim == 4 and x.shape[3] in (3, 4) else ()
    return x.reshape(len(x), *shape, *colours)


def _preparation(
    read: Source, shape: tuple[int, int], names: tuple[str, ...], options: ImportOptions
) -> Preparation:
    """Return how pictures become such samples: as MNIST's digits, or only resized."""
    is_like_mnist = not read.converted and shape == PREPARED_SHAPE and names == DIGITS
    if options.prepare or is_like_mnist:
        return Preparation("mnist")
    return Preparation("resize", invert=options.invert)


def _is_blank(images: Images) -> bool:
    """Return whether most pixels of the first images are nearly 0, as the paper of MNIST is."""
    return bool(np.median(images[:LOOKED_AT]) < BLANK)


def _split(samples: Samples, share: float) -> dict[str, Samples]:
    """Hold out a share of the samples of each class for the test part."""
    n = len(samples.y)
    held_out = round(share * n)
    if not 1 <= held_out < n:
        raise DataError(f"--test-split {share:g} of {n:,} samples leaves one part empty")
    rest, test = stratified_split(samples.y, held_out, np.random.default_rng(SPLIT_SEED))
    x = samples.x
    return {
        name: Samples(x.take(chosen) if isinstance(x, Images) else x[chosen], samples.y[chosen])
        for name, chosen in (("train", rest), ("test", test))
    }
