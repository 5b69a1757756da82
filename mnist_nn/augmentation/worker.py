"""Augmenter: distorts the images of an epoch as they are asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .settings import Augmentation
from .warp import SIDE, draw_warps, warp

BLOCK = 250  # images whose fields stay in a cache


class Augmenter:
    """Distorts images (n, 784), each call anew; two random streams are spawned from `rng`.

    If `compiled`, Numba, which must be installed then, does the work. The images are the same, but
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
        """Return distorted copies of images (n, 784), uint8."""
        out = np.empty_like(images)
        for start in range(0, len(images), BLOCK):
            part = images[start : start + BLOCK]
            warps = draw_warps(self.settings, len(part), self.affine, self.elastic)
            out[start : start + BLOCK] = self.warp(part, warps)
        return out
