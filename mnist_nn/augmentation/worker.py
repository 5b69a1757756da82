"""Augmenter: distorts the images of an epoch as they are asked for."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .settings import Augmentation
from .upstroke import add_upstrokes
from .warp import draw_warps, warp

BLOCK = 250 * 784  # pixels of the images whose fields stay in a cache


class Augmenter:
    """Distorts images, each call anew; two random streams are spawned from `rng`.

    `image_shape` is their height and width. If `compiled`, Numba, which must be installed then,
    does the work; the result is the same, but for a rounding of one level in one of ten thousand
    pixels.
    """

    def __init__(
        self,
        settings: Augmentation,
        rng: np.random.Generator,
        *,
        image_shape: tuple[int, int] = (28, 28),
        compiled: bool = False,
    ) -> None:
        self.settings, self.image_shape = settings, image_shape
        self.affine, self.elastic = rng.spawn(2)
        self.warp = warp
        if compiled:
            from .compiled import warp as compiled_warp

            self.warp = compiled_warp
            blank = np.zeros((1, math.prod(image_shape)), np.uint8)
            spare = np.random.default_rng(0).spawn(2)
            self.warp(blank, draw_warps(settings, 1, image_shape, *spare))  # compiles now

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return distorted copies of images (n, height · width), uint8."""
        out = np.empty_like(images)
        block = max(1, BLOCK // images.shape[1])
        for start in range(0, len(images), block):
            part = images[start : start + block]
            warps = draw_warps(
                self.settings, len(part), self.image_shape, self.affine, self.elastic
            )
            if self.settings.upstroke:
                part = add_upstrokes(part, self.image_shape, warps.strokes, self.settings.upstroke)
            out[start : start + block] = self.warp(part, warps)
        return out
