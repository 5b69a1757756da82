"""Augmenter: distorts the images of an epoch as they are asked for."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .draws import Doubles, draw_numbers
from .leftovers import add_leftovers
from .photograph import add_noise, blur, grey_paper
from .settings import Augmentation
from .thickness import thicken
from .upstroke import add_upstrokes
from .warp import draw_warps, warp

Bytes = NDArray[np.uint8]

BLOCK = 250 * 784  # pixels of images that are distorted together: they stay in a cache


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
            affine, elastic = np.random.default_rng(0).spawn(2)
            numbers = draw_numbers(settings, 1, affine)
            self.warp(blank, draw_warps(settings, image_shape, numbers, elastic))  # compiles now

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return distorted copies of images (n, height · width), uint8."""
        out = np.empty_like(images)
        block = max(1, BLOCK // images.shape[1])
        for start in range(0, len(images), block):
            part = images[start : start + block]
            numbers = draw_numbers(self.settings, len(part), self.affine)
            warps = draw_warps(self.settings, self.image_shape, numbers, self.elastic)
            part = self.warp(self._write(part, numbers), warps)
            out[start : start + block] = self._photograph(part, numbers)
        return out

    def _write(self, images: Bytes, numbers: dict[str, Doubles]) -> Bytes:
        """Change how images are written."""
        settings = self.settings
        if settings.upstroke:
            drawn = (numbers["upstroke"] + 1) / 2
            images = add_upstrokes(images, self.image_shape, drawn, settings.upstroke)
        if settings.thickness:
            pixels = settings.thickness * numbers["thickness"][:, 0]
            images = thicken(images.reshape(-1, *self.image_shape), pixels)
        return images.reshape(len(images), -1)

    def _photograph(self, images: Bytes, numbers: dict[str, Doubles]) -> Bytes:
        """Change images as photographs are."""
        settings, n = self.settings, len(images)
        drawn = {name: (values + 1) / 2 for name, values in numbers.items()}  # from 0 to 1
        images = images.reshape(-1, *self.image_shape)
        if settings.blur:
            images = blur(images, settings.blur * drawn["blur"][:, 0], settings.blur)
        if settings.leftovers:
            images = add_leftovers(images, drawn["leftovers"], settings.leftovers)
        if settings.paper:
            images = grey_paper(images, settings.paper * drawn["paper"][:, 0])
        if settings.noise:
            deviation, start = drawn["noise"].T
            images = add_noise(images, settings.noise * deviation, start)
        return images.reshape(n, -1)
