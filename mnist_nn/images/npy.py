"""Reading of pictures from ``.npy`` files."""

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .colours import find_range
from .limits import MAX_SIDE, check_size

NPY = b"\x93NUMPY"
SHAPES = "(h, w), (h, w, 1), (h, w, 3), (h, w, 4), (1, h, w) or (n·n,)"


def is_array(content: bytes) -> bool:
    """Return whether a file is a ``.npy``."""
    return content.startswith(NPY)


def decode_npy(content: bytes, name: str, *, any_unit: bool) -> tuple[NDArray[np.float64], float]:
    """Return the pixels of an array, of 0 to 1, and how much they were downscaled.

    They are (h, w), (h, w, 3) or, with colours multiplied by their opacity, (h, w, 4). `any_unit`
    allows floats that are neither of 0 to 1 nor of 0 to 255.
    """
    pixels = _read(content, name)
    black, white = find_range(pixels, pixels.dtype, name, any_unit=any_unit)

    def convert(rows: NDArray[Any]) -> NDArray[np.float64]:
        values = (rows - np.float64(black)) / (white - black)
        if values.ndim == 3 and values.shape[2] == 4:
            values[..., :3] *= values[..., 3:]
        return values

    reduced = _downscaled(pixels, convert)
    return reduced, max(pixels.shape[:2]) / max(reduced.shape[:2])


def _read(content: bytes, name: str) -> NDArray[Any]:
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
    if dtype.kind not in "biuf":
        raise DataError(f"{name} holds {dtype}; a picture has whole numbers, floats or booleans")
    sides = _sides(shape)
    if sides is None:
        raise DataError(f"{name} has the shape {shape}; a picture is {SHAPES}")
    check_size(sides[1], sides[0], name)
    count = int(np.prod(shape, dtype=object))
    if len(content) - file.tell() < count * dtype.itemsize:
        raise DataError(f"{name} is cut short")
    pixels = np.frombuffer(content, dtype, count, offset=file.tell())
    return pixels.reshape(shape, order="F" if by_columns else "C").reshape(sides)


def _sides(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape of an array as (h, w), (h, w, 3) or (h, w, 4); None if it is no picture."""
    if len(shape) == 1 and shape[0] > 0 and math.isqrt(shape[0]) ** 2 == shape[0]:
        return (math.isqrt(shape[0]),) * 2
    if len(shape) == 3 and shape[2] == 1:
        return shape[:2]
    if len(shape) == 3 and shape[0] == 1 and shape[2] not in (3, 4):
        return shape[1:]
    return shape if len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4)) else None


def _downscaled(
    pixels: NDArray[Any], convert: Callable[[NDArray[Any]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Average blocks of pixels (h, w, …), so that no side is longer than `MAX_SIDE`.

    `convert` makes floats of some rows at a time, which takes little memory.
    """
    h, w = pixels.shape[:2]
    block = -(-max(h, w) // MAX_SIDE)
    if block == 1:
        return convert(pixels)
    starts = np.arange(0, w, block)
    counts = np.diff(starts, append=w).reshape(-1, *[1] * (pixels.ndim - 2))
    rows = []
    for top in range(0, h, block):
        means = convert(pixels[top : top + block]).mean(axis=0)  # (w, …)
        rows.append(np.add.reduceat(means, starts, axis=0) / counts)
    return np.stack(rows)
