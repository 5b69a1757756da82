"""Reading: a file of any usual kind becomes the brightness of its pixels, or a clear complaint.

Whatever is in the file, reading it takes some seconds and some hundred megabytes at most. Its
bytes, its pixels and the passes over them are counted before they are decoded; what has been
decoded stays in the numbers of the file, and becomes floats a tile at a time.
"""

import io
import os
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
from .folder import images_in
from .metadata import JPEG, PNG, Stripped, strip_metadata

Grey = NDArray[np.float64]

MAX_PIXELS = 50_000_000
MAX_LENGTH = 100_000  # pixels of a side
MAX_BYTES = 160_000_000  # of a file: 50 million pixels of three numbers, and some to spare
MAX_COMPRESSED = 100_000_000  # of a PNG or JPEG
MAX_SCANS = 100  # of a JPEG; progressive ones have about ten
MAX_SCANNED = 1_000_000_000  # pixels of a JPEG times scans
MAX_COEFFICIENTS = 160_000_000  # of a JPEG: pixels times colours
MAX_RUNS = 10_000_000  # pixels of a BMP of runs, and its bytes: they are slow to decode
HUGE = 16_000_000  # pixels: a larger JPEG is decoded at a half, a quarter or an eighth of its size
BAND = 1_000_000  # pixels that are converted at a time
PIECE = 1 << 20  # bytes of a pipe that are read at a time
TURN = 0.1  # seconds that a pipe is waited for at a time
FORMATS = ("PNG", "JPEG", "BMP")
KINDS = "PNG, JPEG, BMP or .npy"
NPY = b"\x93NUMPY"
WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in brightness (ITU-R BT.601)


