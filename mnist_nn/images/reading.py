"""Reading of picture files: their pixels, or a clear error.

Whatever is in a file, reading it takes some seconds and some hundred megabytes at most. Bytes,
pixels and scans are checked before they are decoded; decoded pixels stay in the file's own type and
become floats a few rows at a time.
"""

import os
import re
import select
import stat
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files import StrPath
from .colours import lay, mix_colours
from .decoding import FORMATS, decode
from .metadata import JPEG, PNG
from .npy import decode_npy, is_array

MAX_BYTES = 160_000_000  # of a file: 50 million pixels of three numbers, and some to spare
MAX_COMPRESSED = 100_000_000  # bytes of a PNG or JPEG
SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff"),
    *(".heic", ".heif", ".hif", ".avif", ".npy"),
}


class Picture(NamedTuple):
    """A picture as people see it, upright."""

    pixels: NDArray[np.float32]  # (h, w, 3): red, green and blue, 0 to 1
    scale: float  # pixels of the upright file per pixel of these


def images_in(folder: StrPath) -> list[Path]:
    """List the images in a folder by their suffixes, in natural order: 2.png before 10.png.

    Hidden files and folders are left out. OSError if the folder cannot be read.
    """
    paths = [
        path
        for path in Path(folder).iterdir()
        if path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and (path.is_file() or not path.exists())
    ]
    return sorted(paths, key=lambda path: natural(path.name))


def natural(name: str) -> tuple[list[str | int], str]:
    """Split a name into text and numbers, in turns, text first: a key for natural order."""
    parts = re.split(r"([0-9]{1,18})", name.lower())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def read_content(path: StrPath, name: str) -> bytes:
    """Read the bytes of an image, from a file, a pipe or a device.

    DataError if it is a folder, OSError if the file cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        if images_in(path):
            raise DataError(f"{name} is a folder, not an image")
        raise DataError(f"{name} is a folder without images ({FORMATS})")
    with path.open("rb") as file:
        return _content(file)


def _content(file: IO[bytes]) -> bytes:
    """Read all of a file, or one byte more than an image may have.

    A pipe is polled: a signal that arrives just before a blocking read would be handled only after
    it.
    """
    is_plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    if is_plain or os.name == "nt":  # Windows polls sockets only
        return file.read(MAX_BYTES + 1)
    content = bytearray()
    while len(content) <= MAX_BYTES:
        ready, _, _ = select.select([file], [], [], 0.1)
        if ready:
            block = os.read(file.fileno(), 1 << 20)
            if not block:
                break
            content += block
    return bytes(content[: MAX_BYTES + 1])


def decode_picture(content: bytes, name: str) -> Picture:
    """Decode a picture file.

    An array is (h, w), (h, w, 3) or (h, w, 4), with or without an axis of length 1, or flat and
    square: booleans, whole numbers of 0 to 255 or of 16 bits, or floats of any unit. Of an
    animation it is the first frame; a turned photograph is set upright; what is transparent is
    white, or black if all the rest is light. A picture with a side of more than 1,200 pixels is
    downscaled. It takes about 500 MB and ten seconds at most, whatever the content.

    DataError, which names the file `name`, if the content is damaged, too large (50 million
    pixels), or of another format; ConfigError if Pillow is needed and not installed.
    """
    return _decode(content, name, any_unit=True)


def decode_pixels(content: bytes, name: str) -> NDArray[np.uint8]:
    """Decode a picture file to bytes of brightness (h, w), 0 to 255.

    As `decode_picture` does, but floats must be of 0 to 1 or 0 to 255.
    """
    pixels = _decode(content, name, any_unit=False).pixels
    return np.rint(mix_colours(pixels, 1.0) * 255).astype(np.uint8)


def _decode(content: bytes, name: str, *, any_unit: bool) -> Picture:
    """Decode a picture file; `any_unit` allows floats that are not of 0 to 1 or 0 to 255."""
    if not content:
        raise DataError(f"{name} is empty")
    limit = MAX_COMPRESSED if content.startswith((PNG, JPEG)) else MAX_BYTES
    if len(content) > limit:
        raise DataError(f"{name} is larger than {limit:,} bytes; make it smaller first")
    read = decode_npy if is_array(content) else decode
    try:
        pixels, scale = read(content, name, any_unit=any_unit)
        if pixels.ndim == 2:
            pixels = np.broadcast_to(pixels[..., None], (*pixels.shape, 3))
        elif pixels.shape[2] == 4:
            pixels = lay(pixels)
        return Picture(pixels.astype(np.float32, order="C"), scale)
    except MemoryError as error:
        raise DataError(f"{name} needs more memory than there is; make it smaller first") from error
