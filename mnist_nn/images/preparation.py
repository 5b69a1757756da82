"""Preparation of an image of a digit as MNIST's were prepared."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .center import center
from .ink import find_ink

Grey = NDArray[np.float64]

LARGEST = 1e100  # brightness whose squares can still be summed


def prepare(pixels: NDArray[Any]) -> Grey:
    """Prepare one image: find its ink, crop, fit and centre it.

    `pixels` are as for `picture_ink`. In the result, of shape (28, 28), ink is 1 and paper 0, the
    digit fits into 20×20 and its centre of mass is in the middle, as LeCun, Cortes and Burges
    describe it on http://yann.lecun.com/exdb/mnist/. ValueError if it is not an image, has numbers
    that are not finite or beyond 1e100, or has no digit in it.
    """
    return center(picture_ink(pixels))


def picture_ink(pixels: NDArray[Any]) -> Grey:
    """Find the ink in pixels of any unit: 0 (none) to 1, of shape (h, w).

    `pixels` are brightness (h, w) or colours (h, w, 3), with dark ink on light or light on dark.
    ValueError as of `prepare`.
    """
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)) or not pixels.size:
        raise ValueError(
            f"an image has the shape (height, width) or (height, width, 3), got {pixels.shape}"
        )
    if not all(abs(float(value)) < LARGEST for value in (pixels.min(), pixels.max())):
        raise ValueError(f"it has pixels that are NaN, infinite or beyond {LARGEST:g}")
    return find_ink(pixels)
