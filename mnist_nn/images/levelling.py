"""Strength of the ink in a picture, whatever its paper and its light are like (needs OpenCV)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .background import find_background, shrunk
from .sheet import find_sheet
from .strokes import find_strokes

Pixels = NDArray[np.float32]

DARKEST = 0.1  # paper in shadow is not taken to be darker
SOFT = 0.03  # a smaller change of brightness from pixel to pixel is no edge
COARSE = 256  # pixels of a side of the picture in which edges are counted
RIM = 16  # edges along the border, one such part of the shorter side wide, are not counted
CALM = 200  # a picture is smoothed over one such part of its longer side
NOISE = 4.0  # standard deviations: what is darker than the paper by more may be ink
CONTRAST = 7.0  # standard deviations: with less contrast on average it is none
ROUNDING = 0.002  # half a level of 255: noise is not taken to be less
FAINT = 0.03  # of the ink's strength: fainter pixels are not ink
LEFT = 98  # per cent: what is left on the paper is mostly fainter than ink's faintest pixels
FAINTEST = 0.35  # of the ink's strength: such pixels are ink in any case


def level_ink(picture: Pixels) -> Pixels | None:
    """Return the ink's strength, 0 to 1, in a picture of shape (h, w, c); None if it is blank.

    The ink is dark on light or light on dark: what leaves fewer edges when it is taken away.
    """
    pairs = [(picture, 1 - picture), (1 - picture, picture)]
    for side, other in sorted(pairs, key=lambda pair: _count_edges(pair[0])):
        ink = _darkened(side)
        if ink is not None:
            inside = _on_sheet(other, ink)
            return ink if inside is None else inside
    return None


def _on_sheet(picture: Pixels, ink: Pixels) -> Pixels | None:
    """Find the ink on a sheet of paper that was taken for ink itself, if it was."""
    sheet = find_sheet(ink > 0.5)
    if sheet is None:
        return None
    rows, columns = np.flatnonzero(sheet.any(axis=1)), np.flatnonzero(sheet.any(axis=0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside = _darkened(picture[part])
    if inside is None:
        return None
    result = np.zeros_like(ink)
    result[part] = inside
    return np.where(sheet, result, 0)


def _count_edges(picture: Pixels) -> float:
    """Sum the changes of brightness from pixel to pixel, but for small ones, behind dark ink.

    What lies along the border is not counted: it is not on one side more than on the other.
    """
    background = find_background(shrunk(picture, COARSE))
    rim = min(background.shape[:2]) // RIM
    background = background[rim : len(background) - rim, rim : background.shape[1] - rim]
    changes = (np.abs(np.diff(background, axis=axis)) for axis in (0, 1))
    return sum(float(np.maximum(change - SOFT, 0).sum()) for change in changes)


def _darkened(picture: Pixels) -> Pixels | None:
    """Return the strength of dark ink; None if there is none."""
    background = find_background(picture)
    light = np.maximum(background, DARKEST)
    darker = background - picture
    channel = np.argmax(darker / light, axis=2)[..., None]  # in which the ink stands out most
    light, darker = (np.take_along_axis(x, channel, axis=2)[..., 0] for x in (light, darker))
    side = 2 * (max(darker.shape) // CALM) + 1
    calm: Pixels = cv2.GaussianBlur(darker, (side, side), 0).astype(np.float32)
    level, noise = _spread(calm)
    calm -= np.float32(level)
    above = calm > NOISE * noise
    if not above.any() or float(calm[above].mean()) < CONTRAST * noise:
        return None
    absorbed = np.maximum(calm, 0) / light
    near = find_strokes((absorbed / _strength(absorbed, above)).astype(np.float32))
    if near is None:
        return None
    ink = np.maximum(darker - level, 0) / light
    strength = _strength(ink, near & above)
    floor = np.maximum(FAINT, NOISE * _spread(darker)[1] / light / strength)
    if not near.all():
        floor = np.maximum(floor, float(np.percentile(ink[~near], LEFT)) / strength)
    return np.where(
        near & (ink > np.minimum(floor, FAINTEST) * strength), np.minimum(ink / strength, 1), 0
    )


def _spread(darker: Pixels) -> tuple[float, float]:
    """Return the median and the standard deviation of what is no ink, robust to some ink."""
    paper = darker[darker <= max(0.0, float(darker.max())) / 2]
    if not paper.size:
        return 0.0, ROUNDING
    level = float(np.median(paper))
    return level, max(1.4826 * float(np.median(np.abs(paper - level))), ROUNDING)


def _strength(ink: NDArray[np.floating], where: NDArray[np.bool_]) -> float:
    """Return the mean of what is above the mean: a maximum robust to outliers."""
    strength = 1.0
    for _ in range(3):
        if where.any():
            strength = float(ink[where].mean())
        where = where & (ink > strength)
    return strength
