"""Thickness: strokes as wider and as thinner pens draw them.

A stroke grows by a pixel on each side where each pixel takes the darkest of itself and its four
neighbours, and shrinks where the paper grows so. Between whole pixels it is the mean of the two.
In whole numbers it costs so little that both engines share it.
"""

import math

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Doubles = NDArray[np.float64]


def thicken(images: Bytes, pixels: Doubles) -> Bytes:
    """Widen strokes of images (n, height, width) on each side by pixels (n,), or thin them."""
    thinned = np.where(pixels < 0, np.uint8(255), np.uint8(0))[:, None, None]
    most = np.abs(pixels)
    grown = images ^ thinned  # what is to be thinned as a negative: its paper grows
    for step in range(math.ceil(most.max())):
        share = np.rint(256 * np.clip(most - step, 0, 1)).astype(np.uint16)[:, None, None]
        grown += ((_grow(grown) - grown) * share + 128 >> 8).astype(np.uint8)
    return grown ^ thinned


def _grow(images: Bytes) -> Bytes:
    """Give each pixel the largest value of itself and its four neighbours."""
    new = images.copy()
    np.maximum(new[:, 1:], images[:, :-1], out=new[:, 1:])
    np.maximum(new[:, :-1], images[:, 1:], out=new[:, :-1])
    np.maximum(new[:, :, 1:], images[:, :, :-1], out=new[:, :, 1:])
    np.maximum(new[:, :, :-1], images[:, :, 1:], out=new[:, :, :-1])
    return new
