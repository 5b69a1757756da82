"""Finding of the ink in an image: the paper is levelled, what is no stroke is left out."""

import contextlib
import math

import numpy as np
from numpy.typing import NDArray

from .center import BOX, grown, total
from .components import label
from .paper import find_paper
from .surface import fit_surface

Grey = NDArray[np.float64]
Mask = NDArray[np.bool_]

NOISE = 4.0  # standard deviations from the background: pixels farther off are ink
LEAST = 0.25  # of the ink's strength: least contrast of full ink with dark paper
FAINT = 0.03  # of the ink's strength: fainter pixels are not ink
STRONG = 0.4  # of the ink's strength: every stroke reaches it somewhere
SPECK = 0.03  # of the largest stroke's area: smaller ones are not part of the digit
CONTRAST = 7.0  # ink's strength in standard deviations of the background; less is a blank image


def find_ink(image: Grey) -> Grey:
    """Return the strength of the ink in an image of brightness 0 to 1: 0 (none) to 1, (h, w).

    The ink may be dark on light or light on dark. ValueError if there is none.
    """
    paper = find_paper(image)
    if paper:
        with contextlib.suppress(ValueError):  # there is no digit on it
            rows, columns = slice(*paper[0]), slice(*paper[1])
            ink = np.zeros(image.shape)
            ink[rows, columns] = _ink(ranged(image[rows, columns]))
            return ink
    return _ink(image)


def ranged(image: Grey) -> Grey:
    """Scale the brightness to the range of 0 to 1."""
    low, high = float(image.min()), float(image.max())
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        raise ValueError("it is blank: all pixels have the same brightness")
    return (image - low) / (high - low)


def _ink(image: Grey) -> Grey:
    """Return the ink's strength, 0 to 1; 0 is background."""
    difference, noise = fit_surface(image)
    sign = 1.0 if total(difference * difference * difference) > 0 else -1.0
    ink = np.maximum(sign * difference, 0.0)
    strength, level = NOISE * noise, 0.0
    for _ in range(3):  # the mean of what is above the mean: a maximum robust to outliers
        above = ink > strength
        count = int(above.sum())
        if count:
            strength = total(np.where(above, ink, 0.0)) / count
            level = total(np.where(above, image, 0.0)) / count
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
    near: Mask = grown(kept, reach)
    return (ink > floor) & near


def _box(mask: Mask) -> tuple[int, int, int, int]:
    """Return the rows and columns that a mask spans: first and end of each."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
