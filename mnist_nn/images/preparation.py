"""Preparation of an image of a digit as MNIST's were prepared.

Every step is a loop over doubles in a fixed order (`_down` sums from the first row to the last), so
that the same arithmetic in JavaScript, in mnist_nn/page, gives the same numbers. The constants here
and in paper.py and surface.py are written into the page.
"""

import contextlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .components import label
from .downscale import downscale
from .paper import find_paper
from .resizing import resize
from .surface import fit_surface

Grey = NDArray[np.float64]
Mask = NDArray[np.bool_]

SIDE = 28  # of a prepared image
PREPARED_SHAPE = (SIDE, SIDE)
BOX = 20  # of the digit in it
CENTRE = 14  # index of the pixel with the centre of mass: in MNIST it is within 13.5 … 14.5
LARGEST = 1e100  # brightness whose squares can still be summed
NOISE = 4.0  # standard deviations from the background: pixels farther off are ink
LEAST = 0.25  # of the ink's strength: least contrast of full ink with dark paper
FAINT = 0.03  # of the ink's strength: fainter pixels are not ink
STRONG = 0.4  # of the ink's strength: every stroke reaches it somewhere
SPECK = 0.03  # of the largest stroke's area: smaller ones are not part of the digit
CONTRAST = 7.0  # ink's strength in standard deviations of the background; less is a blank image
THIN = 1.5  # pixels of the prepared image: least width of a stroke
SMALLEST = 5  # pixels, the longer side of a digit


def prepare(grey: Grey) -> Grey:
    """Prepare one image: level, invert if need be, crop, fit and centre it.

    `grey` has shape (h, w): brightness in any unit, with dark ink on light or light on dark. In the
    result, of shape (28, 28), ink is 1 and paper 0, the digit fits into 20×20 and its centre of
    mass is in the middle, as LeCun, Cortes and Burges describe it on
    http://yann.lecun.com/exdb/mnist/. ValueError if it is not an image, has numbers that are not
    finite or beyond 1e100, or has no digit in it.
    """
    if grey.ndim != 2 or not grey.size:
        raise ValueError(f"an image has the shape (height, width), got {grey.shape}")
    grey = grey.astype(np.float64, order="C")
    if not (np.abs(grey) < LARGEST).all():
        raise ValueError(f"it has pixels that are NaN, infinite or beyond {LARGEST:g}")
    image = _ranged(downscale(grey, np.asarray))
    return _centred(_fitted(_digit(image)))


def _digit(image: Grey) -> Grey:
    """Return the ink of the digit, on a piece of paper in the image if there is one."""
    paper = find_paper(image)
    if paper:
        with contextlib.suppress(ValueError):  # there is no digit on it
            return _cropped(_ink(_ranged(image[slice(*paper[0]), slice(*paper[1])])))
    return _cropped(_ink(image))


def _ranged(image: Grey) -> Grey:
    """Scale the brightness to the range of 0 to 1."""
    low, high = float(image.min()), float(image.max())
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        raise ValueError("it is blank: all pixels have the same brightness")
    return (image - low) / (high - low)


def _ink(image: Grey) -> Grey:
    """Return the ink's strength, 0 to 1; 0 is background."""
    difference, noise = fit_surface(image)
    sign = 1.0 if _total(difference * difference * difference) > 0 else -1.0
    ink = np.maximum(sign * difference, 0.0)
    strength, level = NOISE * noise, 0.0
    for _ in range(3):  # the mean of what is above the mean: a maximum robust to outliers
        above = ink > strength
        count = int(above.sum())
        if count:
            strength = _total(np.where(above, ink, 0.0)) / count
            level = _total(np.where(above, image, 0.0)) / count
    if strength < CONTRAST * noise:
        raise ValueError("it is blank: nothing in it stands out")
    # where the paper is darker, black ink stands out less: full ink is what reaches ink's level
    paper = image - difference
    ink = np.minimum(ink / np.maximum(sign * (level - paper), strength * LEAST), 1.0)
    return np.where(_of_digit(ink, max(FAINT, NOISE * noise / strength)), ink, 0.0)


def _of_digit(ink: Grey, floor: float) -> Mask:
    """Select the pixels of the digit: strokes but not specks, and their faint edges."""
    labels, areas = label(ink > max(STRONG, floor))
    if not len(areas):
        raise ValueError("it is blank: nothing in it stands out")
    kept = (areas >= SPECK * areas.max())[labels - 1] & (labels > 0)
    top, bottom, left, right = _box(kept)
    reach = math.ceil(max(bottom - top, right - left) / BOX)  # a pixel of the prepared image
    near: Mask = _grown(kept, reach)
    return (ink > floor) & near


def _box(mask: Mask) -> tuple[int, int, int, int]:
    """Return the rows and columns that a mask spans: first and end of each."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _cropped(ink: Grey) -> Grey:
    top, bottom, left, right = _box(ink > 0)
    if max(bottom - top, right - left) < SMALLEST:
        raise ValueError(f"the digit in it is smaller than {SMALLEST} pixels")
    return _thickened(ink[top:bottom, left:right])


def _thickened(ink: Grey) -> Grey:
    """Widen thin strokes to the width of MNIST's thin ones, or scaling would fade them."""
    blot = np.pad(ink >= 0.5, 1)
    outline = int((blot[1:] != blot[:-1]).sum()) + int((blot[:, 1:] != blot[:, :-1]).sum())
    if not outline:
        return ink
    width = 2 * int(blot.sum()) / (outline * math.pi / 4)  # the outline goes around corners
    reach = math.floor((THIN * max(ink.shape) / BOX - width) / 2 + 0.5)
    return _grown(np.pad(ink, reach), reach) if reach > 0 else ink


def _fitted(ink: Grey) -> Grey:
    """Scale the longer side to 20 pixels and the other one with it."""
    h, w = ink.shape
    longer = max(h, w)
    rows, columns = (max(1, math.floor(BOX * side / longer + 0.5)) for side in (h, w))
    return np.minimum(resize(ink, (rows, columns)), 1.0)  # sums are rounded


def _centred(digit: Grey) -> Grey:
    """Move the digit by whole pixels so that its centre of mass is in the middle."""
    result = np.zeros(PREPARED_SHAPE)
    across = _down(digit.T)  # sums of the rows
    along = _down(digit)
    start = []
    for sums in (across, along):
        centre = _total(sums * np.arange(len(sums))) / _total(sums)
        start.append(min(max(math.floor(CENTRE - centre + 0.5), 0), SIDE - len(sums)))
    top, left = start
    result[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return result


def _grown(values: NDArray[Any], reach: int) -> NDArray[Any]:
    """Replace each value by the largest within `reach` pixels up, down and to the sides."""
    for _ in range(2):
        grown = values.copy()
        for step in range(1, min(reach, len(values) - 1) + 1):
            grown[step:] = np.maximum(grown[step:], values[:-step])
            grown[:-step] = np.maximum(grown[:-step], values[step:])
        values = grown.T
    return values


def _down(values: Grey) -> Grey:
    """Sum each column from top to bottom in order (NumPy's own sum would add pairs)."""
    sums: Grey = np.cumsum(values, axis=0)[-1]
    return sums


def _total(values: Grey) -> float:
    return float(np.cumsum(_down(values) if values.ndim > 1 else values)[-1])
