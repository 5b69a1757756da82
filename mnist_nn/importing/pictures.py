"""Reading of a folder of pictures, with one sub-folder for each class."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, escaped, shown
from ..images import PREPARED_SHAPE, decode_picture, decode_pixels, images_in, natural, read_content
from .array_files import check_room
from .pairing import PARTS
from .pixels import fitted, oriented, prepared
from .source import ImportOptions, MakeBar, Part, Source

LARGEST = 300  # pixels of a side that is not resized
NOTE = "pictures are read as grey, transparent ones on white (on black if all in them is light)"


def read_pictures(folder: Path, options: ImportOptions, make_bar: MakeBar) -> Source:
    """Read the pictures of a folder; DataError names the file that is wrong."""
    folders, left = _part_folders(folder)
    listed, others = {}, 0
    for part, place in folders.items():
        listed[part], more = _list_pictures(place)
        others += more
    notes = [NOTE]
    if left:
        notes.append(f"left out: {', '.join(left[:5])}")
    if others:
        notes.append(f"{others:,} files or folders that are no pictures were left out")
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
                    check_room(len(pictures) * image.size, "make them smaller: --resize 28x28")
                    x = np.empty((len(pictures), *image.shape), np.uint8)
                x[i] = image
                bar.update(1)
            assert x is not None  # _list_pictures finds at least one for each class
            parts[part] = Part(x, np.array([name for _, name in pictures]))
    return Source(parts, (folder.name,), notes, are_pictures=True)


def sub_folders(folder: Path) -> list[Path]:
    """List the sub-folders that are not hidden, in natural order."""
    found = [path for path in folder.iterdir() if path.is_dir() and _is_shown(path)]
    return sorted(found, key=lambda path: natural(path.name))


def _part_folders(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Return the folder of each part, and the names of others.

    It is the folder itself if it has none for training, in which there are more.
    """
    below = sub_folders(folder)
    known = {PARTS[path.name.lower()]: path for path in below if path.name.lower() in PARTS}
    if "train" not in known or not sub_folders(known["train"]):
        return {"train": folder}, []
    found: dict[str, Path] = {part: known[part] for part in ("train", "test") if part in known}
    return found, [shown(path.name) for path in below if path not in found.values()]


def _list_pictures(folder: Path) -> tuple[list[tuple[Path, str]], int]:
    """List the pictures of each class with its name; and count the other files."""
    listed, others = [], sum(_is_shown(path) for path in folder.iterdir() if path.is_file())
    for place in sub_folders(folder):
        pictures = [path for path in images_in(place) if path.suffix.lower() != ".npy"]
        if not pictures:
            raise DataError(
                f"{escaped(str(place))} has no pictures; each sub-folder is a class, with its "
                "pictures in it"
            )
        listed += [(path, place.name) for path in pictures]
        others += sum(map(_is_shown, place.iterdir())) - len(pictures)
    return listed, others


def _is_shown(path: Path) -> bool:
    """Return whether a file or folder is neither hidden nor what macOS adds to archives."""
    return not path.name.startswith(".") and path.name != "__MACOSX"


def _read(path: Path, options: ImportOptions) -> NDArray[np.uint8]:
    """Read a picture as bytes, as the options say."""
    name = escaped(str(path))
    try:
        content = read_content(path, name)
        if options.prepare:
            pixels = decode_picture(content, name).pixels  # of which prepare finds out what is ink
            return prepared(pixels.swapaxes(0, 1) if options.transpose else pixels, name)
        image = decode_pixels(content, name)
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error
    if not options.resize and max(image.shape) > LARGEST:
        raise DataError(
            f"{name} has more than {LARGEST} pixels on a side; make it smaller: --resize 28x28, or "
            "--prepare for pictures of single characters"
        )
    return fitted(oriented(image, options), options, name)


def _of_two_sizes(*pictures: tuple[Path, tuple[int, ...]]) -> str:
    sizes = " and ".join(
        f"{escaped(str(path))} is {shape[0]}×{shape[1]}" for path, shape in pictures
    )
    side = PREPARED_SHAPE[0]
    return f"{sizes}; all must be of one size: --resize {side}x{side} makes them so"
