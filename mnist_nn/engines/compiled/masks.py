"""Dropout once more, compiled: `nn.layers.dropout` has the mathematics and is the reference."""

import numpy as np
from numpy.typing import NDArray

from ...compiling import part
from ...nn.arrays import FloatArray
from ...nn.layers.dropout import LEVELS
from .elementwise import OPTIONS
from .layout import LIMIT, NOISE, UNITS, WIDTH, Int64Array
from .vectors import load_scalar, store_scalar


@part(**OPTIONS)
def mask_rows(
    plan: Int64Array,
    a: FloatArray,
    noise: NDArray[np.uint16],
    i: int,
    source: int,
    target: int,
    lo: int,
    hi: int,
) -> None:
    """Multiply rows of layer i by their masks, from one place in the arena to another or in place.

    Parameters
    ----------
    plan, a
        Of the network.
    noise
        One row for each row of the group.
    i
        The layer.
    source, target
        Where the group's rows begin.
    lo, hi
        Which rows.
    """
    limit, units, width = plan[LIMIT, i], plan[UNITS, i], plan[WIDTH, i]
    number = a.dtype.type
    kept = number(LEVELS / (LEVELS - limit))
    for row in range(lo, hi):
        numbers = noise[row, plan[NOISE, i] : plan[NOISE, i] + units]
        for k in range(row * width, row * width + units):
            factor = kept if numbers[k - row * width] >= limit else number(0)
            store_scalar(a, target + k, factor * load_scalar(a, source + k))
