"""Warping compiled by Numba; `warp` has the mathematics and is the reference."""

import numpy as np
from numpy.typing import NDArray

from ..compiling import cached_njit
from .warp import MIDDLE, SIDE, Floats, Warps

WIDTH = 32  # of a padded image: 1 blank pixel before it and 3 behind
F = np.float32
RIGHT, BELOW = np.uint64(1), np.uint64(WIDTH)  # unsigned: Numba need not look for negative places


def warp(images: NDArray[np.uint8], warps: Warps) -> NDArray[np.uint8]:
    """Warp images, compiled; see `warp.warp`."""
    images = np.ascontiguousarray(images)
    out = np.empty_like(images)
    _warp(images, *warps, out)
    return out


@cached_njit(nogil=True, fastmath={"contract"}, error_model="numpy")
def _warp(
    images: NDArray[np.uint8],
    matrices: Floats,
    shifts: Floats,
    fields: Floats,
    out: NDArray[np.uint8],
) -> None:
    """Fill `out`, image by image and row by row."""
    old = np.zeros(WIDTH * WIDTH, F)
    right, down = np.empty(SIDE, F), np.empty(SIDE, F)
    corner = np.empty(SIDE, np.int32)
    middle, blank = F(MIDDLE), F(SIDE)
    for n in range(len(images)):
        for row in range(SIDE):
            for column in range(SIDE):
                old[(row + 1) * WIDTH + column + 1] = images[n, row * SIDE + column]
        a, b, c, d = matrices[n, 0, 0], matrices[n, 0, 1], matrices[n, 1, 0], matrices[n, 1, 1]
        for row in range(SIDE):
            v = F(row) - middle
            x_start, y_start = b * v + shifts[n, 0] + middle, d * v + shifts[n, 1] + middle
            for column in range(SIDE):
                u = F(column) - middle
                x = min(max(a * u + x_start + fields[n, 0, row, column], F(-1)), blank)
                y = min(max(c * u + y_start + fields[n, 1, row, column], F(-1)), blank)
                left, top = np.floor(x), np.floor(y)
                right[column], down[column] = x - left, y - top
                corner[column] = np.int32(top * F(WIDTH) + left) + WIDTH + 1
            for column in range(SIDE):
                at = np.uint64(corner[column])
                upper = old[at] + right[column] * (old[at + RIGHT] - old[at])
                at += BELOW
                lower = old[at] + right[column] * (old[at + RIGHT] - old[at])
                value = upper + down[column] * (lower - upper) + F(0.5)
                out[n, row * SIDE + column] = np.uint8(value)
