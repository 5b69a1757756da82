"""A folder's images, in the order in which a person counts them."""

import re
from pathlib import Path

from ..files import StrPath

SUFFIXES = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".npy"}


def images_in(folder: StrPath) -> list[Path]:
    """List the images in a folder, by the ends of their names: 2.png comes before 10.png.

    Hidden files, folders and what is neither file nor link are left out.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    paths = [
        path
        for path in Path(folder).iterdir()
        if path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and (path.is_file() or not path.exists())
    ]
    return sorted(paths, key=_natural)


def _natural(path: Path) -> tuple[list[str | int], str]:
    """Order numbers in a name by their value; text and numbers take turns, text first."""
    parts = re.split(r"([0-9]{1,18})", path.name.lower())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], path.name
