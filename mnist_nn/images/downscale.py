"""Downscaling of large arrays of pixels, some rows at a time to take little memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def downscale(
    pixels: NDArray[Any], largest: int, convert: Callable[[NDArray[Any]], Floats] = np.asarray
) -> Floats:
    """Average blocks of pixels (h, w, …), so that no side is longer than `largest`.

    `convert` makes floats of some rows of pixels.
    """
    h, w = pixels.shape[:2]
    block = -(-max(h, w) // largest)
    if block == 1:
        return np.ascontiguousarray(convert(pixels))
    starts = np.arange(0, w, block)
    counts = np.diff(starts, append=w).reshape(-1, *[1] * (pixels.ndim - 2))
    rows = []
    for top in range(0, h, block):
        means = convert(pixels[top : top + block]).mean(axis=0)  # (w, …)
        rows.append(np.add.reduceat(means, starts, axis=0) / counts)
    return np.stack(rows)
