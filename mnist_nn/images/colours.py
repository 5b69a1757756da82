"""Units and colours of pixels: scaled to 0 to 1, transparent ones laid on a ground, or mixed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

Floats = NDArray[np.float64]

WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in brightness (ITU-R BT.601)
FEW = 16  # levels: pixels that reach no more are of a unit of their own
DEEP = 65535  # white of 16 bits
DARK = 0.5  # brightness below which something is seen on white
FEWEST_DARK = 0.01  # of what is opaque; with fewer dark pixels it is light, and seen on black
RULE = "pixels are whole numbers of 0 to 255, or 0 to 65,535 of 16 bits, or floats of 0 to 1"


def find_range(
    pixels: NDArray[Any], dtype: np.dtype[Any], name: str, *, any_unit: bool
) -> tuple[float, float]:
    """Return the values of black and white, as the pixels, which were of a dtype, suggest.

    Floats of no usual unit span from black to white if `any_unit`, else they are a DataError, as
    are whole numbers beyond 0 to 65,535.
    """
    low, high = float(pixels.min()), float(pixels.max())
    if not np.isfinite([low, high]).all():
        raise DataError(f"{name} has pixels that are NaN or infinite; {RULE}")
    is_whole = dtype.kind in "biu"
    if low >= 0:
        if high <= 1:
            return 0.0, 1.0
        if high <= FEW and dtype != np.uint8:
            return 0.0, high
        if high <= 255:
            return 0.0, 255.0
        if high <= DEEP and is_whole:
            return 0.0, float(DEEP)
    if is_whole or not any_unit:
        raise DataError(f"{name} has pixels of {low:g} to {high:g}; {RULE}")
    return low, max(high, np.nextafter(low, np.inf))


def lay(pixels: Floats) -> Floats:
    """Lay colours (h, w, 4), multiplied by their opacity, the last of them, on white.

    They are laid on black if what is opaque is light, which could not be seen on white.
    """
    colours, opacity = pixels[..., :3], pixels[..., 3]
    dark = opacity[mix_colours(colours, 1.0) < DARK * opacity].sum()
    is_light = dark < FEWEST_DARK * opacity.sum()
    return colours if is_light else colours + (1 - opacity[..., None])


def mix_colours(pixels: NDArray[Any], white: float) -> Floats:
    """Mix colours (…, 3), or (…, 4), over white where they are transparent, to brightness."""
    grey = np.zeros(pixels.shape[:-1])
    for i, weight in enumerate(WEIGHTS):
        grey += pixels[..., i] * weight
    if pixels.shape[-1] == 4:
        grey -= white
        grey *= pixels[..., 3] / white
        grey += white
    return grey
