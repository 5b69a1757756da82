"""Samples made of image files, for networks that read images as they are: only resized."""

import numpy as np
from numpy.typing import NDArray

from .npy import is_array
from .reading import decode_pixels
from .resizing import resize

Pixels = NDArray[np.uint8]


def make_sample(content: bytes, name: str, shape: tuple[int, int], *, invert: bool) -> Pixels:
    """Decode an image file and resize it to (height, width); if `invert`, dark becomes light.

    A ``.npy`` file of that shape is taken as it is. DataError, which names the file `name`, if it
    cannot be read.
    """
    pixels = decode_pixels(content, name)
    if is_array(content) and pixels.shape == shape:
        return pixels
    return resized_pixels(pixels, shape, invert=invert)


def resized_pixels(pixels: Pixels, shape: tuple[int, int], *, invert: bool) -> Pixels:
    """Resize pixels to (height, width); if `invert`, dark becomes light."""
    grey = (255 - pixels if invert else pixels).astype(np.float64)
    return np.rint(resize(grey, shape)).astype(np.uint8)
