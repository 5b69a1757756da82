"""Finding of the digits in an image's ink: strokes become digits, and digits rows.

The strokes of one digit, as the bar of a 5 or the parts of a broken line, lie above one another,
and at least one of them is short. Digits side by side are about as tall as each other.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..extras import install_command
from .center import BOX

Grey = NDArray[np.float64]
Whole = NDArray[np.intp]

STRONG = 0.4  # ink that is part of a stroke and not only of its blurred edge
MOST = 1000  # strokes in an image: of more, the largest are looked at
SMALLEST = 0.45  # of the typical digit's longer side: what is smaller is no digit
LARGEST = 2.5  # times that side: likewise, what is larger
ABOVE = 0.4  # of the narrower stroke's width: least overlap of the columns of one digit's strokes
SHORT = 0.8  # of the digit's height: at least one of its strokes is no taller
BAR = 0.45  # of the digit's height: a stroke that lies apart is no taller
GAP = 0.25  # of the digit's height: largest gap above or below a stroke that lies apart
BREAK = 0.06  # of the digit's height: largest gap between the parts of a broken stroke
ASIDE = 0.06  # of the digit's height: largest gap between its strokes, sidewards
TALL = 1.4  # times the tallest stroke elsewhere in the image: a taller digit is doubtful
MANY = 4  # other strokes about as tall: they are whole digits, and what is doubtful is none
IN_ROW = 0.4  # of the lower digit's height: least overlap of neighbours in a row
WIDE = 1.8  # times its height: wider are digits that touch
WIDER = 1.8  # times the median width of the digits: likewise, if it is not narrow
NARROW = 1.2  # times its height: a digit that is not wider can be a single one


class Box(NamedTuple):
    """A rectangle of pixels: first row and column, and the ones after the last."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left


class Digit(NamedTuple):
    """A digit of an image: where it is, and its own ink alone.

    `touching` tells whether it is as wide as two digits that touch.
    """

    box: Box
    touching: bool
    cut: Callable[[], Grey]

    @property
    def ink(self) -> Grey:
        """Its ink, with some pixels more than the box on each side, for blurred edges.

        It is cut out anew each time: boxes may overlap, and take more memory than the image.
        """
        return self.cut()


def find_digits(ink: Grey) -> list[list[Digit]]:
    """Find the digits in an image's ink, of shape (h, w), 0 (paper) to 1: rows of digits.

    The rows are in order from the top, the digits in a row from the left; a row may be slanted.
    There is none if there is no ink.
    """
    try:
        import cv2
    except ImportError as error:
        raise ConfigError(f"finding digits needs OpenCV\n{install_command('images')}") from error
    strokes = (ink >= STRONG).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not len(areas):
        return []
    kept = 1 + np.sort(np.argsort(-areas, kind="stable")[:MOST])
    left, top, width, height = stats[kept, :4].T.astype(np.intp)
    boxes = np.stack([top, top + height, left, left + width], axis=1)
    groups = _grouped(boxes)
    groups = _of_size(groups, boxes, areas[kept - 1].astype(np.intp))
    found = [Box(*_around(boxes[group]).tolist()) for group in groups]
    touching = _touching(found)
    digits = [
        Digit(box, wide, partial(_cut, ink, labels, kept[group], box))
        for box, group, wide in zip(found, groups, touching, strict=True)
    ]
    return [[digits[i] for i in row] for row in _rows(found)]


def _grouped(boxes: Whole) -> list[list[int]]:
    """Group strokes, boxes of shape (n, 4), to digits: the indices of each one's strokes."""
    groups = [[i] for i in range(len(boxes))]
    boxes, joined = boxes.copy(), np.zeros(len(boxes), np.bool_)
    for i in np.argsort(boxes[:, 1] - boxes[:, 0], kind="stable")[: len(boxes) - 1]:
        joined[i] = True  # the shortest first
        others = np.flatnonzero(~joined)
        distances = _distances(boxes[i], boxes[others])
        nearest = int(distances.argmin())
        joined[i] = np.isfinite(distances[nearest])
        if joined[i]:
            j = int(others[nearest])
            boxes[j] = _around(boxes[[i, j]])
            groups[j] += groups[i]
    return [group for group, gone in zip(groups, joined, strict=True) if not gone]


