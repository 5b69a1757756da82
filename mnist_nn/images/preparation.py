"""Preparation of an image of a digit as MNIST's were prepared."""

import numpy as np
from numpy.typing import NDArray

from .center import center
from .downscale import downscale
from .ink import find_ink, ranged

Grey = NDArray[np.float64]

LARGEST = 1e100  # brightness whose squares can still be summed


def prepare(grey: Grey) -> Grey:
    """Prepare one image: level, invert if need be, crop, fit and centre it.

    `grey` has shape (h, w): brightness in any unit, with dark ink on light or light on dark. In the
    result, of shape (28, 28), ink is 1 and paper 0, the digit fits into 20×20 and its centre of
    mass is in the middle, as LeCun, Cortes and Burges describe it on
    http://yann.lecun.com/exdb/mnist/. ValueError if it is not an image, has numbers that are not
    finite or beyond 1e100, or has no digit in it.
    """
    if grey.ndim != 2 or not grey.size:
        raise ValueError(f"an image has the shape (height, width), got {grey.shape}")
    grey = grey.astype(np.float64, order="C")
    if not (np.abs(grey) < LARGEST).all():
        raise ValueError(f"it has pixels that are NaN, infinite or beyond {LARGEST:g}")
    image = ranged(downscale(grey, np.asarray))
    return center(find_ink(image))
