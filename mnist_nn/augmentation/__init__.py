"""Augmentation: in every epoch each image is moved, turned and bent anew."""

from .draws import draw_numbers
from .settings import MAX_SIDE, Augmentation
from .warp import Warps, draw_warps, warp
from .worker import Augmenter

__all__ = ["MAX_SIDE", "Augmentation", "Augmenter", "Warps", "draw_numbers", "draw_warps", "warp"]
