"""Pixels of any unit become bytes, 0 to 255, when they are sliced."""

from collections.abc import Callable, Iterable
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
        convert: Callable[[NDArray[Any], int], Bytes],
        shape: tuple[int, int],
        indices: NDArray[np.intp] | None = None,
    ) -> None:
        n = len(images) if indices is None else len(indices)
        self.shape = (n, shape[0] * shape[1])
        self._images, self._convert, self._image_shape = images, convert, shape
        self._indices = indices

    def __len__(self) -> int:
        """Return the number of images."""
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Bytes:
        """Convert some images."""
        start = range(len(self))[rows].start
        block = self._images[rows if self._indices is None else self._indices[rows]]
        return self._convert(block, start).reshape(len(block), -1)

    def take(self, indices: NDArray[np.intp]) -> "Images":
        """Return the images at these indices."""
        return Images(self._images, self._convert, self._image_shape, indices)


def find_factor(arrays: Iterable[NDArray[Any]]) -> tuple[float, str | None]:
    """Return what makes 0 to 255 of pixels, and what to say of it; DataError for another unit."""
    low, high, whole = 0.0, 0.0, True
    for array in arrays:
        is_bytes, step = array.dtype == np.uint8, max(1, BLOCK // max(1, array[:1].size))
        for start in range(0, len(array), step):
            block = array[start : start + step]
            low, high = min(low, float(block.min())), max(high, float(block.max()))
            if is_bytes and high > FEW:  # the rest cannot change anything
                break
            if not np.isfinite(block).all():
                raise DataError(f"there is a pixel that is NaN or infinite; {RULE}")
            whole = whole and (is_bytes or bool((block == np.floor(block)).all()))
    if low < 0 or high > (DEEP if whole else 255):
        raise DataError(f"there are pixels of {low:g} to {high:g}; {RULE}")
    factor = 1.0
    if high > 255:
        factor, high = 1 / 257, DEEP
    elif 0 < high <= (FEW if whole else 1):
        high = high if whole else 1.0
        factor = 255 / high
    note = f"pixels of 0 to {high:g} were scaled to 0 to 255" if factor != 1 else None
    return factor, note


def make_converter(
    options: ImportOptions, factor: float, name: str
) -> Callable[[NDArray[Any], int], Bytes]:
    """Return the function that makes bytes (n, h, w) of images, the first of them number `start`.

    `name` is that of the source, for errors.
    """

    def convert(images: NDArray[Any], start: int) -> Bytes:
        if factor != 1 or images.dtype != np.uint8:
            images = np.rint(images * factor).astype(np.uint8)
        if options.transpose:
            images = images.swapaxes(1, 2)
        if options.invert:
            images = 255 - images
        if options.prepare or options.resize:
            images = np.stack(
                [
                    fitted(image, options, f"{name}: image {start + i + 1:,}")
                    for i, image in enumerate(images)
                ]
            )
        return images

    return convert


def fitted(image: Bytes, options: ImportOptions, name: str) -> Bytes:
    """Prepare or resize an image of 0 to 255, as the options say."""
    if options.resize:
        return resized_pixels(image, options.resize, invert=False)
    if not options.prepare:
        return image
    try:
        return np.rint(prepare(image.astype(np.float64)) * 255).astype(np.uint8)
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