def read_image(path: StrPath, name: str | None = None) -> Grey:
    """Read an image from a file.

    Parameters
    ----------
    path
        A PNG, JPEG, BMP or .npy, whatever its name ends with; or a pipe or device that has one.
    name
        For error messages; None for that of the file.

    Returns
    -------
    ndarray of shape (h, w)
        As `decode_image` has it.

    Raises
    ------
    ConfigError, DataError
        As of `decode_image`.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    name = name or str(path)
    if path.is_dir():
        if images_in(path):
            raise DataError(f"{name} is a folder, not an image")
        raise DataError(f"{name} is a folder without images ({KINDS})")
    with path.open("rb") as file:
        return decode_image(_content(file), name)


def _content(file: IO[bytes]) -> bytes:
    """Read one byte more than an image may have, or all.

    A pipe is waited for in short turns: a signal that comes just before a read that waits would
    else be answered only after it.
    """
    is_plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    if is_plain or os.name == "nt":  # where only sockets can be waited for
        return file.read(MAX_BYTES + 1)
    content = bytearray()
    while len(content) <= MAX_BYTES:
        ready, _, _ = select.select([file], [], [], TURN)
        if ready:
            piece = os.read(file.fileno(), PIECE)
            if not piece:
                break
            content += piece
    return bytes(content[: MAX_BYTES + 1])


def decode_image(content: bytes, name: str) -> Grey:
    """Decode an image.

    Of an animation it is the first frame; a turned photograph is set upright; what is transparent
    is seen on white. It takes 500 MB and ten seconds at most, or about that, whatever the content.

    Parameters
    ----------
    content
        The bytes of a PNG, JPEG or BMP, of at most 50 million pixels, or of a .npy file: an array
        of shape (h, w), (h, w, 3) or (h, w, 4) of uint8 or floats.
    name
        For error messages.

    Returns
    -------
    ndarray of shape (h, w)
        Brightness, in the unit that the file has. An image with a side of more than 600 pixels is
        reduced, by averaging blocks of them.

    Raises
    ------
    ConfigError
        If Pillow, which decodes all but .npy, is not installed.
    DataError
        If the content is too large, damaged, or of another kind.
    """
    if not content:
        raise DataError(f"{name} is empty")
    limit = MAX_COMPRESSED if content.startswith((PNG, JPEG)) else MAX_BYTES
    if len(content) > limit:
        raise DataError(f"{name} is larger than {limit:,} bytes; make it smaller first")
    try:
        return _of_npy(content, name) if content.startswith(NPY) else _of_image(content, name)
    except MemoryError as error:
        raise DataError(f"{name} needs more memory than there is; make it smaller first") from error


def _of_npy(content: bytes, name: str) -> Grey:
    """Read an array, after a look at its header: what it claims may be more than there is."""
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        header = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, by_columns, dtype = header(file)
    except Exception as error:  # ValueError, SyntaxError, UnicodeError, … of a hostile header
        raise DataError(f"{name} is a damaged .npy file") from error
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (3, 4)):
        raise DataError(f"{name} has the shape {shape}; an image is (h, w), (h, w, 3) or (h, w, 4)")
    if dtype.kind != "f" and dtype != np.uint8:
        raise DataError(f"{name} holds {dtype}; an image is of uint8 or floats")
    check_size(shape[1], shape[0], name)
    count = int(np.prod(shape, dtype=object))
    if len(content) - file.tell() < count * dtype.itemsize:
        raise DataError(f"{name} is cut short")
    pixels = np.frombuffer(content, dtype, count, offset=file.tell())
    pixels = pixels.reshape(shape, order="F" if by_columns else "C")
    white = 255.0 if dtype == np.uint8 else 1.0
    with np.errstate(all="ignore"):  # prepare() complains about what is not finite
        return downscale(pixels, partial(_grey, white=white))


def _grey(pixels: NDArray[Any], white: float) -> Grey:
    """Mix the colours, over white where they are transparent."""
    if pixels.ndim == 2:
        return pixels.astype(np.float64)
    grey = np.zeros(pixels.shape[:2])
    for i, weight in enumerate(WEIGHTS):
        grey += pixels[..., i] * weight
    if pixels.shape[2] == 4:
        grey -= white
        grey *= pixels[..., 3] / white
        grey += white
    return grey


def _of_image(content: bytes, name: str) -> Grey:
    """Let Pillow decode, after a look at what the header claims."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ConfigError(
            f"images need Pillow (.npy files do not)\n{install_command('images')}"
        ) from error
    stripped = strip_metadata(content, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata; and our own limit is the lower one
        try:
            image = Image.open(io.BytesIO(stripped.content), formats=FORMATS)
        except UnidentifiedImageError as error:
            raise DataError(f"{name} is no image that can be read; use {KINDS}") from error
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
        except Exception as error:  # each decoder has its own: OSError, SyntaxError, struct.error
            raise DataError(f"{name} is damaged: {error}") from error
    return downscale(pixels, partial(_grey, white=255.0))


def _check_work(image: Any, stripped: Stripped, name: str) -> None:
    """Refuse what takes long to decode although it is small; have a huge JPEG decoded reduced."""
    n, scans = image.width * image.height, stripped.scans
    if image.format == "JPEG":
        if scans > MAX_SCANS or scans * n > MAX_SCANNED:
            raise DataError(f"{name} has {scans:,} scans, too many for its size; save it anew")
        if n * len(image.getbands()) > MAX_COEFFICIENTS:
            raise DataError(
                f"{name} has more than {MAX_COEFFICIENTS:,} numbers; make it smaller first"
            )
        if n > HUGE:
            image.draft(None, (2 * MAX_SIDE, 2 * MAX_SIDE))
    runs = any(tile[0] == "bmp_rle" for tile in image.tile or ())
    if runs and max(n, len(stripped.content)) > MAX_RUNS:
        raise DataError(f"{name} is a large BMP of runs (RLE); save it as a PNG")


def _pixels(image: Any) -> NDArray[Any]:
    """Turn whatever mode an image has into grey, some rows at a time."""
    image.load()
    deep = image.mode.startswith(("I", "F"))  # more than 8 bits: no need to round them
    pixels = np.empty((image.height, image.width), np.uint16 if deep else np.uint8)
    rows = max(1, BAND // image.width)
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
    """Set an image upright, as EXIF says: mirrored if 2, 4, 5 or 7, and turned."""
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
