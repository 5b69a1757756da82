"""Check that pixels are of the scale that a network was built for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import warn

SEEN = 1000  # samples of those in a file that are looked at


def check_scale(x: NDArray[Any], input_scale: float) -> None:
    """Warn if inputs are pixels of another scale than a network with this `input_scale` reads.

    Such a network multiplies integers, pixels of 0 to 255, by its scale, and takes floats of 0 to 1
    as they are. On pixels of the wrong scale it silently ends at 10 or 24 % accuracy.
    """
    if input_scale == 1 or len(x) == 0:
        return
    if not isinstance(x, np.ndarray):  # samples that stay in a file
        x = x[:SEEN]
    low, high = x.min(), x.max()
    if np.issubdtype(x.dtype, np.floating):
        wrong = low < 0 or high > 1 or 0 < high <= input_scale
        rule = "floats are read as they are and should be 0 to 1"
    else:
        wrong = low < 0 or high == 1
        rule = f"whole numbers are multiplied by {input_scale:.4g} and should be 0 to 255"
    if wrong:
        warn(f"the inputs are of another scale, {low:g} to {high:g}: {rule}")
