"""Dropout once more, compiled: `nn.layers.dropout` has the mathematics and is the reference."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...nn.arrays import FloatArray
from ...nn.layers.dropout import LEVELS
from .elementwise import OPTIONS
from .layout import LIMIT, NOISE, ROWS, UNITS, WIDTH, Numbers
from .vectors import pick, put


@njit(**OPTIONS)
def mask_rows(
    plan: Numbers,
    noise: NDArray[np.uint16],
    source: FloatArray,
    target: FloatArray,
    i: int,
    lo: int,
    hi: int,
) -> None:
    """Multiply rows of layer i by their masks, from one workspace to another or in place.

    Parameters
    ----------
    plan
        Of the network.
    noise
        One row for each row of the workspaces.
    source, target
        The workspaces.
    i, lo, hi
        The layer and the rows.
    """
    limit, units, width = plan[LIMIT, i], plan[UNITS, i], plan[WIDTH, i]
    number = source.dtype.type
    kept = number(LEVELS / (LEVELS - limit))
    for row in range(lo, hi):
        at = plan[ROWS, i] + row * width
        numbers = noise[row, plan[NOISE, i] : plan[NOISE, i] + units]
        for k in range(units):
            factor = kept if numbers[k] >= limit else number(0)
            put(target, at + k, factor * pick(source, at + k))
