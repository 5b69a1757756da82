"""Random numbers that say how each image is distorted, by the setting that needs them."""

import numpy as np
from numpy.typing import NDArray

from .settings import Augmentation

Doubles = NDArray[np.float64]

ALWAYS = {"rotation": 1, "shear": 1, "scale": 1, "shift": 2}  # numbers of an image
UNLESS_0 = {  # a setting that is 0 draws none; new ones go to the end: seeds keep their images
    "flip": 1,
    "stretch": 1,
    "upstroke": 3,
    "thickness": 1,
    "blur": 1,
    "leftovers": 6,
    "paper": 1,
    "noise": 2,
}


def draw_numbers(settings: Augmentation, n: int, affine: np.random.Generator) -> dict[str, Doubles]:
    """Draw the uniform numbers, from -1 to 1, of n images: (n, k) for a setting that needs k.

    Those of an image follow each other in the stream `affine`, so that it does not matter in how
    many calls the numbers of a set are drawn.
    """
    counts = ALWAYS | {name: k for name, k in UNLESS_0.items() if getattr(settings, name)}
    ends = np.cumsum(list(counts.values()))
    numbers = affine.uniform(-1, 1, (n, ends[-1]))
    return dict(zip(counts, np.split(numbers, ends[:-1], axis=1), strict=True))
