"""Dropout masks in the compiled engine; `nn.layers.dropout` has the mathematics."""

import numpy as np
from numpy.typing import NDArray

from ...compiling import part
from ...nn.arrays import FloatArray
from ...nn.layers.dropout import LEVELS
from .elementwise import OPTIONS
from .layout import LayerLayout
from .vectors import load_scalar, store_scalar


@part(**OPTIONS)
def mask_rows(
    layer: LayerLayout,
    a: FloatArray,
    noise: NDArray[np.uint16],
    source: int,
    target: int,
    lo: int,
    hi: int,
) -> None:
    """Multiply rows lo to hi of a layer by their masks, from `source` in the arena to `target`.

    Source and target are where the group's rows begin, and may be the same; noise has a row for
    each row of the group.
    """
    limit, units, width = layer.dropout_limit, layer.units, layer.width
    number = a.dtype.type
    kept = number(LEVELS / (LEVELS - limit))
    for row in range(lo, hi):
        numbers = noise[row, layer.noise : layer.noise + units]
        for k in range(row * width, row * width + units):
            factor = kept if numbers[k - row * width] >= limit else number(0)
            store_scalar(a, target + k, factor * load_scalar(a, source + k))
