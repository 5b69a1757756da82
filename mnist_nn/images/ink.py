"""Finding of the ink in a picture: the paper is levelled, and what is no stroke is left out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..extras import install_command

BLANK = "it is blank: nothing in it stands out"


def find_ink(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """Return the strength of the ink in a picture: 0 (none) to 1, of shape (h, w).

    `pixels` are colours of 0 to 1, of shape (h, w, 3), or brightness in any unit, of shape (h, w).
    The ink may be dark on light or light on dark. ValueError if there is none.
    """
    try:
        from .levelling import level_ink
    except ImportError as error:
        raise ConfigError(f"finding ink needs OpenCV\n{install_command('images')}") from error
    low, high = float(pixels.min()), float(pixels.max())
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        raise ValueError(BLANK)
    if pixels.ndim == 2 or low < 0 or high > 1:
        pixels = (pixels.astype(np.float64) - low) / (high - low)
    ink = level_ink(pixels.astype(np.float32).reshape(*pixels.shape[:2], -1))
    if ink is None:
        raise ValueError(BLANK)
    return ink.astype(np.float64)
