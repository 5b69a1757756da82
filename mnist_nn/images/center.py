"""Centring of a digit's ink as MNIST's digits were: fitted into 20×20, centred by mass in 28×28.

Every step is a loop over doubles in a fixed order (`down` sums from the first row to the last), so
that the same arithmetic in JavaScript, in mnist_nn/page, gives the same numbers. The constants here
are written into the page.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .resizing import resize

Grey = NDArray[np.float64]

SIDE = 28  # of a prepared image
PREPARED_SHAPE = (SIDE, SIDE)
BOX = 20  # of the digit in it
CENTRE = 14  # index of the pixel with the centre of mass: in MNIST it is within 13.5 … 14.5
THIN = 1.5  # pixels of the prepared image: least width of a stroke
SMALLEST = 5  # pixels, the longer side of a digit


def center(ink: Grey) -> Grey:
    """Crop a digit's ink, fit it into 20×20 pixels and centre it by its mass in 28×28.

    `ink` has shape (h, w): 0 (paper) to 1 (full ink), with nothing in it but the digit. As LeCun,
    Cortes and Burges describe it on http://yann.lecun.com/exdb/mnist/. ValueError if there is no
    ink, or the digit is smaller than 5 pixels.
    """
    return _centred(_fitted(_thickened(_cropped(ink))))


def _cropped(ink: Grey) -> Grey:
    """Cut out what has ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        raise ValueError("it is blank: nothing in it stands out")
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    if max(bottom - top, right - left) < SMALLEST:
        raise ValueError(f"the digit in it is smaller than {SMALLEST} pixels")
    return ink[top:bottom, left:right]


def _thickened(ink: Grey) -> Grey:
    """Widen thin strokes to the width of MNIST's thin ones, or scaling would fade them."""
    blot = np.pad(ink >= 0.5, 1)
    outline = int((blot[1:] != blot[:-1]).sum()) + int((blot[:, 1:] != blot[:, :-1]).sum())
    if not outline:
        return ink
    width = 2 * int(blot.sum()) / (outline * math.pi / 4)  # the outline goes around corners
    reach = math.floor((THIN * max(ink.shape) / BOX - width) / 2 + 0.5)
    return grown(np.pad(ink, reach), reach) if reach > 0 else ink


def _fitted(ink: Grey) -> Grey:
    """Scale the longer side to 20 pixels and the other one with it."""
    h, w = ink.shape
    longer = max(h, w)
    rows, columns = (max(1, math.floor(BOX * side / longer + 0.5)) for side in (h, w))
    return np.minimum(resize(ink, (rows, columns)), 1.0)  # sums are rounded


def _centred(digit: Grey) -> Grey:
    """Move the digit by whole pixels so that its centre of mass is in the middle."""
    result = np.zeros(PREPARED_SHAPE)
    across = down(digit.T)  # sums of the rows
    along = down(digit)
    start = []
    for sums in (across, along):
        centre = total(sums * np.arange(len(sums))) / total(sums)
        start.append(min(max(math.floor(CENTRE - centre + 0.5), 0), SIDE - len(sums)))
    top, left = start
    result[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return result


def grown(values: NDArray[Any], reach: int) -> NDArray[Any]:
    """Replace each value by the largest within `reach` pixels up, down and to the sides."""
    for _ in range(2):
        done = 0
        while done < reach:
            step = min(done + 1, reach - done)
            grown = values.copy()
            grown[step:] = np.maximum(grown[step:], values[:-step])
            grown[:-step] = np.maximum(grown[:-step], values[step:])
            values, done = grown, done + step
        values = values.T
    return values


def down(values: Grey) -> Grey:
    """Sum each column from top to bottom in order (NumPy's own sum would add pairs)."""
    sums: Grey = np.cumsum(values, axis=0)[-1]
    return sums


def total(values: Grey) -> float:
    """Sum all numbers in order, column by column."""
    return float(np.cumsum(down(values) if values.ndim > 1 else values)[-1])
