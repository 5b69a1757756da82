"""Resizing of images: the exact mean when they shrink, straight lines when they grow."""

import math

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float64]


def resize(grey: Grey, shape: tuple[int, int]) -> Grey:
    """Resize an image to (height, width); its proportions may change."""
    height, width = shape
    return resize_rows(resize_rows(grey, height).T, width).T


def resize_rows(grey: Grey, n: int) -> Grey:
    """Scale the rows to n: the exact mean over each new row, or straight lines between old ones."""
    h = len(grey)
    result = np.zeros((n, grey.shape[1]))
    for i in range(n):
        if n <= h:
            start, end = i * h / n, (i + 1) * h / n
            for j in range(math.floor(start), min(h, math.ceil(end))):
                result[i] += grey[j] * ((min(end, j + 1) - max(start, j)) * n / h)
        else:
            at = min(max((i + 0.5) * h / n - 0.5, 0.0), h - 1.0)
            j = min(math.floor(at), h - 2) if h > 1 else 0
            part = at - j
            result[i] = grey[j] * (1 - part) + grey[min(j + 1, h - 1)] * part
    return result
