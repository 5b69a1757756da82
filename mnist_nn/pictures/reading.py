"""Reading: a file of any usual kind becomes the brightness of its pixels, or a clear complaint."""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError
from ..files import StrPath

Grey = NDArray[np.float64]

MAX_PIXELS = 50_000_000
MAX_BYTES = 500_000_000  # of a file: 50 million pixels of three numbers, and some to spare
FORMATS = ("PNG", "JPEG", "BMP")
KINDS = "PNG, JPEG, BMP or .npy"
NPY = b"\x93NUMPY"
WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in brightness (ITU-R BT.601)


def read_picture(path: StrPath) -> Grey:
    """Read a picture from a file.

    Parameters
    ----------
    path
        A PNG, JPEG, BMP or .npy, whatever its name ends with.

    Returns
    -------
    ndarray of shape (h, w)
        As `decode_picture` has it.

    Raises
    ------
    ConfigError, DataError
        As of `decode_picture`.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is no file")
    with path.open("rb") as file:
        return decode_picture(file.read(MAX_BYTES + 1), str(path))


def decode_picture(content: bytes, name: str) -> Grey:
    """Decode a picture.

    Of an animation it is the first frame; a turned photograph is set upright; what is transparent
    is seen on white.

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
        Brightness, in the unit that the file has.

    Raises
    ------
    ConfigError
        If Pillow, which decodes all but .npy, is not installed.
    DataError
        If the content is too large, damaged, or of another kind.
    """
    if not content:
        raise DataError(f"{name} is empty")
    if len(content) > MAX_BYTES:
        raise DataError(f"{name} is larger than {MAX_BYTES:,} bytes; make it smaller first")
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
        shape, _, dtype = header(file)
    except Exception as error:  # ValueError, SyntaxError, UnicodeError, … of a hostile header
        raise DataError(f"{name} is a damaged .npy file") from error
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (3, 4)):
        raise DataError(
            f"{name} has the shape {shape}; a picture is (h, w), (h, w, 3) or (h, w, 4)"
        )
    if dtype.kind != "f" and dtype != np.uint8:
        raise DataError(f"{name} holds {dtype}; a picture is of uint8 or floats")
    check_size(shape[1], shape[0], name)
    if len(content) - file.tell() < np.prod(shape, dtype=object) * dtype.itemsize:
        raise DataError(f"{name} is cut short")
    file.seek(0)
    pixels = np.load(file, allow_pickle=False)
    with np.errstate(all="ignore"):  # prepare() complains about what is not finite
        return _grey(pixels, 255.0 if dtype == np.uint8 else 1.0)


def _grey(pixels: NDArray[Any], white: float) -> Grey:
    """Mix the colours, over white where they are transparent; in place, for they may be many."""
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
    """Let Pillow decode, after a look at the size that the header claims."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise ConfigError(
            "pictures need Pillow (.npy files do not)\npip install 'mnist-nn[pictures]'"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata; and our own limit is the lower one
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except UnidentifiedImageError as error:
            raise DataError(f"{name} is no picture that can be read; use {KINDS}") from error
        except Image.DecompressionBombError as error:
            raise DataError(_too_large(name)) from error
        except Exception as error:
            raise DataError(f"{name} is damaged: {error}") from error
        check_size(*image.size, name)
        try:
            return _pixels(ImageOps.exif_transpose(image))
        except MemoryError:
            raise
        except Exception as error:  # each decoder has its own: OSError, SyntaxError, struct.error
            raise DataError(f"{name} is damaged: {error}") from error


def _pixels(image: Any) -> Grey:
    """Turn whatever mode an image has into grey."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # more than 8 bits: no need to round them
        return np.asarray(image, np.float64)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    if image.mode not in ("L", "1"):
        image = image.convert("RGB").convert("L")
    return np.asarray(image.convert("L"), np.float64)


def check_size(width: int, height: int, name: str) -> None:
    """Refuse more than 50 million pixels, and fewer than one.

    Raises
    ------
    DataError
        Naming the file.
    """
    if width < 1 or height < 1:
        raise DataError(f"{name} has no pixels: it is {width}×{height}")
    if width * height > MAX_PIXELS:
        raise DataError(_too_large(name, f": {width:,}×{height:,}"))


def _too_large(name: str, size: str = "") -> str:
    return f"{name} has more than {MAX_PIXELS:,} pixels{size}; make it smaller first"
