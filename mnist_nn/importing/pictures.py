"""Reading of a folder of pictures, with one sub-folder for each class."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, escaped
from ..images import PREPARED_SHAPE, decode_pixels, images_in, natural, read_content
from .pixels import fitted
from .source import ImportOptions, MakeBar, Part, Source

PARTS = {"train": ("train", "training"), "test": ("test", "testing")}  # names of sub-folders
LARGEST = 300  # pixels of a side that is not resized
NOTE = "pictures are read as grey, transparent ones on white"


def read_pictures(folder: Path, options: ImportOptions, make_bar: MakeBar) -> Source:
    """Read the pictures of a folder; DataError names the file that is wrong."""
    folders = _part_folders(folder)
    listed, others = {}, 0
    for part, place in folders.items():
        listed[part], more = _list_pictures(place)
        others += more
    notes = [NOTE]
    if others:
        notes.append(f"{others:,} files that are no pictures were left out")
    parts: dict[str, Part] = {}
    first: tuple[Path, tuple[int, ...]] | None = None
    with make_bar(sum(map(len, listed.values())), "pictures") as bar:
        for part, pictures in listed.items():
            x: NDArray[np.uint8] | None = None
            for i, (path, _) in enumerate(pictures):
                image = _read(path, options)
                first = first or (path, image.shape)
                if image.shape != first[1]:
                    raise DataError(_of_two_sizes(first, (path, image.shape)))
                if x is None:
                    x = np.empty((len(pictures), *image.shape), np.uint8)
                x[i] = image
                bar.update(1)
            assert x is not None  # _list_pictures finds at least one for each class
            parts[part] = Part(x, np.array([name for _, name in pictures]))
    return Source(parts, (folder.name,), notes, converted=True)


def sub_folders(folder: Path) -> list[Path]:
    """List the sub-folders that are not hidden, in natural order."""
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(found, key=lambda path: natural(path.name))


def _part_folders(folder: Path) -> dict[str, Path]:
    """Return the folder of each part: the folder itself, if it has none for training."""
    below = {path.name.lower(): path for path in sub_folders(folder)}
    found = {part: below[name] for part, names in PARTS.items() for name in names if name in below}
    return found if "train" in found and sub_folders(found["train"]) else {"train": folder}


def _list_pictures(folder: Path) -> tuple[list[tuple[Path, str]], int]:
    """List the pictures of each class with its name; and count the other files."""
    listed, others = [], sum(_is_other(path) for path in folder.iterdir() if path.is_file())
    for place in sub_folders(folder):
        pictures = [path for path in images_in(place) if path.suffix.lower() != ".npy"]
        if not pictures:
            raise DataError(
                f"{escaped(str(place))} has no pictures; each sub-folder is a class, with its "
                "pictures in it"
            )
        listed += [(path, place.name) for path in pictures]
        others += sum(map(_is_other, place.iterdir())) - len(pictures)
    return listed, others


def _is_other(path: Path) -> bool:
    return not path.name.startswith(".")


def _read(path: Path, options: ImportOptions) -> NDArray[np.uint8]:
    """Read a picture as bytes, as the options say."""
    name = escaped(str(path))
    try:
        image = decode_pixels(read_content(path, name), name)
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error
    if options.transpose:
        image = image.T
    if options.invert:
        image = 255 - image
    if not (options.prepare or options.resize) and max(image.shape) > LARGEST:
        raise DataError(
            f"{name} has more than {LARGEST} pixels on a side; make it smaller: --resize 28x28, or "
            "--prepare for pictures of single characters"
        )
    return fitted(image, options, name)


def _of_two_sizes(*pictures: tuple[Path, tuple[int, ...]]) -> str:
    sizes = " and ".join(
        f"{escaped(str(path))} is {shape[0]}×{shape[1]}" for path, shape in pictures
    )
    side = PREPARED_SHAPE[0]
    return f"{sizes}; all must be of one size: --resize {side}x{side} makes them so"
