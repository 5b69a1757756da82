"""Augmentation: in every epoch each image is moved, turned and bent anew."""

from .settings import Augmentation
from .warp import IMAGE_SHAPE, Warps, draw_warps, warp
from .worker import Augmenter

__all__ = ["IMAGE_SHAPE", "Augmentation", "Augmenter", "Warps", "draw_warps", "warp"]
