"""Reading of image files: brightness of the pixels, or a clear error.

Whatever is in a file, reading it takes some seconds and some hundred megabytes at most. Bytes,
pixels and scans are checked before they are decoded; decoded pixels stay in the file's own type and
become floats tile by tile.
"""

import io
import os
import re
import select
import stat
import warnings
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError
from ..extras import install_command
from ..files import StrPath
from .downscale import MAX_SIDE, downscale
from .metadata import JPEG, PNG, Stripped, strip_metadata

Grey = NDArray[np.float64]

MAX_PIXELS = 50_000_000
MAX_LENGTH = 100_000  # pixels of a side
MAX_BYTES = 160_000_000  # of a file: 50 million pixels of three numbers, and some to spare
MAX_COMPRESSED = 100_000_000  # bytes of a PNG or JPEG
MAX_SCANS = 100  # of a JPEG; progressive ones have about ten
MAX_SCANNED = 1_000_000_000  # pixels of a JPEG times scans
MAX_COEFFICIENTS = 160_000_000  # of a JPEG: pixels times colours
MAX_RLE = 10_000_000  # pixels of a run-length encoded BMP, and its bytes: they decode slowly
MAX_WEBP = 20_000_000  # pixels of a WebP, which is decoded in several copies
HUGE = 16_000_000  # pixels: a larger JPEG is decoded at a half, a quarter or an eighth of its size
FORMATS = "PNG, JPEG, BMP, GIF, WebP, TIFF or .npy"
DECODERS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")  # of Pillow
SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib"),
    *(".gif", ".webp", ".tif", ".tiff", ".npy"),
}
NPY = b"\x93NUMPY"
WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in brightness (ITU-R BT.601)


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


def read_image(path: StrPath, name: str | None = None) -> Grey:
    """Read an image from a file, a pipe or a device, as `decode_image` does.

    `name` is for error messages. OSError if the file cannot be read.
    """
    name = name or str(path)
    return decode_image(read_content(path, name), name)


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


def decode_image(content: bytes, name: str) -> Grey:
    """Decode an image file to brightness of shape (h, w), in the file's own unit.

    An array is (h, w), (h, w, 3) or (h, w, 4), of uint8 or floats. Of an animation it is the first
    frame; a turned photograph is set upright; transparent pixels are white. An image with a side of
    more than 600 pixels is downscaled. It takes about 500 MB and ten seconds at most, whatever the
    content.

    DataError, which names the file `name`, if the content is damaged, too large (50 million
    pixels), or of another format; ConfigError if Pillow is needed and not installed.
    """
    return _decode(content, name)[0]


def decode_pixels(content: bytes, name: str) -> NDArray[np.uint8]:
    """Decode an image file, as `decode_image` does, to bytes: 0 is black, 255 white."""
    grey, white = _decode(content, name)
    rounding = 1e-9 * white  # of mixed colours
    if not ((grey >= -rounding) & (grey <= white + rounding)).all():
        raise DataError(f"{name} has pixels that are not from 0 to {white:g}")
    return np.rint(grey * (255 / white)).astype(np.uint8)


def is_array(content: bytes) -> bool:
    """Return whether a file is a ``.npy``."""
    return content.startswith(NPY)


def _decode(content: bytes, name: str) -> tuple[Grey, float]:
    """Return brightness of shape (h, w), and that of white."""
    if not content:
        raise DataError(f"{name} is empty")
    limit = MAX_COMPRESSED if content.startswith((PNG, JPEG)) else MAX_BYTES
    if len(content) > limit:
        raise DataError(f"{name} is larger than {limit:,} bytes; make it smaller first")
    try:
        return _of_npy(content, name) if is_array(content) else _of_image(content, name)
    except MemoryError as error:
        raise DataError(f"{name} needs more memory than there is; make it smaller first") from error


def _of_npy(content: bytes, name: str) -> tuple[Grey, float]:
    """Read an array, checking its header first, which could claim any size."""
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        first = version == (1, 0)
        formats = np.lib.format
        header = formats.read_array_header_1_0 if first else formats.read_array_header_2_0
        shape, by_columns, dtype = header(file)
    except Exception as error:  # a hostile header causes ValueError, SyntaxError, UnicodeError, …
        raise DataError(f"{name} is a damaged .npy file") from error
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (3, 4)):
        raise DataError(f"{name} has the shape {shape}; an image is (h, w), (h, w, 3) or (h, w, 4)")
    if dtype.kind != "f" and dtype != np.uint8:
        raise DataError(f"{name} holds {dtype}; an image has uint8 or floats")
    check_size(shape[1], shape[0], name)
    count = int(np.prod(shape, dtype=object))
    if len(content) - file.tell() < count * dtype.itemsize:
        raise DataError(f"{name} is cut short")
    pixels = np.frombuffer(content, dtype, count, offset=file.tell())
    pixels = pixels.reshape(shape, order="F" if by_columns else "C")
    white = 255.0 if dtype == np.uint8 else 1.0
    with np.errstate(all="ignore"):  # prepare() checks that all is finite
        return downscale(pixels, partial(_grey, white=white)), white


