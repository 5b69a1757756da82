"""A sheet of paper that was pasted into a picture, or lies on a table, with a digit on it."""

import cv2
import numpy as np
from numpy.typing import NDArray

SMALLEST = 28  # pixels, each side
FULL = 0.93  # of a rectangle's area, with what is on it
COVERED = 0.3  # of its area by a digit, at most
MARGIN = 2  # pixels along the sides, which may be blurred


def find_sheet(ink: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Select a rectangle that was taken for ink, with a digit on it; None if there is none."""
    outlines, _ = cv2.findContours(ink.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    outline = max(outlines, key=cv2.contourArea)
    sides = cv2.minAreaRect(outline)[1]
    if min(sides) < SMALLEST or cv2.contourArea(outline) < FULL * sides[0] * sides[1]:
        return None
    whole = np.zeros(ink.shape, np.uint8)
    cv2.drawContours(whole, [outline], -1, 1, cv2.FILLED)
    digit = (whole > 0) & ~ink
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    if not len(rows) or digit.sum() > COVERED * whole.sum():
        return None
    tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    if digit.sum() > 0.8 * tall * wide and min(sides) < 4 * wide:
        return None  # a zero with corners
    kernel = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
    inside: NDArray[np.bool_] = cv2.erode(whole, kernel) > 0
    return inside
