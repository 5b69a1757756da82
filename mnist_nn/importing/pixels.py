"""Pixels of any unit become bytes, 0 to 255, when they are sliced."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, escaped
from ..images import PREPARED_SHAPE, mix_colours, prepare, resized_pixels
from .source import ImportOptions

Bytes = NDArray[np.uint8]
BLOCK = 1 << 22  # numbers that are looked at at a time
FEW = 16  # grey levels: pixels that reach no more are of another unit
DEEP = 65535
RULE = "pixels are whole numbers of 0 to 255 (0 to 65,535 of 16 bits), or floats of 0 to 1"


class Images:
    """Images that are converted when they are sliced, so that memory never holds all of them.

    It has what `write_dataset` uses of an array of shape (n, h·w), uint8.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        images: NDArray[Any],
        convert: Callable[[NDArray[Any], NDArray[np.intp]], Bytes],
        shape: tuple[int, int],
        indices: NDArray[np.intp] | None = None,
    ) -> None:
        self._images, self._convert = images, convert
        self._indices = np.arange(len(images)) if indices is None else indices
        self._is_whole = indices is None
        self.shape = (len(self._indices), shape[0] * shape[1])

    def __len__(self) -> int:
        """Return the number of images."""
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Bytes:
        """Convert some images."""
        indices = self._indices[rows]
        block = self._images[rows if self._is_whole else indices]
        return self._convert(block, indices).reshape(len(block), -1)


def find_factor(arrays: Mapping[str, NDArray[Any]]) -> tuple[float, str | None]:
    """Return what makes 0 to 255 of pixels, and what to say of it.

    DataError for another unit, or for parts that are not of the same.
    """
    reach = {part: _reach(array) for part, array in arrays.items()}
    low, high = min(low for low, _, _ in reach.values()), max(high for _, high, _ in reach.values())
    whole = all(whole for _, _, whole in reach.values())
    if low < 0 or high > (DEEP if whole else 255):
        raise DataError(f"there are pixels of {low:g} to {high:g}; {RULE}")
    factor = 1.0
    if high > 255:
        factor, high = 1 / 257, DEEP
    elif 0 < high <= (FEW if whole else 1):
        high = high if whole else 1.0
        factor = 255 / high
    highest = {part: high for part, (_, high, _) in reach.items()}
    if min(highest.values()) * factor <= FEW < max(highest.values()) * factor:
        found = " and ".join(f"those of {part} reach {high:g}" for part, high in highest.items())
        raise DataError(f"the pixels are not of one unit: {found}; convert those of one part")
    note = f"pixels of 0 to {high:g} were scaled to 0 to 255" if factor != 1 else None
    return factor, note


def _reach(array: NDArray[Any]) -> tuple[float, float, bool]:
    """Return the lowest and the highest pixel, with 0, and whether all are whole numbers."""
    low, high, whole = 0.0, 0.0, True
    is_bytes, step = array.dtype == np.uint8, max(1, BLOCK // max(1, array[:1].size))
    for start in range(0, len(array), step):
        block = array[start : start + step]
        low, high = min(low, float(block.min())), max(high, float(block.max()))
        if is_bytes and high > FEW:  # the rest cannot change anything
            break
        if not np.isfinite(block).all():
            raise DataError(f"there is a pixel that is NaN or infinite; {RULE}")
        whole = whole and (is_bytes or bool((block == np.floor(block)).all()))
    return low, high, whole


def make_converter(
    options: ImportOptions, factor: float, name: str
) -> Callable[[NDArray[Any], NDArray[np.intp]], Bytes]:
    """Return the function that makes bytes (n, h, w) of images, which have these indices.

    `name` is that of the source, for errors.
    """

    def convert(images: NDArray[Any], indices: NDArray[np.intp]) -> Bytes:
        if factor != 1 or images.dtype != np.uint8:
            images = np.rint(images * factor).astype(np.uint8)
        images = oriented(images, options)
        if options.prepare or options.resize:
            images = np.stack(
                [
                    fitted(image, options, f"{name}: image {i + 1:,}")
                    for i, image in zip(indices, images, strict=True)
                ]
            )
        return images

    return convert


def oriented(images: Bytes, options: ImportOptions) -> Bytes:
    """Transpose and invert images (…, h, w), as the options say."""
    if options.transpose:
        images = images.swapaxes(-1, -2)
    return 255 - images if options.invert else images


def fitted(image: Bytes, options: ImportOptions, name: str) -> Bytes:
    """Prepare or resize an image of 0 to 255, as the options say."""
    if options.resize:
        return resized_pixels(image, options.resize, invert=False)
    return prepared(image / 255, name) if options.prepare else image


def prepared(pixels: NDArray[np.floating], name: str) -> Bytes:
    """Prepare an image, (h, w) or (h, w, 3), of 0 to 1; DataError if there is no digit in it."""
    try:
        return np.rint(prepare(pixels) * 255).astype(np.uint8)
    except ValueError as error:
        raise DataError(f"{escaped(name)} cannot be prepared: {error}") from None


def result_shape(shape: tuple[int, int], options: ImportOptions) -> tuple[int, int]:
    """Return the shape that converted images have."""
    if options.prepare:
        return PREPARED_SHAPE
    if options.resize:
        return options.resize
    return shape[::-1] if options.transpose else shape


def without_colours(images: NDArray[Any]) -> NDArray[Any]:
    """Mix the colours of images (n, h, w, 3), or (n, h, w, 4) over white, to grey."""
    if images.dtype != np.uint8:
        return mix_colours(images, 1.0)
    return np.rint(mix_colours(images, 255.0)).astype(np.uint8)
