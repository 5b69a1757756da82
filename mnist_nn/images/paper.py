"""Detection of a piece of paper in an image: cut out and pasted, with the digit on it.

Its sides are straight steps in brightness, parallel to the image's. A digit's strokes have such
steps too, but they form no rectangle with a digit inside.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float64]
Span = tuple[int, int]

STEP = 0.03  # of the image's range: least change of brightness that is a step
ROUGH = 4.0  # times the mean change: a step stands out from noise
CANDIDATES = 8  # rows, and columns, with the most steps that may be sides
CLOSED = 0.7  # of the pixels of the sides inside the image must be steps
SMALLEST_PAPER = 28  # pixels, each side
MARGIN = 2  # pixels along the sides, which may be blurred
EVEN = 0.1  # of the image's range: how much the paper along the sides may vary
UNTOUCHED = 0.93  # of the pixels along the sides must be so even
INK = 0.3  # of the image's range: least contrast of something on the paper
FULL = 0.98  # of the image's area: a rectangle so large is the image itself


def find_paper(image: Grey) -> tuple[Span, Span] | None:
    """Return the rows and columns, a little inside, of a piece of paper with something on it."""
    h, w = image.shape
    if min(h, w) < SMALLEST_PAPER:
        return None
    down, across = np.abs(np.diff(image, axis=0)), np.abs(np.diff(image, axis=1))
    least = STEP + ROUGH * float(down.mean() + across.mean()) / 2
    # [i, j]: steps between rows i - 1 and i (of columns before j); likewise between columns
    flat = _counted((down > least) & (least < _beyond(image)))
    upright = _counted(((across > least) & (least < _beyond(image.T).T)).T)
    found = []
    for top, bottom in _spans(flat):
        for left, right in _spans(upright):
            sides = [flat[i, right] - flat[i, left] for i in (top, bottom) if 0 < i < h]
            sides += [upright[j, bottom] - upright[j, top] for j in (left, right) if 0 < j < w]
            length = (right - left) * ((top > 0) + (bottom < h))
            length += (bottom - top) * ((left > 0) + (right < w))
            area = (bottom - top) * (right - left)
            if area < FULL * h * w and sum(sides) >= CLOSED * length:
                found.append((int(sum(sides)) / length, area, (top, bottom), (left, right)))
    for *_, (top, bottom), (left, right) in sorted(found, reverse=True):
        rows, columns = (top + MARGIN, bottom - MARGIN), (left + MARGIN, right - MARGIN)
        if _has_something(image[slice(*rows), slice(*columns)], least):
            return rows, columns
    return None


def _beyond(image: Grey) -> Grey:
    """Return the changes between rows that are some pixels apart; a thin line makes none."""
    h = len(image)
    before = np.maximum(np.arange(h - 1) - MARGIN, 0)
    after = np.minimum(np.arange(1, h) + MARGIN, h - 1)
    beyond: Grey = np.abs(image[after] - image[before])
    return beyond


def _counted(steps: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Count the steps of each line up to each position; the lines around the image have none."""
    counts = np.zeros((steps.shape[0] + 2, steps.shape[1] + 1), np.intp)
    counts[1:-1, 1:] = np.cumsum(steps, axis=1)
    return counts


def _spans(counts: NDArray[np.intp]) -> list[Span]:
    """Pair the lines with the most steps and the image's edges."""
    most = np.argsort(-counts[:, -1], kind="stable")[:CANDIDATES].tolist()
    lines = sorted({0, len(counts) - 1, *most})
    return [(a, b) for a, b in combinations(lines, 2) if b - a >= SMALLEST_PAPER]


def _has_something(inside: Grey, least: float) -> bool:
    """Return whether the sides are even, but for a touching digit, with steps farther in."""
    frame = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
    even = np.abs(frame - np.median(frame)) <= max(EVEN, least) / 2
    if even.mean() < UNTOUCHED or inside.max() - inside.min() < INK:
        return False
    return any(bool((np.abs(np.diff(inside, axis=axis)) > least).any()) for axis in (0, 1))
