"""An augmenter distorts the pictures of an epoch as they are asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .settings import Augmentation
from .warp import SIDE, draw_warps, warp

BLOCK = 250  # pictures whose fields stay in a cache


class Augmenter:
    """Distorts pictures, each call anew.

    Parameters
    ----------
    settings
        How strongly.
    rng
        Two streams are spawned from it.
    compiled
        Whether Numba, which must be installed then, does the work. The pictures are the same, but
        for a rounding of one level in one of ten thousand pixels.
    """

    def __init__(
        self, settings: Augmentation, rng: np.random.Generator, *, compiled: bool = False
    ) -> None:
        self.settings = settings
        self.affine, self.elastic = rng.spawn(2)
        self.warp = warp
        if compiled:
            from .compiled import warp as compiled_warp

            self.warp = compiled_warp
            blank = np.zeros((1, SIDE * SIDE), np.uint8)  # compiles now, not in the first epoch
            self.warp(blank, draw_warps(settings, 1, *np.random.default_rng(0).spawn(2)))

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Distort pictures.

        Parameters
        ----------
        images
            Of shape (n, 784), uint8.

        Returns
        -------
        ndarray of shape (n, 784), uint8
            A new array.
        """
        out = np.empty_like(images)
        for start in range(0, len(images), BLOCK):
            part = images[start : start + BLOCK]
            warps = draw_warps(self.settings, len(part), self.affine, self.elastic)
            out[start : start + BLOCK] = self.warp(part, warps)
        return out
