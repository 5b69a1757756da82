"""Crops of digits: each one cut out of its picture, with some paper around it, as a PNG."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..extras import install_command
from ..files import atomic_write
from ..images import Box
from ..outputs import check_output
from .picture_reading import STDIN, Reading

MARGIN = 0.2  # of the digit's longer side: paper on each side of it
MAX_STEM, MAX_CLASS = 40, 20  # characters of a crop's name that are those of the picture, the class


class CropsFolder:
    """A new folder of crops: of the picture ``photo.jpg`` they are ``photo-001-7.png``, ….

    The number is that of the digit in reading order, then comes its class. ConfigError if the
    folder has anything in it or cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._stems = folder, set[str]()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            is_empty = not any(folder.iterdir())
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"--crops {folder}: {reason}; name a new folder") from error
        if not is_empty:
            raise ConfigError(f"--crops {folder}: the folder is not empty; name a new one")
        check_output(folder / "photo-001-7.png", "--crops")

    def write(self, reading: Reading, record: dict[str, Any]) -> None:
        """Write the crops of one picture; its records get their paths, as ``crop``."""
        try:
            from PIL import Image
        except ImportError as error:
            raise ConfigError(f"--crops needs Pillow\n{install_command('images')}") from error
        if reading.picture is None:
            return
        pixels, stem = reading.picture.pixels, self._stem(record["file"])
        for number, (digit, of) in enumerate(
            zip(reading.digits, record["digits"], strict=True), start=1
        ):
            name = re.sub(r"\W", "_", of["class"])[:MAX_CLASS] if of["known"] else "unknown"
            path = self._folder / f"{stem}-{number:03}-{name}.png"
            crop = np.rint(pixels[_with_margin(digit.box)] * 255).clip(0, 255).astype(np.uint8)
            file = io.BytesIO()
            Image.fromarray(crop).save(file, format="PNG")
            with atomic_write(path) as target:
                target.write(file.getvalue())
            of["crop"] = str(path)

    def _stem(self, path: str) -> str:
        """Return the beginning of the names of a picture's crops, another for each picture."""
        stem = "stdin" if path == STDIN else Path(path).stem[:MAX_STEM]
        unique, n = stem, 1
        while unique.lower() in self._stems:  # some file systems ignore case
            n += 1
            unique = f"{stem}_{n}"
        self._stems.add(unique.lower())
        return unique


def _with_margin(box: Box) -> tuple[slice, slice]:
    """Return the rows and columns of a box and some paper around it."""
    margin = round(MARGIN * max(box.height, box.width))
    rows = slice(max(box.top - margin, 0), box.bottom + margin)
    return rows, slice(max(box.left - margin, 0), box.right + margin)