def _grey(pixels: NDArray[Any], white: float) -> Grey:
    """Return the brightness of pixels (h, w), (h, w, 3) or (h, w, 4)."""
    return pixels.astype(np.float64) if pixels.ndim == 2 else mix_colours(pixels, white)


def mix_colours(pixels: NDArray[Any], white: float) -> Grey:
    """Mix colours (…, 3), or (…, 4), over white where they are transparent, to brightness."""
    grey = np.zeros(pixels.shape[:-1])
    for i, weight in enumerate(WEIGHTS):
        grey += pixels[..., i] * weight
    if pixels.shape[-1] == 4:
        grey -= white
        grey *= pixels[..., 3] / white
        grey += white
    return grey


def _of_image(content: bytes, name: str) -> tuple[Grey, float]:
    """Decode with Pillow, checking first what the header claims."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ConfigError(
            f"images need Pillow (.npy files do not)\n{install_command('images')}"
        ) from error
    stripped = strip_metadata(content, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, and of sizes, which are checked here
        try:
            image = Image.open(io.BytesIO(stripped.content), formats=DECODERS)
        except UnidentifiedImageError as error:
            raise DataError(f"{name} is not an image that can be read; use {FORMATS}") from error
        except Image.DecompressionBombError as error:
            raise DataError(_too_large(name)) from error
        except Exception as error:
            raise DataError(f"{name} is damaged: {error}") from error
        check_size(*image.size, name)
        _check_work(image, stripped, name)
        try:
            pixels = _turned(_pixels(image), stripped.orientation)
        except MemoryError:
            raise
        except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, …
            raise DataError(f"{name} is damaged: {error}") from error
    white = float(np.iinfo(pixels.dtype).max)
    return downscale(pixels, partial(_grey, white=white)), white


def _check_work(image: Any, stripped: Stripped, name: str) -> None:
    """Refuse small files that decode slowly; have a huge JPEG decoded at a smaller size."""
    n, scans = image.width * image.height, stripped.scans
    if image.format == "JPEG":
        if scans > MAX_SCANS or scans * n > MAX_SCANNED:
            raise DataError(f"{name} has {scans:,} scans, too many for its size; save it again")
        if n * len(image.getbands()) > MAX_COEFFICIENTS:
            raise DataError(
                f"{name} has more than {MAX_COEFFICIENTS:,} numbers; make it smaller first"
            )
        if n > HUGE:
            image.draft(None, (2 * MAX_SIDE, 2 * MAX_SIDE))
    if image.format == "WEBP" and n > MAX_WEBP:
        raise DataError(f"{name} is a WebP of more than {MAX_WEBP:,} pixels; save it as a PNG")
    is_rle = any(tile[0] == "bmp_rle" for tile in image.tile or ())
    if is_rle and max(n, len(stripped.content)) > MAX_RLE:
        raise DataError(f"{name} is a large run-length encoded BMP; save it as a PNG")


def _pixels(image: Any) -> NDArray[Any]:
    """Convert an image of any mode to grey, some rows at a time."""
    image.load()
    deep = image.mode.startswith(("I", "F"))  # more than 8 bits, which are kept
    pixels = np.empty((image.height, image.width), np.uint16 if deep else np.uint8)
    rows = max(1, 1_000_000 // image.width)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(image.height, top + rows)))
        pixels[top : top + rows] = np.asarray(band if deep else _without_colours(band))
    return pixels


def _without_colours(image: Any) -> Any:
    """Convert an image to 8 bits of grey, over white where it is transparent."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    if image.mode not in ("L", "1"):
        image = image.convert("RGB")
    return image.convert("L")


def _turned(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Set an image upright by EXIF's orientation: 2, 4, 5 and 7 are mirrored."""
    if orientation in (2, 4, 5, 7):
        pixels = pixels[:, ::-1]
    return np.rot90(pixels, {3: 2, 4: 2, 5: 1, 6: -1, 7: -1, 8: 1}.get(orientation, 0))


def check_size(width: int, height: int, name: str) -> None:
    """Refuse more than 50 million pixels or 100,000 in a row, and fewer than one."""
    if width < 1 or height < 1:
        raise DataError(f"{name} has no pixels: it is {width}×{height}")
    if width * height > MAX_PIXELS:
        raise DataError(_too_large(name, f": {width:,}×{height:,}"))
    if max(width, height) > MAX_LENGTH:
        raise DataError(
            f"{name} has a side of more than {MAX_LENGTH:,} pixels: {width:,}×{height:,}; "
            "cut the digit out first"
        )


def _too_large(name: str, size: str = "") -> str:
    return f"{name} has more than {MAX_PIXELS:,} pixels{size}; make it smaller first"