def _distances(stroke: Whole, others: Whole) -> Grey:
    """Return the distance from a stroke to each of others; infinite if they are no one digit."""
    first, last = np.maximum(stroke, others), np.minimum(stroke, others)
    down = first[:, 0] - last[:, 1]  # gaps; overlaps are negative
    across = first[:, 2] - last[:, 3]
    height = first[:, 1] - last[:, 0]  # of both together
    width = np.minimum(stroke[3] - stroke[2], others[:, 3] - others[:, 2])
    own, heights = stroke[1] - stroke[0], others[:, 1] - others[:, 0]
    short, tall = np.minimum(own, heights), np.maximum(own, heights)
    ordered = np.sort(heights)
    elsewhere = np.where(heights == ordered[-1], np.append(0, ordered)[-2], ordered[-1])
    alike = len(others) - np.searchsorted(ordered, SHORT * tall) - (heights >= SHORT * tall)
    alike = np.where(height > TALL * elsewhere, alike, 0)  # strokes that say: it is too tall
    one = (-across >= ABOVE * width) | ((across <= ASIDE * height) & (short <= BAR * height))
    apart = (short <= BAR * height) & (down <= GAP * height) & (alike == 0)
    broken = (short <= SHORT * height) & (down <= BREAK * height) & (alike < MANY)
    one &= apart | broken
    distances: Grey = np.where(one, np.hypot(np.maximum(down, 0), np.maximum(across, 0)), np.inf)
    return distances


def _of_size(groups: list[list[int]], boxes: Whole, areas: Whole) -> list[list[int]]:
    """Leave out what is too small or too large for a digit: the typical one has half of the ink."""
    ends = np.array([_around(boxes[group]) for group in groups])
    sizes = np.maximum(ends[:, 1] - ends[:, 0], ends[:, 3] - ends[:, 2])
    ink = np.cumsum([areas[groups[i]].sum() for i in np.argsort(sizes, kind="stable")])
    typical = np.sort(sizes)[np.searchsorted(ink, ink[-1] / 2)]
    return [
        group
        for group, size in zip(groups, sizes, strict=True)
        if SMALLEST * typical <= size <= LARGEST * typical
    ]


def _around(boxes: Whole) -> Whole:
    """Return the box around boxes of shape (n, 4)."""
    first, last = boxes.min(axis=0), boxes.max(axis=0)
    return np.array([first[0], last[1], first[2], last[3]])


def _touching(boxes: list[Box]) -> list[bool]:
    """Tell which boxes are as wide as two digits that touch."""
    widths = [box.width for box in boxes]
    wide = WIDER * float(np.median(widths)) if len(boxes) > 2 else math.inf
    return [box.width > (NARROW if box.width > wide else WIDE) * box.height for box in boxes]


def _cut(ink: Grey, labels: NDArray[Any], own: Whole, box: Box) -> Grey:
    """Cut out the ink of the strokes with some labels, and of their blurred edges."""
    import cv2

    reach = math.ceil(max(box.height, box.width) / BOX)  # a pixel of the prepared image
    rows = slice(max(box.top - reach, 0), box.bottom + reach)
    columns = slice(max(box.left - reach, 0), box.right + reach)
    part = labels[rows, columns]
    strokes = np.isin(part, own)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    near = (cv2.dilate(strokes.astype(np.uint8), kernel) > 0) & (strokes | (part == 0))
    return np.where(near, ink[rows, columns], 0.0)


def _rows(boxes: list[Box]) -> list[list[int]]:
    """Order boxes to rows: the indices of each row's, from the left, the rows from the top.

    Each box follows the nearest one on its left that it stands beside.
    """
    rows: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=lambda i: boxes[i].left + boxes[i].right):
        beside = [row for row in rows if _is_beside(boxes[row[-1]], boxes[i])]
        if beside:
            max(beside, key=lambda row: boxes[row[-1]].left + boxes[row[-1]].right).append(i)
        else:
            rows.append([i])
    middle = {id(row): np.mean([boxes[i].top + boxes[i].bottom for i in row]) for row in rows}
    return sorted(rows, key=lambda row: middle[id(row)])


def _is_beside(a: Box, b: Box) -> bool:
    """Return whether boxes are at about the same height."""
    overlap = min(a.bottom, b.bottom) - max(a.top, b.top)
    return overlap >= IN_ROW * min(a.height, b.height)
