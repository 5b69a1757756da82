"""Leftovers: bars of ink along a side, as a table's edge or a ruled line leaves in a photograph.

It costs so little that both engines share it.
"""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Doubles = NDArray[np.float64]

FAINTEST = 0.3  # of full ink
OUTER = 1 / 3  # of the way from the middle to a side: there a bar begins, at most as wide
TO_SIDES = np.array([[1, 0, -1, 0], [0, 1, 0, -1]])  # x and y of right, below, left, above


def add_leftovers(images: Bytes, drawn: Doubles, share: float) -> Bytes:
    """Leave a bar of ink along a side of a share of images (n, height, width).

    `drawn`, (n, 6), from 0 to 1, decides whether, on which side, how far inwards its two ends are,
    how wide and how dark it is.
    """
    chosen = np.flatnonzero(drawn[:, 0] < share)
    bars = draw_bars(images.shape[1:], drawn[chosen, 1:])
    new = images.copy()
    new[chosen] = np.maximum(images[chosen], np.rint(255 * bars).astype(np.uint8))
    return new


def draw_bars(image_shape: tuple[int, ...], drawn: Doubles) -> Doubles:
    """Draw bars, (n, height, width): ink from 0 to 1."""
    height, width = image_shape
    side, end, other_end, wide, dark = drawn.T[..., None, None]
    x, y = TO_SIDES[:, (4 * side).astype(np.intp) % 4]
    column, row = np.arange(width) - (width - 1) / 2, np.arange(height)[:, None] - (height - 1) / 2
    outwards = column * x + row * y  # from the middle, in pixels
    along = (column * y + row * x) / (height * np.abs(x) + width * np.abs(y)) + 0.5  # from 0 to 1
    border = (width * np.abs(x) + height * np.abs(y)) / 2
    near = border * (1 - OUTER * (end + (other_end - end) * along))
    far = near + 1 + border * OUTER * wide
    ink = np.clip(outwards - near + 0.5, 0, 1) * np.clip(far - outwards + 0.5, 0, 1)
    bars: Doubles = (FAINTEST + (1 - FAINTEST) * dark) * ink
    return bars
