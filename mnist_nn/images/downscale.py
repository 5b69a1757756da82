"""Downscaling of large images, tile by tile to take little memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float64]

MAX_SIDE = 600  # pixels of a downscaled image
TILE = 1024  # pixels of a side, about, that are averaged at a time


def downscale(pixels: NDArray[Any], grey: Callable[[NDArray[Any]], Grey]) -> Grey:
    """Average blocks of pixels, so that no side is longer than `MAX_SIDE`.

    The pixels have shape (h, w) or (h, w, c); `grey` turns a tile of them into brightness.
    """
    h, w = pixels.shape[:2]
    block = -(-max(h, w) // MAX_SIDE)
    if block == 1:
        return np.ascontiguousarray(grey(pixels))
    result = np.empty((-(-h // block), -(-w // block)))
    side = block * max(1, TILE // block)
    for top in range(0, h, side):
        for left in range(0, w, side):
            tile = _averaged(grey(pixels[top : top + side, left : left + side]), block)
            i, j = top // block, left // block
            result[i : i + tile.shape[0], j : j + tile.shape[1]] = tile
    return result


def _averaged(image: Grey, block: int) -> Grey:
    """Average blocks: their rows, from the first to the last, then their columns."""
    for _ in range(2):
        n = -(-len(image) // block)
        total = np.zeros((n, image.shape[1]))
        count = np.zeros((n, 1))
        for k in range(min(block, len(image))):
            part = image[k::block]
            total[: len(part)] += part
            count[: len(part)] += 1
        image = (total / count).T
    return image
