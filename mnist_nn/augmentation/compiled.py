"""Warping compiled by Numba; `warp` has the mathematics and is the reference."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compiling import cached_njit
from .warp import Floats, Warps

F = np.float32
RIGHT = np.uint64(1)  # unsigned: Numba need not look for negative places


def warp(images: NDArray[np.uint8], warps: Warps) -> NDArray[np.uint8]:
    """Warp images, compiled; see `warp.warp`."""
    images = np.ascontiguousarray(images)
    out = np.empty_like(images)
    _kernel(*warps.fields.shape[2:])(images, warps.matrices, warps.shifts, warps.fields, out)
    return out


@cache
def _kernel(height: int, width: int) -> Callable[..., Any]:
    """Return the function that warps images of one shape, which is a constant in it for speed."""
    padded = width + 4  # of a padded image's row: 1 blank pixel before it and 3 behind
    size = (height + 4) * padded
    below = np.uint64(padded)
    x_middle, y_middle, x_blank, y_blank = (width - 1) / 2, (height - 1) / 2, width, height

    def fill(
        images: NDArray[np.uint8],
        matrices: Floats,
        shifts: Floats,
        fields: Floats,
        out: NDArray[np.uint8],
    ) -> None:
        """Fill `out`, image by image and row by row."""
        old = np.zeros(size, F)
        right, down = np.empty(width, F), np.empty(width, F)
        corner = np.empty(width, np.int32)
        for n in range(len(images)):
            for row in range(height):
                for column in range(width):
                    old[(row + 1) * padded + column + 1] = images[n, row * width + column]
            a, b, c, d = matrices[n, 0, 0], matrices[n, 0, 1], matrices[n, 1, 0], matrices[n, 1, 1]
            for row in range(height):
                v = F(row) - F(y_middle)
                x_start = b * v + shifts[n, 0] + F(x_middle)
                y_start = d * v + shifts[n, 1] + F(y_middle)
                for column in range(width):
                    u = F(column) - F(x_middle)
                    x = min(max(a * u + x_start + fields[n, 0, row, column], F(-1)), F(x_blank))
                    y = min(max(c * u + y_start + fields[n, 1, row, column], F(-1)), F(y_blank))
                    left, top = np.floor(x), np.floor(y)
                    right[column], down[column] = x - left, y - top
                    corner[column] = np.int32(top * F(padded) + left) + padded + 1
                for column in range(width):
                    at = np.uint64(corner[column])
                    upper = old[at] + right[column] * (old[at + RIGHT] - old[at])
                    at += below
                    lower = old[at] + right[column] * (old[at + RIGHT] - old[at])
                    value = upper + down[column] * (lower - upper) + F(0.5)
                    out[n, row * width + column] = np.uint8(value)

    return cached_njit(nogil=True, fastmath={"contract"}, error_model="numpy")(fill)
