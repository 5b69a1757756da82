"""Preparation of an image of a digit as MNIST's were prepared."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .center import center
from .colours import mix_colours
from .downscale import downscale
from .ink import find_ink, ranged

Grey = NDArray[np.float64]

MAX_SIDE = 600  # pixels in which ink is found
LARGEST = 1e100  # brightness whose squares can still be summed


def prepare(pixels: NDArray[Any]) -> Grey:
    """Prepare one image: level, invert if need be, crop, fit and centre it.

    `pixels` are brightness (h, w) or colours (h, w, 3) in any unit, with dark ink on light or light
    on dark. In the result, of shape (28, 28), ink is 1 and paper 0, the digit fits into 20×20 and
    its centre of mass is in the middle, as LeCun, Cortes and Burges describe it on
    http://yann.lecun.com/exdb/mnist/. ValueError if it is not an image, has numbers that are not
    finite or beyond 1e100, or has no digit in it.
    """
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)) or not pixels.size:
        raise ValueError(
            f"an image has the shape (height, width) or (height, width, 3), got {pixels.shape}"
        )
    grey = mix_colours(pixels, 1.0) if pixels.ndim == 3 else pixels.astype(np.float64, order="C")
    if not (np.abs(grey) < LARGEST).all():
        raise ValueError(f"it has pixels that are NaN, infinite or beyond {LARGEST:g}")
    image = ranged(downscale(grey, MAX_SIDE))
    return center(find_ink(image))
