"""Strokes of real digits: the picture is thinned to lines of one pixel, and a pen follows them."""

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]  # clockwise
Stroke = list[tuple[float, float]]  # x, y from 0 to 1


def strokes_of(image: NDArray[np.uint8]) -> list[Stroke]:
    """Follow the lines of a digit of shape (28, 28), each as far as it goes."""
    left = {(int(row), int(column)) for row, column in np.argwhere(thinned(image > 100))}
    strokes = []
    while left:
        at = min(
            left, key=lambda p: (len(around(p, left)), p)
        )  # begin at an end, not in the middle
        pixels = [at]
        left.remove(at)
        while near := around(at, left):
            at = near[0]
            pixels.append(at)
            left.remove(at)
        strokes.append([((column + 0.5) / 28, (row + 0.5) / 28) for row, column in pixels])
    return strokes


def around(pixel: tuple[int, int], pixels: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Which neighbours of a pixel there are, those that share a side first."""
    steps = NEIGHBOURS[::2] + NEIGHBOURS[1::2]
    return [p for dy, dx in steps if (p := (pixel[0] + dy, pixel[1] + dx)) in pixels]


def thinned(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Peel a shape until lines are left (Zhang and Suen, 1984)."""
    ink = np.pad(ink, 1)
    while True:
        before = ink.sum()
        for turn in (0, 2):
            around = np.array([np.roll(ink, (-dy, -dx), (0, 1)) for dy, dx in NEIGHBOURS])
            count = around.sum(axis=0)
            crossings = (~around & np.roll(around, -1, axis=0)).sum(axis=0)
            north, east, south, west = np.roll(around[::2], turn, axis=0)
            edge = ~(north & east & south) & ~(east & south & west)
            ink = ink & ~((count >= 2) & (count <= 6) & (crossings == 1) & edge)
        if ink.sum() == before:
            return ink[1:-1, 1:-1]


def smooth(stroke: Stroke) -> Stroke:
    """Take the corners of the pixels out of a stroke; its ends stay."""
    points = np.array(stroke)
    for _ in range(2):
        points[1:-1] = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
    return [(float(x), float(y)) for x, y in points]
