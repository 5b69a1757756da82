"""More digits than there are: every epoch shows each picture moved, turned and bent anew."""

from .settings import Augmentation
from .warp import Warps, draw_warps, warp
from .worker import Augmenter

__all__ = ["Augmentation", "Augmenter", "Warps", "draw_warps", "warp"]
