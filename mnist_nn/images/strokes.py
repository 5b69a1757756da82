"""Strokes among the dark parts of a picture: no specks, lines, textures or soft shadows."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .background import shrunk
from .center import BOX

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]
Numbers = NDArray[np.intp]

STRONG = 0.4  # of the ink's strength: every stroke reaches it
ROUGH = 0.7  # of the ink's strength: strokes reach it where the paper, or the table, has a texture
TEXTURE = 3.0  # times the median around it: a stroke stands out so much
COARSE = 256  # pixels of a side of the picture in which textures are measured
AROUND = 24  # textures are measured in squares of one such part of the longer side to each side
SPECK = 0.03  # of the largest stroke's area: smaller ones are not part of the digits
LONG = 0.6  # of the picture's side: a thin stroke so long that touches the border is a line
LONGEST = 0.9  # of the picture's side: so is one that does not touch it
THIN = 0.1  # of its length: a line is no wider
SHARP = 0.25  # of the sharpest stroke's edges: shadows have softer ones
LARGE = 0.2  # of the largest stroke's area: a stroke away from the border is the digit
GAP = 0.05  # of the digits' size: what touches the border is farther from them, if it is no stroke


def find_strokes(ink: Pixels) -> Mask | None:
    """Select the strokes and what is near them in an image of ink's strength, or None."""
    dark = (ink > _least(ink)).astype(np.uint8)
    n, labels, stats = _components(dark)
    strokes = _without_lines(np.arange(1, n), stats, ink.shape)
    if not len(strokes):
        return None
    areas = stats[:, cv2.CC_STAT_AREA]
    strokes = strokes[areas[strokes] >= SPECK * areas[strokes].max()]
    strokes = _sharp(strokes, stats, labels, ink)
    strokes = _inner(strokes, stats, ink.shape)
    kept = np.isin(labels, strokes)
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    reach = math.ceil(max(np.ptp(rows) + 1, np.ptp(columns) + 1) / BOX)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    near: Mask = cv2.dilate(kept.astype(np.uint8), kernel) > 0
    return near


def _components(dark: NDArray[np.uint8]) -> tuple[int, Numbers, Numbers]:
    """Label the components; return their number, with 0, and what OpenCV tells about each."""
    n, labels, stats, _ = cv2.connectedComponentsWithStats(dark)
    return n, labels.astype(np.intp), stats.astype(np.intp)


def _least(ink: Pixels) -> Pixels:
    """Return how strong ink must be at each pixel: more where there is something everywhere."""
    small = np.rint(255 * np.clip(shrunk(ink, COARSE), 0, 1)).astype(np.uint8)
    side = 2 * (max(small.shape) // AROUND) + 1
    texture = cv2.dilate(cv2.medianBlur(small, side), np.ones((side, side), np.uint8))
    texture = cv2.resize(texture, ink.shape[::-1]).astype(np.float32) / 255
    return np.clip(TEXTURE * texture, STRONG, ROUGH)


def _touching(stats: Numbers, shape: tuple[int, ...]) -> Mask:
    """Say of each component whether it touches the border."""
    left, top, width, height, _ = stats.T
    ends: Mask = (left == 0) | (top == 0) | (left + width == shape[1]) | (top + height == shape[0])
    return ends


def _without_lines(strokes: Numbers, stats: Numbers, shape: tuple[int, ...]) -> Numbers:
    """Leave out ruled lines and strips along the border, unless there is nothing else."""
    _, _, width, height, _ = stats[strokes].T
    h, w = shape
    length = np.where(_touching(stats[strokes], shape), LONG, LONGEST)
    flat = (width > length * w) & (height < THIN * width)
    upright = (height > length * h) & (width < THIN * height)
    others = strokes[~(flat | upright)]
    return others if len(others) else strokes


def _sharp(strokes: Numbers, stats: Numbers, labels: Numbers, ink: Pixels) -> Numbers:
    """Select strokes with sharp edges, as the sharpest has them: shadows are soft."""
    slope = np.hypot(cv2.Sobel(ink, cv2.CV_32F, 1, 0), cv2.Sobel(ink, cv2.CV_32F, 0, 1))
    slopes = []
    for i in strokes:
        left, top, width, height, _ = stats[i]
        here = np.s_[max(top - 1, 0) : top + height + 1, max(left - 1, 0) : left + width + 1]
        stroke = (labels[here] == i).astype(np.uint8)
        edge = cv2.morphologyEx(stroke, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        slopes.append(np.percentile(slope[here][edge], 75) if edge.any() else 0.0)
    sharp: Numbers = strokes[np.array(slopes) >= SHARP * max(slopes)]
    return sharp


def _inner(strokes: Numbers, stats: Numbers, shape: tuple[int, ...]) -> Numbers:
    """Leave out what touches the border, if it is away from digits that do not."""
    areas = stats[strokes, cv2.CC_STAT_AREA]
    touching = _touching(stats[strokes], shape)
    if areas[~touching].max(initial=0) < LARGE * areas.max():
        return strokes
    left, top, width, height, _ = stats[strokes].T
    right, bottom = left + width, top + height
    first, last = left[~touching].min(), right[~touching].max()
    highest, lowest = top[~touching].min(), bottom[~touching].max()
    aside = np.maximum(first - right, left - last)
    gap = np.maximum(aside, np.maximum(highest - bottom, top - lowest))
    inner: Numbers = strokes[~touching | (gap <= GAP * max(last - first, lowest - highest))]
    return inner
