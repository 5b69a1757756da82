"""Check that pixels are of the scale that a network was built for."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MnistNNWarning


def check_scale(x: NDArray[Any], input_scale: float) -> None:
    """Warn if inputs are pixels of another scale than a network with this `input_scale` reads.

    Such a network multiplies integers, pixels of 0 to 255, by its scale, and takes floats of 0 to 1
    as they are. On pixels of the wrong scale it silently ends at 10 or 24 % accuracy.
    """
    if input_scale == 1 or x.size == 0:
        return
    largest = x.max()
    if np.issubdtype(x.dtype, np.floating) and largest > 1:
        problem = f"floats up to {largest:g}, but floats are read as they are and should be 0 to 1"
        remedy = f"multiply them by {input_scale:.4g}, or give whole numbers"
    elif np.issubdtype(x.dtype, np.integer) and largest == 1:
        problem = f"whole numbers of 0 and 1, but these are multiplied by {input_scale:.4g}"
        remedy = "give pixels of 0 to 255, or floats of 0 to 1"
    else:
        return
    warnings.warn(f"the inputs are {problem}; {remedy}", MnistNNWarning, stacklevel=3)
