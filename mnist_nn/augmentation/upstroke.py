"""Upstrokes: the thin way up to the top of a 1, which MNIST's ones hardly have.

A figure gets one if it is a single upright stroke. That is seen from its ink alone: along its axis
it spreads four times as far as across. It holds for nine of ten ones of MNIST's training images;
of a hundred such figures one is another digit.

Moments are sums of whole numbers, exact in doubles, so that it does not matter which images are
handled together. It costs so little that both engines share it.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Doubles = NDArray[np.float64]

SLENDER = 4.0  # least spread of the ink along the axis, in spreads across it
LEAN = math.radians(35)  # the farthest that an axis leans
ANGLES = (math.radians(15), math.radians(60))  # between an upstroke and the axis
FLATTEST = math.radians(75)  # of an upstroke from upright: flatter ones make a 7
LENGTHS = (0.2, 0.65)  # of an upstroke, in lengths of the figure
THINNEST = 1 / 12  # square pixels: variance of the ink across a stroke as wide as a pixel


class Bars(NamedTuple):
    """Figures of images as straight bars, positions and lengths in pixels; each of shape (n,)."""

    x: Doubles  # of the middle
    y: Doubles
    lean: Doubles  # of the axis, radians from upright
    half: Doubles  # half of the length
    radius: Doubles  # half of the width


def add_upstrokes(
    images: Bytes, image_shape: tuple[int, int], drawn: Doubles, share: float
) -> Bytes:
    """Give a share of the upright strokes among images (n, height · width) an upstroke.

    `drawn`, (n, 3), from 0 to 1, decides whether, at which angle and how long.
    """
    candidates = np.flatnonzero(drawn[:, 0] < share)
    bars = measure(images[candidates], image_shape)
    upright = (bars.half > SLENDER * bars.radius) & (np.abs(bars.lean) < LEAN)
    chosen = candidates[upright]
    if not len(chosen):
        return images
    ink = upstrokes(Bars(*(values[upright] for values in bars)), image_shape, drawn[chosen, 1:])
    new = images.copy()
    full = new[chosen].max(axis=1, keepdims=True)
    new[chosen] = np.maximum(new[chosen], np.rint(ink * full).astype(np.uint8))
    return new


def measure(images: Bytes, image_shape: tuple[int, int]) -> Bars:
    """Find the bar with the same middle and spread as the ink of each image."""
    sums = images.astype(np.float64) @ _powers(*image_shape)
    total = np.maximum(sums[:, :1], 1)  # of a blank image 0
    x, y, xx, yy, xy = (sums[:, 1:] / total).T
    xx, yy, xy = xx - x * x, yy - y * y, xy - x * y
    middle, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    along, across = middle + spread, np.maximum(middle - spread, THINNEST)
    lean = np.arctan2(2 * xy, yy - xx) / 2
    return Bars(x, y, lean, np.sqrt(3 * along), np.sqrt(3 * across))  # a bar spreads by a/√3


def upstrokes(bars: Bars, image_shape: tuple[int, int], drawn: Doubles) -> Doubles:
    """Draw upstrokes to the tops of bars, (n, height · width): ink from 0 to 1.

    They are round at their ends and as wide as the bars. `drawn`, (n, 2), is for angle and length.
    """
    x, y, lean, half, radius = (values[:, None] for values in bars)
    widest = np.minimum(ANGLES[1], lean + FLATTEST)
    angle = lean - (ANGLES[0] + (widest - ANGLES[0]) * drawn[:, :1])  # from upright
    length = 2 * half * (LENGTHS[0] + (LENGTHS[1] - LENGTHS[0]) * drawn[:, 1:])
    _, column, row, *_ = _powers(*image_shape).T
    u = column - (x - (half - radius) * np.sin(lean))  # from the top, (n, height · width)
    v = row - (y - (half - radius) * np.cos(lean))
    right, down = np.sin(angle), np.cos(angle)
    at = np.clip(u * right + v * down, 0, length)
    ink: Doubles = np.clip(radius + 0.5 - np.hypot(u - at * right, v - at * down), 0, 1)
    return ink


@cache
def _powers(height: int, width: int) -> Doubles:
    """Return 1, x, y, x², y² and x y of each pixel, (height · width, 6)."""
    y, x = (values.ravel().astype(np.float64) for values in np.mgrid[:height, :width])
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
