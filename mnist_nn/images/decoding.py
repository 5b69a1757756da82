"""Decoding of pictures with Pillow, after checks of what decoding them would take."""

import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError
from ..extras import install_command
from .colours import find_range
from .limits import MAX_SIDE, check_size, too_large
from .metadata import Stripped, exif_orientation, strip_metadata

Floats = NDArray[np.float64]

MAX_SCANS = 100  # of a JPEG; progressive ones have about ten
MAX_SCANNED = 1_000_000_000  # pixels of a JPEG times scans
MAX_COEFFICIENTS = 160_000_000  # of a JPEG: pixels times colours
MAX_RLE = 10_000_000  # pixels of a run-length encoded BMP, and its bytes: they decode slowly
MAX_WEBP = 20_000_000  # pixels of a WebP, which is decoded in several copies
FORMATS = "PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC, AVIF or .npy"
DECODERS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}  # brands
AVIF = {b"avif", b"avis"}


def decode(content: bytes, name: str, *, any_unit: bool) -> tuple[Floats, float]:
    """Return the pixels of a picture, upright, and how much they were downscaled.

    They are (h, w), (h, w, 3) or, with colours multiplied by their opacity, (h, w, 4), of 0 to 1.
    `any_unit` allows floats that are neither of 0 to 1 nor of 0 to 255.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ConfigError(
            f"images need Pillow (.npy files do not)\n{install_command('images')}"
        ) from error
    decoders = [*DECODERS, *_more_decoders(content, name)]
    stripped = strip_metadata(content, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, and of sizes, which are checked here
        try:
            image = Image.open(io.BytesIO(stripped.content), formats=decoders)
        except UnidentifiedImageError as error:
            raise DataError(f"{name} is not an image that can be read; use {FORMATS}") from error
        except Image.DecompressionBombError as error:
            raise DataError(too_large(name)) from error
        except Exception as error:
            raise DataError(f"{name} is damaged: {_in_a_line(error)}") from error
        check_size(*image.size, name)
        longest = max(image.size)
        _check_work(image, stripped, name)
        try:
            pixels = _pixels(image)
            if image.format in ("WEBP", "AVIF"):
                stripped = stripped._replace(
                    orientation=exif_orientation(image.info.get("exif", b"")) or 1
                )
        except MemoryError:
            raise
        except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, …
            raise DataError(f"{name} is damaged: {_in_a_line(error)}") from error
    scale = longest / max(pixels.shape[:2])
    if pixels.dtype == np.uint8:
        pixels = pixels / 255
    else:
        dtype = np.dtype(np.uint16 if image.mode.startswith("I") else np.float32)
        black, white = find_range(pixels, dtype, name, any_unit=any_unit)
        pixels = (pixels - black) / (white - black)
    return _turned(pixels, stripped.orientation), scale


def _in_a_line(error: Exception) -> str:
    """Return a decoder's message as one line, which some end with a line break."""
    return " ".join(str(error).split())


def _more_decoders(content: bytes, name: str) -> list[str]:
    """Return Pillow's decoder of a HEIC or AVIF, as its first box says; DataError without one."""
    if content[4:8] != b"ftyp":
        return []
    box = content[8 : min(int.from_bytes(content[:4], "big"), 1000)]
    brands = {box[i : i + 4] for i in range(0, len(box), 4)}
    if brands & AVIF:
        from PIL import Image

        if ".avif" not in Image.registered_extensions():
            raise DataError(f"{name} is an AVIF, which needs a newer Pillow: pip install -U pillow")
        return ["AVIF"]
    if brands & HEIC:
        try:
            from pillow_heif import register_heif_opener
        except ImportError as error:
            raise DataError(
                f"{name} is a HEIC, which needs pillow-heif: pip install pillow-heif"
            ) from error
        register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
        return ["HEIF"]
    return []


def _check_work(image: Any, stripped: Stripped, name: str) -> None:
    """Refuse small files that decode slowly; have a large JPEG decoded at a smaller size."""
    n, scans = image.width * image.height, stripped.scans
    if image.format == "JPEG":
        if scans > MAX_SCANS or scans * n > MAX_SCANNED:
            raise DataError(f"{name} has {scans:,} scans, too many for its size; save it again")
        if n * len(image.getbands()) > MAX_COEFFICIENTS:
            raise DataError(
                f"{name} has more than {MAX_COEFFICIENTS:,} numbers; make it smaller first"
            )
        image.draft(None, [max(1, MAX_SIDE * side // max(image.size)) for side in image.size])
    if image.format == "WEBP" and n > MAX_WEBP:
        raise DataError(f"{name} is a WebP of more than {MAX_WEBP:,} pixels; save it as a PNG")
    is_rle = any(tile[0] == "bmp_rle" for tile in image.tile or ())
    if is_rle and max(n, len(stripped.content)) > MAX_RLE:
        raise DataError(f"{name} is a large run-length encoded BMP; save it as a PNG")


def _pixels(image: Any) -> NDArray[Any]:
    """Decode an image of any mode and downscale it: bytes, or floats if it has more bits.

    It is averaged in blocks, some rows at a time, and then fitted to `MAX_SIDE`.
    """
    from PIL import Image

    image.load()
    mode = _mode(image)
    longest = max(image.size)
    block = max(1, longest // MAX_SIDE)
    w, h = (-(-side // block) for side in image.size)
    result = Image.new(mode, (w, h))
    step = block * max(1, 1_000_000 // (block * image.width))
    for top in range(0, image.height, step):
        rows = image.crop((0, top, image.width, min(top + step, image.height)))
        result.paste(_converted(rows, mode).reduce(block), (0, top // block))
    if max(w, h) > MAX_SIDE:
        sides = (max(1, round(MAX_SIDE * side / longest)) for side in image.size)
        result = result.resize(tuple(sides), Image.Resampling.BILINEAR)
    return np.asarray(result)


def _mode(image: Any) -> str:
    """Choose the mode in which an image is averaged."""
    if image.mode.startswith(("I", "F")):  # more than 8 bits
        return "F"
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return "RGBa"  # multiplied by the opacity
    return "L" if image.mode in ("L", "1") else "RGB"


def _converted(rows: Any, mode: str) -> Any:
    """Convert some rows of an image."""
    if mode == "RGBa" and rows.mode not in ("RGBA", "RGBa"):
        rows = rows.convert("RGBA")
    return rows.convert(mode)


def _turned(pixels: Floats, orientation: int) -> Floats:
    """Set an image upright by EXIF's orientation: 2, 4, 5 and 7 are mirrored."""
    if orientation in (2, 4, 5, 7):
        pixels = pixels[:, ::-1]
    return np.rot90(pixels, {3: 2, 4: 2, 5: 1, 6: -1, 7: -1, 8: 1}.get(orientation, 0))
